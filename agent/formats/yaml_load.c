/*
 * The whole file is read at once: what is wrong in it is shown with its source line.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "formats/yaml_origin.h"

/* One byte more than is allowed tells that the file is too large. */
static bool read_file(const char *file, struct buf *out)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    char chunk[16 * 1024];
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && out->len <= YAML_MAX_BYTES) {
        n = read(fd, chunk, sizeof(chunk));
        if (n > 0)
            buf_add(out, chunk, (size_t)n);
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    if (fd >= 0) {
        int saved = errno;

        close(fd);
        errno = saved;
    }
    return n >= 0;
}

struct yaml_doc *yaml_load(const char *file, yaml_lookup lookup, struct problems *problems)
{
    struct buf text = BUF_INIT(2 * YAML_MAX_BYTES);
    struct yaml_doc *doc;

    if (!read_file(file, &text)) {
        const char *why = arena_printf(problems->arena, "cannot be read: %s", strerror(errno));

        problems_add(problems, &(struct problem){.file = file, .message = why});
        buf_clear(&text);
    }
    doc = yaml_read(file, buf_str(&text), text.len, lookup, problems);
    buf_release(&text);
    return doc;
}
