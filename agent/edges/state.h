/*
 * state: schema qudra_sync: what is recorded of each row, and every write to it. All set-based.
 *
 * Every write names the account and the fence of the lease under which it is made; when the lease
 * has been taken over it writes nothing and returns ERR_FENCED. Each function is one statement, or
 * one transaction where it says so. Strings that come back live in the arena given.
 */
#ifndef QS_EDGES_STATE_H
#define QS_EDGES_STATE_H

#include "edges/pg.h"
#include "rules/op.h"

/* An account's lease: it holds as long as the agent lives that took it (edges/state_agents.h), and
 * every write under it names its fence. Copies may be made freely. */
struct lease {
    const char *account;
    int64_t fence;
};

/* ---- detect ------------------------------------------------------------------------------------
 */

/* What detection knows of a row; an array of them is a page. */
struct sighting {
    const char *key;
    const char *account;
    bool stays;      /* which account it is of cannot be told: a recorded row stays at its own */
    double priority; /* NAN: none */
    int64_t due_ms;  /* 0: none */
    struct desired desired;
    /* filled by the caller after state_compare_receive, for state_mark */
    bool moves; /* what is recorded of it is another account's: see state_move */
    struct op op;
    enum row_state mark;
};

/* Of a page, the rows that differ from what is recorded of them. */
struct comparison {
    size_t n;
    size_t *place; /* of each, in the page */
    struct recorded *recorded;
    int64_t live; /* keys of the whole page with a state row neither removed nor gone */
};

/* Looks the page up, in two halves: between them the server works, and the connection may be used
 * for nothing else. Only rows that differ (in payload, priority, due time, state) come back: the
 * usual case costs no transfer. */
bool state_compare_send(struct pg *pg, const char *mapping, const struct sighting *seen, size_t n,
                        struct err *e) MUST_CHECK;
bool state_compare_receive(struct pg *pg, const struct sighting *seen, size_t n, struct arena *a,
                           struct comparison *out, struct err *e) MUST_CHECK;
/* A cheaper question, in two halves as well: is all of the page as it is recorded? It can be asked
 * of rows that are wanted, of one account, without due times, whose keys ascend bytewise. `false`
 * tells nothing of any row. */
bool state_unchanged_can_tell(const struct sighting *seen, size_t n);
bool state_unchanged_send(struct pg *pg, const char *mapping, const struct sighting *seen, size_t n,
                          struct err *e) MUST_CHECK;
bool state_unchanged_receive(struct pg *pg, bool *unchanged, struct err *e) MUST_CHECK;
/* Writes what was decided: inserts and updates in one statement; the keys are all different. A row
 * that is sending or uncertain only learns what is wanted now, whatever is asked; a row marked
 * ROW_STATES ("leave it") only takes priority and due time. Rows of another account are left to
 * that account's lease, unless nothing of theirs is at Qudra any more: then they move to this one.
 */
bool state_mark(struct pg *pg, const struct lease *leases, size_t n_leases, const char *mapping,
                const struct sighting *seen, size_t n, struct err *e) MUST_CHECK;

/* Rows that belong to another account than before, under the lease of either: what they have at the
 * old one is left there under a key of its own (KEY_MOVED), as gone, and they begin anew. Those
 * whose create is not settled are looked at again later. */
bool state_move(struct pg *pg, const struct lease *l, const char *mapping, const char *const *keys,
                size_t n, struct err *e) MUST_CHECK;

/* Rows of the mapping that are neither removed nor known to be gone. */
bool state_count_live(struct pg *pg, const char *mapping, int64_t *live, struct err *e) MUST_CHECK;
/* Their keys, page by page, in key order; after = NULL for the first page. */
bool state_live_keys(struct pg *pg, const char *mapping, const char *after, size_t limit,
                     struct arena *a, const char ***keys, size_t *n, struct err *e) MUST_CHECK;
/* Rows of the mapping that are known to be gone and have not been removed, page by page as above;
 * due: for long enough. */
struct gone_rows {
    const char **keys;
    bool *due;
    size_t n;
};
bool state_gone_rows(struct pg *pg, const char *mapping, int64_t remove_after_ms, const char *after,
                     struct arena *a, struct gone_rows *out, struct err *e) MUST_CHECK;
#define GONE_ROWS_PAGE 2000
/* Marks rows of these accounts as gone from the source since now (or leaves the time where it
 * stands). *fresh: how many were not known to be gone. */
bool state_gone(struct pg *pg, const struct lease *leases, size_t n_leases, const char *mapping,
                const char *const *keys, size_t n, int64_t *fresh, struct err *e) MUST_CHECK;
