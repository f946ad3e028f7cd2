/*
 * libyaml's events become nodes by recursive descent, at most YAML_MAX_DEPTH deep. An alias is a
 * second head on the same children, so unfolding costs no memory; but whoever walks the tree would
 * still walk all of it, so an alias is counted with everything below it and the sum is limited. An
 * anchor is known only when its node is complete: a node can so never contain itself.
 *
 * What is wrong in a node is told and reading goes on; only what libyaml cannot parse, or a limit,
 * ends it (`failed`).
 */
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"
#include "formats/yaml_origin.h"

enum {
    YAML_MAX_DEPTH = 64,
    YAML_MAX_NODES = 50 * 1000,
};

struct anchor {
    const char *name;
    const struct yaml_node *node;
    size_t weight; /* nodes in it, aliases unfolded */
    struct anchor *next;
};

struct reader {
    yaml_parser_t parser;
    struct yaml_doc *doc;
    yaml_lookup lookup;
    struct problems *problems;
    struct anchor *anchors; /* newest first: a name may be given again */
    size_t nodes;
    bool failed;
    /* libyaml counts characters, the file is bytes: the last pair that was found. */
    size_t cursor_bytes, cursor_characters;
};

static struct arena *arena_of(const struct reader *r)
{
    return r->problems->arena;
}

static void fail_at(struct reader *r, const struct yaml_node *at, const char *hint,
                    const char *what)
{
    yaml_problem(r->problems, at, hint, "%s", what);
    r->failed = true;
}

/* ---- places -----------------------------------------------------------------------------------
 */

