/*
 * Only what happened is written: a status that was never sent and a fault that never fired are
 * left out, so that a test can compare whole objects.
 */
#include "admin.h"

static const char *const kinds[KINDS] = {"create", "bulk",   "list", "read",
                                         "update", "delete", "other"};

static void write_int(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_write_int(w, n);
}

static void write_statuses(struct json_writer *w, const int64_t *count)
{
    json_open_object(w);
    for (int status = 0; status < STATS_STATUSES; status++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", status);
        if (count[status] > 0)
            write_int(w, status == 0 ? "none" : name, count[status]);
    }
    json_close_object(w);
}

static void write_requests(const struct stats *stats, struct json_writer *w)
{
    int64_t total = 0;
    json_key(w, "requests");
    json_open_object(w);
    for (int kind = 0; kind < KINDS; kind++) {
        json_key(w, kinds[kind]);
        write_statuses(w, stats->requests[kind]);
        for (int status = 0; status < STATS_STATUSES; status++)
            total += stats->requests[kind][status];
    }
    json_close_object(w);
    write_int(w, "requests_total", total);
}

static void write_window(struct json_writer *w, const struct window *window)
{
    if (window->start_ms == 0)
        return;
    json_open_object(w);
    write_int(w, "start", window->start_ms / 1000);
    write_int(w, "allowed", window->allowed);
    write_int(w, "used", window->used);
    write_int(w, "refused", window->refused);
    json_close_object(w);
}

static void write_key(struct json_writer *w, const struct key *key)
{
    json_open_object(w);
    json_key(w, "key");
    json_write_str(w, key->text);
    json_key(w, "account");
    json_write_str(w, key->account->name);
    json_key(w, "revoked");
    json_write_bool(w, key->revoked);
    json_key(w, "windows");
    json_open_array(w);
    for (size_t i = 0; i < key->n_past; i++)
        write_window(w, &key->past[i]);
    write_window(w, &key->window);
    json_close_array(w);
    json_close_object(w);
}

static void write_account(struct sandbox *s, struct json_writer *w, struct account *a)
{
    int64_t left = quota_left(a, &s->options, sandbox_month(s));
    int64_t limit = quota_limit(a, &s->options);
    json_open_object(w);
    json_key(w, "account");
    json_write_str(w, a->name);
    json_key(w, "plan");
    json_write_str(w, plan_name(a->plan));
    json_key(w, "quota");
    if (limit == OPTIONS_UNLIMITED)
        json_write_null(w);
    else
        json_write_int(w, limit);
    write_int(w, "quota_used", a->quota_used);
    json_key(w, "quota_left");
    if (limit == OPTIONS_UNLIMITED)
        json_write_null(w);
    else
        json_write_int(w, left);
    write_int(w, "jobs_ever", (int64_t)a->n_jobs);
    json_close_object(w);
}

static void write_duplicate(struct sandbox *s, struct json_writer *w, const struct duplicate *d)
{
    char id[SCRAMBLE_TEXT_BYTES], existing[SCRAMBLE_TEXT_BYTES];
    jobs_write_id(&s->jobs, d->place, id);
    jobs_write_id(&s->jobs, d->existing, existing);
    json_open_object(w);
    json_key(w, "id");
    json_write_str(w, id);
    json_key(w, "existing");
    json_write_str(w, existing);
    json_key(w, "existing_status");
    json_write_str(w, status_name(d->existing_status));
    json_key(w, "account");
    json_write_str(w, s->accounts.all[jobs_at(&s->jobs, d->place)->account]->name);
    write_int(w, "at_ms", d->at_ms);
    json_close_object(w);
}

static void write_duplicates(struct sandbox *s, struct json_writer *w)
{
    const struct stats *stats = &s->stats;
    write_int(w, "duplicates", stats->duplicates);
    write_int(w, "duplicates_of_closed", stats->duplicates_of_closed);
    json_key(w, "duplicate_list");
    json_open_array(w);
    for (int64_t i = 0; i < stats->duplicates && i < STATS_DUPLICATES; i++)
        write_duplicate(s, w, &stats->duplicate[i]);
    json_close_array(w);
}

static void write_faults(const struct faults *f, struct json_writer *w)
{
    json_key(w, "faults");
    json_open_object(w);
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++)
        if (f->fired[kind] > 0)
            write_int(w, fault_name((enum fault_kind)kind), f->fired[kind]);
    json_close_object(w);
}

static void write_jobs(const struct sandbox *s, struct json_writer *w)
{
    json_key(w, "jobs");
    json_open_object(w);
    write_int(w, "live", s->jobs.live);
    write_int(w, "soft_deleted", (int64_t)s->jobs.n - s->jobs.live);
    write_int(w, "created", s->stats.created);
    write_int(w, "updated", s->stats.updated);
    write_int(w, "deleted", s->stats.deleted);
    write_int(w, "items_failed", s->stats.items_failed);
    write_int(w, "largest_bulk", s->stats.largest_bulk);
    json_close_object(w);
}

void admin_write_stats(struct sandbox *s, struct json_writer *w)
{
    json_open_object(w);
    write_requests(&s->stats, w);
    write_jobs(s, w);
    write_int(w, "breaches", s->stats.breaches);
    write_int(w, "quota_refusals", s->stats.quota_refusals);
    write_duplicates(s, w);
    write_faults(&s->faults, w);
    write_int(w, "in_flight", s->stats.in_flight);
    write_int(w, "in_flight_peak", s->stats.in_flight_peak);
    json_key(w, "accounts");
    json_open_array(w);
    for (size_t i = 0; i < s->accounts.n; i++)
        write_account(s, w, s->accounts.all[i]);
    json_close_array(w);
    json_key(w, "keys");
    json_open_array(w);
    for (size_t i = 0; i < s->accounts.n_keys; i++)
        write_key(w, s->accounts.keys[i]);
    json_close_array(w);
    json_close_object(w);
}

static void write_entry(struct json_writer *w, const struct log_entry *entry)
{
    json_open_object(w);
    write_int(w, "at_ms", entry->at_ms);
    json_key(w, "account");
    json_write_str(w, entry->account == NULL ? NULL : entry->account->name);
    json_key(w, "method");
    json_write_str(w, entry->method);
    json_key(w, "path");
    json_write_str(w, entry->path);
    json_key(w, "status");
    if (entry->status == 0)
        json_write_null(w);
    else
        json_write_int(w, entry->status);
    json_key(w, "fault");
    json_write_str(w, entry->fault == FAULT_NONE ? NULL : fault_name(entry->fault));
    write_int(w, "items", entry->items);
    json_close_object(w);
}

void admin_write_log(struct sandbox *s, struct json_writer *w, uint64_t max)
{
    const struct stats *stats = &s->stats;
    uint64_t n = stats->logged < stats->log_size ? stats->logged : stats->log_size;
    if (n > max)
        n = max;
    json_open_object(w);
    write_int(w, "logged", (int64_t)stats->logged);
    json_key(w, "requests");
    json_open_array(w);
    for (uint64_t i = stats->logged - n; i < stats->logged; i++)
        write_entry(w, &stats->log[i % stats->log_size]);
    json_close_array(w);
    json_close_object(w);
}
