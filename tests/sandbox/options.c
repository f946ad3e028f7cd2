/*
 * One row of the table is all that an option needs: parsing, --help and changing it at run time
 * read the same row. A choice is stored as its place in the list, which is its enum's value.
 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

enum type { FLAG, NUMBER, COUNT, CHOICE, STATUS, SET, TEXT, KEY };
enum group { PROGRAM, PART_A, PART_B, GROUPS };

struct option {
    const char *name;
    enum type type;
    enum group group;
    size_t offset;
    const char *value; /* choices "a|b|c", or what --help calls the value */
    int64_t min, max;
    const char *initial;
    bool changes; /* while the sandbox runs */
    const char *help;
};

#define AT(member) offsetof(struct options, member)
#define MS_MAX     (24 * 3600 * 1000)
#define LISTS      "results|data|jobs|items|top"

static const struct option table[] = {
    {"listen", TEXT, PROGRAM, AT(listen), "HOST:PORT", 0, 0, "127.0.0.1:0", false,
     "loopback only; port 0 takes any free one"},
    {"port-file", TEXT, PROGRAM, AT(port_file), "FILE", 0, 0, NULL, false, "writes the port there"},
    {"tls-cert", TEXT, PROGRAM, AT(tls_cert), "FILE", 0, 0, NULL, false, "PEM; with --tls-key"},
    {"tls-key", TEXT, PROGRAM, AT(tls_key), "FILE", 0, 0, NULL, false, "PEM; with --tls-cert"},
    {"threads", NUMBER, PROGRAM, AT(threads), "N", 1, 64, "1", false, "event loops"},
    {"seed", NUMBER, PROGRAM, AT(seed), "N", 0, INT64_MAX, "1", false, "of ids, chance, shuffling"},
    {"faults", TEXT, PROGRAM, AT(faults_file), "FILE", 0, 0, NULL, false, "fault rules, as JSON"},
    {"log-size", NUMBER, PROGRAM, AT(log_size), "N", 1, 10000000, "10000", false,
     "requests that /_sandbox/log remembers"},
    {"help", FLAG, PROGRAM, AT(help), NULL, 0, 0, NULL, false, "this text"},

    {"key", KEY, PART_A, AT(keys), "KEY:PLAN[:ACCOUNT]", 0, 0, NULL, false,
     "repeatable; plan free, growth or scale; keys of one account share jobs and quota"},
    {"keys-file", TEXT, PART_A, AT(keys_file), "FILE", 0, 0, NULL, false, "one --key a line"},
    {"window", NUMBER, PART_A, AT(window_s), "SECONDS", 1, 86400, "60", false,
     "length of a rate window, aligned to whole seconds"},
    {"limit", COUNT, PART_A, AT(limit), "N", 0, INT64_MAX, NULL, true,
     "requests a window, in place of the plan's; \"plan\", \"unlimited\""},
    {"no-limit", FLAG, PART_A, AT(no_limit), NULL, 0, 0, NULL, true, "same as --limit unlimited"},
    {"quota", COUNT, PART_A, AT(quota), "N", 0, INT64_MAX, NULL, true,
     "jobs created a month, in place of the plan's; \"plan\", \"unlimited\""},
    {"embedding-ms", NUMBER, PART_A, AT(embedding_ms), "MS", 0, MS_MAX, "2000", true,
     "from processing to ready"},
    {"embedding-fail-every", NUMBER, PART_A, AT(embedding_fail_every), "N", 0, INT32_MAX, "0", true,
     "every Nth job's embedding fails"},
    {"cities", TEXT, PART_A, AT(cities_file), "FILE", 0, 0, NULL, false,
     "takes only these cities (first column of each line)"},
    {"body-limit", NUMBER, PART_A, AT(body_limit), "BYTES", 1, INT32_MAX, "10485760", true,
     "larger bodies get 413"},
    {"latency-ms", NUMBER, PART_A, AT(latency_ms), "MS", 0, MS_MAX, "0", true,
     "each answer is held back that long"},
    {"jitter-ms", NUMBER, PART_A, AT(jitter_ms), "MS", 0, MS_MAX, "0", true,
     "and by a random time up to this"},
    {"clock-offset-ms", NUMBER, PART_A, AT(clock_offset_ms), "MS", INT32_MIN, INT32_MAX, "0", false,
     "the server's clock against this machine's"},

    {"retry-after", CHOICE, PART_B, AT(retry_after), "seconds|date", 0, 0, "seconds", true,
     "form of Retry-After (seconds is Part A)"},
    {"validation-status", STATUS, PART_B, AT(validation_status), "400|422", 0, 0, "422", true,
     "of a payload that breaks a rule"},
    {"quota-status", STATUS, PART_B, AT(quota_status), "402|403|429", 0, 0, "403", true,
     "of a create beyond the quota"},
    {"quota-code", TEXT, PART_B, AT(quota_code), "CODE", 0, 0, "partner.quota_exceeded", true,
     "its error code"},
    {"update", CHOICE, PART_B, AT(update_method), "patch|put|both", 0, 0, "patch", true,
     "methods that update a job"},
    {"put", CHOICE, PART_B, AT(put_meaning), "replace|merge", 0, 0, "replace", true,
     "whether PUT carries the whole job"},
    {"update-answer", STATUS, PART_B, AT(update_answer), "200|204", 0, 0, "200", true,
     "204 has no body"},
    {"delete-answer", STATUS, PART_B, AT(delete_answer), "200|204", 0, 0, "204", true,
     "200 carries the job"},
    {"gone-status", STATUS, PART_B, AT(gone_status), "404|410", 0, 0, "404", true,
     "of a job that was deleted"},
    {"wrap", CHOICE, PART_B, AT(wrap), "none|data|job", 0, 0, "none", true,
     "where one job stands in an answer"},
    {"bulk-path", TEXT, PART_B, AT(bulk_path), "PATH", 0, 0, "/v1/partner/jobs/bulk", true,
     "path of bulk-create"},
    {"bulk-key", TEXT, PART_B, AT(bulk_key), "NAME", 0, 0, "jobs", true, "wrapper of its request"},
    {"bulk-shape", CHOICE, PART_B, AT(bulk_shape), LISTS, 0, 0, "results", true,
     "where the list of results stands"},
    {"bulk-no-index", FLAG, PART_B, AT(bulk_no_index), NULL, 0, 0, NULL, true,
     "results without index"},
    {"bulk-shuffle", FLAG, PART_B, AT(bulk_shuffle), NULL, 0, 0, NULL, true,
     "results in another order"},
    {"bulk-inline", FLAG, PART_B, AT(bulk_inline), NULL, 0, 0, NULL, true,
     "the job itself in place of {status, job}"},
    {"bulk-status", CHOICE, PART_B, AT(bulk_status), "auto|200|201|207", 0, 0, "auto", true,
     "auto: 201, or 207 when an item failed"},
    {"bulk-bad-item", CHOICE, PART_B, AT(bulk_bad_item), "alone|400|422", 0, 0, "alone", true,
     "a bad item fails alone, or the request is refused whole"},
    {"bulk-quota", CHOICE, PART_B, AT(bulk_quota), "alone|whole", 0, 0, "alone", true,
     "what a bulk that passes the quota does"},
    {"list-name", CHOICE, PART_B, AT(list_name), LISTS, 0, 0, "data", true,
     "where the list of jobs stands"},
    {"cursor", CHOICE, PART_B, AT(cursor_place), "top|pagination|meta", 0, 0, "top", true,
     "where next_cursor stands"},
    {"paging", CHOICE, PART_B, AT(paging), "cursor|page", 0, 0, "cursor", true,
     "the other kind of parameter is ignored"},
    {"repeat-page", FLAG, PART_B, AT(repeat_page), NULL, 0, 0, NULL, true,
     "the list gives its first page for ever"},
    {"list-delay-ms", NUMBER, PART_B, AT(list_delay_ms), "MS", 0, MS_MAX, "0", true,
     "a new job is listed only then"},
    {"normalise", SET, PART_B, AT(normalise), "trim|fold|nfc|markdown|html|defaults", 0, 0, NULL,
     true, "how text is changed when stored; several with commas, or \"none\""},
    {"idempotency", CHOICE, PART_B, AT(idempotency), "ignored|honoured", 0, 0, "ignored", true,
     "what Idempotency-Key does"},
};

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static bool unknown(const char *name, struct err *e)
{
    const char *names[ARRAY_LEN(table)];
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        names[i] = table[i].name;
    const char *near = names_nearest(name, names, ARRAY_LEN(table));
    err_set(e, ERR_USAGE, "unknown option \"%s\"", name);
    if (near != NULL)
        return err_hint(e, "Did you mean \"--%s\"?", near);
    return err_hint(e, "See \"qudra-sandbox --help\".");
}

