/*
 * The shape of `status --json`. Members may be added; none is renamed or taken away. What is not
 * known is null, times are RFC 3339, durations milliseconds.
 */
#include <string.h>

#include "commands/status.h"

static void write_states(struct json_writer *w, const struct report_counts *c)
{
    json_key(w, "states");
    json_open_object(w);
    for (int state = 0; state < ROW_STATES; state++)
        output_member_int(w, row_state_names[state], c->state[state]);
    json_close_object(w);
}

static void write_pending(struct json_writer *w, const struct report_counts *c)
{
    json_key(w, "pending");
    json_open_object(w);
    for (int op = 0; op < OP_NONE; op++)
        output_member_int(w, op_names[op], c->pending[op]);
    json_close_object(w);
}

static void write_counts(struct json_writer *w, const struct report_counts *c)
{
    write_states(w, c);
    write_pending(w, c);
    output_member_int(w, "waiting", c->waiting);
    output_member_ms(w, "oldest_pending_ms", c->oldest_pending_ms);
    output_member_int(w, "at_qudra", c->at_qudra);
    output_member_int(w, "embedding_processing", c->embedding_processing);
    output_member_int(w, "embedding_failed", c->embedding_failed);
    json_key(w, "close_latency");
    json_open_object(w);
    output_member_ms(w, "p50_ms", c->close_p50_ms);
    output_member_ms(w, "p95_ms", c->close_p95_ms);
    output_member_ms(w, "max_ms", c->close_max_ms);
    json_close_object(w);
}

static void write_budget(struct json_writer *w, const struct status_account *a)
{
    json_key(w, "window");
    json_open_object(w);
    output_member_ms(w, "limit", a->window_limit);
    output_member_ms(w, "left", a->window_left);
    output_member_str(w, "resets_at", a->window_resets_at);
    json_close_object(w);
    json_key(w, "quota");
    json_open_object(w);
    output_member_bool(w, "unlimited", a->quota_unlimited);
    output_member_int(w, "created", a->recorded.quota_created);
    output_member_ms(w, "limit", a->quota_limit);
    output_member_ms(w, "left", a->quota_left);
    output_member_str(w, "turns_at", a->quota_turns_at);
    json_close_object(w);
}

static void write_accounts(struct json_writer *w, const struct status *st)
{
    json_key(w, "accounts");
    json_open_array(w);
    for (size_t i = 0; i < st->n_accounts; i++) {
        const struct status_account *a = &st->accounts[i];
        json_open_object(w);
        output_member_str(w, "name", a->recorded.name);
        output_member_str(w, "environment", a->recorded.environment);
        output_member_bool(w, "configured", a->configured);
        output_member_str(w, "agent", a->agent);
        output_member_str(w, "trouble", a->recorded.trouble);
        output_member_str(w, "trouble_since", a->recorded.trouble_since);
        write_budget(w, a);
        write_states(w, &a->rows);
        output_member_ms(w, "oldest_pending_ms", a->rows.oldest_pending_ms);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_mappings(struct json_writer *w, const struct status *st)
{
    json_key(w, "mappings");
    json_open_array(w);
    for (size_t i = 0; i < st->n_groups; i++) {
        json_open_object(w);
        output_member_str(w, "mapping", st->groups[i].mapping);
        output_member_str(w, "account", st->groups[i].account);
        write_counts(w, &st->groups[i].counts);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_waits(struct json_writer *w, const struct status *st)
{
    json_key(w, "waits");
    json_open_array(w);
    for (size_t i = 0; i < st->n_waits; i++) {
        json_open_object(w);
        output_member_str(w, "wait", st->waits[i].wait);
        output_member_str(w, "state", row_state_names[st->waits[i].state]);
        output_member_int(w, "rows", st->waits[i].rows);
        output_member_str(w, "what", st->waits[i].what);
        output_member_str(w, "until", st->waits[i].until);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_notes(struct json_writer *w, const struct status *st)
{
    json_key(w, "write_back");
    json_open_object(w);
    output_member_int(w, "rows", st->write_back.rows);
    output_member_int(w, "failed", st->write_back.failed);
    json_close_object(w);
}

static void write_runs(struct json_writer *w, const struct status *st)
{
    json_key(w, "runs");
    json_open_array(w);
    for (size_t i = 0; i < st->n_runs; i++) {
        const struct report_run *r = &st->runs[i];
        json_open_object(w);
        output_member_int(w, "id", r->id);
        output_member_str(w, "kind", r->kind);
        output_member_str(w, "mapping", r->mapping);
        output_member_str(w, "started_at", r->started_at);
        output_member_str(w, "ended_at", r->ended_at);
        output_member_str(w, "outcome", r->outcome);
        output_member_str(w, "error", r->error);
        json_key(w, "counts");
        json_write_raw(w, r->counts, strlen(r->counts));
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_attention(struct json_writer *w, const struct status *st)
{
    json_key(w, "attention");
    json_open_array(w);
    for (size_t i = 0; i < st->n_attention; i++) {
        const struct status_attention *at = &st->attention[i];
        json_open_object(w);
        output_member_str(w, "kind", at->kind);
        output_member_str(w, "account", at->account);
        output_member_str(w, "mapping", at->mapping);
        output_member_int(w, "rows", at->rows);
        output_member_str(w, "what", at->what);
        output_member_str(w, "command", at->command);
        json_close_object(w);
    }
    json_close_array(w);
}

void status_write_json(const struct status *st, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_open_object(&w);
    write_accounts(&w, st);
    json_key(&w, "rows");
    json_open_object(&w);
    write_counts(&w, &st->total);
    json_close_object(&w);
    write_mappings(&w, st);
    write_waits(&w, st);
    write_notes(&w, st);
    write_runs(&w, st);
    write_attention(&w, st);
    json_close_object(&w);
    buf_addch(out, '\n');
}
