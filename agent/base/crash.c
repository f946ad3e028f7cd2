/*
 * SIGKILL to ourselves, because it is what an operator, the kernel and a power cut do: no handler,
 * no buffer flushed, no connection closed in order. SIGSTOP, so that whoever waits for it has the
 * agent at a known place.
 */
#include "base/crash.h"

#ifdef CRASH_POINTS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

void crash_point(const char *name)
{
    static long passed, at = -1;
    static const char *log;
    if (at < 0) {
        const char *text = getenv("QS_CRASH_AT");
        at = text != NULL ? strtol(text, NULL, 10) : 0;
        log = getenv("QS_CRASH_LOG");
    }
    passed++;
    FILE *out = log != NULL ? fopen(log, "ae") : NULL;
    if (out != NULL) {
        fprintf(out, "%ld %s\n", passed, name);
        fclose(out);
    }
    if (passed == at)
        raise(getenv("QS_CRASH_STAND_STILL") != NULL ? SIGSTOP : SIGKILL);
}

#else

/* A translation unit may not be empty (C11, 6.9). */
typedef int crash_points_are_off;

#endif