/* What the guard wants to know of the lease's account: mirrored (open jobs that Qudra holds for
 * this mapping; counted only when some are going, else 0, so that an idle pass reads no table),
 * going (gone for at least remove_after, with an open job, and neither waiting for their removal
 * already nor held). Jobs that are closed count on neither side. */
bool state_going(struct pg *pg, const struct lease *l, const char *mapping, int64_t remove_after_ms,
                 int64_t *mirrored, int64_t *going, struct err *e) MUST_CHECK;
/* Ends a detection: the gone rows become pending removals (`op` close or delete), or held; those
 * without a job at Qudra are dropped, and those closed there already are done. *count gets how many
 * are now to be removed or are newly held. */
bool state_remove(struct pg *pg, const struct lease *l, const char *mapping,
                  int64_t remove_after_ms, enum op_kind op, bool hold, int64_t *count,
                  struct err *e) MUST_CHECK;
/* Before that: rows that are gone give their jobs to new rows of equal content (a repost under a
 * new key). `confirm`: each is still updated once, so that an answer comes for write-back. */
bool state_rebind(struct pg *pg, const struct lease *l, bool confirm, int64_t *count,
                  struct err *e) MUST_CHECK;
/* Keys whose due time has passed (at most limit). */
bool state_due(struct pg *pg, const char *mapping, size_t limit, struct arena *a,
               const char ***keys, size_t *n, struct err *e) MUST_CHECK;
bool state_next_due_ms(struct pg *pg, int64_t *in_ms, struct err *e) MUST_CHECK; /* -1: none */

struct watermark {
    const char *changed_to;           /* RFC 3339 or NULL */
    const char *fingerprint, *source; /* NULL: never scanned */
    int64_t scanned_ago_ms;           /* -1: never */
    int64_t shape;
};
/* In state_set_watermark a NULL string, or shape 0, leaves what is recorded. */
bool state_watermark(struct pg *pg, const char *mapping, struct arena *a, struct watermark *out,
                     struct err *e) MUST_CHECK;
bool state_set_watermark(struct pg *pg, const struct lease *l, const char *mapping,
                         const struct watermark *w, bool scanned, struct err *e) MUST_CHECK;

/* ---- push --------------------------------------------------------------------------------------
 */

struct picked {
    const char *mapping, *key;
    enum op_kind op;
    struct recorded recorded;
    int64_t changed_ago_ms;   /* for close latency */
    int64_t intended_us;      /* the same for each attempt of one create, and for no other create */
    struct job_hash answered; /* its fields as Qudra last answered them, */
    bool has_answered;        /* where not all came back as sent */
};
/* The part of the queue that may be looked at. */
struct queue {
    const char *account;
    const char *const *mappings; /* those that can be read now: rows of others wait */
    size_t n_mappings;
    enum op_kind upto; /* the least urgent operation that may be looked at */
    int64_t held_ms;   /* state_pick: creates found in this last time are left out; -1: none */
    bool planned;      /* only rows that a plan names (state_plan_add) */
};
/* The most urgent pending rows whose time has come, in the order of the queue. A row that is gone
 * waits for the guard and is not picked, unless its removal is what is pending. */
bool state_pick(struct pg *pg, const struct queue *q, size_t limit, struct arena *a,
                struct picked **rows, size_t *n, struct err *e) MUST_CHECK;
/* Whether anything is recorded of the mapping. */
bool state_knows(struct pg *pg, const char *mapping, bool *known, struct err *e) MUST_CHECK;
/* Whether Qudra holds a job of the account. */
bool state_mirrors(struct pg *pg, const char *account, bool *mirrors, struct err *e) MUST_CHECK;
/* What is known of these keys of a mapping (explain, reconcile, settling). */
bool state_rows(struct pg *pg, const char *mapping, const char *const *keys, size_t n,
                struct arena *a, struct recorded *out, struct err *e) MUST_CHECK;
/* How long until the next pending row's time comes: 0 now, -1 nothing waits. */
bool state_next_attempt_ms(struct pg *pg, const struct queue *q, int64_t *in_ms,
                           struct err *e) MUST_CHECK;

/* To be called when nothing waits any more: gives back the room that a long queue took. */
bool state_trim(struct pg *pg, struct err *e) MUST_CHECK;

/* Which rows of an account a plan names: none, these too, these no more. */
bool state_plan_clear(struct pg *pg, const struct lease *l, struct err *e) MUST_CHECK;
bool state_plan_add(struct pg *pg, const struct lease *l, const char *mapping,
                    const char *const *keys, size_t n, struct err *e) MUST_CHECK;
