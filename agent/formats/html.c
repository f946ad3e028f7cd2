/*
 * libxml2 reads the HTML as a browser would (missing tags, wrong nesting), and a walk over its tree
 * calls the writer. One table says what each element is; an element that is not in it only passes
 * its content on, so that no attribute and no unknown tag can ever get through.
 *
 * The parser's work grows with the depth of its stack, and the walk recurses: both are bounded by
 * cutting the input where it first nests too deep, before it is parsed.
 */
#include "formats/html.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "formats/html_scan.h"
#include "formats/html_writer.h"
#include "formats/text_utf8.h"

enum { MAX_WALK_DEPTH = 1000, MAX_LINK_BYTES = 2000, MAX_PARSER_DEPTH = 4000 };

struct walk {
    struct html_writer w;
    struct arena *arena;
    unsigned depth;
    unsigned list_depth;
};

static bool ready;

void html_init(void)
{
    if (ready)
        return;
    xmlInitParser();
    xmlParserMaxDepth = MAX_PARSER_DEPTH; /* at its own limit it would drop the rest unsaid */
    ready = true;
}

void html_release(void)
{
    if (ready)
        xmlCleanupParser();
    ready = false;
}

/* ---- elements ------------------------------------------------------------------------------ */

static void walk_node(struct walk *k, xmlNode *node);
static void walk_children(struct walk *k, xmlNode *node);

static void walk_drop(struct walk *k, xmlNode *node)
{
    (void)k;
    (void)node;
}

static void walk_block(struct walk *k, xmlNode *node, enum html_break kind)
{
    bool item_start = html_writer_at_level_start(&k->w); /* "- " is where its first block begins */
    if (!item_start)
        html_writer_break(&k->w, kind);
    walk_children(k, node);
    html_writer_break(&k->w, kind);
}

static void walk_paragraph(struct walk *k, xmlNode *node)
{
    walk_block(k, node, HTML_BREAK_PARAGRAPH);
}

static void walk_line(struct walk *k, xmlNode *node)
{
    walk_block(k, node, HTML_BREAK_HARD);
}

static void walk_line_break(struct walk *k, xmlNode *node)
{
    (void)node;
    bool second = k->w.pending >= HTML_BREAK_HARD;
    html_writer_break(&k->w, second ? HTML_BREAK_PARAGRAPH : HTML_BREAK_HARD);
}

static void walk_heading(struct walk *k, xmlNode *node)
{
    char mark[HTML_LEVEL_BYTES];
    size_t level = (size_t)(node->name[1] - '0');
    memset(mark, '#', level);
    memcpy(mark + level, " ", 2);
    if (!html_writer_at_level_start(&k->w))
        html_writer_break(&k->w, HTML_BREAK_PARAGRAPH);
    html_writer_push(&k->w, k->w.markdown ? mark : "", "");
    k->w.one_line++;
    walk_children(k, node);
    k->w.one_line--;
    html_writer_pop(&k->w);
    html_writer_break(&k->w, HTML_BREAK_PARAGRAPH);
}

static void walk_bold(struct walk *k, xmlNode *node)
{
    k->w.wanted.bold++;
    walk_children(k, node);
    k->w.wanted.bold--;
}

static void walk_italic(struct walk *k, xmlNode *node)
{
    k->w.wanted.italic++;
    walk_children(k, node);
    k->w.wanted.italic--;
}

static void walk_quote(struct walk *k, xmlNode *node)
{
    html_writer_break(&k->w, HTML_BREAK_PARAGRAPH);
    html_writer_push(&k->w, k->w.markdown ? "> " : "", k->w.markdown ? "> " : "");
    walk_children(k, node);
    html_writer_pop(&k->w);
    html_writer_break(&k->w, HTML_BREAK_PARAGRAPH);
}

static void walk_rule(struct walk *k, xmlNode *node)
{
    (void)node;
    html_writer_rule(&k->w);
}

static bool is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* A child of a list: an item (`number` 0: a bullet), or what should have been inside one, such as a
 * list directly in a list: that belongs to the item before and is only indented. */
