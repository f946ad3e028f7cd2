/*
 * mapping_transforms: the one table of transforms, and their functions.
 *
 * A transform is here only when SQL does the thing badly (HTML, cities, Arabic numbers, lists
 * stored as text). None is called with a missing value, and each may make the value missing.
 */
#include <inttypes.h>
#include <string.h>

#include "formats/html.h"
#include "formats/json.h"
#include "rules/mapping_internal.h"

#define MAX_LIST_TEXT ((size_t)4 << 20)

static enum transform_result refuse(const struct transform_call *call, const char *rule,
                                    const char *message, const char *message_ar)
{
    mapping_refuse_field(call->refusal, call->arena, call->field, rule, message, message_ar);
    return TRANSFORM_REFUSED;
}

static enum transform_result refuse_value(const struct transform_call *call, struct text value,
                                          const char *rule, const char *what, const char *what_ar)
{
    const char *shown = mapping_excerpt(call->arena, value);

    return refuse(call, rule, arena_printf(call->arena, "\"%s\" %s", shown, what),
                  arena_printf(call->arena, "\"%s\" %s", shown, what_ar));
}

/* ---- text ----------------------------------------------------------------------------------- */

static enum transform_result run_trim(const struct transform_call *call, struct text *value)
{
    (void)call;
    *value = text_trim(*value);
    return TRANSFORM_DONE;
}

static enum transform_result run_collapse(const struct transform_call *call, struct text *value)
{
    *value = text_collapse(call->arena, *value);
    return TRANSFORM_DONE;
}

static enum transform_result run_digits(const struct transform_call *call, struct text *value)
{
    *value = text_digits(call->arena, *value);
    return TRANSFORM_DONE;
}

static enum transform_result run_null_if(const struct transform_call *call, struct text *value)
{
    struct text folded = mapping_fold_key(call->arena, *value);

    for (size_t i = 0; i < call->with->n; i++)
        if (folded.len == call->with->text[i].len &&
            memcmp(folded.data, call->with->text[i].data, folded.len) == 0)
            *value = TEXT_NONE;
    return TRANSFORM_DONE;
}

static enum transform_result run_refuse_damaged(const struct transform_call *call,
                                                struct text *value)
{
    if (!text_is_damaged(*value))
        return TRANSFORM_DONE;
    return refuse_value(call, *value, "damaged", "was damaged before it was stored",
                        "نص تالف قبل حفظه");
}

/* The description is Markdown on Qudra's page; every other field is plain. */
static enum transform_result run_truncate(const struct transform_call *call, struct text *value)
{
    size_t max = (size_t)call->with->number;

    *value = call->field == JOB_DESCRIPTION ? text_truncate_markdown(call->arena, *value, max)
                                            : text_truncate(call->arena, *value, max);
    return TRANSFORM_DONE;
}

static enum transform_result run_html_to_markdown(const struct transform_call *call,
                                                  struct text *value)
{
    *value = html_to_markdown(call->arena, *value);
    return TRANSFORM_DONE;
}

static enum transform_result run_html_to_text(const struct transform_call *call, struct text *value)
{
    *value = html_to_text(call->arena, *value);
    return TRANSFORM_DONE;
}

static enum transform_result run_text_to_markdown(const struct transform_call *call,
                                                  struct text *value)
{
    *value = text_escape_markdown(call->arena, *value);
    return TRANSFORM_DONE;
}

/* ---- languages ------------------------------------------------------------------------------ */

static struct text json_text(const struct json *v)
{
    struct text t = {.data = json_string(v), .len = v ? v->len : 0};

    t = t.data ? text_trim(t) : TEXT_NONE;
    return t.len > 0 ? t : TEXT_NONE;
}

static bool same_language(const char *key, const char *wanted)
{
    size_t n = strcspn(wanted, "_-");

    return strcspn(key, "_-") == n && strncmp(key, wanted, n) == 0;
}

static struct text pick_language(const struct json *object, const char *wanted)
{
    bool any = strcmp(wanted, "any") == 0;
    struct text exact = json_text(json_get(object, wanted));

    if (exact.data)
        return exact;
    for (const struct json *v = object->first; v; v = v->next)
        if ((any || same_language(v->key, wanted)) && json_text(v).data)
            return json_text(v);
    return TEXT_NONE;
}

/* The same column may be text in one installation and jsonb in the next: what is no object is
 * taken as it is. */
