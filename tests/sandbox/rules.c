/*
 * One reader a field, in a table with the refusal that each may earn: the table is what the
 * documentation says. Rules over several fields (salaries) are judged at the end, on the job as it
 * would be, so that a change of one field cannot break the whole.
 */
#include "rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { TITLE_MIN = 3, TITLE_MAX = 200, DESCRIPTION_MAX = 20000, CITY_MAX = 100 };

static const char *const employments[] = {"full_time", "part_time", "contract", "internship"};
static const char *const statuses[] = {"active", "paused", "closed"};

struct reading {
    const struct cities *cities;
    struct content *content;
    unsigned given; /* fields seen, by place in the table */
};

struct field {
    const char *name;
    bool required;
    bool (*read)(struct reading *r, const struct json *value);
    const char *rule;
    const char *message;
    const char *message_ar;
};

const char *employment_name(enum employment e)
{
    return employments[e];
}

const char *status_name(enum status s)
{
    return statuses[s];
}

static size_t characters(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80; /* all but continuation bytes */
    return n;
}

static bool read_text(struct reading *r, enum text_field field, const struct json *value,
                      size_t min, size_t max)
{
    if (value->type != JSON_STRING)
        return false;
    size_t n = characters(value->text, value->len);
    if (n < min || n > max)
        return false;
    r->content->text[field] = (struct piece){.data = value->text, .len = value->len};
    r->content->sent[field] = XXH3_64bits(value->text, value->len);
    return true;
}

static bool read_title(struct reading *r, const struct json *value)
{
    return read_text(r, TEXT_TITLE, value, TITLE_MIN, TITLE_MAX);
}

static bool read_description(struct reading *r, const struct json *value)
{
    if (value->type == JSON_NULL) {
        r->content->text[TEXT_DESCRIPTION] = (struct piece){.data = NULL};
        r->content->sent[TEXT_DESCRIPTION] = 0;
        return true;
    }
    return read_text(r, TEXT_DESCRIPTION, value, 0, DESCRIPTION_MAX);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_english_name(const char *s, size_t len)
{
    if (len == 0 || !isalpha((unsigned char)s[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isascii((unsigned char)s[i]) ||
            (!isalpha((unsigned char)s[i]) && strchr(" -'.", s[i]) == NULL))
            return false;
    return true;
}

static bool read_city(struct reading *r, const struct json *value)
{
    if (value->type != JSON_STRING || !is_english_name(value->text, value->len))
        return false;
    const struct cities *c = r->cities;
    if (c->n > 0 && bsearch(&value->text, c->names, c->n, sizeof(*c->names), compare_names) == NULL)
        return false;
    return read_text(r, TEXT_CITY, value, 1, CITY_MAX);
}

static int place_of(const char *const *names, size_t n, const struct json *value)
{
    const char *text = json_string(value);
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    return -1;
}

static bool read_employment(struct reading *r, const struct json *value)
{
    int place = place_of(employments, ARRAY_LEN(employments), value);
    r->content->employment = (enum employment)(place < 0 ? 0 : place);
    return place >= 0;
}

static bool read_status(struct reading *r, const struct json *value)
{
    int place = place_of(statuses, ARRAY_LEN(statuses), value);
    r->content->status = (enum status)(place < 0 ? 0 : place);
    return place >= 0;
}

/* "12.0" and "1e3" are numbers of JSON, but not the integers that the documentation asks for. */
static bool read_salary(const struct json *value, bool *has, int64_t *out)
{
    *has = value->type != JSON_NULL;
    *out = 0;
    return !*has || (value->type == JSON_NUMBER && strpbrk(value->text, ".eE") == NULL &&
                     json_int(value, out) && *out >= 0);
}

static bool read_salary_min(struct reading *r, const struct json *value)
{
    return read_salary(value, &r->content->has_min, &r->content->salary_min);
}

static bool read_salary_max(struct reading *r, const struct json *value)
{
    return read_salary(value, &r->content->has_max, &r->content->salary_max);
}

static bool read_currency(struct reading *r, const struct json *value)
{
    (void)r;
    const char *text = json_string(value);
    return text != NULL && strcmp(text, "SAR") == 0;
}

static const struct field fields[] = {
    {"title", true, read_title, "length", "title must be a string of 3 to 200 characters",
     "يجب أن يكون المسمى الوظيفي نصاً من 3 إلى 200 حرف"},
    {"description", false, read_description, "length",
     "description must be a string of at most 20,000 characters",
     "يجب أن يكون الوصف نصاً لا يتجاوز 20,000 حرف"},
    {"city", true, read_city, "city", "city must be a city of Saudi Arabia, in English",
     "يجب أن تكون المدينة من مدن المملكة العربية السعودية باللغة الإنجليزية"},
    {"employment_type", true, read_employment, "enum",
     "employment_type must be full_time, part_time, contract or internship",
     "نوع التوظيف غير معروف"},
    {"salary_min", false, read_salary_min, "integer", "salary_min must be a whole number of riyals",
     "يجب أن يكون الحد الأدنى للراتب عدداً صحيحاً"},
    {"salary_max", false, read_salary_max, "integer", "salary_max must be a whole number of riyals",
     "يجب أن يكون الحد الأعلى للراتب عدداً صحيحاً"},
    {"currency", false, read_currency, "enum", "currency must be SAR",
     "يجب أن تكون العملة بالريال السعودي SAR"},
    {"status", false, read_status, "enum", "status must be active, paused or closed",
     "الحالة غير معروفة"},
};

static void refuse(struct refusals *r, const struct refusal *why)
{
    if (r->n < REFUSALS_MAX)
        r->all[r->n++] = *why;
}

static void refuse_field(struct refusals *r, const struct field *f, const char *rule)
{
    refuse(r, &(struct refusal){f->name, rule, f->message, f->message_ar});
}

static void read_member(struct reading *reading, const struct json *member, struct refusals *r)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].name, member->key) != 0)
            continue;
        if ((reading->given & 1u << i) != 0)
            refuse_field(r, &fields[i], "repeated");
        else if (!fields[i].read(reading, member))
            refuse_field(r, &fields[i], fields[i].rule);
        reading->given |= 1u << i;
        return;
    }
    refuse(r, &(struct refusal){member->key, "unknown", "this field is unknown or read only",
                                "هذا الحقل غير معروف أو للقراءة فقط"});
}

