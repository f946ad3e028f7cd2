/*
 * The story on one screen, in the order in which it happens, ending in what happens next. Long
 * texts are cut: whoever wants them whole asks for --json.
 */
#include <string.h>

#include "commands/explain.h"
#include "commands/table.h"

#define INDENT 2

struct story {
    const struct explanation *x;
    const struct output *o;
    const struct zone *zone;
    struct arena *a;
    struct buf *out;
    bool arabic;
};

static const char *in_language(const struct story *s, const char *en, const char *ar)
{
    return s->arabic && ar != NULL ? ar : en;
}

static void section(const struct story *s, const char *en, const char *ar)
{
    buf_addch(s->out, '\n');
    output_title(s->o, s->out, in_language(s, en, ar));
}

/* ---- source ---------------------------------------------------------------------------------- */

static const struct table_column pair_columns[] = {{"", TABLE_WORD}, {"", TABLE_TEXT}};

static void add_pair(struct table *t, const char *name, const char *value)
{
    if (value == NULL)
        return;
    table_add_row(t);
    table_set(t, 0, name, STYLE_DIM);
    table_set(t, 1, value, STYLE_PLAIN);
}

static void show_source(const struct story *s)
{
    const struct explanation *x = s->x;
    const struct mapping *m = x->mapping;
    struct table t;
    section(s,
            m->table != NULL ? arena_printf(s->a, "Source: %s, read now", m->table->text)
                             : "Source: the mapping's query, read now",
            "المصدر كما قُرئ الآن");
    if (x->row == NULL) {
        buf_addstr(s->out, "  ");
        output_wrapped(
            s->o, s->out, STYLE_WARN,
            in_language(s, "not there, or outside source.where", "غير موجود، أو خارج source.where"),
            INDENT);
        return;
    }
    const struct text *computed = x->row->value + m->n_key;
    table_init(&t, s->a, pair_columns, 2);
    for (size_t i = 0; i < m->n_key; i++)
        add_pair(&t, m->key[i]->text, output_excerpt(s->a, x->row->value[i]));
    if (m->removed != NULL)
        add_pair(&t, "removed", x->removed ? "yes" : "no");
    if (m->updated_at != NULL)
        add_pair(&t, "updated_at", output_excerpt(s->a, computed[COLUMN_CHANGED]));
    if (m->priority != NULL)
        add_pair(&t, "priority", output_excerpt(s->a, computed[COLUMN_PRIORITY]));
    if (m->n_due > 0)
        add_pair(&t, "due", output_excerpt(s->a, computed[COLUMN_DUE]));
    if (x->rows > 1)
        add_pair(&t, "rows", arena_printf(s->a, "%zu with this key", x->rows));
    table_write(&t, s->o, INDENT, s->out);
}

/* ---- mapping --------------------------------------------------------------------------------- */

static void add_step(const struct story *s, struct table *t, const struct trace_step *step,
                     bool first)
{
    const char *output = output_excerpt(s->a, step->output);
    table_add_row(t);
    if (first)
        table_set(t, 0, step->field >= 0 ? job_fields[step->field].name : "row", STYLE_BOLD);
    table_set(t, 1, step->step, STYLE_DIM);
    if (step->refusal != NULL)
        table_set(t, 2, in_language(s, step->refusal->message, step->refusal->message_ar),
                  STYLE_BAD);
    else
        table_set(t, 2, output != NULL ? output : in_language(s, "(nothing)", "(لا شيء)"),
                  output != NULL ? STYLE_PLAIN : STYLE_DIM);
}

static void show_mapping(const struct story *s)
{
    static const struct table_column columns[] = {
        {"field", TABLE_WORD}, {"step", TABLE_WORD}, {"gives", TABLE_TEXT}};
    const struct trace *trace = &s->x->trace;
    struct table t;
    if (trace->n == 0)
        return;
    table_init(&t, s->a, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < trace->n; i++)
        add_step(s, &t, &trace->steps[i],
                 i == 0 || trace->steps[i].field != trace->steps[i - 1].field);
    section(s, "Mapping", "التعيين");
    table_write(&t, s->o, INDENT, s->out);
}

/* ---- what is wanted -------------------------------------------------------------------------- */

static void show_refusals(const struct story *s)
{
    section(s, "Refused by", "أسباب الرفض");
    for (size_t i = 0; i < s->x->desired.n_refusals; i++) {
        const struct refusal *r = &s->x->desired.refusals[i];
        const char *message = in_language(s, r->message, r->message_ar);
        buf_addstr(s->out, "  ");
        output_wrapped(s->o, s->out, STYLE_BAD, arena_printf(s->a, "%s: %s", r->rule, message), 4);
    }
}

/* One member after the other with a blank between them, so that lines break there. */
static void show_payload(const struct story *s)
{
    struct job brief = *s->x->desired.job;
    struct buf all = BUF_INIT(64 * 1024), one = BUF_INIT(64 * 1024);
    struct json_writer w;
    for (int f = 0; f < JOB_FIELDS; f++) {
        if (brief.field[f].data == NULL)
            continue;
        if (job_fields[f].type == JOB_TYPE_STRING)
            brief.field[f] = text_of(output_excerpt(s->a, brief.field[f]));
        buf_clear(&one);
        json_writer_init(&w, &one);
        job_write(&w, &brief, 1u << f, false);
        buf_addstr(&all, all.len > 0 ? ", " : "{");
        buf_add(&all, one.data + 1, one.len - 2); /* without its braces */
    }
    buf_addch(&all, '}');
    section(s, "Payload", "ما يُرسل");
    buf_addstr(s->out, "  ");
    output_wrapped(s->o, s->out, STYLE_PLAIN, buf_str(&all), INDENT);
    buf_release(&one);
    buf_release(&all);
}

