/*
 * The secret has pages of its own: mlock() and madvise() work on whole pages, and a neighbour on
 * the same page would be unlocked with it. A key file is read straight into such pages and trimmed
 * there, so that no copy is left in a buffer of stdio or on the stack. That mlock() or madvise()
 * is refused (a small RLIMIT_MEMLOCK) is no reason not to start.
 */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { SECRET_MAX = 4096, SECRET_PAGES_BYTES = 8192 };

struct secret {
    size_t len;
    char text[SECRET_MAX + 2]; /* one byte to see that there is more, one for the NUL */
};

_Static_assert(sizeof(struct secret) <= SECRET_PAGES_BYTES, "a secret fits its pages");

static struct secret *new_secret(void)
{
    void *p =
        mmap(NULL, SECRET_PAGES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        BUG("no memory for a secret: %s", strerror(errno));
    (void)mlock(p, SECRET_PAGES_BYTES);
    (void)madvise(p, SECRET_PAGES_BYTES, MADV_DONTDUMP);
    return p;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    explicit_bzero(s, SECRET_PAGES_BYTES);
    munmap(s, SECRET_PAGES_BYTES);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Drops white space at both ends; false when what is left is no usable key. */
static bool settle(struct secret *s, const char *where, struct err *e)
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
static bool read_all(int fd, struct secret *s, const char *path, struct err *e)
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
        s = new_secret();
        if (!read_all(fd, s, path, e) || !settle(s, arena_printf(&scratch, "in \"%s\"", path), e)) {
            secret_free(s);
            s = NULL;
        }
    }
    arena_release(&scratch);
    close(fd);
    return s;
}

struct secret *secret_take(char *text, struct err *e)
{
    struct secret *s = new_secret();
    size_t len = strlen(text);

    s->len = len > SECRET_MAX ? SECRET_MAX + 1 : len;
    memcpy(s->text, text, s->len);
    explicit_bzero(text, len);
    if (settle(s, "given", e))
        return s;
    secret_free(s);
    return NULL;
}

/* Reads all of both whatever they hold: the time taken tells nothing but the length. */
bool secret_equal(const struct secret *a, const struct secret *b)
{
    unsigned differ = a->len != b->len;

    for (size_t i = 0; i < SECRET_MAX; i++)
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
