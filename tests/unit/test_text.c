/*
 * Literal strings in, literal strings out. What a cut must never do to Markdown is checked over
 * every possible length of one text that holds all constructs, not only at the lengths somebody
 * thought of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/text.h"
#include "formats/text_utf8.h"

static struct arena arena;

static void same(struct text t, const char *expected)
{
    assert_non_null(t.data);
    struct text copy = {.data = arena_strndup(&arena, t.data, t.len), .len = t.len};
    assert_string_equal(copy.data, expected);
    assert_int_equal(t.len, strlen(expected));
}

#define SAME(function, in, out) same(function(&arena, text_of(in)), out)

static void test_only_valid_utf8_is_valid(void **state)
{
    (void)state;
    assert_int_equal(text_utf8_valid("a\xD8\xA7\xF0\x9F\x98\x80", 7), 7);
    assert_int_equal(text_utf8_valid("ab\xC0\x80", 4), 2);
    assert_int_equal(text_utf8_valid("\xED\xA0\x80", 3), 0);
    assert_int_equal(text_utf8_valid("\xF4\x90\x80\x80", 4), 0);
    assert_int_equal(text_utf8_valid("x\xD8", 2), 1);
    assert_int_equal(text_utf8_valid("", 0), 0);
}

static void test_characters_are_code_points(void **state)
{
    (void)state;
    assert_int_equal(text_characters(text_of("aس😀")), 3);
    assert_int_equal(text_characters(TEXT_NONE), 0);
}

static void test_trim_drops_every_kind_of_space_at_the_ends(void **state)
{
    (void)state;
    same(text_trim(text_of(" \t\r\n\u00A0\u200B\uFEFFa b\u200F\u3000\u2028 ")), "a b");
    same(text_trim(text_of(" \u00A0 ")), "");
    assert_null(text_trim(TEXT_NONE).data);
}

static void test_collapse_leaves_one_blank(void **state)
{
    (void)state;
    SAME(text_collapse, "  a \n\t b\u00A0\u00A0c ", "a b c");
    SAME(text_collapse, "a\tb", "a b");
    struct text clean = text_of("a b");
    assert_ptr_equal(text_collapse(&arena, clean).data, clean.data);
}

static void test_clean_mends_what_copying_leaves(void **state)
{
    (void)state;
    SAME(text_clean, "a\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne");
    SAME(text_clean, "a\u00A0b\u202Fc\td", "a b c\td");
    SAME(text_clean, "a\u200Bb\u202Ec\uFEFFd\u00ADe\u2066f\u061Cg", "abcdefg");
    SAME(text_clean, "a\uF0B7b\x01\x7F\xC2\x85\x63", "ab\nc");
    SAME(text_clean, "e\u0301", "é");
    SAME(text_clean, "\u0627\u0653", "آ");
    SAME(text_clean, "ﻣﺮﺣﺒﺎ ﷲ", "مرحبا الله");
    SAME(text_clean, "\uFE76", "\u064E");
    SAME(text_clean, "m² ½ ﬁ", "m² ½ ﬁ");
    SAME(text_clean, "\u0628\u0651\u064E", "\u0628\u064E\u0651");
    SAME(text_clean, "\u200B", "");
}

/* Long text is looked through in steps, which must not show. */
static void test_clean_finds_what_it_mends_wherever_it_stands(void **state)
{
    static const char base[] = "engineer, \u0645\u0647\u0646\u062f\u0633 \u0645\u0634\u0627\u0631"
                               "\u064a\u0639\u060c \u0660\u0661 and \u0627\u0644\u0631\u064a\u0627"
                               "\u0636 \u2013 more\nof it";
    static const char *const odd[] = {"\u200b", "\x01", "\u061c", "\uf0b7", "\x7f"};
    (void)state;
    for (size_t at = 0; at < sizeof base; at++)
        for (size_t i = 0; i < ARRAY_LEN(odd) && ((unsigned char)base[at] & 0xC0) != 0x80; i++) {
            const char *text = arena_printf(&arena, "%.*s%s%s", (int)at, base, odd[i], base + at);
            assert_string_equal(text_clean(&arena, text_of(text)).data, base);
        }
}

static const char *two(unsigned first, unsigned second)
{
    struct buf b = BUF_INIT(16);
    text_utf8_add(&b, first);
    text_utf8_add(&b, second);
    const char *text = arena_strdup(&arena, buf_str(&b));
    buf_release(&b);
    return text;
}

