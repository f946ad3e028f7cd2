/*
 * The session's settings go along as startup options: no round trip, no moment without them, and
 * they come back by themselves after a server's RESET. pgbouncer refuses such options; then the
 * connection is opened without (or, where it drops them unsaid, taken for one without). A SET of
 * what pgbouncer does not track would stick to its server connection and hit another client of the
 * pool (a partner's own program, made read-only by us), so only what it does track is set.
 *
 * libpq quotes what it could not read of a url, and with an unescaped '@' or '/' in the password
 * that is a piece of it. Hence the url is parsed and looked at here first, and never quoted.
 */
#include "edges/pg_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MARK "qudra_sync.settings" /* whether the startup options came through */

enum { MAX_KEYWORDS = 64, DEFAULT_CONNECT_MS = 10000 };

struct keywords {
    const char *name[MAX_KEYWORDS + 1], *value[MAX_KEYWORDS + 1];
    int n;
};

static void add_keyword(struct keywords *k, const char *name, const char *value)
{
    if (k->n == MAX_KEYWORDS)
        BUG("libpq has more than %d connection options", MAX_KEYWORDS);
    k->name[k->n] = name;
    k->value[k->n++] = value;
}

static const char *option_value(const PQconninfoOption *list, const char *name)
{
    for (; list->keyword; list++)
        if (strcmp(list->keyword, name) == 0)
            return list->val;
    return NULL;
}

static void add_setting(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "%s-c %s=", b->len > 0 ? " " : "", name);
    for (; *value; value++) {
        if (isspace((unsigned char)*value) || *value == '\\')
            buf_addch(b, '\\');
        buf_addch(b, *value);
    }
}

/* Ours come last, and the last one counts. */
static void write_settings(const struct pg *pg, const char *users, struct buf *b)
{
    char ms[32];
    snprintf(ms, sizeof(ms), "%" PRId64, pg->o.statement_timeout_ms);
    buf_addstr(b, users ? users : "");
    if (!pg->o.own_search_path)
        add_setting(b, "search_path", "");
    if (pg->o.read_only)
        add_setting(b, "default_transaction_read_only", "on");
    add_setting(b, "statement_timeout", ms);
    add_setting(b, "TimeZone", pg->o.time_zone);
    add_setting(b, "DateStyle", "ISO");
    add_setting(b, "IntervalStyle", "postgres");
    add_setting(b, "bytea_output", "hex");
    add_setting(b, "standard_conforming_strings", "on");
    add_setting(b, "jit", "off"); /* costs more than any statement of ours */
    add_setting(b, MARK, "on");
}

static bool is_url(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

/* Signs of a password that was not percent-encoded and so was cut to pieces. */
static bool is_torn(const char *url, const PQconninfoOption *list)
{
    const char *host = option_value(list, "host");
    const char *db = option_value(list, "dbname");
    const char *port = option_value(list, "port");
    if (is_url(url) && ((host && strchr(host, '@')) || (db && strchr(db, '@'))))
        return true;
    return port && port[strspn(port, "0123456789,")];
}

static bool parse_url(const struct pg *pg, PQconninfoOption **list, struct err *e)
{
    *list = PQconninfoParse(pg->o.url, NULL);
    if (*list && !is_torn(pg->o.url, *list))
        return true;
    PQconninfoFree(*list);
    err_set(e, ERR_CONFIG, "the url of the %s database cannot be read", pg->o.what);
    return err_hint(e,
                    "write postgresql://user:password@host:5432/database, with signs like @ / : # "
                    "in the password percent-encoded");
}

/* target_session_attrs asks the session, and one that we make read-only would answer for us: what
 * is meant is the server. */
static const char *meant(const struct pg *pg, const PQconninfoOption *o)
{
    static const char *const servers[][2] = {{"read-write", "primary"}, {"read-only", "standby"}};
    if (!pg->o.read_only || strcmp(o->keyword, "target_session_attrs") != 0)
        return o->val;
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (strcmp(o->val, servers[i][0]) == 0)
            return servers[i][1];
    return o->val;
}

/* A peer that has gone silent is noticed in about the time that a connect may take: by what is sent
 * to it, and by PQcancel, which knows no time-out of its own. */
static PGconn *start(const struct pg *pg, const PQconninfoOption *list)
{
    struct keywords k = {.n = 0};
    struct buf settings = BUF_INIT(8192);
    char user_timeout[32];
    const char *users = option_value(list, "options");
    for (const PQconninfoOption *o = list; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "options") != 0 &&
            strcmp(o->keyword, "client_encoding") != 0)
            add_keyword(&k, o->keyword, meant(pg, o));
    add_keyword(&k, "client_encoding", "UTF8");
    add_keyword(&k, "fallback_application_name", pg->o.application_name);
    snprintf(user_timeout, sizeof(user_timeout), "%" PRId64, pg->o.connect_timeout_ms);
    if (!option_value(list, "tcp_user_timeout"))
        add_keyword(&k, "tcp_user_timeout", user_timeout);
    if (!pg->pooled) {
        write_settings(pg, users ? users : getenv("PGOPTIONS"), &settings);
        add_keyword(&k, "options", buf_str(&settings));
    }
    PGconn *conn = PQconnectStartParams(k.name, k.value, 0);
    buf_release(&settings);
    if (!conn)
        BUG("out of memory");
    return conn;
}

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static void note_where(struct pg *pg)
{
    const char *host = PQhost(pg->conn), *db = PQdb(pg->conn);
    snprintf(pg->where, sizeof(pg->where), "%s database \"%s\" on host %s", pg->o.what,
             db ? db : "", host && *host ? host : "localhost");
}