static enum transform_result run_language(const struct transform_call *call, struct text *value)
{
    struct text t = text_trim(*value), found = TEXT_NONE;
    struct err unused = ERR_INIT;
    const struct json *object;

    if (t.len == 4 && memcmp(t.data, "null", 4) == 0)
        *value = TEXT_NONE;
    if (t.len == 0 || t.data[0] != '{')
        return TRANSFORM_DONE;
    object = json_read(call->arena, t.data, t.len, &unused);
    if (!object)
        return TRANSFORM_DONE;
    for (size_t i = 0; i < call->with->n && !found.data; i++)
        found = pick_language(object, call->with->text[i].data);
    *value = found;
    return TRANSFORM_DONE;
}

/* ---- lists stored as text ------------------------------------------------------------------- */

static enum transform_result read_list(const struct transform_call *call, struct text value,
                                       struct text **items, size_t *n)
{
    *n = text_list_items(call->arena, value, items);
    if (*n != SIZE_MAX)
        return TRANSFORM_DONE;
    return refuse_value(call, value, "not_a_list", "is not a list such as [\"a\", \"b\"]",
                        "ليس قائمة مثل [\"a\", \"b\"]");
}

static enum transform_result run_item(const struct transform_call *call, struct text *value)
{
    struct text *items;
    size_t n, index = (size_t)call->with->number;
    enum transform_result result = read_list(call, *value, &items, &n);

    if (result == TRANSFORM_DONE)
        *value = index <= n ? items[index - 1] : TEXT_NONE;
    return result;
}

static enum transform_result run_item_after(const struct transform_call *call, struct text *value)
{
    const struct text *label = &call->with->text[0];
    struct text *items;
    size_t n;
    enum transform_result result = read_list(call, *value, &items, &n);

    if (result != TRANSFORM_DONE)
        return result;
    *value = TEXT_NONE;
    for (size_t i = 0; i + 1 < n && !value->data; i++) {
        struct text item = mapping_fold_key(call->arena, items[i]);

        if (item.len == label->len && memcmp(item.data, label->data, item.len) == 0)
            *value = items[i + 1];
    }
    return TRANSFORM_DONE;
}

static size_t count_filled(const struct text *items, size_t n)
{
    size_t filled = 0;

    for (size_t i = 0; i < n; i++)
        filled += text_trim(items[i]).len > 0;
    return filled;
}

/* A list of one is a paragraph: a lone bullet says nothing. */
static void write_list(struct buf *out, struct arena *a, const struct text *items, size_t n)
{
    size_t filled = count_filled(items, n);

    for (size_t i = 0; i < n; i++) {
        struct text item = text_escape_markdown(a, text_collapse(a, items[i]));

        if (item.len == 0)
            continue;
        if (filled > 1)
            buf_addstr(out, "- ");
        buf_add(out, item.data, item.len);
        buf_addch(out, '\n');
    }
}

/* Line by line, so that SQL can put several lists together with headings between them: a list that
 * is stored as text holds no line break of its own. */
static enum transform_result run_list_to_markdown(const struct transform_call *call,
                                                  struct text *value)
{
    struct buf out = BUF_INIT(MAX_LIST_TEXT);
    const char *end = value->data + value->len, *next;

    for (const char *line = value->data; line < end; line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        struct text t = {.data = line, .len = (size_t)((stop ? stop : end) - line)};
        struct text *items;
        size_t n = text_list_items(call->arena, text_trim(t), &items);

        next = stop ? stop + 1 : end;
        if (n == SIZE_MAX)
            buf_add(&out, line, (size_t)(next - line));
        else
            write_list(&out, call->arena, items, n);
    }
    *value =
        (struct text){.data = arena_strndup(call->arena, buf_str(&out), out.len), .len = out.len};
    buf_release(&out);
    return TRANSFORM_DONE;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static enum transform_result refuse_number(const struct transform_call *call, struct text value)
{
    return refuse_value(call, value, "not_a_number",
                        "is not an amount in riyals, and a salary is never guessed",
                        "ليس مبلغًا بالريال، ولا يُخمَّن الراتب أبدًا");
}

static struct text print_number(struct arena *a, int64_t number)
{
    return text_of(arena_printf(a, "%" PRId64, number));
}

static enum transform_result run_number(const struct transform_call *call, struct text *value)
{
    int64_t number;

