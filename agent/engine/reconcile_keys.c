/*
 * The keys of a job's content. What is dropped from a text here is dropped from both sides, so a
 * rule that is too eager can only make two texts equal that are not, never part two that are equal:
 * hence three keys, from cautious to eager, and each trusted less than the one before it.
 */
#include <string.h>

#include <unictype.h>
#include <xxhash.h>

#include "base/utf8.h"
#include "engine/reconcile_match.h"

/* ---- the same text for a reader -------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* "<p>", "</b>", "<!-- -->": the end of what looks like a tag; 0 when it is none. */
static size_t tag_length(const char *s, size_t len)
{
    const char *end = memchr(s, '>', len);
    bool opens = len > 1 && (s[1] == '/' || s[1] == '!' || (s[1] >= 'a' && s[1] <= 'z') ||
                             (s[1] >= 'A' && s[1] <= 'Z'));
    return opens && end != NULL ? (size_t)(end - s) + 1 : 0;
}

/* A word of marks alone: a bullet, a heading's hashes, a rule. */
static size_t mark_word_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && strchr("*+-#=", s[n]) != NULL && s[n] != '\0')
        n++;
    return n == len || is_blank(s[n]) ? n : 0;
}

static void add_normal(struct buf *out, struct arena *scratch, struct text given)
{
    struct text t = given.data != NULL ? text_clean(scratch, given) : given;
    bool word_begins = true;
    for (size_t i = 0; i < t.len;) {
        size_t skip = t.data[i] == '<' ? tag_length(t.data + i, t.len - i)
                      : word_begins    ? mark_word_length(t.data + i, t.len - i)
                                       : 0;
        if (skip > 0) {
            i += skip;
            continue;
        }
        word_begins = is_blank(t.data[i]);
        if (!word_begins && strchr("*_\\`", t.data[i]) == NULL)
            buf_addch(out, t.data[i]);
        i++;
    }
    buf_addch(out, '\0');
}

/* ---- letters and digits ---------------------------------------------------------------------- */

/* "C++" and "C#" are not "C". */
static bool belongs_to_letter(uint32_t point, bool after_letter)
{
    return after_letter && (point == '+' || point == '#');
}

static void add_letters(struct buf *out, struct arena *scratch, struct text given)
{
    struct text t = given.data != NULL ? text_fold(scratch, given) : given;
    bool after_letter = false;
    uint32_t point;
    for (size_t i = 0, step; i < t.len; i += step) {
        step = utf8_next(t.data + i, t.len - i, &point);
        if (step == 0)
            break;
        if (t.data[i] == '<' && tag_length(t.data + i, t.len - i) > 0)
            step = tag_length(t.data + i, t.len - i);
        else if ((after_letter = uc_is_property_alphabetic(point) ||
                                 uc_is_property_decimal_digit(point) ||
                                 belongs_to_letter(point, after_letter)))
            buf_add(out, t.data + i, step);
    }
    buf_addch(out, '\0');
}

/* ---- the whole job --------------------------------------------------------------------------- */

#define KEY_BYTES_MAX (4 * 1024 * 1024)

static void add_text(struct buf *out, struct text t, const char *fallback)
{
    if (t.data == NULL)
        t = text_of(fallback);
    buf_add(out, t.data, t.len);
    buf_addch(out, '\0');
}

/* What is no prose compares as it is, with the defaults that a server may fill in (Part B). */
static void add_facts(struct buf *out, const struct job *job)
{
    struct text most = job->field[JOB_SALARY_MAX];
    add_text(out, job->field[JOB_EMPLOYMENT_TYPE], "full_time");
    add_text(out, job->field[JOB_SALARY_MIN], "");
    add_text(out, most.data != NULL ? most : job->field[JOB_SALARY_MIN], "");
    add_text(out, job->field[JOB_CURRENCY], "SAR");
}

static struct reconcile_key key_of(struct buf *b)
{
    XXH128_hash_t h = XXH3_128bits(buf_str(b), b->len);
    buf_clear(b);
    return (struct reconcile_key){{h.high64, h.low64}};
}

