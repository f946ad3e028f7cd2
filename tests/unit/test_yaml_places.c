/* yaml: where in the file a character of a value stands, and what is told of it there. */
#include "yaml_text.h"

/* The character at each place must be the text's own: true for all that are not blank. */
static void assert_places(const char *text, const char *key)
{
    const struct yaml_node *n = yaml_get(read_good(text), key);
    int position = 0;

    for (const char *s = n->text; *s; s++) {
        const char *at = text;
        int line, column;

        if (((unsigned char)*s & 0xc0) == 0x80)
            continue;
        position++;
        if (*s == ' ' || *s == '\n')
            continue;
        yaml_place_in(n, position, &line, &column);
        for (int i = 1; i < line; i++)
            at = strchr(at, '\n') + 1;
        for (int i = 1; i < column; i++) {
            at++;
            while (((unsigned char)*at & 0xc0) == 0x80)
                at++;
        }
        if (*at != *s)
            fail_msg("character %d of \"%s\" is '%c', but %d:%d is '%c'", position, n->text, *s,
                     line, column, *at);
    }
}

static void test_characters_of_every_style_are_found(void **state)
{
    (void)state;
    assert_places("a: b\nk: CASE WHEN x  THEN y END # c\n", "k");
    assert_places("k: CASE\n  WHEN x\n\n  THEN y\n", "k");
    assert_places("k: 'it''s a  b\n  c'\n", "k");
    assert_places("k: \"a b\n   c \\\n   d\"\n", "k");
    assert_places("k: |\n  SELECT 1,\n\n    x AS \xd8\xb4\xd8\xb4, y\n  FROM t\n", "k");
    assert_places("k: |2-  # why\n    SELECT\n   x\n", "k");
    assert_places("k: >\n  SELECT a,\n  b\n\n  FROM\n    t\n  x\n", "k");
    assert_places("k: &anchor\n  # why\n  |\n  SELECT\n", "k");
    assert_places("k: &anchor 'x y'\n", "k");
    assert_places("l: {k: \xd8\xb4 x, b: c}\nk: v\n", "k");
}

static void assert_place(const struct yaml_node *n, int position, int line, int column)
{
    int l, c;

    yaml_place_in(n, position, &l, &c);
    assert_int_equal(l, line);
    assert_int_equal(c, column);
}

static void test_escapes_count_as_one_character(void **state)
{
    const struct yaml_node *root =
        read_good("k: \"a\\n\\tb \\u0634\\x20c\\\"d\\U0001f600\\\\e\"\nq: 'a''b'\n");
    const struct yaml_node *q = yaml_get(root, "q");

    (void)state;
    root = root->first;
    assert_place(root, 1, 1, 5);
    assert_place(root, 4, 1, 10);  /* b */
    assert_place(root, 6, 1, 12);  /* \u0634 */
    assert_place(root, 8, 1, 22);  /* c */
    assert_place(root, 9, 1, 23);  /* \" */
    assert_place(root, 10, 1, 25); /* d */
    assert_place(root, 13, 1, 38); /* e */
    assert_place(q, 3, 2, 8);
}

static void test_places_jump_over_expansions(void **state)
{
    const struct yaml_node *n = read_good("k: a ${KEY} $${b ${EMPTY}c\n")->first;

    (void)state;
    assert_string_equal(n->text, "a s3cret-value ${b c");
    assert_place(n, 1, 1, 4);
    assert_place(n, 3, 1, 6);
    assert_place(n, 14, 1, 6);
    assert_place(n, 16, 1, 13);
    assert_place(n, 18, 1, 16);
    assert_place(n, 20, 1, 26);
}

static void test_positions_outside_the_text_are_harmless(void **state)
{
    const struct yaml_node *n = read_good("k: abc\nl: [1]\n")->first;

    (void)state;
    assert_place(n, 0, 1, 4);
    assert_place(n, -5, 1, 4);
    assert_place(n, 4, 1, 7);
    assert_place(n, 4000, 1, 7);
    assert_place(n->next, 3, 2, 4);
}

static void test_a_problem_in_sql_underlines_its_word(void **state)
{
    const struct yaml_node *n = read_good("source:\n  query: |\n    SELECT id\n    FROM jbos\n");

    (void)state;
    yaml_problem_in(&problems, n->first->first, 16, "look", "relation \"jbos\" does not exist");
    assert_string_equal(told(), "f.yaml:4:10: relation \"jbos\" does not exist\n"
                                "    4 |     FROM jbos\n"
                                "      |          ^^^^\n"
                                "      hint: look\n");
}

static void test_a_problem_in_an_expansion_underlines_the_reference(void **state)
{
    const struct yaml_node *n = read_good("k: a > ${KEY} x\n");

    (void)state;
    yaml_problem_in(&problems, n->first, 9, NULL, "m");
    assert_string_equal(told(), "f.yaml:1:8: m\n    1 | k: a > ${KEY} x\n"
                                "      |        ^^^^^^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        YAML_TEST(test_characters_of_every_style_are_found),
        YAML_TEST(test_escapes_count_as_one_character),
        YAML_TEST(test_places_jump_over_expansions),
        YAML_TEST(test_positions_outside_the_text_are_harmless),
        YAML_TEST(test_a_problem_in_sql_underlines_its_word),
        YAML_TEST(test_a_problem_in_an_expansion_underlines_the_reference),
    };
    return cmocka_run_group_tests_name("yaml_places", tests, NULL, NULL);
}
