/*
 * Counting must cost nothing beside a request: fixed slots, no allocation after the start but for
 * duplicates, of which there should be none.
 */
#include "stats.h"

void stats_init(struct stats *s, size_t log_size)
{
    *s = (struct stats){.log_size = log_size};
    s->log = mem_alloc(log_size * sizeof(*s->log));
}

void stats_reset(struct stats *s)
{
    mem_free(s->duplicate);
    *s = (struct stats){.log = s->log, .log_size = s->log_size, .in_flight = s->in_flight};
}

void stats_release(struct stats *s)
{
    mem_free(s->duplicate);
    mem_free(s->log);
}

void stats_add_duplicate(struct stats *s, const struct duplicate *d)
{
    if (s->duplicate == NULL)
        s->duplicate = mem_alloc(STATS_DUPLICATES * sizeof(*s->duplicate));
    if (s->duplicates < STATS_DUPLICATES)
        s->duplicate[s->duplicates] = *d;
    s->duplicates++;
    s->duplicates_of_closed += d->existing_status == STATUS_CLOSED;
}

void stats_log(struct stats *s, enum kind kind, const struct log_entry *entry)
{
    s->requests[kind][entry->status]++;
    s->log[s->logged++ % s->log_size] = *entry;
}
