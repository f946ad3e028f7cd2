/*
 * Writing: a comma is put where one is due, and most bytes of a text stand as they are, so those
 * are found many at a time.
 */
#include "formats/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_internal.h"

void json_writer_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

static void begin_value(struct json_writer *w)
{
    if (w->comma)
        buf_addch(w->out, ',');
    w->comma = true;
}

static void open_with(struct json_writer *w, char c)
{
    begin_value(w);
    buf_addch(w->out, c);
    w->comma = false;
}

static void close_with(struct json_writer *w, char c)
{
    buf_addch(w->out, c);
    w->comma = true;
}

void json_open_object(struct json_writer *w)
{
    open_with(w, '{');
}

void json_close_object(struct json_writer *w)
{
    close_with(w, '}');
}

void json_open_array(struct json_writer *w)
{
    open_with(w, '[');
}

void json_close_array(struct json_writer *w)
{
    close_with(w, ']');
}

static void add_escape(struct buf *out, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *p = letters; *p; p += 2) {
        if ((unsigned char)*p == c) {
            buf_addch(out, '\\');
            buf_addch(out, p[1]);
            return;
        }
    }
    buf_printf(out, "\\u%04x", c);
}

/* A text in which nothing is to be escaped, as in all keys and most values; false: it has some. */
static bool add_plain(struct json_writer *w, const char *s, size_t len, bool key)
{
    if (json_plain_run(s, len) < len)
        return false;
    char *to = buf_extend(w->out, w->comma + 2 + len + key);
    if (!to)
        return true;
    if (w->comma)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, s, len);
    to[len] = '"';
    if (key)
        to[len + 1] = ':';
    return true;
}

/* Runs without anything to escape are copied whole. */
static void add_escaped(struct json_writer *w, const char *s, size_t len, bool key)
{
    begin_value(w);
    buf_addch(w->out, '"');
    for (size_t at = 0; at < len;) {
        size_t run = json_plain_run(s + at, len - at);

        buf_add(w->out, s + at, run);
        at += run;
        if (at < len)
            add_escape(w->out, (unsigned char)s[at++]);
    }
    buf_addch(w->out, '"');
    if (key)
        buf_addch(w->out, ':');
}

static void add_text(struct json_writer *w, const char *s, size_t len, bool key)
{
    if (!add_plain(w, s, len, key))
        add_escaped(w, s, len, key);
    w->comma = !key;
}

void json_key(struct json_writer *w, const char *key)
{
    add_text(w, key, strlen(key), true);
}

void json_write_raw(struct json_writer *w, const char *text, size_t len)
{
    begin_value(w);
    buf_add(w->out, text, len);
}

void json_write_null(struct json_writer *w)
{
    json_write_raw(w, "null", 4);
}

void json_write_str(struct json_writer *w, const char *s)
{
    if (s)
        json_write_strn(w, s, strlen(s));
    else
        json_write_null(w);
}

void json_write_strn(struct json_writer *w, const char *s, size_t len)
{
    add_text(w, s, len, false);
}

void json_write_int(struct json_writer *w, int64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (n < 0)
        digits[--at] = '-';
    json_write_raw(w, digits + at, sizeof digits - at);
}

/* 15 digits always survive a double, 17 always bring it back. */
void json_write_double(struct json_writer *w, double d)
{
    char text[40];

    if (!isfinite(d)) {
        json_write_null(w);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    json_write_raw(w, text, strlen(text));
}

void json_write_bool(struct json_writer *w, bool b)
{
    if (b)
        json_write_raw(w, "true", 4);
    else
        json_write_raw(w, "false", 5);
}
