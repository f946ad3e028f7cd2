/*
 * The turn: steps four to six of a push, around the preparation in push_prepare.c.
 *
 * How much is picked follows the limiter: never much more than may leave soon, so that what is sent
 * is fresh and a close that turns up does not wait behind a long list of creates. Answers are
 * recorded in batches: when a hundred rows have gathered, when the oldest has waited a moment, or
 * when nothing else is to be done.
 */
#include "engine/push.h"

#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "engine/push_internal.h"

#define RECORD_ROWS     100
#define RECORD_AFTER_MS 100
#define DEFER_ROWS      10000 /* put off or taken back in one statement: a quarter of a second */
#define ASK_QUEUE_MS    5000  /* how long an answer about the queue may be used again */
#define PICK_REQUESTS   3     /* bulk requests' worth of rows that are prepared ahead, */
#define PICK_SINGLES    64    /* and rows where the plan has no bulk-create */

struct push *push_new(const struct push_options *o)
{
    struct push *p = mem_alloc(sizeof *p);
    p->o = *o;
    p->hungry = p->may_defer = p->may_prepare = true;
    p->hold_since_ms = -1;
    p->doubt = doubt_new(o->account, o->sender, o->state);
    p->readable = mem_alloc((o->n_feeds + 1) * sizeof *p->readable);
    p->work = o->work;
    return p;
}

static void free_list(struct parcel_list *l)
{
    while (l->first != NULL) {
        struct parcel *c = l->first;
        parcel_remove(l, c);
        parcel_free(c);
    }
}

void push_free(struct push *p)
{
    if (p == NULL)
        return;
    free_list(&p->ready);
    free_list(&p->flying);
    free_list(&p->answered);
    doubt_free(p->doubt);
    mem_free(p->readable);
    mem_free(p);
}

size_t push_in_flight(const struct push *p)
{
    return p->flying.parcels;
}

void push_wake(struct push *p)
{
    p->hungry = p->may_defer = true;
    p->wait_ms = p->asked_until_ms = 0;
}

void push_hold_creates(struct push *p, int64_t since_ms)
{
    if (since_ms == p->hold_since_ms)
        return;
    if (push_only_held(p))
        push_wake(p);
    p->hold_since_ms = since_ms;
}

bool push_only_held(const struct push *p)
{
    return p->hold_since_ms >= 0 && p->o.account->only_held_ms == p->hold_since_ms;
}

void push_only_removals(struct push *p, bool only)
{
    if (p->only_removals && !only)
        push_wake(p);
    p->only_removals = only;
}

bool push_in_doubt(const struct push *p)
{
    return doubt_is_open(p->doubt);
}

const struct push_counts *push_counts(const struct push *p)
{
    return &p->counts;
}

int64_t push_wait_ms(const struct push *p)
{
    return p->wait_ms;
}

/* ---- a new lease ------------------------------------------------------------------------------
 */

void push_drop(struct push *p, struct parcel *c)
{
    if (c->op == OP_CREATE)
        p->o.account->creating -= (int64_t)c->n;
    parcel_free(c);
}

/* Another agent may have held the account meanwhile. What was prepared before, and what was
 * answered and not recorded, is known to the state as pending or uncertain (promise 2). */
static void follow_lease(struct push *p)
{
    if (p->fence == p->o.account->lease.fence)
        return;
    p->fence = p->o.account->lease.fence;
    p->put_off = p->take_back = 0;
    free_list(&p->ready);
    for (struct parcel *c; (c = p->answered.first) != NULL;) {
        parcel_remove(&p->answered, c);
        push_drop(p, c);
    }
    push_wake(p);
}

/* ---- journal ----------------------------------------------------------------------------------
 */

/* Drops the rows that the journal did not take: something else has happened to them since they were
 * decided upon, perhaps a minute ago. Those that still wait are picked anew. */
static void keep_taken(struct parcel *c, const bool *taken)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (taken[i])
            c->rows[kept++] = c->rows[i];
    c->push->ready.rows -= c->n - kept;
    c->push->hungry = c->push->hungry || kept < c->n;
    c->n = kept;
}

/* The same for each sending of the same creates, so that a server that honours it (Part B: not
 * relied upon) sees a repetition as one. A row that was deleted and comes back as it was, or is
 * tried again by a person, is another create and would else be given the first one's answer. */
