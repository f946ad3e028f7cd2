/*
 * Text keeps the kinds apart and shows the first findings of each, so they are gathered by kind
 * until the account is done; JSON has them all, in the order in which they were made.
 */
#include "commands/reconcile.h"

#include "commands/output.h"

#define SHOWN_OF_A_KIND  20
#define REPORT_MAX_BYTES ((size_t)1 << 30)

void reconcile_report_init(struct reconcile_report *r)
{
    buf_init(&r->out, REPORT_MAX_BYTES);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        buf_init(&r->shown[kind], REPORT_MAX_BYTES);
    json_writer_init(&r->w, &r->out);
    if (r->json)
        json_open_array(&r->w);
}

void reconcile_report_release(struct reconcile_report *r)
{
    buf_release(&r->out);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        buf_release(&r->shown[kind]);
}

/* ---- findings -------------------------------------------------------------------------------- */

static void write_fields(struct buf *out, unsigned fields)
{
    const char *comma = "  ";
    for (unsigned f = 0; f < JOB_FIELDS; f++) {
        if ((fields & 1u << f) == 0)
            continue;
        buf_printf(out, "%s%s", comma, job_fields[f].name);
        comma = ", ";
    }
}

static void show_finding(struct buf *out, const struct reconcile_finding *f)
{
    struct arena a;
    arena_init(&a, 0);
    buf_addstr(out, " ");
    if (f->key != NULL)
        buf_printf(out, " %s %s", f->mapping, output_clean(&a, f->key));
    if (f->job_id != NULL)
        buf_printf(out, "%s %s", f->key != NULL ? " " : "", output_clean(&a, f->job_id));
    if (f->key == NULL && f->qudra_url != NULL)
        buf_printf(out, "  %s", output_clean(&a, f->qudra_url));
    write_fields(out, f->fields);
    if (f->kind == RECONCILE_GONE && !f->confirmed)
        buf_addstr(out, "  (not in the list; not read)");
    if (f->message != NULL)
        buf_printf(out, "  %s", output_clean(&a, f->message));
    buf_addch(out, '\n');
    arena_release(&a);
}

static void write_finding(struct json_writer *w, const struct reconcile_finding *f)
{
    json_open_object(w);
    output_member_str(w, "kind", reconcile_kind_names[f->kind]);
    output_member_str(w, "mapping", f->mapping);
    output_member_str(w, "key", f->key);
    output_member_str(w, "job_id", f->job_id);
    output_member_str(w, "qudra_url", f->qudra_url);
    json_key(w, "fields");
    json_open_array(w);
    for (unsigned i = 0; i < JOB_FIELDS; i++)
        if ((f->fields & 1u << i) != 0)
            json_write_str(w, job_fields[i].name);
    json_close_array(w);
    if (f->kind == RECONCILE_GONE)
        output_member_bool(w, "confirmed", f->confirmed);
    if (f->message != NULL)
        output_member_str(w, "message", f->message);
    json_close_object(w);
}

void reconcile_report_found(void *context, const struct reconcile_finding *f)
{
    struct reconcile_report *r = context;
    if (r->json)
        write_finding(&r->w, f);
    else if (r->told[f->kind]++ < SHOWN_OF_A_KIND)
        show_finding(&r->shown[f->kind], f);
}

/* ---- one account's result -------------------------------------------------------------------- */

static const char *const explained[RECONCILE_KINDS] = {
    [RECONCILE_GONE] = "gone: rows whose job is no longer at Qudra",
    [RECONCILE_EDITED] = "edited: jobs changed at Qudra since its last answer",
    [RECONCILE_UNOWNED] = "unowned: open jobs that no row has",
    [RECONCILE_DUPLICATE] = "duplicate: unowned jobs that say what another row's job says",
    [RECONCILE_DOUBTFUL] = "doubtful: rows that may have a job; nothing is created for them",
};

