/* yaml: what is read, what is refused, and where in the file each thing stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/yaml.h"

static struct arena arena;
static struct problems problems;

static char *lookup(const char *name)
{
    static char key[] = "s3cret-value", empty[] = "", arabic[] = "\xd8\xac\xd8\xaf\xd8\xa9",
                again[] = "${KEY}";

    if (!strcmp(name, "KEY"))
        return key;
    if (!strcmp(name, "EMPTY"))
        return empty;
    if (!strcmp(name, "CITY_2"))
        return arabic;
    return !strcmp(name, "AGAIN") ? again : NULL;
}

static const struct yaml_node *read_bytes(const char *text, size_t len)
{
    return yaml_read("f.yaml", text, len, lookup, &problems)->root;
}

static const struct yaml_node *read_any(const char *text)
{
    return read_bytes(text, strlen(text));
}

static const char *told(void)
{
    static char text[16384];
    FILE *f = fmemopen(text, sizeof(text), "w");

    problems_print(&problems, f, false);
    fclose(f);
    return problems.first ? text : "";
}

static const struct yaml_node *read_good(const char *text)
{
    const struct yaml_node *n = read_any(text);

    assert_string_equal(told(), "");
    assert_non_null(n);
    return n;
}

static void assert_problem(int line, int column, const char *message)
{
    const struct problem *p = problems.first;

    if (!p || p->line != line || p->column != column || strcmp(p->message, message) != 0)
        fail_msg("expected %d:%d: %s, got\n%s", line, column, message, told());
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void test_scalars_lists_and_maps_are_read(void **state)
{
    const struct yaml_node *root =
        read_good("a: 1\nlist:\n  - x\n  - {k: v}\nq: 'null'\nn:\nb: |\n  t\n");
    const struct yaml_node *list = yaml_get(root, "list");

    (void)state;
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 5);
    assert_string_equal(yaml_get(root, "a")->text, "1");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->first->text, "x");
    assert_string_equal(yaml_get(list->first->next, "k")->text, "v");
    assert_true(yaml_get(root, "q")->quoted);
    assert_false(yaml_is_null(yaml_get(root, "q")));
    assert_true(yaml_is_null(yaml_get(root, "n")));
    assert_true(yaml_is_null(yaml_get(root, "absent")));
    assert_true(yaml_get(root, "b")->block);
    assert_null(yaml_get(list, "k"));
    assert_null(yaml_get(NULL, "k"));
}

static void test_nodes_know_their_place(void **state)
{
    const struct yaml_node *root =
        read_good("# c\n\xd8\xb9: {column: \xd8\xb4\xd8\xb4, x: [aa, bb]}\nk:   \"v v\" # c\n");
    const struct yaml_node *map = root->first;
    const struct yaml_node *bb = yaml_get(map, "x")->first->next;

    (void)state;
    assert_int_equal(map->key->line, 2);
    assert_int_equal(map->key->column, 1);
    assert_int_equal(map->column, 4);
    assert_int_equal(yaml_get(map, "column")->column, 13);
    assert_int_equal(yaml_get(map, "column")->width, 2);
    assert_int_equal(bb->line, 2);
    assert_int_equal(bb->column, 25);
    assert_int_equal(bb->width, 2);
    assert_int_equal(map->next->line, 3);
    assert_int_equal(map->next->column, 6);
    assert_int_equal(map->next->width, 5);
}

static void test_an_empty_file_has_no_root(void **state)
{
    (void)state;
    assert_null(read_any(""));
    assert_null(read_any("# only a comment\n"));
    assert_int_equal(problems.errors, 0);
    assert_true(yaml_is_null(read_good("---\n")));
}

static void test_a_byte_order_mark_is_no_character(void **state)
{
    const struct yaml_node *root = read_good("\xef\xbb\xbfkey: v\n");

    (void)state;
    assert_string_equal(root->first->key->text, "key");
    assert_int_equal(root->first->column, 6);
}

static void test_aliases_are_unfolded(void **state)
{
    const struct yaml_node *root =
        read_good("a: &x {k: [1, 2]}\nb: *x\nc: &y\n  # why\n  text\nd: [*y, *y]\n");

    (void)state;
    assert_int_equal(yaml_get(yaml_get(root, "b"), "k")->count, 2);
    assert_string_equal(yaml_get(root, "b")->key->text, "b");
    assert_string_equal(yaml_get(root, "a")->key->text, "a");
    assert_int_equal(yaml_get(root, "c")->line, 5);
    assert_int_equal(yaml_get(root, "c")->column, 3);
    assert_string_equal(yaml_get(root, "d")->first->next->text, "text");
    assert_null(yaml_get(root, "d")->first->next->next);
}

/* ---- refusing ---------------------------------------------------------------------------------
 */