static bool text_is(struct text t, const char *word)
{
    return t.data != NULL && t.len == strlen(word) && memcmp(t.data, word, t.len) == 0;
}

void reconcile_keys(const struct job *job, struct arena *scratch, struct reconcile_keys *out)
{
    static const enum job_field prose[] = {JOB_TITLE, JOB_CITY, JOB_DESCRIPTION};
    struct buf b = BUF_INIT(KEY_BYTES_MAX);
    job_hash(job, &out->content);
    out->closed = text_is(job->field[JOB_STATUS], "closed");
    for (size_t i = 0; i < ARRAY_LEN(prose); i++)
        add_normal(&b, scratch, job->field[prose[i]]);
    add_facts(&b, job);
    out->normal = key_of(&b);
    for (size_t i = 0; i < ARRAY_LEN(prose); i++)
        add_letters(&b, scratch, job->field[prose[i]]);
    add_facts(&b, job);
    buf_addch(&b, out->closed ? 'c' : 'o');
    out->letters = key_of(&b);
    for (size_t i = 0; i < ARRAY_LEN(prose) - 1; i++)
        add_letters(&b, scratch, job->field[prose[i]]);
    add_facts(&b, job);
    buf_addch(&b, out->closed ? 'c' : 'o');
    out->identity = key_of(&b);
    buf_release(&b);
}

/* ---- drift ----------------------------------------------------------------------------------- */

static bool is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

unsigned reconcile_edited(const struct bound *row, const struct reconcile_keys *job,
                          const char *job_status, unsigned excused)
{
    const struct job_hash *last = row->has_answered ? &row->answered : &row->recorded.synced;
    /* A close is recorded in job_status alone, and so is a status that the mapping does not make;
     * of a job that is closed nothing else is of interest. */
    if (row->recorded.state == ROW_REMOVED)
        return is(job_status, "closed") ? 0 : 1u << JOB_STATUS;
    unsigned mask = 0;
    for (unsigned f = 0; f < JOB_FIELDS; f++)
        if (last->field[f] != job->content.field[f])
            mask |= 1u << f;
    bool told = row->recorded.state != ROW_SYNCED || last->field[JOB_STATUS] == 0;
    if (told && is(job_status, row->recorded.job_status))
        mask &= ~(1u << JOB_STATUS);
    return row->has_answered ? mask : mask & ~excused;
}

/* ---- a set of hashes ------------------------------------------------------------------------- */

uint64_t reconcile_set_hash(const char *text)
{
    uint64_t h = XXH3_64bits(text, strlen(text));
    return h != 0 ? h : 1;
}

void reconcile_set_release(struct reconcile_set *s)
{
    mem_free(s->slot);
    *s = (struct reconcile_set){.slot = NULL};
}

/* Where the hash is, or the free place where it would be. */
static size_t place(const struct reconcile_set *s, uint64_t hash)
{
    size_t i = (size_t)hash & (s->cap - 1);
    while (s->slot[i] != 0 && s->slot[i] != hash)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static void grow(struct reconcile_set *s)
{
    struct reconcile_set larger = {.cap = s->cap > 0 ? 2 * s->cap : 1024};
    larger.slot = mem_alloc(larger.cap * sizeof *larger.slot);
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i] != 0)
            larger.slot[place(&larger, s->slot[i])] = s->slot[i];
    larger.n = s->n;
    mem_free(s->slot);
    *s = larger;
}

bool reconcile_set_has(const struct reconcile_set *s, uint64_t hash)
{
    return s->cap > 0 && s->slot[place(s, hash)] == hash;
}

bool reconcile_set_add(struct reconcile_set *s, uint64_t hash)
{
    if (reconcile_set_has(s, hash))
        return false;
    if (4 * (s->n + 1) > 3 * s->cap)
        grow(s);
    s->slot[place(s, hash)] = hash;
    s->n++;
    return true;
}