static void show_desired(const struct story *s)
{
    switch (s->x->desired.kind) {
    case DESIRED_JOB:
        show_payload(s);
        return;
    case DESIRED_REFUSED:
        show_refusals(s);
        return;
    case DESIRED_GONE:
        return; /* the source has said so */
    case DESIRED_UNREAD:
        BUG("a row was not read");
    }
}

/* ---- what is recorded ------------------------------------------------------------------------ */

static const char *when(const struct story *s, const char *at)
{
    return output_when(s->a, at, s->zone, s->x->wall_ms);
}

static const char *describe_job(const struct story *s)
{
    const struct report_row *r = s->x->recorded;
    if (r->job_id == NULL)
        return NULL;
    return arena_printf(s->a, "%s%s%s%s%s%s", r->job_id, r->job_status != NULL ? ", " : "",
                        r->job_status != NULL ? r->job_status : "",
                        r->embedding_status != NULL ? ", embedding " : "",
                        r->embedding_status != NULL ? r->embedding_status : "",
                        r->match_ready == 1 ? ", match_ready" : "");
}

static void show_recorded(const struct story *s)
{
    const struct report_row *r = s->x->recorded;
    struct table t;
    section(s, "Recorded", "المسجل");
    if (r == NULL) {
        buf_printf(s->out, "  %s\n", in_language(s, "nothing yet", "لا شيء بعد"));
        return;
    }
    table_init(&t, s->a, pair_columns, 2);
    add_pair(&t, "state",
             arena_printf(s->a, "%s%s%s", r->state, r->operation != NULL ? ", to " : "",
                          r->operation != NULL ? r->operation : ""));
    add_pair(&t, "account", r->account);
    add_pair(&t, "job", describe_job(s));
    add_pair(&t, "url", r->qudra_url);
    add_pair(&t, "first seen", when(s, r->first_seen_at));
    add_pair(&t, "changed", when(s, r->changed_at));
    add_pair(&t, "confirmed", when(s, r->synced_at));
    add_pair(&t, "gone since", when(s, r->gone_at));
    add_pair(&t, "changes by itself", when(s, r->due_at));
    if (r->attempts > 0)
        add_pair(&t, "attempts", output_count(s->a, r->attempts));
    add_pair(&t, "error", r->error_code);
    add_pair(&t, "message", in_language(s, r->error_message, r->error_message_ar));
    add_pair(&t, "request", r->request_id);
    table_write(&t, s->o, INDENT, s->out);
}

/* ---- decision, next -------------------------------------------------------------------------- */

static void show_decision(const struct story *s)
{
    const struct op *op = &s->x->op;
    const char *text = op->kind != OP_NONE
                           ? op_names[op->kind]
                           : in_language(s, "nothing has to be sent", "لا يلزم إرسال شيء");
    for (int f = 0, n = 0; f < JOB_FIELDS && op->kind == OP_UPDATE; f++)
        if ((op->fields & 1u << f) != 0)
            text = arena_printf(s->a, "%s%s%s", text, n++ == 0 ? ": " : ", ", job_fields[f].name);
    section(s, "Decision", "القرار");
    buf_addstr(s->out, "  ");
    output_wrapped(s->o, s->out, STYLE_PLAIN, text, INDENT);
}

static void show_next(const struct story *s)
{
    const struct explanation *x = s->x;
    const struct next_rule *rule = &next_rules[x->next];
    section(s, "Next", "التالي");
    buf_addstr(s->out, "  ");
    output_wrapped(s->o, s->out, rule->person ? STYLE_BAD : STYLE_PLAIN,
                   in_language(s, rule->en, rule->ar), INDENT);
    if (x->next_at != NULL)
        buf_printf(s->out, "  %s\n", when(s, x->next_at));
    if (rule->agent && !x->agent_runs) {
        buf_addstr(s->out, "  ");
        output_wrapped(s->o, s->out, STYLE_WARN,
                       in_language(s, "No agent is at work on the account now.",
                                   "لا يعمل أي وكيل على الحساب الآن."),
                       INDENT);
    }
    if (x->command != NULL) {
        buf_addstr(s->out, "    ");
        output_wrapped(s->o, s->out, STYLE_BOLD, x->command, 4);
    }
}

void explain_show(const struct explanation *x, bool arabic, const struct zone *zone,
                  struct arena *a, struct buf *out)
{
    struct output o;
    output_init(&o);
    const struct story s = {.x = x, .o = &o, .zone = zone, .a = a, .out = out, .arabic = arabic};
    output_styled(&o, out, STYLE_BOLD, x->mapping->name, strlen(x->mapping->name));
    buf_addch(out, ' ');
    output_wrapped(&o, out, STYLE_BOLD, x->key, strlen(x->mapping->name) + 1);
    show_source(&s);
    show_mapping(&s);
    show_desired(&s);
    show_recorded(&s);
    show_decision(&s);
    show_next(&s);
}
