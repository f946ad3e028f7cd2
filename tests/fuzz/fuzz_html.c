/* A description as HTML: what comes out is UTF-8 whenever what went in was, also when it is cut. */
#include "fuzz.h"

#include "formats/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *html = fuzz_text(data, size);
    const struct text in = {.data = html, .len = size};
    struct arena a;
    arena_init(&a, 0);
    bool valid = text_utf8_valid(html, size) == size;
    struct text markdown = html_to_markdown(&a, in);
    struct text plain = html_to_text(&a, in);
    struct text cut = text_truncate_markdown(&a, markdown, 40);
    HOLDS(!valid || text_utf8_valid(markdown.data, markdown.len) == markdown.len);
    HOLDS(!valid || text_utf8_valid(plain.data, plain.len) == plain.len);
    HOLDS(!valid || text_characters(cut) <= 40);
    arena_release(&a);
    free(html);
    return 0;
}
