/*
 * The file is read twice: once whole, to know that it is whole, and then in pieces. Where each
 * mapping's lines begin is kept, so the memory that a plan takes is that of its mappings' names.
 */
#include "edges/planfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "edges/planfile_internal.h"
#include "formats/json.h"

struct section {
    off_t begin;
    int64_t lines;
};

struct planfile {
    const char *name;
    FILE *in;
    char *line; /* PLANFILE_LINE_BYTES */
    size_t len; /* of it, with its line end */
    struct arena arena;
    struct arena scratch; /* of one line */
    struct planfile_head head;
    struct section *sections; /* of each mapping of the head */
    const struct planfile_mapping *reading;
    int64_t left; /* lines of it */
};

static bool refuse(const struct planfile *p, const char *why, struct err *e)
{
    err_set(e, ERR_CONFIG, "\"%s\" is no whole plan: %s", p->name, why);
    return err_hint(e, "nothing was sent; make the plan again with `qudra-sync plan --out FILE`");
}

/* One line into p->line. *end: there is none. A line that does not end was cut. */
static bool read_line(struct planfile *p, bool *end, struct err *e)
{
    *end = fgets(p->line, PLANFILE_LINE_BYTES, p->in) == NULL;
    p->len = *end ? 0 : strlen(p->line);
    if (ferror(p->in))
        return refuse(p, strerror(errno), e);
    return *end || (p->len > 0 && p->line[p->len - 1] == '\n') || refuse(p, "a line is cut", e);
}

static const struct json *parse_line(struct planfile *p, struct arena *a, struct err *e)
{
    struct err cause = ERR_INIT;
    const struct json *line = json_read(a, p->line, p->len - 1, &cause);
    if (line == NULL)
        refuse(p, "a line is no JSON", e);
    return line;
}

/* ---- the head -------------------------------------------------------------------------------- */

static bool read_accounts(struct planfile *p, const struct json *list)
{
    size_t n = list != NULL ? list->count : 0;
    p->head.accounts = arena_alloc(&p->arena, (n + 1) * sizeof *p->head.accounts);
    for (const struct json *v = n > 0 ? list->first : NULL; v != NULL; v = v->next) {
        struct planfile_account *a = &p->head.accounts[p->head.n_accounts++];
        a->name = json_string(json_get(v, "name"));
        a->environment = json_string(json_get(v, "environment"));
        if (a->name == NULL || a->environment == NULL)
            return false;
    }
    return n > 0;
}

static bool read_mappings(struct planfile *p, const struct json *list)
{
    size_t n = list != NULL ? list->count : 0;
    p->head.mappings = arena_alloc(&p->arena, (n + 1) * sizeof *p->head.mappings);
    p->sections = arena_alloc(&p->arena, (n + 1) * sizeof *p->sections);
    for (const struct json *v = n > 0 ? list->first : NULL; v != NULL; v = v->next) {
        struct planfile_mapping *m = &p->head.mappings[p->head.n_mappings++];
        m->name = json_string(json_get(v, "name"));
        m->fingerprint = json_string(json_get(v, "fingerprint"));
        if (m->name == NULL || m->fingerprint == NULL)
            return false;
    }
    return n > 0;
}

static bool read_head(struct planfile *p, struct err *e)
{
    bool end;
    if (!read_line(p, &end, e))
        return false;
    if (end)
        return refuse(p, "it is empty", e);
    const struct json *head = parse_line(p, &p->arena, e);
    int64_t version;
    if (head == NULL)
        return false;
    if (!json_int(json_get(head, "qudra_sync_plan"), &version))
        return refuse(p, "it does not begin as one", e);
    if (version != PLANFILE_VERSION)
        return refuse(p, "another version of qudra-sync made it", e);
    p->head.made_at = json_string(json_get(head, "made_at"));
    p->head.source = json_string(json_get(head, "source"));
    if (p->head.made_at == NULL || p->head.source == NULL ||
        !read_accounts(p, json_get(head, "accounts")) ||
        !read_mappings(p, json_get(head, "mappings")))
        return refuse(p, "something is missing from its head", e);
    return true;
}

