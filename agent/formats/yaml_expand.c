/*
 * ${NAME} in values. Each replacement is noted with its place before and after, for
 * yaml_place_in(). What a variable holds is never expanded again, so a value cannot ask for
 * another.
 */
#include <string.h>

#include "formats/yaml_origin.h"

static size_t characters_in(const char *s, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

struct expander {
    struct problems *problems;
    yaml_lookup lookup;
    const struct yaml_node *node;
    struct yaml_origin *origin;
    struct yaml_expansion **end;
    struct buf out;
    const char *at; /* in origin->raw */
};

static void expansion_problem(struct expander *x, size_t width, const char *hint,
                              const char *message)
{
    struct yaml_node here = *x->node;
    size_t before = characters_in(x->origin->raw, (size_t)(x->at - x->origin->raw));

    yaml_place_raw(here.doc, x->origin, before, &here.line, &here.column);
    here.width = (int)width;
    yaml_problem(x->problems, &here, hint, "%s", message);
}

/* Puts `value` where `raw_bytes` stand at x->at, and notes it. */
static void put_expansion(struct expander *x, const char *value, size_t raw_bytes)
{
    struct yaml_expansion *e = arena_alloc(x->problems->arena, sizeof(*e));

    e->at = characters_in(buf_str(&x->out), x->out.len);
    e->raw_at = characters_in(x->origin->raw, (size_t)(x->at - x->origin->raw));
    e->len = characters_in(value, strlen(value));
    e->raw_len = characters_in(x->at, raw_bytes);
    *x->end = e;
    x->end = &e->next;
    buf_addstr(&x->out, value);
    x->at += raw_bytes;
}

static size_t name_length(const char *s)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t first = strspn(s, letters);

    return first ? first + strspn(s + first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
                                             "0123456789")
                 : 0;
}

/* A reference "${…}" at x->at. What is wrong is told and left as it stands. */
static void expand_reference(struct expander *x)
{
    struct arena *a = x->problems->arena;
    size_t name_len = name_length(x->at + 2);
    const char *after = x->at + 2 + name_len;
    const char *close = strchr(after, '}');
    bool has_default = !strncmp(after, ":-", 2);
    const char *name = arena_strndup(a, x->at + 2, name_len);
    const char *value;

    if (!name_len || !close || (!has_default && close != after)) {
        expansion_problem(x, 2, "write ${NAME} or ${NAME:-default}, and $${ for a plain ${",
                          "\"${\" begins no variable");
        buf_add(&x->out, x->at, 2);
        x->at += 2;
        return;
    }
    value = x->lookup(name);
    if (has_default && (!value || !*value))
        value = arena_strndup(a, after + 2, (size_t)(close - after - 2));
    if (!value) {
        expansion_problem(x, characters_in(x->at, (size_t)(close + 1 - x->at)),
                          "set it in the environment",
                          arena_printf(a, "the variable \"%s\" is not set", name));
        x->origin->unset = true;
        value = "";
    }
    put_expansion(x, value, (size_t)(close + 1 - x->at));
}

bool yaml_is_unset(const struct yaml_node *n)
{
    return n != NULL && n->origin != NULL && n->origin->unset;
}

bool yaml_is_variable(const struct yaml_node *n)
{
    const struct yaml_origin *o = n->origin;

    return o != NULL && o->expansions != NULL && !strncmp(o->raw, "${", 2) &&
           !strcmp(o->raw + 2 + name_length(o->raw + 2), "}");
}

const char *yaml_expand(const struct yaml_node *node, struct yaml_origin *o, yaml_lookup lookup,
                        struct problems *p)
{
    struct expander x = {.problems = p,
                         .lookup = lookup,
                         .node = node,
                         .origin = o,
                         .end = &o->expansions,
                         .at = o->raw};
    const char *text;

    if (!strstr(o->raw, "${"))
        return o->raw;
    buf_init(&x.out, YAML_MAX_BYTES);
    while (*x.at) {
        if (!strncmp(x.at, "$${", 3))
            put_expansion(&x, "${", 3);
        else if (!strncmp(x.at, "${", 2))
            expand_reference(&x);
        else
            buf_addch(&x.out, *x.at++);
    }
    if (x.out.overflowed)
        yaml_problem(p, node, NULL, "the value is too long once its variables are expanded");
    text = arena_strndup(p->arena, buf_str(&x.out), x.out.len);
    buf_release(&x.out);
    return text;
}
