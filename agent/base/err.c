/*
 * Every text is made in a buffer on the stack first: an argument may well point into the err that
 * is being filled. What does not fit is cut at a character's edge, so that the log stays UTF-8.
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void put(char *to, size_t size, const char *text)
{
    size_t len = utf8_cut(text, strlen(text), size - 1);

    memcpy(to, text, len);
    to[len] = '\0';
}

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    char text[sizeof(e->message) + 4];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    *e = (struct err){.kind = kind};
    put(e->message, sizeof(e->message), text);
    return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    char text[sizeof(e->hint) + 4];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put(e->hint, sizeof(e->hint), text);
    return false;
}

bool err_prefix(struct err *e, const char *fmt, ...)
{
    char text[2 * sizeof(e->message)];
    size_t len;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(e->message) + 4, fmt, args);
    va_end(args);
    len = strlen(text);
    put(text + len, sizeof(text) - len, e->message);
    put(e->message, sizeof(e->message), text);
    return false;
}

/* Stopped by a signal is what was asked for, hence success. */
int err_exit_status(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
    case ERR_STOPPED:
        return 0;
    case ERR_USAGE:
        return 64;
    case ERR_CONFIG:
        return 78;
    case ERR_AWAY:
        return 69;
    case ERR_KEY:
        return 77;
    case ERR_LOCKED:
    case ERR_FENCED:
        return 75;
    case ERR_INTERNAL:
        return 70;
    }
    BUG("unknown kind of err %d", (int)kind);
}
