/*
 * The shape of `explain --json`. Members may be added; none is renamed or taken away.
 */
#include "commands/explain.h"
#include "commands/rows.h"

static void member_text(struct json_writer *w, const char *key, struct text t)
{
    json_key(w, key);
    if (t.data == NULL)
        json_write_null(w);
    else
        json_write_strn(w, t.data, t.len);
}

static void write_source(struct json_writer *w, const struct explanation *x)
{
    const struct mapping *m = x->mapping;
    json_key(w, "source");
    if (x->row == NULL) {
        json_write_null(w);
        return;
    }
    json_open_object(w);
    output_member_int(w, "rows", (int64_t)x->rows);
    json_key(w, "key");
    json_open_object(w);
    for (size_t i = 0; i < m->n_key; i++)
        member_text(w, m->key[i]->text, x->row->value[i]);
    json_close_object(w);
    output_member_bool(w, "removed", x->removed);
    member_text(w, "priority", x->row->value[m->n_key + COLUMN_PRIORITY]);
    member_text(w, "due", x->row->value[m->n_key + COLUMN_DUE]);
    member_text(w, "updated_at", x->row->value[m->n_key + COLUMN_CHANGED]);
    json_close_object(w);
}

static void write_refusal(struct json_writer *w, const struct refusal *r)
{
    json_open_object(w);
    output_member_str(w, "field", r->field >= 0 ? job_fields[r->field].name : NULL);
    output_member_str(w, "rule", r->rule);
    output_member_str(w, "message", r->message);
    output_member_str(w, "message_ar", r->message_ar);
    json_close_object(w);
}

static void write_steps(struct json_writer *w, const struct trace *t)
{
    json_key(w, "steps");
    json_open_array(w);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_step *step = &t->steps[i];
        json_open_object(w);
        output_member_str(w, "field", step->field >= 0 ? job_fields[step->field].name : NULL);
        output_member_str(w, "step", step->step);
        member_text(w, "output", step->output);
        output_member_str(w, "refused", step->refusal != NULL ? step->refusal->rule : NULL);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_desired(struct json_writer *w, const struct explanation *x)
{
    static const char *const kinds[] = {
        [DESIRED_JOB] = "job", [DESIRED_REFUSED] = "refused", [DESIRED_GONE] = "gone"};
    output_member_str(w, "desired", kinds[x->desired.kind]);
    json_key(w, "refusals");
    json_open_array(w);
    for (size_t i = 0; x->desired.kind == DESIRED_REFUSED && i < x->desired.n_refusals; i++)
        write_refusal(w, &x->desired.refusals[i]);
    json_close_array(w);
    json_key(w, "payload");
    if (x->desired.kind == DESIRED_JOB)
        job_write(w, x->desired.job, JOB_ALL, false);
    else
        json_write_null(w);
}

static void write_decision(struct json_writer *w, const struct explanation *x)
{
    json_key(w, "decision");
    json_open_object(w);
    output_member_str(w, "operation", x->op.kind != OP_NONE ? op_names[x->op.kind] : NULL);
    json_key(w, "fields");
    json_open_array(w);
    for (int f = 0; f < JOB_FIELDS; f++)
        if (x->op.kind == OP_UPDATE && (x->op.fields & 1u << f) != 0)
            json_write_str(w, job_fields[f].name);
    json_close_array(w);
    json_close_object(w);
}

static void write_next(struct json_writer *w, const struct explanation *x)
{
    const struct next_rule *rule = &next_rules[x->next];
    json_key(w, "next");
    json_open_object(w);
    output_member_str(w, "what", rule->word);
    output_member_bool(w, "needs_person", rule->person);
    output_member_str(w, "message", rule->en);
    output_member_str(w, "message_ar", rule->ar);
    output_member_str(w, "at", x->next_at);
    output_member_str(w, "command", x->command);
    output_member_bool(w, "agent_runs", x->agent_runs);
    json_close_object(w);
}

void explain_write_json(const struct explanation *x, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_open_object(&w);
    output_member_str(&w, "mapping", x->mapping->name);
    output_member_str(&w, "key", x->key);
    output_member_str(&w, "account", x->account);
    write_source(&w, x);
    write_steps(&w, &x->trace);
    write_desired(&w, x);
    json_key(&w, "recorded");
    if (x->recorded != NULL)
        rows_write_json(&w, x->recorded);
    else
        json_write_null(&w);
    write_decision(&w, x);
    write_next(&w, x);
    json_close_object(&w);
    buf_addch(out, '\n');
}
