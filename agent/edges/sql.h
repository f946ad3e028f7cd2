/*
 * sql: the statements of agent/sql/ and the migrations, as text in the program.
 *
 * agent/sql/<room>_<what>.sql becomes sql_<room>_<what>; made by agent/sql/embed.awk.
 */
#ifndef QS_EDGES_SQL_H
#define QS_EDGES_SQL_H

struct migration {
    int version;
    const char *name;
    const char *text;
};
extern const struct migration migrations[]; /* ends with a NULL text */

/* `extern const char sql_<name>[]` for each statement: made by the same script. */
#include "sql_names.h"

#endif
