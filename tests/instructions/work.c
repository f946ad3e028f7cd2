/*
 * work: fixed work on made-up input, for instructions.py to count.
 *
 *     work plain | html | answer | decide     does it; what is counted is done within counted()
 *     work toolchain                          what it was made with
 *
 * Each work is done once before it is counted: the first time makes what later times find ready.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnu/libc-version.h>
#include <libxml/xmlversion.h>
#include <unistring/version.h>
#include <xxhash.h>

#include "edges/qudra.h"
#include "rules/mapping.h"

#define HERE "tests/instructions/"

enum {
    ROWS = 1000,
    HTML_ROWS = 200,
    BULK = 100,
    DECISIONS = 10000,
    COLUMNS = 13,
    BODY_BYTES = 1300
};

/* All input that is made up before anything is counted. */
struct ground {
    struct arena arena, page;
    const struct mapping *mapping;
    struct row rows[ROWS];
    size_t n_rows;
    struct http_response answer;
    struct recorded recorded[DECISIONS];
    struct desired desired[DECISIONS];
    size_t done; /* so that no work is idle in the eyes of the compiler */
};

/* ---- rows ---------------------------------------------------------------------------------------
 */

static const char *const sentences[][2] = {
    {"You will prepare weekly reports, keep the schedule and meet our clients in Riyadh. ",
     "نبحث عن مهندس لديه خبرة في إدارة المشاريع والتواصل مع العملاء وإعداد التقارير. "},
    {"We offer housing, transport, yearly tickets and medical cover for the family. ",
     "نقدم سكنا وبدل نقل وتذاكر سنوية وتأمينا طبيا للعائلة وفرصا للتعلم والتطور. "},
};

static const char *body_of(struct arena *a, size_t i, bool html)
{
    struct buf b = BUF_INIT(4 * BODY_BYTES);
    for (size_t k = 0; b.len < BODY_BYTES; k++)
        buf_printf(&b, html ? "<p>%s<b>%zu</b></p>\n<ul><li>%s&amp; more</li></ul>" : "%s%zu. %s\n",
                   sentences[k % 2][i % 2], i + k, sentences[(k + 1) % 2][i % 2]);
    const char *body = arena_strndup(a, buf_str(&b), b.len);
    buf_release(&b);
    return body;
}

static void make_row(struct ground *g, size_t i, bool html)
{
    static const char *const cities[] = {"Riyadh", "Jeddah", "Dammam", "Abha"};
    static const char *const arabic[] = {"الرياض", "جدة", "الدمام", "أبها"};
    struct text *t = arena_alloc(&g->arena, COLUMNS * sizeof *t);
    struct arena *a = &g->arena;
    size_t n = 0;
    t[n++] = text_of(arena_printf(a, "%zu", i + 1));
    t[n + COLUMN_REMOVED] = text_of("f");
    t[n + COLUMN_PRIORITY] = text_of("-1767225600");
    t[n + COLUMN_CHANGED] = text_of("2026-01-01 00:00:00+00");
    n += COLUMN_FIELDS;
    t[n++] = text_of(arena_printf(a, i % 2 ? "مهندس مشاريع %zu" : "Project engineer %zu", i));
    t[n++] = text_of(body_of(a, i, html));
    t[n++] = text_of(html && i % 2 ? arabic[i % 4] : cities[i % 4]);
    t[n++] = text_of(!html ? "full_time" : i % 2 ? "دوام كامل" : "Full time");
    t[n++] = text_of(arena_printf(a, "%zu", 6000 + i));
    t[n++] = text_of(arena_printf(a, "%zu", 9000 + i));
    t[n++] = text_of("active");
    g->rows[i] = (struct row){.value = t, .n = n, .utf8 = true};
}

static char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static void make_rows(struct ground *g, const char *file, size_t n, bool html)
{
    struct problems problems;
    problems_init(&problems, &g->arena);
    g->mapping = mapping_load(&g->arena, file, no_variable, NULL, 0, &problems);
    problems_print(&problems, stderr, false);
    if (!g->mapping)
        exit(EXIT_FAILURE);
    g->n_rows = n;
    for (size_t i = 0; i < n; i++)
        make_row(g, i, html);
}

static void prepare_plain(struct ground *g)
{
    make_rows(g, HERE "plain.yaml", ROWS, false);
}

static void prepare_html(struct ground *g)
{
    make_rows(g, HERE "html.yaml", HTML_ROWS, true);
}

/* Map, check, hash, and the JSON of a request of each hundred. */
static void map_rows(struct ground *g)
{
    const struct job *jobs[BULK];
    for (size_t i = 0; i < g->n_rows; i++) {
        struct refusal refusals[JOB_MAX_REFUSALS];
        struct desired d;
        struct job *job = arena_alloc(&g->page, sizeof *job);
        mapping_apply(g->mapping, &g->rows[i], &g->page, job, refusals, &d, NULL);
        if (d.kind != DESIRED_JOB)
            BUG("row %zu is refused: %s", i, d.n_refusals ? d.refusals[0].message : "gone");
        jobs[i % BULK] = job;
        if (i % BULK < BULK - 1)
            continue;
        struct qudra_request q;
        qudra_bulk_create(&dialect_defaults, jobs, BULK, &g->page, &q);
        g->done += q.body_len;
        arena_clear(&g->page);
    }
}

/* ---- an answer ----------------------------------------------------------------------------------
 */

const char *http_header(const struct http_response *r, const char *name)
{
    (void)r, (void)name;
    return NULL;
}

