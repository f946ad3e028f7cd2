/*
 * rules: Qudra's documented rules for a job, judged strictly and apart from the agent's own.
 *
 * Reads a body into a content and says what is wrong with it, field by field. What the
 * documentation leaves open is judged on the narrow side: unknown and read-only fields, fractions,
 * numbers as text and null where a value is due are all refused.
 */
#ifndef SANDBOX_RULES_H
#define SANDBOX_RULES_H

#include "formats/json.h"
#include "jobs.h"

struct cities {
    char **names; /* sorted; none: any English name */
    size_t n;
};

bool cities_load(struct cities *c, const char *path, struct err *e) MUST_CHECK;
void cities_release(struct cities *c);

enum { REFUSALS_MAX = 12 };

struct refusal {
    const char *field; /* borrowed from the body, or constant */
    const char *rule;
    const char *message;
    const char *message_ar;
};

struct refusals {
    struct refusal all[REFUSALS_MAX];
    size_t n;
};

/* Reads a whole job. False: refused, and `r` says why. Texts are borrowed from the body. */
bool rules_read_job(const struct json *body, const struct cities *cities, struct content *out,
                    struct refusals *r);
/* Reads changed fields over what `c` holds, which is then judged as a whole. */
bool rules_read_changes(const struct json *body, const struct cities *cities, struct content *c,
                        struct refusals *r);

const char *employment_name(enum employment e);
const char *status_name(enum status s);

#endif
