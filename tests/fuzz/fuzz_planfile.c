/* A file of `plan --out`: it is refused with a reason, or every mapping's lines can be read. */
#include "fuzz.h"

#include "edges/planfile.h"

#define LINES 16

static void read_lines(struct planfile *p, const char *mapping)
{
    struct planfile_line lines[LINES];
    struct err e = ERR_INIT;
    size_t n = 0;
    do {
        struct arena a;
        arena_init(&a, 0);
        if (!planfile_next(p, mapping, LINES, &a, lines, &n, &e)) {
            HOLDS(e.message[0] != '\0');
            n = 0;
        }
        for (size_t i = 0; i < n; i++)
            HOLDS(lines[i].key != NULL && lines[i].op < OP_NONE);
        arena_release(&a);
    } while (n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = fuzz_file(data, size, path, sizeof path);
    struct planfile *p = NULL;
    struct err e = ERR_INIT;
    if (planfile_open(&p, path, &e)) {
        const struct planfile_head *head = planfile_head(p);
        for (size_t i = 0; i < head->n_mappings; i++)
            read_lines(p, head->mappings[i].name);
    } else
        HOLDS(e.message[0] != '\0');
    planfile_free(p);
    close(fd);
    return 0;
}
