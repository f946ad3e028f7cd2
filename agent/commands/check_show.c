/*
 * What was found, for a person and for a program, from the same values.
 */
#include <stdio.h>
#include <string.h>

#include "commands/check.h"
#include "commands/output.h"
#include "formats/json.h"

#define OUTPUT_MAX   ((size_t)64 * 1024 * 1024)
#define SHOWN_VALUES 10

/* ---- for a person ---------------------------------------------------------------------------- */

static void show_rules(const struct trial *t)
{
    struct arena arena;
    arena_init(&arena, 0);
    if (t->refusals.n > 0)
        puts("    refused, by rule:");
    for (size_t i = 0; i < t->refusals.n; i++) {
        const struct tally_rule *r = &t->refusals.rules[i];
        printf("      %-28s %8lld   %s", r->rule, (long long)r->rows, r->message);
        for (size_t k = 0; k < TALLY_EXAMPLES && r->example[k] != NULL; k++)
            printf("%s%s", k == 0 ? " (keys " : ", ", output_clean(&arena, r->example[k]));
        puts(r->example[0] != NULL ? ")" : "");
    }
    arena_release(&arena);
}

static const char *field_name(int field)
{
    return field == TRIAL_ACCOUNT ? "account" : job_fields[field].name;
}

static void show_unknowns(const struct trial *t)
{
    size_t shown = 0;
    if (t->n_unknowns > 0)
        puts("    values that nobody knows:");
    for (size_t i = 0; i < t->n_unknowns; i++) {
        const struct trial_unknown *u = &t->unknowns[i];
        shown = i > 0 && u->field == t->unknowns[i - 1].field ? shown + 1 : 1;
        if (shown <= SHOWN_VALUES)
            printf("      %-28s %8lld   \"%s\"%s\n", field_name(u->field), (long long)u->rows,
                   u->value, u->defaulted ? " (the default stands in)" : "");
        else if (shown == SHOWN_VALUES + 1)
            printf("      %-28s            and more: --json lists them\n", field_name(u->field));
    }
}

static void show_section(const struct check_section *s)
{
    printf("%s", s->name);
    if (s->mapping != NULL)
        printf(" (%s)", s->mapping->file);
    puts("");
    for (size_t i = 0; i < s->n; i++) {
        printf("  %-7s  %s\n", check_level_names[s->findings[i].level], s->findings[i].message);
        if (s->findings[i].hint != NULL)
            printf("           hint: %s\n", s->findings[i].hint);
    }
    if (s->problems.first != NULL)
        problems_print(&s->problems, stdout, false);
    if (s->tried) {
        show_rules(&s->trial);
        show_unknowns(&s->trial);
    }
    puts("");
}

void check_show(const struct check *c)
{
    for (size_t i = 0; i < c->n_sections; i++)
        show_section(&c->sections[i]);
    if (c->count[CHECK_ERROR] > 0)
        printf("%zu error%s to mend before it can run\n", c->count[CHECK_ERROR],
               c->count[CHECK_ERROR] == 1 ? "" : "s");
    else
        puts("it can run");
}

/* ---- for a program --------------------------------------------------------------------------- */

static void member(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_write_str(w, value);
}

static void number(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_write_int(w, n);
}

static void write_findings(struct json_writer *w, const struct check_section *s)
{
    json_key(w, "findings");
    json_open_array(w);
    for (size_t i = 0; i < s->n; i++) {
        json_open_object(w);
        member(w, "level", check_level_names[s->findings[i].level]);
        member(w, "message", s->findings[i].message);
        member(w, "hint", s->findings[i].hint);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_problems(struct json_writer *w, const struct check_section *s)
{
    json_key(w, "problems");
    json_open_array(w);
    for (const struct problem *p = s->problems.first; p != NULL; p = p->next) {
        json_open_object(w);
        member(w, "file", p->file);
        number(w, "line", p->line);
        number(w, "column", p->column);
        member(w, "message", p->message);
        member(w, "hint", p->hint);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_rules(struct json_writer *w, const struct trial *t)
{
    json_key(w, "refusals");
    json_open_array(w);
    for (size_t i = 0; i < t->refusals.n; i++) {
        const struct tally_rule *r = &t->refusals.rules[i];
        json_open_object(w);
        member(w, "rule", r->rule);
        number(w, "rows", r->rows);
        member(w, "message", r->message);
        json_key(w, "examples");
        json_open_array(w);
        for (size_t k = 0; k < TALLY_EXAMPLES && r->example[k] != NULL; k++)
            json_write_str(w, r->example[k]);
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_unknowns(struct json_writer *w, const struct trial *t)
{
    json_key(w, "unknown");
    json_open_array(w);
    for (size_t i = 0; i < t->n_unknowns; i++) {
        const struct trial_unknown *u = &t->unknowns[i];
        json_open_object(w);
        member(w, "field", field_name(u->field));
        member(w, "value", u->value);
        number(w, "rows", u->rows);
        json_key(w, "defaulted");
        json_write_bool(w, u->defaulted);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_trial(struct json_writer *w, const struct trial *t)
{
    number(w, "rows", t->rows);
    number(w, "accepted", t->accepted);
    number(w, "refused", t->refused);
    number(w, "removed", t->removed);
    number(w, "undated", t->undated);
    json_key(w, "whole");
    json_write_bool(w, t->whole);
    write_rules(w, t);
    write_unknowns(w, t);
}

static void write_section(struct json_writer *w, const struct check_section *s)
{
    json_open_object(w);
    member(w, "name", s->name);
    write_findings(w, s);
    if (s->mapping != NULL) {
        member(w, "mapping", s->mapping->name);
        member(w, "file", s->mapping->file);
        write_problems(w, s);
    }
    if (s->tried)
        write_trial(w, &s->trial);
    json_close_object(w);
}

void check_write_json(const struct check *c)
{
    struct buf out = BUF_INIT(OUTPUT_MAX);
    struct json_writer w;
    json_writer_init(&w, &out);
    json_open_object(&w);
    json_key(&w, "ok");
    json_write_bool(&w, c->count[CHECK_ERROR] == 0);
    number(&w, "errors", (int64_t)c->count[CHECK_ERROR]);
    number(&w, "warnings", (int64_t)c->count[CHECK_WARNING]);
    json_key(&w, "sections");
    json_open_array(&w);
    for (size_t i = 0; i < c->n_sections; i++)
        write_section(&w, &c->sections[i]);
    json_close_array(&w);
    json_close_object(&w);
    puts(buf_str(&out));
    buf_release(&out);
}
