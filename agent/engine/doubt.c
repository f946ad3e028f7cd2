/*
 * Suspects are kept as hashes of their job ids: only how many different ones there are matters, and
 * that none of them is asked for again. At most as many gather as were in flight when it began.
 *
 * Jobs are asked for as the database finds them, and rows that lie together may well have lost
 * their jobs together: a few that are missing prove little. So the list has the last word.
 */
#include "engine/doubt.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/listing.h"

#define SUSPECTS_MAX 128
#define WITNESSES    3     /* other jobs that must be missing too before the list is looked at */
#define LOOKS_MAX    3     /* at a list that cannot be read */
#define UNCLEAR_MAX  3     /* jobs that cannot be read, before the list is looked at instead */
#define PAUSE_MS     10000 /* where the list could not be read either */
#define PAGES_MAX    50    /* of it: other people's jobs may be before ours */

struct doubt {
    struct errand errand; /* first */
    struct account *account;
    struct sender *sender;
    struct pg *state;
    unsigned key_number; /* of the key that the suspects were asked for with */
    uint64_t suspect[SUSPECTS_MAX];
    size_t n_suspects;
    int witnesses;    /* of them, how many were asked for here */
    size_t unclear;   /* answers since that told nothing: another job is asked for each time */
    int64_t pause_ms; /* monotonic: until then nothing is asked */
    bool vouching;    /* creates wait until the key has shown a job of ours */
    bool flying;
    uint64_t asked;
    struct listing listing;
    int looks;         /* at the list, without a job of ours */
    int pages;         /* of the last of them, read */
    struct arena page; /* what the list showed, until the database may be asked */
    const char **listed;
    size_t n_listed;
};

static uint64_t hash_of(const char *job_id)
{
    uint64_t h = 14695981039346656037u;
    for (; *job_id != '\0'; job_id++)
        h = (h ^ (unsigned char)*job_id) * 1099511628211u;
    return h;
}

static bool is_suspect(const struct doubt *d, uint64_t job)
{
    for (size_t i = 0; i < d->n_suspects; i++)
        if (d->suspect[i] == job)
            return true;
    return false;
}

static void suspect(struct doubt *d, uint64_t job)
{
    if (!is_suspect(d, job) && d->n_suspects < SUSPECTS_MAX)
        d->suspect[d->n_suspects++] = job;
}

bool doubt_missing(struct doubt *d, const char *job_id)
{
    struct account *a = d->account;
    a->missing_in_a_row++;
    a->job_found = a->job_found && a->missing_in_a_row <= REMOVE_FLOOR;
    if (!a->job_found)
        suspect(d, hash_of(job_id));
    return a->job_found;
}

bool doubt_allows_creates(struct doubt *d)
{
    d->vouching = !d->account->job_found;
    return !d->vouching;
}

bool doubt_is_open(const struct doubt *d)
{
    return d->vouching || d->n_suspects > 0;
}

static int64_t ask_again_ms(const struct doubt *d, int64_t now_ms)
{
    int64_t probe_ms = sender_probe_wait_ms(d->account, now_ms), pause_ms = d->pause_ms - now_ms;
    return probe_ms > pause_ms ? probe_ms : pause_ms;
}

