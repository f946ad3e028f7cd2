/*
 * What an account says of itself to the state, for `status` and `plan`: the window and the quota as
 * Qudra's last answers left them, and what a person must end.
 *
 * Only an answer makes news: windows that pass by while nothing is sent are reckoned by the reader,
 * so an idle agent writes nothing. Trouble that an earlier agent left behind stays until Qudra has
 * shown that it is over.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "engine/account.h"
#include "formats/json.h"

/* ---- trouble -----------------------------------------------------------------------------------
 */

static enum account_trouble trouble_of(const struct account *a)
{
    if (a->key == NULL)
        return TROUBLE_NO_KEY;
    if (a->jobs_missing)
        return TROUBLE_JOBS;
    if (a->stopped)
        return TROUBLE_KEY;
    return a->accepted ? TROUBLE_NONE : a->told;
}

static bool tell_trouble(struct account *a, struct pg *state, struct err *e)
{
    enum account_trouble now = trouble_of(a);
    char text[sizeof a->stop_reason + 32];
    bool changed;
    if (now == a->told)
        return true;
    const char *what = now == TROUBLE_KEY      ? "Qudra refuses the key: "
                       : now == TROUBLE_NO_KEY ? "there is no key: "
                                               : "";
    snprintf(text, sizeof text, "%s%s", what, a->stop_reason);
    if (!state_trouble(state, &a->lease, now == TROUBLE_NONE ? NULL : text, &changed, e))
        return false;
    a->told = now;
    if (changed && now == TROUBLE_NONE)
        LOG_INFO("account goes on: its trouble is over", log_str("account", a->config->name));
    return true;
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static void put_int(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_write_int(w, n);
}

static void put_time(struct json_writer *w, const char *key, int64_t ms, struct arena *arena)
{
    json_key(w, key);
    json_write_str(w, clock_print_rfc3339(arena, ms));
}

static void write_limits(struct account *a, int64_t now_ms, struct arena *arena, struct buf *out)
{
    struct limiter_view v;
    struct json_writer w;
    char mark[SECRET_MARK_SIZE];
    limiter_view(a->limiter, now_ms, &v);
    json_writer_init(&w, out);
    json_open_object(&w);
    put_int(&w, "limit", v.limit);
    put_int(&w, "left", v.left);
    put_int(&w, "used", v.used);
    put_time(&w, "resets_at", clock_wall_ms() + v.resets_in_ms, arena);
    json_key(&w, "learned");
    json_write_bool(&w, v.learned);
    put_int(&w, "requests_a_minute", (int64_t)v.a_minute);
    json_key(&w, "plan");
    json_write_str(&w, a->config->plan);
    put_int(&w, "quota", a->quota);
    put_int(&w, "configured_quota", a->plan_quota);
    secret_mark(a->key, mark);
    json_key(&w, "key");
    json_write_str(&w, mark);
    put_int(&w, "created", a->created);
    put_time(&w, "quota_turns_at",
             a->month_ends_ms - a->ahead_ms - clock_mono_ms() + clock_wall_ms(), arena);
    json_close_object(&w);
}

static bool tell_limits(struct account *a, struct pg *state, int64_t now_ms, struct err *e)
{
    struct buf out = BUF_INIT(4096);
    struct arena arena;
    arena_init(&arena, 0);
    write_limits(a, now_ms, &arena, &out);
    bool ok = state_limits(state, &a->lease, buf_str(&out), e);
    arena_release(&arena);
    buf_release(&out);
    a->news = a->news && !ok;
    a->tell_at_ms = now_ms + ACCOUNT_TELL_MS;
    return ok;
}

/* ---- both --------------------------------------------------------------------------------------
 */

bool account_tell(struct account *a, struct pg *state, int64_t now_ms, bool at_once, struct err *e)
{
    if (!a->held)
        return true;
    return tell_trouble(a, state, e) &&
           (!a->news || a->key == NULL || (!at_once && now_ms < a->tell_at_ms) ||
            tell_limits(a, state, now_ms, e));
}

int64_t account_tell_wait_ms(const struct account *a, int64_t now_ms)
{
    if (trouble_of(a) != a->told)
        return 0;
    if (!a->news || a->key == NULL)
        return -1;
    return a->tell_at_ms > now_ms ? a->tell_at_ms - now_ms : 0;
}
