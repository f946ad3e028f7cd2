/*
 * mapping_fields: the `fields` of a mapping file → field programs.
 *
 * What can be done once is done here: map keys are folded and sorted, lists of transforms folded,
 * constants and defaults held against the field's own rule, so that mapping_apply only looks things
 * up.
 */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "rules/mapping_internal.h"

struct text mapping_fold_key(struct arena *a, struct text t)
{
    struct text folded = text_fold(a, t);
    char *out = arena_alloc(a, folded.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < folded.len; i++)
        if (!strchr(" _-", folded.data[i]) || folded.data[i] == '\0')
            out[n++] = folded.data[i];
    return (struct text){.data = out, .len = n};
}

static void load_transforms(struct mapping_loader *l, const struct yaml_node *list,
                            struct field_program *f);

static int compare_text(struct text a, struct text b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
    const struct map_entry *x = a, *y = b;

    return compare_text(x->folded, y->folded);
}

static const struct map_entry *find_folded(const struct map_entry *map, size_t n,
                                           struct text folded)
{
    struct map_entry wanted = {.folded = folded};

    return n ? bsearch(&wanted, map, n, sizeof(*map), compare_entries) : NULL;
}

const struct map_entry *mapping_map_find(const struct field_program *f, struct arena *a,
                                         struct text value)
{
    for (size_t i = 0; i < f->n_map; i++)
        if (f->map[i].key.len == value.len &&
            memcmp(f->map[i].key.data, value.data, value.len) == 0)
            return &f->map[i];
    return find_folded(f->map, f->n_map, mapping_fold_key(a, value));
}

/* ---- values that the mapping itself names --------------------------------------------------- */

/* False, with a problem, when no job could ever be sent with this value. */
static bool check_value(struct mapping_loader *l, const struct yaml_node *node,
                        enum job_field field)
{
    struct refusal refusals[JOB_MAX_REFUSALS];
    struct job job = {.field = {TEXT_NONE}};
    size_t n;

    job.field[field] = text_of(node->text);
    n = job_validate(l->arena, &job, refusals, JOB_MAX_REFUSALS);
    for (size_t i = 0; i < n; i++) {
        const char *rule = refusals[i].rule;

        /* Only what is wrong with the value itself: other fields are not there yet. */
        if (refusals[i].field != (int)field || strstr(rule, ".required"))
            continue;
        yaml_problem(l->problems, node, NULL, "%s", refusals[i].message);
        return false;
    }
    return true;
}

static bool read_value(struct mapping_loader *l, const struct yaml_node *node, enum job_field field,
                       struct text *out)
{
    const char *text;

    if (!yaml_text(l->problems, node, &text) || !check_value(l, node, field))
        return false;
    *out = text_of(text);
    return true;
}

/* ---- map ------------------------------------------------------------------------------------ */

static void add_entry(struct mapping_loader *l, struct field_program *f, struct map_entry entry)
{
    entry.folded = mapping_fold_key(l->arena, entry.key);
    f->map[f->n_map++] = entry;
}

static void read_entries(struct mapping_loader *l, const struct yaml_node *map,
                         struct field_program *f)
{
    for (const struct yaml_node *n = map ? map->first : NULL; n; n = n->next) {
        struct map_entry entry = {.key = text_of(n->key->text), .value = TEXT_NONE};
        struct text folded = mapping_fold_key(l->arena, entry.key);

        for (size_t i = 0; i < f->n_map; i++)
            if (compare_text(f->map[i].folded, folded) == 0)
                yaml_problem(l->problems, n->key, "take one of them out",
                             "\"%s\" and \"%s\" are the same key: case, hyphens and blanks do not "
                             "matter",
                             n->key->text, f->map[i].key.data);
        if (yaml_is_null(n) || read_value(l, n, f->field, &entry.value))
            add_entry(l, f, entry);
    }
}

/* An enum field knows its own choices, however they are spelt, unless the map says otherwise. */
static void add_choices(struct mapping_loader *l, struct field_program *f)
{
    const char *const *choices = job_fields[f->field].choices;
    size_t given = f->n_map;

    for (; choices && *choices; choices++) {
        struct text choice = text_of(*choices), folded = mapping_fold_key(l->arena, choice);
        bool known = false;

        for (size_t i = 0; i < given; i++)
            known |= compare_text(f->map[i].folded, folded) == 0;
        if (!known)
            add_entry(l, f, (struct map_entry){.key = choice, .value = choice});
    }
}

