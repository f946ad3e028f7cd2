/*
 * An answer of Qudra's: the first three bytes choose the operation, the status and how many rows it
 * was about. A row that counts as created has the id of a job, and no two rows the same one.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "edges/qudra.h"

#define ROWS_MAX 8

static const int statuses[] = {200, 201, 204, 207, 400, 401, 402, 403, 404, 408, 409, 410,
                               413, 415, 422, 425, 429, 500, 502, 503, 504, 0,   302, 299};

const char *http_header(const struct http_response *r, const char *name)
{
    (void)r;
    (void)name;
    return NULL;
}

static void check_text(const char *s)
{
    HOLDS(s == NULL || utf8_valid(s, strlen(s)) == strlen(s));
}

/* All of it goes into the database. */
static void check_texts(const struct outcome *o)
{
    const char *const texts[] = {o->code,   o->message,   o->message_ar, o->request_id,
                                 o->job_id, o->qudra_url, o->job_status, o->embedding_status};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(texts[i]);
}

static void check_creates(const struct outcome *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (out[i].kind != OUTCOME_DONE)
            continue;
        HOLDS(out[i].job_id != NULL && out[i].job_id[0] != '\0');
        for (size_t k = 0; k < i; k++)
            HOLDS(out[k].kind != OUTCOME_DONE || strcmp(out[k].job_id, out[i].job_id) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    bool bulk = (data[0] & 4) != 0;
    enum op_kind op = bulk ? OP_CREATE : (enum op_kind)(data[0] % OP_NONE);
    size_t n = bulk ? 1u + data[2] % ROWS_MAX : 1;
    char *body = fuzz_text(data + 3, size - 3);
    struct http_response r = {
        .end = (data[0] & 8) != 0 ? HTTP_LOST : HTTP_ANSWERED,
        .status = statuses[data[1] % (sizeof statuses / sizeof statuses[0])],
        .body = body,
        .body_len = size - 3,
    };
    struct arena a;
    arena_init(&a, 0);
    struct outcome out[ROWS_MAX];
    memset(out, 0, sizeof out);
    qudra_outcomes(&dialect_defaults, op, bulk, n, &r, &a, out);
    for (size_t i = 0; i < n; i++)
        HOLDS((unsigned)out[i].kind < OUTCOMES);
    for (size_t i = 0; i < n; i++)
        check_texts(&out[i]);
    if (op == OP_CREATE)
        check_creates(out, n);
    struct qudra_page page;
    r.body = fuzz_text(data + 3, size - 3); /* an answer can be read once */
    qudra_read_page(&dialect_defaults, &r, &a, &page);
    for (size_t i = 0; page.ok && i < page.n; i++)
        HOLDS(page.jobs[i].kind == OUTCOME_DONE);
    for (size_t i = 0; page.ok && i < page.n; i++)
        check_texts(&page.jobs[i]);
    arena_release(&a);
    free(r.body);
    free(body);
    return 0;
}
