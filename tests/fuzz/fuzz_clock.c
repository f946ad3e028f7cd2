/* Durations, times, dates of headers, cron's five fields, and numbers as people write them. */
#include "fuzz.h"

#include "base/clock.h"
#include "formats/text.h"
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
    /* Text that is no UTF-8 is refused before it comes there. What a number may be, the job's rules
     * say; here it only has to be whole when it is one. */
    int64_t low, high, number;
    const struct text t = {.data = text, .len = size};
    if (text_utf8_valid(text, size) == size && text_number(t, &number))
        HOLDS(text_number_range(t, &low, &high) && low == number && high == number);
    arena_release(&a);
    free(text);
    return 0;
}
