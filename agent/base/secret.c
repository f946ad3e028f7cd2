/*
 * Keys have pages to themselves: mlock() and madvise() work on whole pages, and a neighbour on the
 * same page would be unlocked with it. Thousands of employers have thousands of keys, so those of
 * usual length share pages; a longer one has its own. A key file is read straight into such pages
 * and trimmed there, so that no copy is left in a buffer of stdio or on the stack. That mlock() or
 * madvise() is refused (a small RLIMIT_MEMLOCK) is no reason not to start.
 */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { SECRET_MAX = 4096, BOX_BYTES = 8192, PAGE_BYTES = 4096, SLOT_BYTES = 128 };
enum { SLOTS = PAGE_BYTES / SLOT_BYTES };

struct secret {
    size_t len;
    char text[];
};
#define SMALL_MAX (SLOT_BYTES - sizeof(struct secret) - 1) /* one byte for the NUL */

/* Where a key is read to and trimmed; a long one stays there. */
struct box {
    size_t len;
    char text[SECRET_MAX + 2]; /* one byte to see that there is more, one for the NUL */
};
_Static_assert(sizeof(struct box) <= BOX_BYTES, "a box fits its pages");
_Static_assert(offsetof(struct box, text) == offsetof(struct secret, text), "a box is a secret");
_Static_assert(SLOTS == 32, "a bit for each slot");

/* Stands in the first slot of a page that keys share. */
struct page {
    struct page *next;
    uint32_t used; /* a bit for each slot, the first included */
};
static struct page *pages;

static void *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        BUG("no memory for a secret: %s", strerror(errno));
    (void)mlock(p, bytes);
    (void)madvise(p, bytes, MADV_DONTDUMP);
    return p;
}

static void unmap(void *p, size_t bytes)
{
    explicit_bzero(p, bytes);
    munmap(p, bytes);
}

static struct secret *take_slot(void)
{
    struct page *p = pages;

    while (p && p->used == UINT32_MAX)
        p = p->next;
    if (!p) {
        p = map(PAGE_BYTES);
        *p = (struct page){.next = pages, .used = 1};
        pages = p;
    }
    unsigned slot = 0;
    while (p->used & UINT32_C(1) << slot)
        slot++;
    p->used |= UINT32_C(1) << slot;
    return (void *)((char *)p + (size_t)slot * SLOT_BYTES);
}

static void free_slot(struct secret *s)
{
    size_t offset = (uintptr_t)s % PAGE_BYTES;
    struct page *p = (void *)((char *)s - offset);
    struct page **at = &pages;

    explicit_bzero(s, SLOT_BYTES);
    p->used &= ~(UINT32_C(1) << offset / SLOT_BYTES);
    if (p->used != 1)
        return;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    unmap(p, PAGE_BYTES);
}

/* A page's first slot is never a key, so only a box begins a page. */
void secret_free(struct secret *s)
{
    if (s && (uintptr_t)s % PAGE_BYTES == 0)
        unmap(s, BOX_BYTES);
    else if (s)
        free_slot(s);
}

/* The box is gone then, or is the secret. */
static struct secret *keep(struct box *box)
{
    if (box->len > SMALL_MAX)
        return (void *)box;
    struct secret *s = take_slot();
    s->len = box->len;
    memcpy(s->text, box->text, box->len + 1);
    unmap(box, BOX_BYTES);
    return s;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Drops white space at both ends; false when what is left is no usable key. */
static bool settle(struct box *s, const char *where, struct err *e)
{
    size_t from = 0;

    if (s->len > SECRET_MAX)
        return err_set(e, ERR_CONFIG, "the API key %s is longer than %d bytes", where, SECRET_MAX);
    while (s->len > 0 && is_blank(s->text[s->len - 1]))
        s->len--;
    while (from < s->len && is_blank(s->text[from]))
        from++;
    s->len -= from;
    memmove(s->text, s->text + from, s->len);
    explicit_bzero(s->text + s->len, sizeof(s->text) - s->len);
    if (s->len == 0)
        return err_set(e, ERR_CONFIG, "the API key %s is empty", where);
    for (size_t i = 0; i < s->len; i++) {
        if ((unsigned char)s->text[i] < 0x20 || s->text[i] == 0x7f)
            return err_set(e, ERR_CONFIG, "the API key %s holds control characters", where);
    }
    return true;
}

/* systemd makes the files of LoadCredential= with mode 0440 in a directory that only the service
 * can enter. */
static bool is_systemd_credential(const char *path, mode_t mode)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    size_t len = dir ? strlen(dir) : 0;

