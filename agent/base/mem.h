/*
 * mem: memory that cannot fail, and two ways to hold it: an arena and a bounded buffer.
 *
 * Out of memory is a bug of sizing, not a condition that a caller could mend: every function here
 * returns memory or ends the program with a message (the journal makes that safe). An arena holds
 * what belongs to one page of rows, one request or one command, and is given back whole.
 */
#ifndef QS_BASE_MEM_H
#define QS_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a)           (sizeof(a) / sizeof((a)[0]))

/* Once, at the start: what is freed stays at hand for the next page or request, up to 1 MB.
 * Given back to the kernel at once, it would come back page by page, each with a fault. */
void mem_init(void);
void *mem_alloc(size_t bytes);            /* zeroed */
void *mem_realloc(void *p, size_t bytes); /* not zeroed beyond the old size */
char *mem_strdup(const char *s);
void mem_free(void *p); /* NULL is allowed */

/* Reports a broken invariant and aborts. Never used for anything that input can cause. */
#define BUG(...) mem_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void mem_bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- arena: allocate freely, give back whole ---------------------------------------------- */

struct arena_block;
struct arena {
    struct arena_block *blocks; /* newest first */
    size_t block_bytes;
    size_t used_bytes; /* handed out since the last clear */
};

void arena_init(struct arena *a, size_t block_bytes); /* 0: a sensible default */
void arena_clear(struct arena *a);   /* forgets the contents, keeps one block for reuse */
void arena_release(struct arena *a); /* gives everything back; the arena may be used again */

void *arena_alloc(struct arena *a, size_t bytes); /* zeroed, aligned for any type */
void *arena_take(struct arena *a, size_t bytes);  /* the same, not zeroed */
void *arena_copy(struct arena *a, const void *data, size_t bytes);
char *arena_strdup(struct arena *a, const char *s);                /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t bytes); /* NUL added */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- buf: a growing byte string with a hard maximum ---------------------------------------- */

/* What would pass `max` is dropped whole and sets `overflowed`; the caller looks once, at the end.
 * `data` is NUL-terminated after every call (and "" before the first). */
struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool overflowed;
};

#define BUF_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .data = NULL, .len = 0, .cap = 0, .max = (max_bytes), .overflowed = false                  \
    }

void buf_init(struct buf *b, size_t max_bytes);
void buf_clear(struct buf *b);                 /* empty again, memory kept */
void buf_release(struct buf *b);               /* memory given back, may be used again */
void buf_reserve(struct buf *b, size_t bytes); /* so many more will come: grows once */
/* So many bytes longer, which the caller fills; NULL when that would pass the maximum. */
char *buf_extend(struct buf *b, size_t bytes);
void buf_add(struct buf *b, const void *data, size_t bytes);
void buf_addstr(struct buf *b, const char *s);
void buf_addch(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
void buf_truncate(struct buf *b, size_t len); /* shortens; BUG if len > b->len */
const char *buf_str(const struct buf *b);     /* never NULL */
char *buf_take(struct buf *b); /* the text, for mem_free(); the buffer is as after buf_release() */

#endif
