/*
 * mdoc(7) in the least form that does. A line of the template that is a name between two @ stands
 * for a table; the date of the page is the template's.
 */
#include "docs/manual.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"

#define LINE     78
#define TEMPLATE "tests/docs/qudra-sync.1.in"

/* One word: neither a backslash nor a dot or quote at the beginning of its line means anything. */
static void add_word(struct buf *out, const char *word, size_t len, bool first)
{
    if (!first)
        buf_addch(out, ' ');
    else if (word[0] == '.' || word[0] == '\'')
        buf_addstr(out, "\\&");
    for (size_t i = 0; i < len; i++)
        buf_addstr(out, word[i] == '\\' ? "\\e" : (const char[]){word[i], '\0'});
}

/* Filled to lines of at most LINE characters; as mdoc wants it, each sentence begins a new one. */
static void add_filled(struct buf *out, const char *text, size_t len)
{
    size_t column = 0;
    const char *end = text + len;
    while (text < end) {
        size_t word = strcspn(text, " \n");
        if (word > (size_t)(end - text))
            word = (size_t)(end - text);
        if (word > 0) {
            if (column > 0 && (column + 1 + word > LINE || text[-2] == '.')) {
                buf_addch(out, '\n');
                column = 0;
            }
            add_word(out, text, word, column == 0);
            column += word + 1;
        }
        text += word + 1;
    }
    if (column > 0)
        buf_addch(out, '\n');
}

/* As a sentence: with a capital and a full stop. */
static void add_sentence(struct buf *out, const char *text)
{
    struct buf line = BUF_INIT(4096);
    buf_addstr(&line, text);
    line.data[0] = (char)toupper((unsigned char)line.data[0]);
    if (line.data[line.len - 1] != '.')
        buf_addch(&line, '.');
    add_filled(out, line.data, line.len);
    buf_release(&line);
}

/* Indented lines of a help text are examples. */
static void add_details(struct buf *out, const char *text)
{
    while (text != NULL && *text != '\0') {
        const char *example = strstr(text, "\n    ");
        size_t len = example != NULL ? (size_t)(example - text) : strlen(text);
        add_filled(out, text, len);
        if (example == NULL)
            return;
        example += strspn(example, "\n ");
        size_t shown = strcspn(example, "\n");
        buf_printf(out, ".Dl %.*s\n", (int)shown, example);
        text = example + shown + (example[shown] == '\n');
    }
}

static void add_options(struct buf *out, const struct command_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        buf_printf(out, ".It Fl %s", options->name + 1);
        if (options->value != NULL)
            buf_printf(out, " Ar %s", options->value);
        buf_addch(out, '\n');
        add_sentence(out, options->help);
    }
}

static void write_options(struct buf *out)
{
    add_options(out, command_common_options);
}

static void write_command(struct buf *out, const struct command *c)
{
    buf_printf(out, ".It Cm %s%s", c->name, c->options != NULL ? " Op Ar option ..." : "");
    if (c->arguments[0] == '[')
        buf_printf(out, " Op Ar %.*s", (int)strlen(c->arguments) - 2, c->arguments + 1);
    else if (c->arguments[0] != '\0')
        buf_printf(out, " Ar %s", c->arguments);
    buf_addch(out, '\n');
    add_sentence(out, c->summary);
    add_details(out, c->details);
    if (c->options == NULL)
        return;
    buf_addstr(out, ".Bl -tag -width Ds\n");
    add_options(out, c->options);
    buf_addstr(out, ".El\n");
}

static void write_commands(struct buf *out)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        write_command(out, commands[i]);
}

static void write_exits(struct buf *out)
{
    for (const struct command_exit *x = command_exits; x->meaning != NULL; x++) {
        buf_printf(out, ".It %d\n", x->status);
        add_sentence(out, x->meaning);
    }
}

static const struct {
    const char *line;
    void (*write)(struct buf *out);
} tables[] = {
    {"@OPTIONS@\n", write_options},
    {"@COMMANDS@\n", write_commands},
    {"@EXITS@\n", write_exits},
};

static void copy_line(struct buf *out, const char *line)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        if (strcmp(line, tables[i].line) == 0) {
            tables[i].write(out);
            return;
        }
    buf_addstr(out, line);
}

void manual_write(struct buf *out)
{
    char line[1024];
    FILE *in = fopen(TEMPLATE, "r");
    if (in == NULL) {
        perror(TEMPLATE);
        exit(EXIT_FAILURE);
    }
    while (fgets(line, sizeof line, in) != NULL)
        copy_line(out, line);
    fclose(in);
}
