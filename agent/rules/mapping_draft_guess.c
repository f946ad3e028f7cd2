/*
 * A column's score for a target is made of its name (at most 60) and its values (at most 40); a
 * type that cannot hold the thing rules it out. Values count for more than they seem to: a column
 * of known cities is a city whatever it is called, and "location" full of addresses is none.
 */
#include <ctype.h>
#include <string.h>

#include "rules/mapping_draft.h"
#include "rules/mapping_internal.h"

#define NAME_EXACT  60
#define NAME_WORD   35
#define VALUES_MAX  40
#define GUESS_LEAST 30
#define LONG_TEXT   120
#define PAY_LEAST   300
#define PAY_MOST    2000000

enum kind { KIND_TEXT, KIND_NUMBER, KIND_BOOLEAN, KIND_TIME, KIND_JSON, KIND_OTHER };
#define BIT(kind) (1u << (kind))

/* ---- names ----------------------------------------------------------------------------------- */

/* '|' between them, folded when compared. A word counts where it is part of a name. */
static const struct wish {
    const char *names, *words;
    unsigned kinds;
} wishes[DRAFT_TARGETS] = {
    [JOB_TITLE] = {"title|job title|position title|position|job name|name|vacancy|label|role|"
                   "المسمى الوظيفي|المسمى|عنوان الوظيفة|اسم الوظيفة|العنوان|الوظيفة",
                   "title|position|مسمى|وظيفة", BIT(KIND_TEXT) | BIT(KIND_JSON)},
    [JOB_DESCRIPTION] = {"description|job description|body|body html|details|content|text|"
                         "الوصف|وصف الوظيفة|الوصف الوظيفي|التفاصيل",
                         "description|desc|body|وصف", BIT(KIND_TEXT) | BIT(KIND_JSON)},
    [JOB_CITY] = {"city|city name|town|location|work city|workplace|city id|"
                  "المدينة|مدينة العمل|مكان العمل|الموقع",
                  "city|town|location|مدينة|موقع", BIT(KIND_TEXT) | BIT(KIND_NUMBER)},
    [JOB_EMPLOYMENT_TYPE] = {"employment type|job type|contract type|contract|work type|type|"
                             "contract type id|employment type id|"
                             "نوع العقد|نوع الدوام|نوع التوظيف|الدوام|العقد",
                             "employment|contract|دوام|عقد", BIT(KIND_TEXT) | BIT(KIND_NUMBER)},
    [JOB_SALARY_MIN] =
        {"salary min|min salary|salary from|salary|wage|minimum salary|monthly salary|"
         "الراتب|الحد الأدنى للراتب|الراتب من|الراتب الشهري",
         "salary|wage|pay|راتب", BIT(KIND_TEXT) | BIT(KIND_NUMBER)},
    [JOB_SALARY_MAX] = {"salary max|max salary|salary to|maximum salary|"
                        "الحد الأعلى للراتب|الراتب إلى|أعلى راتب",
                        "", BIT(KIND_TEXT) | BIT(KIND_NUMBER)},
    [JOB_CURRENCY] = {"currency|salary currency|currency code|العملة", "currency|عملة",
                      BIT(KIND_TEXT)},
    [JOB_STATUS] = {"status|state|job status|is active|active|is published|published|is open|"
                    "الحالة|حالة الوظيفة",
                    "status|حالة", BIT(KIND_TEXT) | BIT(KIND_BOOLEAN) | BIT(KIND_NUMBER)},
    [DRAFT_UPDATED_AT] = {"updated at|updated on|updated|modified at|modified on|modified|"
                          "last modified|last updated|write date|changed at|tms|"
                          "تاريخ التعديل|تاريخ التحديث|آخر تحديث",
                          "updated|modified|changed|تعديل|تحديث", BIT(KIND_TIME)},
    [DRAFT_REMOVED] = {"deleted at|discarded at|archived at|removed at|is deleted|deleted|archived|"
                       "is archived|محذوف|تاريخ الحذف",
                       "deleted|archived|discarded|محذوف", BIT(KIND_TIME) | BIT(KIND_BOOLEAN)},
};

/* "jobTitle" and "job_title" alike are "job title". */
static struct text spaced(struct arena *a, const char *name)
{
    struct buf words = BUF_INIT(4096);
    for (const char *c = name; *c; c++) {
        bool hump = c > name && isupper((unsigned char)*c) && islower((unsigned char)c[-1]);
        if (hump)
            buf_addch(&words, ' ');
        buf_addch(&words, *c == '_' || *c == '-' ? ' ' : *c);
    }
    struct text folded = text_fold(a, text_of(arena_strdup(a, buf_str(&words))));
    buf_release(&words);
    return folded;
}

