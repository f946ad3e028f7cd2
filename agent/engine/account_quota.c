/*
 * The month's quota. Our count is a guess and Qudra's refusal the truth, in both directions: a
 * refusal ends creating for the month, and one create an hour asks whether that still holds, so
 * that a plan that grows is noticed without a restart.
 *
 * The month turns by Qudra's clock, known from the Date of its answers: a wrong clock of ours must
 * not spend the next month's quota, nor wait for a month that has begun. From one Date to the next
 * the monotonic clock counts, which nobody sets.
 */
#include "base/clock.h"
#include "base/log.h"
#include "engine/account.h"

#define ASK_EVERY_MS 3600000

static int64_t server_ms(const struct account *a)
{
    return clock_mono_ms() + a->ahead_ms;
}

void account_recall_quota(struct account *a, const struct taken *t)
{
    a->created = t->created;
    a->quota = a->plan_quota;
    if (a->ahead_ms == 0) /* no Date yet */
        a->ahead_ms = clock_wall_ms() - clock_mono_ms();
    a->month_ends_ms = clock_next_month_ms(server_ms(a));
    a->ask_quota_at_ms = clock_mono_ms() + ASK_EVERY_MS;
    a->deferred = a->undefer = t->deferred;
    a->news = t->configured != a->plan_quota;
    bool same_plan = t->configured == -2 || t->configured == a->plan_quota;
    if (t->refused_ago_ms >= 0 && same_plan) {
        account_quota_used_up(a);
        a->ask_quota_at_ms -= t->refused_ago_ms;
    }
}

int64_t account_quota_wait_ms(const struct account *a)
{
    int64_t month_ms = a->month_ends_ms - server_ms(a);
    int64_t ask_ms = a->ask_quota_at_ms - clock_mono_ms();
    int64_t wait_ms = ask_ms < month_ms ? ask_ms : month_ms;
    return !a->deferred ? -1 : wait_ms > 0 ? wait_ms : 0;
}

void account_created(struct account *a, int64_t jobs)
{
    a->created += jobs;
    a->asking = a->asking && jobs == 0;
    if (a->quota < 0 || a->created <= a->quota)
        return;
    LOG_INFO("the quota of new jobs has grown", log_str("account", a->config->name),
             log_int("created", a->created), log_int("quota", a->quota));
    a->quota = a->plan_quota > a->created ? a->plan_quota : -1; /* until Qudra says where it ends */
    a->undefer = a->news = true;
}

void account_quota_used_up(struct account *a)
{
    a->deferred = true;
    if (a->quota < 0 || a->created < a->quota)
        a->quota = a->created;
    a->ask_quota_at_ms = clock_mono_ms() + ASK_EVERY_MS;
    a->asking = false;
    a->news = true;
}

static void turn_month(struct account *a, int64_t now_ms)
{
    a->created = 0;
    a->quota = a->plan_quota;
    a->undefer = a->news = true;
    a->month_ends_ms = clock_next_month_ms(now_ms);
    a->ask_quota_at_ms = clock_mono_ms() + ASK_EVERY_MS;
    LOG_INFO("the quota's month has turned", log_str("account", a->config->name));
}

bool account_is_open(struct account *a, struct pg *state, bool *open, struct err *e)
{
    *open = false;
    if (a->quota >= 0)
        return true;
    if (!a->mirrors && !state_mirrors(state, a->config->name, &a->mirrors, e))
        return false;
    *open = !a->mirrors;
    return true;
}

int64_t account_quota_left(struct account *a)
{
    int64_t now_ms = server_ms(a);
    if (now_ms >= a->month_ends_ms)
        turn_month(a, now_ms);
    if (a->quota < 0)
        return INT64_MAX;
    int64_t left = a->quota - a->created - a->creating;
    if (left <= 0 && a->creating == 0 && clock_mono_ms() >= a->ask_quota_at_ms) {
        a->undefer = true; /* one of the deferred is to ask */
        a->ask_quota_at_ms = clock_mono_ms() + ASK_EVERY_MS;
        a->asking = true;
    }
    if (left <= 0 && a->asking && a->creating == 0)
        return 1;
    return left > 0 ? left : 0;
}
