/*
 * status, once or again and again. A database that goes away while watching is told in place, and
 * looked for again at the next turn: whoever watches wants to see it come back.
 */
#include "commands/status.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/signals.h"

#define CHOSEN_MAX       64
#define SCREEN_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define WATCH_EVERY_S    5
#define CLEAR_SCREEN     "\033[H\033[2J\033[3J"

static bool draw(const struct setup *s, struct pg *state, const struct report_scope *scope,
                 const struct output *o, bool json, struct buf *out, struct err *e)
{
    struct arena a;
    struct status st;
    arena_init(&a, 0);
    bool ok = status_read(s, state, scope, &a, &st, e);
    if (ok && json)
        status_write_json(&st, out);
    else if (ok)
        status_show(&st, s->config->zone, o, out);
    arena_release(&a);
    return ok;
}

static void draw_failure(const struct err *e, const struct output *o, struct buf *out)
{
    output_styled(o, out, STYLE_BAD, e->message, strlen(e->message));
    buf_addch(out, '\n');
}

static void wait_for_signal(int fd, int64_t seconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)poll(&p, 1, (int)(seconds * 1000));
    signals_drain();
}

/* What does not fit would push the beginning out of sight. */
static void fit_screen(struct buf *out, const struct output *o)
{
    size_t lines = 0, cut = out->len;
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == '\n' && ++lines == o->height - 2)
            cut = i + 1;
    if (!o->terminal || o->height == 0 || lines < o->height)
        return;
    buf_truncate(out, cut);
    buf_printf(out, "… %zu more lines: `qudra-sync status` shows all\n", lines - o->height + 2);
}

static bool watch(const struct setup *s, struct pg *state, const struct report_scope *scope,
                  bool json, int64_t seconds)
{
    int signal_fd = signals_init();
    while (!signals_stop()) {
        struct err e = ERR_INIT;
        struct buf out = BUF_INIT(SCREEN_MAX_BYTES);
        struct output o;
        output_init(&o); /* anew: the window may have been drawn larger */
        if (o.terminal)
            buf_addstr(&out, CLEAR_SCREEN);
        if ((!pg_alive(state) && !pg_reconnect(state, &e)) ||
            !draw(s, state, scope, &o, json, &out, &e))
            draw_failure(&e, &o, &out);
        if (!json)
            fit_screen(&out, &o);
        output_flush(&out);
        buf_release(&out);
        if (ferror(stdout))
            return false;
        wait_for_signal(signal_fd, seconds);
    }
    return true;
}

static bool show_once(const struct setup *s, struct pg *state, const struct report_scope *scope,
                      bool json, struct err *e)
{
    struct output o;
    struct buf out = BUF_INIT(SCREEN_MAX_BYTES);
    output_init(&o);
    bool ok = draw(s, state, scope, &o, json, &out, e);
    if (ok)
        output_flush(&out);
    buf_release(&out);
    return ok;
}

static bool read_seconds(const struct invocation *in, int64_t *seconds, struct err *e)
{
    const char *given = invocation_argument(in, 0);
    char *end;
    *seconds = WATCH_EVERY_S;
    if (given == NULL)
        return true;
    *seconds = strtol(given, &end, 10);
    if (!invocation_has(in, "--watch"))
        return err_set(e, ERR_USAGE, "\"status\" takes an argument with --watch alone: \"%s\"",
                       given);
    if (*end != '\0' || *seconds < 1 || *seconds > 3600)
        return err_set(e, ERR_USAGE, "\"%s\" is not a number of seconds from 1 to 3600", given);
    return true;
}

static bool show(struct setup *s, const struct invocation *in, struct err *e)
{
    const char *accounts[CHOSEN_MAX], *mappings[CHOSEN_MAX];
    const struct report_scope scope = {
        .accounts = accounts,
        .mappings = mappings,
        .n_accounts = invocation_values(in, "--account", accounts, CHOSEN_MAX),
        .n_mappings = invocation_values(in, "--mapping", mappings, CHOSEN_MAX),
    };
    bool json = invocation_has(in, "--json");
    int64_t seconds;
    struct pg *state;
    if (!read_seconds(in, &seconds, e) || !setup_connect_state(s, &state, e))
        return false;
    bool ok = invocation_has(in, "--watch") ? watch(s, state, &scope, json, seconds)
                                            : show_once(s, state, &scope, json, e);
    pg_free(state);
    return ok;
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    bool ok = show(&s, in, e);
    (void)ok; /* e says it */
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--watch", NULL, "draws it again every SECONDS (5), until it is stopped"},
    {"--json", NULL, "one JSON object (with --watch: one a line)"},
    {NULL, NULL, NULL},
};

const struct command command_status = {
    .name = "status",
    .arguments = "[SECONDS]",
    .max_arguments = 1,
    .summary = "rows by state, lag, budget and quota, last runs, what needs a person",
    .details =
        "Ends with what needs a person and the command to run next. Reads the state alone, so it\n"
        "works whether or not an agent is running. Exit status 0 whenever the state could be\n"
        "read: `once` and `backfill` are the ones that say 65 when rows are left.",
    .options = options,
    .run = run,
};
