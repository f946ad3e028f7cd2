/*
 * outbox: `detect: trigger`. Triggers on the partner's table note the keys of changed rows in
 * qudra_sync.change, in the source database, and wake the agent by NOTIFY.
 *
 * Nothing is missed and nothing is read twice, whatever the order of commits: a change is read when
 * it can be seen, and exactly what was read is deleted, after what was found of it is committed in
 * the state. Of several agents with states of their own, only one may read an outbox.
 *
 * A commit with a NOTIFY makes others stand in line, so only a sleeping agent is sent one: it holds
 * the mapping's advisory lock, of which each writer takes a share until its transaction is over, if
 * there is one to be had, and else notifies. So an agent that has the lock, has then found the
 * outbox empty, and listens on the same session will be told of everything that comes. Behind a
 * pool, where nobody listens, nobody sleeps either, and the partner never pays for a NOTIFY.
 */
#ifndef QS_EDGES_OUTBOX_H
#define QS_EDGES_OUTBOX_H

#include "edges/pg.h"
#include "rules/mapping.h"

/* ---- at work: `pg` is a connection to the source ------------------------------------------------
 */

struct outbox_state {
    int64_t shape; /* names the table's partitions, files and triggers as they are; never 0. When it
                      has changed, rows may have come or gone unnoticed */
    bool may_notify; /* false: transactions can be prepared here, which a NOTIFY would prevent */
};
/* ERR_CONFIG, with what to do, unless the triggers are all there, fit the mapping, and the outbox
 * can be read and emptied. */
bool outbox_require(struct pg *pg, const struct mapping *m, struct outbox_state *out,
                    struct err *e) MUST_CHECK;

struct outbox_batch {
    const char **keys; /* each once */
    size_t n;
    int64_t *ids; /* to be forgotten when the keys have been looked at */
    size_t n_ids;
    bool scan; /* a whole scan is asked for */
    bool last; /* nothing more was there */
};
/* The oldest changes behind the id `after`. */
bool outbox_read(struct pg *pg, const struct mapping *m, int64_t after, struct arena *a,
                 struct outbox_batch *out, struct err *e) MUST_CHECK;
bool outbox_forget(struct pg *writer, const struct mapping *m, const int64_t *ids, size_t n,
                   struct err *e) MUST_CHECK;

/* What is noted before a scan begins, the scan sees. Its wish is to be forgotten when it has ended
 * whole; until then the next reading asks for it again. */
struct outbox_wish {
    int64_t id, stands_for; /* so many changes */
};
bool outbox_begin_scan(struct pg *writer, const struct mapping *m, struct outbox_wish *out,
                       struct err *e) MUST_CHECK;

/* *asleep: the lock is this session's now; false while a transaction with changes is under way, or
 * another agent sleeps. Not to be asked for twice. */
bool outbox_sleep(struct pg *listener, const struct mapping *m, bool *asleep,
                  struct err *e) MUST_CHECK;
bool outbox_wake(struct pg *listener, const struct mapping *m, struct err *e) MUST_CHECK;

/* ---- migrate ------------------------------------------------------------------------------------
 */

struct outbox_install {
    int changes; /* statements run; 0: everything was there */
    const char
        *partial; /* a table whose triggers miss writes under session_replication_role =
                     replica, because its owner alone may have them always fire; NULL: none */
};
/* Puts the triggers on the mapping's table, in one transaction that gives up soon when the table is
 * locked. `role`: who the agent is, NULL for the owner of the schema. The connection has the
 * search_path that the mapping's SQL relies on. */
bool outbox_install(struct pg *pg, const struct mapping *m, const char *role, struct arena *a,
                    struct outbox_install *out, struct err *e) MUST_CHECK;
/* Takes them away again, of one mapping or (NULL) all, and with the last of them the outbox.
 * *triggers gets how many statements that took. */
bool outbox_drop(struct pg *pg, const struct mapping *m, int *changes, struct err *e) MUST_CHECK;

#endif