static bool invalid(const struct option *option, const char *text, struct err *e)
{
    err_set(e, ERR_USAGE, "option \"%s\" cannot be \"%s\"", option->name, text);
    if (option->value == NULL)
        return err_hint(e, "Give yes or no.");
    return err_hint(e, "Give %s.", option->value);
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
        return false;
    *out = n;
    return true;
}

/* The place of the first `len` bytes of text in "a|b|c", or -1. */
static int choice_place(const char *choices, const char *text, size_t len)
{
    int place = 0;
    for (const char *p = choices;; p++, place++) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, text, n) == 0)
            return place;
        p += n;
        if (*p == '\0')
            return -1;
    }
}

static bool read_set(const char *choices, const char *text, int64_t *out)
{
    *out = 0;
    if (strcmp(text, "none") == 0)
        return true;
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ",");
        int place = choice_place(choices, p, n);
        if (place < 0)
            return false;
        *out |= 1 << place;
        p += n;
        if (*p == '\0')
            return true;
    }
}

static bool read_choice(const char *choices, const char *text, int64_t *out)
{
    *out = choice_place(choices, text, strlen(text));
    return *out >= 0;
}

static bool read_count(const struct option *option, const char *text, int64_t *out)
{
    if (strcmp(text, "plan") == 0)
        *out = OPTIONS_BY_PLAN;
    else if (strcmp(text, "unlimited") == 0)
        *out = OPTIONS_UNLIMITED;
    else
        return read_number(text, option->min, option->max, out);
    return true;
}

