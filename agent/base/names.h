/*
 * names: the nearest known name to a mistyped one, for every hint in the program.
 */
#ifndef QS_BASE_NAMES_H
#define QS_BASE_NAMES_H

#include "base/mem.h"

/* The candidate with the least edit distance (insert, delete, replace, swap of neighbours; case
 * does not count), or NULL when none is near enough to be worth suggesting. */
const char *names_nearest(const char *name, const char *const *candidates, size_t n);
/* "a, b or c" */
char *names_list(struct arena *a, const char *const *names, size_t n);

#endif
