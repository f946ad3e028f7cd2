/*
 * config: agent.yaml as a struct, through one table of options.
 *
 * config_options[] is read by the parser, by `check`, by the reference in docs, by the JSON Schema
 * and by the test that holds agent.yaml.example to it: an option exists nowhere else. The struct
 * and all its strings live in one arena and are given back whole, on reload too.
 */
#ifndef QS_RULES_CONFIG_H
#define QS_RULES_CONFIG_H

#include "formats/city.h"
#include "formats/yaml.h"
#include "rules/dialect.h"
#include "rules/limiter.h"
#include "rules/op.h"
#include "rules/schedule.h"

/* One Qudra key with its plan. `qudra:` alone is the short form for one called "default". */
struct config_account {
    const char *name;
    const char *api_key_file; /* absolute; NULL when api_key is used */
    char *api_key;            /* expanded text; wiped when the secret takes it; NULL otherwise */
    const char *api_key_env;  /* of an account of the database: variable that holds the key */
    const char *plan;
    bool headroom_percent;
    double headroom;
    int64_t concurrency;
    int64_t timeout_ms;
    const char *ca_file; /* absolute; NULL: the system's certificates */
    int64_t
        settle_wait_ms; /* how long an uncertain create is looked for before it counts as lost */
    int64_t quota;      /* jobs a month; -1 unlimited; -2: the plan's */
    struct dialect dialect;
};

struct config {
    struct arena arena;
    const char *file, *dir;          /* absolute: relative paths begin here */
    struct config_account *accounts; /* sorted by name */
    size_t n_accounts;
    bool database_accounts;              /* there are more, as rows of qudra_sync.account */
    const struct config_account *common; /* what `qudra:` says of all; no name, no key */

    const char *database_url;
    const char *source_url; /* NULL: the same server and database */
    int64_t connect_timeout_ms, statement_timeout_ms;

    int64_t interval_ms;
    const char *schedule; /* NULL: by interval */
    struct schedule due;  /* the schedule, read; empty without one */
    bool close_at_once;
    int64_t overlap_ms, full_scan_every_ms, refresh_for_ms;
    struct remove_limit max_remove;
    const char *time_zone;
    const struct zone *zone; /* the time zone, read */

    int log_level, log_format;
    const char *metrics_listen; /* NULL: none */
    int64_t metrics_accounts;

    const char **mapping_files; /* after glob, absolute, sorted */
    size_t n_mapping_files;
    struct city_alias *cities; /* `cities:` spelling: city */
    size_t n_cities;
};

enum option_type {
    OPTION_TEXT,
    OPTION_NAME, /* of an account */
    OPTION_PATH, /* made absolute: relative to the file that names it */
    OPTION_BOOL,
    OPTION_INT,
    OPTION_DURATION,
    OPTION_CHOICE,       /* kept as its place among the choices */
    OPTION_WORD,         /* one of the choices, kept as text */
    OPTION_HEADROOM,     /* "5%" or a count */
    OPTION_REMOVE_LIMIT, /* "10%" or a count */
    OPTION_QUOTA,        /* a count or "unlimited" */
    OPTION_URL,
    OPTION_ENDPOINT,    /* a path below the base URL */
    OPTION_ENDPOINT_ID, /* the same, with {id} in it */
    OPTION_LISTEN,      /* "host:port" */
    OPTION_TIME_ZONE,
    OPTION_SECRET,
    OPTION_PATHS, /* list of globs */
    OPTION_SCHEDULE,
    OPTION_CITIES,
    OPTION_TYPES
};

struct option {
    const char *name; /* "qudra.plan"; those of an account are "qudra." and "accounts.name" */
    enum option_type type;
    size_t offset;        /* in struct config, or in struct config_account for an account's */
    const char *fallback; /* default as it would be written; NULL: none; "" is a real default */
    bool reloadable;      /* taken up on HUP without a restart */
    bool required;
    int64_t min, max;           /* OPTION_INT, OPTION_DURATION (ms) */
    const char *const *choices; /* OPTION_CHOICE, OPTION_WORD: NULL-terminated */
    const char *help;           /* one or two sentences, ends with a full stop */
};
extern const struct option config_options[];
extern const size_t config_options_count;

/* Reads and checks the file. Everything that is wrong is in `problems`; NULL when anything is. */
struct config *config_load(const char *file, yaml_lookup lookup, struct problems *problems);
/* The same for who drafts a mapping: what `mappings` says is not looked at, none may be there. */
struct config *config_load_without_mappings(const char *file, yaml_lookup lookup,
                                            struct problems *problems);
void config_free(struct config *c); /* wipes what is secret; NULL is allowed */

const struct config_account *config_account_find(const struct config *c, const char *name);

/* What a row of qudra_sync.account says; NULL: what `qudra:` says. */
struct config_row {
    const char *name, *api_key_file, *api_key_env, *plan, *headroom, *quota, *concurrency;
};
/* The account of a row, read as agent.yaml is; it lives in `a`. ERR_CONFIG tells what is wrong; the
 * account is there all the same, with a name. */
bool config_account_read(const struct config *c, const struct config_row *row, struct arena *a,
                         const struct config_account **out, struct err *e) MUST_CHECK;
/* The documented option as a Markdown table, for docs/reference. */
void config_write_reference(struct buf *out);
/* The JSON Schema (draft 7) of agent.yaml, for editors. */
void config_write_schema(struct buf *out);
/* True for the options that each account has: "qudra." and "accounts.". */
bool config_option_is_account(const struct option *o);

#endif