static void assert_clean_alike(const char *pair)
{
    static const char around[] =
        "\u0645\u0647\u0646\u062f\u0633\u0645\u0634\u0627\u0631\u064a\u0639";
    char *text = arena_printf(&arena, "\u0645%s\u0645", pair);
    const char *alone = text_clean(&arena, text_of(text)).data;
    for (const char *from = around; from < around + 16; from += strlen("\u0645")) {
        char *given = arena_printf(&arena, "%s%s%s", from, text, around);
        const char *right = arena_printf(&arena, "%s%s%s", from, alone, around);
        assert_string_equal(text_clean(&arena, text_of(given)).data, right);
    }
}

/* A long text is looked at many bytes at a time, a short one is not: any two characters of Arabic,
 * marks in the wrong order among them, come out the same at any place. */
static void test_clean_does_not_hang_on_the_length(void **state)
{
    (void)state;
    for (unsigned first = 0x600; first < 0x700; first++) {
        for (unsigned second = 0x600; second < 0x700; second++)
            assert_clean_alike(two(first, second));
        arena_clear(&arena);
    }
}

static void test_whole_numbers_are_read_as_far_as_they_fit(void **state)
{
    static const struct {
        const char *text;
        int64_t n;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-12", -12},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",     "-",      " 1",
                                      "1 ",   "+1",     "1.0",
                                      "1e3",  "--1",    "9223372036854775808",
                                      "0x10", "\u0661", "-9223372036854775809"};
    int64_t n;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(text_whole(text_of(good[i].text), &n));
        assert_int_equal(n, good[i].n);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (text_whole(text_of(bad[i]), &n))
            fail_msg("\"%s\" was read", bad[i]);
}

static void test_clean_finds_what_it_mends_in_a_text_of_any_length(void **state)
{
    (void)state;
    for (int len = 1; len < 40; len++)
        for (int at = 0; at < len; at++) {
            char *text = arena_printf(&arena, "%0*d", len, 0);
            text[at] = '\x01';
            assert_int_equal(text_clean(&arena, text_of(text)).len, len - 1);
        }
}

static void test_clean_returns_clean_text_itself(void **state)
{
    (void)state;
    struct text clean = text_of("Plain, «نَصٌّ» – 5 €\n\tline — ñ");
    struct text plain = text_of("وظيفة شاغرة: مهندس (٣)");
    assert_string_equal(text_clean(&arena, clean).data, clean.data);
    assert_ptr_equal(text_clean(&arena, plain).data, plain.data);
    assert_null(text_clean(&arena, TEXT_NONE).data);
}

static void test_damage_is_told_from_impatience(void **state)
{
    (void)state;
    assert_true(text_is_damaged(text_of("a \uFFFD b")));
    assert_true(text_is_damaged(text_of("????? ????")));
    assert_true(text_is_damaged(text_of("Engineer ??? (2)")));
    assert_true(text_is_damaged(text_of("Caf???bar")));
    assert_false(text_is_damaged(text_of("Ready to join us???")));
    assert_false(text_is_damaged(text_of("?? ok ?")));
    assert_false(text_is_damaged(text_of("جاهز؟؟؟")));
    assert_false(text_is_damaged(TEXT_NONE));
}

static void expect_cut(const char *in, size_t max, const char *out)
{
    same(text_truncate(&arena, text_of(in), max), out);
}

static void test_a_cut_takes_the_best_place_in_the_second_half(void **state)
{
    (void)state;
    expect_cut("One two. Three four", 100, "One two. Three four");
    expect_cut("aaaa aaaa\n\nbbbb. cccc dddd", 18, "aaaa aaaa");
    expect_cut("aaaa aaaa\nbbbb. cccc dddd", 16, "aaaa aaaa");
    expect_cut("aaaa aaaa bbbb. cccc dddd", 20, "aaaa aaaa bbbb.");
    expect_cut("aaaa aaaa bbbb cccc dddd", 16, "aaaa aaaa bbbb");
    expect_cut("aaaa aaaa bbbb cccc", 9, "aaaa aaaa");
    expect_cut("aaaaaaaaaaaaaaaaaaaaaa", 10, "aaaaaaaaaa");
    expect_cut("كلمة. أخرى هنا", 8, "كلمة.");
    expect_cut("abc", 0, "");
}

static void test_a_cut_never_parts_what_is_one_to_the_eye(void **state)
{
    (void)state;
    expect_cut("aaae\u0301b", 4, "aaa");
    expect_cut("ab\U0001F468\u200D\U0001F469z", 4, "ab");
    expect_cut("سَلَام", 3, "سَ");
}

