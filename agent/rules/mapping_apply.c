/*
 * mapping_apply: a row through the field programs, and the keys of rows.
 *
 * This runs for every row of a scan, so the common path allocates nothing: a value is checked,
 * cleaned (which returns clean text itself) and borrowed from the page; only what is changed lives
 * in the arena. Every value is cleaned, in every field: what copying and typing leave behind is
 * never wanted, so there is no transform for it. A trace, when asked for, is written beside the
 * same steps.
 */
#include <inttypes.h>
#include <string.h>

#include "base/names.h"
#include "base/utf8.h"
#include "rules/mapping_internal.h"

#define EXCERPT_CHARACTERS 60
#define SHOWN_KEYS         8

struct run {
    const struct mapping *m;
    struct arena *arena;
    struct refusal *refusals;
    size_t n_refusals;
    struct trace *trace; /* NULL: none is wanted */
    bool utf8;           /* of the row */
};

/* ---- refusals and trace --------------------------------------------------------------------- */

const char *mapping_excerpt(struct arena *a, struct text t)
{
    struct text line = text_collapse(a, t);
    size_t bytes = 0;

    for (int i = 0; i < EXCERPT_CHARACTERS && bytes < line.len; i++)
        bytes += utf8_next(line.data + bytes, line.len - bytes, NULL);
    return arena_printf(a, "%.*s%s", (int)bytes, line.data ? line.data : "",
                        bytes < line.len ? "…" : "");
}

void mapping_refuse_field(struct refusal *refusal, struct arena *a, enum job_field field,
                          const char *rule, const char *message, const char *message_ar)
{
    *refusal = (struct refusal){
        .field = (int)field,
        .rule = arena_printf(a, "%s.%s", job_fields[field].name, rule),
        .message = message,
        .message_ar = message_ar,
    };
}

/* Room for one more field's refusal is always there: JOB_MAX_REFUSALS exceeds the fields. */
static struct refusal *next_refusal(struct run *r)
{
    return &r->refusals[r->n_refusals];
}

static void add_step(struct run *r, int field, const char *step, struct text output,
                     const struct refusal *refusal)
{
    struct trace *t = r->trace;

    if (!t)
        return;
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 32;
        struct trace_step *steps = arena_alloc(r->arena, cap * sizeof(*steps));

        if (t->n > 0)
            memcpy(steps, t->steps, t->n * sizeof(*steps));
        t->steps = steps;
        t->cap = cap;
    }
    t->steps[t->n++] =
        (struct trace_step){.field = field, .step = step, .output = output, .refusal = refusal};
}

static void trace_source(struct run *r, const struct field_program *f, struct text value)
{
    static const char *const names[] = {"column", "sql", "const"};

    if (r->trace)
        add_step(r, (int)f->field, arena_printf(r->arena, "%s %s", names[f->source], f->node->text),
                 value, NULL);
}

static void trace_transform(struct run *r, const struct field_program *f,
                            const struct transform_step *step, struct text value,
                            const struct refusal *refusal)
{
    if (r->trace)
        add_step(r, (int)f->field, arena_printf(r->arena, "transform %s", step->transform->name),
                 value, refusal);
}

/* Of the step added last: the name that nobody knows. */
static void trace_unknown(struct run *r, struct text value)
{
    if (r->trace)
        r->trace->steps[r->trace->n - 1].unknown = value;
}

/* Counts the refusal that next_refusal() was filled with. */
static const struct refusal *keep_refusal(struct run *r)
{
    return &r->refusals[r->n_refusals++];
}

/* ---- one field ------------------------------------------------------------------------------ */

/* Empty is missing, and white space is empty. */
static struct text settle(struct text value)
{
    struct text t = value.data ? text_trim(value) : value;

    return t.len > 0 ? t : TEXT_NONE;
}

static bool refuse_encoding(struct run *r, const struct field_program *f, struct text value)
{
    size_t at = r->utf8 ? value.len : text_utf8_valid(value.data, value.len);

    if (at == value.len)
        return false;
    mapping_refuse_field(next_refusal(r), r->arena, f->field, "invalid_utf8",
                         arena_printf(r->arena, "the text is not valid UTF-8 at byte %zu", at + 1),
                         arena_printf(r->arena, "النص ليس UTF-8 صالحًا عند البايت %zu", at + 1));
    add_step(r, (int)f->field, "utf-8", TEXT_NONE, keep_refusal(r));
    return true;
}

