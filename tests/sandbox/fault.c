/*
 * Chance comes from the sandbox's one seeded generator and is drawn only by rules that match, so a
 * run with one client repeats exactly.
 */
#include "fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "sandbox.h"

enum { FILE_MAX = 16 << 20 };

static const char *const names[FAULT_KINDS] = {
    [FAULT_NONE] = "none",
    [FAULT_429] = "429",
    [FAULT_500] = "500",
    [FAULT_502_HTML] = "502_html",
    [FAULT_503] = "503",
    [FAULT_GONE_404] = "gone_404",
    [FAULT_TIMEOUT] = "timeout",
    [FAULT_RESET_BEFORE] = "reset_before",
    [FAULT_REVOKE_KEY] = "revoke_key",
    [FAULT_PLAN_CHANGE] = "plan_change",
    [FAULT_WRONG_COUNT] = "wrong_count",
    [FAULT_NO_INDEX] = "no_index",
    [FAULT_SHUFFLE] = "shuffle",
    [FAULT_MIXED_207] = "mixed_207",
    [FAULT_BULK_REFUSED] = "bulk_refused",
    [FAULT_REPEAT_PAGE] = "repeat_page",
    [FAULT_HALF_APPLIED] = "half_applied",
    [FAULT_TIMEOUT_AFTER] = "timeout_after",
    [FAULT_RESET_AFTER] = "reset_after",
    [FAULT_5XX_AFTER] = "5xx_after",
    [FAULT_502_HTML_AFTER] = "502_html_after",
    [FAULT_HALF_BODY] = "half_body",
    [FAULT_GARBAGE_JSON] = "garbage_json",
    [FAULT_DROP_HEADERS] = "drop_headers",
    [FAULT_LIE_REMAINING] = "lie_remaining",
    [FAULT_SLOW] = "slow",
};

const char *fault_name(enum fault_kind kind)
{
    return names[kind];
}

static void release(struct fault *f)
{
    mem_free(f->method);
    mem_free(f->path);
    mem_free(f->account);
}

void faults_clear(struct faults *f)
{
    for (size_t i = 0; i < f->n; i++)
        release(&f->rules[i]);
    mem_free(f->rules);
    *f = (struct faults){.rules = NULL};
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_kind(const struct json *value, enum fault_kind *out, struct err *e)
{
    const char *text = json_string(value);
    if (text == NULL)
        return err_set(e, ERR_USAGE, "a rule needs \"fault\", a name");
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++)
        if (strcmp(names[kind], text) == 0) {
            *out = (enum fault_kind)kind;
            return true;
        }
    err_set(e, ERR_USAGE, "unknown fault \"%s\"", text);
    const char *near = names_nearest(text, names + 1, FAULT_KINDS - 1);
    return near == NULL ? false : err_hint(e, "Did you mean \"%s\"?", near);
}

static char *copy(const struct json *value)
{
    const char *text = json_string(value);
    return text == NULL ? NULL : mem_strdup(text);
}

static bool read_member(struct fault *f, const struct json *m, struct err *e)
{
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {{"nth", &f->nth},
                   {"every", &f->every},
                   {"times", &f->times},
                   {"ms", &f->ms},
                   {"value", &f->value}};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (strcmp(m->key, numbers[i].name) == 0)
            return json_int(m, numbers[i].number) ||
                   err_set(e, ERR_USAGE, "\"%s\" must be a whole number", m->key);
    if (strcmp(m->key, "method") == 0)
        f->method = copy(m);
    else if (strcmp(m->key, "path") == 0)
        f->path = copy(m);
    else if (strcmp(m->key, "account") == 0)
        f->account = copy(m);
    else if (strcmp(m->key, "probability") == 0)
        f->chance = m->type == JSON_NUMBER ? strtod(m->text, NULL) : 1;
    else if (strcmp(m->key, "plan") == 0)
        return (json_string(m) != NULL && plan_read(m->text, &f->plan)) ||
               err_set(e, ERR_USAGE, "\"plan\" must be free, growth or scale");
    else if (strcmp(m->key, "fault") == 0)
        return read_kind(m, &f->kind, e);
    else
        return err_set(e, ERR_USAGE, "unknown member \"%s\" of a fault rule", m->key);
    return true;
}