static size_t count(const char *s, const char *what)
{
    size_t n = 0;
    for (; (s = strstr(s, what)); s += strlen(what))
        n++;
    return n;
}

static void expect_markdown_cut(const char *in, size_t max, const char *out)
{
    same(text_truncate_markdown(&arena, text_of(in), max), out);
}

static void test_markdown_is_cut_outside_of_its_constructs(void **state)
{
    (void)state;
    expect_markdown_cut("Go to [the page](https://x.sa/a b) now", 30, "Go to");
    expect_markdown_cut("aaaa aaaa `code span here` b", 20, "aaaa aaaa");
    expect_markdown_cut("aaaa aaaa aaaa **bold words** b", 26, "aaaa aaaa aaaa");
    expect_markdown_cut("**bold words that fill all of the text and more**", 20,
                        "**bold words that**");
    expect_markdown_cut("**a _b c d e f g h i j_ k**", 18, "**a _b c d e f_**");
    expect_markdown_cut("text text\n\n- one\n- two", 16, "text text");
    expect_markdown_cut("text\ntext\n---\nmore text", 12, "text\ntext");
    expect_markdown_cut("5 \\* 3 \\* 2 \\* 1", 9, "5 \\* 3 \\*");
    expect_markdown_cut("a * b * c * d * e", 10, "a * b * c");
    expect_markdown_cut("2**3 and more words", 12, "2**3 and");
}

static void test_a_cut_inside_a_fence_closes_it(void **state)
{
    (void)state;
    expect_markdown_cut("```\none\ntwo\nthree\nfour\nfive\n```\nend", 20, "```\none\ntwo\n```");
    expect_markdown_cut("> ~~~~\n> one\n> two\n> three\n> four\n> ~~~~", 30,
                        "> ~~~~\n> one\n> two\n> ~~~~");
    expect_markdown_cut("- ```\n  one\n  two\n  three\n  ```", 24, "- ```\n  one\n  two\n  ```");
}

static void test_no_length_breaks_markdown(void **state)
{
    (void)state;
    const char *text = "# Head **bold** text\n\nSome **bold _both_ more** and `code `` x` with "
                       "[link **b** text](https://x.sa/p) then <https://y.sa> &amp; end.\n\n"
                       "- item **one**\n- item _two_ \\* three\n\n> quote **b\n> c** d\n\n"
                       "1. **مهندس** برمجيات _خبرة_ في [الموقع](https://z.sa)\n\nLast ***words***";
    for (size_t max = 1; max <= text_characters(text_of(text)); max++) {
        struct text cut = text_truncate_markdown(&arena, text_of(text), max);
        assert_in_range(text_characters(cut), 0, max);
        assert_int_equal(text_utf8_valid(cut.data, cut.len), cut.len);
        assert_int_equal(count(cut.data, "**") % 2, 0);
        assert_int_equal(count(cut.data, "_") % 2, 0);
        assert_int_equal(count(cut.data, "`") % 4, 0);
        assert_int_equal(count(cut.data, "["), count(cut.data, "]("));
        assert_int_equal(count(cut.data, "("), count(cut.data, ")"));
        assert_int_equal(count(cut.data, "<"),
                         count(cut.data, ">") - count(cut.data, "> q") - count(cut.data, "> c"));
    }
}

static void test_hostile_markdown_costs_no_more_than_its_size(void **state)
{
    (void)state;
    static const char *const units[] = {"*a ", "[", "`", "**a _b ", "<a ", "\n> - # ", "~~~\n"};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct buf b = BUF_INIT(SIZE_MAX);
        for (size_t n = 0; n < 5000; n++)
            buf_addstr(&b, units[i]);
        struct text t = {.data = buf_str(&b), .len = b.len};
        assert_in_range(text_characters(text_truncate_markdown(&arena, t, 4900)), 0, 4900);
        buf_release(&b);
    }
}

static void test_digits_become_ascii(void **state)
{
    (void)state;
    SAME(text_digits, "راتب ١٢٬٣٤٥٫٦۷", "راتب 12,345.67");
    struct text ascii = text_of("راتب 12");
    assert_ptr_equal(text_digits(&arena, ascii).data, ascii.data);
}