/* False: the row is refused. *unknown: a default has to stand in. */
static bool run_transforms(struct run *r, const struct field_program *f, struct text *value,
                           bool *unknown)
{
    if (f->n_steps == 0)
        return true;
    for (size_t i = 0; i < f->n_steps && value->data; i++) {
        const struct transform_step *step = &f->steps[i];
        struct transform_call call = {.arena = r->arena,
                                      .mapping = r->m,
                                      .field = f->field,
                                      .with = &step->with,
                                      .has_default = f->fallback.data != NULL,
                                      .refusal = next_refusal(r)};
        struct text given = *value;
        enum transform_result result = step->transform->run(&call, value);

        *unknown = result == TRANSFORM_UNKNOWN && call.has_default;
        if (result != TRANSFORM_DONE && !*unknown) {
            trace_transform(r, f, step, *value, keep_refusal(r));
            if (result == TRANSFORM_UNKNOWN)
                trace_unknown(r, given);
            return false;
        }
        if (*unknown)
            *value = TEXT_NONE;
        else if (value->data && step->transform->decodes)
            *value = text_clean(r->arena, *value);
        trace_transform(r, f, step, *value, NULL);
        if (*unknown)
            trace_unknown(r, given);
    }
    *value = settle(*value);
    return true;
}

/* The keys that a map knows, or the beginning of them. */
static const char *known_keys(struct arena *a, const struct field_program *f, const char *between)
{
    struct buf b = BUF_INIT(4096);
    const char *list;

    for (size_t i = 0; i < f->n_map && i < SHOWN_KEYS; i++)
        buf_printf(&b, "%s\"%s\"", i > 0 ? between : "", f->map[i].key.data);
    list = arena_printf(a, "%s%s", buf_str(&b), f->n_map > SHOWN_KEYS ? " …" : "");
    buf_release(&b);
    return list;
}

static void refuse_unknown(struct run *r, const struct field_program *f, struct text value)
{
    const struct job_field_rule *rule = &job_fields[f->field];
    const char *shown = mapping_excerpt(r->arena, value), *near;
    const char **keys = arena_alloc(r->arena, f->n_map * sizeof(*keys));

    for (size_t i = 0; i < f->n_map; i++)
        keys[i] = f->map[i].key.data;
    near = names_nearest(shown, keys, f->n_map);
    mapping_refuse_field(
        next_refusal(r), r->arena, f->field, "unknown_value",
        near ? arena_printf(r->arena, "the map of %s does not know \"%s\"; nearest is \"%s\"",
                            rule->name, shown, near)
             : arena_printf(r->arena, "the map of %s does not know \"%s\"; it knows %s", rule->name,
                            shown, known_keys(r->arena, f, ", ")),
        near
            ? arena_printf(r->arena, "القيمة \"%s\" غير معروفة في خريطة «%s»؛ الأقرب إليها: \"%s\"",
                           shown, rule->label_ar, near)
            : arena_printf(r->arena, "القيمة \"%s\" غير معروفة في خريطة «%s»؛ المعروف: %s", shown,
                           rule->label_ar, known_keys(r->arena, f, "، ")));
}

static bool run_map(struct run *r, const struct field_program *f, struct text *value)
{
    const struct map_entry *entry;
    struct text given;

    if (f->n_map == 0 || !value->data)
        return true;
    entry = mapping_map_find(f, r->arena, *value);
    if (!entry && !f->fallback.data) {
        refuse_unknown(r, f, *value);
        add_step(r, (int)f->field, "map", *value, keep_refusal(r));
        trace_unknown(r, *value);
        return false;
    }
    given = *value;
    *value = entry ? entry->value : TEXT_NONE;
    add_step(r, (int)f->field, "map", *value, NULL);
    if (!entry)
        trace_unknown(r, given);
    return true;
}

