/*
 * A look is one listing; updates and removals of the account go on meanwhile, creates wait. Only
 * jobs that fit some attempt are kept, so a look over many pages costs no memory. What the listing
 * says is applied when it has ended.
 *
 * The listing stops where jobs are older than the oldest attempt, less a margin for the difference
 * of the two clocks: the state's clock says how long ago an attempt was sent, Qudra's Date says
 * when that was by its own. It stops before where every attempt has its job: nothing further down
 * could change that.
 */
#include "engine/settle.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#define ATTEMPTS_MAX    5000
#define CANDIDATES_MAX  20000
#define CLOCK_MARGIN_MS 10000
#define LOOKS_IN_WAIT   8 /* settle_wait / this until the second look, then ever longer */
#define LOOK_AT_MOST_MS 60000
#define FAILED_MAX      8 /* about settle_wait: after that only a person, or time, mends it */
#define LOOKS_MIN       2 /* a page that shifts under a listing can hide a job once */

struct settle_counts {
    int64_t found;       /* creates that had been applied */
    int64_t not_applied; /* creates that had not */
    int64_t ambiguous;   /* left to a person, at the last look */
    int64_t requests;
};

struct candidate {
    struct outcome outcome;
    struct settle_content content;
    int64_t created_ms; /* by Qudra's clock; 0: not told */
};

struct settle {
    struct settle_options o;
    struct settle_counts counts;
    struct listing listing;
    struct arena look; /* of the listing under way */
    bool wanted;       /* there may be uncertain rows */
    bool listed;       /* a listing has begun, and what it said is not yet applied */
    int64_t next_look_ms;
    int64_t fence; /* of the lease that the looks belong to */
    int looks;     /* whole listings since the set of attempts last changed */
    size_t last_n;
    int failed; /* looks in a row that did not come to the end of the list */

    struct open_attempt *attempts;
    size_t n_attempts;
    bool *seen; /* by attempt: a job that says exactly this, of its own */
    size_t n_seen;
    bool judged; /* all are seen, and that they can be told apart has been looked into */
    struct candidate *candidates;
    size_t n_candidates;
    bool crowded; /* more jobs fit than are kept: that none fits cannot be told */
};

static bool take_page(void *context, const struct qudra_page *p);

struct settle *settle_new(const struct settle_options *o)
{
    struct settle *s = mem_alloc(sizeof *s);
    s->o = *o;
    s->wanted = o->account->under_way;
    listing_init(&s->listing, o->account, o->sender, take_page, s);
    arena_init(&s->look, 64 * 1024);
    return s;
}

void settle_free(struct settle *s)
{
    if (s == NULL)
        return;
    listing_release(&s->listing);
    arena_release(&s->look);
    mem_free(s);
}

void settle_wake(struct settle *s)
{
    s->wanted = true;
}

bool settle_is_stuck(const struct settle *s)
{
    bool undecided =
        s->looks > 0 && s->counts.ambiguous > 0 && s->counts.ambiguous == (int64_t)s->n_attempts;
    return !s->listed && (undecided || s->failed >= FAILED_MAX);
}

int64_t settle_ended(const struct settle *s)
{
    return s->counts.found + s->counts.not_applied;
}

size_t settle_attempts(const struct settle *s)
{
    return s->wanted ? s->n_attempts : 0;
}

int64_t settle_wait_ms(const struct settle *s, int64_t now_ms)
{
    if (!s->wanted)
        return -1;
    if (s->listing.flying)
        return LOOK_AT_MOST_MS; /* its answer ends the wait */
    if (s->listed || s->next_look_ms <= now_ms)
        return sender_wait_ms(s->o.account, now_ms);
    return s->next_look_ms - now_ms;
}

/* ---- one listing -------------------------------------------------------------------------------
 */

static int64_t oldest_attempt_ago(const struct settle *s)
{
    int64_t ago = 0;
    for (size_t i = 0; i < s->n_attempts; i++)
        if (s->attempts[i].sent_ago_ms > ago)
            ago = s->attempts[i].sent_ago_ms;
    return ago;
}

static struct settle_content sent_content(const struct open_attempt *a)
{
    return (struct settle_content){.hash = a->payload, .words = a->words};
}

