/*
 * generated: holds the files that are made from the program's own tables to what it would make now.
 *
 *     generated [--update]
 *
 * Run from the top of the tree. The schemas are written whole; of docs/mappings.md what stands
 * between the two marks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/config.h"
#include "rules/mapping.h"

#define MAX_FILE ((size_t)4 << 20)
#define BEGIN    "<!-- generated: `make generated` writes what follows -->\n"
#define END      "<!-- end of what is generated -->\n"

static void read_file(const char *file, struct buf *out)
{
    FILE *f = fopen(file, "r");
    char block[8192];
    size_t n;
    while (f && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(out, block, n);
    if (f)
        fclose(f);
}

static void write_file(const char *file, const struct buf *text)
{
    FILE *f = fopen(file, "w");
    if (!f || fwrite(text->data, 1, text->len, f) != text->len || fclose(f) != 0) {
        perror(file);
        exit(EXIT_FAILURE);
    }
}

static void new_line(struct buf *out, int depth)
{
    buf_addch(out, '\n');
    for (int i = 0; i < depth; i++)
        buf_addstr(out, "  ");
}

/* Canonical JSON, a line for each member: so that a difference can be read. */
static void indent(const struct buf *json, struct buf *out)
{
    bool text = false;
    int depth = 0;
    for (const char *c = buf_str(json); *c; c++) {
        if (text && *c == '\\') {
            buf_add(out, c++, 2);
            continue;
        }
        text ^= *c == '"';
        if (!text && (*c == '}' || *c == ']'))
            new_line(out, --depth);
        buf_addch(out, *c);
        if (!text && (*c == '{' || *c == '['))
            new_line(out, ++depth);
        else if (!text && *c == ',')
            new_line(out, depth);
        else if (!text && *c == ':')
            buf_addch(out, ' ');
    }
}

/* The kept text with what is between the marks replaced. */
static void splice(const struct buf *kept, const struct buf *reference, struct buf *out)
{
    const char *begin = strstr(buf_str(kept), BEGIN);
    const char *end = begin ? strstr(begin, END) : NULL;
    if (!end) {
        fprintf(stderr, "docs/mappings.md has lost its marks\n");
        exit(EXIT_FAILURE);
    }
    buf_add(out, kept->data, (size_t)(begin - kept->data) + strlen(BEGIN));
    buf_addch(out, '\n');
    buf_add(out, reference->data, reference->len);
    buf_addch(out, '\n');
    buf_addstr(out, end);
}

/* True when the file is as it should be, or now is. */
static bool hold(const char *file, const struct buf *kept, const struct buf *now, bool update)
{
    if (strcmp(buf_str(kept), buf_str(now)) == 0)
        return true;
    if (update) {
        write_file(file, now);
        return true;
    }
    fprintf(stderr, "%s is not what the program makes: run `make generated`\n", file);
    return false;
}

static bool hold_schema(const char *file, void (*write)(struct buf *out), bool update)
{
    struct buf kept = BUF_INIT(MAX_FILE), json = BUF_INIT(MAX_FILE), now = BUF_INIT(MAX_FILE);
    read_file(file, &kept);
    write(&json);
    indent(&json, &now);
    bool ok = hold(file, &kept, &now, update);
    buf_release(&kept);
    buf_release(&json);
    buf_release(&now);
    return ok;
}

static bool hold_reference(const char *file, bool update)
{
    struct buf kept = BUF_INIT(MAX_FILE), text = BUF_INIT(MAX_FILE), now = BUF_INIT(MAX_FILE);
    read_file(file, &kept);
    mapping_write_reference(&text);
    splice(&kept, &text, &now);
    bool ok = hold(file, &kept, &now, update);
    buf_release(&kept);
    buf_release(&text);
    buf_release(&now);
    return ok;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    bool ok = hold_schema("mappings/mapping.schema.json", mapping_write_schema, update);
    ok &= hold_schema("docs/agent.schema.json", config_write_schema, update);
    ok &= hold_reference("docs/mappings.md", update);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
