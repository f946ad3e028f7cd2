/* The headers of an answer, one a line, as a server may write them. No number comes out too small.
 */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text = fuzz_text(data, size);
    const struct http_response r = {.end = HTTP_ANSWERED, .status = 200, .body = ""};
    struct limiter_headers h;
    qudra_headers(&r, 1790000000000, &h);
    HOLDS(h.limit >= -1 && h.remaining >= -1 && h.reset_ms >= -1 && h.retry_after_ms >= -1);
    free(text);
    return 0;
}