bool state_plan_drop(struct pg *pg, const struct lease *l, const char *mapping,
                     const char *const *keys, size_t n, struct err *e) MUST_CHECK;

struct attempt {
    const char *mapping, *key;
    const char *idempotency_key;
    struct job_hash payload;
    struct job_words words;
    const uint8_t *wanted; /* what the row wanted when it was picked: 16 bytes; NULL: nothing */
};
/* Journals creates and marks their rows `sending`, committed when it returns. Only rows that are
 * still pending without a job, and want nothing else since they were picked, are taken: taken[i]
 * says which. */
bool state_journal(struct pg *pg, const struct lease *l, const struct attempt *attempts, size_t n,
                   bool *taken, struct err *e) MUST_CHECK;

/* What push, settling or repair learned of a row, with what is to be written. */
struct result {
    const char *mapping, *key;
    enum op_kind op; /* that was sent; OP_NONE: decided again and nothing was to be sent */
    struct verdict verdict;
    /* Of the payload (or the refusals) that was decided upon, whatever came of it; NULL or all zero
     * when the row was gone. Becomes synced when verdict.synced. */
    const struct job_hash *sent;
    const struct outcome *outcome; /* error texts, job_id…; NULL: none */
    struct job_hash answered;      /* of outcome->answered */
    bool has_answered;
};
/* Records a batch in one transaction (the caller's, if one is open), journal rows and quota
 * included: two statements at most. The keys are all different. A row that came to want something
 * else while its request was under way goes back to pending instead of ending; a create whose job
 * another row has becomes uncertain. */
bool state_record(struct pg *pg, const struct lease *l, const struct result *results, size_t n,
                  struct err *e) MUST_CHECK;

/* ---- write-back ---------------------------------------------------------------------------------
 */

/* A row that the partner's columns are to tell of. */
struct note {
    const char *mapping, *key;
    const char *job_id, *qudra_url, *job_status; /* filled by state_notes */
};
/* Fills in what they should say now. */
bool state_notes(struct pg *pg, struct note *notes, size_t n, struct arena *a,
                 struct err *e) MUST_CHECK;
/* Keeps in mind that they do not say it yet, */
bool state_note(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                struct err *e) MUST_CHECK;
/* that they do, */
bool state_note_done(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                     struct err *e) MUST_CHECK;
/* or that they could not be written, and are to be tried later. */
bool state_note_later(struct pg *pg, const struct lease *l, const struct note *notes, size_t n,
                      struct err *e) MUST_CHECK;
/* Those whose time has come, not yet filled in. */
bool state_notes_due(struct pg *pg, const char *account, size_t limit, struct arena *a,
                     struct note **notes, size_t *n, struct err *e) MUST_CHECK;
/* How long until the next one's time comes: 0 now, -1 none is kept in mind. */
bool state_notes_next_ms(struct pg *pg, const char *account, int64_t *in_ms,
                         struct err *e) MUST_CHECK;

/* ---- reconcile ----------------------------------------------------------------------------------
 */

struct open_attempt {
    const char *mapping, *key;
    struct job_hash payload;
    struct job_words words;   /* all zero: not known */
    int64_t sent_ago_ms;      /* by the state database's clock */
    int64_t uncertain_ago_ms; /* since its answer was lost */
};
/* Journalled creates of the account, oldest first, that are not in flight in this process. */
bool state_open_attempts(struct pg *pg, const char *account, size_t limit, struct arena *a,
                         struct open_attempt **out, size_t *n, struct err *e) MUST_CHECK;
/* At start, for accounts that were taken: what was `sending` when the last agent ended is now
 * uncertain; uncertain[i] says how many rows. Where it died (it did not give the lease back),
 * updates may have been on their way as well: what Qudra holds of the pending rows is not known any
 * more, and they are sent whole. */
bool state_recover(struct pg *pg, const struct lease *leases, const bool *died, size_t n,
                   int64_t *uncertain, struct err *e) MUST_CHECK;
/* Which rows are bound to these job ids; out[i] NULL mapping: none. */
struct binding {
    const char *mapping, *key;
};
bool state_bindings(struct pg *pg, const char *account, const char *const *job_ids, size_t n,
                    struct arena *a, struct binding *out, struct err *e) MUST_CHECK;
/* Refreshes embedding_status, match_ready, qudra_url of known jobs from a page of Qudra's list. */
bool state_refresh(struct pg *pg, const struct lease *l, const struct outcome *jobs, size_t n,
                   struct err *e) MUST_CHECK;
/* Jobs that are synced, not match_ready yet and recent. */
bool state_waiting_embeddings(struct pg *pg, const char *account, int64_t not_older_ms,
                              int64_t *count, struct err *e) MUST_CHECK;
