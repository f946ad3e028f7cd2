/*
 * secret: the API key, in a box that nothing prints.
 *
 * There is no function that returns the text as an ordinary string except secret_expose(), which
 * only edges/http calls, to make the Authorization header. The memory is kept out of core files
 * and swap where the system lets us (madvise MADV_DONTDUMP, mlock), and wiped on release.
 */
#ifndef QS_BASE_SECRET_H
#define QS_BASE_SECRET_H

#include "base/err.h"

struct secret; /* opaque: no printf-able member */

/* Reads a key file: surrounding white space is dropped. Refused: unreadable, empty, over 4 KiB,
 * control characters inside, not a regular file (a pipe is allowed), or readable by others than
 * its owner (mode & 0077, unless it is the group's and systemd's credentials directory, mode
 * 0440). Returns NULL and fills e (ERR_CONFIG). The text never gets into e. */
struct secret *secret_load(const char *path, struct err *e);
/* Takes a copy of text that came from the environment, then wipes `text` in place. */
struct secret *secret_take(char *text, struct err *e);
void secret_free(struct secret *s); /* wipes; NULL is allowed */

bool secret_equal(const struct secret *a, const struct secret *b);
/* True when the key begins with the public prefix, e.g. "qk_test_". */
bool secret_has_prefix(const struct secret *s, const char *prefix);
/* Tells two keys apart, and gives nothing of them away: half a keyed hash, hexadecimal. */
#define SECRET_MARK_SIZE 17
void secret_mark(const struct secret *s, char out[SECRET_MARK_SIZE]);
const char *secret_expose(const struct secret *s);

/* Keeps the whole process out of core files and out of other processes' reach (PR_SET_DUMPABLE,
 * RLIMIT_CORE). Called once by main, before any secret is read. */
void secret_guard_process(void);

#endif
