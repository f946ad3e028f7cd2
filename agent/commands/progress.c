/*
 * The live line is drawn at most five times a second and gets out of the way of log lines. Without
 * a terminal a line goes out every ten seconds, so that a cron mail stays short.
 */
#include "commands/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define DRAW_EVERY_MS 200
#define LINE_EVERY_MS 10000
#define BAR_WIDTH     24

static struct progress *drawing; /* the one whose line the log must not write over */

static void erase(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}

static void make_room(bool before)
{
    if (before && drawing != NULL)
        erase(drawing);
}

void progress_init(struct progress *p)
{
    *p = (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .started_ms = clock_mono_ms()};
    drawing = p;
    log_set_hook(make_room);
}

static int64_t done_of(const struct loop_view *v)
{
    int64_t done = v->pushed.settled + v->pushed.refused + v->pushed.deferred;
    for (int op = 0; op < OP_NONE; op++)
        done += v->pushed.done[op];
    return done;
}

int64_t progress_refused(const struct loop_view *v)
{
    return v->refused + v->pushed.refused;
}

static void append_bar(struct buf *out, int64_t done, int64_t total)
{
    int full = total > 0 ? (int)(BAR_WIDTH * (done < total ? done : total) / total) : 0;
    buf_addch(out, '[');
    for (int i = 0; i < BAR_WIDTH; i++)
        buf_addch(out, i < full ? '#' : '-');
    buf_addstr(out, "] ");
}

static void append_rate(struct buf *out, struct arena *a, const struct loop_view *v, int64_t done,
                        int64_t elapsed_ms)
{
    if (done == 0 || elapsed_ms < 1000)
        return;
    double per_second = (double)done * 1000.0 / (double)elapsed_ms;
    buf_printf(out, " · %.0f rows/s", per_second);
    if (!v->detecting && v->found > done)
        buf_printf(
            out, " · %s left",
            clock_print_roughly(a, (int64_t)((double)(v->found - done) * 1000.0 / per_second)));
}

static void describe(struct buf *out, struct arena *a, const struct loop_view *v,
                     int64_t elapsed_ms, bool bar)
{
    int64_t done = done_of(v);
    if (bar)
        append_bar(out, done, v->detecting ? 0 : v->found);
    if (v->detecting)
        buf_printf(out, "%s: %lld rows looked at, ", v->mapping, (long long)v->rows_looked_at);
    buf_printf(out, "%lld of %lld%s pushed", (long long)done, (long long)v->found,
               v->detecting ? "+" : "");
    if (progress_refused(v) > 0)
        buf_printf(out, ", %lld refused", (long long)progress_refused(v));
    append_rate(out, a, v, done, elapsed_ms);
    if (v->limiter_wait_ms > 1000)
        buf_printf(out, " · waits %s for the budget", clock_print_roughly(a, v->limiter_wait_ms));
    if (v->uncertain > 0)
        buf_printf(out, " · looks for %lld uncertain", (long long)v->uncertain);
}

static void cut_to_width(struct buf *line)
{
    struct winsize size = {.ws_col = 80};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    size_t columns = size.ws_col > 0 ? size.ws_col : 80;
    size_t width = 0, i = 0;
    for (; i < line->len && width < columns - 1; i++)
        width += ((unsigned char)line->data[i] & 0xC0) != 0x80;
    while (i < line->len && ((unsigned char)line->data[i] & 0xC0) == 0x80)
        i++;
    buf_truncate(line, i);
}

void progress_show(void *context, const struct loop_view *v)
{
    struct progress *p = context;
    int64_t now_ms = clock_mono_ms();
    if (now_ms - p->shown_ms < (p->terminal ? DRAW_EVERY_MS : LINE_EVERY_MS))
        return;
    if (!p->terminal && now_ms - p->started_ms < LINE_EVERY_MS)
        return;
    p->shown_ms = now_ms;
    struct buf line = BUF_INIT(1024);
    struct arena a;
    arena_init(&a, 0);
    describe(&line, &a, v, now_ms - p->started_ms, p->terminal);
    if (p->terminal) {
        cut_to_width(&line);
        fprintf(stderr, "\r\033[K%s", buf_str(&line));
        p->drawn = true;
    } else
        fprintf(stderr, "%s\n", buf_str(&line));
    fflush(stderr);
    arena_release(&a);
    buf_release(&line);
}

void progress_make_room(struct progress *p)
{
    erase(p);
}

void progress_end(struct progress *p)
{
    erase(p);
    log_set_hook(NULL);
    drawing = NULL;
}
