/* YAML to nodes: every node's place lies in the file, and every problem can be shown. */
#include "fuzz.h"

#include "formats/yaml.h"

static char *no_variable(const char *name)
{
    static char value[] = "value";
    return name[0] == 'V' ? value : NULL;
}

static void walk(const struct yaml_node *n)
{
    for (; n != NULL; n = n->next) {
        HOLDS(n->line >= 1 && n->column >= 1);
        if (n->kind == YAML_SCALAR && n->origin != NULL) {
            int line, column;
            yaml_place_in(n, 1, &line, &column);
            HOLDS(line >= 1 && column >= 1);
        }
        if (n->kind != YAML_SCALAR)
            walk(n->first);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena a;
    struct problems problems;
    arena_init(&a, 0);
    problems_init(&problems, &a);
    const struct yaml_doc *doc = yaml_read("fuzz", text, size, no_variable, &problems);
    walk(doc->root);
    FILE *out = fopen("/dev/null", "w");
    problems_print(&problems, out, false);
    fclose(out);
    arena_release(&a);
    free(text);
    return 0;
}
