/*
 * What the server or libpq says, as an err: its kind by SQLSTATE, and what to do about it.
 *
 * libpq gives no SQLSTATE for a connection that did not come about; the verbose form of the message
 * has it, and it is taken out of there again. Its second and further lines are location and advice
 * of its own, except that each host tried has a line.
 */
#include "edges/pg_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SQLSTATE_LEN = 5 };

static bool in_classes(const char *sqlstate, const char *classes)
{
    for (const char *c = classes; *c; c += strcspn(c, " "), c += *c == ' ')
        if (strncmp(sqlstate, c, strcspn(c, " ")) == 0)
            return true;
    return false;
}

static enum err_kind kind_of(const char *sqlstate)
{
    if (in_classes(sqlstate, "08 53 57 40 55 25006 25P03"))
        return ERR_AWAY;
    return in_classes(sqlstate, "28 3D 3F 42") ? ERR_CONFIG : ERR_INTERNAL;
}

static const struct {
    const char *sqlstate;
    const char *hint;
} hints[] = {
    {"28", "check the user and the password in the database's url, and the server's pg_hba.conf"},
    {"3D000", "create the database, or correct its name in the database's url"},
    {"42P01", "check the name, and write it with its schema, as in public.jobs"},
    {"3F000", "check the schema's name"},
    {"42703", "check the column's name"},
    {"53300", "the server has no connection left: raise max_connections or close some"},
    {"57014", "the statement took longer than database.statement_timeout: an index may be missing"},
    {"57P03", "the server is starting or stopping: it is tried again"},
    {"25006", "the server is read-only, as a standby is: name the primary in the database's url"},
};

static void hint_by_sqlstate(struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(hints) && !e->hint[0]; i++)
        if (strncmp(e->sqlstate, hints[i].sqlstate, strlen(hints[i].sqlstate)) == 0)
            err_hint(e, "%s", hints[i].hint);
}

/* "permission denied for table x": the server gives the object in its message alone. */
static void hint_missing_right(const struct pg *pg, const char *message, struct err *e)
{
    const char *rows = pg->o.read_only ? "SELECT" : "SELECT, INSERT, UPDATE, DELETE";
    const struct {
        const char *start, *right, *on;
    } rights[] = {
        {"permission denied for table ", rows, ""},
        {"permission denied for view ", rows, ""},
        {"permission denied for materialized view ", "SELECT", ""},
        {"permission denied for schema ", "USAGE", "SCHEMA "},
        {"permission denied for function ", "EXECUTE", "FUNCTION "},
        {"permission denied for database ", "CREATE", "DATABASE "},
    };
    for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
        size_t len = strlen(rights[i].start);
        if (strncmp(message, rights[i].start, len) == 0)
            err_hint(e, "let the owner run: GRANT %s ON %s%s TO \"%s\"", rights[i].right,
                     rights[i].on, message + len, PQuser(pg->conn));
    }
    if (!e->hint[0])
        err_hint(e, "let the owner give role \"%s\" the right that is missing", PQuser(pg->conn));
}

static void put_sqlstate(struct err *e, const char *sqlstate)
{
    memcpy(e->sqlstate, sqlstate, SQLSTATE_LEN);
    e->sqlstate[SQLSTATE_LEN] = '\0';
}

bool pg_fail_result(const struct pg *pg, const PGresult *res, struct err *e)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    if (!sqlstate || strlen(sqlstate) != SQLSTATE_LEN || !message)
        return pg_fail_lost(pg, e);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
    err_set(e, kind_of(sqlstate), "%s: %s", pg->where, message);
    put_sqlstate(e, sqlstate);
    e->sql_position = position ? (int)strtol(position, NULL, 10) : 0;
    if (hint)
        err_hint(e, "%s", hint);
    else if (strcmp(sqlstate, "42501") == 0)
        hint_missing_right(pg, message, e);
    hint_by_sqlstate(e);
    return false;
}

bool pg_fail_lost(const struct pg *pg, struct err *e)
{
    const char *message = pg->conn ? PQerrorMessage(pg->conn) : "it was closed";
    int first_line = (int)strcspn(message, "\n");
    err_set(e, ERR_AWAY, "lost the connection to the %s: %.*s", pg->where, first_line, message);
    return err_hint(e, "see that the server is up and can be reached: it is tried again");
}

/* ---- connecting --------------------------------------------------------------------------------
 */

/* Finds "FATAL:  28P01: " in a line: the length of its part before and of the whole. */
static const char *find_sqlstate(const char *line, size_t len)
{
    for (const char *p = line; p + SQLSTATE_LEN + 4 <= line + len; p++) {
        if (strncmp(p, "  ", 2) != 0 || strncmp(p + 2 + SQLSTATE_LEN, ": ", 2) != 0)
            continue;
        size_t n = 0;
        while (n < SQLSTATE_LEN &&
               (isdigit((unsigned char)p[2 + n]) || isupper((unsigned char)p[2 + n])))
            n++;
        if (n == SQLSTATE_LEN)
            return p + 2;
    }
    return NULL;
}

/* One line, without severity and SQLSTATE, which goes into `sqlstate` when it is the first. */
static void add_line(struct buf *out, const char *line, size_t len, char sqlstate[SQLSTATE_LEN + 1])
{
    if (out->len > 0)
        buf_addstr(out, "; ");
    const char *code = find_sqlstate(line, len);
    if (!code) {
        buf_add(out, line, len);
        return;
    }
    if (!sqlstate[0])
        memcpy(sqlstate, code, SQLSTATE_LEN);
    const char *severity = code;
    while (severity > line &&
           (severity[-1] == ' ' || severity[-1] == ':' || isupper((unsigned char)severity[-1])))
        severity--;
    const char *rest = code + SQLSTATE_LEN + 2;
    buf_add(out, line, (size_t)(severity - line));
    buf_addstr(out, severity > line ? ": " : "");
    buf_add(out, rest, (size_t)(line + len - rest));
}

bool pg_fail_connect(const struct pg *pg, struct err *e)
{
    struct buf text = BUF_INIT(sizeof(e->message));
    char sqlstate[SQLSTATE_LEN + 1] = "";
    static const char host_line[] = "connection to server";
    for (const char *line = PQerrorMessage(pg->conn); *line;) {
        size_t len = strcspn(line, "\n");
        if (text.len == 0 || strncmp(line, host_line, strlen(host_line)) == 0)
            add_line(&text, line, len, sqlstate);
        line += len + (line[len] == '\n');
    }
    enum err_kind kind = ERR_AWAY;
    if (PQconnectionNeedsPassword(pg->conn) ||
        (sqlstate[0] && kind_of(sqlstate) != ERR_AWAY)) /* a setting that is refused, too */
        kind = ERR_CONFIG;
    err_set(e, kind, "%s: %s", pg->where, buf_str(&text));
    buf_release(&text);
    put_sqlstate(e, sqlstate);
    if (PQconnectionNeedsPassword(pg->conn))
        err_hint(e, "give a password in the database's url, in PGPASSWORD or in a pgpass file");
    hint_by_sqlstate(e);
    if (!e->hint[0] && kind == ERR_AWAY)
        err_hint(e, "see that the server is up and that the database's url names it");
    return false;
}
