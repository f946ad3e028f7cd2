/*
 * The digest covers the lines as they stand, line ends included, so that a file that was cut,
 * edited or put together from two is noticed without understanding it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/version.h"
#include "edges/planfile_internal.h"
#include "formats/json.h"

struct planfile_writer {
    const char *file;
    const struct planfile_head *head;
    FILE *out;
    struct buf line;
    XXH3_state_t *digest;
    int64_t operations;
};

static void member_str(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_write_str(w, value);
}

static void member_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_write_int(w, value);
}

static void member_hash(struct json_writer *w, const char *key, const uint8_t *hash)
{
    char text[2 * PLANFILE_HASH + 1];
    for (size_t i = 0; hash != NULL && i < PLANFILE_HASH; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    member_str(w, key, hash != NULL ? text : NULL);
}

static struct json_writer begin_line(struct planfile_writer *p)
{
    struct json_writer w;
    buf_clear(&p->line);
    json_writer_init(&w, &p->line);
    json_open_object(&w);
    return w;
}

static void end_line(struct planfile_writer *p, struct json_writer *w)
{
    json_close_object(w);
    buf_addstr(&p->line, "\n");
    XXH3_128bits_update(p->digest, p->line.data, p->line.len);
    fwrite(p->line.data, 1, p->line.len, p->out);
}

static void write_head(struct planfile_writer *p)
{
    struct json_writer w = begin_line(p);
    member_int(&w, "qudra_sync_plan", PLANFILE_VERSION);
    member_str(&w, "program", QS_VERSION);
    member_str(&w, "made_at", p->head->made_at);
    member_str(&w, "source", p->head->source);
    json_key(&w, "accounts");
    json_open_array(&w);
    for (size_t i = 0; i < p->head->n_accounts; i++) {
        json_open_object(&w);
        member_str(&w, "name", p->head->accounts[i].name);
        member_str(&w, "environment", p->head->accounts[i].environment);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_key(&w, "mappings");
    json_open_array(&w);
    for (size_t i = 0; i < p->head->n_mappings; i++) {
        json_open_object(&w);
        member_str(&w, "name", p->head->mappings[i].name);
        member_str(&w, "fingerprint", p->head->mappings[i].fingerprint);
        json_close_object(&w);
    }
    json_close_array(&w);
    end_line(p, &w);
}

bool planfile_create(struct planfile_writer **out, const char *file,
                     const struct planfile_head *head, struct err *e)
{
    FILE *f = fopen(file, "w");
    if (f == NULL)
        return err_set(e, ERR_USAGE, "cannot write \"%s\": %s", file, strerror(errno));
    struct planfile_writer *p = mem_alloc(sizeof *p);
    *p = (struct planfile_writer){.file = file,
                                  .head = head,
                                  .out = f,
                                  .line = BUF_INIT(PLANFILE_LINE_BYTES),
                                  .digest = XXH3_createState()};
    if (p->digest == NULL)
        BUG("no memory for a digest");
    XXH3_128bits_reset(p->digest);
    write_head(p);
    *out = p;
    return true;
}

void planfile_put(struct planfile_writer *p, const struct planfile_line *line)
{
    struct json_writer w = begin_line(p);
    member_str(&w, "mapping", line->mapping);
    member_str(&w, "account", line->account);
    member_str(&w, "key", line->key);
    member_str(&w, "operation", op_names[line->op]);
    if (line->from_key != NULL) {
        json_key(&w, "from");
        json_open_object(&w);
        member_str(&w, "mapping", line->from_mapping);
        member_str(&w, "key", line->from_key);
        json_close_object(&w);
    }
    member_hash(&w, "hash", line->has_hash ? line->hash : NULL);
    member_hash(&w, "against", line->has_against ? line->against : NULL);
    end_line(p, &w);
    p->operations++;
}

static void write_end(struct planfile_writer *p)
{
    uint8_t digest[PLANFILE_HASH];
    XXH128_canonicalFromHash((XXH128_canonical_t *)digest, XXH3_128bits_digest(p->digest));
    struct json_writer w = begin_line(p);
    member_int(&w, "operations", p->operations);
    json_key(&w, "mappings");
    json_open_array(&w);
    for (size_t i = 0; i < p->head->n_mappings; i++) {
        json_open_object(&w);
        member_int(&w, "rows", p->head->mappings[i].rows);
        member_int(&w, "mirrored", p->head->mappings[i].mirrored);
        json_close_object(&w);
    }
    json_close_array(&w);
    member_hash(&w, "digest", digest);
    end_line(p, &w);
}

bool planfile_finish(struct planfile_writer *p, struct err *e)
{
    write_end(p);
    bool torn = ferror(p->out) != 0;
    torn = fclose(p->out) != 0 || torn;
    p->out = NULL;
    return !torn ||
           err_set(e, ERR_USAGE, "cannot write \"%s\" whole: %s", p->file, strerror(errno));
}

void planfile_writer_free(struct planfile_writer *p)
{
    if (p == NULL)
        return;
    if (p->out != NULL)
        fclose(p->out);
    XXH3_freeState(p->digest);
    buf_release(&p->line);
    mem_free(p);
}
