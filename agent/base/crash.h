/*
 * crash: places where the proof of promise 2 lets the agent die.
 *
 * In a build with -DCRASH_POINTS every CRASH_POINT is counted; with QS_CRASH_AT=n in the
 * environment the process kills itself, without any cleaning up, at the n-th, or stands still there
 * until SIGCONT when QS_CRASH_STAND_STILL is set: something else dies meanwhile. QS_CRASH_LOG names
 * a file that gets the number and name of each point as it is passed. In every other build nothing
 * of this exists.
 */
#ifndef QS_BASE_CRASH_H
#define QS_BASE_CRASH_H

#ifdef CRASH_POINTS
#define CRASH_POINT(name) crash_point(name)
void crash_point(const char *name);
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
