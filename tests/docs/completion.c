/*
 * A placeholder says what may stand in its place: STATE is one of the states, FILE a file. Whatever
 * has no entry here is the person's to type.
 */
#include "docs/completion.h"

#include <string.h>

#include "commands/command.h"
#include "rules/config.h"
#include "rules/op.h"

#define MADE "made by `make docs` from the program's tables"

static void add_words(struct buf *out, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n && words[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? " " : "", words[i]);
}

static const char *const *choices_of(const char *option)
{
    for (size_t i = 0; i < config_options_count; i++)
        if (strcmp(config_options[i].name, option) == 0)
            return config_options[i].choices;
    BUG("there is no option %s", option);
}

/* The words that may stand for a placeholder; nothing when it is free. */
static void add_choices(struct buf *out, const char *value)
{
    if (strcmp(value, "STATE") == 0)
        add_words(out, row_state_names, ROW_STATES);
    else if (strcmp(value, "LEVEL") == 0)
        add_words(out, choices_of("log.level"), SIZE_MAX);
    else if (strcmp(value, "LANGUAGE") == 0)
        buf_addstr(out, "en ar");
    else if (strcmp(value, "STATUS") == 0)
        buf_addstr(out, "processing ready failed");
}

/* ---- bash
 * ---------------------------------------------------------------------------------------- */

static void add_names(struct buf *out, const struct command_option *options)
{
    for (; options != NULL && options->name != NULL; options++)
        buf_printf(out, " %s", options->name);
}

/* `--lang) words='en ar' ;;`; no words where it is free; bash's own completion of files. */
static void bash_value(struct buf *out, const struct command_option *o)
{
    if (strcmp(o->value, "FILE") == 0) {
        buf_printf(out, "    %s) compopt -o default; return ;;\n", o->name);
        return;
    }
    buf_printf(out, "    %s) words='", o->name);
    add_choices(out, o->value);
    buf_addstr(out, "' ;;\n");
}

static bool named_before(size_t command, const char *option)
{
    for (size_t i = 0; i < command; i++)
        for (const struct command_option *o = commands[i]->options; o != NULL && o->name; o++)
            if (strcmp(o->name, option) == 0)
                return true;
    return false;
}

/* The options of all commands with a value, each once: the same name never means two things. */
static void bash_values(struct buf *out)
{
    const struct command_option *o;
    for (o = command_common_options; o->name != NULL; o++)
        if (o->value != NULL)
            bash_value(out, o);
    for (size_t i = 0; commands[i] != NULL; i++)
        for (o = commands[i]->options; o != NULL && o->name != NULL; o++)
            if (o->value != NULL && !named_before(i, o->name))
                bash_value(out, o);
}

/* bash has `=` as a word of its own. */
void completion_write_bash(struct buf *out)
{
    buf_addstr(out, "# bash completion for qudra-sync: " MADE ".\n\n"
                    "_qudra_sync()\n{\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local command= options= words= i\n"
                    "    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                    "    [[ $cur == = ]] && cur=\n"
                    "    COMPREPLY=()\n"
                    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "        case ${COMP_WORDS[i]} in\n");
    buf_addstr(out, "        ");
    for (size_t i = 0; commands[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? "|" : "", commands[i]->name);
    buf_addstr(out, ") command=${COMP_WORDS[i]}; break ;;\n"
                    "        esac\n    done\n"
                    "    case $command in\n    '') options='help");
    for (size_t i = 0; commands[i] != NULL; i++)
        buf_printf(out, " %s", commands[i]->name);
    buf_addstr(out, "' ;;\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->options == NULL)
            continue;
        buf_printf(out, "    %s) options='", commands[i]->name);
        add_names(out, commands[i]->options);
        buf_addstr(out, "' ;;\n");
    }
    buf_addstr(out, "    esac\n    options+='");
    add_names(out, command_common_options);
    buf_addstr(out, "'\n    words=$options\n    case $prev in\n"
                    "    -c) compopt -o default; return ;;\n");
    bash_values(out);
    buf_addstr(out, "    esac\n"
                    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                    "}\n\ncomplete -F _qudra_sync qudra-sync\n");
}

/* ---- zsh
 * ----------------------------------------------------------------------------------------- */

/* Inside '…[help]:…', zsh minds these. */
static void add_zsh_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            buf_addstr(out, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            buf_printf(out, "\\%c", *text);
        else
            buf_addch(out, *text);
}

static void add_zsh_option(struct buf *out, const struct command_option *o, const char *name)
{
    buf_printf(out, " \\\n        '*%s[", name);
    add_zsh_text(out, o->help);
    buf_addch(out, ']');
    if (o->value != NULL) {
        buf_printf(out, ":%s:", o->value);
        size_t before = out->len;
        if (strcmp(o->value, "FILE") == 0)
            buf_addstr(out, "_files");
        else {
            buf_addch(out, '(');
            add_choices(out, o->value);
            if (out->len == before + 1)
                buf_truncate(out, before);
            else
                buf_addch(out, ')');
        }
    }
    buf_addch(out, '\'');
}

static void add_zsh_options(struct buf *out, const struct command_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        add_zsh_option(out, options, options->name);
        if (strcmp(options->name, "--config") == 0)
            add_zsh_option(out, options, "-c");
    }
}

void completion_write_zsh(struct buf *out)
{
    buf_addstr(out, "#compdef qudra-sync\n# zsh completion for qudra-sync: " MADE ".\n\n"
                    "_qudra_sync() {\n"
                    "    local curcontext=$curcontext state line\n"
                    "    local -a common commands\n    common=(");
    add_zsh_options(out, command_common_options);
    buf_addstr(out, ")\n    commands=(");
    for (size_t i = 0; commands[i] != NULL; i++) {
        buf_printf(out, " \\\n        '%s:", commands[i]->name);
        add_zsh_text(out, commands[i]->summary);
        buf_addch(out, '\'');
    }
    buf_addstr(out, ")\n"
                    "    _arguments -C $common '1:command:->command' '*::argument:->argument'\n"
                    "    case $state in\n"
                    "    command) _describe command commands ;;\n"
                    "    argument) case $words[1] in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        buf_printf(out, "    %s) _arguments $common", commands[i]->name);
        add_zsh_options(out, commands[i]->options);
        buf_addstr(out,
                   commands[i]->max_arguments > 0 ? " \\\n        '*:argument:' ;;\n" : " ;;\n");
    }
    buf_addstr(out, "    esac ;;\n    esac\n}\n\n_qudra_sync \"$@\"\n");
}
