/*
 * As many entries as there are different rules: what is kept does not grow with the table.
 */
#include "engine/tally.h"

#include <stdlib.h>
#include <string.h>

static struct tally_rule *rule_of(struct tally *t, struct arena *a, const struct refusal *r)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->rules[i].rule, r->rule) == 0)
            return &t->rules[i];
    if (t->n == t->cap) {
        t->cap = t->cap > 0 ? 2 * t->cap : 16;
        struct tally_rule *wider = arena_alloc(a, t->cap * sizeof *wider);
        if (t->n > 0)
            memcpy(wider, t->rules, t->n * sizeof *wider);
        t->rules = wider;
    }
    t->rules[t->n] = (struct tally_rule){.rule = arena_strdup(a, r->rule),
                                         .message = arena_strdup(a, r->message)};
    return &t->rules[t->n++];
}

void tally_count(struct tally *t, struct arena *a, const struct desired *refused, const char *key,
                 int64_t rows)
{
    for (size_t i = 0; i < refused->n_refusals; i++) {
        struct tally_rule *rule = rule_of(t, a, &refused->refusals[i]);
        size_t given = 0;
        while (given < TALLY_EXAMPLES && rule->example[given] != NULL)
            given++;
        if (key != NULL && given < TALLY_EXAMPLES)
            rule->example[given] = arena_strdup(a, key);
        rule->rows += rows;
    }
}

static int compare_rules(const void *a, const void *b)
{
    const struct tally_rule *x = a, *y = b;
    int order = (x->rows < y->rows) - (x->rows > y->rows);
    return order != 0 ? order : strcmp(x->rule, y->rule);
}

void tally_sort(struct tally *t)
{
    if (t->n > 0)
        qsort(t->rules, t->n, sizeof *t->rules, compare_rules);
}