static void note_seen(struct settle *s, const struct settle_content *held)
{
    unsigned identity = account_identity(s->o.account);
    for (size_t i = 0; i < s->n_attempts; i++) {
        const struct settle_content sent = sent_content(&s->attempts[i]);
        if (s->seen[i] || !settle_fits(&sent, held, SETTLE_SAME, identity))
            continue;
        s->seen[i] = true;
        s->n_seen++;
        return;
    }
}

static int64_t created_ms(const struct outcome *job)
{
    int64_t created;
    return job->created_at != NULL && clock_parse_rfc3339(job->created_at, &created) ? created : 0;
}

static void keep_candidate(struct settle *s, const struct outcome *job)
{
    if (job->answered == NULL || job->job_id == NULL)
        return;
    struct settle_content content;
    job_hash(job->answered, &content.hash);
    job_words(job->answered, &content.words);
    unsigned identity = account_identity(s->o.account);
    enum settle_tier loosest = settle_loosest(identity, s->o.account->as_sent);
    bool fits = false;
    for (size_t i = 0; i < s->n_attempts && !fits; i++) {
        const struct settle_content sent = sent_content(&s->attempts[i]);
        fits = settle_fits(&sent, &content, loosest, identity);
    }
    s->crowded = s->crowded || (fits && s->n_candidates == CANDIDATES_MAX);
    if (!fits || s->crowded)
        return;
    note_seen(s, &content);
    struct candidate *c = &s->candidates[s->n_candidates++];
    c->content = content;
    c->created_ms = created_ms(job);
    c->outcome = (struct outcome){
        .kind = OUTCOME_DONE,
        .match_ready = job->match_ready,
        .job_id = arena_strdup(&s->look, job->job_id),
        .qudra_url = arena_strdup(&s->look, job->qudra_url),
        .job_status = arena_strdup(&s->look, job->job_status),
        .embedding_status = arena_strdup(&s->look, job->embedding_status),
    };
}

/* A job created then cannot be that of a create sent so long ago. How long is a duration of the
 * state's clock, held against Qudra's own: a margin covers whole seconds and a stepped clock. */
static bool is_before(const struct settle *s, int64_t created, int64_t sent_ago_ms)
{
    return created > 0 && created < s->listing.server_ms - sent_ago_ms - CLOCK_MARGIN_MS;
}

static bool take_page(void *context, const struct qudra_page *p)
{
    struct settle *s = context;
    for (size_t i = 0; i < p->n; i++)
        keep_candidate(s, &p->jobs[i]);
    return p->n == 0 || !is_before(s, created_ms(&p->jobs[p->n - 1]), oldest_attempt_ago(s));
}

static bool begin(struct settle *s, struct err *e)
{
    arena_clear(&s->look);
    if (!state_open_attempts(s->o.state, s->o.account->config->name, ATTEMPTS_MAX, &s->look,
                             &s->attempts, &s->n_attempts, e))
        return false;
    s->listed = s->wanted = s->o.account->looking = s->n_attempts > 0;
    if (!s->listed)
        return true;
    if (s->n_attempts != s->last_n)
        s->looks = 0;
    s->last_n = s->n_attempts;
    s->candidates = arena_alloc(&s->look, CANDIDATES_MAX * sizeof *s->candidates);
    s->seen = arena_alloc(&s->look, s->n_attempts * sizeof *s->seen);
    s->n_candidates = s->n_seen = 0;
    s->judged = s->crowded = false;
    s->counts.ambiguous = 0;
    listing_begin(&s->listing);
    return true;
}

/* ---- what it says ------------------------------------------------------------------------------
 */

/* Jobs that a row owns already are no candidates. */
static bool drop_owned(struct settle *s, struct err *e)
{
    size_t n = s->n_candidates;
    if (n == 0)
        return true;
    const char **ids = arena_alloc(&s->look, n * sizeof *ids);
    struct binding *owners = arena_alloc(&s->look, n * sizeof *owners);
    for (size_t i = 0; i < n; i++)
        ids[i] = s->candidates[i].outcome.job_id;
    if (!state_bindings(s->o.state, s->o.account->config->name, ids, n, &s->look, owners, e))
        return false;
    s->n_candidates = 0;
    for (size_t i = 0; i < n; i++)
        if (owners[i].mapping == NULL)
            s->candidates[s->n_candidates++] = s->candidates[i];
    return true;
}

