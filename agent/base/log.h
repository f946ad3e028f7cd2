/*
 * log: one line to stderr per event, a constant message plus typed key-values.
 *
 * The message never holds values, so it can be searched for. error: a person is needed. warn:
 * degraded, we go on. info: one line per pass and per change of condition, never per row. debug:
 * per request and row. trace: SQL and bodies, redacted. Floors 1 and 2 do not log.
 *
 *     LOG_INFO("pass ended", log_str("mapping", name), log_int("created", n));
 *
 * Text form:  2026-01-31T09:30:00.123Z info pass ended mapping=jobs created=12
 * JSON form:  {"time":"…","level":"info","message":"pass ended","mapping":"jobs","created":12}
 * A value of text form is quoted when it holds a blank, a quote, '=' or a control character;
 * control characters are escaped in both, so a value can never forge a line. When stderr is
 * systemd's journal (JOURNAL_STREAM names it), each line begins with its syslog priority "<6>"
 * (sd-daemon(3)), in the text form instead of the time.
 */
#ifndef QS_BASE_LOG_H
#define QS_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_TRACE
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *key; /* NULL ends a list */
    enum { LOG_VALUE_STR, LOG_VALUE_INT, LOG_VALUE_BOOL } type;
    const char *str; /* NULL prints as nothing: the field is left out */
    int64_t num;
};

void log_init(enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);
bool log_is_json(void);

/* Called before each line is written, after it with false: lets a progress bar get out of the way.
 */
void log_set_hook(void (*hook)(bool before));

static inline struct log_field log_str(const char *key, const char *value)
{
    return (struct log_field){.key = key, .type = LOG_VALUE_STR, .str = value};
}
static inline struct log_field log_int(const char *key, int64_t value)
{
    return (struct log_field){.key = key, .type = LOG_VALUE_INT, .num = value};
}
static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.key = key, .type = LOG_VALUE_BOOL, .num = value};
}

/* `fields` ends with a field whose key is NULL. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);
/* The one way to log an err: message, hint and sqlstate as fields. */
void log_err(enum log_level level, const char *message, const struct err *e);

#define LOG_AT(level, ...) LOG_AT_(level, __VA_ARGS__, {.key = NULL})
#define LOG_AT_(level, message, ...)                                                               \
    do {                                                                                           \
        if (log_enabled(level))                                                                    \
            log_write(level, message, (const struct log_field[]){__VA_ARGS__});                    \
    } while (0)
#define LOG_ERROR(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define LOG_WARN(...)  LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define LOG_INFO(...)  LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_DEBUG(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define LOG_TRACE(...) LOG_AT(LOG_LEVEL_TRACE, __VA_ARGS__)

#endif
