/* source: what opening it tells: which database this is, and each mistake at its place. */
#include "edges/source_fixture.h"

static void test_the_identity_names_database_and_cluster(void **state)
{
    struct fixture *f = *state;
    const char *identity = NULL;
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    assert_done(source_identity(f->source, &f->arena, &identity, &err));
    const char *at = strchr(identity, '@');
    assert_non_null(strchr(identity, '/'));
    assert_non_null(at);
    assert_true(strlen(at) > 10);
}

static void refuse(struct fixture *f, const char *yaml, int line, const char *message)
{
    const struct mapping *m = load(f, yaml);
    struct source *s = NULL;
    problems_init(&f->problems, &f->arena);
    assert_err(ERR_CONFIG, source_open(&s, f->pg, m, "Asia/Riyadh", &f->problems, &err));
    assert_int_equal(f->problems.errors, 1);
    assert_non_null(strstr(f->problems.first->message, message));
    assert_null(strstr(f->problems.first->message, "database \""));
    assert_int_equal(f->problems.first->line, line);
    unlink(f->file);
}

static void test_mistakes_in_partner_sql_are_told_at_their_place(void **state)
{
    struct fixture *f = *state;
    database_run(f->admin, "CREATE TABLE qs_source.job (id int, title text, j json)");
    refuse(f, "  table: qs_source.job\n  key: nr\n  detect: scan\n", 4, "nr");
    refuse(f, "  table: qs_source.jobs\n  key: id\n  detect: scan\n", 3, "qs_source.jobs");
    refuse(f, "  table: qs_source.job\n  key: id\n  detect: scan\n  where: titel = 'x'\n", 6,
           "titel");
    refuse(f, "  table: qs_source.job\n  key: id\n  updated_at: title\n", 5, "cannot serve");
    refuse(f, "  table: qs_source.job\n  key: j\n  detect: scan\n", 4, "json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_the_identity_names_database_and_cluster),
        SOURCE_TEST(test_mistakes_in_partner_sql_are_told_at_their_place),
    };
    return cmocka_run_group_tests_name("source_open", tests, NULL, NULL);
}
