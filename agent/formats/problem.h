/*
 * problem: everything that is wrong with a file, collected before anything is said.
 *
 * A reader of a file goes on after a mistake and adds one `struct problem` for each, so that all
 * are told in one go, in the order of the file:
 *
 *     mappings/jobs.yaml:12:42: unknown transform "html_to_markdwon"
 *        12 |   description: {column: body, transform: [html_to_markdwon]}
 *           |                                           ^^^^^^^^^^^^^^^^
 *           hint: did you mean "html_to_markdown"?
 */
#ifndef QS_FORMATS_PROBLEM_H
#define QS_FORMATS_PROBLEM_H

#include <stdio.h>

#include "base/err.h"

struct problem {
    const char *file;
    int line;           /* 1-based; 0: the file as a whole */
    int column;         /* 1-based, in characters */
    int width;          /* characters to underline; 0: none */
    const char *source; /* text of that line, without its end; NULL: none */
    const char *message;
    const char *hint; /* NULL: none */
    bool warning;     /* told, but does not make the file wrong */
    struct problem *next;
};

/* Owned by the caller; everything in it lives in `arena`. */
struct problems {
    struct arena *arena;
    struct problem *first; /* sorted by file as added, then line and column */
    size_t errors;
    size_t warnings;
};

void problems_init(struct problems *p, struct arena *a);
/* Adds a copy in its place. */
void problems_add(struct problems *p, const struct problem *what);
/* Prints all as above. Colour (bold, red) only when asked. The underline counts display columns:
 * zero-width marks take none, so Arabic lines up as well as a terminal lets it. */
void problems_print(const struct problems *p, FILE *out, bool colour);
/* The first error as an err (ERR_CONFIG): "file:line:column: message (and 3 more)", and false. True
 * when there is none: warnings alone do not make a file wrong. */
bool problems_to_err(const struct problems *p, struct err *e);

#endif