static void judge_salaries(const struct content *c, struct refusals *r)
{
    bool due = c->employment == EMPLOYMENT_FULL_TIME || c->employment == EMPLOYMENT_CONTRACT;
    if (due && !c->has_min)
        refuse(r, &(struct refusal){"salary_min", "required",
                                    "salary_min is required for full_time and contract",
                                    "الحد الأدنى للراتب مطلوب للدوام الكامل والعقود"});
    if (c->has_min && c->has_max && c->salary_max < c->salary_min)
        refuse(r, &(struct refusal){"salary_max", "order", "salary_max must be at least salary_min",
                                    "يجب ألا يقل الحد الأعلى للراتب عن الحد الأدنى"});
}

static bool is_object(const struct json *body, struct refusals *r)
{
    if (body != NULL && body->type == JSON_OBJECT)
        return true;
    refuse(r,
           &(struct refusal){"", "type", "a job must be an object", "يجب أن تكون الوظيفة كائناً"});
    return false;
}

static void read_members(struct reading *reading, const struct json *body, struct refusals *r)
{
    for (const struct json *m = body->first; m != NULL; m = m->next)
        read_member(reading, m, r);
}

bool rules_read_job(const struct json *body, const struct cities *cities, struct content *out,
                    struct refusals *r)
{
    *out = (struct content){.status = STATUS_ACTIVE};
    r->n = 0;
    if (!is_object(body, r))
        return false;
    struct reading reading = {.cities = cities, .content = out};
    read_members(&reading, body, r);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].required && (reading.given & 1u << i) == 0)
            refuse_field(r, &fields[i], "required");
    if (r->n == 0)
        judge_salaries(out, r);
    return r->n == 0;
}

bool rules_read_changes(const struct json *body, const struct cities *cities, struct content *c,
                        struct refusals *r)
{
    r->n = 0;
    if (!is_object(body, r))
        return false;
    struct reading reading = {.cities = cities, .content = c};
    read_members(&reading, body, r);
    if (body->first == NULL)
        refuse(r, &(struct refusal){"", "required", "an update must change at least one field",
                                    "يجب أن يغير التحديث حقلاً واحداً على الأقل"});
    if (r->n == 0)
        judge_salaries(c, r);
    return r->n == 0;
}

bool cities_load(struct cities *c, const char *path, struct err *e)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return err_set(e, ERR_CONFIG, "cannot read \"%s\": %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\t\r\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        c->names = mem_realloc(c->names, (c->n + 1) * sizeof(*c->names));
        c->names[c->n++] = mem_strdup(line);
    }
    free(line);
    fclose(file);
    if (c->n > 0)
        qsort(c->names, c->n, sizeof(*c->names), compare_names);
    return true;
}

void cities_release(struct cities *c)
{
    for (size_t i = 0; i < c->n; i++)
        mem_free(c->names[i]);
    mem_free(c->names);
}