static void test_a_billion_laughs_are_not_funny(void **state)
{
    struct buf text = BUF_INIT(100000);

    (void)state;
    buf_addstr(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
        buf_addstr(&text, "]\n");
    }
    assert_null(read_any(buf_str(&text)));
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.first->message, "the file holds too many values");
    buf_release(&text);
}

static void test_a_node_cannot_contain_itself(void **state)
{
    (void)state;
    assert_null(read_any("a: &x [1, *x]\n"));
    assert_problem(1, 11, "unknown anchor \"x\"");
}

static void test_depth_is_limited(void **state)
{
    static char text[1001];

    (void)state;
    memset(text, '[', 1000);
    assert_null(read_any(text));
    assert_problem(1, 65, "nested too deeply");
}

static void test_a_key_given_twice_is_told_with_both_places(void **state)
{
    (void)state;
    assert_non_null(read_any("a: 1\nb: 2\n\"a\": 3\n"));
    assert_string_equal(told(), "f.yaml:3:1: key \"a\" is given twice\n"
                                "    3 | \"a\": 3\n"
                                "      | ^^^\n"
                                "      hint: it stands first on line 1\n");
}

static void test_all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    assert_non_null(read_any("a: !!str 1\n<<: {b: 2}\n[x]: 3\nc: ${NONE}\nc: 4\n"));
    assert_int_equal(problems.errors, 5);
    assert_string_equal(problems.first->message, "tags are not understood");
    assert_string_equal(problems.first->next->message, "merge keys are not understood");
    assert_string_equal(problems.first->next->next->message, "a key must be plain text");
}

static void test_what_cannot_be_parsed_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text;
        int line, column;
        const char *message;
    } cases[] = {
        {"a:\n\tb: 1\n", 2, 1, "a tab is used for indentation"},
        {"a: b: c\n", 1, 5, "a \":\" stands where no key can be"},
        {"a: 1\nb\nc: 2\n", 3, 1, "a key without its \":\""},
        {"x: 1\na: \"abc\n", 2, 4, "the file ends inside a quoted value"},
        {"a: \"\\q\"\n", 1, 5, "unknown escape after \"\\\" in double quotes"},
        {"a: {u: ${KEY}}\n", 1, 9, "\"${\" inside { } or [ ] must be quoted"},
        {"a: @x\n", 1, 4, "a value cannot begin with this character"},
        {"a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"},
        {"a: x\xff\n", 1, 5, "the file is not UTF-8"},
        {"\xd8\xb4: 1\nb: \x01\n", 2, 4, "control characters are not allowed"},
        {"a: \"x\\0y\"\n", 1, 4, "the value holds a NUL character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        problems_init(&problems, &arena);
        assert_null(read_any(cases[i].text));
        assert_problem(cases[i].line, cases[i].column, cases[i].message);
        assert_int_equal(problems.errors, 1);
    }
}

static void test_every_torn_file_is_read_or_told(void **state)
{
    static const char text[] =
        "a: &x {k: [1, 'it''s', \"\\u0634${KEY}\"]}\nb: |2-\n   text\nc: *x\n"
        "\xd8\xb4: >\n  folded\n  text\n";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++)
        read_bytes(text, len);
}

/* ---- variables --------------------------------------------------------------------------------
 */

static void test_variables_are_expanded_in_values(void **state)
{
    const struct yaml_node *root = read_good(
        "a: ${KEY}\nb: \"x${KEY}y${CITY_2}z\"\nc: '${KEY}'\nd: |\n  ${KEY}\n${KEY}: e\nf: $${KEY}\n"
        "g: ${NONE:-d e}\nh: ${NONE:-}\ni: ${EMPTY}\nj: ${EMPTY:-d}\nk: ${KEY:-d}\nl: $5 $ {\n"
        "m: ${AGAIN}\n");

    (void)state;
    assert_string_equal(yaml_get(root, "a")->text, "s3cret-value");
    assert_string_equal(yaml_get(root, "b")->text, "xs3cret-valuey\xd8\xac\xd8\xaf\xd8\xa9z");
    assert_string_equal(yaml_get(root, "c")->text, "${KEY}");
    assert_string_equal(yaml_get(root, "d")->text, "${KEY}\n");
    assert_string_equal(yaml_get(root, "${KEY}")->text, "e");
    assert_string_equal(yaml_get(root, "f")->text, "${KEY}");
    assert_string_equal(yaml_get(root, "g")->text, "d e");
    assert_true(yaml_is_null(yaml_get(root, "h")));
    assert_true(yaml_is_null(yaml_get(root, "i")));
    assert_string_equal(yaml_get(root, "j")->text, "d");
    assert_string_equal(yaml_get(root, "k")->text, "s3cret-value");
    assert_string_equal(yaml_get(root, "l")->text, "$5 $ {");
    assert_string_equal(yaml_get(root, "m")->text, "${KEY}");
}

