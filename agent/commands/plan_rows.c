/*
 * The plan row by row, written as the rows are met, so that no table is too long for it. The file
 * of
 * --out is JSON lines: one that names the mappings, then one for each row that something would be
 * sent for, with the hash of what the mapping makes of it.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "commands/output.h"
#include "commands/plan.h"

static void put_line(FILE *out, struct buf *line)
{
    fprintf(out, "%s\n", buf_str(line));
    buf_release(line);
}

static void write_head(const struct plan_report *r, struct arena *a)
{
    struct buf line = BUF_INIT(1024 * 1024);
    struct json_writer w;
    json_writer_init(&w, &line);
    json_open_object(&w);
    output_member_int(&w, "qudra_sync_plan", 1);
    output_member_str(&w, "made_at", clock_print_rfc3339(a, clock_wall_ms()));
    json_key(&w, "mappings");
    json_open_array(&w);
    for (size_t i = 0; i < r->setup->n_mappings; i++) {
        const struct mapping *m = r->setup->mappings[i];
        json_open_object(&w);
        output_member_str(&w, "name", m->name);
        output_member_str(&w, "fingerprint",
                          arena_printf(a, "%016llx", (unsigned long long)m->fingerprint));
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
    put_line(r->out, &line);
}

bool plan_open_out(struct plan_report *r, const char *file, struct err *e)
{
    if (file == NULL)
        return true;
    r->out = fopen(file, "w");
    if (r->out == NULL)
        return err_set(e, ERR_USAGE, "cannot write \"%s\": %s", file, strerror(errno));
    write_head(r, &r->forecast.arena);
    return true;
}

static void write_row(const struct plan_report *r, const struct feed *f,
                      const struct sighting *seen)
{
    struct buf line = BUF_INIT(64 * 1024);
    struct json_writer w;
    char hash[2 * sizeof seen->desired.hash.all + 1] = "";
    for (size_t b = 0; seen->desired.kind == DESIRED_JOB && b < sizeof seen->desired.hash.all; b++)
        snprintf(hash + 2 * b, 3, "%02x", seen->desired.hash.all[b]);
    json_writer_init(&w, &line);
    json_open_object(&w);
    output_member_str(&w, "mapping", f->mapping->name);
    output_member_str(&w, "account", seen->account);
    output_member_str(&w, "key", seen->key);
    output_member_str(&w, "operation", op_names[seen->op.kind]);
    output_member_str(&w, "hash", hash[0] != '\0' ? hash : NULL);
    json_close_object(&w);
    put_line(r->out, &line);
}

static void print_row(const struct feed *f, const struct sighting *seen)
{
    struct arena a;
    arena_init(&a, 0);
    bool refused = seen->desired.kind == DESIRED_REFUSED;
    printf("%-8s %s %s", refused ? "refuse" : op_names[seen->op.kind], f->mapping->name,
           output_clean(&a, seen->key));
    for (size_t i = 0; refused && i < seen->desired.n_refusals; i++)
        printf("%s %s", i == 0 ? ":" : ",", seen->desired.refusals[i].rule);
    const char *between = ":";
    for (unsigned field = 0; seen->op.kind == OP_UPDATE && field < JOB_FIELDS; field++)
        if ((seen->op.fields & 1u << field) != 0) {
            printf("%s %s", between, job_fields[field].name);
            between = ",";
        }
    printf("\n");
    arena_release(&a);
}

void plan_tell_row(struct plan_report *r, const struct feed *f, const struct sighting *seen)
{
    if (r->out != NULL && seen->op.kind != OP_NONE)
        write_row(r, f, seen);
    if (r->detail)
        print_row(f, seen);
}

bool plan_close_out(struct plan_report *r, const char *file, struct err *e)
{
    if (r->out == NULL)
        return true;
    bool torn = ferror(r->out) != 0;
    torn = fclose(r->out) != 0 || torn;
    r->out = NULL;
    return !torn || err_set(e, ERR_USAGE, "cannot write \"%s\" whole: %s", file, strerror(errno));
}
