/*
 * The plan row by row, told as the rows are met, so that no table is too long for it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commands/output.h"
#include "commands/plan.h"
#include "engine/account.h"

#define DETAIL_INDENT 9

/* ---- the file -------------------------------------------------------------------------------- */

/* Whose jobs they would become is told by the key alone. */
static bool name_account(struct plan_report *r, const struct setup_account *known, struct err *e)
{
    struct account a;
    if (known->broken != NULL)
        return err_set(e, ERR_CONFIG, "%s", known->broken);
    bool ok = account_open(&a, known->config, clock_mono_ms(), e);
    if (ok)
        r->head.accounts[r->head.n_accounts++] = (struct planfile_account){
            .name = known->config->name, .environment = a.environment->name};
    account_release(&a);
    return ok;
}

static bool name_accounts(struct plan_report *r, struct arena *arena, struct err *e)
{
    const struct setup *s = r->setup;
    r->head.accounts = arena_alloc(arena, (s->n_known + 1) * sizeof *r->head.accounts);
    for (size_t i = 0; i < s->n_known; i++)
        if (s->known[i].chosen && !name_account(r, &s->known[i], e))
            return false;
    return true;
}

static void name_mappings(struct plan_report *r, struct arena *arena)
{
    const struct setup *s = r->setup;
    r->head.n_mappings = s->n_mappings;
    r->head.mappings = arena_alloc(arena, (s->n_mappings + 1) * sizeof *r->head.mappings);
    for (size_t i = 0; i < s->n_mappings; i++)
        r->head.mappings[i] = (struct planfile_mapping){
            .name = s->mappings[i]->name,
            .fingerprint =
                arena_printf(arena, "%016llx", (unsigned long long)s->mappings[i]->fingerprint)};
}

static bool name_source(struct plan_report *r, struct pg *pg, struct arena *arena, struct err *e)
{
    const struct setup *s = r->setup;
    struct source *source = NULL;
    if (s->n_mappings == 0)
        return err_set(e, ERR_USAGE, "no mapping is chosen: there is nothing to plan");
    bool ok = source_open(&source, pg, s->mappings[0], s->config->time_zone, NULL, e) &&
              source_identity(source, arena, &r->head.source, e);
    source_free(source);
    return ok;
}

bool plan_open_out(struct plan_report *r, const char *file, struct pg *source, struct err *e)
{
    struct arena *arena = &r->forecast.arena;
    if (file == NULL)
        return true;
    r->head.made_at = clock_print_rfc3339(arena, clock_wall_ms());
    name_mappings(r, arena);
    return name_accounts(r, arena, e) && name_source(r, source, arena, e) &&
           planfile_create(&r->out, file, &r->head, e);
}

static void write_row(const struct plan_report *r, const struct forecast_row *row)
{
    const struct sighting *seen = row->seen;
    const struct recorded *against = row->from != NULL ? &row->from->recorded : row->recorded;
    struct planfile_line line = {
        .mapping = row->feed->mapping->name,
        .account = seen->account,
        .key = seen->key,
        .op = row->from != NULL ? OP_CREATE : seen->op.kind,
        .from_mapping = row->from != NULL ? row->from->mapping->name : NULL,
        .from_key = row->from != NULL ? row->from->key : NULL,
        .has_hash = seen->desired.kind == DESIRED_JOB,
        .has_against = against->has_synced,
    };
    memcpy(line.hash, seen->desired.hash.all, sizeof line.hash);
    memcpy(line.against, against->synced.all, sizeof line.against);
    planfile_put(r->out, &line);
}

/* ---- for people ------------------------------------------------------------------------------ */

/* One line that can be grepped, then what is behind each word of it. */
static void add_title(struct buf *out, const struct forecast_row *row, struct arena *a)
{
    const struct sighting *seen = row->seen;
    bool refused = seen->desired.kind == DESIRED_REFUSED;
    buf_printf(out, "%-8s %s %s",
               refused             ? "refuse"
               : row->from != NULL ? "rebind"
                                   : op_names[seen->op.kind],
               row->feed->mapping->name, output_clean(a, seen->key));
    if (row->from != NULL)
        buf_printf(out, ": the job of %s %s\n", row->from->mapping->name,
                   output_clean(a, row->from->key));
    if (row->from != NULL)
        return;
    for (size_t i = 0; refused && i < seen->desired.n_refusals; i++)
        buf_printf(out, "%s %s", i == 0 ? ":" : ",", seen->desired.refusals[i].rule);
    const char *between = ":";
    for (unsigned field = 0; seen->op.kind == OP_UPDATE && field < JOB_FIELDS; field++)
        if ((seen->op.fields & 1u << field) != 0) {
            buf_printf(out, "%s %s", between, job_fields[field].name);
            between = ",";
        }
    buf_addch(out, '\n');
}

static void add_line(const struct output *o, struct buf *out, const char *text)
{
    buf_printf(out, "%*s", DETAIL_INDENT, "");
    output_wrapped(o, out, STYLE_DIM, text, DETAIL_INDENT);
}

/* What would be sent of the field. What Qudra holds instead is nowhere kept, only its hash. */
static void add_field(const struct output *o, struct buf *out, const struct job *job,
                      unsigned field, struct arena *a)
{
    const char *value = output_excerpt(a, job->field[field]);
    add_line(o, out,
             arena_printf(a, "%s: %s", job_fields[field].name,
                          value != NULL ? value : "(none any more)"));
}

static void print_row(const struct forecast_row *row)
{
    const struct sighting *seen = row->seen;
    const struct desired *d = &seen->desired;
    struct output o;
    struct buf out = BUF_INIT(64 * 1024);
    struct arena a;
    arena_init(&a, 0);
    output_init(&o);
    add_title(&out, row, &a);
    for (size_t i = 0; d->kind == DESIRED_REFUSED && i < d->n_refusals; i++)
        add_line(&o, &out, d->refusals[i].message);
    unsigned shown = row->from != NULL            ? 0
                     : seen->op.kind == OP_UPDATE ? seen->op.fields
                     : seen->op.kind == OP_CREATE ? 1u << JOB_TITLE | 1u << JOB_CITY
                                                  : 0;
    for (unsigned field = 0; d->kind == DESIRED_JOB && field < JOB_FIELDS; field++)
        if ((shown & 1u << field) != 0)
            add_field(&o, &out, d->job, field, &a);
    output_flush(&out);
    buf_release(&out);
    arena_release(&a);
}

void plan_tell_row(struct plan_report *r, const struct forecast_row *row)
{
    if (r->out != NULL && (row->seen->op.kind != OP_NONE || row->from != NULL))
        write_row(r, row);
    if (r->detail)
        print_row(row);
}
