/*
 * A cut is a place with a rank: outside of every construct before inside one, and then paragraph,
 * line, sentence, blank, any other. Of the places from half the allowed length on, the best rank
 * wins and among equals the last; only when there is none does an earlier place do.
 *
 * The text is read once, from its start, and for Markdown with an eye to what a cut could break.
 * Atoms (links, code spans, escapes) hold no place. Emphasis and fenced code may be cut, at the
 * price of their closing marks, which count. An opening mark with no partner in its paragraph is
 * ordinary text, as CommonMark has it.
 */
#include "formats/text.h"

#include <string.h>
#include <unigbrk.h>

#include "formats/text_spans.h"
#include "formats/text_utf8.h"

enum { MAX_OPEN = 6 }; /* one for each kind of mark: no kind nests in itself */
enum rank {
    RANK_NONE,
    RANK_CHARACTER,
    RANK_BLANK,
    RANK_SENTENCE,
    RANK_LINE,
    RANK_PARAGRAPH,
    RANK_OUTSIDE, /* added to the others */
};

struct mark {
    const char *data;
    size_t len;
    const char *partner;
};

/* What a cut would have to close. */
struct inside {
    size_t n_open;
    struct mark open[MAX_OPEN];
    struct mark fence; /* its line's marks too; data NULL: not inside one */
};

struct cut {
    int rank;
    const char *at;
    struct inside inside;
};

struct scan {
    const char *start;
    const char *p;
    const char *end;
    size_t characters; /* up to p */
    size_t max;
    bool bare; /* the text up to p ends with an opening mark: a cut would leave it alone */
    struct inside inside;
    const char *no_partner[MAX_OPEN]; /* per kind of mark: none is found before here */
    struct cut best;
    struct cut early; /* the last place before half */
};

