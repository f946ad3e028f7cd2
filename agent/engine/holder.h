/*
 * holder: the name of an agent in a lease, and whether the agent of such a name is dead for
 * certain.
 *
 * A lease runs out by itself within seconds. This is for the usual case, the same machine: an agent
 * that was killed and is started again need not wait for its own ghost. The name holds host and
 * process for people, and for certainty what tells this boot, this PID namespace and this very
 * process from others.
 */
#ifndef QS_ENGINE_HOLDER_H
#define QS_ENGINE_HOLDER_H

#include "base/mem.h"

char *holder_name(struct arena *a); /* of this process: "db1 pid 2103 (5f0c…-88123)" */
/* True only when the named process ran here and runs no more; any doubt is false. */
bool holder_is_dead(const char *name);

#endif
