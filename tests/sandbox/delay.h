/*
 * delay: wakes suspended connections when their time has come.
 *
 * One thread with a heap of deadlines, so that a slow answer never holds up another.
 */
#ifndef SANDBOX_DELAY_H
#define SANDBOX_DELAY_H

#include <stdint.h>

struct MHD_Connection;
struct delays;

struct delays *delays_new(void);
/* Resumes the connection, already suspended, after `ms`; at once when stopped. */
void delays_add(struct delays *d, struct MHD_Connection *connection, int64_t ms);
/* Resumes all that wait and ends the thread; what is added later is resumed at once. */
void delays_stop(struct delays *d);
void delays_free(struct delays *d);

#endif