static bool is_inside(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Events come in the order of the file, more or less: the cursor only goes a few steps each time.
 */
static size_t byte_of(struct reader *r, size_t characters)
{
    const char *s = r->doc->source;

    while (r->cursor_characters < characters && r->cursor_bytes < r->doc->len) {
        do
            r->cursor_bytes++;
        while (r->cursor_bytes < r->doc->len && is_inside(s[r->cursor_bytes]));
        r->cursor_characters++;
    }
    while (r->cursor_characters > characters) {
        do
            r->cursor_bytes--;
        while (r->cursor_bytes > 0 && is_inside(s[r->cursor_bytes]));
        r->cursor_characters--;
    }
    return r->cursor_bytes;
}

/* Characters from a byte to the end of its line, without trailing blanks. */
static int rest_of_line(const struct reader *r, size_t at)
{
    int width = 0, all = 0;

    while (at < r->doc->len && !yaml_break(r->doc->source + at, r->doc->len - at)) {
        size_t n = utf8_next(r->doc->source + at, r->doc->len - at, NULL);

        all++;
        if (r->doc->source[at] != ' ' && r->doc->source[at] != '\t')
            width = all;
        at += n;
    }
    return width;
}

static struct yaml_node *new_node(struct reader *r, enum yaml_kind kind, const yaml_event_t *ev)
{
    const yaml_mark_t *start = &ev->start_mark, *end = &ev->end_mark;
    struct yaml_node *n = arena_alloc(arena_of(r), sizeof(*n));

    n->kind = kind;
    n->doc = r->doc;
    n->text = "";
    n->line = (int)start->line + 1;
    n->column = (int)start->column + 1;
    if (start->line == end->line && end->column > start->column)
        n->width = (int)(end->column - start->column);
    else
        n->width = rest_of_line(r, byte_of(r, start->index));
    if (n->width < 1)
        n->width = 1;
    return n;
}

/* ---- what libyaml says ------------------------------------------------------------------------
 */

/* libyaml speaks to those who know its grammar; these are the mistakes people really make. */
static const struct {
    const char *problem, *message, *hint;
} explained[] = {
    {"mapping values are not allowed in this context", "a \":\" stands where no key can be",
     "put a value that holds \": \" into quotes, and look at the indentation"},
    {"could not find expected ':'", "a key without its \":\"",
     "write key: value, with a blank after the \":\""},
    {"did not find expected key", "a key was expected here",
     "look at the indentation, and close what was opened above"},
    {"did not find expected '-' indicator", "a \"-\" was expected here",
     "indent all items of a list alike"},
    {"found unexpected end of stream", "the file ends inside a quoted value",
     "close the quotation mark"},
    {"found unknown escape character", "unknown escape after \"\\\" in double quotes",
     "use single quotes, where \"\\\" is an ordinary character"},
    {"found character that cannot start any token", "a value cannot begin with this character",
     "put the value into quotes"},
};

static void explain(const struct reader *r, const char *at, const char **message, const char **hint)
{
    size_t left = (size_t)(r->doc->source + r->doc->len - at);

    *message = r->parser.problem ? r->parser.problem : "unreadable";
    *hint = NULL;
    if (left && *at == '\t') {
        *message = "a tab is used for indentation";
        *hint = "indent with blanks";
        return;
    }
    if (at > r->doc->source && left && at[-1] == '$' && *at == '{') {
        *message = "\"${\" inside { } or [ ] must be quoted";
        *hint = "write \"${NAME}\" in double quotes";
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(explained); i++) {
        if (!strcmp(*message, explained[i].problem)) {
            *message = explained[i].message;
            *hint = explained[i].hint;
            return;
        }
    }
}

static void report_parser(struct reader *r)
{
    const yaml_parser_t *parser = &r->parser;
    struct yaml_node at = {.doc = r->doc, .width = 1};
    const char *message, *hint;
    size_t byte;

    if (parser->error == YAML_MEMORY_ERROR)
        BUG("libyaml is out of memory");
    if (parser->error == YAML_READER_ERROR)
        byte = parser->problem_offset;
    else if (parser->problem && !strcmp(parser->problem, "found unexpected end of stream"))
        byte = byte_of(r, parser->context_mark.index);
    else
        byte = byte_of(r, parser->problem_mark.index);
    yaml_place_byte(r->doc, byte, &at.line, &at.column);
    explain(r, r->doc->source + byte, &message, &hint);
    fail_at(r, &at, hint, message);
}

static bool next_event(struct reader *r, yaml_event_t *ev)
{
    if (r->failed)
        return false;
    if (yaml_parser_parse(&r->parser, ev))
        return true;
    report_parser(r);
    return false;
}

/* ---- scalars ----------------------------------------------------------------------------------
 */

/* The byte of the scalar itself: an anchor before it belongs to the event but not to the text. */
static size_t scalar_byte(struct reader *r, const yaml_event_t *ev)
{
    const char *s = r->doc->source;
    size_t at = byte_of(r, ev->start_mark.index);
    size_t end = byte_of(r, ev->end_mark.index);

    if (!ev->data.scalar.anchor)
        return at;
    while (at < end && s[at] != ' ' && s[at] != '\t' && !yaml_break(s + at, end - at))
        at++;
    while (at < end) {
        size_t n = yaml_break(s + at, end - at);

        if (s[at] == '#')
            while (at < end && !yaml_break(s + at, end - at))
                at++;
        else if (n || s[at] == ' ' || s[at] == '\t')
            at += n ? n : 1;
        else
            break;
    }
    return at;
}

static size_t next_line(const struct reader *r, size_t at)
{
    while (at < r->doc->len && !yaml_break(r->doc->source + at, r->doc->len - at))
        at++;
    return at + yaml_break(r->doc->source + at, r->doc->len - at);
}

static struct yaml_node *scalar(struct reader *r, const yaml_event_t *ev, bool is_key)
{
    const yaml_scalar_style_t style = ev->data.scalar.style;
    struct yaml_node *n = new_node(r, YAML_SCALAR, ev);
    struct yaml_origin *o = arena_alloc(arena_of(r), sizeof(*o));
    const char *value = (const char *)ev->data.scalar.value;

    n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    n->quoted =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    n->origin = o;
    o->raw = arena_strndup(arena_of(r), value, ev->data.scalar.length);
    o->start = scalar_byte(r, ev);
    if (ev->data.scalar.anchor) {
        yaml_place_byte(r->doc, o->start, &n->line, &n->column);
        n->width = rest_of_line(r, o->start);
    }
    if (n->quoted)
        o->quote = r->doc->source[o->start++];
    else if (n->block)
        o->start = next_line(r, o->start);
    if (strlen(o->raw) < ev->data.scalar.length)
        fail_at(r, n, "take the \"\\0\" out", "the value holds a NUL character");
    n->text = o->raw;
    if (!is_key && !n->block && o->quote != '\'')
        n->text = yaml_expand(n, o, r->lookup, r->problems);
    return n;
}

/* ---- aliases ----------------------------------------------------------------------------------
 */

static void remember(struct reader *r, const yaml_char_t *name, const struct yaml_node *n,
                     size_t weight)
{
    struct anchor *a;

    if (!name)
        return;
    a = arena_alloc(arena_of(r), sizeof(*a));
    a->name = arena_strdup(arena_of(r), (const char *)name);
    a->node = n;
    a->weight = weight;
    a->next = r->anchors;
    r->anchors = a;
}

/* Counts what a walk over the tree would meet. */
static bool count_nodes(struct reader *r, size_t n, const struct yaml_node *at)
{
    r->nodes += n;
    if (r->nodes <= YAML_MAX_NODES)
        return true;
    fail_at(r, at, "use fewer aliases, or several files", "the file holds too many values");
    return false;
}

static struct yaml_node *alias(struct reader *r, const yaml_event_t *ev)
{
    const char *name = (const char *)ev->data.alias.anchor;
    const struct anchor *a = r->anchors;
    struct yaml_node *n = new_node(r, YAML_SCALAR, ev);

    while (a && strcmp(a->name, name) != 0)
        a = a->next;
    if (!a) {
        fail_at(r, n, "an anchor stands before its first alias, and not around it",
                arena_printf(arena_of(r), "unknown anchor \"%s\"", name));
        return NULL;
    }
    if (!count_nodes(r, a->weight, n))
        return NULL;
    *n = *a->node;
    n->next = NULL;
    n->key = NULL;
    return n;
}

/* ---- lists and maps ---------------------------------------------------------------------------
 */

static struct yaml_node *read_node(struct reader *r, yaml_event_t *ev, int depth, bool is_key);

static void append(struct yaml_node *parent, struct yaml_node ***end, struct yaml_node *child)
{
    **end = child;
    *end = &child->next;
    parent->count++;
}

static void read_items(struct reader *r, struct yaml_node *list, int depth)
{
    struct yaml_node **end = &list->first;
    yaml_event_t ev;

    while (next_event(r, &ev)) {
        struct yaml_node *item;

        if (ev.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&ev);
            return;
        }
        item = read_node(r, &ev, depth + 1, false);
        if (item)
            append(list, &end, item);
    }
}