static bool ends_sentence(uint32_t cp)
{
    return cp == '.' || cp == '!' || cp == '?' || cp == 0x061F || cp == 0x06D4 || cp == 0x3002;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* What kind of place p is, judged by what stands on both sides of it. */
static int rank_of(const struct scan *s)
{
    if (s->p == s->start)
        return RANK_NONE;
    const char *p = text_utf8_before(s->p);
    uint32_t before = text_utf8_next(&p);
    uint32_t next = s->p < s->end ? text_utf8_next(&p) : '\n';
    if (text_is_space(before))
        return RANK_NONE; /* the place in front of the blanks is the same cut */
    if (!text_is_space(next))
        return RANK_CHARACTER;
    const char *line_end = skip_blanks(s->p, s->end);
    if (line_end == s->end)
        return RANK_PARAGRAPH;
    if (*line_end != '\n')
        return ends_sentence(before) ? RANK_SENTENCE : RANK_BLANK;
    p = skip_blanks(line_end + 1, s->end);
    return p < s->end && *p == '\n' ? RANK_PARAGRAPH : RANK_LINE;
}

static size_t closing_characters(const struct inside *in)
{
    size_t n = 0;
    for (size_t i = 0; i < in->n_open; i++)
        n += in->open[i].len;
    if (in->fence.data)
        n += 1 + text_characters((struct text){.data = in->fence.data, .len = in->fence.len});
    return n;
}

/* Notes the place at p, if a cut there would be valid, fit and be better than the one known. */
static void consider(struct scan *s)
{
    int rank = s->bare ? RANK_NONE : rank_of(s);
    bool in_fence = s->inside.fence.data;
    if (rank == RANK_NONE || (in_fence && rank < RANK_LINE))
        return;
    if (s->characters + closing_characters(&s->inside) > s->max)
        return;
    if (!in_fence && s->inside.n_open == 0)
        rank += RANK_OUTSIDE;
    struct cut *cut = s->characters >= s->max - s->characters ? &s->best : &s->early;
    if (cut == &s->best && rank < cut->rank)
        return;
    *cut = (struct cut){.rank = rank, .at = s->p, .inside = s->inside};
}

static void advance(struct scan *s, const char *to)
{
    s->characters += text_characters((struct text){.data = s->p, .len = (size_t)(to - s->p)});
    s->p = to;
}

static void advance_character(struct scan *s)
{
    const char *p = s->p;
    if ((unsigned char)p[0] < 0x80 && (p + 1 == s->end || (unsigned char)p[1] < 0x80)) {
        s->p++;
        s->characters++;
        return;
    }
    static const char joiner[] = "\u200D"; /* ties emoji together, which u8_grapheme_next parts */
    size_t len = sizeof(joiner) - 1;
    do
        p = (const char *)u8_grapheme_next((const uint8_t *)p, (const uint8_t *)s->end);
    while (p < s->end && (size_t)(p - s->p) >= len && memcmp(p - len, joiner, len) == 0);
    advance(s, p);
}

/* ---- Markdown ------------------------------------------------------------------------------ */

static bool at_line_start(const struct scan *s)
{
    return s->p == s->start || s->p[-1] == '\n';
}

static const char *line_end(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline ? newline : end;
}

static bool closes_fence(const struct scan *s, const char *fence_end)
{
    const struct mark *fence = &s->inside.fence;
    const char *marks = text_span_line_marks(s->p, s->end);
    size_t opener = (size_t)(fence->data + fence->len - fence->partner);
    return *marks == *fence->partner && (size_t)(fence_end - marks) >= opener &&
           skip_blanks(fence_end, s->end) == line_end(fence_end, s->end);
}

/* A fence's line: takes all of it, opens or closes. `fence_end` is behind its marks. */
static void take_fence(struct scan *s, const char *fence_end)
{
    struct mark *fence = &s->inside.fence;
    if (!fence->data)
        *fence = (struct mark){.data = s->p,
                               .len = (size_t)(fence_end - s->p),
                               .partner = text_span_line_marks(s->p, s->end)};
    else if (closes_fence(s, fence_end))
        fence->data = NULL;
    advance(s, line_end(s->p, s->end));
}

/* A rule, or the line that makes a heading of the one above: cut short, it would mean another. */
static bool is_rule(const char *p, const char *end)
{
    const char *stop = line_end(p, end);
    if (p == stop || !strchr("-=*_", *p))
        return false;
    for (const char *q = p; q < stop; q++)
        if (*q != *p && *q != ' ')
            return false;
    return true;
}

/* Takes what a line begins with; false when that is nothing. */
static bool take_line_start(struct scan *s)
{
    const char *fence_end = text_span_fence(s->p, s->end);
    if (fence_end) {
        take_fence(s, fence_end);
        s->bare = false;
        return true;
    }
    if (s->inside.fence.data)
        return false;
    if (is_rule(s->p, s->end)) {
        advance(s, line_end(s->p, s->end));
        return true;
    }
    const char *marks = text_span_line_marks(s->p, s->end);
    if (marks == s->p)
        return false;
    s->bare = true;
    advance(s, marks);
    return true;
}

static bool take_closing_mark(struct scan *s)
{
    struct inside *in = &s->inside;
    for (size_t i = in->n_open; i-- > 0;) {
        if (in->open[i].partner != s->p)
            continue;
        in->n_open = i; /* whatever was opened after it and not closed was ordinary text */
        advance(s, s->p + in->open[i].len);
        return true;
    }
    return false;
}

static bool is_open(const struct inside *in, const char *p, size_t len)
{
    for (size_t i = 0; i < in->n_open; i++)
        if (in->open[i].len == len && *in->open[i].data == *p)
            return true;
    return false;
}

/* A run of * or _: opens an emphasis, or is ordinary text. */
static void take_marks(struct scan *s)
{
    struct inside *in = &s->inside;
    size_t len = text_span_run(s->p, s->end);
    size_t kind = (*s->p == '_' ? 3 : 0) + len - 1;
    const char *partner = NULL;
    if (len <= 3 && !is_open(in, s->p, len) &&
        (!s->no_partner[kind] || s->no_partner[kind] <= s->p) &&
        text_span_opens(s->start, s->p, len, s->end)) {
        partner = text_span_partner(s->start, s->p, len, s->end);
        if (!partner)
            s->no_partner[kind] = text_span_paragraph(s->p, s->end);
    }
    if (partner) {
        in->open[in->n_open++] = (struct mark){.data = s->p, .len = len, .partner = partner};
        s->bare = true;
    }
    advance(s, s->p + len);
}

static void advance_markdown(struct scan *s)
{
    if (at_line_start(s) && take_line_start(s))
        return;
    bool in_fence = s->inside.fence.data;
    if (!in_fence && (*s->p == '*' || *s->p == '_')) {
        bool bare = s->bare;
        s->bare = false;
        if (take_closing_mark(s))
            return;
        take_marks(s);
        s->bare = s->bare || bare;
        return;
    }
    s->bare = s->bare && text_is_space((unsigned char)*s->p);
    const char *atom = in_fence ? s->p : text_span_atom(s->p, s->end);
    if (atom > s->p)
        advance(s, atom);
    else
        advance_character(s);
}

/* ---- both ---------------------------------------------------------------------------------- */

static void add_fence_end(struct buf *b, const struct mark *fence)
{
    buf_addch(b, '\n');
    for (const char *p = fence->data; p < fence->partner; p++)
        buf_addch(b, *p == '>' ? '>' : ' '); /* under a list item the fence is only indented */
    buf_add(b, fence->partner, fence->len - (size_t)(fence->partner - fence->data));
}

static struct text cut_at(struct arena *a, const char *start, const struct cut *cut)
{
    if (cut->rank == RANK_NONE)
        return (struct text){.data = "", .len = 0};
    struct buf b = BUF_INIT(SIZE_MAX);
    buf_add(&b, start, (size_t)(cut->at - start));
    for (size_t i = cut->inside.n_open; i-- > 0;)
        buf_add(&b, cut->inside.open[i].data, cut->inside.open[i].len);
    if (cut->inside.fence.data)
        add_fence_end(&b, &cut->inside.fence);
    return text_take(a, &b);
}

static struct text truncate_at_best(struct arena *a, struct text t, size_t max, bool markdown)
{
    if (!t.data || t.len <= max || text_characters(t) <= max)
        return t;
    struct scan s = {.start = t.data, .p = t.data, .end = t.data + t.len, .max = max};
    while (s.characters <= max && s.p < s.end) {
        consider(&s);
        if (markdown)
            advance_markdown(&s);
        else
            advance_character(&s);
    }
    return cut_at(a, t.data, s.best.rank != RANK_NONE ? &s.best : &s.early);
}

struct text text_truncate(struct arena *a, struct text t, size_t max)
{
    return truncate_at_best(a, t, max, false);
}

struct text text_truncate_markdown(struct arena *a, struct text t, size_t max)
{
    return truncate_at_best(a, t, max, true);
}
