/*
 * What writing and reading a plan file share. Not for other rooms.
 */
#ifndef QS_EDGES_PLANFILE_INTERNAL_H
#define QS_EDGES_PLANFILE_INTERNAL_H

#include "edges/planfile.h"

#define PLANFILE_VERSION    1
#define PLANFILE_LINE_BYTES (1024 * 1024)

#endif