static void test_marks_of_markdown_are_escaped_where_they_are_marks(void **state)
{
    (void)state;
    SAME(text_escape_markdown, "a*b [c] `d` \\ <e>", "a\\*b \\[c\\] \\`d\\` \\\\ \\<e>");
    SAME(text_escape_markdown, "snake_case _x", "snake_case \\_x");
    SAME(text_escape_markdown, "# a\n- b\n+ c\n> d\n1. e\n2) f\n---\n===",
         "\\# a  \n\\- b  \n\\+ c  \n\\> d  \n1\\. e  \n2\\) f  \n\\---  \n\\===");
    SAME(text_escape_markdown, "C# 1.5 -5 +966 R&D &amp;", "C# 1.5 -5 +966 R&D \\&amp;");
    SAME(text_escape_markdown, "    a\n\n\tb", "a\n\nb");
    assert_null(text_escape_markdown(&arena, TEXT_NONE).data);
}

static void test_fold_makes_equal_what_people_write_differently(void **state)
{
    (void)state;
    SAME(text_fold, "  Full-Time\tJob ", "fulltime job");
    SAME(text_fold, "Ḥāʼil’s É ß Ａ", "hails e ss a");
    SAME(text_fold, "أإآٱا ؤئ ىي ةه", "ااااا وي يي هه");
    SAME(text_fold, "دَوَامٌ كـــامل", "دوام كامل");
    SAME(text_fold, "شقراء ٣", "شقرا 3");
    SAME(text_fold, "ﺩﻭﺍﻡ", "دوام");
    SAME(text_fold, "\u200Fجدة\u00A0", "جده");
    SAME(text_fold, "---", "");
    SAME(text_fold, "Москва 東京", "москва 東京");
    assert_null(text_fold(&arena, TEXT_NONE).data);
}

static void test_the_script_of_most_letters_counts(void **state)
{
    (void)state;
    assert_true(text_is_mostly_arabic(text_of("مهندس برمجيات C++")));
    assert_false(text_is_mostly_arabic(text_of("Engineer مهندس")));
    assert_false(text_is_mostly_arabic(text_of("123 ٤٥")));
    assert_false(text_is_mostly_arabic(TEXT_NONE));
}

static void expect_number(const char *s, int64_t expected)
{
    int64_t value = -1;
    if (!text_number(text_of(s), &value))
        fail_msg("\"%s\" is refused", s);
    assert_int_equal(value, expected);
}

static void test_numbers_are_read_in_every_usual_spelling(void **state)
{
    (void)state;
    expect_number("15000", 15000);
    expect_number(" 4000.0 ", 4000);
    expect_number("15,000", 15000);
    expect_number("15 000", 15000);
    expect_number("15\u00A0000.50", 15001);
    expect_number("1,234,567.49", 1234567);
    expect_number("١٥٬٠٠٠", 15000);
    expect_number("١٥٠٠٫٥", 1501);
    expect_number("۷۰۰۰", 7000);
    expect_number("-2.5", -3);
    expect_number("5000 SAR", 5000);
    expect_number("SR 5,000", 5000);
    expect_number("٥٠٠٠ ريال سعودي", 5000);
    expect_number("15000.000", 15000);
    expect_number("0", 0);
    expect_number("9223372036854775807", INT64_MAX);
}

static void test_no_number_is_guessed(void **state)
{
    (void)state;
    static const char *const refused[] = {"",
                                          " ",
                                          "abc",
                                          "15k",
                                          "about 5000",
                                          "5000 USD",
                                          "5000 SAR a month",
                                          "15,00",
                                          "1,2345",
                                          "15.000",
                                          "1.2.3",
                                          "5000-7000",
                                          "5000 7000",
                                          "12 34",
                                          "9223372036854775808",
                                          "--5",
                                          "5,",
                                          "negotiable",
                                          "٥ آلاف",
                                          "1e4"};
    int64_t value = 77;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (text_number(text_of(refused[i]), &value))
            fail_msg("\"%s\" gives %ld", refused[i], (long)value);
    assert_false(text_number(TEXT_NONE, &value));
    assert_int_equal(value, 77);
}

static void expect_range(const char *s, int64_t low, int64_t high)
{
    int64_t from = -1;
    int64_t to = -1;
    if (!text_number_range(text_of(s), &from, &to))
        fail_msg("\"%s\" is refused", s);
    assert_int_equal(from, low);
    assert_int_equal(to, high);
}

