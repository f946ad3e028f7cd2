/*
 * Help in one form for everything, made from the tables. Lines are wrapped to the terminal, further
 * ones under the text that they go on with; where there is no terminal they stay whole for grep.
 */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/output.h"

#define HELP_MAX (64 * 1024)

struct page {
    struct output output;
    struct buf text;
};

static void begin(struct page *p)
{
    output_init(&p->output);
    p->text = (struct buf)BUF_INIT(HELP_MAX);
}

static void end(struct page *p)
{
    output_flush(&p->text);
    buf_release(&p->text);
}

/* "  LEFT   right", the right side at column `indent`. */
static void add_pair(struct page *p, const char *left, size_t indent, const char *right)
{
    buf_printf(&p->text, "  %-*s ", (int)indent - 3, left);
    output_wrapped(&p->output, &p->text, STYLE_PLAIN, right, indent);
}

static void add_options(struct page *p, const char *title, const struct command_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    buf_printf(&p->text, "\n%s:\n", title);
    for (; options->name != NULL; options++) {
        char left[48];
        snprintf(left, sizeof left, "%s%s%s", options->name, options->value != NULL ? " " : "",
                 options->value != NULL ? options->value : "");
        add_pair(p, left, 25, options->help);
    }
}

void help_command(const struct command *c)
{
    struct page p;
    begin(&p);
    buf_printf(&p.text, "Usage: qudra-sync [-c FILE] %s%s%s%s\n\n", c->name,
               c->options != NULL ? " [OPTIONS]" : "", c->arguments[0] != '\0' ? " " : "",
               c->arguments);
    output_wrapped(&p.output, &p.text, STYLE_PLAIN, c->summary, 0);
    if (c->details != NULL && c->details[0] != '\0')
        buf_printf(&p.text, "\n%s\n", c->details);
    add_options(&p, "Options", c->options);
    add_options(&p, "Options of every command", command_common_options);
    end(&p);
}

static void add_exits(struct page *p)
{
    buf_addstr(&p->text, "\nExit status:\n");
    for (const struct command_exit *x = command_exits; x->meaning != NULL; x++) {
        char status[8];
        snprintf(status, sizeof status, "%d", x->status);
        add_pair(p, status, 7, x->meaning);
    }
}

void help_program(void)
{
    struct page p;
    begin(&p);
    buf_addstr(&p.text, "Usage: qudra-sync [-c FILE] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                        "Keeps job postings in PostgreSQL mirrored in Qudra.\n\n"
                        "Commands:\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        add_pair(&p, commands[i]->name, 15, commands[i]->summary);
    add_options(&p, "Options of every command", command_common_options);
    buf_addstr(&p.text, "\n`qudra-sync help COMMAND` tells more.\n");
    add_exits(&p);
    end(&p);
}
