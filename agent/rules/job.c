/*
 * Validation walks job_fields[] once; only what ties fields together (a salary that the employment
 * type demands, a range the wrong way round) is code of its own. Refusals are read by people in a
 * list of hundreds, so each says what was found and what is expected, and quotes at most a few
 * words of the value. The Arabic avoids words that would have to agree with the field's gender or
 * with a number.
 *
 * Assumed, as Part A gives no more than types and bounds: a description may be missing (only its
 * maximum is documented); city, type, currency and status may not; a salary is above zero; and the
 * least length of a title counts without the blanks around it, which Qudra may trim away.
 */
#include "rules/job.h"

#include <string.h>

#include "base/names.h"
#include "base/utf8.h"

static const char *const employment_types[] = {"full_time", "part_time", "contract", "internship",
                                               NULL};
static const char *const currencies[] = {"SAR", NULL};
static const char *const statuses[] = {"active", "paused", "closed", NULL};

const struct job_field_rule job_fields[JOB_FIELDS] = {
    [JOB_TITLE] = {.name = "title",
                   .type = JOB_TYPE_STRING,
                   .required = true,
                   .min_chars = 3,
                   .max_chars = 200,
                   .help = "The job's title, 3 to 200 characters.",
                   .label_ar = "المسمى الوظيفي"},
    [JOB_DESCRIPTION] = {.name = "description",
                         .type = JOB_TYPE_STRING,
                         .max_chars = 20000,
                         .help =
                             "Up to 20,000 characters; Markdown is rendered on the public page.",
                         .label_ar = "الوصف الوظيفي"},
    [JOB_CITY] = {.name = "city",
                  .type = JOB_TYPE_STRING,
                  .required = true,
                  .min_chars = 1,
                  .help = "A city of Saudi Arabia, in English.",
                  .label_ar = "المدينة"},
    [JOB_EMPLOYMENT_TYPE] = {.name = "employment_type",
                             .type = JOB_TYPE_ENUM,
                             .required = true,
                             .choices = employment_types,
                             .help = "full_time, part_time, contract or internship.",
                             .label_ar = "نوع التوظيف"},
    [JOB_SALARY_MIN] = {.name = "salary_min",
                        .type = JOB_TYPE_INTEGER,
                        .help = "Monthly, in whole riyals; required for full_time and contract.",
                        .label_ar = "الحد الأدنى للراتب"},
    [JOB_SALARY_MAX] = {.name = "salary_max",
                        .type = JOB_TYPE_INTEGER,
                        .help = "Monthly, in whole riyals; at least salary_min.",
                        .label_ar = "الحد الأعلى للراتب"},
    [JOB_CURRENCY] = {.name = "currency",
                      .type = JOB_TYPE_ENUM,
                      .required = true,
                      .choices = currencies,
                      .help = "SAR, always.",
                      .label_ar = "العملة"},
    [JOB_STATUS] = {.name = "status",
                    .type = JOB_TYPE_ENUM,
                    .required = true,
                    .choices = statuses,
                    .help = "active, paused or closed.",
                    .label_ar = "حالة الوظيفة"},
};

enum job_field job_field_find(const char *name)
{
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if (strcmp(job_fields[f].name, name) == 0)
            return f;
    return JOB_FIELDS;
}

/* ---- validation ------------------------------------------------------------------------------ */

struct check {
    struct arena *arena;
    struct refusal *out;
    size_t n, max;
};

static void refuse(struct check *c, enum job_field f, const char *why, const char *message,
                   const char *message_ar)
{
    if (c->n == c->max)
        return;
    c->out[c->n++] = (struct refusal){
        .field = (int)f,
        .rule = arena_printf(c->arena, "%s.%s", job_fields[f].name, why),
        .message = message,
        .message_ar = message_ar,
    };
}

/* A value as it is quoted in a message: its beginning, on one line. */
static const char *shown(struct check *c, struct text value)
{
    const size_t enough = 60;
    struct text line = text_collapse(c->arena, value);
    if (text_characters(line) <= enough)
        return arena_strndup(c->arena, line.data, line.len);
    struct text cut = text_truncate(c->arena, line, enough);
    return arena_printf(c->arena, "%.*s…", (int)cut.len, cut.data);
}

static void refuse_missing(struct check *c, enum job_field f)
{
    const struct job_field_rule *r = &job_fields[f];
    refuse(c, f, "required", arena_printf(c->arena, "%s is missing; a value is required", r->name),
           arena_printf(c->arena, "لا توجد قيمة في حقل «%s»، وهي مطلوبة", r->label_ar));
}

static bool has_arabic(struct text t)
{
    uint32_t point;
    size_t step;
    for (size_t i = 0; i < t.len && (step = utf8_next(t.data + i, t.len - i, &point)) > 0;
         i += step)
        if ((point >= 0x600 && point <= 0x6FF) || (point >= 0x750 && point <= 0x77F) ||
            (point >= 0x8A0 && point <= 0x8FF) || (point >= 0xFB50 && point <= 0xFDFF) ||
            (point >= 0xFE70 && point <= 0xFEFC))
            return true;
    return false;
}

