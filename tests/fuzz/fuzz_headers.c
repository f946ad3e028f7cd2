/* The headers of an answer, one a line, as a server may write them. No number comes out too small,
 * and none makes the limiter wait for ever. */
#include "fuzz.h"

#include "edges/qudra.h"

static char *text;

/* "name: value" lines; the value of the first that has the name. Changes nothing. */
const char *http_header(const struct http_response *r, const char *name)
{
    static char value[256];
    (void)r;
    size_t len = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *from = line + len + 1 + strspn(line + len + 1, " \t");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\n"), from);
        return value;
    }
    return NULL;
}

static void pace(const struct limiter_headers *h, int status)
{
    const struct limiter_options o = {.requests = 100, .window_ms = 60000, .concurrency = 8};
    int64_t now_ms = 1000;
    struct limiter *l = limiter_new(&o, now_ms);
    for (int i = 0; i < 3; i++) {
        uint64_t ticket = limiter_sent(l, now_ms);
        limiter_answered(l, ticket, ++now_ms, status, h, 0.5);
        int64_t wait_ms = limiter_wait_ms(l, now_ms);
        HOLDS(wait_ms >= 0 && wait_ms != LIMITER_ASK_AGAIN);
        now_ms += wait_ms;
    }
    HOLDS(now_ms < INT64_MAX / 2);
    limiter_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text = fuzz_text(data, size);
    char none[] = "";
    const struct http_response r = {.end = HTTP_ANSWERED, .status = 200, .body = none};
    struct limiter_headers h;
    qudra_headers(&r, 1790000000000, &h);
    HOLDS(h.limit >= -1 && h.remaining >= -1 && h.reset_ms >= -1 && h.retry_after_ms >= -1);
    pace(&h, 200);
    pace(&h, 429);
    free(text);
    return 0;
}
