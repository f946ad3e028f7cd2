/*
 * Keys are looked up on every request, by an open hash table that is rebuilt when half full; there
 * may be thousands. Accounts are looked up by name only by the admin, so a walk will do.
 */
#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "options.h"

static const char *const plan_names[] = {"free", "growth", "scale"};

bool plan_read(const char *text, enum plan *out)
{
    for (size_t i = 0; i < ARRAY_LEN(plan_names); i++)
        if (strcmp(plan_names[i], text) == 0) {
            *out = (enum plan)i;
            return true;
        }
    return false;
}

const char *plan_name(enum plan plan)
{
    return plan_names[plan];
}

static size_t slot_of(const struct accounts *a, const char *text)
{
    size_t at = XXH3_64bits(text, strlen(text)) & (a->n_slots - 1);
    while (a->slots[at] != NULL && strcmp(a->slots[at]->text, text) != 0)
        at = (at + 1) & (a->n_slots - 1);
    return at;
}

static void grow(struct accounts *a)
{
    if (2 * (a->n_keys + 1) <= a->n_slots)
        return;
    mem_free(a->slots);
    a->n_slots = a->n_slots == 0 ? 64 : 2 * a->n_slots;
    a->slots = mem_alloc(a->n_slots * sizeof(struct key *));
    for (size_t i = 0; i < a->n_keys; i++)
        a->slots[slot_of(a, a->keys[i]->text)] = a->keys[i];
}

struct key *accounts_key(const struct accounts *a, const char *text)
{
    return a->n_slots == 0 ? NULL : a->slots[slot_of(a, text)];
}

struct account *accounts_find(const struct accounts *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->all[i]->name, name) == 0)
            return a->all[i];
    return NULL;
}

static struct account *new_account(struct accounts *a, const char *name)
{
    struct account *account = mem_alloc(sizeof(*account));
    account->name = mem_strdup(name);
    account->index = (uint32_t)a->n;
    account->limit = OPTIONS_BY_PLAN;
    account->quota = OPTIONS_BY_PLAN;
    a->all = mem_realloc(a->all, (a->n + 1) * sizeof(struct account *));
    a->all[a->n++] = account;
    return account;
}

static struct key *new_key(struct accounts *a, const char *text)
{
    grow(a);
    struct key *key = mem_alloc(sizeof(*key));
    key->text = mem_strdup(text);
    a->keys = mem_realloc(a->keys, (a->n_keys + 1) * sizeof(struct key *));
    a->keys[a->n_keys++] = key;
    a->slots[slot_of(a, text)] = key;
    return key;
}

struct key *accounts_add(struct accounts *a, const char *key, const char *account, enum plan plan)
{
    struct key *k = accounts_key(a, key);
    if (k == NULL)
        k = new_key(a, key);
    k->account = accounts_find(a, account);
    if (k->account == NULL)
        k->account = new_account(a, account);
    k->account->plan = plan;
    k->revoked = false;
    return k;
}

bool accounts_add_text(struct accounts *a, const char *text, struct err *e)
{
    char key[256], plan_text[16] = "growth", account[256] = "";
    int parts = sscanf(text, "%255[^: \n]:%15[^: \n]:%255[^: \n]", key, plan_text, account);
    enum plan plan;
    if (parts < 1 || !plan_read(plan_text, &plan)) {
        err_set(e, ERR_USAGE, "key \"%s\" is not of the form KEY:PLAN[:ACCOUNT]", text);
        return err_hint(e, "The plan is free, growth or scale.");
    }
    accounts_add(a, key, account[0] == '\0' ? key : account, plan);
    return true;
}

bool accounts_add_file(struct accounts *a, const char *path, struct err *e)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return err_set(e, ERR_CONFIG, "cannot read \"%s\": %s", path, strerror(errno));
    char line[600];
    bool ok = true;
    while (ok && fgets(line, sizeof(line), file) != NULL)
        if (line[0] != '\n' && line[0] != '#')
            ok = accounts_add_text(a, line, e);
    fclose(file);
    return ok;
}

static void forget_windows(struct key *key)
{
    mem_free(key->past);
    key->past = NULL;
    key->n_past = 0;
    key->window = (struct window){.start_ms = 0};
}

void accounts_reset(struct accounts *a)
{
    for (size_t i = 0; i < a->n_keys; i++)
        forget_windows(a->keys[i]);
    for (size_t i = 0; i < a->n; i++) {
        mem_free(a->all[i]->jobs);
        a->all[i]->jobs = NULL;
        a->all[i]->n_jobs = 0;
        a->all[i]->quota_used = 0;
    }
}

void accounts_release(struct accounts *a)
{
    accounts_reset(a);
    for (size_t i = 0; i < a->n_keys; i++) {
        mem_free(a->keys[i]->text);
        mem_free(a->keys[i]);
    }
    for (size_t i = 0; i < a->n; i++) {
        mem_free(a->all[i]->name);
        mem_free(a->all[i]);
    }
    mem_free(a->keys);
    mem_free(a->slots);
    mem_free(a->all);
}

void account_add_job(struct account *a, uint32_t place)
{
    /* Doubles at each power of two, so that the capacity need not be kept. */
    if (a->n_jobs == 0 || (a->n_jobs >= 16 && (a->n_jobs & (a->n_jobs - 1)) == 0)) {
        size_t room = a->n_jobs == 0 ? 16 : 2 * a->n_jobs;
        a->jobs = mem_realloc(a->jobs, room * sizeof(*a->jobs));
    }
    a->jobs[a->n_jobs++] = place;
}