/* No character has more than four bytes: most texts need not be counted. */
static bool is_surely_within(const struct job_field_rule *r, struct text t)
{
    return t.len / 4 >= r->min_chars && t.len > 0 && (r->max_chars == 0 || t.len <= r->max_chars);
}

static void check_length(struct check *c, enum job_field f, struct text value)
{
    const struct job_field_rule *r = &job_fields[f];
    struct text trimmed = text_trim(value);
    if (is_surely_within(r, trimmed) && trimmed.len == value.len)
        return;
    size_t chars = text_characters(value);
    size_t least = trimmed.len == value.len ? chars : text_characters(trimmed);
    if (r->required && least == 0)
        refuse_missing(c, f);
    else if (least < r->min_chars)
        refuse(c, f, "too_short",
               arena_printf(c->arena, "%s has %zu characters; at least %zu are required", r->name,
                            least, r->min_chars),
               arena_printf(c->arena, "عدد الأحرف في حقل «%s» هو %zu، والحد الأدنى المطلوب %zu",
                            r->label_ar, least, r->min_chars));
    if (r->max_chars > 0 && chars > r->max_chars)
        refuse(c, f, "too_long",
               arena_printf(c->arena, "%s has %zu characters; at most %zu are allowed", r->name,
                            chars, r->max_chars),
               arena_printf(c->arena, "عدد الأحرف في حقل «%s» هو %zu، والحد الأقصى المسموح %zu",
                            r->label_ar, chars, r->max_chars));
}

static void check_string(struct check *c, enum job_field f, struct text value)
{
    check_length(c, f, value);
    if (f == JOB_CITY && has_arabic(value))
        refuse(
            c, f, "not_english",
            arena_printf(c->arena, "city is \"%s\"; its English name is required", shown(c, value)),
            arena_printf(c->arena, "المدينة مكتوبة بالعربية «%s»، والمطلوب اسمها بالإنجليزية",
                         shown(c, value)));
}

static bool text_is(struct text t, const char *word)
{
    return t.data && t.len == strlen(word) && memcmp(t.data, word, t.len) == 0;
}

static size_t count_choices(const char *const *choices)
{
    size_t n = 0;
    while (choices[n])
        n++;
    return n;
}

static const char *list_ar(struct check *c, const char *const *choices)
{
    const char *list = choices[0];
    for (size_t i = 1; choices[i]; i++)
        list = arena_printf(c->arena, "%s أو %s", list, choices[i]);
    return list;
}

static void check_enum(struct check *c, enum job_field f, struct text value)
{
    const struct job_field_rule *r = &job_fields[f];
    for (const char *const *choice = r->choices; *choice; choice++)
        if (text_is(value, *choice))
            return;
    if (text_trim(value).len == 0) {
        refuse_missing(c, f);
        return;
    }
    refuse(c, f, "unknown",
           arena_printf(c->arena, "%s is \"%s\"; expected %s", r->name, shown(c, value),
                        names_list(c->arena, r->choices, count_choices(r->choices))),
           arena_printf(c->arena, "القيمة «%s» غير مقبولة في حقل «%s»، والمقبول: %s",
                        shown(c, value), r->label_ar, list_ar(c, r->choices)));
}

/* Canonical decimal alone: no sign but '-', no leading zero, and within what any reader of JSON
 * keeps exact (2^53 has 16 digits). */
static bool read_integer(struct text t, int64_t *out)
{
    size_t first = t.len > 0 && t.data[0] == '-', digits = t.len - first;
    if (digits == 0 || digits > 15 || (t.data[first] == '0' && t.len > 1))
        return false;
    return text_whole(t, out);
}

static void check_integer(struct check *c, enum job_field f, struct text value)
{
    const struct job_field_rule *r = &job_fields[f];
    int64_t n;
    if (!read_integer(value, &n))
        refuse(c, f, "not_integer",
               arena_printf(c->arena, "%s is \"%s\"; expected a whole number of riyals a month",
                            r->name, shown(c, value)),
               arena_printf(c->arena, "القيمة «%s» في حقل «%s» ليست عددًا صحيحًا بالريال شهريًا",
                            shown(c, value), r->label_ar));
    else if (n <= 0)
        refuse(c, f, "not_positive",
               arena_printf(c->arena, "%s is %s; expected more than 0", r->name, shown(c, value)),
               arena_printf(c->arena, "القيمة %s في حقل «%s» يجب أن تكون أكبر من الصفر",
                            shown(c, value), r->label_ar));
}

