/*
 * The getters. A tree is small, so a member is found by walking: no index pays for itself.
 */
#include "formats/json.h"

#include <stdlib.h>
#include <string.h>

const struct json *json_get(const struct json *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *v = object->first; v; v = v->next) {
        if (!strcmp(v->key, key))
            return v;
    }
    return NULL;
}

const char *json_string(const struct json *v)
{
    return v && v->type == JSON_STRING ? v->text : NULL;
}

bool json_bool(const struct json *v, bool fallback)
{
    return v && v->type == JSON_BOOL ? v->boolean : fallback;
}

/* How many decimal places the exponent moves the point; kept small, as int64 ends at 19 digits. */
static int exponent_of(const char *text)
{
    const char *e = strpbrk(text, "eE");
    long n = e ? strtol(e + 1, NULL, 10) : 0;

    return (int)(n > 1000 ? 1000 : n < -1000 ? -1000 : n);
}

/* Digit by digit from the text, never by way of a double: 2^53 + 1 must stay what it is. `places`
 * counts down from the point: a digit other than 0 below it makes the number no integer. */
bool json_int(const struct json *v, int64_t *out)
{
    const char *p;
    long places;
    int64_t n = 0;
    bool negative;

    if (!v || v->type != JSON_NUMBER)
        return false;
    negative = v->text[0] == '-';
    p = v->text + negative;
    places = (long)strspn(p, "0123456789") + exponent_of(p);
    for (; *p && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            continue;
        if (places-- <= 0) {
            if (*p != '0')
                return false;
        } else if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *p - '0', &n)) {
            return false;
        }
    }
    for (; places > 0 && n; places--) {
        if (__builtin_mul_overflow(n, 10, &n))
            return false;
    }
    /* Gathered below zero, where there is one value more. */
    return !__builtin_mul_overflow(n, negative ? 1 : -1, out);
}
