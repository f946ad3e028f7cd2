/*
 * One mapping against its source. PostgreSQL tells one mistake of a statement at a time, so when
 * the whole does not compile each part of the mapping is compiled by itself: one run shows them
 * all.
 */
#include <string.h>

#include "commands/check.h"
#include "edges/sql.h"

#define AMBIGUOUS_HOUR_MS 3600000

/* ---- the partner's SQL ----------------------------------------------------------------------- */

static bool compiles(const struct check *c, struct pg *pg, const struct mapping *m,
                     struct problems *problems)
{
    struct source *s = NULL;
    struct err e = ERR_INIT;
    bool ok = source_open(&s, pg, m, c->setup->config->time_zone, problems, &e);
    source_free(s);
    return ok;
}

/* The mapping with nothing but one part of its key: what every query of it stands on. */
static struct mapping bare_mapping(const struct mapping *m, size_t key)
{
    struct mapping bare = *m;
    bare.key[0] = m->key[key];
    bare.n_key = 1;
    bare.updated_at = bare.where = bare.removed = bare.priority = bare.account_sql = NULL;
    bare.n_due = 0;
    bare.write_back_job_id = bare.write_back_url = bare.write_back_status = NULL;
    memset(bare.field, 0, sizeof bare.field);
    return bare;
}

static void check_expressions(const struct check *c, struct pg *pg, const struct mapping *m,
                              const struct mapping *bare, struct problems *problems)
{
    struct mapping part[] = {*bare, *bare, *bare, *bare, *bare};
    part[0].updated_at = m->updated_at;
    part[1].where = m->where;
    part[2].removed = m->removed;
    part[3].priority = m->priority;
    part[4].account_sql = m->account_sql;
    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        (void)compiles(c, pg, &part[i], problems);
    for (size_t i = 0; i < m->n_due; i++) {
        struct mapping due = *bare;
        due.due = &m->due[i];
        due.n_due = 1;
        (void)compiles(c, pg, &due, problems);
    }
    for (size_t i = 0; i < JOB_FIELDS; i++) {
        struct mapping field = *bare;
        field.field[i] = m->field[i];
        (void)compiles(c, pg, &field, problems);
    }
}

static void find_mistakes(const struct check *c, struct pg *pg, const struct mapping *m,
                          struct problems *problems)
{
    size_t bad = 0;
    for (size_t i = 0; i < m->n_key; i++) {
        struct mapping bare = bare_mapping(m, i);
        bad += !compiles(c, pg, &bare, problems);
        if (bad > 0 && i == 0)
            return; /* most likely the table itself: every part would say so again */
    }
    struct mapping bare = bare_mapping(m, 0);
    check_expressions(c, pg, m, &bare, problems);
    if (problems->errors == 0)
        (void)compiles(c, pg, m, problems);
}

static struct source *open_source(struct check *c, struct pg *pg, struct check_section *section)
{
    struct source *s;
    struct err e = ERR_INIT;
    if (source_open(&s, pg, section->mapping, c->setup->config->time_zone, NULL, &e))
        return s;
    if (e.kind == ERR_CONFIG)
        find_mistakes(c, pg, section->mapping, &section->problems);
    size_t n = section->problems.errors;
    if (n > 0)
        err_set(&e, ERR_CONFIG, "PostgreSQL refuses %zu part%s of it", n, n == 1 ? "" : "s");
    check_fail(c, &e);
    return NULL;
}

/* ---- times ----------------------------------------------------------------------------------- */

static bool is_local(const char *type)
{
    return type != NULL && strncmp(type, "timestamp", 9) == 0 &&
           strstr(type, "with time zone") == NULL && strcmp(type, "timestamptz") != 0;
}

/* Where clocks are put back, one local hour names two: with less overlap than that, the second of
 * them lies behind the watermark already. */
static void check_zone(struct check *c, struct pg *pg, const struct mapping *m, const char *zone)
{
    struct err e = ERR_INIT;
    struct pg_params p;
    struct pg_result *r = NULL;
    const struct config *config = c->setup->config;
    int64_t overlap = m->overlap_ms >= 0 ? m->overlap_ms : config->overlap_ms;
    pg_params_init(&p);
    pg_add_str(&p, zone);
    if (!pg_query(pg, sql_check_zone, &p, &r, &e))
        check_fail(c, &e);
    else if (pg_bool(r, 0, 0) && overlap < AMBIGUOUS_HOUR_MS)
        check_say(c, CHECK_WARNING, "give it `overlap: 1h`, or keep updated_at in UTC",
                  "once a year an hour of \"%s\" comes twice, and what changes in the second waits "
                  "for the next sweep",
                  zone);
    pg_result_free(r);
    pg_params_release(&p);
}

