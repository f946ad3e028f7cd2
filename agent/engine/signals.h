/*
 * signals: TERM, INT and HUP as bytes in a pipe, so that the agent's one wait sees them.
 */
#ifndef QS_ENGINE_SIGNALS_H
#define QS_ENGINE_SIGNALS_H

#include "base/err.h"

/* Installs the handlers; PIPE is ignored. Returns the descriptor that becomes readable. A second
 * TERM or INT ends the process at once with 128 + signal: the journal makes that safe. */
int signals_init(void);
/* Reads what has come. */
void signals_drain(void);
bool signals_stop(void);        /* TERM or INT has come */
bool signals_take_reload(void); /* HUP has come since the last call */

#endif