    if (!text_number(*value, &number))
        return refuse_number(call, *value);
    *value = print_number(call->arena, number);
    return TRANSFORM_DONE;
}

static enum transform_result run_range(const struct transform_call *call, struct text *value,
                                       bool high_end)
{
    int64_t low, high;

    if (!text_number_range(*value, &low, &high))
        return refuse_number(call, *value);
    *value = print_number(call->arena, high_end ? high : low);
    return TRANSFORM_DONE;
}

static enum transform_result run_range_min(const struct transform_call *call, struct text *value)
{
    return run_range(call, value, false);
}

static enum transform_result run_range_max(const struct transform_call *call, struct text *value)
{
    return run_range(call, value, true);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* An amount as number / divisor, so that 22.50 an hour is not 23. text_number has the say over what
 * an amount is; after it, a point between two digits can only be the decimal one. */
static bool read_decimal(struct arena *a, struct text value, int64_t *number, int64_t *divisor)
{
    struct text t = text_digits(a, value);
    char *plain = arena_alloc(a, t.len + 1);
    bool fraction = false;
    size_t n = 0;

    *divisor = 1;
    if (!text_number(value, number))
        return false;
    for (size_t i = 0; i < t.len; i++) {
        bool inside = i > 0 && i + 1 < t.len && is_digit(t.data[i - 1]) && is_digit(t.data[i + 1]);

        if (inside && t.data[i] == '.') {
            fraction = true;
            continue;
        }
        if (inside && t.data[i] == ',')
            continue;
        if (fraction && is_digit(t.data[i]) && __builtin_mul_overflow(*divisor, 10, divisor))
            return false;
        plain[n++] = t.data[i];
    }
    return !fraction || text_number((struct text){.data = plain, .len = n}, number);
}

/* Half away from zero, in whole numbers: no double can lose a riyal. */
static enum transform_result run_scale(const struct transform_call *call, struct text *value)
{
    int64_t number, divisor, rest;

    if (!read_decimal(call->arena, *value, &number, &divisor) ||
        __builtin_mul_overflow(number, call->with->number, &number) ||
        __builtin_mul_overflow(divisor, call->with->divisor, &divisor))
        return refuse_number(call, *value);
    rest = number % divisor;
    number /= divisor;
    if (rest >= divisor - rest)
        number++;
    else if (-rest >= divisor + rest)
        number--;
    *value = print_number(call->arena, number);
    return TRANSFORM_DONE;
}

/* ---- cities --------------------------------------------------------------------------------- */

static enum transform_result refuse_city(const struct transform_call *call, struct text value)
{
    const char *near[3], *shown = mapping_excerpt(call->arena, value);
    size_t n = city_nearest(call->arena, value, near, ARRAY_LEN(near));
    struct buf names = BUF_INIT(1024);

    for (size_t i = 0; i < n; i++)
        buf_printf(&names, "%s\"%s\"", i > 0 ? ", " : "", near[i]);
    refuse(call, "unknown",
           n ? arena_printf(call->arena, "\"%s\" is not a known Saudi city; nearest are %s", shown,
                            buf_str(&names))
             : arena_printf(call->arena, "\"%s\" is not a known Saudi city", shown),
           n ? arena_printf(call->arena, "\"%s\" ليست مدينة سعودية معروفة؛ الأقرب إليها: %s", shown,
                            buf_str(&names))
             : arena_printf(call->arena, "\"%s\" ليست مدينة سعودية معروفة", shown));
    buf_release(&names);
    return TRANSFORM_UNKNOWN;
}

static enum transform_result run_ksa_city(const struct transform_call *call, struct text *value)
{
    const struct mapping *m = call->mapping;
    const char *city =
        city_find(call->arena, *value, m->cities, m->n_cities, call->with->number != 0);

