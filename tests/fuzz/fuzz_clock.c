/* Durations, times, dates of headers and cron's five fields. */
#include "fuzz.h"

#include "base/clock.h"
#include "rules/schedule.h"
#include "rules/zone.h"

static void read_duration(const char *text, struct arena *a)
{
    struct err e = ERR_INIT;
    int64_t ms, again;
    if (!clock_parse_duration(text, &ms, &e))
        return;
    HOLDS(ms >= 0 && clock_parse_duration(clock_print_duration(a, ms), &again, &e) && again == ms);
}

static void read_time(const char *text, struct arena *a)
{
    int64_t ms, again;
    if (clock_parse_rfc3339(text, &ms))
        HOLDS(clock_parse_rfc3339(clock_print_rfc3339(a, ms), &again) && again == ms);
    if (clock_parse_http_date(text, &ms))
        HOLDS(ms % 1000 == 0);
}

static void read_schedule(const char *text, struct arena *a)
{
    struct err e = ERR_INIT;
    struct schedule s;
    const struct zone *zone = zone_load(a, "Asia/Riyadh", &e);
    HOLDS(zone != NULL);
    if (schedule_parse(text, &s, &e))
        HOLDS(schedule_next(&s, 1790000000000, zone) != 1790000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena a;
    arena_init(&a, 0);
    read_duration(text, &a);
    read_time(text, &a);
    read_schedule(text, &a);
    arena_release(&a);
    free(text);
    return 0;
}
