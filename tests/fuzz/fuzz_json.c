/*
 * JSON to a tree and back: what has been read and written reads as the same text again. And what is
 * JSON to yajl, which we do not show all of it, is JSON to us.
 */
#include "fuzz.h"

#include <yajl/yajl_parse.h>

#include "base/utf8.h"
#include "formats/json.h"

static void write_tree(struct json_writer *w, const struct json *v)
{
    switch (v->type) {
    case JSON_NULL:
        json_write_null(w);
        break;
    case JSON_BOOL:
        json_write_bool(w, v->boolean);
        break;
    case JSON_NUMBER:
        json_write_raw(w, v->text, v->len);
        break;
    case JSON_STRING:
        json_write_strn(w, v->text, v->len);
        break;
    case JSON_ARRAY:
        json_open_array(w);
        for (const struct json *c = v->first; c != NULL; c = c->next)
            write_tree(w, c);
        json_close_array(w);
        break;
    case JSON_OBJECT:
        json_open_object(w);
        for (const struct json *c = v->first; c != NULL; c = c->next) {
            json_key(w, c->key);
            write_tree(w, c);
        }
        json_close_object(w);
        break;
    }
}

static void write_text(const struct json *v, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    write_tree(&w, v);
}

static bool is_json_to_yajl(const char *text, size_t size)
{
    yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
    yajl_config(parser, yajl_dont_validate_strings, 1);
    bool is = yajl_parse(parser, (const unsigned char *)text, size) == yajl_status_ok &&
              yajl_complete_parse(parser) == yajl_status_ok;
    yajl_free(parser);
    return is;
}

static void hold_to_yajl(const struct json *v, const char *text, size_t size, const char *refusal)
{
    size_t place;
    bool is = is_json_to_yajl(text, size);
    HOLDS(v == NULL || is);
    if (v != NULL || strstr(refusal, "too") != NULL || strstr(refusal, "UTF-8") != NULL)
        return;
    HOLDS(sscanf(refusal, "not JSON at byte %zu", &place) == 1 && place <= size);
    bool torn = strstr(refusal, "torn") != NULL; /* behind a whole document yajl forgives it */
    HOLDS(!is || (torn && is_json_to_yajl(text, place)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena a;
    arena_init(&a, 0);
    struct err e = ERR_INIT;
    const struct json *v = json_read(&a, text, size, &e);
    hold_to_yajl(v, text, size, e.message);
    if (v != NULL) {
        struct buf once = BUF_INIT(16 << 20), twice = BUF_INIT(16 << 20);
        write_text(v, &once);
        const struct json *again = json_read(&a, once.data, once.len, &e);
        HOLDS(again != NULL);
        write_text(again, &twice);
        HOLDS(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
        HOLDS(utf8_valid(once.data, once.len) == once.len);
        int64_t n;
        if (json_int(v, &n))
            HOLDS(v->type != JSON_OBJECT && v->type != JSON_ARRAY);
        buf_release(&once);
        buf_release(&twice);
    } else
        HOLDS(e.message[0] != '\0');
    arena_release(&a);
    free(text);
    return 0;
}
