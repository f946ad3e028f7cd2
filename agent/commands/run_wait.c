/*
 * The service manager is told READY with the first wait: the configuration is right and the program
 * is up; else it would take a database that comes late for a program that does not start, and kill
 * it. Metrics are served and the watchdog is told at least once a second.
 */
#include "commands/run_wait.h"

#include "base/clock.h"
#include "base/log.h"
#include "commands/systemd.h"
#include "engine/signals.h"

#define FIRST_PAUSE_MS 500
#define MAX_PAUSE_MS   30000
#define TURN_MS        1000

static bool begin(struct run_wait *w, const struct err *why, struct err *e)
{
    if (w->http != NULL)
        return true;
    log_err(LOG_LEVEL_ERROR, "database away: waiting for it", why);
    metrics_ready(w->metrics, false, "the database is away");
    systemd_notify("READY=1\nSTATUS=waiting for the database");
    w->pause_ms = FIRST_PAUSE_MS;
    return http_new(&w->http, e);
}

/* One turn; true: a signal has come. */
static bool turn(struct run_wait *w, int64_t timeout_ms, bool *signalled, struct err *e)
{
    struct http_wait_fd fds[2] = {{.fd = w->signal_fd}, {.fd = metrics_fd(w->metrics)}};
    size_t n = fds[1].fd >= 0 ? 2 : 1;
    if (!http_wait(w->http, timeout_ms < TURN_MS ? timeout_ms : TURN_MS, fds, n, e))
        return false;
    *signalled = fds[0].ready;
    signals_drain();
    metrics_serve(w->metrics);
    metrics_alive(w->metrics, clock_mono_ms());
    systemd_alive();
    return true;
}

bool run_wait(struct run_wait *w, struct err *e)
{
    if (e->kind != ERR_AWAY)
        return false;
    const struct err why = *e;
    *e = (struct err)ERR_INIT;
    if (!begin(w, &why, e))
        return false;
    int64_t until_ms = clock_mono_ms() + w->pause_ms;
    w->pause_ms = w->pause_ms * 2 < MAX_PAUSE_MS ? w->pause_ms * 2 : MAX_PAUSE_MS;
    bool signalled = false;
    for (int64_t now_ms; !signalled && (now_ms = clock_mono_ms()) < until_ms;)
        if (!turn(w, until_ms - now_ms, &signalled, e))
            return false;
    return !signals_stop() || err_set(e, ERR_STOPPED, "stopped by a signal");
}

void run_wait_end(struct run_wait *w)
{
    if (w->http == NULL)
        return;
    systemd_notify("STATUS=");
    http_free(w->http);
    w->http = NULL;
}