static void test_an_unset_variable_is_told_at_its_place(void **state)
{
    (void)state;
    read_any("a: 1\nb: \"\xd8\xb4 ${NONE} x\"\n");
    assert_string_equal(told(), "f.yaml:2:7: the variable \"NONE\" is not set\n"
                                "    2 | b: \"\xd8\xb4 ${NONE} x\"\n"
                                "      |       ^^^^^^^\n"
                                "      hint: set it, or write ${NONE:-default}\n");
}

static void test_a_torn_reference_is_told(void **state)
{
    static const char *const cases[] = {"a: ${KEY\n", "a: ${}\n", "a: ${1}\n", "a: ${A-B}\n",
                                        "a: ${A B}\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        problems_init(&problems, &arena);
        read_any(cases[i]);
        assert_problem(1, 4, "\"${\" begins no variable");
    }
}

/* ---- places inside texts ----------------------------------------------------------------------
 */

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

/* ---- getters ----------------------------------------------------------------------------------
 */

static void test_keys_that_are_unknown_find_their_neighbour(void **state)
{
    static const char *const known[] = {"column", "sql", "transform"};

    (void)state;
    yaml_check_keys(&problems, read_any("colum: x\nsql: y\nelse: z\n"), "a field", known, 3);
    assert_string_equal(told(), "f.yaml:1:1: unknown key \"colum\" in a field\n"
                                "    1 | colum: x\n"
                                "      | ^^^^^\n"
                                "      hint: did you mean \"column\"?\n"
                                "f.yaml:3:1: unknown key \"else\" in a field\n"
                                "    3 | else: z\n"
                                "      | ^^^^\n"
                                "      hint: known here: column, sql or transform\n");
    problems_init(&problems, &arena);
    yaml_check_keys(&problems, NULL, "a field", known, 3);
    assert_int_equal(problems.errors, 0);
    yaml_check_keys(&problems, read_any("[x]"), "a field", known, 3);
    assert_problem(1, 1, "expected a map, found a list");
}

static void test_typed_getters_take_what_fits(void **state)
{
    static const char *const plans[] = {"free", "growth", "scale"};
    const struct yaml_node *n =
        read_good("i: -12\nb: true\nd: 1m30s\nc: growth\nt: text\nq: \"8\"\n")->first;
    const char *text;
    int64_t i;
    bool b;
    int c;

    (void)state;
    assert_true(yaml_int(&problems, n, -12, 12, &i));
    assert_int_equal(i, -12);
    assert_true(yaml_bool(&problems, n = n->next, &b));
    assert_true(b);
    assert_true(yaml_duration(&problems, n = n->next, 0, 90000, &i));
    assert_int_equal(i, 90000);
    assert_true(yaml_choice(&problems, n = n->next, plans, 3, &c));
    assert_int_equal(c, 1);
    assert_true(yaml_text(&problems, n = n->next, &text));
    assert_string_equal(text, "text");
    assert_true(yaml_int(&problems, n->next, INT64_MIN, INT64_MAX, &i));
    assert_int_equal(i, 8);
    assert_int_equal(problems.errors, 0);
}

