/*
 * Writing: a comma is put where one is due, and most bytes of a text stand as they are, so those
 * are found eight at a time.
 */
#include "formats/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Runs without anything to escape are copied whole. */
/* Bytes at s, in steps of eight, that stand as they are: no control, no quote, no backslash. */
static size_t plain_run(const char *s, size_t len)
{
    const uint64_t high = 0x8080808080808080U, ones = 0x0101010101010101U;
    size_t at = 0;

    for (uint64_t w; at + sizeof(w) <= len; at += sizeof(w)) {
        memcpy(&w, s + at, sizeof(w));
        uint64_t quote = w ^ ones * '"', backslash = w ^ ones * '\\';
        uint64_t found = ((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
                         ((backslash - ones) & ~backslash);
        if (found & high)
            break;
    }
    return at;
}

static void add_quoted(struct buf *out, const char *s, size_t len)
{
    size_t run = 0;

    buf_addch(out, '"');
    for (size_t i = plain_run(s, len); i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            if ((i & 7) == 0)
                i += plain_run(s + i + 1, len - i - 1);
            continue;
        }
        buf_add(out, s + run, i - run);
        add_escape(out, c);
        run = i + 1;
    }
    buf_add(out, s + run, len - run);
    buf_addch(out, '"');
}

void json_key(struct json_writer *w, const char *key)
{
    begin_value(w);
    add_quoted(w->out, key, strlen(key));
    buf_addch(w->out, ':');
    w->comma = false;
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
    begin_value(w);
    add_quoted(w->out, s, len);
}

void json_write_int(struct json_writer *w, int64_t n)
{
    begin_value(w);
    buf_printf(w->out, "%lld", (long long)n);
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
