/*
 * A piece holds some jobs, rendered under the lock; what does not fit into the caller's memory
 * waits for the next call. Jobs that change between two pieces are shown as they are when met.
 */
#include "admin.h"

#include <string.h>

enum { PIECE_JOBS = 64, PIECE_MAX = 64 << 20 };

struct listing {
    struct sandbox *s;
    const struct account *account;
    bool nobody; /* an account was named that does not exist */
    bool lines;
    bool begun;
    bool ended;
    uint32_t next;
    uint32_t shown;
    struct buf piece;
    size_t sent;
};

struct listing *listing_new(struct sandbox *s, const char *account, const char *format)
{
    struct listing *l = mem_alloc(sizeof(*l));
    l->s = s;
    pthread_mutex_lock(&s->lock);
    l->account = account == NULL ? NULL : accounts_find(&s->accounts, account);
    pthread_mutex_unlock(&s->lock);
    l->nobody = account != NULL && l->account == NULL;
    l->lines = format != NULL && strcmp(format, "lines") == 0;
    buf_init(&l->piece, PIECE_MAX);
    return l;
}

void listing_free(struct listing *l)
{
    buf_release(&l->piece);
    mem_free(l);
}

static void write_job(struct listing *l, uint32_t place)
{
    struct sandbox *s = l->s;
    const struct job *job = jobs_at(&s->jobs, place);
    if (l->nobody || (l->account != NULL && job->account != l->account->index))
        return;
    if (!l->lines && l->shown > 0)
        buf_addstr(&l->piece, ",\n");
    struct json_writer w;
    json_writer_init(&w, &l->piece);
    json_open_object(&w);
    answer_write_job_members(s, &w, place, sandbox_now_ms(s));
    json_key(&w, "account");
    json_write_str(&w, s->accounts.all[job->account]->name);
    json_key(&w, "deleted");
    json_write_bool(&w, job->deleted_ms != 0);
    json_close_object(&w);
    if (l->lines)
        buf_addch(&l->piece, '\n');
    l->shown++;
}

static void next_piece(struct listing *l)
{
    buf_clear(&l->piece);
    l->sent = 0;
    if (!l->begun && !l->lines)
        buf_addstr(&l->piece, "{\"jobs\":[");
    l->begun = true;
    pthread_mutex_lock(&l->s->lock);
    for (int i = 0; i < PIECE_JOBS && l->next < l->s->jobs.n; i++)
        write_job(l, l->next++);
    l->ended = l->next >= l->s->jobs.n;
    pthread_mutex_unlock(&l->s->lock);
    if (l->ended && !l->lines)
        buf_addstr(&l->piece, "]}\n");
}

long listing_read(struct listing *l, char *out, size_t max)
{
    while (l->sent == l->piece.len && !l->ended)
        next_piece(l);
    size_t n = l->piece.len - l->sent;
    if (n == 0)
        return -1;
    if (n > max)
        n = max;
    memcpy(out, l->piece.data + l->sent, n);
    l->sent += n;
    return (long)n;
}
