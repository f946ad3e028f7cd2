/* A description as HTML: what comes out is UTF-8 again, also when it is cut. */
#include "fuzz.h"

#include "formats/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (text_utf8_valid((const char *)data, size) < size)
        return 0; /* is refused before it comes here */
    char *html = fuzz_text(data, size);
    const struct text in = {.data = html, .len = size};
    struct arena a;
    arena_init(&a, 0);
    struct text markdown = html_to_markdown(&a, in);
    struct text plain = html_to_text(&a, in);
    struct text cut = text_truncate_markdown(&a, markdown, 40);
    HOLDS(text_utf8_valid(markdown.data, markdown.len) == markdown.len);
    HOLDS(text_utf8_valid(plain.data, plain.len) == plain.len);
    HOLDS(text_characters(cut) <= 40);
    arena_release(&a);
    free(html);
    return 0;
}
