/*
 * reference: writes what is made from the program's tables, or tells what of it is out of date.
 *
 *     reference [--update]           (at the top of the tree)
 *
 * docs/reference.md, the man page and the completions are kept in the tree, so that they can be
 * read and installed without being built; a test runs this program and fails when they differ from
 * the tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "docs/completion.h"
#include "docs/manual.h"
#include "edges/metrics.h"
#include "rules/config.h"

#define MAX_FILE ((size_t)1 << 20)

/* ---- docs/reference.md
 * --------------------------------------------------------------------------- */

/* '|' would end a cell of the table. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void write_options(struct buf *out, const struct command_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    buf_addstr(out, "\n| option | meaning |\n|---|---|\n");
    for (; options->name != NULL; options++) {
        buf_printf(out, "| `%s%s%s` | ", options->name, options->value != NULL ? " " : "",
                   options->value != NULL ? options->value : "");
        add_cell(out, options->help);
        buf_addstr(out, " |\n");
    }
}

static void write_command(struct buf *out, const struct command *c)
{
    buf_printf(out, "\n### `%s%s%s`\n\n%s.\n", c->name, c->arguments[0] != '\0' ? " " : "",
               c->arguments, c->summary);
    if (c->details != NULL && c->details[0] != '\0')
        buf_printf(out, "\n```text\n%s\n```\n", c->details);
    write_options(out, c->options);
}

static void write_commands(struct buf *out)
{
    buf_addstr(out,
               "## Commands\n\n`qudra-sync [-c FILE] COMMAND [OPTIONS] [ARGUMENTS]`. Results go to "
               "stdout, talk goes to stderr.\n\nOptions of every command:\n");
    write_options(out, command_common_options);
    for (size_t i = 0; commands[i] != NULL; i++)
        write_command(out, commands[i]);
}

static void write_exits(struct buf *out)
{
    buf_addstr(out, "\n## Exit statuses\n\n| status | meaning |\n|---|---|\n");
    for (const struct command_exit *x = command_exits; x->meaning != NULL; x++)
        buf_printf(out, "| %d | %s |\n", x->status, x->meaning);
}

static void write_reference(struct buf *out)
{
    buf_addstr(out,
               "<!-- Made by `make docs` from the program's tables: change those, not this. -->\n"
               "# Reference\n\nCommands, exit statuses, options of `agent.yaml` and metrics. The "
               "language of mappings is in\n[mappings.md](mappings.md), the tables of the schema "
               "`qudra_sync` in [tables.md](tables.md), the\nshapes of `--json` in "
               "[json.md](json.md).\n\n");
    write_commands(out);
    write_exits(out);
    buf_addstr(out,
               "\n## Options of agent.yaml\n\n`${NAME}` and `${NAME:-default}` are taken from the "
               "environment. Durations need a unit: `250ms`, `30s`, `2m`, `6h`, `1d`. Relative "
               "paths\nbegin at the file that names them.\n\n");
    config_write_reference(out);
    buf_addstr(out,
               "\n## Metrics\n\nAt `metrics.listen`: `/metrics` for Prometheus, `/healthz` (the "
               "process turns),\n`/readyz` (it can do its work).\n\n");
    metrics_write_reference(out);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static const struct made {
    const char *file;
    void (*write)(struct buf *out);
} files[] = {
    {"docs/reference.md", write_reference},
    {"docs/qudra-sync.1", manual_write},
    {"packaging/completion/qudra-sync.bash", completion_write_bash},
    {"packaging/completion/_qudra-sync", completion_write_zsh},
};

static bool is_current(const char *file, const struct buf *wanted)
{
    char *have = mem_alloc(MAX_FILE);
    FILE *f = fopen(file, "r");
    size_t n = f != NULL ? fread(have, 1, MAX_FILE, f) : 0;
    if (f != NULL)
        fclose(f);
    bool same = f != NULL && n == wanted->len && memcmp(have, wanted->data, n) == 0;
    mem_free(have);
    return same;
}

static bool save(const char *file, const struct buf *text)
{
    FILE *f = fopen(file, "w");
    bool ok = f != NULL && fwrite(text->data, 1, text->len, f) == text->len;
    if (f == NULL || fclose(f) != 0 || !ok)
        perror(file);
    return ok;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buf text = BUF_INIT(MAX_FILE);
        files[i].write(&text);
        if (text.overflowed)
            BUG("%s is longer than %zu bytes", files[i].file, MAX_FILE);
        if (!is_current(files[i].file, &text)) {
            if (!update)
                fprintf(stderr, "%s is out of date: run `make docs`\n", files[i].file);
            ok = update && save(files[i].file, &text) && ok;
        }
        buf_release(&text);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
