/*
 * What happens next, as a table of sentences and one function for each state a row can be in.
 */
#include <string.h>

#include "base/clock.h"
#include "commands/explain.h"
#include "commands/rows.h"

const struct next_rule next_rules[NEXTS] = {
    [NEXT_NOTHING] = {"nothing", false, false, "Nothing: Qudra holds what the mapping wants.",
                      "لا شيء: لدى قدرة ما يطلبه التعيين."},
    [NEXT_NEVER] = {"never", false, false,
                    "Nothing: the row counts as removed, and Qudra has no open job of it.",
                    "لا شيء: الصف يُعد محذوفًا وليس له وظيفة مفتوحة لدى قدرة."},
    [NEXT_FOUND] = {"found_by_next_pass", false, true,
                    "The next pass finds the difference, and then it is sent.",
                    "تكتشف الجولة القادمة الفرق ثم يُرسل."},
    [NEXT_REFUSAL_FOUND] =
        {"refused_by_next_pass", true, false,
         "Nothing is sent: mend the row or the mapping. The next pass records the "
         "refusal.",
         "لن يُرسل شيء: أصلح الصف أو التعيين. تسجل الجولة القادمة الرفض."},
    [NEXT_GONE_FOUND] =
        {"removed_by_next_scan", false, true,
         "When the next whole pass ends, the removal guard decides over all rows that "
         "are gone; then its job is closed or deleted.",
         "عند نهاية الجولة الكاملة القادمة يفصل حارس الحذف في كل الصفوف المفقودة، ثم "
         "تُغلق وظيفتها أو تُحذف."},
    [NEXT_SENT] = {"sent", false, true, "It is sent as soon as its turn comes within the limit.",
                   "يُرسل حالما يأتي دوره ضمن الحد."},
    [NEXT_SENT_AGAIN] = {"sent_again", false, true, "It is tried again.", "تُعاد المحاولة."},
    [NEXT_ACCOUNT] =
        {"account", true, false,
         "A person must act: its account is stopped, and `status` says why. Then it is "
         "sent.",
         "يجب أن يتصرف شخص: حسابه متوقف، و`status` يبين السبب. ثم يُرسل."},
    [NEXT_ANSWER] =
        {"answer", false, true,
         "Its create is on its way and Qudra's answer decides. Should the answer be lost, "
         "the agent looks into Qudra's list before anything is sent again.",
         "طلب إنشائه في الطريق وجواب قدرة يحسم. إن ضاع الجواب بحث الوكيل في قائمة قدرة قبل "
         "إرسال أي شيء مجددًا."},
    [NEXT_LOOKUP] =
        {"lookup", false, true,
         "The answer to its create was lost: the agent looks for the job in Qudra's list, "
         "and sends it again only when it is certain that there is none.",
         "ضاع جواب إنشائه: يبحث الوكيل عن الوظيفة في قائمة قدرة ولا يرسلها مجددًا إلا بعد "
         "التأكد من عدم وجودها."},
    [NEXT_AMBIGUOUS] = {"ambiguous", true, false,
                        "A person must decide: several jobs at Qudra may be this row's.",
                        "يجب أن يقرر شخص: قد تكون أكثر من وظيفة لدى قدرة لهذا الصف."},
    [NEXT_QUOTA] = {"quota", false, true,
                    "It is created when the month's quota turns or the plan grows, in the order of "
                    "priority.",
                    "يُنشأ عند تجدد حصة الشهر أو توسيع الخطة، بحسب الأولوية."},
    [NEXT_RELEASE] =
        {"release", true, false,
         "A person must decide: the removal guard holds its removal, since too many rows "
         "went at once.",
         "يجب أن يقرر شخص: حارس الحذف يمنع حذفه لأن صفوفًا كثيرة فُقدت دفعة واحدة."},
    [NEXT_KEPT] = {"kept", false, true, "The row is there again: the next pass keeps its job.",
                   "عاد الصف: تُبقي الجولة القادمة وظيفته."},
    [NEXT_MEND] =
        {"mend", true, false,
         "A person must mend the row or the mapping; it is looked at again when it changes.",
         "يجب أن يصلح شخص الصف أو التعيين، ويُنظر فيه مجددًا عندما يتغير."},
    [NEXT_MEND_OR_RETRY] =
        {"mend_or_retry", true, false,
         "A person must mend the row, or whatever else Qudra complains of and then "
         "put it back in line.",
         "يجب أن يصلح شخص الصف، أو ما تشكو منه قدرة ثم يعيده إلى الدور."},
    [NEXT_EMBEDDING] = {"embedding", false, false,
                        "Nothing here: Qudra is making its embedding; then it can be matched.",
                        "لا شيء هنا: قدرة تُعد تمثيل الوظيفة، ثم تصبح قابلة للمطابقة."},
    [NEXT_EMBEDDING_FAILED] =
        {"embedding_failed", true, false,
         "A person must act: Qudra could not make its embedding. Change its text, "
         "or ask Qudra's support.",
         "يجب أن يتصرف شخص: لم تتمكن قدرة من إعداد تمثيل الوظيفة. غيّر نصها أو "
         "اسأل دعم قدرة."},
};