/* False, with a problem, when the pair is not to be kept. */
static bool key_is_good(struct reader *r, const struct yaml_node *map, const struct yaml_node *key)
{
    const struct yaml_node *twin;

    if (key->kind != YAML_SCALAR) {
        yaml_problem(r->problems, key, NULL, "a key must be plain text");
        return false;
    }
    if (!strcmp(key->text, "<<") && !key->quoted) {
        yaml_problem(r->problems, key, "write the keys out", "merge keys are not understood");
        return false;
    }
    twin = yaml_get(map, key->text);
    if (!twin)
        return true;
    yaml_problem(r->problems, key,
                 arena_printf(arena_of(r), "it stands first on line %d", twin->key->line),
                 "key \"%s\" is given twice", key->text);
    return false;
}

static void read_pairs(struct reader *r, struct yaml_node *map, int depth)
{
    struct yaml_node **end = &map->first;
    yaml_event_t ev;

    while (next_event(r, &ev)) {
        struct yaml_node *key, *value;
        bool good;

        if (ev.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&ev);
            return;
        }
        key = read_node(r, &ev, depth + 1, true);
        good = key && key_is_good(r, map, key);
        if (!next_event(r, &ev))
            return;
        value = read_node(r, &ev, depth + 1, false);
        if (good && value) {
            value->key = key;
            append(map, &end, value);
        }
    }
}

static struct yaml_node *container(struct reader *r, const yaml_event_t *ev, int depth)
{
    bool is_map = ev->type == YAML_MAPPING_START_EVENT;
    struct yaml_node *n = new_node(r, is_map ? YAML_MAP : YAML_LIST, ev);

