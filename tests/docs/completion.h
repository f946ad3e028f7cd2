/*
 * completion: what bash and zsh need to complete a command line of qudra-sync, from the tables of
 * the commands.
 */
#ifndef QS_DOCS_COMPLETION_H
#define QS_DOCS_COMPLETION_H

#include "base/mem.h"

void completion_write_bash(struct buf *out);
void completion_write_zsh(struct buf *out);

#endif