static bool is_part(const char *name, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(name, word); len > 0 && at; at = strstr(at + 1, word))
        if ((at == name || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* The earlier in its list a name stands, the surer it is. */
static int score_name(struct arena *a, const struct wish *w, const char *name)
{
    const char *folded = spaced(a, name).data;
    int place = 0;
    if (!folded)
        return 0;
    for (const char *p = w->names; *p; p += *p == '|', place++) {
        size_t len = strcspn(p, "|");
        struct text known = text_fold(a, (struct text){.data = p, .len = len});
        p += len;
        if (strcmp(known.data, folded) == 0)
            return place < 3 ? NAME_EXACT : NAME_EXACT - 5;
    }
    for (const char *p = w->words; *p; p += *p == '|') {
        size_t len = strcspn(p, "|");
        struct text known = text_fold(a, (struct text){.data = p, .len = len});
        p += len;
        if (is_part(folded, known.data))
            return NAME_WORD;
    }
    return 0;
}

/* ---- types ----------------------------------------------------------------------------------- */

static enum kind kind_of(const struct draft_column *c)
{
    static const struct {
        const char *begins;
        enum kind kind;
    } types[] = {
        {"character", KIND_TEXT}, {"text", KIND_TEXT},     {"smallint", KIND_NUMBER},
        {"integer", KIND_NUMBER}, {"bigint", KIND_NUMBER}, {"numeric", KIND_NUMBER},
        {"real", KIND_NUMBER},    {"double", KIND_NUMBER}, {"boolean", KIND_BOOLEAN},
        {"timestamp", KIND_TIME}, {"date", KIND_TIME},     {"json", KIND_JSON},
    };
    size_t len = strlen(c->type);
    if (c->is_enum)
        return KIND_TEXT;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strncmp(c->type, types[i].begins, strlen(types[i].begins)) == 0)
            return len > 2 && strcmp(c->type + len - 2, "[]") == 0 ? KIND_OTHER : types[i].kind;
    return KIND_OTHER;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct {
    enum job_field field;
    const char *spelling, *meaning;
} meanings[] = {
    {JOB_EMPLOYMENT_TYPE, "ft", "full_time"},
    {JOB_EMPLOYMENT_TYPE, "permanent", "full_time"},
    {JOB_EMPLOYMENT_TYPE, "regular", "full_time"},
    {JOB_EMPLOYMENT_TYPE, "employee", "full_time"},
    {JOB_EMPLOYMENT_TYPE, "pt", "part_time"},
    {JOB_EMPLOYMENT_TYPE, "temporary", "contract"},
    {JOB_EMPLOYMENT_TYPE, "seasonal", "contract"},
    {JOB_EMPLOYMENT_TYPE, "freelance", "contract"},
    {JOB_EMPLOYMENT_TYPE, "contractor", "contract"},
    {JOB_EMPLOYMENT_TYPE, "fixed term", "contract"},
    {JOB_EMPLOYMENT_TYPE, "intern", "internship"},
    {JOB_EMPLOYMENT_TYPE, "trainee", "internship"},
    {JOB_EMPLOYMENT_TYPE, "coop", "internship"},
    {JOB_EMPLOYMENT_TYPE, "دوام كامل", "full_time"},
    {JOB_EMPLOYMENT_TYPE, "دوام جزئي", "part_time"},
    {JOB_EMPLOYMENT_TYPE, "عقد", "contract"},
    {JOB_EMPLOYMENT_TYPE, "عقد مؤقت", "contract"},
    {JOB_EMPLOYMENT_TYPE, "مؤقت", "contract"},
    {JOB_EMPLOYMENT_TYPE, "تدريب", "internship"},
    {JOB_EMPLOYMENT_TYPE, "تدريب تعاوني", "internship"},
    {JOB_STATUS, "open", "active"},
    {JOB_STATUS, "published", "active"},
    {JOB_STATUS, "live", "active"},
    {JOB_STATUS, "مفتوح", "active"},
    {JOB_STATUS, "مفتوحة", "active"},
    {JOB_STATUS, "نشط", "active"},
    {JOB_STATUS, "on hold", "paused"},
    {JOB_STATUS, "inactive", "paused"},
    {JOB_STATUS, "متوقف", "paused"},
    {JOB_STATUS, "archived", "closed"},
    {JOB_STATUS, "filled", "closed"},
    {JOB_STATUS, "cancelled", "closed"},
    {JOB_STATUS, "expired", "closed"},
    {JOB_STATUS, "مغلق", "closed"},
    {JOB_STATUS, "مغلقة", "closed"},
    {JOB_CURRENCY, "ريال", "SAR"},
    {JOB_CURRENCY, "ريال سعودي", "SAR"},
};

static bool same(struct text a, struct text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

const char *mapping_draft_meaning(struct arena *a, enum job_field field, struct text value)
{
    struct text folded = mapping_fold_key(a, value);
    for (const char *const *c = job_fields[field].choices; c && *c; c++)
        if (same(mapping_fold_key(a, text_of(*c)), folded))
            return *c;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].field == field &&
            same(mapping_fold_key(a, text_of(meanings[i].spelling)), folded))
            return meanings[i].meaning;
    return NULL;
}

static bool is_pay(struct text t)
{
    int64_t low, high;
    return text_number_range(t, &low, &high) && low >= PAY_LEAST && high <= PAY_MOST;
}

static bool value_fits(struct arena *a, int target, enum kind kind, struct text t)
{
    switch (target) {
    case JOB_TITLE:
        return kind == KIND_JSON || (text_characters(t) >= 3 && text_characters(t) < LONG_TEXT);
    case JOB_DESCRIPTION:
        return text_characters(t) >= LONG_TEXT;
    case JOB_CITY:
        return city_find(a, t, NULL, 0, true) != NULL;
    case JOB_SALARY_MIN:
    case JOB_SALARY_MAX:
        return is_pay(t);
    case JOB_EMPLOYMENT_TYPE:
    case JOB_STATUS:
    case JOB_CURRENCY:
        return kind == KIND_BOOLEAN || mapping_draft_meaning(a, (enum job_field)target, t) != NULL;
    default:
        return true;
    }
}

/* Without any value nothing speaks for or against the column. */
static int score_values(struct arena *a, int target, enum kind kind, const struct draft_column *c)
{
    size_t fit = 0;
    if (c->n_sample == 0)
        return VALUES_MAX / 4;
    for (size_t i = 0; i < c->n_sample; i++)
        fit += value_fits(a, target, kind, c->sample[i]);
    return (int)(VALUES_MAX * fit / c->n_sample);
}

/* ---- the best of all ------------------------------------------------------------------------- */

static bool is_key(const struct draft_table *t, const struct draft_column *c)
{
    for (size_t i = 0; i < t->n_key; i++)
        if (strcmp(t->key[i], c->name) == 0)
            return true;
    return false;
}

static int score(const struct draft_table *t, struct arena *a, int target,
                 const struct draft_column *c)
{
    enum kind kind = kind_of(c);
    bool is_place = target == JOB_CITY || target == JOB_EMPLOYMENT_TYPE;
    if ((wishes[target].kinds & BIT(kind)) == 0 || is_key(t, c) || (c->reference && !is_place))
        return 0;
    int name = score_name(a, &wishes[target], c->name);
    if (c->reference)
        return name > 0 ? name + VALUES_MAX / 2 : score_name(a, &wishes[target], c->reference_name);
    /* A city and a contract speak for themselves; other values mean nothing without a name. */
    int values = score_values(a, target, kind, c);
    if (name == 0 && (!is_place || kind != KIND_TEXT || values < VALUES_MAX / 2))
        return 0;
    if (name == 0)
        return NAME_WORD + values / 2;
    return name + values;
}

static bool is_taken(const struct draft_guess *out, const struct draft_column *c)
{
    for (int i = 0; i < DRAFT_TARGETS; i++)
        if (out[i].column == c)
            return true;
    return false;
}

/* Of the targets that have no column yet and the columns that serve none: the surest pair. */
static bool take_best(const struct draft_table *t, const int *scores,
                      struct draft_guess out[DRAFT_TARGETS])
{
    struct draft_guess best = {.score = GUESS_LEAST - 1};
    int at = 0;
    for (int target = 0; target < DRAFT_TARGETS; target++)
        for (size_t i = 0; i < t->n_columns && !out[target].column; i++) {
            int s = scores[(size_t)target * t->n_columns + i];
            if (s <= best.score || is_taken(out, &t->column[i]))
                continue;
            best = (struct draft_guess){.column = &t->column[i], .score = s};
            at = target;
        }
    if (best.column)
        out[at] = best;
    return best.column != NULL;
}

/* The surest guess of all is taken first, so that what is certain is never lost to what is not. */
void mapping_draft_guess(const struct draft_table *t, struct arena *a,
                         struct draft_guess out[DRAFT_TARGETS])
{
    int *scores = arena_alloc(a, DRAFT_TARGETS * t->n_columns * sizeof *scores);
    memset(out, 0, DRAFT_TARGETS * sizeof *out);
    for (int target = 0; target < DRAFT_TARGETS; target++)
        for (size_t i = 0; i < t->n_columns; i++)
            scores[(size_t)target * t->n_columns + i] = score(t, a, target, &t->column[i]);
    while (take_best(t, scores, out))
        continue;
}
