/*
 * op: the life of a row, as two tables.
 *
 * op_decide: recorded × desired -> what to do. op_after: operation × outcome -> the row's next
 * state and time. Both are pure; detect, push, reconcile, plan and explain all call them, so that
 * there is one truth about what happens to a row. Also here: the removal guard's arithmetic and
 * back-off.
 */
#ifndef QS_RULES_OP_H
#define QS_RULES_OP_H

#include "rules/job.h"

/* Order and names as in the type qudra_sync.row_state. */
enum row_state {
    ROW_PENDING,   /* differs from Qudra: waits for push */
    ROW_SENDING,   /* a create is journalled and may be on its way */
    ROW_SYNCED,    /* Qudra confirmed what the mapping wants */
    ROW_REFUSED,   /* by a rule or by Qudra: waits for the row to change, or for `retry` */
    ROW_UNCERTAIN, /* a create whose answer was lost: settled by looking */
    ROW_DEFERRED,  /* a create that does not fit this month's quota */
    ROW_HELD,      /* a removal that the guard stopped: waits for `release` */
    ROW_REMOVED,   /* closed or deleted at Qudra, gone here */
    ROW_STATES
};
extern const char *const row_state_names[ROW_STATES];

/* In the order of urgency, as in the type qudra_sync.operation. */
enum op_kind { OP_CLOSE, OP_DELETE, OP_UPDATE, OP_CREATE, OP_NONE };
extern const char *const op_names[OP_NONE]; /* no name for OP_NONE */

enum on_removed { REMOVED_CLOSE, REMOVED_DELETE };
enum on_missing { MISSING_RECREATE, MISSING_REFUSE };

/* What the state says of a row. Strings live with the state's result. */
struct recorded {
    bool exists; /* false: no state row */
    const char *account;
    enum row_state state;
    enum op_kind op;        /* what it waits for; OP_NONE otherwise */
    const char *job_id;     /* NULL: no job at Qudra */
    const char *job_status; /* as last confirmed; NULL unknown */
    bool has_desired, has_synced;
    uint8_t desired_all[16]; /* struct job_hash.all of what was last wanted */
    struct job_hash synced;  /* what Qudra last confirmed, as we sent it */
    int attempts;
    bool gone; /* seen to be gone from the source (gone_at is set) */
};

enum desired_kind {
    DESIRED_JOB,     /* a payload that breaks no rule */
    DESIRED_REFUSED, /* the row is there but cannot be sent */
    DESIRED_GONE,    /* no row, excluded by `where`, or `removed` */
    DESIRED_UNREAD,  /* the row is there; who pushes it reads what it wants: a first mirror */
};
extern const struct job_hash op_unread; /* the hash of what that is; no job and no refusal has it */
struct desired {
    enum desired_kind kind;
    const struct job *job;
    struct job_hash hash; /* of the job or of the refusals, or op_unread; zero when gone */
    const struct refusal *refusals;
    size_t n_refusals;
};

struct op {
    enum op_kind kind;
    unsigned fields; /* OP_UPDATE: bit mask of what to send */
};

/* What has to be sent so that Qudra holds what is desired. A row that is `sending` or `uncertain`
 * is never decided over: OP_NONE until it is settled (promise 2). What was refused is not sent
 * again until it changes, or `retry` makes it pending. With nothing recorded as synced, an update
 * sends all fields. */
struct op op_decide(const struct recorded *r, const struct desired *d, enum on_removed on_removed);

/* The state that detection writes for this decision: pending, refused, removed (gone, and nothing
 * has to be sent for it), or synced when a change was taken back before it was sent. ROW_STATES
 * means "leave the row as it is": it is settled already, or waits for just this, and its back-off
 * must not begin anew. A removal that has to be sent is written as the row's `gone` mark alone: the
 * guard decides over all of them together (op_guard), so ROW_STATES comes back for it too. */
enum row_state op_mark(const struct recorded *r, const struct desired *d, struct op op);

/* ---- outcomes -------------------------------------------------------------------------------- */

enum outcome_kind {
    OUTCOME_DONE,
    OUTCOME_RETRY,     /* not applied, or safe to repeat: again with back-off */
    OUTCOME_LIMITED,   /* 429 of the minute window: not a failure, uses up no attempt */
    OUTCOME_UNCERTAIN, /* a create that may have been applied */
    OUTCOME_REFUSED,   /* this row's fault */
    OUTCOME_GONE,      /* 404 to an update or close */
    OUTCOME_QUOTA,     /* the month's quota is used up */
    OUTCOME_STOP,      /* key refused: nothing more may be sent */
    OUTCOME_SPLIT,     /* a bulk request refused whole: send its halves */
    OUTCOMES
};

/* What Qudra said of one row. Strings live in the arena that it was read into; of job_id and
 * answered see qudra_outcomes(). */
struct outcome {
    enum outcome_kind kind;
    const char *code;       /* Qudra's, or ours ("timeout", "torn_body"); NULL when done */
    const char *message;    /* English */
    const char *message_ar; /* Arabic; NULL when Qudra gave none and we have none */
    const char *request_id; /* NULL when the answer had none */
    /* The job as Qudra answered it; id NULL when it did not. */
    const char *job_id, *qudra_url, *job_status, *embedding_status;
    int match_ready;            /* 1, 0, or -1: not told */
    const char *created_at;     /* RFC 3339, as answered */
    const struct job *answered; /* the fields as they came back; NULL: none */
};

/* What becomes of the row. */
struct verdict {
    enum row_state state;
    enum op_kind op;    /* what it waits for while pending, OP_NONE otherwise */
    bool synced;        /* desired becomes synced */
    bool forget_job;    /* job_id and what came with it are cleared, synced too */
    bool forget_synced; /* sent and not confirmed: what Qudra holds now is not known, so the synced
                           hash is cleared and the next update sends all fields. After a crash the
                           same is true of every pending row that has a job_id. */
    bool attempt;       /* counts as an attempt */
    bool keep_journal;  /* the create_attempt row stays: it is not settled */
    int64_t wait_ms;    /* next attempt no earlier than this from now */
};
/* `attempts` are those before this one; `random` in [0, 1) comes from the caller. A close that is
 * done leaves job_status "closed" behind, whether or not the answer said so. */
struct verdict op_after(enum op_kind op, enum outcome_kind outcome, int attempts,
                        enum on_missing on_missing, double random);

/* Full jitter, as Qudra advises (rate-limiting page): random × min(60 s, 2^attempt s). */
int64_t op_backoff_ms(int attempt, double random);

/* ---- removal guard --------------------------------------------------------------------------- */

/* `sync.max_remove`: "10%" or "250". */
struct remove_limit {
    bool is_percent;
    double value;
};
#define REMOVE_FLOOR 5 /* this many removals in a pass are always let through */

/* True when a pass may remove `removing` of `mirrored` jobs. An empty source never may. */
bool op_guard(const struct remove_limit *limit, int64_t mirrored, int64_t removing,
              bool source_empty);

#endif