static void walk_list_child(struct walk *k, xmlNode *node, unsigned number)
{
    char mark[HTML_LEVEL_BYTES] = "- ";
    char indent[HTML_LEVEL_BYTES] = "";
    bool item = is_named(node, "li");
    if (number > 0) {
        struct buf b = BUF_INIT(HTML_LEVEL_BYTES - 1);
        buf_printf(&b, "%u. ", number);
        memcpy(mark, buf_str(&b), b.len + 1);
        buf_release(&b);
    }
    memset(indent, ' ', strlen(mark));
    html_writer_push(&k->w, item ? mark : indent, indent);
    if (item)
        walk_children(k, node);
    else
        walk_node(k, node);
    html_writer_pop(&k->w);
}

static unsigned first_number(xmlNode *list)
{
    unsigned number = 0;
    xmlChar *start = xmlGetProp(list, (const xmlChar *)"start");
    for (const xmlChar *p = start; p && *p >= '0' && *p <= '9' && number < 100000000; p++)
        number = number * 10 + (unsigned)(*p - '0');
    xmlFree(start);
    return number > 0 ? number : 1;
}

static void walk_list(struct walk *k, xmlNode *node)
{
    enum html_break around = k->list_depth > 0 ? HTML_BREAK_LINE : HTML_BREAK_PARAGRAPH;
    unsigned number = is_named(node, "ol") ? first_number(node) : 0;
    if (!html_writer_at_level_start(&k->w))
        html_writer_break(&k->w, around);
    k->list_depth++;
    bool first = true;
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (!first && k->w.one_line == 0)
            k->w.pending = HTML_BREAK_LINE; /* an item that ended with a paragraph, too */
        walk_list_child(k, child, number);
        number += number > 0 && is_named(child, "li");
        first = false;
    }
    k->list_depth--;
    html_writer_break(&k->w, around);
}

static void walk_table(struct walk *k, xmlNode *node)
{
    walk_block(k, node, HTML_BREAK_PARAGRAPH);
}

/* A cell that holds blocks belongs to a table that was made for layout. */
static bool holds_blocks(const xmlNode *node)
{
    static const char *const blocks[] = {"ul", "ol", "table", "pre", "blockquote", "hr", "p",
                                         "h1", "h2", "h3",    "h4",  "h5",         "h6"};
    unsigned paragraphs = 0;
    for (const xmlNode *child = node->children; child; child = child->next) {
        for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
            if (is_named(child, blocks[i]) && (!is_named(child, "p") || ++paragraphs > 1))
                return true;
        if (is_named(child, "div") && holds_blocks(child))
            return true;
    }
    return false;
}

static void walk_cell(struct walk *k, xmlNode *node)
{
    if (holds_blocks(node)) {
        walk_paragraph(k, node);
        return;
    }
    html_writer_cell(&k->w);
    k->w.one_line++;
    enum html_gap gap = k->w.gap;
    walk_children(k, node);
    k->w.one_line--;
    if (k->w.gap == HTML_GAP_BLANK && gap == HTML_GAP_CELL)
        k->w.gap = HTML_GAP_NONE; /* the blank at a cell's end */
}

/* The address as Markdown takes it, or NULL when it is none that a posting needs. */
static const char *link_target(struct walk *k, xmlNode *node)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:", "tel:"};
    xmlChar *href = xmlGetProp(node, (const xmlChar *)"href");
    const char *s = href ? (const char *)href : "";
    s += strspn(s, " \t\r\n");
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        known = known || strncasecmp(s, schemes[i], strlen(schemes[i])) == 0;
    struct buf b = BUF_INIT(MAX_LINK_BYTES);
    for (size_t len = strcspn(s, "\r\n\t"), i = 0; known && i < len; i++) {
        if ((unsigned char)s[i] <= ' ' || s[i] == 0x7F || strchr("()<>\\\"`*_[]", s[i]))
            buf_printf(&b, "%%%02X", (unsigned)(unsigned char)s[i]);
        else
            buf_addch(&b, s[i]);
    }
    const char *target =
        known && !b.overflowed ? arena_strndup(k->arena, buf_str(&b), b.len) : NULL;
    buf_release(&b);
    xmlFree(href);
    return target;
}