/* From when the answer was lost: the request may have left long after it was journalled. */
static bool waited_enough(const struct settle *s, const struct open_attempt *a)
{
    return a->uncertain_ago_ms >= s->o.account->config->settle_wait_ms && s->looks >= LOOKS_MIN;
}

/* A job whose texts came back changed is bound, and sent whole once more: what Qudra makes of it
 * then is known. */
static void found(const struct open_attempt *a, const struct candidate *c, bool changed,
                  struct result *out)
{
    *out = (struct result){
        .mapping = a->mapping,
        .key = a->key,
        .op = OP_CREATE,
        .sent = &a->payload,
        .outcome = &c->outcome,
        .answered = c->content.hash,
        .has_answered = true,
        .verdict = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true},
    };
    if (changed)
        out->verdict = (struct verdict){.state = ROW_PENDING, .op = OP_UPDATE};
}

static void not_applied(const struct open_attempt *a, struct result *out)
{
    *out = (struct result){
        .mapping = a->mapping,
        .key = a->key,
        .op = OP_CREATE,
        .verdict = {.state = ROW_PENDING, .op = OP_CREATE},
    };
}

static const struct outcome ambiguous_outcome = {
    .kind = OUTCOME_UNCERTAIN,
    .code = "create.ambiguous",
    .message =
        "the answer to the create was lost, and more than one job at Qudra could be this row's: "
        "compare them there, then delete the extra one and use `retry`, or `reconcile --adopt`",
    .message_ar =
        "فُقد الرد على إنشاء الوظيفة، وتوجد في قدرة أكثر من وظيفة قد تطابق هذا الصف: قارنها هناك، "
        "ثم احذف الزائدة",
    .match_ready = -1,
};

static void ambiguous(const struct open_attempt *a, struct result *out)
{
    *out = (struct result){
        .mapping = a->mapping,
        .key = a->key,
        .op = OP_CREATE,
        .outcome = &ambiguous_outcome,
        .verdict = {.state = ROW_UNCERTAIN, .op = OP_NONE, .keep_journal = true},
    };
}

static struct settle_attempt *match(struct settle *s)
{
    struct settle_attempt *pairs = arena_alloc(&s->look, s->n_attempts * sizeof *pairs);
    struct settle_content *jobs = arena_alloc(&s->look, (s->n_candidates + 1) * sizeof *jobs);
    for (size_t i = 0; i < s->n_attempts; i++)
        pairs[i].payload = sent_content(&s->attempts[i]);
    for (size_t i = 0; i < s->n_candidates; i++)
        jobs[i] = s->candidates[i].content;
    settle_match(pairs, s->n_attempts, jobs, s->n_candidates, account_identity(s->o.account),
                 s->o.account->as_sent);
    return pairs;
}

/* Older than the create: perhaps one that was deleted a moment ago, which a list that is late still
 * shows, while it does not yet show the right one. */
static bool is_old(const struct settle *s, size_t i, const struct settle_attempt *pair)
{
    return pair->match >= 0 &&
           is_before(s, s->candidates[pair->match].created_ms, s->attempts[i].sent_ago_ms);
}

static bool each_has_the_same(const struct settle *s, const struct settle_attempt *pairs)
{
    for (size_t i = 0; i < s->n_attempts; i++)
        if (pairs[i].match < 0 || pairs[i].tier != SETTLE_SAME || is_old(s, i, &pairs[i]))
            return false;
    return true;
}

/* Ends the listing where each attempt has a job that says exactly what was sent, and no row's. */
static bool end_when_all_found(struct settle *s, struct err *e)
{
    if (s->judged || s->n_seen < s->n_attempts)
        return true;
    if (!drop_owned(s, e))
        return false;
    memset(s->seen, 0, s->n_attempts * sizeof *s->seen);
    s->n_seen = 0;
    for (size_t i = 0; i < s->n_candidates; i++)
        note_seen(s, &s->candidates[i].content);
    if (s->n_seen < s->n_attempts)
        return true;
    s->judged = true;
    s->listing.active = s->listing.active && !each_has_the_same(s, match(s));
    return true;
}

