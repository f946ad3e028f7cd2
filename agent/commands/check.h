/*
 * check: what `check` finds, gathered first and then shown to a person or a program.
 *
 * A check never stops at the first thing that is wrong: each part says what it finds and the next
 * begins, as far as it can without what failed.
 */
#ifndef QS_COMMANDS_CHECK_H
#define QS_COMMANDS_CHECK_H

#include "commands/setup.h"
#include "engine/trial.h"

enum check_level { CHECK_OK, CHECK_NOTE, CHECK_WARNING, CHECK_ERROR };
extern const char *const check_level_names[];

struct check_finding {
    enum check_level level;
    const char *message, *hint; /* hint NULL: nothing to do */
};

/* One heading with what was found below it. */
struct check_section {
    const char *name; /* "configuration", "mapping jobs" */
    struct check_finding *findings;
    size_t n, cap;
    const struct mapping *mapping; /* NULL: about no mapping */
    bool tried;                    /* trial is filled */
    struct trial trial;
    struct problems problems; /* of the partner's SQL, at their place in the file */
};

struct check {
    struct setup *setup;
    struct arena *arena;
    struct check_section *sections;
    size_t n_sections, cap_sections;
    size_t count[CHECK_ERROR + 1]; /* findings of each level */
    enum err_kind worst;           /* ERR_NONE: no error was found */
    int64_t limit;                 /* rows of each mapping to try; 0: all */
    bool accounts_read;            /* those of the database, where there are any */
    bool standby;                  /* the source is one: nobody may write to it */
};

/* Opens a section: what is said next belongs to it. */
struct check_section *check_section(struct check *c, const char *name);
void check_say(struct check *c, enum check_level level, const char *hint, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* An error, with its hint. */
void check_fail(struct check *c, const struct err *e);

/* The state's database: reached, migrated, ours to write. *out NULL: not usable as it is. */
void check_state(struct check *c, struct pg **out);
/* The source's: reached, and what the role sees of it. NULL when it is out of reach. */
struct pg *check_source(struct check *c);
/* Everything about one mapping that the source can tell. */
void check_mapping(struct check *c, struct pg *source, const struct mapping *m);
/* How the mapping's queries are planned; `key` is that of a row, NULL when there is none. */
void check_plans(struct check *c, struct pg *source, const struct mapping *m,
                 const struct mapping_types *types, const char *key);
/* Those of `detect: trigger`. */
void check_triggers(struct check *c, struct pg *source, const struct mapping *m);
/* The account's key and, unless offline, what Qudra says to it. state may be NULL. */
void check_account(struct check *c, struct pg *state, const struct setup_account *a, bool offline);

void check_show(const struct check *c);
void check_write_json(const struct check *c);

#endif