static void show_kind(struct reconcile_report *r, enum reconcile_kind kind, int64_t n)
{
    struct buf *shown = &r->shown[kind];
    if (n > 0) {
        buf_printf(&r->out, "\n%s (%lld)\n%s", explained[kind], (long long)n, buf_str(shown));
        if (n > SHOWN_OF_A_KIND)
            buf_printf(&r->out, "  … and %lld more: --json lists all\n",
                       (long long)(n - SHOWN_OF_A_KIND));
    }
    buf_clear(shown);
    r->told[kind] = 0;
}

static void show_work(struct reconcile_report *r, const struct reconcile_counts *c)
{
    if (r->adopt)
        buf_printf(&r->out, "%lld jobs adopted, %lld of them to be updated\n",
                   (long long)c->adopted, (long long)c->to_update);
    if (c->freed > 0)
        buf_printf(&r->out, "%lld rows are no longer doubtful and may be created\n",
                   (long long)c->freed);
    if (c->guarded)
        buf_printf(&r->out,
                   "%lld of %lld jobs are gone: more than sync.max_remove, so nothing is repaired. "
                   "Is this key of another Qudra account?\n",
                   (long long)c->found[RECONCILE_GONE], (long long)c->bound);
    else if (r->fix)
        buf_printf(&r->out, "%lld rows marked for repair\n", (long long)c->marked);
    if (c->unread > 0 && !c->guarded)
        buf_printf(&r->out,
                   "%lld jobs are not in the list and could not be read: left as they are\n",
                   (long long)c->unread);
}

static void show_result(struct reconcile_report *r, const char *account,
                        const struct reconcile_counts *c)
{
    buf_printf(&r->out, "account %s: %lld jobs at Qudra, %lld of them bound to rows", account,
               (long long)c->listed, (long long)(c->owned + c->adopted));
    if (c->closed > 0)
        buf_printf(&r->out, ", %lld closed ones that no row has", (long long)c->closed);
    buf_addch(&r->out, '\n');
    if (!c->whole)
        buf_printf(
            &r->out,
            "the list was not read to its end: %lld jobs in %lld requests. Nothing was found "
            "gone or adopted; allow more with --requests\n",
            (long long)c->listed, (long long)c->requests);
    else
        show_work(r, c);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        show_kind(r, kind, c->found[kind]);
}

static void show_failure(struct reconcile_report *r, const char *account)
{
    buf_printf(&r->out, "account %s: not compared\n", account);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        show_kind(r, kind, 0);
}

static void write_result(struct json_writer *w, const struct reconcile_counts *c, const char *error)
{
    json_close_array(w);
    output_member_int(w, "listed", c->listed);
    output_member_int(w, "owned", c->owned);
    output_member_int(w, "closed", c->closed);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        output_member_int(w, reconcile_kind_names[kind], c->found[kind]);
    output_member_int(w, "adopted", c->adopted);
    output_member_int(w, "to_update", c->to_update);
    output_member_int(w, "freed", c->freed);
    output_member_int(w, "marked", c->marked);
    output_member_int(w, "unread", c->unread);
    output_member_int(w, "requests", c->requests);
    output_member_bool(w, "whole", c->whole);
    output_member_bool(w, "guarded", c->guarded);
    output_member_str(w, "error", error);
    json_close_object(w);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void reconcile_report_begin(struct reconcile_report *r, const char *account)
{
    if (!r->json)
        return;
    json_open_object(&r->w);
    output_member_str(&r->w, "account", account);
    json_key(&r->w, "findings");
    json_open_array(&r->w);
}

void reconcile_report_end(struct reconcile_report *r, const char *account,
                          const struct reconcile_counts *c, const char *error)
{
    if (r->json)
        write_result(&r->w, c, error);
    else if (error != NULL)
        show_failure(r, account);
    else
        show_result(r, account, c);
}

bool reconcile_report_flush(struct reconcile_report *r, struct err *e)
{
    if (r->json) {
        json_close_array(&r->w);
        buf_addch(&r->out, '\n');
    }
    if (r->out.overflowed)
        return err_set(e, ERR_INTERNAL, "the report is larger than a gigabyte");
    output_flush(&r->out);
    return true;
}
