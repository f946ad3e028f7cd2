/*
 * The list is kept sorted as it grows; a file has few mistakes, so walking it is cheap.
 *
 * What is printed comes out of files that may hold anything: control characters are shown as '?',
 * and a tab as one blank, so that the underline stands where it should and no escape sequence of a
 * mapping reaches the terminal.
 */
#include "formats/problem.h"

#include <string.h>

#include "base/utf8.h"

void problems_init(struct problems *p, struct arena *a)
{
    *p = (struct problems){.arena = a};
}

/* ---- collecting -------------------------------------------------------------------------------
 */

static bool stands_after(const struct problem *a, const struct problem *b)
{
    return a->line > b->line || (a->line == b->line && a->column > b->column);
}

/* The link that a problem belongs to: in the run of its own file, behind its equals; at the end of
 * the list when the file is new. */
static struct problem **place_of(struct problems *p, const struct problem *what)
{
    struct problem **at = &p->first;

    while (*at && strcmp((*at)->file, what->file) != 0)
        at = &(*at)->next;
    while (*at && !strcmp((*at)->file, what->file) && !stands_after(*at, what))
        at = &(*at)->next;
    return at;
}

void problems_add(struct problems *p, const struct problem *what)
{
    struct problem **at = place_of(p, what);
    struct problem *copy = arena_copy(p->arena, what, sizeof(*what));

    copy->file = arena_strdup(p->arena, what->file);
    copy->source = arena_strdup(p->arena, what->source);
    copy->message = arena_strdup(p->arena, what->message);
    copy->hint = arena_strdup(p->arena, what->hint);
    copy->next = *at;
    *at = copy;
    if (what->warning)
        p->warnings++;
    else
        p->errors++;
}

/* ---- printing ---------------------------------------------------------------------------------
 */

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t point, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return false;
}

/* Not wcwidth(): that depends on the locale, and ours may well be "C". */
static int columns_of(uint32_t point)
{
    static const struct range marks[] = {
        {0x0300, 0x036f}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06dc},
        {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed}, {0x08d3, 0x08ff}, {0x200b, 0x200f},
        {0x202a, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
    };
    static const struct range wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
        {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };

    if (point < 0x300)
        return 1;
    if (in_ranges(point, marks, ARRAY_LEN(marks)))
        return 0;
    return in_ranges(point, wide, ARRAY_LEN(wide)) ? 2 : 1;
}

/* One character of untrusted text; returns its bytes and the columns it takes. */
static size_t print_character(FILE *out, const char *s, size_t len, int *columns)
{
    uint32_t point;
    size_t bytes = utf8_next(s, len, &point);

    *columns = 1;
    if (!bytes || point < 0x20 || (point >= 0x7f && point < 0xa0)) {
        fputc(bytes && point == '\t' ? ' ' : '?', out);
        return bytes ? bytes : 1;
    }
    *columns = columns_of(point);
    fwrite(s, 1, bytes, out);
    return bytes;
}

static void print_text(FILE *out, const char *s)
{
    size_t len = strlen(s);
    int columns;

    for (size_t at = 0; at < len;)
        at += print_character(out, s + at, len - at, &columns);
}

struct underline {
    int blanks; /* display columns before it */
    int marks;
};

/* Prints the line and measures where the underline goes. */
static struct underline print_source(FILE *out, const struct problem *p)
{
    struct underline u = {0, 0};
    size_t len = strlen(p->source);
    int character = 1;

    fprintf(out, "%5d | ", p->line);
    for (size_t at = 0; at < len; character++) {
        int columns;

        at += print_character(out, p->source + at, len - at, &columns);
        if (character < p->column)
            u.blanks += columns;
        else if (character - p->column < p->width)
            u.marks += columns;
    }
    fputc('\n', out);
    if (p->width > 0 && u.marks == 0)
        u.marks = 1;
    return u;
}

static void print_underline(FILE *out, struct underline u, bool colour)
{
    fprintf(out, "      | %*s%s", u.blanks, "", colour ? "\033[31m" : "");
    for (int i = 0; i < u.marks; i++)
        fputc('^', out);
    fprintf(out, "%s\n", colour ? "\033[0m" : "");
}

static void print_place(FILE *out, const struct problem *p, bool colour)
{
    fputs(colour ? "\033[1m" : "", out);
    print_text(out, p->file);
    if (p->line > 0)
        fprintf(out, ":%d:%d", p->line, p->column);
    fprintf(out, ":%s ", colour ? "\033[0m" : "");
}

static void print_problem(FILE *out, const struct problem *p, bool colour)
{
    print_place(out, p, colour);
    fputs(p->warning ? "warning: " : "", out);
    print_text(out, p->message);
    fputc('\n', out);
    if (p->line > 0 && p->source) {
        struct underline u = print_source(out, p);

        if (u.marks > 0)
            print_underline(out, u, colour);
    }
    if (p->hint) {
        fputs("      hint: ", out);
        print_text(out, p->hint);
        fputc('\n', out);
    }
}

void problems_print(const struct problems *p, FILE *out, bool colour)
{
    for (const struct problem *at = p->first; at; at = at->next)
        print_problem(out, at, colour);
}

bool problems_to_err(const struct problems *p, struct err *e)
{
    const struct problem *at = p->first;

    while (at && at->warning)
        at = at->next;
    if (!at)
        return true;
    err_set(e, ERR_CONFIG, "%s", at->message);
    if (at->line > 0)
        err_prefix(e, "%s:%d:%d: ", at->file, at->line, at->column);
    else
        err_prefix(e, "%s: ", at->file);
    if (p->errors > 1)
        err_set(e, ERR_CONFIG, "%s (and %zu more)", e->message, p->errors - 1);
    return at->hint ? err_hint(e, "%s", at->hint) : false;
}
