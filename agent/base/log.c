/*
 * A line is made whole and given to the kernel in one write(2), so that two threads or processes
 * on one stderr never mix their lines. errno survives a call: a log line between a failure and
 * the look at errno changes nothing.
 *
 * What must not reach a terminal or a line reader as it is (C0 and C1 controls, DEL, U+2028,
 * U+2029, bytes that are no UTF-8) is escaped. Values are cut at VALUE_MAX bytes.
 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { VALUE_MAX = 16 * 1024, LINE_MAX_BYTES = 4 * 1024 * 1024 };

static const struct {
    const char *name;
    int syslog_priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3}, [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},   [LOG_LEVEL_DEBUG] = {"debug", 7},
    [LOG_LEVEL_TRACE] = {"trace", 7},
};

static enum log_level max_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_TEXT;
static bool to_journal;
static void (*line_hook)(bool before);

/* JOURNAL_STREAM is inherited: only if it names the file behind stderr is the journal reading. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return false;
    snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return !strcmp(stream, ours);
}

void log_init(enum log_level level, enum log_format format)
{
    max_level = level;
    line_format = format;
    to_journal = stderr_is_journal();
}

bool log_enabled(enum log_level level)
{
    return level <= max_level;
}

bool log_is_json(void)
{
    return line_format == LOG_FORMAT_JSON;
}

void log_set_hook(void (*hook)(bool before))
{
    line_hook = hook;
}

/* ---- escaping ---------------------------------------------------------------------------------
 */

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

static void add_escape(struct buf *out, uint32_t point)
{
    switch (point) {
    case '"':
        buf_addstr(out, "\\\"");
        return;
    case '\\':
        buf_addstr(out, "\\\\");
        return;
    case '\n':
        buf_addstr(out, "\\n");
        return;
    case '\r':
        buf_addstr(out, "\\r");
        return;
    case '\t':
        buf_addstr(out, "\\t");
        return;
    default:
        buf_printf(out, "\\u%04x", (unsigned)point);
    }
}

/* In quotes, for both forms: the text form's escapes are JSON's. A broken byte becomes U+FFFD. */
static void add_quoted(struct buf *out, const char *s, size_t len)
{
    buf_addch(out, '"');
    for (size_t at = 0, n; at < len; at += n ? n : 1) {
        uint32_t point;

        n = utf8_next(s + at, len - at, &point);
        if (!n)
            buf_addstr(out, "\xef\xbf\xbd");
        else if (point == '"' || point == '\\' || is_control(point))
            add_escape(out, point);
        else
            buf_add(out, s + at, n);
    }
    buf_addch(out, '"');
}

static bool needs_quotes(const char *s, size_t len)
{
    size_t n;

    for (size_t at = 0; at < len; at += n) {
        uint32_t point;

        n = utf8_next(s + at, len - at, &point);
        if (!n || point == ' ' || point == '"' || point == '=' || is_control(point))
            return true;
    }
    return len == 0;
}

/* ---- the two forms ----------------------------------------------------------------------------
 */

static void add_value(struct buf *out, const struct log_field *f)
{
    size_t len;

    switch (f->type) {
    case LOG_VALUE_INT:
        buf_printf(out, "%lld", (long long)f->num);
        return;
    case LOG_VALUE_BOOL:
        buf_addstr(out, f->num ? "true" : "false");
        return;
    case LOG_VALUE_STR:
        len = utf8_cut(f->str, strlen(f->str), VALUE_MAX);
        if (line_format == LOG_FORMAT_JSON || needs_quotes(f->str, len))
            add_quoted(out, f->str, len);
        else
            buf_add(out, f->str, len);
    }
}

static bool is_left_out(const struct log_field *f)
{
    return f->type == LOG_VALUE_STR && !f->str;
}

static void add_text_line(struct buf *out, enum log_level level, const char *time,
                          const char *message, const struct log_field *fields)
{
    if (!to_journal)
        buf_printf(out, "%s ", time);
    buf_printf(out, "%s %s", levels[level].name, message);
    for (const struct log_field *f = fields; f->key; f++) {
        if (is_left_out(f))
            continue;
        buf_printf(out, " %s=", f->key);
        add_value(out, f);
    }
}

static void add_json_line(struct buf *out, enum log_level level, const char *time,
                          const char *message, const struct log_field *fields)
{
    buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time, levels[level].name);
    add_quoted(out, message, strlen(message));
    for (const struct log_field *f = fields; f->key; f++) {
        if (is_left_out(f))
            continue;
        buf_addch(out, ',');
        add_quoted(out, f->key, strlen(f->key));
        buf_addch(out, ':');
        add_value(out, f);
    }
    buf_addch(out, '}');
}

/* There is nobody to tell when stderr fails: the line is lost and the work goes on. */
static void put_line(const struct buf *line)
{
    size_t done = 0;

    while (done < line->len) {
        ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct arena scratch;
    int saved = errno;
    const char *time;

    arena_init(&scratch, 256);
    time = clock_print_rfc3339(&scratch, clock_wall_ms());
    if (to_journal)
        buf_printf(&line, "<%d>", levels[level].syslog_priority);
    if (line_format == LOG_FORMAT_JSON)
        add_json_line(&line, level, time, message, fields);
    else
        add_text_line(&line, level, time, message, fields);
    buf_addch(&line, '\n');
    if (line_hook)
        line_hook(true);
    put_line(&line);
    if (line_hook)
        line_hook(false);
    buf_release(&line);
    arena_release(&scratch);
    errno = saved;
}

void log_err(enum log_level level, const char *message, const struct err *e)
{
    const struct log_field fields[] = {
        log_str("error", e->message),
        log_str("hint", e->hint[0] ? e->hint : NULL),
        log_str("sqlstate", e->sqlstate[0] ? e->sqlstate : NULL),
        {.key = NULL},
    };

    if (log_enabled(level))
        log_write(level, message, fields);
}
