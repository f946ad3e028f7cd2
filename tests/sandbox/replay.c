/*
 * A chained hash table that only grows; kept answers are whole bodies, which is affordable because
 * the option is off by default and tests are short.
 */
#include "replay.h"

#include <string.h>
#include <xxhash.h>

enum { BUCKETS = 1 << 16 };

struct kept {
    struct kept *next;
    const struct account *account;
    char *key;
    uint64_t body_hash;
    int status;
    char *body;
    size_t body_len;
};

struct replays {
    struct kept *buckets[BUCKETS];
};

struct replays *replays_new(void)
{
    return mem_alloc(sizeof(struct replays));
}

void replays_free(struct replays *r)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct kept *k = r->buckets[i], *next; k != NULL; k = next) {
            next = k->next;
            mem_free(k->key);
            mem_free(k->body);
            mem_free(k);
        }
    mem_free(r);
}

static struct kept **bucket_of(const struct call *c)
{
    const char *key = c->q->idempotency_key;
    uint64_t hash = XXH3_64bits_withSeed(key, strlen(key), c->key->account->index);
    return &c->s->replays->buckets[hash % BUCKETS];
}

static bool applies(const struct call *c)
{
    return c->s->options.idempotency == IDEMPOTENCY_HONOURED && c->q->idempotency_key != NULL;
}

bool replay_answer(struct call *c)
{
    if (!applies(c))
        return false;
    for (const struct kept *k = *bucket_of(c); k != NULL; k = k->next) {
        if (k->account != c->key->account || strcmp(k->key, c->q->idempotency_key) != 0)
            continue;
        if (k->body_hash != XXH3_64bits(c->q->body, c->q->body_len)) {
            call_error(c, 422, "partner.idempotency_mismatch");
        } else {
            c->a->status = k->status;
            buf_add(&c->a->body, k->body, k->body_len);
        }
        return true;
    }
    return false;
}

void replay_keep(const struct call *c)
{
    if (!applies(c) || c->a->status >= 300)
        return;
    struct kept **bucket = bucket_of(c), *k = mem_alloc(sizeof(*k));
    k->next = *bucket;
    k->account = c->key->account;
    k->key = mem_strdup(c->q->idempotency_key);
    k->body_hash = XXH3_64bits(c->q->body, c->q->body_len);
    k->status = c->a->status;
    k->body_len = c->a->body.len;
    k->body = mem_alloc(k->body_len + 1);
    memcpy(k->body, buf_str(&c->a->body), k->body_len);
    *bucket = k;
}