static void check_times(struct check *c, struct pg *pg, const struct mapping *m,
                        const struct mapping_types *types)
{
    const char *zone = m->time_zone != NULL ? m->time_zone : c->setup->config->time_zone;
    if (m->time_zone == NULL && (is_local(types->changed) || is_local(types->due)))
        check_say(c, CHECK_WARNING,
                  "say which zone they are in by source.time_zone: many frameworks write UTC",
                  "%s has no time zone and is read as \"%s\"",
                  is_local(types->changed) ? "updated_at" : "due", zone);
    if (m->detect == DETECT_WATERMARK && is_local(types->changed))
        check_zone(c, pg, m, zone);
}

/* ---- write-back ------------------------------------------------------------------------------ */

static const char *granted_columns(struct check *c, const struct mapping *m)
{
    const char *const columns[] = {m->write_back_job_id, m->write_back_url, m->write_back_status};
    struct buf list = BUF_INIT(1024);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (columns[i] != NULL)
            buf_printf(&list, "%s\"%s\"", list.len > 0 ? ", " : "", columns[i]);
    const char *kept = arena_strdup(c->arena, buf_str(&list));
    buf_release(&list);
    return kept;
}

/* Planning the UPDATE asks for every right that running it needs, and writes nothing. */
static bool plan_write_back(struct check *c, struct pg *pg, const struct mapping *m,
                            const struct mapping_types *types, struct err *e)
{
    struct pg_params p;
    struct pg_array none;
    const char *sql =
        mapping_sql(m, MAPPING_WRITE_BACK, types, c->setup->config->time_zone, c->arena, e);
    if (sql == NULL)
        return false;
    pg_params_init(&p);
    pg_array_init(&none, PG_TEXT);
    for (size_t i = 0; i < m->n_key + 3; i++)
        pg_add_array(&p, &none);
    bool ok = pg_query(pg, arena_printf(c->arena, "EXPLAIN %s", sql), &p, NULL, e);
    pg_array_release(&none);
    pg_params_release(&p);
    return ok;
}

static void check_write_back(struct check *c, struct pg *pg, const struct mapping *m,
                             const struct mapping_types *types)
{
    struct err e = ERR_INIT;
    if (!mapping_writes_back(m))
        return;
    if (c->standby) {
        err_set(&e, ERR_CONFIG, "write_back: the source is a standby, which nobody may write to");
        err_hint(&e, "name the primary in database.source_url, or leave write_back out");
        check_fail(c, &e);
        return;
    }
    if (plan_write_back(c, pg, m, types, &e)) {
        check_say(c, CHECK_OK, NULL, "write_back may update %s", granted_columns(c, m));
        return;
    }
    err_prefix(&e, "write_back: ");
    if (strcmp(e.sqlstate, "42501") == 0)
        err_hint(&e, "let the owner run: GRANT SELECT (%s), UPDATE (%s) ON %s TO the agent's role",
                 granted_columns(c, m), granted_columns(c, m), m->table->text);
    check_fail(c, &e);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void say_trial(struct check *c, const struct mapping *m, const struct trial *t)
{
    check_say(c, t->refused > 0 ? CHECK_WARNING : CHECK_OK, NULL,
              "%lld rows tried%s: %lld accepted, %lld refused, %lld removed", (long long)t->rows,
              t->whole ? ", which is all" : "", (long long)t->accepted, (long long)t->refused,
              (long long)t->removed);
    if (t->rows == 0)
        check_say(c, CHECK_WARNING, "see that `where` lets rows through",
                  "the source has no row to mirror");
    if (t->undated > 0 && m->detect == DETECT_WATERMARK)
        check_say(c, CHECK_WARNING, "fill updated_at, or give coalesce(updated_at, created_at)",
                  "updated_at is NULL in %lld of them: their changes wait for the next sweep",
                  (long long)t->undated);
}

/* Where the state is out of reach, its accounts are not known either. */
static enum trial_whose whose(const void *context, const char *account)
{
    const struct check *c = context;
    const struct setup_account *known = setup_account(c->setup, account);
    if (known != NULL)
        return known->chosen ? TRIAL_OURS : TRIAL_LEFT_OUT;
    return c->setup->config->database_accounts && !c->accounts_read ? TRIAL_OURS : TRIAL_NOBODYS;
}

static bool try_rows(struct check *c, struct source *s, struct check_section *section)
{
    struct err e = ERR_INIT;
    const struct trial_accounts accounts = {.whose = whose, .context = c};
    section->tried = true;
    if (trial_run(&section->trial, s, section->mapping, &accounts, c->limit, &e)) {
        say_trial(c, section->mapping, &section->trial);
        return true;
    }
    check_fail(c, &e);
    return false;
}

void check_mapping(struct check *c, struct pg *pg, const struct mapping *m)
{
    struct check_section *section = check_section(c, arena_printf(c->arena, "mapping %s", m->name));
    section->mapping = m;
    struct source *s = open_source(c, pg, section);
    if (s == NULL)
        return;
    const struct mapping_types *types = source_types(s);
    check_times(c, pg, m, types);
    check_write_back(c, pg, m, types);
    check_triggers(c, pg, m);
    if (try_rows(c, s, section))
        check_plans(c, pg, m, types, section->trial.last_key);
    source_free(s);
}
