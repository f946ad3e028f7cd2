/*
 * Help in one form for everything, made from the tables.
 */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"

static void print_options(const char *title, const struct command_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    printf("\n%s:\n", title);
    for (; options->name != NULL; options++) {
        char left[48];
        snprintf(left, sizeof left, "%s%s%s", options->name, options->value != NULL ? " " : "",
                 options->value != NULL ? options->value : "");
        printf("  %-22s %s\n", left, options->help);
    }
}

void help_command(const struct command *c)
{
    printf("Usage: qudra-sync [-c FILE] %s%s%s%s\n\n%s\n", c->name,
           c->options != NULL ? " [OPTIONS]" : "", c->arguments[0] != '\0' ? " " : "", c->arguments,
           c->summary);
    if (c->details != NULL && c->details[0] != '\0')
        printf("\n%s\n", c->details);
    print_options("Options", c->options);
    print_options("Options of every command", command_common_options);
}

void help_program(void)
{
    puts("Usage: qudra-sync [-c FILE] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
         "Keeps job postings in PostgreSQL mirrored in Qudra.\n\n"
         "Commands:");
    for (size_t i = 0; commands[i] != NULL; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    print_options("Options of every command", command_common_options);
    puts("\n`qudra-sync help COMMAND` tells more.\n\nExit status:");
    for (const struct command_exit *x = command_exits; x->meaning != NULL; x++)
        printf("  %-4d %s\n", x->status, x->meaning);
}
