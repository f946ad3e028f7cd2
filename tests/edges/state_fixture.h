/*
 * state_fixture: a fresh schema and short ways to say what a test of edges/state begins with. Two
 * rows, two hashes: all that the statements compare is made up here.
 */
#ifndef QS_TESTS_EDGES_STATE_FIXTURE_H
#define QS_TESTS_EDGES_STATE_FIXTURE_H

#include "edges/database.h"

#include <math.h>

#include "edges/sql.h"
#include "edges/state_agents.h"

static struct err err;

struct fixture {
    struct pg *pg;
    struct arena arena;
    struct lease lease;
};

/* What an agent of this name held before is free from here on. */
static inline void agent_begins(struct pg *pg, const char *name)
{
    int64_t until_ms;
    assert_done(state_agent_begin(pg, name, true, &until_ms, &err));
}

/* An agent that lives takes one account; false when it is held. */
static inline bool take_lease(struct pg *pg, const char *account, const char *holder,
                              struct lease *out)
{
    const struct take_wish wish = {.account = account};
    struct arena a;
    struct taken *taken;
    size_t n;
    arena_init(&a, 0);
    assert_done(state_add_accounts(pg, &account, 1, &err));
    const struct take_order o = {
        .agent = holder, .wishes = &wish, .n = 1, .most = 1, .seen_mark = "other"};
    assert_done(state_take(pg, &o, &a, &taken, &n, &err));
    if (n > 0) {
        assert_true(taken->fence > 0);
        *out = (struct lease){.account = account, .fence = taken->fence};
    }
    arena_release(&a);
    return n > 0;
}

/* Another agent takes over from one that is declared dead. */
static inline void take_over(struct pg *pg, const char *from, struct lease *out)
{
    assert_done(state_agent_bury(pg, &from, 1, &err));
    agent_begins(pg, "them");
    assert_true(take_lease(pg, "acme", "them", out));
}

static inline int fixture_begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    err = (struct err)ERR_INIT;
    f->pg = database_open();
    database_run(f->pg, "DROP SCHEMA IF EXISTS qudra_sync CASCADE");
    for (const struct migration *m = migrations; m->text; m++)
        database_run(f->pg, m->text);
    arena_init(&f->arena, 0);
    agent_begins(f->pg, "us");
    assert_true(take_lease(f->pg, "acme", "us", &f->lease));
    *state = f;
    return 0;
}

static inline int fixture_end(void **state)
{
    struct fixture *f = *state;
    database_run(f->pg, "DROP SCHEMA IF EXISTS qudra_sync CASCADE");
    pg_free(f->pg);
    arena_release(&f->arena);
    mem_free(f);
    return 0;
}

static inline struct job_hash hash_of(unsigned char seed)
{
    struct job_hash h = {.all = {seed, 1}};
    for (size_t i = 0; i < JOB_FIELDS; i++)
        h.field[i] = ((uint64_t)seed << 40) + i;
    return h;
}

static inline struct sighting sighting_of(const char *key, unsigned char seed, double priority)
{
    return (struct sighting){
        .key = key,
        .account = "acme",
        .priority = priority,
        .desired = {.kind = DESIRED_JOB, .hash = hash_of(seed)},
        .op = {.kind = OP_CREATE},
        .mark = ROW_PENDING,
    };
}

static inline void mark(struct fixture *f, const struct sighting *s)
{
    assert_done(state_mark(f->pg, &f->lease, 1, "jobs", s, 1, &err));
}

static inline void mark_pending(struct fixture *f, const char *key, enum op_kind op,
                                double priority)
{
    struct sighting s = sighting_of(key, 1, priority);
    s.op.kind = op;
    mark(f, &s);
}

static inline struct recorded row_of(struct fixture *f, const char *key)
{
    struct recorded r;
    assert_done(state_rows(f->pg, "jobs", &key, 1, &f->arena, &r, &err));
    return r;
}