/* Drives the connection to its end; false, without an err, when the server does not want us. */
static bool drive(struct pg *pg, struct err *e)
{
    int64_t deadline = clock_mono_ms() + pg->o.connect_timeout_ms;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (PQstatus(pg->conn) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
           next != PGRES_POLLING_FAILED) {
        switch (pg_wait(pg, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, pg->o.stop_fd,
                        deadline)) {
        case PG_WAIT_READY:
            next = PQconnectPoll(pg->conn);
            break;
        case PG_WAIT_STOPPED:
            return err_set(e, ERR_STOPPED, "stopped while connecting to the %s", pg->where);
        case PG_WAIT_LATE:
            err_set(e, ERR_AWAY, "%s: no connection within %" PRId64 " ms", pg->where,
                    pg->o.connect_timeout_ms);
            return err_hint(e, "see that the server is up and that no firewall drops its answers");
        }
    }
    return next == PGRES_POLLING_OK || pg_fail_connect(pg, e);
}

static bool open_once(struct pg *pg, struct err *e)
{
    PQconninfoOption *list;
    if (!parse_url(pg, &list, e))
        return false;
    pg->conn = start(pg, list);
    PQconninfoFree(list);
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE); /* for the SQLSTATE: see pg_errors.c */
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    note_where(pg);
    if (!drive(pg, e)) {
        pg_close(pg);
        return false;
    }
    note_where(pg); /* of several hosts, the one that answered */
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    if (PQsetnonblocking(pg->conn, 1) != 0)
        BUG("out of memory");
    return true;
}

static bool set_tracked(struct pg *pg, struct err *e)
{
    char *zone = PQescapeLiteral(pg->conn, pg->o.time_zone, strlen(pg->o.time_zone));
    char sql[256];
    if (!zone)
        return pg_fail_lost(pg, e);
    snprintf(sql, sizeof(sql),
             "SET TimeZone = %s; SET DateStyle = 'ISO'; SET standard_conforming_strings = on",
             zone);
    PQfreemem(zone);
    return pg_script(pg, sql, e);
}

/* libpq reads as much at once as its buffer holds: 16 KB, until a message needs more (fe-misc.c,
 * pqReadData). One that is this long lets it read a page in a few parts from then on. Pages come
 * from where nothing is written. */
static bool widen(struct pg *pg, struct err *e)
{
    return !pg->o.read_only ||
           pg_query(pg, "SELECT pg_catalog.repeat(' ', 128 * 1024)", NULL, NULL, e);
}

/* A pool may also take the options and drop them (pgbouncer's ignore_startup_parameters). */
static bool see_settings(struct pg *pg, struct err *e)
{
    struct pg_result *r;
    if (!pg_query(pg, "SELECT pg_catalog.current_setting('" MARK "', true) = 'on'", NULL, &r, e))
        return false;
    pg->pooled = !pg_bool(r, 0, 0);
    pg_result_free(r);
    return true;
}

/* A server that knows no encoding would refuse, for UTF8, the whole page that holds one broken
 * cell: its bytes are taken as they are, and the mapping refuses the row. */
static bool take_bytes_as_they_are(struct pg *pg, struct err *e)
{
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    if (!encoding || strcmp(encoding, "SQL_ASCII") != 0 || !pg->o.own_search_path)
        return true;
    if (PQsetClientEncoding(pg->conn, "SQL_ASCII") == 0)
        return true;
    return err_set(e, ERR_INTERNAL, "%s: the client encoding cannot be set", pg_where(pg));
}

static bool open_connection(struct pg *pg, struct err *e)
{
    pg->pooled = false;
    if (open_once(pg, e))
        return see_settings(pg, e) && (!pg->pooled || set_tracked(pg, e)) &&
               take_bytes_as_they_are(pg, e) && widen(pg, e);
    if (!strstr(e->message, "unsupported startup parameter"))
        return false;
    pg->pooled = true;
    *e = (struct err)ERR_INIT;
    return open_once(pg, e) && set_tracked(pg, e) && take_bytes_as_they_are(pg, e) && widen(pg, e);
}

bool pg_connect(struct pg **out, const struct pg_options *o, struct err *e)
{
    struct pg *pg = mem_alloc(sizeof(*pg));
    arena_init(&pg->arena, 0);
    pg->o = *o;
    pg->o.url = arena_strdup(&pg->arena, o->url);
    pg->o.what = arena_strdup(&pg->arena, o->what);
    pg->o.application_name = arena_strdup(&pg->arena, o->application_name);
    pg->o.time_zone = arena_strdup(&pg->arena, o->time_zone ? o->time_zone : "UTC");
    if (pg->o.connect_timeout_ms <= 0)
        pg->o.connect_timeout_ms = DEFAULT_CONNECT_MS;
    if (!open_connection(pg, e)) {
        pg_free(pg);
        return false;
    }
    *out = pg;
    return true;
}

bool pg_reconnect(struct pg *pg, struct err *e)
{
    pg_close(pg);
    if (open_connection(pg, e))
        return true;
    e->kind = e->kind == ERR_CONFIG ? ERR_AWAY : e->kind;
    return false;
}

void pg_close(struct pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->sending = false;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    pg_close(pg);
    arena_release(&pg->arena);
    mem_free(pg);
}

bool pg_alive(const struct pg *pg)
{
    return pg->conn && PQstatus(pg->conn) == CONNECTION_OK;
}

const char *pg_where(const struct pg *pg)
{
    return pg->where;
}

bool pg_is_pooled(const struct pg *pg)
{
    return pg->pooled;
}

bool pg_is_utf8(const struct pg *pg)
{
    const char *server = pg->conn ? PQparameterStatus(pg->conn, "server_encoding") : NULL;
    return server && strcmp(server, "UTF8") == 0 &&
           PQclientEncoding(pg->conn) == pg_char_to_encoding("UTF8");
}
