/*
 * A mapping file, and a row for it: what loads has SQL, and what it makes of a row is either a job
 * that keeps the rules or a list of refusals.
 */
#include "fuzz.h"

#include "rules/mapping.h"

#define VALUES_MAX (MAPPING_MAX_KEY + COLUMN_FIELDS + JOB_FIELDS)

static char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static void write_sql(const struct mapping *m, struct arena *a)
{
    struct mapping_types types = {.changed = "timestamp with time zone",
                                  .priority = "integer",
                                  .due = "timestamp with time zone"};
    for (size_t i = 0; i < m->n_key; i++)
        types.key[i] = "integer";
    for (int q = 0; q < MAPPING_QUERIES; q++) {
        bool looks_for_changes = q == MAPPING_CHANGED || q == MAPPING_CHANGED_AFTER;
        if ((looks_for_changes && m->updated_at == NULL) ||
            (q == MAPPING_WRITE_BACK && !mapping_writes_back(m)))
            continue; /* nobody asks for it then */
        struct err e = ERR_INIT;
        HOLDS(mapping_sql(m, (enum mapping_query)q, &types, "Asia/Riyadh", a, &e) != NULL ||
              e.message[0] != '\0');
    }
}

static void apply(const struct mapping *m, const uint8_t *data, size_t size, struct arena *a)
{
    struct text values[VALUES_MAX];
    const char *text = arena_strndup(a, (const char *)data, size);
    for (size_t i = 0; i < VALUES_MAX; i++)
        values[i] = (struct text){.data = text, .len = size};
    const struct row row = {.value = values, .n = VALUES_MAX};
    struct job job;
    struct refusal refusals[JOB_MAX_REFUSALS];
    struct desired d;
    mapping_apply(m, &row, a, &job, refusals, &d, NULL);
    if (d.kind == DESIRED_JOB)
        HOLDS(job_validate(a, d.job, refusals, JOB_MAX_REFUSALS) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = fuzz_file(data, size, path, sizeof path);
    struct arena a;
    struct problems problems;
    arena_init(&a, 0);
    problems_init(&problems, &a);
    struct mapping *m = mapping_load(&a, path, no_variable, NULL, 0, &problems);
    HOLDS((m == NULL) == (problems.errors > 0));
    if (m != NULL) {
        write_sql(m, &a);
        apply(m, data, size < 4096 ? size : 4096, &a);
    }
    arena_release(&a);
    close(fd);
    return 0;
}
