/*
 * A process is told from a later one with the same number by its start time (proc(5), stat, field
 * 22); the place by boot_id and the inode of the PID namespace, which two containers do not share.
 */
#include "engine/holder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <xxhash.h>

static void read_file(const char *path, char *out, size_t max)
{
    out[0] = '\0';
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return;
    out[fread(out, 1, max - 1, in)] = '\0';
    fclose(in);
}

/* Ticks since boot at which the process began; 0: not known. */
static unsigned long long start_of(long pid)
{
    char path[64], stat[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    read_file(path, stat, sizeof stat);
    const char *at = strrchr(stat, ')'); /* the name may hold anything, brackets too */
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

static unsigned long long place(void)
{
    char boot[64], space[64] = "";
    read_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (boot[0] == '\0' || n <= 0)
        return 0;
    return XXH3_64bits_withSeed(boot, strlen(boot), XXH3_64bits(space, (size_t)n));
}

char *holder_name(struct arena *a)
{
    char host[64] = "?";
    gethostname(host, sizeof host - 1);
    long pid = (long)getpid();
    return arena_printf(a, "%s pid %ld (%016llx-%llu)", host, pid, place(), start_of(pid));
}

bool holder_is_dead(const char *name)
{
    const char *at = strstr(name, " pid ");
    long pid;
    unsigned long long where, start;
    if (at == NULL || sscanf(at, " pid %ld (%16llx-%llu)", &pid, &where, &start) != 3)
        return false;
    if (where == 0 || where != place() || start == 0 || pid <= 1)
        return false;
    bool gone = kill((pid_t)pid, 0) != 0 && errno == ESRCH;
    unsigned long long now = gone ? 0 : start_of(pid);
    return gone || (now != 0 && now != start);
}
