/*
 * The triggers of `detect: trigger`: there, made for this form of the mapping, enabled on the right
 * table, and unable to fail a write of the partner's.
 */
#include "commands/check.h"
#include "edges/outbox.h"
#include "edges/sql.h"

static bool read_triggers(struct check *c, struct pg *pg, const struct mapping *m, bool *works,
                          bool *partial, struct err *e)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, mapping_table_name(m, c->arena));
    pg_add_str(&p, mapping_watch_name(m, "change_", c->arena));
    bool ok = pg_query(pg, sql_check_triggers, &p, &r, e);
    if (ok) {
        *works = pg_bool(r, 0, 0);
        *partial = pg_bool(r, 0, 1);
    }
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

static bool refuse_standby(struct err *e)
{
    err_set(e, ERR_CONFIG, "the source is a standby, and the outbox has to be emptied");
    return err_hint(e, "name the primary in database.source_url, or take another `detect`");
}

static bool refuse_function(const struct mapping *m, struct err *e)
{
    err_set(e, ERR_CONFIG,
            "the owner of the trigger's function may not write into qudra_sync.change: every write "
            "to \"%s\" fails",
            m->table->text);
    return err_hint(e, "run `qudra-sync migrate --triggers --role` with the agent's role");
}

static void say_triggers(struct check *c, const struct mapping *m, bool partial, bool may_notify)
{
    check_say(c, CHECK_OK, NULL, "the triggers on \"%s\" are there and fit the mapping",
              m->table->text);
    if (partial)
        check_say(
            c, CHECK_WARNING,
            "let the table's owner run `qudra-sync migrate --triggers`: he alone may have them "
            "always fire",
            "writes under session_replication_role = replica, as logical replication's are, "
            "wait for the next sweep");
    if (!may_notify)
        check_say(
            c, CHECK_WARNING,
            "if nobody prepares transactions there, set max_prepared_transactions to 0 on the "
            "server; or choose a short sync.interval",
            "the triggers may not wake the agent where transactions can be prepared: the "
            "interval decides how soon a change is met");
}

void check_triggers(struct check *c, struct pg *pg, const struct mapping *m)
{
    struct err e = ERR_INIT;
    struct outbox_state now;
    bool works, partial;
    if (m->detect != DETECT_TRIGGER)
        return;
    bool ok = (c->standby ? refuse_standby(&e) : outbox_require(pg, m, &now, &e)) &&
              read_triggers(c, pg, m, &works, &partial, &e) && (works || refuse_function(m, &e));
    if (ok) {
        say_triggers(c, m, partial, now.may_notify);
        return;
    }
    err_prefix(&e, "detect: trigger: ");
    check_fail(c, &e);
}
