/*
 * jobs: the store: every job ever created, by id, by content and by account.
 *
 * Nothing is ever removed: a deleted job is marked. A job's place in the store is its age, and its
 * id is that place scrambled, so both look-ups cost nothing. What a job must not equal (promise 2)
 * is found by a hash of its content AS SENT: storing may have changed the text.
 */
#ifndef SANDBOX_JOBS_H
#define SANDBOX_JOBS_H

#include "accounts.h"
#include "scramble.h"

enum employment {
    EMPLOYMENT_FULL_TIME,
    EMPLOYMENT_PART_TIME,
    EMPLOYMENT_CONTRACT,
    EMPLOYMENT_INTERNSHIP
};
enum status { STATUS_ACTIVE, STATUS_PAUSED, STATUS_CLOSED };
enum embedding { EMBEDDING_PROCESSING, EMBEDDING_READY, EMBEDDING_FAILED };
enum text_field { TEXT_TITLE, TEXT_DESCRIPTION, TEXT_CITY, TEXT_FIELDS };

struct piece {
    const char *data; /* NULL: the job has none */
    size_t len;
};

/* What a partner says about a job. */
struct content {
    struct piece text[TEXT_FIELDS];
    uint64_t sent[TEXT_FIELDS]; /* hash of each text as it was sent */
    enum employment employment;
    enum status status;
    bool has_min, has_max;
    int64_t salary_min, salary_max;
};

struct job {
    char *text; /* all texts, one after the other */
    uint32_t len[TEXT_FIELDS];
    uint32_t account;
    uint64_t sent[TEXT_FIELDS];
    uint64_t hash;                    /* of the content as sent, and the account */
    uint32_t same_before, same_after; /* chain of a bucket, as places + 1 */
    int64_t salary_min, salary_max;
    int64_t created_ms, updated_ms;
    int64_t embedding_from_ms;
    int64_t deleted_ms; /* 0: live */
    uint8_t employment, status;
    bool has_description, has_min, has_max, embedding_fails;
};

struct jobs {
    struct job **chunks;
    uint32_t n;
    uint32_t live;
    uint32_t *buckets; /* places + 1 of live jobs by content hash */
    uint32_t n_buckets;
    struct scramble ids;
    struct scramble cursors;
};

void jobs_init(struct jobs *s, uint64_t seed);
/* Forgets all jobs; ids do not come again. */
void jobs_reset(struct jobs *s);
void jobs_release(struct jobs *s);

struct job *jobs_at(const struct jobs *s, uint32_t place);
/* NULL when no such job was ever made, for this account or another. */
struct job *jobs_find(const struct jobs *s, const char *id, uint32_t *place);
void jobs_write_id(const struct jobs *s, uint32_t place, char id[SCRAMBLE_TEXT_BYTES]);

/* A live job of the account with the same content, rather an open one; NULL when there is none. */
struct job *jobs_same(const struct jobs *s, const struct account *a, const struct content *c,
                      uint32_t *place);
uint32_t jobs_create(struct jobs *s, struct account *a, const struct content *c, int64_t now_ms);
/* Replaces the content; a changed text is embedded anew. */
void jobs_update(struct jobs *s, uint32_t place, const struct content *c, int64_t now_ms);
void jobs_delete(struct jobs *s, uint32_t place, int64_t now_ms);

/* Borrows the texts of the job. */
struct content job_content(const struct job *job);
enum embedding job_embedding(const struct job *job, int64_t embedding_ms, int64_t now_ms);

#endif
