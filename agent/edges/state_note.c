/*
 * What the partner's own columns have still to be told. Only what could not be written in the
 * transaction that recorded it is ever noted here, so the table is nearly always empty.
 */
#include "edges/state_internal.h"

static void add_rows(struct state_call *c, const struct note *notes, size_t n)
{
    struct pg_array *mapping = state_call_column(c, PG_TEXT);
    struct pg_array *key = state_call_column(c, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(mapping, notes[i].mapping);
        pg_array_str(key, notes[i].key);
    }
}

static bool write_rows(struct pg *pg, const struct lease *l, const char *sql,
                       const struct note *notes, size_t n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    add_rows(&c, notes, n);
    return state_write(&c, sql, NULL, e);
}

bool state_note(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                struct err *e)
{
    return write_rows(pg, l, sql_state_note, notes, n, e);
}

bool state_note_done(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                     struct err *e)
{
    return write_rows(pg, l, sql_state_note_done, notes, n, e);
}

bool state_note_later(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                      struct err *e)
{
    return write_rows(pg, l, sql_state_note_later, notes, n, e);
}

bool state_notes(struct pg *pg, struct note *notes, size_t n, struct arena *a, struct err *e)
{
    enum { PLACE, ID, URL, STATUS };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    add_rows(&c, notes, n);
    if (!state_read(&c, sql_state_notes, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct note *note = &notes[state_read_place(r, row, PLACE, n)];
        note->job_id = arena_strdup(a, pg_str(r, row, ID));
        note->qudra_url = arena_strdup(a, pg_str(r, row, URL));
        note->job_status = arena_strdup(a, pg_str(r, row, STATUS));
    }
    pg_result_free(r);
    return true;
}

bool state_notes_due(struct pg *pg, const char *account, size_t limit, struct arena *a,
                     struct note **notes, size_t *n, struct err *e)
{
    enum { MAPPING, KEY };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    pg_add_int(&c.params, (int64_t)limit);
    if (!state_read(&c, sql_state_notes_due, &r, e))
        return false;
    *n = pg_rows(r);
    *notes = arena_alloc(a, (*n + 1) * sizeof **notes);
    for (size_t i = 0; i < *n; i++)
        (*notes)[i] = (struct note){.mapping = arena_strdup(a, pg_str(r, i, MAPPING)),
                                    .key = arena_strdup(a, pg_str(r, i, KEY))};
    pg_result_free(r);
    return true;
}

bool state_notes_next_ms(struct pg *pg, const char *account, int64_t *in_ms, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    return state_read_int(&c, sql_state_notes_next, -1, in_ms, e);
}