static bool apply(struct settle *s, struct err *e)
{
    if (!drop_owned(s, e))
        return false;
    bool whole = !s->listing.failed && !s->crowded;
    s->looks += whole;
    const struct settle_attempt *pairs = match(s);
    struct result *results = arena_alloc(&s->look, s->n_attempts * sizeof *results);
    size_t n = 0;
    for (size_t i = 0; i < s->n_attempts; i++) {
        const struct open_attempt *a = &s->attempts[i];
        if (is_old(s, i, &pairs[i]) && !waited_enough(s, a))
            continue;
        /* Of a list that was not read to its end only certainty is taken. */
        if (pairs[i].match >= 0 && (whole || pairs[i].tier <= SETTLE_SAME_WORDS)) {
            found(a, &s->candidates[pairs[i].match], pairs[i].tier != SETTLE_SAME, &results[n++]);
            s->counts.found++;
            account_created(s->o.account, 1);
        } else if (whole && pairs[i].match == SETTLE_AMBIGUOUS) {
            ambiguous(a, &results[n++]);
            s->counts.ambiguous++;
        } else if (whole && pairs[i].match == SETTLE_NONE && waited_enough(s, a)) {
            not_applied(a, &results[n++]);
            s->counts.not_applied++;
        }
    }
    CRASH_POINT("settle.before");
    if (n > 0 && !writeback_record(s->o.writeback, results, n, e))
        return false;
    CRASH_POINT("settle.after");
    return true;
}

static int64_t look_again_ms(const struct settle *s)
{
    int64_t settle_wait = s->o.account->config->settle_wait_ms;
    int64_t wait = (settle_wait / LOOKS_IN_WAIT) << (s->looks < 8 ? s->looks : 8);
    if (s->looks <= LOOKS_MIN && wait > settle_wait)
        wait = settle_wait;
    return wait < LOOK_AT_MOST_MS ? wait : LOOK_AT_MOST_MS;
}

static void tell(struct settle *s)
{
    const char *account = s->o.account->config->name;
    s->failed = s->listing.failed ? s->failed + 1 : 0;
    if (s->failed == FAILED_MAX)
        LOG_WARN("Qudra's list cannot be read to its end: lost creates stay uncertain",
                 log_str("account", account), log_int("attempts", (int64_t)s->n_attempts));
    LOG_AT(s->listing.failed ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "uncertain creates looked for",
           log_str("account", account), log_int("attempts", (int64_t)s->n_attempts),
           log_int("found", s->counts.found), log_int("not_applied", s->counts.not_applied),
           log_int("ambiguous", s->counts.ambiguous));
}

static bool finish(struct settle *s, int64_t now_ms, struct err *e)
{
    if (!apply(s, e))
        return false;
    s->listed = s->o.account->looking = false;
    s->next_look_ms = now_ms + look_again_ms(s);
    tell(s);
    return true;
}

/* Another agent may have settled and created meanwhile: what was seen before says nothing. */
static void follow_lease(struct settle *s)
{
    if (s->fence == s->o.account->lease.fence)
        return;
    s->fence = s->o.account->lease.fence;
    s->listed = s->listing.active = s->o.account->looking = false;
    s->looks = 0;
}

bool settle_turn(struct settle *s, bool start, int64_t now_ms, struct err *e)
{
    if (!s->wanted || s->listing.flying)
        return true;
    follow_lease(s);
    if (s->listed && s->listing.active && !end_when_all_found(s, e))
        return false;
    if (s->listed && !s->listing.active)
        return finish(s, now_ms, e);
    if (!start || s->next_look_ms > now_ms)
        return true;
    if (!s->listed) {
        /* A create in flight could be taken for an uncertain one of equal content: let them end. */
        s->o.account->looking = true;
        if (s->o.account->creating > 0)
            return true;
        if (!begin(s, e))
            return false;
    }
    return listing_turn(&s->listing, now_ms, e);
}
