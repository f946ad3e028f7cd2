/*
 * json_internal: strings inside a JSON text, for those who read and write it. Nobody else includes
 * it.
 */
#ifndef QS_FORMATS_JSON_INTERNAL_H
#define QS_FORMATS_JSON_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes at s that stand as they are: no control, no quote, no backslash. */
size_t json_plain_run(const char *s, size_t len);

/* The quote that ends the string whose first byte is at s, and whether it has escapes; NULL when
 * it is torn, or has what no string may have. */
char *json_string_end(char *s, const char *end, bool *escaped);

/* Puts characters in the place of the escapes of a string that json_string_end has seen, and says
 * how long it is then. An escape that stands for no character (half a surrogate pair, or NUL, where
 * C strings would end) becomes U+FFFD. */
size_t json_unescape(char *s, const char *end);

#endif
