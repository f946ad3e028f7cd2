/*
 * explain: one row's whole story, read once and then shown as text or as JSON from the same struct.
 */
#ifndef QS_COMMANDS_EXPLAIN_H
#define QS_COMMANDS_EXPLAIN_H

#include "commands/output.h"
#include "commands/setup.h"
#include "edges/report.h"

/* What happens next. */
enum next_kind {
    NEXT_NOTHING,
    NEXT_NEVER,         /* counts as removed, and Qudra never had it */
    NEXT_FOUND,         /* differs: the next pass marks it */
    NEXT_REFUSAL_FOUND, /* breaks a rule: the next pass says so */
    NEXT_GONE_FOUND,    /* gone: the next whole pass and the guard decide */
    NEXT_SENT,          /* pending: as soon as the limit allows */
    NEXT_SENT_AGAIN,    /* pending, after a failure */
    NEXT_ACCOUNT,       /* pending, and its account is stopped */
    NEXT_ANSWER,        /* a create is on its way */
    NEXT_LOOKUP,        /* a create whose answer was lost */
    NEXT_AMBIGUOUS,     /* the same, and several jobs fit */
    NEXT_QUOTA,         /* deferred */
    NEXT_RELEASE,       /* held by the guard */
    NEXT_KEPT,          /* held, and there again */
    NEXT_MEND,          /* refused by a rule of ours */
    NEXT_MEND_OR_RETRY, /* refused by Qudra */
    NEXT_EMBEDDING,     /* Qudra is making its embedding */
    NEXT_EMBEDDING_FAILED,
    NEXTS
};
struct next_rule {
    const char *word; /* for --json */
    bool person;      /* nothing happens unless a person acts */
    bool agent;       /* an agent has to be at work for it */
    const char *en, *ar;
};
extern const struct next_rule next_rules[NEXTS];

struct explanation {
    const struct mapping *mapping;
    const char *key;
    const char *account; /* NULL: not known */
    int64_t wall_ms;
    bool agent_runs; /* somebody holds the account's lease */
    bool is_stopped; /* the account, until a person acts */

    const struct row *row; /* NULL: not in the source, or outside `where` */
    size_t rows;           /* of the source with this key: should be 1 */
    bool removed;          /* `removed` says so */
    struct desired desired;
    struct trace trace;

    const struct report_row *recorded; /* NULL: nothing is recorded */
    struct op op;

    enum next_kind next;
    const char *next_at; /* RFC 3339; NULL: not known, or at once */
    const char *command; /* what a person runs next; NULL: none */
};

/* explain_next.c: fills next, next_at and command. */
void explain_next(struct explanation *x, struct arena *a);

/* explain_show.c */
void explain_show(const struct explanation *x, bool arabic, const struct zone *zone,
                  struct arena *a, struct buf *out);
/* explain_json.c */
void explain_write_json(const struct explanation *x, struct buf *out);

#endif
