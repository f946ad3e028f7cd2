/*
 * qudra-sync: reads the command line, runs one command, turns its end into an exit status.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/version.h"
#include "commands/command.h"
#include "formats/html.h"

static void complain(const struct err *e)
{
    fprintf(stderr, "qudra-sync: %s\n", e->message);
    if (e->hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", e->hint);
}

static int show_help(const struct invocation *in)
{
    const struct command *c = invocation_command(in);
    if (c != NULL)
        help_command(c);
    else
        help_program();
    return EXIT_CONVERGED;
}

static int run(int argc, char **argv, struct arena *a, struct err *e)
{
    const struct invocation *in = invocation_read(a, argc, argv, e);
    if (in == NULL)
        return EXIT_CONVERGED;
    if (invocation_has(in, "--version"))
        return printf("qudra-sync %s\n", QS_VERSION) < 0;
    if (invocation_has(in, "--help"))
        return show_help(in);
    if (invocation_command(in) == NULL) {
        err_set(e, ERR_USAGE, "no command was given");
        err_hint(e, "`qudra-sync --help` lists the commands");
        return EXIT_CONVERGED;
    }
    return invocation_command(in)->run(in, e);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct arena a;
    mem_init();
    secret_guard_process();
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    html_init();
    arena_init(&a, 0);
    int status = run(argc - 1, argv + 1, &a, &e);
    arena_release(&a);
    html_release();
    if (e.kind != ERR_NONE) {
        complain(&e);
        status = err_exit_status(e.kind);
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        return err_exit_status(ERR_INTERNAL);
    return status;
}
