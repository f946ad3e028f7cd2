/*
 * TERM and INT are blocked before the first thread exists and waited for by the main thread alone:
 * there is no handler, so nothing to get wrong.
 */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "replay.h"
#include "sandbox.h"
#include "server.h"

int64_t sandbox_now_ms(const struct sandbox *s)
{
    return clock_wall_ms() + s->clock_offset_ms;
}

int64_t sandbox_month(const struct sandbox *s)
{
    time_t seconds = (time_t)(sandbox_now_ms(s) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return (int64_t)tm.tm_year * 12 + tm.tm_mon + s->months_turned;
}

uint64_t sandbox_random(struct sandbox *s, uint64_t bound)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return bound == 0 ? 0 : (s->random >> 33) % bound;
}

static bool add_keys(struct sandbox *s, struct err *e)
{
    const struct options *o = &s->options;
    for (size_t i = 0; i < o->n_keys; i++)
        if (!accounts_add_text(&s->accounts, o->keys[i], e))
            return false;
    if (o->keys_file != NULL && !accounts_add_file(&s->accounts, o->keys_file, e))
        return false;
    return s->accounts.n > 0 || accounts_add_text(&s->accounts, "qk_test_sandbox:growth", e);
}

static bool sandbox_init(struct sandbox *s, int argc, char **argv, struct err *e)
{
    struct options *o = &s->options;
    options_init(o);
    if (!options_read(o, argc, argv, e) || o->help)
        return o->help;
    uint64_t seed = (uint64_t)o->seed;
    pthread_mutex_init(&s->lock, NULL);
    jobs_init(&s->jobs, seed);
    stats_init(&s->stats, (size_t)o->log_size);
    s->replays = replays_new();
    s->clock_offset_ms = o->clock_offset_ms;
    s->request_ids = (struct scramble){.prefix = "req_", .seed = seed + 7};
    s->random = seed ^ 0x5851f42d4c957f2du;
    return add_keys(s, e) &&
           (o->faults_file == NULL || faults_load(&s->faults, o->faults_file, e)) &&
           (o->cities_file == NULL || cities_load(&s->cities, o->cities_file, e));
}

static void sandbox_release(struct sandbox *s)
{
    faults_clear(&s->faults);
    cities_release(&s->cities);
    accounts_release(&s->accounts);
    jobs_release(&s->jobs);
    stats_release(&s->stats);
    if (s->replays != NULL)
        replays_free(s->replays);
    mem_free(s->options.keys);
}

static bool announce(const struct options *o, int port, struct err *e)
{
    FILE *file = o->port_file == NULL ? NULL : fopen(o->port_file, "w");
    if (file != NULL) {
        fprintf(file, "%d\n", port);
        fclose(file);
    } else if (o->port_file != NULL) {
        return err_set(e, ERR_CONFIG, "cannot write \"%s\"", o->port_file);
    }
    const char *scheme = o->tls_cert == NULL ? "http" : "https";
    printf("listening on %s://127.0.0.1:%d\n", scheme, port);
    fflush(stdout);
    return true;
}

/* Thousands of connections may wait on a slow answer. */
static void allow_many_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static bool serve(struct sandbox *s, struct err *e)
{
    sigset_t ends;
    int which;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    allow_many_files();
    struct server *server = server_new(s, e);
    if (server == NULL)
        return false;
    bool ok = announce(&s->options, server_port(server), e);
    if (ok)
        sigwait(&ends, &which);
    server_free(server);
    return ok;
}

int main(int argc, char **argv)
{
    static struct sandbox sandbox;
    struct err e = ERR_INIT;
    bool ok = sandbox_init(&sandbox, argc, argv, &e);
    if (ok && sandbox.options.help)
        options_print_help(stdout);
    else if (ok)
        ok = serve(&sandbox, &e);
    sandbox_release(&sandbox);
    if (ok)
        return 0;
    fprintf(stderr, "qudra-sandbox: %s\n", e.message);
    if (e.hint[0] != '\0')
        fprintf(stderr, "%s\n", e.hint);
    return err_exit_status(e.kind);
}
