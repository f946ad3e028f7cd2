/*
 * run: the long-running agent.
 *
 * A reload makes the new loop beside the old one and drops the old one only when the new one has
 * connected, compiled its mappings and read its keys: a wrong file changes nothing. While the
 * database is away none of that can be proved; then the new file is the one to wait with.
 */
#include <string.h>

#include "base/log.h"
#include "base/version.h"
#include "commands/run_wait.h"
#include "commands/setup.h"
#include "commands/systemd.h"
#include "engine/loop.h"
#include "engine/signals.h"

static void turned(void *context, const struct loop_view *v)
{
    (void)context;
    (void)v;
    systemd_alive();
}

/* HUP while it connects is no stop: the loop's first turn takes it up. */
static bool start(const struct setup *s, struct metrics *metrics, int signal_fd, struct loop **out,
                  struct err *e)
{
    const struct loop_options o = {
        .mode = LOOP_RUN,
        .config = s->config,
        .mappings = s->mappings,
        .n_mappings = s->n_mappings,
        .accounts = s->accounts,
        .n_accounts = s->n_accounts,
        .metrics = metrics,
        .signal_fd = signal_fd,
        .progress = turned,
    };
    bool ok;
    do { /* drained before it is asked: what comes later stays in the pipe, and ends a statement */
        signals_drain();
        *e = (struct err)ERR_INIT;
        if (signals_stop())
            return err_set(e, ERR_STOPPED, "stopped by a signal");
        ok = loop_new(out, &o, e);
    } while (!ok && e->kind == ERR_STOPPED);
    return ok;
}

static void count_reload(struct metrics *m, const char *outcome)
{
    metrics_add(m, METRIC_CONFIG_RELOADS, 1, (const char *const[]){outcome, NULL});
}

static bool load_anew(const struct invocation *in, struct metrics *metrics, struct setup *fresh)
{
    struct err e = ERR_INIT;
    if (setup_load(fresh, in, &e))
        return true;
    log_err(LOG_LEVEL_ERROR, "reload refused: the old configuration stays in force", &e);
    count_reload(metrics, "refused");
    return false;
}

/* The socket is opened once, before all else. */
static void tell_what_waits(const struct config *was, const struct config *is)
{
    const char *old = was->metrics_listen != NULL ? was->metrics_listen : "none";
    const char *fresh = is->metrics_listen != NULL ? is->metrics_listen : "none";
    if (strcmp(old, fresh) != 0)
        LOG_WARN("metrics.listen is taken up by a restart alone", log_str("listening", old),
                 log_str("wanted", fresh));
}

/* Puts a new loop in the place of *l, NULL where it has to be waited for; a wrong configuration
 * leaves everything as it was. */
static void reload(const struct invocation *in, struct setup *s, struct metrics *metrics,
                   int signal_fd, struct loop **l)
{
    struct err e = ERR_INIT;
    struct setup fresh;
    struct loop *next = NULL;
    systemd_notify("RELOADING=1");
    bool loaded = load_anew(in, metrics, &fresh);
    bool ok = loaded && (start(&fresh, metrics, signal_fd, &next, &e)
                             ? loop_may_follow(*l, next, &e)
                             : e.kind == ERR_AWAY && loop_is_away(*l));
    if (loaded && !ok) {
        log_err(LOG_LEVEL_ERROR, "reload refused: the old configuration stays in force", &e);
        count_reload(metrics, "refused");
        loop_free(next);
        setup_release(&fresh);
    } else if (loaded) {
        tell_what_waits(s->config, fresh.config);
        loop_free(*l);
        setup_release(s);
        *l = next;
        *s = fresh;
        metrics_limit_accounts(metrics, s->config->metrics_accounts);
        LOG_INFO("configuration reloaded", log_str("file", s->config->file));
        count_reload(metrics, "done");
    }
    systemd_notify("READY=1");
}

/* HUP while the database is away: it may be its address that was wrong. */
static void load_while_waiting(const struct invocation *in, struct setup *s,
                               struct metrics *metrics)
{
    struct setup fresh;
    if (!signals_take_reload() || !load_anew(in, metrics, &fresh))
        return;
    setup_release(s);
    *s = fresh;
}

static bool start_when_there(const struct invocation *in, struct setup *s, struct metrics *metrics,
                             int signal_fd, struct loop **out, struct err *e)
{
    struct run_wait w = {.metrics = metrics, .signal_fd = signal_fd};
    bool ok;
    while (!(ok = start(s, metrics, signal_fd, out, e)) && run_wait(&w, e))
        load_while_waiting(in, s, metrics);
    run_wait_end(&w);
    if (!ok && e->kind == ERR_STOPPED) /* as asked, while it waited */
        *e = (struct err)ERR_INIT;
    return ok;
}

static bool run_until_stopped(const struct invocation *in, struct setup *s, struct metrics *metrics,
                              int signal_fd, struct err *e)
{
    struct loop *l;
    if (!start_when_there(in, s, metrics, signal_fd, &l, e))
        return false;
    LOG_INFO("started", log_str("version", QS_VERSION), log_str("config", s->config->file),
             log_int("mappings", (int64_t)s->n_mappings));
    systemd_notify("READY=1");
    enum loop_end end;
    bool ok;
    while ((ok = loop_run(l, &end, e)) && end == LOOP_RELOAD) {
        reload(in, s, metrics, signal_fd, &l);
        if (l == NULL && !start_when_there(in, s, metrics, signal_fd, &l, e))
            return false;
    }
    systemd_notify("STOPPING=1");
    loop_free(l);
    if (ok)
        LOG_INFO("stopped");
    return ok;
}

static int run_agent(const struct invocation *in, struct err *e)
{
    int signal_fd = signals_init(); /* first: a stop while it reads its files is a stop too */
    struct setup s;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    struct metrics *metrics = metrics_new();
    metrics_limit_accounts(metrics, s.config->metrics_accounts);
    metrics_add(metrics, METRIC_CONFIG_RELOADS, 0, (const char *const[]){"done", NULL});
    metrics_add(metrics, METRIC_CONFIG_RELOADS, 0, (const char *const[]){"refused", NULL});
    bool ok =
        s.config->metrics_listen == NULL || metrics_listen(metrics, s.config->metrics_listen, e);
    if (ok)
        (void)run_until_stopped(in, &s, metrics, signal_fd, e);
    metrics_free(metrics);
    setup_release(&s);
    return EXIT_CONVERGED;
}

const struct command command_run = {
    .name = "run",
    .arguments = "",
    .summary = "the long-running agent: polls, pushes, goes on until it is stopped",
    .details =
        "TERM or INT: what is in flight ends and is recorded, then it exits; a second one exits\n"
        "at once. HUP: reads the configuration again; a wrong one leaves the old in force.\n"
        "A database that is away is waited for, at the start too.",
    .run = run_agent,
};
