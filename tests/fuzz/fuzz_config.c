/* An agent.yaml: either it has problems, and then it is not there, or it is. */
#include "fuzz.h"

#include "rules/config.h"

static char *no_variable(const char *name)
{
    static char value[] = "value";
    return name[0] == 'V' ? value : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = fuzz_file(data, size, path, sizeof path);
    struct arena a;
    struct problems problems;
    arena_init(&a, 0);
    problems_init(&problems, &a);
    struct config *c = config_load(path, no_variable, &problems);
    HOLDS((c == NULL) == (problems.errors > 0));
    FILE *out = fopen("/dev/null", "w");
    problems_print(&problems, out, true);
    fclose(out);
    config_free(c);
    arena_release(&a);
    close(fd);
    return 0;
}