    if (city) {
        *value = text_of(city);
        return TRANSFORM_DONE;
    }
    return call->has_default ? TRANSFORM_UNKNOWN : refuse_city(call, *value);
}

/* ---- the table ------------------------------------------------------------------------------ */

const struct transform mapping_transforms[] = {
    {"trim", ARGUMENT_NONE, false, run_trim,
     "Drops blanks at both ends. Every value is trimmed after its last transform anyway: this is "
     "for "
     "the middle of a list.",
     "[trim, {item: 1}]"},
    {"collapse", ARGUMENT_NONE, false, run_collapse,
     "Makes one blank of each run of blanks and line breaks.",
     "[collapse]: `Site  engineer` → `Site engineer`"},
    {"digits", ARGUMENT_NONE, false, run_digits, "Arabic-Indic and Persian digits become 0 to 9.",
     "[digits]: `الفئة ٣` → `الفئة 3`"},
    {"null_if", ARGUMENT_FOLDED, false, run_null_if,
     "These values mean that there is none. Case, hyphens and blanks do not matter.",
     "[{null_if: [nan, \"-\", \"لا يوجد\"]}]"},
    {"refuse_damaged", ARGUMENT_NONE, false, run_refuse_damaged,
     "Refuses text in which letters were lost (`???`, U+FFFD).",
     "[refuse_damaged]: `???? ??????` → refused, rule `title.damaged`"},
    {"truncate", ARGUMENT_LENGTH, false, run_truncate,
     "Cuts to so many characters, or to the field's limit, at the end of a paragraph, sentence or "
     "word; in the description never inside a link or emphasis. Without it, too long is refused.",
     "[truncate] or [{truncate: 500}]"},
    {"html_to_markdown", ARGUMENT_NONE, true, run_html_to_markdown,
     "HTML to Markdown, scripts and styles dropped; text without a tag is escaped.",
     "[html_to_markdown]: `<p>A <b>good</b> job</p>` → `A **good** job`"},
    {"html_to_text", ARGUMENT_NONE, true, run_html_to_text, "HTML to plain text.",
     "[html_to_text]: `R&amp;D <i>lead</i>` → `R&D lead`"},
    {"text_to_markdown", ARGUMENT_NONE, false, run_text_to_markdown,
     "Escapes what Markdown would take for marks. For plain text in the description.",
     "[text_to_markdown]: `* new *` → `\\* new \\*`"},
    {"language", ARGUMENT_TEXTS, true, run_language,
     "Picks from a JSON object by language: each wish in turn as written, then by its first part "
     "(`ar_SA` finds `ar_001`); `any` takes the first there is. Plain text stays as it is.",
     "[{language: [ar_SA, en_US, any]}]: `{\"en_US\": \"Nurse\"}` → `Nurse`"},
    {"item", ARGUMENT_INDEX, true, run_item,
     "An item of a list stored as text, JSON or Python; the first is 1. For arrays: sql: "
     "to_jsonb(…).",
     "[{item: 2}]: `['Salary', '5000.0']` → `5000.0`"},
    {"item_after", ARGUMENT_TEXT, true, run_item_after, "The item behind a label in such a list.",
     "[{item_after: Salary}]: `['Shift', 'day', 'Salary', '5000.0']` → `5000.0`"},
    {"list_to_markdown", ARGUMENT_NONE, true, run_list_to_markdown,
     "Each line that is such a list becomes bullets (a list of one: a paragraph); other lines "
     "stay, "
     "so that SQL can set headings between lists.",
     "[list_to_markdown]: `[\"Drive\", \"Load\"]` → `- Drive`, `- Load`"},
    {"number", ARGUMENT_NONE, false, run_number,
     "Reads an amount, rounded to whole riyals. Integer fields end with it by themselves: this is "
     "for the middle of a list.",
     "[number, {null_if: [0]}]: `١٥٬٠٠٠ ريال` → `15000`"},
    {"range_min", ARGUMENT_NONE, false, run_range_min,
     "The lower end of a range in one text; a single amount is both ends.",
     "[range_min]: `7,000 - 20,000` → `7000`"},
    {"range_max", ARGUMENT_NONE, false, run_range_max, "The upper end of such a range.",
     "[range_max]: `من 7000 إلى 20000` → `20000`"},
    {"scale", ARGUMENT_RATIO, false, run_scale,
     "Multiplies an amount by a factor or a fraction; the result is rounded to whole riyals.",
     "[{scale: 1/12}] for a year's salary, [{scale: 1/1000000}] for micros"},
    {"ksa_city", ARGUMENT_REGION, false, run_ksa_city,
     "The city in Qudra's spelling, from Arabic or Latin letters, `City, Region, Country`, several "
     "places or a name that was cut. With `region`, a region alone gives its main city.",
     "[ksa_city] or [{ksa_city: region}]: `الرياض` → `Riyadh`"},
};
const size_t mapping_transforms_count = ARRAY_LEN(mapping_transforms);
