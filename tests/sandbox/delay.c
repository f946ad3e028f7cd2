/*
 * Deadlines are kept in nanoseconds: at 1 ms latency, a clock of milliseconds would be wrong by
 * half. A binary heap serves the 100,000 connections that a stress run may hold.
 */
#include "delay.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <time.h>

#include "base/mem.h"

struct waiting {
    int64_t due_ns;
    struct MHD_Connection *connection;
};

struct delays {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool stopped;
    struct waiting *heap;
    size_t n;
    size_t room;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void push(struct delays *d, struct waiting w)
{
    if (d->n == d->room) {
        d->room = d->room == 0 ? 256 : 2 * d->room;
        d->heap = mem_realloc(d->heap, d->room * sizeof(*d->heap));
    }
    size_t at = d->n++;
    for (; at > 0 && d->heap[(at - 1) / 2].due_ns > w.due_ns; at = (at - 1) / 2)
        d->heap[at] = d->heap[(at - 1) / 2];
    d->heap[at] = w;
}

static struct MHD_Connection *pop(struct delays *d)
{
    struct MHD_Connection *first = d->heap[0].connection;
    struct waiting last = d->heap[--d->n];
    size_t at = 0;
    for (size_t child = 1; child < d->n; child = 2 * at + 1) {
        if (child + 1 < d->n && d->heap[child + 1].due_ns < d->heap[child].due_ns)
            child++;
        if (d->heap[child].due_ns >= last.due_ns)
            break;
        d->heap[at] = d->heap[child];
        at = child;
    }
    d->heap[at] = last;
    return first;
}

static void wait_until(struct delays *d, int64_t due_ns)
{
    struct timespec t = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
    pthread_cond_timedwait(&d->changed, &d->lock, &t);
}

static void *run(void *arg)
{
    struct delays *d = arg;
    pthread_mutex_lock(&d->lock);
    while (!d->stopped) {
        if (d->n == 0)
            pthread_cond_wait(&d->changed, &d->lock);
        else if (d->heap[0].due_ns > now_ns())
            wait_until(d, d->heap[0].due_ns);
        else
            MHD_resume_connection(pop(d));
    }
    while (d->n > 0)
        MHD_resume_connection(pop(d));
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

struct delays *delays_new(void)
{
    struct delays *d = mem_alloc(sizeof(*d));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&d->thread, NULL, run, d) != 0)
        BUG("no thread for the delays");
    return d;
}

void delays_add(struct delays *d, struct MHD_Connection *connection, int64_t ms)
{
    pthread_mutex_lock(&d->lock);
    if (d->stopped) {
        MHD_resume_connection(connection);
    } else {
        push(d, (struct waiting){.due_ns = now_ns() + ms * 1000000, .connection = connection});
        if (d->heap[0].connection == connection)
            pthread_cond_signal(&d->changed);
    }
    pthread_mutex_unlock(&d->lock);
}

void delays_stop(struct delays *d)
{
    pthread_mutex_lock(&d->lock);
    d->stopped = true;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
}

void delays_free(struct delays *d)
{
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    mem_free(d->heap);
    mem_free(d);
}
