/*
 * manual: the man page: tests/docs/qudra-sync.1.in with the tables of the program filled in.
 */
#ifndef QS_DOCS_MANUAL_H
#define QS_DOCS_MANUAL_H

#include "base/mem.h"

void manual_write(struct buf *out);

#endif