static const char *idempotency_key(struct parcel *c)
{
    struct intention {
        uint64_t mapping, key;
        uint8_t payload[16];
        int64_t us;
    } *all = arena_take(&c->arena, c->n * sizeof *all);
    for (size_t i = 0; i < c->n; i++) {
        const struct parcel_row *row = &c->rows[i];
        all[i].mapping = XXH3_64bits(row->mapping, strlen(row->mapping));
        all[i].key = XXH3_64bits(row->key, strlen(row->key));
        memcpy(all[i].payload, row->hash.all, sizeof all[i].payload);
        all[i].us = row->intended_us;
    }
    const XXH128_hash_t sum = XXH3_128bits(all, c->n * sizeof *all);
    return arena_printf(&c->arena, "%016llx%016llx", (unsigned long long)sum.high64,
                        (unsigned long long)sum.low64);
}

static void list_attempts(struct parcel *c, struct attempt *out)
{
    const char *idempotency = idempotency_key(c);
    for (size_t i = 0; i < c->n; i++)
        out[i] = (struct attempt){.mapping = c->rows[i].mapping,
                                  .key = c->rows[i].key,
                                  .idempotency_key = idempotency,
                                  .payload = c->rows[i].hash,
                                  .words = c->rows[i].words,
                                  .wanted = c->rows[i].has_wanted ? c->rows[i].wanted : NULL};
}

/* The parcels from `first` to before `end`, `n` rows, in one statement. */
static bool journal(struct push *p, struct parcel *first, const struct parcel *end, size_t n,
                    struct err *e)
{
    struct attempt *attempts = arena_take(p->work, n * sizeof *attempts);
    bool *taken = arena_alloc(p->work, n * sizeof *taken), *of = taken;
    n = 0;
    for (struct parcel *c = first; c != end; c = c->next) {
        list_attempts(c, attempts + n);
        n += c->n;
    }
    CRASH_POINT("journal.before");
    if (!state_journal(p->o.state, &p->o.account->lease, attempts, n, taken, e)) {
        p->o.account->journal_unknown = true;
        return false;
    }
    CRASH_POINT("journal.after");
    for (struct parcel *c = first; c != end; c = c->next) {
        n = c->n;
        keep_taken(c, of);
        c->journalled = true;
        of += n;
    }
    return true;
}

/* ---- send -------------------------------------------------------------------------------------
 */

static void write_request(struct parcel *c, struct qudra_request *out)
{
    const struct dialect *d = &c->push->o.account->dialect;
    struct parcel_row *row = &c->rows[0];
    switch (c->op) {
    case OP_CLOSE:
        c->asks = qudra_replaces(d) && !c->knows;
        if (c->asks)
            qudra_read(d, row->job_id, &c->arena, out);
        else
            qudra_close(d, row->job_id, &row->job, &c->arena, out);
        break;
    case OP_DELETE:
        qudra_delete(d, row->job_id, &c->arena, out);
        break;
    case OP_UPDATE:
        qudra_update(d, row->job_id, &row->job, row->fields, &c->arena, out);
        break;
    case OP_CREATE: {
        if (c->n == 1 && c->cap == 1) {
            qudra_create(d, &row->job, &c->arena, out);
            break;
        }
        const struct job **jobs = arena_alloc(&c->arena, c->n * sizeof *jobs);
        for (size_t i = 0; i < c->n; i++)
            jobs[i] = &c->rows[i].job;
        qudra_bulk_create(d, jobs, c->n, &c->arena, out);
        break;
    }
    case OP_NONE:
        BUG("a parcel without an operation cannot be sent");
    }
}

static bool send_parcel(struct push *p, struct parcel *c, int64_t now_ms, struct err *e)
{
    parcel_remove(&p->ready, c);
    if (c->n == 0) {
        parcel_free(c);
        return true;
    }
    const char *idempotency = c->op == OP_CREATE ? idempotency_key(c) : NULL;
    struct qudra_request request;
    write_request(c, &request);
    if (!sender_start(p->o.sender, &c->errand, &request, idempotency, now_ms, e)) {
        parcel_free(c); /* its rows are still pending, or journalled and so settled later */
        return false;
    }
    CRASH_POINT("send.after");
    parcel_put(&p->flying, c);
    p->counts.job_requests++;
    if (c->op == OP_CREATE)
        p->o.account->creating += (int64_t)c->n;
    return true;
}

/* Creates beyond what the month's quota still takes are put off, a part of them in each turn:
 * closes go in between, and a million of them take longer than a heart may stand still. */
