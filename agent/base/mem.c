/*
 * The arena is a list of blocks, the one in use first. What would not fit a quarter of a block gets
 * a block of its own, put behind the first, so that the rest of the block in use is not lost.
 *
 * Under AddressSanitizer the part of a block that nobody was given is poisoned: reading past an
 * allocation, or what arena_clear() took back, is then found as surely as with malloc().
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
    ARENA_DEFAULT_BLOCK = 16 * 1024,
    ARENA_MIN_BLOCK = 256,
    BUF_FIRST_CAP = 64,
    KEEP_FREED = 1024 * 1024,
    MAP_FROM = 512 * 1024, /* what is larger is mapped, and goes back when it is freed */
    GROW_BY = 128 * 1024,
};

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t used;
    max_align_t data[];
};

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "qudra-sync: out of memory (%zu bytes asked for)\n", bytes);
    abort();
}

void mem_bug(const char *file, int line, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "qudra-sync: bug at %s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* ---- plain memory -----------------------------------------------------------------------------
 */

void mem_init(void)
{
    mallopt(M_TRIM_THRESHOLD, KEEP_FREED);
    mallopt(M_MMAP_THRESHOLD, MAP_FROM);
    mallopt(M_TOP_PAD, GROW_BY);
}

/* One byte at least, so that NULL always means failure and an empty thing still has an address. */
void *mem_alloc(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);

    if (!p)
        out_of_memory(bytes);
    return p;
}

void *mem_realloc(void *p, size_t bytes)
{
    void *q = realloc(p, bytes ? bytes : 1);

    if (!q)
        out_of_memory(bytes);
    return q;
}

char *mem_strdup(const char *s)
{
    size_t bytes = strlen(s) + 1;

    return memcpy(mem_realloc(NULL, bytes), s, bytes);
}

void mem_free(void *p)
{
    free(p);
}

/* ---- arena ------------------------------------------------------------------------------------
 */

void arena_init(struct arena *a, size_t block_bytes)
{
    if (!block_bytes)
        block_bytes = ARENA_DEFAULT_BLOCK;
    if (block_bytes < ARENA_MIN_BLOCK)
        block_bytes = ARENA_MIN_BLOCK;
    *a = (struct arena){.block_bytes = block_bytes};
}

/* The block that is kept is one of the usual size: a giant would otherwise stay for ever. */
void arena_clear(struct arena *a)
{
    struct arena_block *kept = NULL;
    struct arena_block *b, *next;

    for (b = a->blocks; b; b = next) {
        next = b->next;
        if (!kept && b->cap == a->block_bytes)
            kept = b;
        else
            free(b);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->data, kept->cap);
    }
    a->blocks = kept;
    a->used_bytes = 0;
}

void arena_release(struct arena *a)
{
    struct arena_block *next;

    for (struct arena_block *b = a->blocks; b; b = next) {
        next = b->next;
        free(b);
    }
    a->blocks = NULL;
    a->used_bytes = 0;
}

static struct arena_block *new_block(size_t cap)
{
    struct arena_block *b = malloc(sizeof(*b) + cap);

    if (!b)
        out_of_memory(cap);
    b->next = NULL;
    b->cap = cap;
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(b->data, cap);
    return b;
}

static struct arena_block *block_for(struct arena *a, size_t bytes)
{
    struct arena_block *b;

    if (!a->block_bytes)
        arena_init(a, 0);
    if (a->blocks && bytes > a->block_bytes / 4) {
        b = new_block(bytes);
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b = new_block(bytes > a->block_bytes ? bytes : a->block_bytes);
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *arena_take(struct arena *a, size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    struct arena_block *b = a->blocks;
    size_t rounded;
    void *p;

    if (bytes > PTRDIFF_MAX - sizeof(*b) - align)
        out_of_memory(bytes);
    rounded = (bytes + !bytes + align - 1) & ~(align - 1);
    if (!b || b->cap - b->used < rounded)
        b = block_for(a, rounded);
    p = (char *)b->data + b->used;
    b->used += rounded;
    a->used_bytes += rounded;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    return memset(arena_take(a, bytes), 0, bytes);
}

void *arena_copy(struct arena *a, const void *data, size_t bytes)
{
    void *p = arena_take(a, bytes);

    if (bytes)
        memcpy(p, data, bytes);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_copy(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t bytes)
{
    char *p = arena_take(a, bytes + 1);

    if (bytes)
        memcpy(p, s, bytes);
    p[bytes] = '\0';
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    char *p;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        BUG("format \"%s\" cannot be printed", fmt);
    p = arena_take(a, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(p, (size_t)len + 1, fmt, args);
    va_end(args);
    return p;
}

/* ---- buf --------------------------------------------------------------------------------------
 */

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf)BUF_INIT(max_bytes);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflowed = false;
    if (b->data)
        b->data[0] = '\0';
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

/* Room for `bytes` more and the NUL: twice what there was, or just so much. False when that would
 * pass the maximum. */
static bool grow(struct buf *b, size_t bytes)
{
    size_t needed = b->len + bytes + 1;
    size_t cap = b->cap ? b->cap : BUF_FIRST_CAP / 2;

    if (bytes > b->max - b->len || bytes > PTRDIFF_MAX - 1 - b->len) {
        b->overflowed = true;
        return false;
    }
    cap = cap > PTRDIFF_MAX / 2 ? PTRDIFF_MAX : cap * 2;
    if (cap < needed)
        cap = needed;
    b->data = mem_realloc(b->data, cap);
    b->cap = cap;
    return true;
}

/* The fast path asks only for room below `cap`; `max` is asked too, as `cap` may pass it. */
static inline bool has_room(struct buf *b, size_t bytes)
{
    if (bytes < b->cap - b->len && bytes <= b->max - b->len)
        return true;
    return grow(b, bytes);
}

void buf_reserve(struct buf *b, size_t bytes)
{
    if (bytes > b->max - b->len)
        bytes = b->max - b->len;
    has_room(b, bytes);
}

char *buf_extend(struct buf *b, size_t bytes)
{
    char *fresh;

    if (!has_room(b, bytes))
        return NULL;
    fresh = b->data + b->len;
    b->len += bytes;
    b->data[b->len] = '\0';
    return fresh;
}

void buf_add(struct buf *b, const void *data, size_t bytes)
{
    char *fresh = buf_extend(b, bytes);

    if (fresh && bytes)
        memcpy(fresh, data, bytes);
}

void buf_addstr(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addch(struct buf *b, char c)
{
    if (!has_room(b, 1))
        return;
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    if (len < 0)
        BUG("format \"%s\" cannot be printed", fmt);
    if (has_room(b, (size_t)len)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len > b->len)
        BUG("buf of %zu bytes cannot be cut to %zu", b->len, len);
    b->len = len;
    if (b->data)
        b->data[len] = '\0';
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *text = b->data ? b->data : mem_strdup("");

    buf_init(b, b->max);
    return text;
}