int64_t doubt_wait_ms(const struct doubt *d, int64_t now_ms)
{
    return d->flying || d->listing.flying ? BEAT_MS : ask_again_ms(d, now_ms);
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static void answered(struct errand *errand, const struct http_response *r)
{
    struct doubt *d = (struct doubt *)errand;
    struct account *a = d->account;
    struct arena scratch;
    struct outcome o;
    arena_init(&scratch, 0);
    qudra_outcomes(&a->dialect, OP_UPDATE, false, 1, r, &scratch, &o);
    d->flying = false;
    if (!sender_is_current(errand))
        o.kind = OUTCOME_LIMITED;
    d->unclear += o.kind != OUTCOME_DONE && o.kind != OUTCOME_GONE && o.kind != OUTCOME_LIMITED;
    if (o.kind == OUTCOME_DONE)
        account_find_job(a);
    if (o.kind == OUTCOME_STOP)
        account_stop(a, clock_mono_ms(), o.message);
    if (o.kind == OUTCOME_GONE) {
        suspect(d, d->asked);
        d->witnesses++;
        if (a->jobs_missing)
            account_lose_jobs(a, clock_mono_ms()); /* still; the next look is put off */
    }
    arena_release(&scratch);
}

static bool ask(struct doubt *d, const char *job_id, struct arena *arena, int64_t now_ms,
                struct err *e)
{
    struct qudra_request request;
    d->errand = (struct errand){.account = d->account, .what = "read", .done = answered};
    d->asked = hash_of(job_id);
    qudra_read(&d->account->dialect, job_id, arena, &request);
    d->flying = sender_start(d->sender, &d->errand, &request, NULL, now_ms, e);
    return d->flying;
}

static bool take_page(void *context, const struct qudra_page *p)
{
    struct doubt *d = context;
    d->listed = arena_alloc(&d->page, (p->n + 1) * sizeof *d->listed);
    for (size_t i = 0; i < p->n; i++)
        if (p->jobs[i].job_id != NULL)
            d->listed[d->n_listed++] = arena_strdup(&d->page, p->jobs[i].job_id);
    return ++d->pages < PAGES_MAX;
}

/* Is one of ours among what the list showed? */
static bool recognise(struct doubt *d, struct err *e)
{
    struct account *a = d->account;
    if (d->n_listed == 0)
        return true;
    struct bound *rows = arena_alloc(&d->page, d->n_listed * sizeof *rows);
    if (!state_listed(d->state, a->config->name, d->listed, d->n_listed, &d->page, rows, e))
        return false;
    for (size_t i = 0; i < d->n_listed && d->listing.key_number == a->key_number; i++)
        if (rows[i].mapping != NULL)
            account_find_job(a);
    d->n_listed = 0;
    arena_clear(&d->page);
    return true;
}

/* Page by page, until one of ours is seen. */
static bool look_or_lose(struct doubt *d, int64_t now_ms, struct err *e)
{
    bool seen_all = d->pages > 0 && !d->listing.failed;
    if (!d->listing.active && (seen_all || d->looks >= LOOKS_MAX)) {
        account_lose_jobs(d->account, now_ms);
        return true;
    }
    if (!d->listing.active) {
        listing_begin(&d->listing);
        d->pages = 0;
        d->looks++;
    }
    return listing_turn(&d->listing, now_ms, e);
}

/* A job that is not known to be missing, another one after each that told nothing, or any job at
 * all when all are; NULL: there is none. */
static const char *choose(const struct doubt *d, const char **job_ids, size_t n)
{
    size_t fit = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_suspect(d, hash_of(job_ids[i])))
            job_ids[fit++] = job_ids[i];
    if (fit > 0)
        return job_ids[d->unclear % fit];
    return d->account->jobs_missing && n > 0 ? job_ids[0] : NULL;
}

/* Single jobs tell nothing, and nothing is suspected yet: perhaps this server has no address for
 * them. Where the list cannot be read either, it all begins anew. */
static bool look_instead(struct doubt *d, int64_t now_ms, struct err *e)
{
    bool failed = d->looks > 0 && !d->listing.active && d->listing.failed;
    if (!failed)
        return look_or_lose(d, now_ms, e);
    d->unclear = 0;
    d->looks = d->pages = 0;
    d->pause_ms = now_ms + PAUSE_MS;
    return true;
}

static bool go_on(struct doubt *d, int64_t now_ms, struct err *e)
{
    struct account *a = d->account;
    struct arena arena;
    const char **job_ids;
    size_t n, most = d->n_suspects + 1 + UNCLEAR_MAX;
    if (d->n_suspects == 0 && d->unclear >= UNCLEAR_MAX && !a->jobs_missing)
        return look_instead(d, now_ms, e);
    if (d->n_suspects > REMOVE_FLOOR && d->witnesses >= WITNESSES && !a->jobs_missing)
        return look_or_lose(d, now_ms, e);
    arena_init(&arena, 0);
    bool ok = state_witnesses(d->state, a->config->name, most, &arena, &job_ids, &n, e);
    const char *next = ok ? choose(d, job_ids, n) : NULL;
    if (next != NULL)
        ok = ask(d, next, &arena, now_ms, e);
    else if (ok && d->n_suspects <= REMOVE_FLOOR)
        account_find_job(a); /* no other job could tell, and too few to do harm */
    else if (ok)
        ok = look_or_lose(d, now_ms, e);
    arena_release(&arena);
    return ok;
}

/* A job was found, or another key is in use. */
static bool is_over(const struct doubt *d)
{
    return d->account->job_found || d->key_number != d->account->key_number;
}

bool doubt_turn(struct doubt *d, bool start, int64_t now_ms, struct err *e)
{
    struct account *a = d->account;
    if (d->flying || d->listing.flying)
        return true;
    if (!recognise(d, e))
        return false;
    if (is_over(d)) {
        d->n_suspects = 0;
        d->witnesses = d->looks = d->pages = 0;
        d->unclear = 0;
        d->listing.active = false;
        d->vouching = false;
        d->key_number = a->key_number;
    }
    if (!doubt_is_open(d))
        return true;
    if (!start || ask_again_ms(d, now_ms) > 0)
        return true;
    return go_on(d, now_ms, e);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

struct doubt *doubt_new(struct account *a, struct sender *s, struct pg *state)
{
    struct doubt *d = mem_alloc(sizeof *d);
    d->account = a;
    d->sender = s;
    d->state = state;
    listing_init(&d->listing, a, s, take_page, d);
    arena_init(&d->page, 0);
    return d;
}

void doubt_free(struct doubt *d)
{
    listing_release(&d->listing);
    arena_release(&d->page);
    mem_free(d);
}