/* Part A: salary_min is required for full_time and contract. */
static void check_salary_given(struct check *c, const struct job *job)
{
    struct text type = job->field[JOB_EMPLOYMENT_TYPE];
    if (!text_is(type, "full_time") && !text_is(type, "contract"))
        return;
    refuse(c, JOB_SALARY_MIN, "required",
           arena_printf(c->arena, "salary_min is missing; it is required for %.*s", (int)type.len,
                        type.data),
           arena_printf(c->arena, "لا توجد قيمة في حقل «%s»، وهي مطلوبة لنوع التوظيف %.*s",
                        job_fields[JOB_SALARY_MIN].label_ar, (int)type.len, type.data));
}

static void check_range(struct check *c, const struct job *job)
{
    struct text low = job->field[JOB_SALARY_MIN], high = job->field[JOB_SALARY_MAX];
    int64_t from, to;
    if (!low.data || !high.data || !read_integer(low, &from) || !read_integer(high, &to))
        return;
    if (from > 0 && to > 0 && to < from)
        refuse(c, JOB_SALARY_MAX, "below_min",
               arena_printf(c->arena, "salary_max is %lld; at least salary_min (%lld) is required",
                            (long long)to, (long long)from),
               arena_printf(c->arena, "الحد الأعلى للراتب %lld أقل من حده الأدنى %lld",
                            (long long)to, (long long)from));
}

static void check_field(struct check *c, enum job_field f, const struct job *job)
{
    struct text value = job->field[f];
    if (!value.data) {
        if (job_fields[f].required)
            refuse_missing(c, f);
        else if (f == JOB_SALARY_MIN)
            check_salary_given(c, job);
        return;
    }
    switch (job_fields[f].type) {
    case JOB_TYPE_STRING:
        check_string(c, f, value);
        break;
    case JOB_TYPE_ENUM:
        check_enum(c, f, value);
        break;
    case JOB_TYPE_INTEGER:
        check_integer(c, f, value);
        break;
    }
    if (f == JOB_SALARY_MAX)
        check_range(c, job);
}

size_t job_validate(struct arena *a, const struct job *job, struct refusal *out, size_t max)
{
    struct check c = {.arena = a, .out = out, .n = 0, .max = max};
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        check_field(&c, f, job);
    return c.n;
}

bool job_equal(const struct job *a, const struct job *b)
{
    for (enum job_field f = 0; f < JOB_FIELDS; f++) {
        struct text x = a->field[f], y = b->field[f];
        if ((x.data == NULL) != (y.data == NULL) || x.len != y.len ||
            (x.len > 0 && memcmp(x.data, y.data, x.len) != 0))
            return false;
    }
    return true;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_value(struct json_writer *w, enum job_field f, struct text value)
{
    int64_t n;
    if (!value.data)
        json_write_null(w);
    else if (job_fields[f].type == JOB_TYPE_INTEGER && read_integer(value, &n))
        json_write_int(w, n);
    else
        json_write_strn(w, value.data, value.len);
}

void job_write(struct json_writer *w, const struct job *job, unsigned mask, bool nulls)
{
    json_open_object(w);
    for (enum job_field f = 0; f < JOB_FIELDS; f++) {
        if (!(mask & 1u << f) || (!job->field[f].data && !nulls))
            continue;
        json_key(w, job_fields[f].name);
        write_value(w, f, job->field[f]);
    }
    json_close_object(w);
}

/* "15000.00" is the integer before its point; the text stays where it is. */
static struct text whole_part(struct text t)
{
    const char *point = memchr(t.data, '.', t.len);
    if (!point)
        return t;
    size_t whole = (size_t)(point - t.data);
    for (size_t i = whole + 1; i < t.len; i++)
        if (t.data[i] != '0')
            return t;
    return (struct text){.data = t.data, .len = whole};
}

void job_read(const struct json *object, struct job *out)
{
    for (enum job_field f = 0; f < JOB_FIELDS; f++) {
        const struct json *v = json_get(object, job_fields[f].name);
        out->field[f] = TEXT_NONE;
        if (!v || (v->type != JSON_STRING && v->type != JSON_NUMBER))
            continue;
        struct text value = {.data = v->text, .len = v->len};
        out->field[f] = job_fields[f].type == JOB_TYPE_INTEGER ? whole_part(value) : value;
    }
}

#define JOINED_MAX_BYTES (64 * 1024)

struct refusal job_join_refusals(const struct refusal *refusals, size_t n, struct arena *a)
{
    struct buf english = BUF_INIT(JOINED_MAX_BYTES), arabic = BUF_INIT(JOINED_MAX_BYTES);
    for (size_t i = 0; i < n; i++) {
        buf_addstr(&english, i > 0 ? "; " : "");
        buf_addstr(&english, refusals[i].message);
        buf_addstr(&arabic, i > 0 ? "؛ " : "");
        buf_addstr(&arabic, refusals[i].message_ar);
    }
    struct refusal all = {.field = refusals[0].field,
                          .rule = refusals[0].rule,
                          .message = arena_strdup(a, buf_str(&english)),
                          .message_ar = arena_strdup(a, buf_str(&arabic))};
    buf_release(&english);
    buf_release(&arabic);
    return all;
}