static void test_ranges_are_read(void **state)
{
    (void)state;
    expect_range("7000-20000", 7000, 20000);
    expect_range("7,000 – 20,000 SAR", 7000, 20000);
    expect_range("من 7000 إلى 20000", 7000, 20000);
    expect_range("بين ٧٠٠٠ و ٢٠٠٠٠ ريال", 7000, 20000);
    expect_range("SAR 7000 to SAR 20000", 7000, 20000);
    expect_range("5000", 5000, 5000);
    expect_range("5 000 - 7 000", 5000, 7000);
    int64_t low;
    int64_t high;
    assert_false(text_number_range(text_of("5000-"), &low, &high));
    assert_false(text_number_range(text_of("from 5000"), &low, &high));
    assert_false(text_number_range(text_of("1-2-3"), &low, &high));
    assert_false(text_number_range(text_of("20000-7000"), &low, &high));
    assert_false(text_number_range(text_of("-7000-20000"), &low, &high));
    assert_false(text_number_range(text_of("7000 - -20000"), &low, &high));
    assert_false(text_number_range(text_of("5000-7000 USD"), &low, &high));
    assert_false(text_number_range(TEXT_NONE, &low, &high));
}

static void expect_items(const char *s, size_t n, const char *const *expected)
{
    struct text *items = NULL;
    assert_int_equal(text_list_items(&arena, text_of(s), &items), n);
    for (size_t i = 0; i < n; i++) {
        if (expected[i])
            same(items[i], expected[i]);
        else
            assert_null(items[i].data);
    }
}

static void test_lists_of_json_and_python_are_read(void **state)
{
    (void)state;
    expect_items("['Salary', '4000.0']", 2, (const char *const[]){"Salary", "4000.0"});
    expect_items(" [\"it's\", 'a \"b\"', u'c'] ", 3, (const char *const[]){"it's", "a \"b\"", "c"});
    expect_items("['a\\n\\'b\\\\', \"\\u0633\\ud83d\\ude00\\x41\\q\"]", 2,
                 (const char *const[]){"a\n'b\\", "س😀A\\q"});
    expect_items("[1, -2.5, None, null, True, 'x',]", 6,
                 (const char *const[]){"1", "-2.5", NULL, NULL, "True", "x"});
    expect_items("['خبرة، ومهارة', '']", 2, (const char *const[]){"خبرة، ومهارة", ""});
    expect_items("[]", 0, NULL);
    expect_items("['\\u0000a\\ud800']", 1, (const char *const[]){"a\uFFFD"});
}

static void test_what_is_no_list_is_no_list(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",        "a",   "[",   "['a'",      "['a]",  "['a' 'b']",    "[['a']]",
        "['a'] b", "[,]", "{a}", "['\\u12']", "[a b]", "['a', , 'b']", "['a\\"};
    struct text *items;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (text_list_items(&arena, text_of(refused[i]), &items) != SIZE_MAX)
            fail_msg("\"%s\" is taken for a list", refused[i]);
    assert_int_equal(text_list_items(&arena, TEXT_NONE, &items), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_valid_utf8_is_valid),
        cmocka_unit_test(test_characters_are_code_points),
        cmocka_unit_test(test_trim_drops_every_kind_of_space_at_the_ends),
        cmocka_unit_test(test_collapse_leaves_one_blank),
        cmocka_unit_test(test_clean_mends_what_copying_leaves),
        cmocka_unit_test(test_clean_finds_what_it_mends_wherever_it_stands),
        cmocka_unit_test(test_clean_does_not_hang_on_the_length),
        cmocka_unit_test(test_whole_numbers_are_read_as_far_as_they_fit),
        cmocka_unit_test(test_clean_finds_what_it_mends_in_a_text_of_any_length),
        cmocka_unit_test(test_clean_returns_clean_text_itself),
        cmocka_unit_test(test_damage_is_told_from_impatience),
        cmocka_unit_test(test_a_cut_takes_the_best_place_in_the_second_half),
        cmocka_unit_test(test_a_cut_never_parts_what_is_one_to_the_eye),
        cmocka_unit_test(test_markdown_is_cut_outside_of_its_constructs),
        cmocka_unit_test(test_a_cut_inside_a_fence_closes_it),
        cmocka_unit_test(test_no_length_breaks_markdown),
        cmocka_unit_test(test_hostile_markdown_costs_no_more_than_its_size),
        cmocka_unit_test(test_digits_become_ascii),
        cmocka_unit_test(test_marks_of_markdown_are_escaped_where_they_are_marks),
        cmocka_unit_test(test_fold_makes_equal_what_people_write_differently),
        cmocka_unit_test(test_the_script_of_most_letters_counts),
        cmocka_unit_test(test_numbers_are_read_in_every_usual_spelling),
        cmocka_unit_test(test_no_number_is_guessed),
        cmocka_unit_test(test_ranges_are_read),
        cmocka_unit_test(test_lists_of_json_and_python_are_read),
        cmocka_unit_test(test_what_is_no_list_is_no_list),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests_name("text", tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
