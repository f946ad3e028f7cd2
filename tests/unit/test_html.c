/*
 * Each case is a fragment as an editor stores it and the Markdown that it must become, byte by
 * byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/html.h"

static struct arena arena;

static void expect(const char *html, const char *markdown)
{
    assert_string_equal(html_to_markdown(&arena, text_of(html)).data, markdown);
}

static void expect_text(const char *html, const char *text)
{
    assert_string_equal(html_to_text(&arena, text_of(html)).data, text);
}

static void test_paragraphs_and_line_breaks_are_kept(void **state)
{
    (void)state;
    expect("<p>One</p><p>Two</p>", "One\n\nTwo");
    expect("<p>One<br>two<br/>three</p>", "One  \ntwo  \nthree");
    expect("One<br><br>Two", "One\n\nTwo");
    expect("<div>One</div><div>Two</div>", "One  \nTwo");
    expect("<div>One<br></div><div><br></div><div>Two</div>", "One\n\nTwo");
    expect("<p>  a\n  lot   of&nbsp;&nbsp;space </p>\n\n<p></p><p>&nbsp;</p>", "a lot of space");
    expect("<p>open <p>ended", "open\n\nended");
}

static void test_headings_become_marks_on_one_line(void **state)
{
    (void)state;
    expect("<h1>Title</h1><p>Text</p>", "# Title\n\nText");
    expect("<p>Before</p><h3>Two<br>lines</h3>After", "Before\n\n### Two lines\n\nAfter");
    expect("<h2></h2>x<b></b>", "x");
}

static void test_lists_nest(void **state)
{
    (void)state;
    expect("<ul><li>a</li><li>b</li></ul>", "- a\n- b");
    expect("<p>You:</p><ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><p>End</p>",
           "You:\n\n- a\n  - b\n- c\n\nEnd");
    expect("<ol><li>a</li><li>b<ol><li>c</li></ol></li></ol>", "1. a\n2. b\n   1. c");
    expect("<ol start=\"9\"><li>a<br>b</li><li>c</li></ol>", "9. a  \n   b\n10. c");
    expect("<ul><li><p>a</p></li><li><p>b</p><p>c</p></li></ul>", "- a\n- b\n\n  c");
    expect("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b");
    expect("<ul><li></li><li>a</li></ul>", "- a");
    expect("<ul>\n<script>bad()</script>\n<li>a</li>\n</ul>", "- a");
}

static void test_emphasis_is_written_where_markdown_reads_it(void **state)
{
    (void)state;
    expect("<b>bold</b> and <em>italic</em>", "**bold** and _italic_");
    expect("<strong> spaced </strong>out", "**spaced** out");
    expect("<b>a</b><b>b</b>", "**ab**");
    expect("<b><i>both</i></b>", "**_both_**");
    expect("<i>a</i><b>b</b>", "_a_**b**");
    expect("<b>Note:</b>text", "**Note:** text");
    expect("in<i>side</i>r", "in*side*r");
    expect("<b><b>twice</b></b>", "**twice**");
    expect("<b></b><i> </i>x", "x");
    expect("<b>One<br><br>Two</b>", "**One**\n\n**Two**");
    expect("<b>المهام:</b> القيادة", "**المهام:** القيادة");
    expect("<b>a<i>b</b>c</i>", "**a*b***c");
}

static void test_only_links_that_a_posting_needs_are_kept(void **state)
{
    (void)state;
    expect("<a href=\"https://x.sa/a_b?c=(1)\">Apply</a>.",
           "[Apply](https://x.sa/a%5Fb?c=%281%29).");
    expect("<a href=\"mailto:jobs@example.com\"><b>Mail</b></a>",
           "[**Mail**](mailto:jobs@example.com)");
    expect("<a href=\"tel:+966\">Call</a>", "[Call](tel:+966)");
    expect("<a href=\"javascript:alert(1)\">x</a>", "x");
    expect("<a href=\"java\nscript:alert(1)\">x</a>", "x");
    expect("<a href=\"data:text/html,x\">x</a>", "x");
    expect("<a href=\"/jobs/1\">x</a><a href=\"https://x.sa\"></a>", "x");
    expect("Go!<a href=\"https://x.sa\">x</a>", "Go! [x](https://x.sa)");
}

static void test_code_quotes_rules_and_tables_are_kept(void **state)
{
    (void)state;
    expect("Use <code>a*b</code>", "Use `a*b`");
    expect("<code>a`b</code>", "`` a`b ``");
    expect("<pre>one\n  two</pre>after", "```\none\n  two\n```\n\nafter");
    expect("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc");
    expect("a<hr>b", "a\n\n---\n\nb");
    expect("<table><tr><th>Day</th><th>Hours</th></tr><tr><td>Sun</td><td> 8 </td></tr></table>",
           "Day | Hours  \nSun | 8");
    expect("<table><tr><td><ul><li>a</li></ul></td></tr></table>", "- a");
}

static void test_nothing_active_gets_through(void **state)
{
    (void)state;
    expect("<script>alert(1)</script>a<style>p{}</style><!-- c --><svg><text>s</text></svg>", "a");
    expect("<p onclick=\"x()\" style=\"color:red\">a</p><img src=x onerror=y alt=z>", "a");
    expect("<iframe src=\"https://x\">f</iframe><form>q<input value=v></form>b", "b");
    expect("<head><title>T</title></head><body>b</body>", "b");
    expect("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "\\<script>alert(1)\\</script>");
    expect("<scr<script>ipt>alert(1)</script>x", "ipt>alert(1)x");
}

static void test_text_that_looks_like_marks_is_escaped(void **state)
{
    (void)state;
    expect("<p>5 * 3 [x] a_b _c_ `d` &lt;e&gt; R&amp;D</p>",
           "5 \\* 3 \\[x\\] a_b \\_c\\_ \\`d\\` \\<e> R&D");
    expect("<p># no</p><p>- no</p><p>1. no</p><p>2024</p><p>> no</p><p>&amp;lt;</p>",
           "\\# no\n\n\\- no\n\n1\\. no\n\n2024\n\n\\> no\n\n\\&lt;");
}

static void test_html_escaped_twice_is_read(void **state)
{
    (void)state;
    expect("&lt;p&gt;Hello &amp;amp; &lt;b&gt;welcome&lt;/b&gt;&lt;/p&gt;", "Hello & **welcome**");
    expect("  &lt;div class=&quot;c&quot;&gt;a&amp;nbsp;b&lt;/div&gt;", "a b");
    expect("&lt;script&gt;alert(1)&lt;/script&gt;", "");
    expect("&lt;Company&gt; hires", "\\<Company> hires");
}

static void test_plain_text_passes_with_its_lines(void **state)
{
    (void)state;
    expect("One\nTwo\n\nThree * four", "One  \nTwo\n\nThree \\* four");
    expect("a &amp; b\nc", "a & b  \nc");
    expect("a < b and c > d", "a \\< b and c > d");
    expect("", "");
    assert_null(html_to_markdown(&arena, TEXT_NONE).data);
    assert_null(html_to_text(&arena, TEXT_NONE).data);
}

static void test_right_to_left_text_keeps_its_order(void **state)
{
    (void)state;
    expect("<div dir=\"rtl\"><p>مهندس <b>برمجيات</b> (C++) – 3 سنوات</p></div>",
           "مهندس **برمجيات** (C++) – 3 سنوات");
    expect("<meta charset=\"windows-1256\"><p>الرياض</p>", "الرياض");
}

static void test_plain_text_has_no_marks(void **state)
{
    (void)state;
    expect_text("<h2>T</h2><p><b>a</b> * <a href=\"https://x\">b</a><br>c</p><ul><li>d</li></ul>",
                "T\n\na * b\nc\n\n- d");
    expect_text("<pre>x\n y</pre><hr>z", "x\n y\n\nz");
}

static void test_html_is_told_from_text(void **state)
{
    (void)state;
    assert_true(html_looks_like_html(text_of("<p>a</p>")));
    assert_true(html_looks_like_html(text_of("a<br/>b")));
    assert_true(html_looks_like_html(text_of("a &amp; b")));
    assert_true(html_looks_like_html(text_of("&#1587;")));
    assert_false(html_looks_like_html(text_of("a < b > c")));
    assert_false(html_looks_like_html(text_of("<Company> & co; Q&A;")));
    assert_false(html_looks_like_html(text_of("")));
    assert_false(html_looks_like_html(TEXT_NONE));
}

static struct text repeated(const char *unit, size_t n, const char *tail)
{
    struct buf b = BUF_INIT(SIZE_MAX);
    for (size_t i = 0; i < n; i++)
        buf_addstr(&b, unit);
    buf_addstr(&b, tail);
    struct text t = {.data = arena_strndup(&arena, buf_str(&b), b.len), .len = b.len};
    buf_release(&b);
    return t;
}

static void test_depth_and_size_are_bounded(void **state)
{
    (void)state;
    struct text deep = html_to_markdown(&arena, repeated("<div>", 100000, "end"));
    assert_non_null(strstr(deep.data, "end"));
    struct text flat = html_to_markdown(&arena, repeated("<p>x<li>y<br>", 20000, "end"));
    assert_null(strchr(flat.data, '<'));
    assert_non_null(strstr(flat.data, "end"));
    struct text nested = html_to_markdown(&arena, repeated("<ul><li><p>", 190, "end"));
    assert_non_null(strstr(nested.data, "end"));
    assert_null(strchr(nested.data, '<'));
    struct text large = html_to_markdown(&arena, repeated("<p>0123456789</p>\n", 260000, "end"));
    assert_non_null(strstr(large.data, "end"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paragraphs_and_line_breaks_are_kept),
        cmocka_unit_test(test_headings_become_marks_on_one_line),
        cmocka_unit_test(test_lists_nest),
        cmocka_unit_test(test_emphasis_is_written_where_markdown_reads_it),
        cmocka_unit_test(test_only_links_that_a_posting_needs_are_kept),
        cmocka_unit_test(test_code_quotes_rules_and_tables_are_kept),
        cmocka_unit_test(test_nothing_active_gets_through),
        cmocka_unit_test(test_text_that_looks_like_marks_is_escaped),
        cmocka_unit_test(test_html_escaped_twice_is_read),
        cmocka_unit_test(test_plain_text_passes_with_its_lines),
        cmocka_unit_test(test_right_to_left_text_keeps_its_order),
        cmocka_unit_test(test_plain_text_has_no_marks),
        cmocka_unit_test(test_html_is_told_from_text),
        cmocka_unit_test(test_depth_and_size_are_bounded),
    };
    arena_init(&arena, 0);
    html_init();
    int failed = cmocka_run_group_tests_name("html", tests, NULL, NULL);
    html_release();
    arena_release(&arena);
    return failed;
}