static bool defer_creates(struct push *p, struct err *e)
{
    int64_t count;
    push_drop_unsent(p, true);
    if (!state_defer(p->o.state, &p->o.account->lease, DEFER_ROWS, &count, e))
        return false;
    p->may_defer = count == DEFER_ROWS;
    p->o.account->deferred = p->o.account->deferred || count > 0;
    p->counts.deferred += count;
    p->put_off += count;
    if (p->may_defer || p->put_off == 0)
        return true;
    LOG_WARN("creates deferred: the month's quota is used up",
             log_str("account", p->o.account->config->name), log_int("rows", p->put_off));
    p->put_off = 0;
    return true;
}

/* The most urgent ones come back, for which there was room when that was known. */
static bool undefer_creates(struct push *p, struct err *e)
{
    int64_t most = p->take_back < DEFER_ROWS ? p->take_back : DEFER_ROWS, count;
    if (!state_undefer(p->o.state, &p->o.account->lease, most, &count, e))
        return false;
    p->take_back = count == most ? p->take_back - count : 0;
    p->hungry = p->hungry || count > 0;
    return true;
}

/* Cuts a create down to what the quota still takes; the rest stays pending. */
static void fit_quota(struct push *p, struct parcel *c, int64_t left)
{
    if (c->op != OP_CREATE || c->journalled || (int64_t)c->n <= left)
        return;
    p->ready.rows -= c->n - (size_t)left;
    c->n = (size_t)left;
    p->hungry = p->may_defer = true;
}

/* Creates follow the quota: all put off when it is used up, the best taken back when there is room.
 */
static bool follow_quota(struct push *p, struct err *e)
{
    struct account *a = p->o.account;
    int64_t left = account_quota_left(a);
    if (a->undefer || left == 0)
        p->take_back = left;
    if (left == 0) /* those in flight may still give their place back */
        return !p->may_defer || a->creating > 0 || defer_creates(p, e);
    a->undefer = false;
    return p->take_back == 0 || undefer_creates(p, e);
}

/* How many requests may leave at once. Where the window is not known or near its end, each is asked
 * for: what is journalled and has to wait would have to be looked for if the agent ended now. */
static int64_t may_leave(const struct push *p, int64_t now_ms)
{
    struct limiter_view view;
    limiter_view(p->o.account->limiter, now_ms, &view);
    return view.learned && view.left > view.concurrency ? view.concurrency - view.in_flight : 1;
}

/* Journals the creates at the head of the line, as many as may leave at once and the quota takes.
 */
static bool journal_ahead(struct push *p, int64_t quota_left, int64_t now_ms, struct err *e)
{
    struct parcel *first = p->ready.first, *c = first;
    size_t n = 0;
    for (int64_t room = may_leave(p, now_ms); c != NULL && c->op == OP_CREATE && !c->journalled;
         c = c->next) {
        if (c != first && (--room <= 0 || quota_left == 0))
            break;
        fit_quota(p, c, quota_left);
        quota_left -= (int64_t)c->n;
        n += c->n;
    }
    return journal(p, first, c, n, e);
}

/* The clock is read each time: a statement, or a stop of the whole process, may have outlasted the
 * lease; and how old the last answer is decides how much others may have taken since. */
static bool send_what_may_leave(struct push *p, struct err *e)
{
    p->wait_ms = -1;
    for (struct parcel *c; (c = p->ready.first) != NULL;) {
        int64_t now_ms = clock_mono_ms();
        int64_t wait = sender_wait_ms(p->o.account, now_ms);
        if (wait > 0) {
            p->wait_ms = wait;
            return true;
        }
        int64_t left = account_quota_left(p->o.account);
        /* While settle looks, or creates in flight may still give their place in the quota back. */
        if (c->op == OP_CREATE && (p->o.account->looking || (!c->journalled && left == 0))) {
            p->wait_ms = RECORD_AFTER_MS;
            return true;
        }
        bool journals = c->op == OP_CREATE && !c->journalled;
        if (journals && !doubt_allows_creates(p->doubt)) {
            p->wait_ms = 0;
            return true;
        }
        if (journals ? !journal_ahead(p, left, now_ms, e) : !send_parcel(p, c, now_ms, e))
            return false;
    }
    return true;
}

/* ---- the turn ---------------------------------------------------------------------------------
 */

static bool is_time_to_record(const struct push *p, int64_t now_ms)
{
    if (p->answered.parcels == 0)
        return false;
    return p->answered.rows >= RECORD_ROWS || p->flying.parcels == 0 ||
           now_ms - p->answered_since_ms >= RECORD_AFTER_MS;
}