static bool read_members(struct fault *f, const struct json *object, struct err *e)
{
    for (const struct json *m = object->first; m != NULL; m = m->next) {
        bool nested = strcmp(m->key, "match") == 0 && m->type == JSON_OBJECT;
        if (!(nested ? read_members(f, m, e) : read_member(f, m, e)))
            return false;
    }
    return true;
}

static bool read_rule(struct fault *f, const struct json *rule, struct err *e)
{
    *f = (struct fault){.chance = -1, .times = -1, .value = -1, .plan = PLAN_GROWTH};
    if (rule->type != JSON_OBJECT)
        return err_set(e, ERR_USAGE, "a fault rule must be an object");
    if (!read_members(f, rule, e))
        return false;
    if (f->kind == FAULT_NONE)
        return err_set(e, ERR_USAGE, "a fault rule needs \"fault\"");
    if (f->nth > 0 && f->times < 0)
        f->times = 1;
    return true;
}

bool faults_add(struct faults *f, const struct json *rules, struct err *e)
{
    const struct json *list = json_get(rules, "rules");
    if (list == NULL)
        list = rules;
    bool many = list != NULL && list->type == JSON_ARRAY;
    size_t count = many ? list->count : 1, before = f->n;
    if (list == NULL)
        return err_set(e, ERR_USAGE, "no fault rule given");
    f->rules = mem_realloc(f->rules, (f->n + count + 1) * sizeof(*f->rules));
    for (const struct json *r = many ? list->first : list; r != NULL; r = many ? r->next : NULL)
        if (!read_rule(&f->rules[f->n++], r, e)) {
            while (f->n > before)
                release(&f->rules[--f->n]);
            return false;
        }
    return true;
}

bool faults_load(struct faults *f, const char *path, struct err *e)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return err_set(e, ERR_CONFIG, "cannot read \"%s\": %s", path, strerror(errno));
    struct buf text;
    buf_init(&text, FILE_MAX);
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof(part), file)) > 0;)
        buf_add(&text, part, n);
    fclose(file);
    struct arena a;
    arena_init(&a, 0);
    const struct json *rules = json_read(&a, buf_str(&text), text.len, e);
    bool ok = rules != NULL && faults_add(f, rules, e);
    arena_release(&a);
    buf_release(&text);
    return ok || err_prefix(e, "%s: ", path);
}

/* ---- picking --------------------------------------------------------------------------------- */

static bool matches(const struct fault *f, const char *method, const char *path,
                    const char *account)
{
    return (f->method == NULL || strcmp(f->method, method) == 0) &&
           (f->path == NULL || fnmatch(f->path, path, 0) == 0) &&
           (f->account == NULL || strcmp(f->account, account) == 0);
}

static bool fires(struct sandbox *s, struct fault *f)
{
    f->seen++;
    if (f->times == 0)
        return false;
    if (f->nth > 0)
        return f->seen >= f->nth; /* the nth and, with times, those after it */
    if (f->every > 0)
        return f->seen % f->every == 0;
    if (f->chance >= 0)
        return (double)sandbox_random(s, 1u << 30) < f->chance * (1u << 30);
    return true;
}

const struct fault *faults_pick(struct sandbox *s, const char *method, const char *path,
                                const char *account)
{
    for (size_t i = 0; i < s->faults.n; i++) {
        struct fault *f = &s->faults.rules[i];
        if (!matches(f, method, path, account) || !fires(s, f))
            continue;
        if (f->times > 0)
            f->times--;
        f->fired++;
        s->faults.fired[f->kind]++;
        return f;
    }
    return NULL;
}

void faults_write(const struct faults *f, struct json_writer *w)
{
    json_open_array(w);
    for (size_t i = 0; i < f->n; i++) {
        const struct fault *rule = &f->rules[i];
        json_open_object(w);
        json_key(w, "fault");
        json_write_str(w, names[rule->kind]);
        json_key(w, "method");
        json_write_str(w, rule->method);
        json_key(w, "path");
        json_write_str(w, rule->path);
        json_key(w, "seen");
        json_write_int(w, rule->seen);
        json_key(w, "fired");
        json_write_int(w, rule->fired);
        json_key(w, "times_left");
        json_write_int(w, rule->times);
        json_close_object(w);
    }
    json_close_array(w);
}