    return len > 0 && (mode & 0777) == 0440 && !strncmp(path, dir, len) && path[len] == '/' &&
           !strchr(path + len + 1, '/');
}

static bool check_file(int fd, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return err_set(e, ERR_CONFIG, "key file \"%s\": %s", path, strerror(errno));
    if (S_ISFIFO(st.st_mode))
        return true;
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_CONFIG, "key file \"%s\" is not a regular file", path);
    if ((st.st_mode & 0077) == 0 || is_systemd_credential(path, st.st_mode))
        return true;
    err_set(e, ERR_CONFIG, "key file \"%s\" can be reached by others (mode %04o)", path,
            (unsigned)(st.st_mode & 07777));
    return err_hint(e, "Give it to the agent's user alone: chmod 600 \"%s\".", path);
}

/* To the end, or to one byte more than a key may have. */
static bool read_all(int fd, struct box *s, const char *path, struct err *e)
{
    ssize_t n;

    do {
        n = read(fd, s->text + s->len, SECRET_MAX + 1 - s->len);
        if (n < 0 && errno != EINTR)
            return err_set(e, ERR_CONFIG, "key file \"%s\": %s", path, strerror(errno));
        s->len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && s->len <= SECRET_MAX);
    return true;
}

struct secret *secret_load(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct secret *s = NULL;
    struct arena scratch;

    if (fd < 0) {
        err_set(e, ERR_CONFIG, "key file \"%s\": %s", path, strerror(errno));
        err_hint(e, "Put the key into this file, readable by the agent's user alone.");
        return NULL;
    }
    arena_init(&scratch, 0);
    if (check_file(fd, path, e)) {
        struct box *box = map(BOX_BYTES);
        if (read_all(fd, box, path, e) && settle(box, arena_printf(&scratch, "in \"%s\"", path), e))
            s = keep(box);
        else
            unmap(box, BOX_BYTES);
    }
    arena_release(&scratch);
    close(fd);
    return s;
}

struct secret *secret_take(char *text, struct err *e)
{
    struct box *s = map(BOX_BYTES);
    size_t len = strlen(text);

    s->len = len > SECRET_MAX ? SECRET_MAX + 1 : len;
    memcpy(s->text, text, s->len);
    explicit_bzero(text, len);
    if (settle(s, "given", e))
        return keep(s);
    unmap(s, BOX_BYTES);
    return NULL;
}

/* Reads all of both whatever they hold: the time taken tells nothing but the length. */
bool secret_equal(const struct secret *a, const struct secret *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    unsigned differ = a->len != b->len;

    for (size_t i = 0; i < n; i++)
        differ |= (unsigned)(a->text[i] ^ b->text[i]);
    return !differ;
}

/* 128 bits of which 64 are kept: of the many keys with this mark nobody can tell which it is. */
void secret_mark(const struct secret *s, char out[SECRET_MARK_SIZE])
{
    static const char purpose[] = "qudra-sync: who shares a key";
    XXH128_hash_t h = XXH3_128bits_withSeed(s->text, s->len, XXH3_64bits(purpose, sizeof purpose));

    snprintf(out, SECRET_MARK_SIZE, "%016llx", (unsigned long long)h.high64);
}

bool secret_has_prefix(const struct secret *s, const char *prefix)
{
    return !strncmp(s->text, prefix, strlen(prefix));
}

const char *secret_expose(const struct secret *s)
{
    return s->text;
}

void secret_guard_process(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}
