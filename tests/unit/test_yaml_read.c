/* yaml: what is read, from a text or a file, with variables in its values. */
#include "yaml_text.h"

#include <stdlib.h>
#include <unistd.h>

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

/* ---- variables ------------------------------------------------------------------------------ */

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
                                "      hint: set it in the environment\n");
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

/* ---- files ---------------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        YAML_TEST(test_scalars_lists_and_maps_are_read),
        YAML_TEST(test_nodes_know_their_place),
        YAML_TEST(test_an_empty_file_has_no_root),
        YAML_TEST(test_a_byte_order_mark_is_no_character),
        YAML_TEST(test_aliases_are_unfolded),
        YAML_TEST(test_variables_are_expanded_in_values),
        YAML_TEST(test_an_unset_variable_is_told_at_its_place),
        YAML_TEST(test_a_torn_reference_is_told),
        YAML_TEST(test_a_file_is_loaded),
        YAML_TEST(test_a_missing_file_is_a_problem),
    };
    return cmocka_run_group_tests_name("yaml_read", tests, NULL, NULL);
}