/* ---- one function for each kind of state ----------------------------------------------------- */

static bool is_recorded_as(const struct explanation *x, enum row_state state)
{
    return x->recorded != NULL && strcmp(x->recorded->state, row_state_names[state]) == 0;
}

/* Nothing stands in the way: what the decision says. */
static enum next_kind by_decision(const struct explanation *x)
{
    switch (x->desired.kind) {
    case DESIRED_REFUSED:
        return NEXT_REFUSAL_FOUND;
    case DESIRED_GONE:
        return x->op.kind == OP_NONE ? NEXT_NEVER : NEXT_GONE_FOUND;
    case DESIRED_JOB:
        return x->op.kind == OP_NONE ? NEXT_NOTHING : NEXT_FOUND;
    case DESIRED_UNREAD:
        BUG("a row was not read");
    }
    BUG("desired of kind %d", (int)x->desired.kind);
}

static enum next_kind of_synced(const struct explanation *x)
{
    const char *embedding = x->recorded->embedding_status;
    enum next_kind next = by_decision(x);
    if (next != NEXT_NOTHING || embedding == NULL)
        return next;
    if (strcmp(embedding, "failed") == 0)
        return NEXT_EMBEDDING_FAILED;
    return strcmp(embedding, "processing") == 0 && x->recorded->match_ready != 1 ? NEXT_EMBEDDING
                                                                                 : next;
}

static enum next_kind of_pending(struct explanation *x)
{
    const char *op = x->recorded->operation;
    bool removal = op != NULL && (strcmp(op, "close") == 0 || strcmp(op, "delete") == 0);
    int64_t at;
    if (x->recorded->gone_at != NULL && !removal)
        return NEXT_GONE_FOUND;
    if (x->desired.kind == DESIRED_REFUSED)
        return NEXT_REFUSAL_FOUND;
    if (x->is_stopped) {
        x->command = "qudra-sync status";
        return NEXT_ACCOUNT;
    }
    if (x->recorded->next_attempt_at == NULL ||
        !clock_parse_rfc3339(x->recorded->next_attempt_at, &at) || at <= x->wall_ms)
        return NEXT_SENT;
    x->next_at = x->recorded->next_attempt_at;
    return NEXT_SENT_AGAIN;
}

static enum next_kind of_refused(struct explanation *x, struct arena *a)
{
    if (x->desired.kind == DESIRED_REFUSED)
        return NEXT_MEND;
    if (x->op.kind != OP_NONE && x->desired.kind == DESIRED_JOB)
        return NEXT_FOUND; /* it has changed since */
    x->command = arena_printf(a, "qudra-sync retry %s '%s'", x->mapping->name, x->key);
    return NEXT_MEND_OR_RETRY;
}

static enum next_kind of_held(struct explanation *x, struct arena *a)
{
    if (x->desired.kind != DESIRED_GONE)
        return NEXT_KEPT;
    x->command = arena_printf(a, "qudra-sync release %s '%s'", x->mapping->name, x->key);
    return NEXT_RELEASE;
}

static enum next_kind of_uncertain(struct explanation *x)
{
    if (!rows_is_ambiguous(x->recorded->error_code))
        return NEXT_LOOKUP;
    x->command = "qudra-sync reconcile";
    return NEXT_AMBIGUOUS;
}

static enum next_kind next_of(struct explanation *x, struct arena *a)
{
    if (is_recorded_as(x, ROW_PENDING))
        return of_pending(x);
    if (is_recorded_as(x, ROW_SENDING))
        return NEXT_ANSWER;
    if (is_recorded_as(x, ROW_SYNCED))
        return of_synced(x);
    if (is_recorded_as(x, ROW_REFUSED))
        return of_refused(x, a);
    if (is_recorded_as(x, ROW_UNCERTAIN))
        return of_uncertain(x);
    if (is_recorded_as(x, ROW_HELD))
        return of_held(x, a);
    if (is_recorded_as(x, ROW_DEFERRED) && x->desired.kind == DESIRED_JOB) {
        x->next_at = clock_print_rfc3339(a, clock_next_month_ms(x->wall_ms));
        return NEXT_QUOTA;
    }
    return by_decision(x);
}

void explain_next(struct explanation *x, struct arena *a)
{
    x->next = next_of(x, a);
    if (x->command == NULL && next_rules[x->next].agent && !x->agent_runs)
        x->command = "systemctl start qudra-sync";
}