static void test_typed_getters_say_what_they_expected(void **state)
{
    static const char *const plans[] = {"free", "growth", "scale"};
    const struct yaml_node *n =
        read_any("a: 13\nb: yes\nc: 30\nd: 1d\ne: grwoth\nf: [x]\ng:\nh: 1x\n"
                 "i: 99999999999999999999\nj: {x: y}\n")
            ->first;
    const char *text;
    int64_t i;
    bool b;
    int c;

    (void)state;
    assert_false(yaml_int(&problems, n, 1, 12, &i));
    assert_false(yaml_bool(&problems, n = n->next, &b));
    assert_false(yaml_duration(&problems, n = n->next, 0, 1000, &i));
    assert_false(yaml_duration(&problems, n = n->next, 1000, 90000, &i));
    assert_false(yaml_choice(&problems, n = n->next, plans, 3, &c));
    assert_false(yaml_text(&problems, n = n->next, &text));
    assert_false(yaml_text(&problems, n = n->next, &text));
    assert_false(yaml_int(&problems, n = n->next, 1, 12, &i));
    assert_false(yaml_int(&problems, n = n->next, INT64_MIN, INT64_MAX, &i));
    assert_false(yaml_choice(&problems, n->next, plans, 3, &c));
    static const char *const messages[] = {
        "expected a whole number from 1 to 12, found \"13\"",
        "expected true or false, found \"yes\"",
        "expected a duration, found \"30\"",
        "expected a duration from 1s to 1m30s, found \"1d\"",
        "expected free, growth or scale, found \"grwoth\"",
        "expected text, found a list",
        "expected text, found nothing",
        "expected a whole number from 1 to 12, found \"1x\"",
        "expected a whole number from -9223372036854775808 to 9223372036854775807, found "
        "\"99999999999999999999\"",
        "expected free, growth or scale, found a map",
    };
    const struct problem *p = problems.first;
    for (size_t m = 0; m < ARRAY_LEN(messages); m++, p = p->next)
        assert_string_equal(p->message, messages[m]);
    assert_null(p);
}

static void test_a_secret_in_the_wrong_place_is_not_told(void **state)
{
    int64_t i;

    (void)state;
    assert_false(yaml_int(&problems, read_good("a: ${KEY}\n")->first, 0, 9, &i));
    assert_problem(1, 4, "expected a whole number from 0 to 9, found \"${KEY}\"");
    assert_null(strstr(told(), "s3cret"));
}

static void test_warnings_are_no_errors(void **state)
{
    (void)state;
    yaml_warning(&problems, read_good("a: 1\n")->first, NULL, "%s", "odd");
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.warnings, 1);
    assert_string_equal(told(), "f.yaml:1:4: warning: odd\n    1 | a: 1\n      |    ^\n");
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void test_a_file_is_loaded(void **state)
{
    char path[] = "/tmp/qs-test-yaml-XXXXXX";
    int fd = mkstemp(path);
    const struct yaml_doc *doc;

    (void)state;
    assert_int_equal(write(fd, "k: v\n", 5), 5);
    doc = yaml_load(path, lookup, &problems);
    assert_string_equal(doc->file, path);
    assert_string_equal(yaml_get(doc->root, "k")->text, "v");
    assert_int_equal(ftruncate(fd, 4 * 1024 * 1024 + 1), 0);
    assert_null(yaml_load(path, lookup, &problems)->root);
    assert_problem(0, 0, "the file is larger than 4 MiB");
    close(fd);
    unlink(path);
}

static void test_a_missing_file_is_a_problem(void **state)
{
    (void)state;
    assert_null(yaml_load("/nonexistent/f.yaml", lookup, &problems)->root);
    assert_string_equal(told(), "/nonexistent/f.yaml: cannot be read: No such file or directory\n");
    problems_init(&problems, &arena);
    assert_null(yaml_load("/tmp", lookup, &problems)->root);
    assert_problem(0, 0, "cannot be read: Is a directory");
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    problems_init(&problems, &arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_scalars_lists_and_maps_are_read),
        CASE(test_nodes_know_their_place),
        CASE(test_an_empty_file_has_no_root),
        CASE(test_a_byte_order_mark_is_no_character),
        CASE(test_aliases_are_unfolded),
        CASE(test_a_billion_laughs_are_not_funny),
        CASE(test_a_node_cannot_contain_itself),
        CASE(test_depth_is_limited),
        CASE(test_a_key_given_twice_is_told_with_both_places),
        CASE(test_all_mistakes_are_told_at_once),
        CASE(test_what_cannot_be_parsed_is_told_with_its_place),
        CASE(test_every_torn_file_is_read_or_told),
        CASE(test_variables_are_expanded_in_values),
        CASE(test_an_unset_variable_is_told_at_its_place),
        CASE(test_a_torn_reference_is_told),
        CASE(test_characters_of_every_style_are_found),
        CASE(test_escapes_count_as_one_character),
        CASE(test_places_jump_over_expansions),
        CASE(test_positions_outside_the_text_are_harmless),
        CASE(test_a_problem_in_sql_underlines_its_word),
        CASE(test_a_problem_in_an_expansion_underlines_the_reference),
        CASE(test_keys_that_are_unknown_find_their_neighbour),
        CASE(test_typed_getters_take_what_fits),
        CASE(test_typed_getters_say_what_they_expected),
        CASE(test_a_secret_in_the_wrong_place_is_not_told),
        CASE(test_warnings_are_no_errors),
        CASE(test_a_file_is_loaded),
        CASE(test_a_missing_file_is_a_problem),
    };

    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
