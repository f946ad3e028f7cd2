/*
 * One table: a partner's staff read these in `rows --lang ar` beside Qudra's own.
 */
#include "edges/qudra_texts.h"

static const struct {
    const char *code, *en, *ar;
} texts[QUDRA_TEXTS] = {
    [QUDRA_UNREACHABLE] = {"unreachable", "Qudra could not be reached; nothing was sent",
                           "تعذّر الوصول إلى قدرة، ولم يُرسَل شيء"},
    [QUDRA_TIMEOUT] = {"timeout", "Qudra did not answer in time", "لم ترد قدرة في الوقت المحدد"},
    [QUDRA_CONNECTION_LOST] = {"connection_lost", "the connection was lost before an answer came",
                               "انقطع الاتصال قبل وصول الرد"},
    [QUDRA_TORN_BODY] = {"torn_body", "the answer was incomplete or could not be read",
                         "وصل الرد ناقصًا أو تعذّرت قراءته"},
    [QUDRA_UNMATCHED] = {"unmatched",
                         "the answer to the bulk request does not say with certainty "
                         "what became of this row",
                         "لا يبيّن رد الطلب المجمّع على وجه اليقين ما آل إليه هذا السجل"},
    [QUDRA_NO_ID] = {"no_id", "the answer holds no job id", "لا يحتوي الرد على معرّف الوظيفة"},
    [QUDRA_CONTRADICTION] = {"contradiction", "the answer names both a job and a failure",
                             "يذكر الرد وظيفةً وفشلًا معًا"},
    [QUDRA_NO_REASON] = {"refused", "Qudra refused the job without giving a reason",
                         "رفضت قدرة الوظيفة دون ذكر السبب"},
    [QUDRA_HTTP_STATUS] = {"http_status", "Qudra, or a proxy before it, answered with HTTP status",
                           "ردّت قدرة، أو وسيط قبلها، برمز الحالة HTTP"},
};

void qudra_texts_say(struct outcome *o, enum qudra_text text, int status, struct arena *a)
{
    o->code = texts[text].code;
    o->message = texts[text].en;
    o->message_ar = texts[text].ar;
    if (text != QUDRA_HTTP_STATUS)
        return;
    o->code = arena_printf(a, "%s_%d", texts[text].code, status);
    o->message = arena_printf(a, "%s %d", texts[text].en, status);
    o->message_ar = arena_printf(a, "%s %d", texts[text].ar, status);
}