static inline bool journal(struct fixture *f, const char *key, unsigned char seed)
{
    const struct recorded row = row_of(f, key);
    const struct attempt a = {.mapping = "jobs",
                              .key = key,
                              .idempotency_key = "k",
                              .payload = hash_of(seed),
                              .wanted = row.has_desired ? row.desired_all : NULL};
    bool taken = false;
    assert_done(state_journal(f->pg, &f->lease, &a, 1, &taken, &err));
    return taken;
}

static inline void record(struct fixture *f, const struct result *r)
{
    assert_done(state_record(f->pg, &f->lease, r, 1, &err));
}

static inline int64_t attempts_in_journal(struct fixture *f)
{
    return database_int(f->pg, "SELECT count(*) FROM qudra_sync.create_attempt");
}

static inline struct outcome created_as(const char *job_id)
{
    return (struct outcome){.kind = OUTCOME_DONE,
                            .job_id = job_id,
                            .qudra_url = "https://example.test/j",
                            .job_status = "active",
                            .embedding_status = "processing",
                            .match_ready = 0};
}

static inline void record_as(struct fixture *f, const char *key, enum op_kind op,
                             enum outcome_kind kind, const struct job_hash *sent,
                             const struct outcome *o)
{
    const struct result r = {.mapping = "jobs",
                             .key = key,
                             .op = op,
                             .verdict = op_after(op, kind, 0, MISSING_RECREATE, 0.5),
                             .sent = sent,
                             .outcome = o};
    record(f, &r);
}

/* A row that Qudra holds as `job_id`, with the payload of `seed`. */
static inline void mirror(struct fixture *f, const char *key, unsigned char seed,
                          const char *job_id)
{
    const struct sighting s = sighting_of(key, seed, (double)NAN);
    const struct job_hash sent = hash_of(seed);
    const struct outcome o = created_as(job_id);
    mark(f, &s);
    assert_true(journal(f, key, seed));
    record_as(f, key, OP_CREATE, OUTCOME_DONE, &sent, &o);
}

static inline void mark_update(struct fixture *f, const char *key, unsigned char seed)
{
    struct sighting s = sighting_of(key, seed, (double)NAN);
    s.op = (struct op){.kind = OP_UPDATE, .fields = 1};
    mark(f, &s);
}

static inline void gone(struct fixture *f, const char *key)
{
    int64_t fresh;
    assert_done(state_gone(f->pg, &f->lease, 1, "jobs", &key, 1, &fresh, &err));
}

static inline int64_t remove_gone(struct fixture *f, bool hold)
{
    int64_t count = -1;
    assert_done(state_remove(f->pg, &f->lease, "jobs", 0, OP_CLOSE, hold, &count, &err));
    return count;
}

static inline void let_go(struct fixture *f, const char *key, unsigned char seed,
                          const char *job_id)
{
    mirror(f, key, seed, job_id);
    gone(f, key);
    assert_int_equal(remove_gone(f, false), 1);
}

static inline struct queue fixture_queue(bool creates)
{
    static const char *const mappings[] = {"jobs", "other", "more"};
    return (struct queue){.account = "acme",
                          .mappings = mappings,
                          .n_mappings = ARRAY_LEN(mappings),
                          .upto = creates ? OP_CREATE : OP_UPDATE,
                          .held_ms = -1};
}

static inline size_t pick(struct fixture *f, bool creates, struct picked **rows)
{
    size_t n = 0;
    const struct queue q = fixture_queue(creates);
    assert_done(state_pick(f->pg, &q, 100, &f->arena, rows, &n, &err));
    return n;
}

static inline bool same_as(struct fixture *f, const struct sighting *s)
{
    struct comparison found;
    assert_done(state_compare_send(f->pg, "jobs", s, 1, &err));
    assert_done(state_compare_receive(f->pg, s, 1, &f->arena, &found, &err));
    return found.n == 0;
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)

#endif
