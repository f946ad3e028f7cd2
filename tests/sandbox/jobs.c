/*
 * A million jobs must fit: the structs lie in chunks (never moved, so a pointer stays good), the
 * texts of a job in one allocation. Equal content is found through buckets that chain the jobs
 * themselves, doubly, so that a job leaves its chain in one step.
 */
#include "jobs.h"

#include <string.h>
#include <xxhash.h>

enum { CHUNK = 4096, FIRST_BUCKETS = 1024 };

void jobs_init(struct jobs *s, uint64_t seed)
{
    *s = (struct jobs){.ids = {.prefix = "job_", .seed = seed * 0x632be59bd9b4e019u},
                       .cursors = {.prefix = "cur_", .seed = seed * 0x85157af5u + 1}};
}

struct job *jobs_at(const struct jobs *s, uint32_t place)
{
    return &s->chunks[place / CHUNK][place % CHUNK];
}

static void forget(struct jobs *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        mem_free(jobs_at(s, i)->text);
    for (uint32_t i = 0; i < (s->n + CHUNK - 1) / CHUNK; i++)
        mem_free(s->chunks[i]);
    mem_free(s->chunks);
    mem_free(s->buckets);
}

void jobs_reset(struct jobs *s)
{
    forget(s);
    struct scramble ids = s->ids, cursors = s->cursors;
    ids.seed += (uint64_t)(s->n + 1) << 32; /* the places begin again, the ids must not */
    cursors.seed += (uint64_t)(s->n + 1) << 32;
    *s = (struct jobs){.ids = ids, .cursors = cursors};
}

void jobs_release(struct jobs *s)
{
    forget(s);
}

struct job *jobs_find(const struct jobs *s, const char *id, uint32_t *place)
{
    uint64_t number;
    if (!scramble_read(&s->ids, id, &number) || number >= s->n)
        return NULL;
    *place = (uint32_t)number;
    return jobs_at(s, *place);
}

void jobs_write_id(const struct jobs *s, uint32_t place, char id[SCRAMBLE_TEXT_BYTES])
{
    scramble_write(&s->ids, place, id);
}

/* ---- equal content ------------------------------------------------------------------------- */

static uint64_t content_hash(uint32_t account, const struct content *c)
{
    const uint64_t parts[] = {account,
                              c->sent[TEXT_TITLE],
                              c->sent[TEXT_DESCRIPTION],
                              c->sent[TEXT_CITY],
                              (uint64_t)c->employment,
                              (uint64_t)c->has_min << 1 | c->has_max,
                              (uint64_t)(c->has_min ? c->salary_min : 0),
                              (uint64_t)(c->has_max ? c->salary_max : 0)};
    return XXH3_64bits(parts, sizeof(parts));
}

static void chain(struct jobs *s, uint32_t place)
{
    struct job *job = jobs_at(s, place);
    uint32_t *bucket = &s->buckets[job->hash & (s->n_buckets - 1)];
    job->same_before = 0;
    job->same_after = *bucket;
    if (*bucket != 0)
        jobs_at(s, *bucket - 1)->same_before = place + 1;
    *bucket = place + 1;
}

static void unchain(struct jobs *s, uint32_t place)
{
    const struct job *job = jobs_at(s, place);
    if (job->same_before != 0)
        jobs_at(s, job->same_before - 1)->same_after = job->same_after;
    else
        s->buckets[job->hash & (s->n_buckets - 1)] = job->same_after;
    if (job->same_after != 0)
        jobs_at(s, job->same_after - 1)->same_before = job->same_before;
}

static void grow_buckets(struct jobs *s)
{
    if (s->n < s->n_buckets)
        return;
    mem_free(s->buckets);
    s->n_buckets = s->n_buckets == 0 ? FIRST_BUCKETS : 2 * s->n_buckets;
    s->buckets = mem_alloc(s->n_buckets * sizeof(*s->buckets));
    for (uint32_t i = 0; i < s->n; i++)
        if (jobs_at(s, i)->deleted_ms == 0)
            chain(s, i);
}

