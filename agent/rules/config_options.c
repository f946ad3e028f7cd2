/*
 * The options, in the order of the documentation. Whoever reads them (the loader, the reference,
 * the schema) derives the sections from the names, so options of one section stand together.
 */
#include "rules/config.h"

#include <string.h>

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define OF(member)         offsetof(struct config, member)
#define OF_ACCOUNT(member) offsetof(struct config_account, member)

static const char *const plan_names[] = {"free", "growth", "scale", NULL};
static const char *const update_methods[] = {"PATCH", "PUT", NULL};
static const char *const pagings[] = {"cursor", "page", NULL}; /* enum paging */
static const char *const levels[] = {"error", "warn",  "info",
                                     "debug", "trace", NULL}; /* log_level */
static const char *const formats[] = {"text", "json", NULL};  /* enum log_format */

/* clang-format off */
const struct option config_options[] = {
    {.name = "qudra.api_key_file", .type = OPTION_PATH, .offset = OF_ACCOUNT(api_key_file),
     .reloadable = true,
     .help = "File that holds the API key; nobody but its owner may read it. A new key in it is "
             "taken up without a restart: when Qudra refuses the old one, or on HUP. Either this "
             "or api_key."},
    {.name = "qudra.api_key", .type = OPTION_SECRET, .offset = OF_ACCOUNT(api_key),
     .reloadable = true,
     .help = "The API key from the environment, as ${NAME} and nothing else; no part of the key may "
             "stand here. "
             "Either this or api_key_file."},
    {.name = "qudra.plan", .type = OPTION_WORD, .offset = OF_ACCOUNT(plan), .fallback = "free",
     .reloadable = true, .choices = plan_names,
     .help = "The account's plan: the first guess at its limits, and whether bulk-create is "
             "there. What Qudra's headers say counts."},
    {.name = "qudra.headroom", .type = OPTION_HEADROOM, .offset = OF_ACCOUNT(headroom),
     .fallback = "5%", .reloadable = true,
     .help = "Requests of each minute that are left to the key's other users: a percentage or a "
             "count."},
    {.name = "qudra.concurrency", .type = OPTION_INT, .offset = OF_ACCOUNT(concurrency),
     .fallback = "8", .reloadable = true, .min = 1, .max = 64,
     .help = "At most this many requests in flight at a time."},
    {.name = "qudra.timeout", .type = OPTION_DURATION, .offset = OF_ACCOUNT(timeout_ms),
     .fallback = "30s", .reloadable = true, .min = 100, .max = 10 * MINUTE,
     .help = "How long an answer is waited for."},
    {.name = "qudra.ca_file", .type = OPTION_PATH, .offset = OF_ACCOUNT(ca_file),
     .reloadable = true,
     .help = "File of certificates (PEM) to verify TLS by, in place of the system's: for a web proxy "
             "that opens TLS. TLS is verified always."},
    {.name = "qudra.settle_wait", .type = OPTION_DURATION, .offset = OF_ACCOUNT(settle_wait_ms),
     .fallback = "1m", .reloadable = true, .min = 0, .max = HOUR,
     .help = "How long a create whose answer was lost is looked for in Qudra's list before it "
             "counts as not applied."},
    {.name = "qudra.quota", .type = OPTION_QUOTA, .offset = OF_ACCOUNT(quota), .reloadable = true,
     .help = "Jobs that may be created in a month, or unlimited, where it differs from the "
             "plan's."},
    {.name = "qudra.base_url", .type = OPTION_URL, .offset = OF_ACCOUNT(dialect.base_url),
     .fallback = "",
     .help = "Where the API is, with its /v1; by default the key's prefix says it. http:// to "
             "loopback only."},
    {.name = "qudra.endpoints.bulk_path", .type = OPTION_ENDPOINT,
     .offset = OF_ACCOUNT(dialect.bulk_path), .fallback = "/partner/jobs/bulk", .reloadable = true,
     .help = "Path of bulk-create, below the base URL. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.bulk_wrapper", .type = OPTION_TEXT,
     .offset = OF_ACCOUNT(dialect.bulk_wrapper), .fallback = "jobs", .reloadable = true,
     .help = "Name of the list in a bulk-create's body. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.update_path", .type = OPTION_ENDPOINT_ID,
     .offset = OF_ACCOUNT(dialect.update_path), .fallback = "/partner/jobs/{id}",
     .reloadable = true, .help = "Path of update. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.update_method", .type = OPTION_WORD,
     .offset = OF_ACCOUNT(dialect.update_method), .fallback = "PATCH", .reloadable = true,
     .choices = update_methods,
     .help = "Method of update; PUT carries the whole job, and a close reads it first. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.delete_path", .type = OPTION_ENDPOINT_ID,
     .offset = OF_ACCOUNT(dialect.delete_path), .fallback = "/partner/jobs/{id}",
     .reloadable = true, .help = "Path of delete. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.read_path", .type = OPTION_ENDPOINT_ID,
     .offset = OF_ACCOUNT(dialect.read_path), .fallback = "/partner/jobs/{id}",
     .reloadable = true, .help = "Path of read. Assumed: not documented by Qudra."},
    {.name = "qudra.endpoints.paging", .type = OPTION_CHOICE, .offset = OF_ACCOUNT(dialect.paging),
     .fallback = "cursor", .reloadable = true, .choices = pagings,
     .help = "How the list goes on: with a cursor or with page=N. Assumed: not documented by "
             "Qudra."},
    {.name = "qudra.endpoints.quota_code", .type = OPTION_TEXT,
     .offset = OF_ACCOUNT(dialect.quota_code), .fallback = "quota", .reloadable = true,
     .help = "An error code that contains this means that the month's quota is used up. Assumed: "
             "not documented by Qudra."},
    {.name = "accounts.name", .type = OPTION_NAME, .offset = OF_ACCOUNT(name), .required = true,
     .reloadable = true,
     .help = "Name of the account, as mappings and --account give it. Beside it stand the options "
             "of qudra, for this account alone."},

    {.name = "database.url", .type = OPTION_TEXT, .offset = OF(database_url), .required = true,
     .help = "PostgreSQL with the schema qudra_sync, as a libpq URL or connection string; the "
             "source too, unless source_url is given."},
    {.name = "database.source_url", .type = OPTION_TEXT, .offset = OF(source_url),
     .help = "PostgreSQL with the job tables, where it is another."},
    {.name = "database.connect_timeout", .type = OPTION_DURATION, .offset = OF(connect_timeout_ms),
     .fallback = "10s", .min = SECOND, .max = 10 * MINUTE,
     .help = "How long a connection may take to come about."},
    {.name = "database.statement_timeout", .type = OPTION_DURATION,
     .offset = OF(statement_timeout_ms), .fallback = "1m", .min = SECOND, .max = HOUR,
     .help = "How long one statement may run before the server is told to stop it."},

    {.name = "sync.interval", .type = OPTION_DURATION, .offset = OF(interval_ms),
     .fallback = "30s", .reloadable = true, .min = 100, .max = DAY,
     .help = "How often the tables are looked at for changes."},
    {.name = "sync.schedule", .type = OPTION_SCHEDULE, .offset = OF(schedule), .reloadable = true,
     .help = "When to push, in cron's five fields and in time_zone, instead of by interval."},
    {.name = "sync.close_at_once", .type = OPTION_BOOL, .offset = OF(close_at_once),
     .fallback = "false", .reloadable = true,
     .help = "With a schedule: closes and deletes do not wait for it, but go by interval."},
    {.name = "sync.overlap", .type = OPTION_DURATION, .offset = OF(overlap_ms), .fallback = "2m",
     .reloadable = true, .min = 0, .max = DAY,
     .help = "How far behind the watermark each look begins, for rows that were committed late."},
    {.name = "sync.full_scan_every", .type = OPTION_DURATION, .offset = OF(full_scan_every_ms),
     .fallback = "6h", .reloadable = true, .min = SECOND, .max = 30 * DAY,
     .help = "How often all rows are compared, whatever the change source said."},
    {.name = "sync.refresh_for", .type = OPTION_DURATION, .offset = OF(refresh_for_ms),
     .fallback = "1h", .reloadable = true, .min = 0, .max = 30 * DAY,
     .help = "How long after a push embedding_status and match_ready are asked for, with requests "
             "to spare."},
    {.name = "sync.max_remove", .type = OPTION_REMOVE_LIMIT, .offset = OF(max_remove),
     .fallback = "10%", .reloadable = true,
     .help = "The removal guard: a pass that would remove more than this, in percent of the "
             "mirrored rows or as a count, removes nothing. Five are always let through."},
    {.name = "sync.time_zone", .type = OPTION_TIME_ZONE, .offset = OF(time_zone),
     .fallback = "Asia/Riyadh", .reloadable = true,
     .help = "Time zone of the schedule, and of timestamps that have none."},

    {.name = "log.level", .type = OPTION_CHOICE, .offset = OF(log_level), .fallback = "info",
     .reloadable = true, .choices = levels,
     .help = "error, warn, info, debug (each request and row) or trace (SQL and bodies, "
             "redacted)."},
    {.name = "log.format", .type = OPTION_CHOICE, .offset = OF(log_format), .fallback = "text",
     .reloadable = true, .choices = formats, .help = "text or json, on stderr."},

    {.name = "metrics.listen", .type = OPTION_LISTEN, .offset = OF(metrics_listen),
     .help = "host:port of /metrics (Prometheus), /healthz and /readyz; none by default."},
    {.name = "metrics.accounts", .type = OPTION_INT, .offset = OF(metrics_accounts),
     .fallback = "100", .reloadable = true, .min = 0, .max = 100000,
     .help = "How many accounts have metrics of their own; the others are summed under "
             "account=\"other\"."},

    {.name = "mappings", .type = OPTION_PATHS, .offset = OF(mapping_files), .required = true,
     .reloadable = true, .help = "List of mapping files; wildcards are allowed."},
    {.name = "cities", .type = OPTION_CITIES, .offset = OF(cities), .reloadable = true,
     .help = "Further spellings of cities, each with the English name to send; tried before the "
             "built-in list."},
};
/* clang-format on */
const size_t config_options_count = ARRAY_LEN(config_options);

bool config_option_is_account(const struct option *o)
{
    return strncmp(o->name, "qudra.", 6) == 0 || strncmp(o->name, "accounts.", 9) == 0;
}

/* '|' would end a cell of the table. */
static void add_cell(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '|')
            buf_addch(out, '\\');
        buf_addch(out, *s);
    }
}

void config_write_reference(struct buf *out)
{
    buf_addstr(out, "| option | default | taken up by a reload | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < config_options_count; i++) {
        const struct option *o = &config_options[i];
        buf_printf(out, "| `%s` | ", o->name);
        if (o->required)
            buf_addstr(out, "*required*");
        else if (o->fallback && *o->fallback)
            buf_printf(out, "`%s`", o->fallback);
        buf_printf(out, " | %s | ", o->reloadable ? "yes" : "no");
        add_cell(out, o->help);
        buf_addstr(out, " |\n");
    }
}