/* Field masks learned of the account: which came back as sent, which changed
 * (bit i: enum job_field i). */
bool state_learned(struct pg *pg, const char *account, unsigned *as_sent, unsigned *changed,
                   struct err *e) MUST_CHECK;
bool state_learn(struct pg *pg, const struct lease *l, unsigned as_sent, unsigned changed,
                 struct err *e) MUST_CHECK;

/* ---- reconcile: against Qudra's whole list
 * -------------------------------------------------------- */

/* A row that has a job. */
struct bound {
    const char *mapping, *key; /* NULL: no row of the account has this job */
    struct recorded recorded;
    bool has_answered;        /* false: Qudra answered what was sent, or did not say */
    struct job_hash answered; /* fields alone */
    int64_t synced_ago_ms;    /* by the state database's clock; -1: never */
};
/* Which rows have these jobs: out[i] belongs to job_ids[i]. */
bool state_listed(struct pg *pg, const char *account, const char *const *job_ids, size_t n,
                  struct arena *a, struct bound *out, struct err *e) MUST_CHECK;
/* Some jobs of the account that should be at Qudra, in no order. */
bool state_witnesses(struct pg *pg, const char *account, size_t limit, struct arena *a,
                     const char ***job_ids, size_t *n, struct err *e) MUST_CHECK;
/* Rows with a job that should be at Qudra, by mapping and key, page by page; after = NULL for the
 * first. */
bool state_bound(struct pg *pg, const char *account, const struct binding *after, size_t limit,
                 struct arena *a, struct bound **out, size_t *n, struct err *e) MUST_CHECK;

/* A row without a job, and the unowned job that is its own. */
struct adoption {
    const struct sighting *row;
    const struct outcome *job; /* NULL: it cannot be told; `message` says why */
    struct job_hash content;   /* of the job */
    bool same;                 /* the job says what the row says; else it is to be updated whole */
    const char *message, *message_ar;
};
/* Binds them, or leaves them `uncertain` with code "adopt.ambiguous". taken[i] says which were
 * written: a row that got a job meanwhile, or whose create is in flight or lost, is left alone. */
bool state_adopt(struct pg *pg, const struct lease *l, const char *mapping,
                 const struct adoption *rows, size_t n, bool *taken, struct err *e) MUST_CHECK;
/* Rows left "adopt.ambiguous" by an adoption before this one may be created now. */
bool state_adopt_end(struct pg *pg, const struct lease *l, const char *mapping,
                     int64_t began_ago_ms, int64_t *freed, struct err *e) MUST_CHECK;

/* ---- operator -----------------------------------------------------------------------------------
 */

/* Refused rows (or one) back to pending; held removals (or one) let go. mapping, key, code: NULL =
 * all. */
bool state_retry(struct pg *pg, const struct lease *l, const char *mapping, const char *key,
                 const char *code, int64_t *count, struct err *e) MUST_CHECK;
bool state_release(struct pg *pg, const struct lease *l, const char *mapping, const char *key,
                   int64_t *count, struct err *e) MUST_CHECK;
/* The quota is used up: pending creates of the account become deferred, at most so many at once. */
bool state_defer(struct pg *pg, const struct lease *l, int64_t most, int64_t *count,
                 struct err *e) MUST_CHECK;
/* Deferred creates become pending again when the month has turned or the plan has grown: the `most`
 * most urgent ones. */
bool state_undefer(struct pg *pg, const struct lease *l, int64_t most, int64_t *count,
                   struct err *e) MUST_CHECK;
/* Trouble of the account that a person must end ("key refused"); NULL: over. True in *changed when
 * it was not so before: the moment to log it. */
bool state_trouble(struct pg *pg, const struct lease *l, const char *trouble, bool *changed,
                   struct err *e) MUST_CHECK;
bool state_limits(struct pg *pg, const struct lease *l, const char *json, struct err *e) MUST_CHECK;

bool state_run_begin(struct pg *pg, const char *kind, const char *account, const char *mapping,
                     int64_t *id, struct err *e) MUST_CHECK;
bool state_run_end(struct pg *pg, int64_t id, const char *outcome, const char *counts_json,
                   const char *error, struct err *e) MUST_CHECK;
/* A mapping that cannot be read, told once, and that it can be again (count: of those told). */
bool state_run_fail(struct pg *pg, const char *mapping, const char *error,
                    struct err *e) MUST_CHECK;
bool state_run_mend(struct pg *pg, const char *mapping, int64_t *count, struct err *e) MUST_CHECK;

#endif