static void load_map(struct mapping_loader *l, const struct yaml_node *map, struct field_program *f)
{
    size_t n_choices = 0;

    if (yaml_is_null(map))
        map = NULL;
    if (map && map->kind != YAML_MAP) {
        yaml_problem(l->problems, map, "write {value: result, …}", "map must be a map");
        return;
    }
    if (job_fields[f->field].type == JOB_TYPE_ENUM)
        while (job_fields[f->field].choices[n_choices])
            n_choices++;
    f->map = arena_alloc(l->arena, ((map ? map->count : 0) + n_choices + 1) * sizeof(*f->map));
    read_entries(l, map, f);
    if (n_choices)
        add_choices(l, f);
    qsort(f->map, f->n_map, sizeof(*f->map), compare_entries);
}

/* ---- one field ------------------------------------------------------------------------------ */

static bool load_source(struct mapping_loader *l, const struct yaml_node *node,
                        struct field_program *f)
{
    static const char *const names[] = {"column", "sql", "const"};
    const struct yaml_node *given = NULL;
    const char *column;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct yaml_node *source = yaml_get(node, names[i]);

        if (yaml_is_null(source))
            continue;
        n++;
        given = source;
        f->source = (enum field_source)i;
    }
    if (n != 1) {
        yaml_problem(l->problems, node->key, "give one of column, sql and const",
                     n ? "%s has more than one source" : "%s has no source", node->key->text);
        return false;
    }
    f->node = given;
    switch (f->source) {
    case FIELD_COLUMN:
        return mapping_read_column(l, given, &column);
    case FIELD_SQL:
        return mapping_read_sql(l, given);
    case FIELD_CONST:
        return read_value(l, given, f->field, &f->fallback);
    }
    return false;
}

/* A constant is what it is: whatever else stands beside it would never be used. */
static void check_const(struct mapping_loader *l, const struct yaml_node *node)
{
    for (const struct yaml_node *n = node->first; n; n = n->next)
        if (strcmp(n->key->text, "const") != 0)
            yaml_problem(l->problems, n->key, "take it out, or read from a column",
                         "a constant needs no %s", n->key->text);
}

static struct field_program *load_field(struct mapping_loader *l, const struct yaml_node *node,
                                        enum job_field field)
{
    struct field_program *f = arena_alloc(l->arena, sizeof(*f));
    const struct yaml_node *transform, *fallback;

    f->field = field;
    if (node->kind != YAML_MAP) {
        yaml_problem(l->problems, node, "write {column: name}",
                     "%s must be a map with column, sql or const", node->key->text);
        return f;
    }
    mapping_check_keys(l, node, "fields.*", node->key->text);
    if (load_source(l, node, f) && f->source == FIELD_CONST) {
        check_const(l, node);
        return f;
    }
    transform = yaml_get(node, "transform");
    if (!yaml_is_null(transform))
        load_transforms(l, transform, f);
    load_map(l, yaml_get(node, "map"), f);
    fallback = yaml_get(node, "default");
    if (!yaml_is_null(fallback) && !read_value(l, fallback, field, &f->fallback))
        f->fallback = TEXT_NONE;
    return f;
}

static void number_columns(struct mapping *m)
{
    size_t column = COLUMN_FIELDS;

    for (size_t i = 0; i < JOB_FIELDS; i++)
        if (m->field[i] && m->field[i]->source != FIELD_CONST)
            m->field[i]->column = column++;
}

void mapping_load_fields(struct mapping_loader *l, const struct yaml_node *fields)
{
    const char *names[JOB_FIELDS];

    if (fields->kind != YAML_MAP) {
        yaml_problem(l->problems, fields, NULL, "fields must be a map of the job's fields");
        return;
    }
    for (size_t i = 0; i < JOB_FIELDS; i++) {
        const struct yaml_node *node = yaml_get(fields, job_fields[i].name);

        names[i] = job_fields[i].name;
        if (!yaml_is_null(node))
            l->mapping->field[i] = load_field(l, node, (enum job_field)i);
        else if (job_fields[i].required)
            yaml_problem(l->problems, fields->key, job_fields[i].help,
                         "the field \"%s\" is missing, and every job needs it", names[i]);
    }
    yaml_check_keys(l->problems, fields, "fields", names, JOB_FIELDS);
    number_columns(l->mapping);
}

/* ---- transforms ----------------------------------------------------------------------------- */

static const struct transform *find_transform(struct mapping_loader *l, const struct yaml_node *at)
{
    const char *names[64], *near;

    for (size_t i = 0; i < mapping_transforms_count; i++) {
        if (strcmp(mapping_transforms[i].name, at->text) == 0)
            return &mapping_transforms[i];
        names[i] = mapping_transforms[i].name;
    }
    near = names_nearest(at->text, names, mapping_transforms_count);
    yaml_problem(l->problems, at,
                 near ? arena_printf(l->arena, "did you mean \"%s\"?", near)
                      : arena_printf(l->arena, "known are %s",
                                     names_list(l->arena, names, mapping_transforms_count)),
                 "unknown transform \"%s\"", at->text);
    return NULL;
}