    if (depth >= YAML_MAX_DEPTH) {
        fail_at(r, n, NULL, "nested too deeply");
        return NULL;
    }
    if (is_map)
        read_pairs(r, n, depth);
    else
        read_items(r, n, depth);
    return n;
}

static const yaml_char_t *tag_of(const yaml_event_t *ev)
{
    if (ev->type == YAML_SCALAR_EVENT)
        return ev->data.scalar.tag;
    return ev->type == YAML_MAPPING_START_EVENT ? ev->data.mapping_start.tag
                                                : ev->data.sequence_start.tag;
}

static const yaml_char_t *anchor_of(const yaml_event_t *ev)
{
    if (ev->type == YAML_SCALAR_EVENT)
        return ev->data.scalar.anchor;
    return ev->type == YAML_MAPPING_START_EVENT ? ev->data.mapping_start.anchor
                                                : ev->data.sequence_start.anchor;
}

/* Takes the event over. NULL only when the reading has failed. */
static struct yaml_node *read_node(struct reader *r, yaml_event_t *ev, int depth, bool is_key)
{
    size_t before = r->nodes;
    struct yaml_node *n;

    if (ev->type == YAML_ALIAS_EVENT) {
        n = alias(r, ev);
    } else {
        n = ev->type == YAML_SCALAR_EVENT ? scalar(r, ev, is_key) : container(r, ev, depth);
        if (!r->failed && tag_of(ev))
            yaml_problem(r->problems, n, "take the tag out", "tags are not understood");
        if (!r->failed && count_nodes(r, 1, n))
            remember(r, anchor_of(ev), n, r->nodes - before);
    }
    yaml_event_delete(ev);
    return r->failed ? NULL : n;
}

/* ---- the document -----------------------------------------------------------------------------
 */

static void read_documents(struct reader *r)
{
    const struct yaml_node *root = NULL;
    yaml_event_t ev;
    bool ended = false;

    while (!ended && next_event(r, &ev)) {
        ended = ev.type == YAML_STREAM_END_EVENT;
        if (ev.type == YAML_DOCUMENT_START_EVENT && root) {
            fail_at(r, new_node(r, YAML_SCALAR, &ev), "put it into a file of its own",
                    "a second document begins here");
        } else if (ev.type == YAML_SCALAR_EVENT || ev.type == YAML_ALIAS_EVENT ||
                   ev.type == YAML_SEQUENCE_START_EVENT || ev.type == YAML_MAPPING_START_EVENT) {
            root = read_node(r, &ev, 0, false);
            continue;
        }
        yaml_event_delete(&ev);
    }
    r->doc->root = r->failed ? NULL : root;
}

/* libyaml would stop at broken bytes too, but could not say on which line. */
static bool check_bytes(struct yaml_doc *doc, struct problems *p)
{
    size_t valid = utf8_valid(doc->source, doc->len);
    struct yaml_node at = {.doc = doc, .width = 1};

    if (doc->len > YAML_MAX_BYTES) {
        problems_add(
            p, &(struct problem){.file = doc->file, .message = "the file is larger than 4 MiB"});
        return false;
    }
    if (valid == doc->len)
        return true;
    yaml_place_byte(doc, valid, &at.line, &at.column);
    yaml_problem(p, &at, "save the file as UTF-8", "the file is not UTF-8");
    return false;
}

struct yaml_doc *yaml_read(const char *file, const char *text, size_t len, yaml_lookup lookup,
                           struct problems *problems)
{
    struct yaml_doc *doc = arena_alloc(problems->arena, sizeof(*doc));
    struct reader r = {.doc = doc, .lookup = lookup, .problems = problems};

    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        len -= 3;
    }
    doc->file = arena_strdup(problems->arena, file);
    doc->source = arena_strndup(problems->arena, text, len);
    doc->len = len;
    if (!check_bytes(doc, problems))
        return doc;
    if (!yaml_parser_initialize(&r.parser))
        BUG("libyaml is out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)doc->source, len);
    read_documents(&r);
    yaml_parser_delete(&r.parser);
    return doc;
}