/* ---- operations ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A hash, or null. */
static bool read_hash(const struct json *v, uint8_t out[PLANFILE_HASH], bool *present)
{
    *present = v != NULL && v->type == JSON_STRING;
    if (!*present)
        return v != NULL && v->type == JSON_NULL;
    if (v->len != (size_t)2 * PLANFILE_HASH)
        return false;
    for (size_t i = 0; i < PLANFILE_HASH; i++) {
        int high = hex_digit(v->text[2 * i]), low = hex_digit(v->text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_op(const struct json *v, enum op_kind *out)
{
    const char *name = json_string(v);
    for (int op = 0; name != NULL && op < OP_NONE; op++)
        if (strcmp(op_names[op], name) == 0) {
            *out = (enum op_kind)op;
            return true;
        }
    return false;
}

/* Stands only in the line of a create that has it. */
static bool read_from(const struct json *v, struct planfile_line *out)
{
    if (v == NULL)
        return true;
    out->from_mapping = json_string(json_get(v, "mapping"));
    out->from_key = json_string(json_get(v, "key"));
    return out->op == OP_CREATE && out->from_mapping != NULL && out->from_key != NULL;
}

static bool read_operation(const struct json *v, struct planfile_line *out)
{
    *out = (struct planfile_line){
        .mapping = json_string(json_get(v, "mapping")),
        .account = json_string(json_get(v, "account")),
        .key = json_string(json_get(v, "key")),
    };
    return out->mapping != NULL && out->account != NULL && out->key != NULL &&
           read_op(json_get(v, "operation"), &out->op) && read_from(json_get(v, "from"), out) &&
           read_hash(json_get(v, "hash"), out->hash, &out->has_hash) &&
           read_hash(json_get(v, "against"), out->against, &out->has_against) &&
           out->has_hash == (out->op == OP_UPDATE || out->op == OP_CREATE);
}

const struct planfile_mapping *planfile_mapping(const struct planfile *p, const char *name)
{
    for (size_t i = 0; i < p->head.n_mappings; i++)
        if (strcmp(p->head.mappings[i].name, name) == 0)
            return &p->head.mappings[i];
    return NULL;
}

/* The lines of a mapping stand together. */
static bool count_operation(struct planfile *p, const struct json *v, off_t at)
{
    struct planfile_line line;
    if (!read_operation(v, &line))
        return false;
    const struct planfile_mapping *m = planfile_mapping(p, line.mapping);
    if (m == NULL)
        return false;
    size_t i = (size_t)(m - p->head.mappings);
    if (m != p->reading && p->sections[i].lines > 0)
        return false;
    if (p->sections[i].lines++ == 0)
        p->sections[i].begin = at;
    p->head.mappings[i].op[line.op]++;
    p->reading = m;
    return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool read_figures(struct planfile *p, const struct json *list)
{
    if (list == NULL || list->count != p->head.n_mappings)
        return false;
    struct planfile_mapping *m = p->head.mappings;
    for (const struct json *v = list->first; v != NULL; v = v->next, m++)
        if (!json_int(json_get(v, "rows"), &m->rows) ||
            !json_int(json_get(v, "mirrored"), &m->mirrored))
            return false;
    return true;
}

static bool read_end(struct planfile *p, const struct json *v, const XXH3_state_t *digest,
                     int64_t operations)
{
    uint8_t said[PLANFILE_HASH], found[PLANFILE_HASH];
    bool present;
    int64_t n;
    XXH128_canonicalFromHash((XXH128_canonical_t *)found, XXH3_128bits_digest(digest));
    return read_hash(json_get(v, "digest"), said, &present) && present &&
           memcmp(said, found, sizeof said) == 0 && json_int(json_get(v, "operations"), &n) &&
           n == operations && read_figures(p, json_get(v, "mappings"));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool read_rest(struct planfile *p, XXH3_state_t *digest, struct err *e)
{
    for (int64_t operations = 0;; operations++) {
        off_t at = ftello(p->in);
        bool end;
        arena_clear(&p->scratch);
        if (!read_line(p, &end, e))
            return false;
        if (end)
            return refuse(p, "its end is missing", e);
        const struct json *v = parse_line(p, &p->scratch, e);
        if (v == NULL)
            return false;
        if (json_get(v, "digest") != NULL) {
            if (!read_end(p, v, digest, operations))
                return refuse(p, "it has been changed since it was made", e);
            return (read_line(p, &end, e) && end) || refuse(p, "it goes on behind its end", e);
        }
        if (!count_operation(p, v, at))
            return refuse(p, "a line is no operation of a plan", e);
        XXH3_128bits_update(digest, p->line, p->len);
    }
}

static bool read_whole(struct planfile *p, struct err *e)
{
    XXH3_state_t *digest = XXH3_createState();
    if (digest == NULL)
        BUG("no memory for a digest");
    XXH3_128bits_reset(digest);
    bool ok = read_head(p, e);
    if (ok)
        XXH3_128bits_update(digest, p->line, p->len);
    ok = ok && read_rest(p, digest, e);
    XXH3_freeState(digest);
    p->reading = NULL;
    return ok;
}

bool planfile_open(struct planfile **out, const char *file, struct err *e)
{
    FILE *in = fopen(file, "r");
    if (in == NULL)
        return err_set(e, ERR_USAGE, "cannot read \"%s\": %s", file, strerror(errno));
    struct planfile *p = mem_alloc(sizeof *p);
    *p = (struct planfile){.name = file, .in = in, .line = mem_alloc(PLANFILE_LINE_BYTES)};
    arena_init(&p->arena, 0);
    arena_init(&p->scratch, 0);
    if (!read_whole(p, e)) {
        planfile_free(p);
        return false;
    }
    *out = p;
    return true;
}

void planfile_free(struct planfile *p)
{
    if (p == NULL)
        return;
    fclose(p->in);
    arena_release(&p->arena);
    arena_release(&p->scratch);
    mem_free(p->line);
    mem_free(p);
}

const struct planfile_head *planfile_head(const struct planfile *p)
{
    return &p->head;
}

static bool begin_section(struct planfile *p, const char *mapping, struct err *e)
{
    const struct planfile_mapping *m = planfile_mapping(p, mapping);
    if (m == NULL || m == p->reading)
        return true;
    const struct section *s = &p->sections[m - p->head.mappings];
    p->reading = m;
    p->left = s->lines;
    if (p->left == 0 || fseeko(p->in, s->begin, SEEK_SET) == 0)
        return true;
    err_set(e, ERR_USAGE, "cannot read \"%s\" twice: %s", p->name, strerror(errno));
    return err_hint(e, "a plan is read from a file, not from a pipe");
}

bool planfile_next(struct planfile *p, const char *mapping, size_t max, struct arena *a,
                   struct planfile_line *lines, size_t *n, struct err *e)
{
    *n = 0;
    if (!begin_section(p, mapping, e))
        return false;
    for (; p->left > 0 && *n < max; p->left--) {
        bool end;
        if (!read_line(p, &end, e))
            return false;
        const struct json *v = end ? NULL : parse_line(p, a, e);
        if (v == NULL || !read_operation(v, &lines[*n]) || strcmp(lines[*n].mapping, mapping) != 0)
            return refuse(p, "it changes while it is being read", e);
        (*n)++;
    }
    return true;
}