static bool read_texts(struct mapping_loader *l, const struct yaml_node *node, bool fold,
                       struct transform_values *out)
{
    bool list = node->kind == YAML_LIST, good = true;
    struct text *texts = arena_alloc(l->arena, ((list ? node->count : 0) + 1) * sizeof(*texts));

    for (const struct yaml_node *n = list ? node->first : node; n; n = list ? n->next : NULL) {
        const char *text;

        if (!yaml_text(l->problems, n, &text)) {
            good = false;
            continue;
        }
        texts[out->n++] = fold ? mapping_fold_key(l->arena, text_of(text)) : text_of(text);
    }
    out->text = texts;
    return good;
}

/* "176", "1/12" */
static bool read_ratio(struct mapping_loader *l, const struct yaml_node *node,
                       struct transform_values *out)
{
    const char *text;
    char *end;

    if (!yaml_text(l->problems, node, &text))
        return false;
    out->number = strtoll(text, &end, 10);
    out->divisor = *end == '/' ? strtoll(end + 1, &end, 10) : 1;
    if (end != text && *end == '\0' && out->number > 0 && out->divisor > 0 &&
        out->number <= 1000000000 && out->divisor <= 1000000000)
        return true;
    yaml_problem(l->problems, node, "write a factor such as 176, or a fraction such as 1/12",
                 "\"%s\" is not a factor", text);
    return false;
}

static bool read_region(struct mapping_loader *l, const struct yaml_node *node,
                        struct transform_values *out)
{
    static const char *const words[] = {"region"};
    int unused;

    out->number = 1;
    return yaml_choice(l->problems, node, words, ARRAY_LEN(words), &unused);
}

static bool read_argument(struct mapping_loader *l, const struct yaml_node *node,
                          enum transform_argument argument, struct transform_values *out)
{
    switch (argument) {
    case ARGUMENT_NONE:
        yaml_problem(l->problems, node, "write its name alone",
                     "the transform \"%s\" takes no argument", node->key->text);
        return false;
    case ARGUMENT_LENGTH:
        return yaml_int(l->problems, node, 1, 1000000, &out->number);
    case ARGUMENT_INDEX:
        return yaml_int(l->problems, node, 1, 10000, &out->number);
    case ARGUMENT_RATIO:
        return read_ratio(l, node, out);
    case ARGUMENT_TEXT:
        if (node->kind != YAML_LIST)
            return read_texts(l, node, true, out);
        yaml_problem(l->problems, node, NULL, "the transform \"%s\" takes one text",
                     node->key->text);
        return false;
    case ARGUMENT_FOLDED:
        return read_texts(l, node, true, out);
    case ARGUMENT_TEXTS:
        return read_texts(l, node, false, out);
    case ARGUMENT_REGION:
        return read_region(l, node, out);
    }
    return false;
}

static bool may_stand_alone(const struct transform *t, enum job_field field)
{
    return t->argument == ARGUMENT_NONE || t->argument == ARGUMENT_REGION ||
           (t->argument == ARGUMENT_LENGTH && job_fields[field].max_chars > 0);
}

static bool load_step(struct mapping_loader *l, const struct yaml_node *node,
                      struct field_program *f, struct transform_step *step)
{
    bool with = node->kind == YAML_MAP && node->count == 1;
    const struct yaml_node *name = with ? node->first->key : node;

    if (name->kind != YAML_SCALAR) {
        yaml_problem(l->problems, node, "write a name, or {name: argument}",
                     "this is not a transform");
        return false;
    }
    step->transform = find_transform(l, name);
    if (!step->transform)
        return false;
    if (with)
        return read_argument(l, node->first, step->transform->argument, &step->with);
    if (step->transform->argument == ARGUMENT_LENGTH)
        step->with.number = (int64_t)job_fields[f->field].max_chars;
    if (may_stand_alone(step->transform, f->field))
        return true;
    yaml_problem(l->problems, node, step->transform->example,
                 "the transform \"%s\" needs an argument", step->transform->name);
    return false;
}

static void load_transforms(struct mapping_loader *l, const struct yaml_node *list,
                            struct field_program *f)
{
    if (list->kind != YAML_LIST) {
        yaml_problem(l->problems, list, "put it into brackets: [trim]", "transform must be a list");
        return;
    }
    f->steps = arena_alloc(l->arena, list->count * sizeof(*f->steps));
    for (const struct yaml_node *n = list->first; n; n = n->next)
        if (load_step(l, n, f, &f->steps[f->n_steps]))
            f->n_steps++;
}
