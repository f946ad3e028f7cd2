/*
 * As text and as one JSON object, in which the rows that were left alone come first: how many there
 * are is known only at the end.
 */
#include <stdio.h>

#include "base/clock.h"
#include "commands/output.h"
#include "commands/passes.h"

#define JSON_BYTES (1024 * 1024)

static void flush(struct passes_report *r)
{
    output_flush(&r->out);
    buf_clear(&r->out);
}

void passes_begin(struct passes_report *r)
{
    buf_init(&r->out, JSON_BYTES);
    progress_init(&r->progress);
    if (!r->json)
        return;
    json_writer_init(&r->writer, &r->out);
    json_open_object(&r->writer);
    json_key(&r->writer, "left");
    json_open_array(&r->writer);
}

static void write_left(struct json_writer *w, const struct follow_left *row)
{
    json_open_object(w);
    output_member_str(w, "mapping", row->mapping);
    output_member_str(w, "account", row->account);
    output_member_str(w, "key", row->key);
    output_member_str(w, "planned", op_names[row->planned]);
    output_member_str(w, "now", row->now);
    output_member_str(w, "reason", row->reason);
    json_close_object(w);
}

static void print_left(const struct follow_left *row)
{
    struct arena a;
    arena_init(&a, 0);
    printf("left alone: %s %s: planned %s, now %s (%s)\n", row->mapping, output_clean(&a, row->key),
           op_names[row->planned], row->now != NULL ? row->now : "nothing", row->reason);
    arena_release(&a);
}

void passes_tell_left(void *context, const struct follow_left *row)
{
    struct passes_report *r = context;
    if (r->json) {
        write_left(&r->writer, row);
        flush(r);
        return;
    }
    progress_make_room(&r->progress);
    print_left(row);
}

static int64_t due_of(const struct follow_counts *c)
{
    int64_t due = 0;
    for (int op = 0; op < OP_NONE; op++)
        due += c->due[op];
    return due;
}

static void write_end(struct passes_report *r, const struct loop_view *v, bool planned,
                      bool stopped)
{
    struct json_writer *w = &r->writer;
    json_close_array(w);
    json_key(w, "plan");
    if (planned) {
        json_open_object(w);
        output_member_int(w, "operations", v->plan.rows);
        output_member_int(w, "due", due_of(&v->plan));
        output_member_int(w, "done_before", v->plan.done);
        output_member_int(w, "left", v->plan.left);
        json_close_object(w);
    } else
        json_write_null(w);
    output_member_int(w, "created", v->pushed.done[OP_CREATE]);
    output_member_int(w, "updated", v->pushed.done[OP_UPDATE]);
    output_member_int(w, "closed", v->pushed.done[OP_CLOSE]);
    output_member_int(w, "deleted", v->pushed.done[OP_DELETE]);
    output_member_int(w, "refused", progress_refused(v));
    output_member_int(w, "deferred", v->pushed.deferred);
    output_member_int(w, "held", v->held);
    output_member_int(w, "requests", v->requests);
    output_member_int(w, "ms", clock_mono_ms() - r->progress.started_ms);
    output_member_bool(w, "stopped", stopped);
    json_close_object(w);
    buf_addstr(&r->out, "\n");
    flush(r);
}

static void print_end(const struct passes_report *r, const struct loop_view *v, bool planned)
{
    struct arena a;
    arena_init(&a, 0);
    if (planned)
        printf("of the plan's operations %lld were due, %lld done before, %lld left alone\n",
               (long long)due_of(&v->plan), (long long)v->plan.done, (long long)v->plan.left);
    printf("created %lld, updated %lld, closed %lld, deleted %lld, refused %lld, deferred %lld, "
           "held %lld; %lld requests in %s\n",
           (long long)v->pushed.done[OP_CREATE], (long long)v->pushed.done[OP_UPDATE],
           (long long)v->pushed.done[OP_CLOSE], (long long)v->pushed.done[OP_DELETE],
           (long long)progress_refused(v), (long long)v->pushed.deferred, (long long)v->held,
           (long long)v->requests,
           clock_print_roughly(&a, clock_mono_ms() - r->progress.started_ms));
    arena_release(&a);
}

void passes_end(struct passes_report *r, const struct loop_view *v, bool planned, bool stopped)
{
    progress_end(&r->progress);
    if (r->json)
        write_end(r, v, planned, stopped);
    else
        print_end(r, v, planned);
    buf_release(&r->out);
}
