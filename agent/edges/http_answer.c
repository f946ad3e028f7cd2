/*
 * An answer's headers and body as they come in. A hundred jobs are a quarter of a megabyte: answers
 * that have been read are kept, so that the next ones need no memory of their own.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "edges/http_internal.h"

#define BODY_MAX      ((size_t)32 << 20)
#define BODY_KEEP_MAX ((size_t)1 << 20) /* of an answer that is kept */
#define HEADERS_MAX   ((size_t)64 << 10)

struct answer *http_answer_take(struct answer **spare, void *tag)
{
    struct answer *a = *spare;
    if (a)
        *spare = a->next;
    else {
        a = mem_alloc(sizeof *a);
        a->spare = spare;
        buf_init(&a->headers, HEADERS_MAX);
        buf_init(&a->body, BODY_MAX);
    }
    a->next = NULL;
    a->response = (struct http_response){.tag = tag, .started_ms = clock_mono_ms()};
    return a;
}

void http_response_free(struct http_response *r)
{
    if (!r)
        return;
    struct answer *a = (struct answer *)(void *)r;
    if (a->body.cap > BODY_KEEP_MAX)
        buf_release(&a->body);
    buf_clear(&a->headers);
    buf_clear(&a->body);
    a->next = *a->spare;
    *a->spare = a;
}

void http_answers_free(struct answer **spare)
{
    while (*spare) {
        struct answer *a = *spare;
        *spare = a->next;
        buf_release(&a->headers);
        buf_release(&a->body);
        mem_free(a);
    }
}

/* Room for all of it at once, where its length is told; nobody is believed beyond what is kept. */
static void make_room(struct answer *a)
{
    const char *told = http_header(&a->response, "content-length");
    const unsigned long long bytes = told ? strtoull(told, NULL, 10) : 0;
    buf_reserve(&a->body, bytes < BODY_KEEP_MAX ? (size_t)bytes : BODY_KEEP_MAX);
}

bool http_answer_add_body(struct answer *a, const char *data, size_t len)
{
    if (a->body.len == 0)
        make_room(a);
    buf_add(&a->body, data, len);
    return !a->body.overflowed;
}

void http_answer_add_header(struct answer *a, const char *line, size_t len)
{
    struct buf *headers = &a->headers;
    len = strnlen(line, len);
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        buf_clear(headers);
        return;
    }
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return;
    const char *value = colon + 1;
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    while (value < line + len && isspace((unsigned char)*value))
        value++;
    const size_t value_len = value < line + len ? (size_t)(line + len - value) : 0;
    const size_t name_len = (size_t)(colon - line);
    if (headers->len + name_len + value_len + 2 > HEADERS_MAX)
        return; /* nobody who means well sends so many */
    for (const char *c = line; c < colon; c++)
        buf_addch(headers, (char)tolower((unsigned char)*c));
    buf_addch(headers, '\0');
    buf_add(headers, value, value_len);
    buf_addch(headers, '\0');
}

const char *http_header(const struct http_response *r, const char *name)
{
    const struct buf *headers = &((const struct answer *)(const void *)r)->headers;
    const char *found = NULL;
    for (size_t at = 0; at < headers->len;) {
        const char *key = headers->data + at, *value = key + strlen(key) + 1;
        if (strcmp(key, name) == 0)
            found = value;
        at = (size_t)(value - headers->data) + strlen(value) + 1;
    }
    return found;
}