static bool is_canonical(struct text t)
{
    size_t i = t.len > 1 && t.data[0] == '-';

    if (t.len - i > 1 && t.data[i] == '0')
        return false;
    for (; i < t.len; i++)
        if (t.data[i] < '0' || t.data[i] > '9')
            return false;
    return t.len > 0 && t.len < 19;
}

/* An integer field takes "4000.00" and "١٥٬٠٠٠" as the numbers they are. */
static bool run_integer(struct run *r, const struct field_program *f, struct text *value)
{
    int64_t number;

    if (job_fields[f->field].type != JOB_TYPE_INTEGER || !value->data || is_canonical(*value))
        return true;
    if (text_number(*value, &number)) {
        *value = text_of(arena_printf(r->arena, "%" PRId64, number));
        add_step(r, (int)f->field, "number", *value, NULL);
        return true;
    }
    mapping_refuse_field(
        next_refusal(r), r->arena, f->field, "not_a_number",
        arena_printf(r->arena, "\"%s\" is not an amount in riyals, and a salary is never guessed",
                     mapping_excerpt(r->arena, *value)),
        arena_printf(r->arena, "\"%s\" ليس مبلغًا بالريال، ولا يُخمَّن الراتب أبدًا",
                     mapping_excerpt(r->arena, *value)));
    add_step(r, (int)f->field, "number", *value, keep_refusal(r));
    return false;
}

static bool run_field(struct run *r, const struct field_program *f, const struct row *row,
                      struct text *out)
{
    struct text value = f->fallback;
    bool unknown = false;

    if (f->source == FIELD_CONST) {
        trace_source(r, f, value);
        *out = value;
        return true;
    }
    value = row->value[r->m->n_key + f->column];
    if (value.data && refuse_encoding(r, f, value))
        return false;
    if (value.data)
        value = settle(text_clean(r->arena, value));
    trace_source(r, f, value);
    if (!run_transforms(r, f, &value, &unknown) || !run_map(r, f, &value) ||
        !run_integer(r, f, &value))
        return false;
    if (!value.data && f->fallback.data) {
        value = f->fallback;
        add_step(r, (int)f->field, "default", value, NULL);
    }
    *out = value;
    return true;
}

/* ---- the row -------------------------------------------------------------------------------- */

static bool is_refused(const struct run *r, size_t n, int field)
{
    for (size_t i = 0; i < n; i++)
        if (r->refusals[i].field == field)
            return true;
    return false;
}

/* What job_validate finds, less what follows from a field that was refused already. */
static void validate(struct run *r, const struct job *job)
{
    struct refusal found[JOB_MAX_REFUSALS];
    size_t n = job_validate(r->arena, job, found, JOB_MAX_REFUSALS), refused = r->n_refusals;

    for (size_t i = 0; i < n && r->n_refusals < JOB_MAX_REFUSALS; i++) {
        if (is_refused(r, refused, found[i].field))
            continue;
        *next_refusal(r) = found[i];
        add_step(r, found[i].field,
                 r->trace ? arena_printf(r->arena, "rule %s", found[i].rule) : NULL,
                 found[i].field >= 0 ? job->field[found[i].field] : TEXT_NONE, keep_refusal(r));
    }
}

static bool is_true(struct text t)
{
    return t.data && t.len > 0 && t.data[0] == 't';
}

void mapping_apply(const struct mapping *m, const struct row *row, struct arena *a, struct job *job,
                   struct refusal refusals[JOB_MAX_REFUSALS], struct desired *out,
                   struct trace *trace)
{
    struct run r = {.utf8 = row->utf8, .m = m, .arena = a, .refusals = refusals, .trace = trace};

    memset(job, 0, sizeof(*job));
    memset(out, 0, sizeof(*out));
    out->kind = DESIRED_GONE;
    if (is_true(row->value[m->n_key + COLUMN_REMOVED]))
        return;
    for (size_t i = 0; i < JOB_FIELDS; i++)
        if (m->field[i] && !run_field(&r, m->field[i], row, &job->field[i]))
            job->field[i] = TEXT_NONE;
    validate(&r, job);
    out->job = job;
    out->refusals = refusals;
    out->n_refusals = r.n_refusals;
    out->kind = r.n_refusals > 0 ? DESIRED_REFUSED : DESIRED_JOB;
    if (r.n_refusals > 0)
        job_hash_refusals(refusals, r.n_refusals, &out->hash);
    else
        job_hash(job, &out->hash);
}

