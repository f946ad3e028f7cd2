/*
 * version: what this program calls itself: --version, User-Agent, the run history.
 */
#ifndef QS_BASE_VERSION_H
#define QS_BASE_VERSION_H

#define QS_VERSION "0.1.0"

#endif