static void walk_link(struct walk *k, xmlNode *node)
{
    const char *outer = k->w.wanted.link;
    const char *target = link_target(k, node);
    k->w.wanted.link = target ? target : outer;
    walk_children(k, node);
    k->w.wanted.link = outer;
}

static void walk_code(struct walk *k, xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    html_writer_code(&k->w, content ? (const char *)content : "");
    xmlFree(content);
}

static void walk_preformatted(struct walk *k, xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    html_writer_preformatted(&k->w, content ? (const char *)content : "");
    xmlFree(content);
}

/* ---- the walk ------------------------------------------------------------------------------ */

static const struct element {
    const char *names; /* with blanks around each */
    void (*walk)(struct walk *k, xmlNode *node);
} elements[] = {
    {" p dl ", walk_paragraph},
    {" br ", walk_line_break},
    {" div section article header footer main nav aside address figure figcaption center fieldset"
     " details summary dt dd caption tr li ",
     walk_line},
    {" h1 h2 h3 h4 h5 h6 ", walk_heading},
    {" ul ol menu dir ", walk_list},
    {" b strong ", walk_bold},
    {" i em ", walk_italic},
    {" a ", walk_link},
    {" code kbd samp tt ", walk_code},
    {" pre listing xmp ", walk_preformatted},
    {" blockquote ", walk_quote},
    {" hr ", walk_rule},
    {" table ", walk_table},
    {" td th ", walk_cell},
    {" script style head title base meta link noscript template img picture map area svg math "
     "canvas"
     " video audio source track object embed applet param iframe frame frameset noframes form input"
     " button select option optgroup textarea datalist ",
     walk_drop},
};

static const struct element *element_named(const xmlChar *name)
{
    char word[16];
    size_t len = strlen((const char *)name);
    if (len + 3 > sizeof(word))
        return NULL;
    word[0] = ' ';
    memcpy(word + 1, name, len);
    memcpy(word + 1 + len, " ", 2);
    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (strstr(elements[i].names, word))
            return &elements[i];
    return NULL;
}

static void walk_node(struct walk *k, xmlNode *node)
{
    if (node->type == XML_TEXT_NODE) {
        html_writer_text(&k->w, (const char *)node->content);
    } else if (node->type == XML_ELEMENT_NODE) {
        const struct element *element = element_named(node->name);
        if (element)
            element->walk(k, node);
        else
            walk_children(k, node);
    }
}

static void walk_children(struct walk *k, xmlNode *node)
{
    if (k->depth == MAX_WALK_DEPTH)
        return;
    k->depth++;
    for (xmlNode *child = node->children; child; child = child->next)
        walk_node(k, child);
    k->depth--;
}

static void walk_document(struct walk *k, struct text html)
{
    html_init();
    int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                  HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT;
    htmlDocPtr doc = htmlReadMemory(html.data, (int)html.len, NULL, "UTF-8", options);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (root)
        walk_node(k, root);
    xmlFreeDoc(doc);
}

static struct text convert(struct arena *a, struct text html, bool markdown)
{
    html = html_scan_unescape_once(a, html);
    if (!html.data || !html_scan_has_tag(html)) {
        html = html_scan_decode_entities(a, html);
        return markdown ? text_escape_markdown(a, html) : html;
    }
    struct walk k = {.arena = a};
    html_writer_init(&k.w, markdown);
    size_t parsed = html_scan_parsable(html);
    walk_document(&k, (struct text){.data = html.data, .len = parsed});
    if (parsed < html.len) {
        html_writer_break(&k.w, HTML_BREAK_PARAGRAPH);
        html_writer_text(&k.w, arena_strndup(a, html.data + parsed, html.len - parsed));
    }
    return html_writer_finish(&k.w, a);
}

struct text html_to_markdown(struct arena *a, struct text html)
{
    return convert(a, html, true);
}

struct text html_to_text(struct arena *a, struct text html)
{
    return convert(a, html, false);
}

bool html_looks_like_html(struct text t)
{
    return t.data && (html_scan_has_tag(t) || html_scan_has_entity(t));
}