void mapping_refuse(const char *rule, int64_t count, struct arena *a, struct refusal *refusal,
                    struct desired *out)
{
    static const struct {
        const char *rule, *message, *message_ar;
    } rules[] = {
        {"key.null", "rows that have a NULL in their key", "صفوف في مفتاحها قيمة NULL"},
        {"key.duplicate", "rows that have the same key", "صفوف تحمل المفتاح نفسه"},
        {"key.invalid_utf8", "rows whose key is not valid UTF-8", "صفوف مفتاحها ليس UTF-8 صالحًا"},
    };
    size_t i = 0;
    while (strcmp(rules[i].rule, rule) != 0)
        if (++i == ARRAY_LEN(rules))
            BUG("no rule \"%s\" refuses a whole row", rule);
    *refusal = (struct refusal){
        .field = -1,
        .rule = rules[i].rule,
        .message = arena_printf(a, "%s: %" PRId64, rules[i].message, count),
        .message_ar = arena_printf(a, "%s: %" PRId64, rules[i].message_ar, count),
    };
    memset(out, 0, sizeof(*out));
    out->kind = DESIRED_REFUSED;
    out->refusals = refusal;
    out->n_refusals = 1;
    job_hash_refusals(refusal, 1, &out->hash);
}

/* ---- keys ----------------------------------------------------------------------------------- */

bool mapping_key_valid(const struct mapping *m, const struct row *row)
{
    for (size_t i = 0; i < m->n_key && !row->utf8; i++)
        if (text_utf8_valid(row->value[i].data, row->value[i].len) != row->value[i].len)
            return false;
    return true;
}

const char *mapping_key_text(const struct mapping *m, const struct row *row, struct arena *a)
{
    size_t bytes = m->n_key * 3, n = 0;
    bool valid = mapping_key_valid(m, row);
    char *key;

    for (size_t i = 0; i < m->n_key; i++)
        bytes += 4 * row->value[i].len;
    key = arena_alloc(a, bytes + 1);
    for (size_t i = 0; i < m->n_key; i++) {
        struct text part = row->value[i].data ? row->value[i] : text_of("N");

        if (i > 0)
            key[n++] = ',';
        if (!row->value[i].data)
            key[n++] = '\\';
        for (size_t c = 0; c < part.len; c++) {
            unsigned char byte = (unsigned char)part.data[c];

            if (!valid && byte >= 0x80) {
                n += (size_t)snprintf(key + n, 5, "\\x%02x", byte);
                continue;
            }
            if (byte == ',' || byte == '\\')
                key[n++] = '\\';
            key[n++] = part.data[c];
        }
    }
    return key;
}

bool mapping_key_split(const struct mapping *m, const char *key, struct arena *a,
                       struct text parts[MAPPING_MAX_KEY], struct err *e)
{
    char *out = arena_alloc(a, strlen(key) + 1);
    size_t n = 0, len = 0;

    parts[0] = (struct text){.data = out, .len = 0};
    for (const char *c = key; *c; c++) {
        if (*c == ',' && ++n < MAPPING_MAX_KEY) {
            out[len++] = '\0';
            parts[n] = (struct text){.data = out + len, .len = 0};
        }
        if (n >= MAPPING_MAX_KEY)
            break;
        if (*c == ',')
            continue;
        if (*c == '\\' && c[1] == 'N' && parts[n].len == 0) {
            parts[n] = TEXT_NONE;
            c++;
            continue;
        }
        if (*c == '\\' && c[1])
            c++;
        out[len++] = *c;
        parts[n].len++;
    }
    if (n + 1 == m->n_key)
        return true;
    err_set(e, ERR_USAGE, "the key \"%s\" has %zu parts, and mapping \"%s\" has %zu", key, n + 1,
            m->name, m->n_key);
    return err_hint(e, "separate the parts by \",\", and write \"\\\" before a \",\" inside one");
}