struct job *jobs_same(const struct jobs *s, const struct account *a, const struct content *c,
                      uint32_t *place)
{
    if (s->n_buckets == 0)
        return NULL;
    uint64_t hash = content_hash(a->index, c);
    struct job *found = NULL;
    for (uint32_t at = s->buckets[hash & (s->n_buckets - 1)]; at != 0;
         at = jobs_at(s, at - 1)->same_after) {
        struct job *job = jobs_at(s, at - 1);
        if (job->hash != hash)
            continue;
        found = job;
        *place = at - 1;
        if (job->status != STATUS_CLOSED)
            break;
    }
    return found;
}

/* ---- changing ------------------------------------------------------------------------------- */

static void put_texts(struct job *job, const struct content *c)
{
    size_t bytes = 1;
    for (int i = 0; i < TEXT_FIELDS; i++)
        bytes += c->text[i].len;
    char *text = mem_realloc(NULL, bytes);
    char *at = text;
    for (int i = 0; i < TEXT_FIELDS; i++) {
        if (c->text[i].len > 0)
            memcpy(at, c->text[i].data, c->text[i].len);
        at += c->text[i].len;
        job->len[i] = (uint32_t)c->text[i].len;
        job->sent[i] = c->sent[i];
    }
    *at = '\0';
    mem_free(job->text); /* only now: the content may have been borrowed from it */
    job->text = text;
}

static void put_content(struct job *job, const struct content *c)
{
    put_texts(job, c);
    job->has_description = c->text[TEXT_DESCRIPTION].data != NULL;
    job->employment = (uint8_t)c->employment;
    job->status = (uint8_t)c->status;
    job->has_min = c->has_min;
    job->has_max = c->has_max;
    job->salary_min = c->salary_min;
    job->salary_max = c->salary_max;
    job->hash = content_hash(job->account, c);
}

uint32_t jobs_create(struct jobs *s, struct account *a, const struct content *c, int64_t now_ms)
{
    if (s->n % CHUNK == 0) {
        s->chunks = mem_realloc(s->chunks, (s->n / CHUNK + 1) * sizeof(struct job *));
        s->chunks[s->n / CHUNK] = mem_alloc(CHUNK * sizeof(struct job));
    }
    grow_buckets(s);
    uint32_t place = s->n++;
    struct job *job = jobs_at(s, place);
    job->account = a->index;
    job->created_ms = job->updated_ms = job->embedding_from_ms = now_ms;
    put_content(job, c);
    chain(s, place);
    account_add_job(a, place);
    s->live++;
    return place;
}

void jobs_update(struct jobs *s, uint32_t place, const struct content *c, int64_t now_ms)
{
    struct job *job = jobs_at(s, place);
    bool reworded = c->sent[TEXT_TITLE] != job->sent[TEXT_TITLE] ||
                    c->sent[TEXT_DESCRIPTION] != job->sent[TEXT_DESCRIPTION];
    unchain(s, place);
    put_content(job, c);
    chain(s, place);
    job->updated_ms = now_ms;
    if (reworded)
        job->embedding_from_ms = now_ms;
}

void jobs_delete(struct jobs *s, uint32_t place, int64_t now_ms)
{
    struct job *job = jobs_at(s, place);
    unchain(s, place);
    job->deleted_ms = job->updated_ms = now_ms;
    s->live--;
}

struct content job_content(const struct job *job)
{
    struct content c = {.employment = (enum employment)job->employment,
                        .status = (enum status)job->status,
                        .has_min = job->has_min,
                        .has_max = job->has_max,
                        .salary_min = job->salary_min,
                        .salary_max = job->salary_max};
    const char *at = job->text;
    for (int i = 0; i < TEXT_FIELDS; i++) {
        bool none = i == TEXT_DESCRIPTION && !job->has_description;
        c.text[i] = (struct piece){.data = none ? NULL : at, .len = job->len[i]};
        c.sent[i] = job->sent[i];
        at += job->len[i];
    }
    return c;
}

enum embedding job_embedding(const struct job *job, int64_t embedding_ms, int64_t now_ms)
{
    if (now_ms < job->embedding_from_ms + embedding_ms)
        return EMBEDDING_PROCESSING;
    return job->embedding_fails ? EMBEDDING_FAILED : EMBEDDING_READY;
}
