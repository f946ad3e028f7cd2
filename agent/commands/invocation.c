/*
 * One reader for all command lines: "--name value", "--name=value", switches, "-c FILE", "--" and
 * the arguments, in any order. A command's options are looked up in its table, then in the common
 * one.
 */
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "commands/command.h"

#define GIVEN_MAX 64

struct given {
    const char *name;
    const char *value; /* NULL: a switch */
};

struct invocation {
    const struct command *command;
    struct given given[GIVEN_MAX];
    size_t n_given;
    const char *argument[GIVEN_MAX];
    size_t n_arguments;
};

const struct command_option command_common_options[] = {
    {"--config", "FILE",
     "the configuration (also -c): agent.yaml here, then /etc/qudra-sync/agent.yaml"},
    {"--account", "NAME", "only this account (may be given again)"},
    {"--mapping", "NAME", "only this mapping (may be given again)"},
    {"--log-level", "LEVEL", "error, warn, info, debug or trace, instead of log.level"},
    {"--help", NULL, "this help (also -h)"},
    {"--version", NULL, "the program's version (also -V)"},
    {NULL, NULL, NULL},
};

static const struct command_option *find_in(const struct command_option *options, const char *name,
                                            size_t len)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static const struct command_option *find_option(const struct command *c, const char *name,
                                                size_t len)
{
    const struct command_option *o = c != NULL ? find_in(c->options, name, len) : NULL;
    return o != NULL ? o : find_in(command_common_options, name, len);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static bool unknown_command(const char *name, struct err *e)
{
    const char *names[64];
    size_t n = 0;
    while (commands[n] != NULL && n < ARRAY_LEN(names)) {
        names[n] = commands[n]->name;
        n++;
    }
    const char *nearest = names_nearest(name, names, n);
    err_set(e, ERR_USAGE, "unknown command \"%s\"", name);
    if (nearest != NULL)
        return err_hint(e, "did you mean \"%s\"?", nearest);
    return err_hint(e, "`qudra-sync --help` lists the commands");
}

static size_t collect(const struct command_option *options, const char **names, size_t n,
                      size_t max)
{
    for (; options != NULL && options->name != NULL && n < max; options++)
        names[n++] = options->name;
    return n;
}

static bool unknown_option(const struct command *c, const char *name, size_t len, struct err *e)
{
    const char *names[64];
    size_t n = collect(c != NULL ? c->options : NULL, names, 0, ARRAY_LEN(names));
    n = collect(command_common_options, names, n, ARRAY_LEN(names));
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)len, name);
    const char *nearest = names_nearest(typed, names, n);
    err_set(e, ERR_USAGE, "unknown option \"%s\"", typed);
    if (nearest != NULL)
        return err_hint(e, "did you mean \"%s\"?", nearest);
    return err_hint(e, "`qudra-sync help%s%s` lists the options", c != NULL ? " " : "",
                    c != NULL ? c->name : "");
}

static const char *long_name(const char *word)
{
    static const struct {
        const char *brief, *name;
    } shorts[] = {{"-c", "--config"}, {"-h", "--help"}, {"-V", "--version"}};
    for (size_t i = 0; i < ARRAY_LEN(shorts); i++)
        if (strcmp(word, shorts[i].brief) == 0)
            return shorts[i].name;
    return word;
}

/* Takes the option at argv[*i] and its value. */
static bool take_option(struct invocation *in, int argc, char **argv, int *i, struct err *e)
{
    const char *word = long_name(argv[*i]);
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct command_option *o = find_option(in->command, word, len);
    if (o == NULL)
        return unknown_option(in->command, word, len, e);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (o->value == NULL && value != NULL)
        return err_set(e, ERR_USAGE, "option \"%s\" takes no value", o->name);
    if (o->value != NULL && value == NULL) {
        if (*i + 1 >= argc)
            return err_set(e, ERR_USAGE, "option \"%s\" needs a value: %s", o->name, o->value);
        value = argv[++*i];
    }
    if (in->n_given == GIVEN_MAX)
        return err_set(e, ERR_USAGE, "more than %d options", GIVEN_MAX);
    in->given[in->n_given++] = (struct given){.name = o->name, .value = value};
    return true;
}

static bool take_word(struct invocation *in, const char *word, struct err *e)
{
    if (in->command == NULL) {
        in->command = find_command(word);
        return in->command != NULL || unknown_command(word, e);
    }
    if (in->n_arguments == GIVEN_MAX)
        return err_set(e, ERR_USAGE, "more than %d arguments", GIVEN_MAX);
    in->argument[in->n_arguments++] = word;
    return true;
}

static bool check_arguments(const struct invocation *in, struct err *e)
{
    const struct command *c = in->command;
    if (c == NULL || invocation_has(in, "--help"))
        return true;
    if ((int)in->n_arguments < c->min_arguments || (int)in->n_arguments > c->max_arguments) {
        err_set(e, ERR_USAGE, "\"%s\" takes %s%s", c->name,
                c->arguments[0] != '\0' ? "the arguments " : "no arguments", c->arguments);
        return err_hint(e, "`qudra-sync help %s` shows how it is used", c->name);
    }
    return true;
}

struct invocation *invocation_read(struct arena *a, int argc, char **argv, struct err *e)
{
    struct invocation *in = arena_alloc(a, sizeof *in);
    bool words_only = false;
    if (argc > 0 && strcmp(argv[0], "help") == 0) { /* "help COMMAND" reads as "COMMAND --help" */
        in->given[in->n_given++] = (struct given){.name = "--help"};
        argc--;
        argv++;
    }
    for (int i = 0; i < argc; i++) {
        bool ok;
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = true;
            continue;
        }
        if (!words_only && argv[i][0] == '-' && argv[i][1] != '\0')
            ok = take_option(in, argc, argv, &i, e);
        else
            ok = take_word(in, argv[i], e);
        if (!ok)
            return NULL;
    }
    return check_arguments(in, e) ? in : NULL;
}

const struct command *invocation_command(const struct invocation *in)
{
    return in->command;
}

bool invocation_has(const struct invocation *in, const char *option)
{
    for (size_t i = 0; i < in->n_given; i++)
        if (strcmp(in->given[i].name, option) == 0)
            return true;
    return false;
}

const char *invocation_value(const struct invocation *in, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < in->n_given; i++)
        if (strcmp(in->given[i].name, option) == 0)
            value = in->given[i].value;
    return value;
}

size_t invocation_values(const struct invocation *in, const char *option, const char **out,
                         size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < in->n_given && n < max; i++)
        if (strcmp(in->given[i].name, option) == 0)
            out[n++] = in->given[i].value;
    return n;
}

const char *invocation_argument(const struct invocation *in, size_t i)
{
    return i < in->n_arguments ? in->argument[i] : NULL;
}

size_t invocation_arguments(const struct invocation *in)
{
    return in->n_arguments;
}
