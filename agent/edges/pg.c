/*
 * Every wait is one poll() on the socket and on stop_fd, with a deadline of our own beside the
 * server's statement_timeout: it holds when the network is gone or a pool stands between. A wait
 * that ends early cancels the statement and drains it, so that the connection is clean or closed,
 * never in between.
 */
#include "edges/pg_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    CANCEL_MS = 2000, /* for the server to obey a cancel */
    GRACE_MS = 5000,  /* for the server's own statement_timeout to come first: it says more */
    GATHER_US = 150,  /* in which the rest of a long result may gather */
    LOOK_MS = 20,     /* after which a silent encrypted connection is read all the same */
};

static int64_t deadline_of(const struct pg *pg)
{
    if (pg->o.statement_timeout_ms <= 0)
        return INT64_MAX;
    return clock_mono_ms() + pg->o.statement_timeout_ms + (pg->pooled ? 0 : GRACE_MS);
}

static int timeout_until(int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1;
    int64_t left = deadline_ms - clock_mono_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* libpq takes no more of an encrypted record than it has room for. The rest is decrypted already:
 * the socket says nothing of it, and at the end of an answer will never say anything again. */
static int64_t look_again_at(const struct pg *pg)
{
    bool is_encrypted = PQsslInUse(pg->conn) || PQgssEncInUse(pg->conn);
    return is_encrypted ? clock_mono_ms() + LOOK_MS : INT64_MAX;
}

enum pg_wait_end pg_wait(const struct pg *pg, short events, int stop_fd, int64_t deadline_ms)
{
    int64_t look_ms = look_again_at(pg), until_ms = look_ms < deadline_ms ? look_ms : deadline_ms;
    struct pollfd fds[] = {{.fd = PQsocket(pg->conn), .events = events},
                           {.fd = stop_fd, .events = POLLIN}};
    if (fds[0].fd < 0)
        return PG_WAIT_READY; /* broken: the next libpq call says how */
    for (;;) {
        int n = poll(fds, ARRAY_LEN(fds), timeout_until(until_ms));
        if (n < 0 && errno != EINTR)
            BUG("poll: %s", strerror(errno));
        if (n > 0 && fds[1].revents)
            return PG_WAIT_STOPPED;
        if (n > 0)
            return PG_WAIT_READY;
        if (n == 0 && timeout_until(deadline_ms) == 0)
            return PG_WAIT_LATE;
        if (n == 0 && until_ms < deadline_ms)
            return PG_WAIT_READY;
    }
}

/* ---- ending a statement early ------------------------------------------------------------------
 */

static bool drain(const struct pg *pg)
{
    int64_t deadline = clock_mono_ms() + CANCEL_MS;
    for (;;) {
        while (PQisBusy(pg->conn))
            if (pg_wait(pg, POLLIN, -1, deadline) != PG_WAIT_READY || !PQconsumeInput(pg->conn))
                return false;
        PGresult *res = PQgetResult(pg->conn);
        if (!res)
            return true;
        PQclear(res);
    }
}

static bool ask_to_cancel(const struct pg *pg)
{
    char why[256];
    PGcancel *cancel = PQgetCancel(pg->conn);
    bool asked = cancel && PQcancel(cancel, why, sizeof(why));
    PQfreeCancel(cancel);
    return asked;
}

/* A statement that is only half sent cannot be drained: closing ends it too. */
static void interrupt(struct pg *pg)
{
    pg->sending = false;
    if (PQflush(pg->conn) != 0 || !ask_to_cancel(pg) || !drain(pg))
        pg_close(pg);
}

static bool wait_for(struct pg *pg, short events, int stop_fd, struct err *e)
{
    switch (pg_wait(pg, events, stop_fd, pg->deadline_ms)) {
    case PG_WAIT_READY:
        return true;
    case PG_WAIT_STOPPED:
        interrupt(pg);
        return err_set(e, ERR_STOPPED, "stopped while waiting for the %s", pg->where);
    case PG_WAIT_LATE:
        interrupt(pg);
        err_set(e, ERR_AWAY, "%s: no answer within database.statement_timeout, %" PRId64 " ms",
                pg->where, pg->o.statement_timeout_ms);
        return err_hint(e, "see whether the server is overloaded or an index is missing");
    }
    BUG("unknown end of a wait");
}

/* ---- one statement -----------------------------------------------------------------------------
 */

static bool ready_to_send(struct pg *pg, struct err *e)
{
    if (pg->sending)
        BUG("a statement is still being waited for");
    pg->deadline_ms = deadline_of(pg);
    return pg->conn || pg_fail_lost(pg, e);
}

/* While we still write, the server may already want to be read: both or neither would move. */
static bool flush(struct pg *pg, int stop_fd, struct err *e)
{
    int more;
    while ((more = PQflush(pg->conn)) > 0) {
        if (!wait_for(pg, POLLIN | POLLOUT, stop_fd, e))
            return false;
        if (!PQconsumeInput(pg->conn))
            return pg_fail_lost(pg, e);
    }
    return more == 0 || pg_fail_lost(pg, e);
}

static bool send_params(struct pg *pg, const char *sql, const struct pg_params *p, struct err *e)
{
    static const struct pg_params none;
    if (!p)
        p = &none;
    if (!ready_to_send(pg, e))
        return false;
    LOG_TRACE("statement", log_str("on", pg->o.what), log_str("sql", sql));
    if (!PQsendQueryParams(pg->conn, sql, p->n, p->type, p->value, p->length, p->format, 0))
        return pg_fail_lost(pg, e);
    return flush(pg, pg->o.stop_fd, e);
}

/* Each part of a result that we sleep for costs us a wake-up, and the server another. Of a long one
 * we let some gather before we look again: less than the socket holds, so the server is not
 * held up. */
static void gather(const struct pg *pg, int stop_fd)
{
    if (pg_wait(pg, POLLIN, stop_fd, 0) == PG_WAIT_READY)
        return;
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    ppoll(&stop, 1, &(struct timespec){.tv_nsec = GATHER_US * 1000L}, NULL);
}

static bool next_result(struct pg *pg, int stop_fd, PGresult **res, struct err *e)
{
    for (bool more = false; PQisBusy(pg->conn); more = true) {
        if (more)
            gather(pg, stop_fd);
        if (!wait_for(pg, POLLIN, stop_fd, e))
            return false;
        if (!PQconsumeInput(pg->conn))
            return pg_fail_lost(pg, e);
    }
    *res = PQgetResult(pg->conn);
    return true;
}

static bool has_failed(const PGresult *res)
{
    switch (PQresultStatus(res)) {
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return false;
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
    case PGRES_NONFATAL_ERROR:
        return true;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
    case PGRES_SINGLE_TUPLE:
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:
        break;
    }
    BUG("a result of a kind that is never asked for: %d", (int)PQresultStatus(res));
}

/* Reads to the end, which makes the connection free again; the first failure or the last result is
 * kept. */
static bool collect(struct pg *pg, int stop_fd, PGresult **out, struct err *e)
{
    PGresult *kept = NULL, *res = NULL;
    pg->sending = false;
    for (;;) {
        if (!next_result(pg, stop_fd, &res, e)) {
            PQclear(kept);
            return false;
        }
        if (!res)
            break;
        if (kept && has_failed(kept)) {
            PQclear(res);
            continue;
        }
        PQclear(kept);
        kept = res;
    }
    if (!kept || has_failed(kept)) {
        bool lost = !kept ? pg_fail_lost(pg, e) : pg_fail_result(pg, kept, e);
        PQclear(kept);
        return lost;
    }
    *out = kept;
    return true;
}

static bool receive(struct pg *pg, struct pg_result **out, struct err *e)
{
    PGresult *res;
    if (!collect(pg, pg->o.stop_fd, &res, e))
        return false;
    if (!out) {
        PQclear(res);
        return true;
    }
    *out = mem_alloc(sizeof(**out));
    **out = (struct pg_result){
        .res = res, .rows = (size_t)PQntuples(res), .columns = (size_t)PQnfields(res)};
    return true;
}

bool pg_query(struct pg *pg, const char *sql, const struct pg_params *params,
              struct pg_result **out, struct err *e)
{
    return send_params(pg, sql, params, e) && receive(pg, out, e);
}

bool pg_send(struct pg *pg, const char *sql, const struct pg_params *params, struct err *e)
{
    pg->sending = send_params(pg, sql, params, e);
    return pg->sending;
}

bool pg_receive(struct pg *pg, struct pg_result **out, struct err *e)
{
    if (!pg->sending)
        BUG("nothing was sent that could be received");
    pg->deadline_ms = deadline_of(pg);
    return receive(pg, out, e);
}

void pg_read_ahead(struct pg *pg, bool whole)
{
    int64_t deadline = whole ? deadline_of(pg) : 0;
    for (bool more = false; pg->sending && pg->conn && PQisBusy(pg->conn); more = true) {
        if (whole && more)
            gather(pg, pg->o.stop_fd);
        if (pg_wait(pg, POLLIN, pg->o.stop_fd, deadline) != PG_WAIT_READY ||
            !PQconsumeInput(pg->conn))
            return;
    }
}

bool pg_is_sending(const struct pg *pg)
{
    return pg->sending;
}

void pg_give_up(struct pg *pg)
{
    if (pg->sending)
        interrupt(pg);
}

/* The simple protocol: several statements, no parameters. `tag` gets the last command's, if wanted.
 */
static bool run(struct pg *pg, const char *sql, int stop_fd, char tag[32], struct err *e)
{
    PGresult *res;
    if (!ready_to_send(pg, e))
        return false;
    if (!PQsendQuery(pg->conn, sql))
        return pg_fail_lost(pg, e);
    if (!flush(pg, stop_fd, e) || !collect(pg, stop_fd, &res, e))
        return false;
    if (tag)
        snprintf(tag, 32, "%s", PQcmdStatus(res));
    PQclear(res);
    return true;
}

bool pg_script(struct pg *pg, const char *sql, struct err *e)
{
    return run(pg, sql, pg->o.stop_fd, NULL, e);
}

/* ---- transactions ------------------------------------------------------------------------------
 */

bool pg_begin(struct pg *pg, struct err *e)
{
    return run(pg, "BEGIN", pg->o.stop_fd, NULL, e);
}

/* The server answers a COMMIT of a failed transaction with a friendly ROLLBACK. */
bool pg_commit(struct pg *pg, struct err *e)
{
    char tag[32];
    if (!run(pg, "COMMIT", pg->o.stop_fd, tag, e))
        return false;
    if (strcmp(tag, "COMMIT") == 0)
        return true;
    return err_set(e, ERR_INTERNAL, "%s: the transaction had failed and was rolled back",
                   pg->where);
}

/* Runs although a stop is asked for: it is how a stop leaves things clean. */
void pg_rollback(struct pg *pg)
{
    struct err ignored = ERR_INIT;
    pg_give_up(pg);
    if (!pg_alive(pg) || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
        return;
    if (!run(pg, "ROLLBACK", -1, NULL, &ignored))
        pg_close(pg);
}

bool pg_in_transaction(const struct pg *pg)
{
    return pg->conn && PQtransactionStatus(pg->conn) != PQTRANS_IDLE;
}

/* ---- notifications -----------------------------------------------------------------------------
 */

bool pg_listen(struct pg *pg, const char *channel, struct err *e)
{
    if (!ready_to_send(pg, e))
        return false;
    char *name = PQescapeIdentifier(pg->conn, channel, strlen(channel));
    char sql[256];
    if (!name)
        return pg_fail_lost(pg, e);
    snprintf(sql, sizeof(sql), "LISTEN %s", name);
    PQfreemem(name);
    return pg_script(pg, sql, e);
}

int pg_fd(const struct pg *pg)
{
    return pg->conn ? PQsocket(pg->conn) : -1;
}

bool pg_notified(struct pg *pg, struct err *e)
{
    bool any = false;
    e->kind = ERR_NONE;
    if (!pg->conn || !PQconsumeInput(pg->conn)) {
        pg_fail_lost(pg, e);
        return false;
    }
    for (PGnotify *n; (n = PQnotifies(pg->conn)); any = true)
        PQfreemem(n);
    return any;
}
