/*
 * The getters. What they say they found is the text before expansion: a variable may hold a secret,
 * and a wrong ${DATABASE_URL} in the wrong place must not put one into a terminal or a log.
 */
#include "formats/yaml.h"

#include <string.h>

#include "base/clock.h"
#include "base/names.h"
#include "formats/yaml_origin.h"

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        if (!strcmp(n->key->text, key))
            return n;
    }
    return NULL;
}

bool yaml_is_null(const struct yaml_node *n)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    if (!n)
        return true;
    if (n->kind != YAML_SCALAR || n->quoted || n->block)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
        if (!strcmp(n->text, nulls[i]))
            return true;
    }
    return false;
}

/* ---- saying what is wrong ---------------------------------------------------------------------
 */

static const char *found(struct problems *p, const struct yaml_node *n)
{
    switch (n->kind) {
    case YAML_LIST:
        return "a list";
    case YAML_MAP:
        return "a map";
    case YAML_SCALAR:
        break;
    }
    if (yaml_is_null(n))
        return "nothing";
    return arena_printf(p->arena, "\"%s\"", n->origin != NULL ? n->origin->raw : n->text);
}

static bool expected(struct problems *p, const struct yaml_node *n, const char *what,
                     const char *hint)
{
    yaml_problem(p, n, hint, "expected %s, found %s", what, found(p, n));
    return false;
}

/* "did you mean …?", or NULL when no name is near. */
static const char *nearest_hint(struct problems *p, const char *name, const char *const *known,
                                size_t n)
{
    const char *near = names_nearest(name, known, n);

    return near ? arena_printf(p->arena, "did you mean \"%s\"?", near) : NULL;
}

static bool is_known(const char *name, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(name, known[i]))
            return true;
    }
    return false;
}

void yaml_check_keys(struct problems *p, const struct yaml_node *map, const char *what,
                     const char *const *known, size_t n)
{
    if (!map)
        return;
    if (map->kind != YAML_MAP) {
        expected(p, map, "a map", NULL);
        return;
    }
    for (const struct yaml_node *child = map->first; child; child = child->next) {
        const char *name = child->key->text;
        const char *hint;

        if (is_known(name, known, n))
            continue;
        hint = nearest_hint(p, name, known, n);
        if (!hint)
            hint = arena_printf(p->arena, "known here: %s", names_list(p->arena, known, n));
        yaml_problem(p, child->key, hint, "unknown key \"%s\" in %s", name, what);
    }
}

/* ---- typed getters ----------------------------------------------------------------------------
 */

static bool is_value(const struct yaml_node *n)
{
    return n->kind == YAML_SCALAR && !yaml_is_null(n);
}

/* Decimal digits with an optional '-': no sign of octal, no underscores, no blanks. */
static bool read_int(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    const char *s = text + negative;
    int64_t n = 0;

    if (!*s)
        return false;
    for (; *s; s++) {
        int digit = *s - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, negative ? -digit : digit, &n))
            return false;
    }
    *out = n;
    return true;
}

bool yaml_int(struct problems *p, const struct yaml_node *n, int64_t min, int64_t max, int64_t *out)
{
    int64_t value;
    const char *what;

    if (is_value(n) && read_int(n->text, &value) && value >= min && value <= max) {
        *out = value;
        return true;
    }
    what =
        arena_printf(p->arena, "a whole number from %lld to %lld", (long long)min, (long long)max);
    return expected(p, n, what, NULL);
}

bool yaml_bool(struct problems *p, const struct yaml_node *n, bool *out)
{
    if (is_value(n) && (!strcmp(n->text, "true") || !strcmp(n->text, "false"))) {
        *out = n->text[0] == 't';
        return true;
    }
    return expected(p, n, "true or false", NULL);
}

bool yaml_duration(struct problems *p, const struct yaml_node *n, int64_t min_ms, int64_t max_ms,
                   int64_t *out)
{
    struct err e = ERR_INIT;
    int64_t value;

    if (!is_value(n) || !clock_parse_duration(n->text, &value, &e))
        return expected(p, n, "a duration",
                        "write a number with its unit: 250ms, 30s, 2m, 6h, 1d, or 1h30m");
    if (value >= min_ms && value <= max_ms) {
        *out = value;
        return true;
    }
    return expected(p, n,
                    arena_printf(p->arena, "a duration from %s to %s",
                                 clock_print_duration(p->arena, min_ms),
                                 clock_print_duration(p->arena, max_ms)),
                    NULL);
}

bool yaml_choice(struct problems *p, const struct yaml_node *n, const char *const *choices,
                 size_t count, int *out)
{
    const char *hint = NULL;

    if (is_value(n)) {
        for (size_t i = 0; i < count; i++) {
            if (!strcmp(n->text, choices[i])) {
                *out = (int)i;
                return true;
            }
        }
        hint = nearest_hint(p, n->text, choices, count);
    }
    return expected(p, n, names_list(p->arena, choices, count), hint);
}

bool yaml_text(struct problems *p, const struct yaml_node *n, const char **out)
{
    if (!is_value(n))
        return expected(p, n, "text", NULL);
    *out = n->text;
    return true;
}