/* How many rows to prepare so that what may leave soon is ready, and little more: what is prepared
 * long before it leaves is stale, and stands before a close that turns up. */
static size_t appetite(const struct push *p, int64_t now_ms)
{
    struct limiter_view view;
    if (!p->hungry || !p->may_prepare || p->ready.parcels > 1 ||
        sender_wait_ms(p->o.account, now_ms) > 0)
        return 0;
    limiter_view(p->o.account->limiter, now_ms, &view);
    int64_t bulk = p->o.account->bulk, most = PICK_REQUESTS * bulk;
    if (!view.learned) /* how much the window holds is told by the first answer */
        most = view.concurrency * bulk;
    else if (bulk == 1)
        most = PICK_SINGLES;
    int64_t rows = view.left < most ? view.left : most;
    return (size_t)(rows > bulk ? rows : bulk);
}

/* When the next row's time comes. The answer holds until something happens to the queue, or for a
 * few seconds: a scan without a finding must not ask with every page. */
static bool ask_queue(struct push *p, bool creates, int64_t now_ms, struct err *e)
{
    if (now_ms >= p->asked_until_ms) {
        const struct queue q = push_queue(p, creates, -1, now_ms);
        int64_t in_ms;
        if (!state_next_attempt_ms(p->o.state, &q, &in_ms, e))
            return false;
        if (in_ms < 0 && p->recorded && !state_trim(p->o.state, e))
            return false;
        p->recorded = p->recorded && in_ms >= 0;
        p->next_ms = in_ms < 0 ? INT64_MAX : now_ms + in_ms;
        p->asked_until_ms = now_ms + ASK_QUEUE_MS;
    }
    p->wait_ms = p->next_ms == INT64_MAX ? -1 : p->next_ms > now_ms ? p->next_ms - now_ms : 0;
    p->hungry = p->wait_ms == 0;
    return true;
}

static bool look_ahead(struct push *p, struct err *e)
{
    if (p->ready.parcels > 0 || p->answered.parcels > 0 || p->flying.parcels > 0)
        return true;
    if (p->hungry) {
        int64_t wait = sender_wait_ms(p->o.account, clock_mono_ms());
        p->starves = wait <= 0 && !p->may_prepare;
        p->wait_ms = p->starves ? LIMITER_ASK_AGAIN : wait > 0 ? wait : 0;
        return true;
    }
    bool room = account_quota_left(p->o.account) > 0;
    if (room && (p->o.account->undefer || p->take_back > 0)) {
        p->wait_ms = 0;
        return true;
    }
    if (!room && p->may_defer) {
        p->wait_ms = 0;
        return true;
    }
    return ask_queue(p, room && !push_only_held(p), clock_mono_ms(), e);
}

/* Steps one to five. */
static bool advance(struct push *p, int64_t now_ms, struct err *e)
{
    if (!follow_quota(p, e))
        return false;
    size_t want = appetite(p, now_ms);
    if (want > 0 && !push_prepare(p, want, now_ms, e))
        return false;
    /* They leave now: the statements that come next take longer than the way to Qudra. */
    return send_what_may_leave(p, e) && sender_go_on(p->o.sender, e);
}

static bool record(struct push *p, struct err *e)
{
    if (!push_record(p, e))
        return false;
    p->answered_since_ms = p->asked_until_ms = 0;
    p->recorded = true;
    return true;
}

bool push_turn(struct push *p, bool start, int64_t now_ms, struct err *e)
{
    follow_lease(p);
    if (p->answered.parcels > 0 && p->answered_since_ms == 0)
        p->answered_since_ms = now_ms;
    if (!doubt_turn(p->doubt, start, now_ms, e))
        return false;
    bool doubtful = doubt_is_open(p->doubt);
    if (!start)
        push_shelve(p);
    if (start && !doubtful && !advance(p, now_ms, e))
        return false;
    bool now = is_time_to_record(p, now_ms) || (!start && p->answered.parcels > 0);
    if (now && !record(p, e))
        return false;
    if (doubtful)
        p->wait_ms = doubt_wait_ms(p->doubt, now_ms);
    if (p->answered.parcels > 0 && (p->wait_ms < 0 || p->wait_ms > RECORD_AFTER_MS))
        p->wait_ms = RECORD_AFTER_MS;
    return !start || doubtful || look_ahead(p, e);
}
