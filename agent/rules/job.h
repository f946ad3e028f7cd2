/*
 * job: a Qudra job as a value: its fields, their rules, its hashes, what changed.
 *
 * The rules are Part A of the Partner API ("Jobs", docs.qudrah.io); job_fields[] states each once,
 * and mapping, validation, hashing, requests and the reference are all read off it. A value is its
 * canonical text: integers in decimal, enums and strings as sent. Pure: no clock, no I/O.
 */
#ifndef QS_RULES_JOB_H
#define QS_RULES_JOB_H

#include <stdint.h>

#include "formats/json.h"
#include "formats/text.h"

enum job_field {
    JOB_TITLE,
    JOB_DESCRIPTION,
    JOB_CITY,
    JOB_EMPLOYMENT_TYPE,
    JOB_SALARY_MIN,
    JOB_SALARY_MAX,
    JOB_CURRENCY,
    JOB_STATUS,
    JOB_FIELDS
};

enum job_type { JOB_TYPE_STRING, JOB_TYPE_ENUM, JOB_TYPE_INTEGER };

struct job_field_rule {
    const char *name;
    enum job_type type;
    bool required; /* refused when missing; salary_min, required by type alone, is false here */
    size_t min_chars, max_chars; /* strings; 0: no such limit */
    const char *const *choices;  /* enums; NULL-terminated */
    const char *help;            /* one line for the reference and the schemas */
    const char *label_ar;        /* the field's name in an Arabic sentence */
};
extern const struct job_field_rule job_fields[JOB_FIELDS];

/* JOB_FIELDS when there is no such field. */
enum job_field job_field_find(const char *name);

struct job {
    struct text field[JOB_FIELDS]; /* TEXT_NONE: not given */
};

/* Why a row cannot be sent. Rule and messages are constants or live in the arena of the check. */
struct refusal {
    int field;        /* enum job_field, or -1: the row as a whole */
    const char *rule; /* stable name: "title.too_short", "salary_min.required", "key.null", … */
    const char *message;    /* English: says what was found and what is expected */
    const char *message_ar; /* Arabic, never NULL */
};

/* Every documented rule that the job breaks, in field order; returns how many (at most `max`). */
size_t job_validate(struct arena *a, const struct job *job, struct refusal *out, size_t max);
#define JOB_MAX_REFUSALS 16

bool job_equal(const struct job *a, const struct job *b); /* text for text */

/* XXH3: 48 bits a field, 128 bits over all. A missing field hashes to 0. */
struct job_hash {
    uint8_t all[16];
    uint64_t field[JOB_FIELDS];
};
void job_hash(const struct job *job, struct job_hash *out);
/* All that is wrong with a row in one: the rule of the first, the messages of all. n > 0. */
struct refusal job_join_refusals(const struct refusal *refusals, size_t n, struct arena *a);
/* So that an unchanged refusal is recognised: a hash over rules and messages, never equal to that
 * of a job. */
void job_hash_refusals(const struct refusal *refusals, size_t n, struct job_hash *out);
bool job_hash_equal(const struct job_hash *a, const struct job_hash *b); /* of `all` */
/* A hash of the letters and digits of the two texts, in their order: equal when one is the other as
 * a server may hand it back, trimmed, folded, composed, restyled or sanitised (Part B). Never 0; a
 * missing text counts as an empty one. */
struct job_words {
    uint64_t title, description;
};
void job_words(const struct job *job, struct job_words *out);
/* Bit i set: field i differs. Never 0 when the jobs differ: falls back to all fields. */
unsigned job_changed(const struct job_hash *from, const struct job_hash *to);
#define JOB_ALL ((1u << JOB_FIELDS) - 1u)

/* Canonical JSON object of the fields in `mask`: those that are given and, for an update, null for
 * those that no longer are (`nulls`). */
void job_write(struct json_writer *w, const struct job *job, unsigned mask, bool nulls);
/* Takes the job's fields out of an object of Qudra's, tolerantly (a number may come as a string).
 * Text is borrowed from the tree. */
void job_read(const struct json *object, struct job *out);

#endif