static void add_key(struct options *o, const char *text)
{
    o->keys = mem_realloc(o->keys, (o->n_keys + 1) * sizeof(*o->keys));
    o->keys[o->n_keys++] = text;
}

static bool set(struct options *o, const struct option *option, const char *text)
{
    int64_t *number = (int64_t *)(void *)((char *)o + option->offset);
    switch (option->type) {
    case FLAG:
        return read_choice("no|yes", text, number);
    case NUMBER:
        return read_number(text, option->min, option->max, number);
    case COUNT:
        return read_count(option, text, number);
    case CHOICE:
        return read_choice(option->value, text, number);
    case STATUS:
        return choice_place(option->value, text, strlen(text)) >= 0 &&
               read_number(text, 100, 599, number);
    case SET:
        return read_set(option->value, text, number);
    case TEXT:
        *(const char **)(void *)((char *)o + option->offset) = text;
        return true;
    case KEY:
        add_key(o, text);
        return true;
    }
    return false;
}

void options_init(struct options *o)
{
    *o = (struct options){.limit = OPTIONS_BY_PLAN, .quota = OPTIONS_BY_PLAN};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].initial != NULL && !set(o, &table[i], table[i].initial))
            BUG("initial value of --%s", table[i].name);
}

/* "--name value" and "--name=value"; *i moves over what was taken. */
static bool read_one(struct options *o, int argc, char **argv, int *i, struct err *e)
{
    const char *arg = argv[*i];
    if (strncmp(arg, "--", 2) != 0)
        return err_set(e, ERR_USAGE, "unexpected argument \"%s\"", arg);
    char name[64];
    size_t len = strcspn(arg + 2, "=");
    snprintf(name, sizeof(name), "%.*s", (int)len, arg + 2);
    const struct option *option = find(name);
    if (option == NULL)
        return unknown(name, e);
    const char *text = arg[2 + len] == '=' ? arg + 3 + len : NULL;
    if (text == NULL && option->type == FLAG)
        text = "yes";
    if (text == NULL && *i + 1 == argc)
        return err_set(e, ERR_USAGE, "option \"%s\" needs a value", name);
    if (text == NULL)
        text = argv[++*i];
    return set(o, option, text) || invalid(option, text, e);
}

bool options_read(struct options *o, int argc, char **argv, struct err *e)
{
    for (int i = 1; i < argc; i++)
        if (!read_one(o, argc, argv, &i, e))
            return false;
    if ((o->tls_cert == NULL) != (o->tls_key == NULL))
        return err_set(e, ERR_USAGE, "\"--tls-cert\" and \"--tls-key\" go together");
    return true;
}

bool options_change(struct options *o, const char *name, const char *text, struct err *e)
{
    const struct option *option = find(name);
    if (option == NULL)
        return unknown(name, e);
    if (!option->changes)
        return err_set(e, ERR_USAGE, "option \"%s\" is fixed at start", name);
    /* A text that was in force may still be read by an answer on its way: it is never freed. */
    const char *kept = option->type == TEXT ? mem_strdup(text) : text;
    return set(o, option, kept) || invalid(option, text, e);
}

static void print_option(FILE *out, const struct option *option)
{
    char left[96];
    const char *value = option->value == NULL ? "" : option->value;
    snprintf(left, sizeof(left), "--%s %s", option->name, value);
    fprintf(out, "  %-38s %s", left, option->help);
    if (option->initial != NULL)
        fprintf(out, " [%s]", option->initial);
    fputc('\n', out);
}

void options_print_help(FILE *out)
{
    static const char *const titles[GROUPS] = {
        "The program", "Part A: what Qudra documents",
        "Part B: what Qudra does not document, with the default that the agent assumes"};
    fputs("qudra-sandbox: a strict stand-in for the Qudra Partner API, on loopback\n\n"
          "usage: qudra-sandbox [OPTION]...\n",
          out);
    for (int group = 0; group < GROUPS; group++) {
        fprintf(out, "\n%s\n", titles[group]);
        for (size_t i = 0; i < ARRAY_LEN(table); i++)
            if (table[i].group == (enum group)group)
                print_option(out, &table[i]);
    }
    fputs("\nWithout --key there is one: qk_test_sandbox, on the growth plan.\n"
          "Admin: /_sandbox/jobs, stats, log, faults, keys, plan, clock, options, reset "
          "(tests/sandbox/README.md).\n",
          out);
}