static void write_result(struct json_writer *w, struct arena *a, size_t i)
{
    json_open_object(w);
    json_key(w, "index");
    json_write_int(w, (int64_t)i);
    json_key(w, "status");
    json_write_str(w, "created");
    json_key(w, "job");
    json_open_object(w);
    const char *const members[][2] = {
        {"id", arena_printf(a, "job_%024zu", i)},
        {"title", arena_printf(a, i % 2 ? "مهندس مشاريع %zu" : "Project engineer %zu", i)},
        {"description", body_of(a, i, false)},
        {"city", "Riyadh"},
        {"employment_type", "full_time"},
        {"currency", "SAR"},
        {"status", "active"},
        {"embedding_status", "processing"},
        {"qudra_url", arena_printf(a, "https://qudrah.io/jobs/%zu", i)},
        {"created_at", "2026-01-01T00:00:00.000Z"},
        {"updated_at", "2026-01-01T00:00:00.000Z"},
    };
    for (size_t m = 0; m < ARRAY_LEN(members); m++) {
        json_key(w, members[m][0]);
        json_write_str(w, members[m][1]);
    }
    json_key(w, "salary_min");
    json_write_int(w, 6000);
    json_key(w, "match_ready");
    json_write_bool(w, false);
    json_close_object(w);
    json_close_object(w);
}

static void prepare_answer(struct ground *g)
{
    struct buf b = BUF_INIT((size_t)1 << 24);
    struct json_writer w;
    json_writer_init(&w, &b);
    json_open_object(&w);
    json_key(&w, "results");
    json_open_array(&w);
    for (size_t i = 0; i < BULK; i++)
        write_result(&w, &g->arena, i);
    json_close_array(&w);
    json_close_object(&w);
    g->answer = (struct http_response){.end = HTTP_ANSWERED, .status = 201};
    g->answer.body = arena_strndup(&g->arena, buf_str(&b), b.len);
    g->answer.body_len = b.len;
    buf_release(&b);
}

static void read_answer(struct ground *g)
{
    struct outcome out[BULK];
    struct http_response answer = g->answer; /* can be read once */
    answer.body = arena_strndup(&g->page, answer.body, answer.body_len);
    qudra_outcomes(&dialect_defaults, OP_CREATE, true, BULK, &answer, &g->page, out);
    for (size_t i = 0; i < BULK; i++) {
        if (out[i].kind != OUTCOME_DONE)
            BUG("result %zu is no success", i);
        g->done += strlen(out[i].job_id);
    }
    arena_clear(&g->page);
}

/* ---- decisions ----------------------------------------------------------------------------------
 */

/* Of a hundred rows most are as they were; one each is edited, new, gone, refused, closed, sending.
 */
static void prepare_decisions(struct ground *g)
{
    for (size_t i = 0; i < DECISIONS; i++) {
        struct job *job = arena_alloc(&g->arena, sizeof *job);
        struct recorded *r = &g->recorded[i];
        struct desired *d = &g->desired[i];
        for (size_t f = 0; f < JOB_FIELDS; f++)
            job->field[f] = text_of(arena_printf(&g->arena, "%zu of %zu", f, i));
        *r = (struct recorded){.exists = i % 100 != 1,
                               .account = "default",
                               .state = i % 100 == 2 ? ROW_SENDING : ROW_SYNCED,
                               .op = OP_NONE,
                               .job_id = i % 100 == 1 ? NULL : "job_1",
                               .job_status = i % 100 == 3 ? "closed" : "active",
                               .has_desired = i % 100 != 1,
                               .has_synced = i % 100 != 1};
        job_hash(job, &r->synced);
        memcpy(r->desired_all, r->synced.all, sizeof r->desired_all);
        if (i % 100 == 4)
            job->field[JOB_TITLE] = text_of("Another title");
        *d = (struct desired){.kind = i % 100 == 5   ? DESIRED_GONE
                                      : i % 100 == 6 ? DESIRED_REFUSED
                                                     : DESIRED_JOB,
                              .job = job};
        job_hash(job, &d->hash);
    }
}

static void decide(struct ground *g)
{
    for (size_t i = 0; i < DECISIONS; i++) {
        struct op op = op_decide(&g->recorded[i], &g->desired[i], REMOVED_CLOSE);
        g->done += (size_t)op.kind + op.fields + op_mark(&g->recorded[i], &g->desired[i], op);
    }
}

/* ---- the works ----------------------------------------------------------------------------------
 */

struct work {
    const char *name;
    void (*prepare)(struct ground *g);
    void (*run)(struct ground *g);
};
static const struct work works[] = {
    {"plain", prepare_plain, map_rows},
    {"html", prepare_html, map_rows},
    {"answer", prepare_answer, read_answer},
    {"decide", prepare_decisions, decide},
};

void counted(const struct work *w, struct ground *g);
__attribute__((noinline)) void counted(const struct work *w, struct ground *g)
{
    w->run(g);
}

static void print_toolchain(void)
{
    printf("gcc %s, glibc %s, libxml2 %s, xxhash %u, libunistring %x\n", __VERSION__,
           gnu_get_libc_version(), LIBXML_DOTTED_VERSION, XXH_versionNumber(),
           (unsigned)_libunistring_version);
}

static int measure(const struct work *w)
{
    struct ground *g = mem_alloc(sizeof *g);
    arena_init(&g->arena, 0);
    arena_init(&g->page, 256 * 1024);
    w->prepare(g);
    w->run(g);
    counted(w, g);
    bool done = g->done > 0;
    arena_release(&g->page);
    arena_release(&g->arena);
    mem_free(g);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    if (strcmp(name, "toolchain") == 0) {
        print_toolchain();
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < ARRAY_LEN(works); i++)
        if (strcmp(name, works[i].name) == 0)
            return measure(&works[i]);
    fprintf(stderr, "work: no work \"%s\"\n", name);
    return EXIT_FAILURE;
}
