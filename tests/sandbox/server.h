/*
 * server: HTTP/1.1 on loopback, by libmicrohttpd: requests in, answers out, delays and torn
 * connections.
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "sandbox.h"

struct server;

/* Serves until stopped. NULL and a filled e on failure. */
struct server *server_new(struct sandbox *s, struct err *e);
int server_port(const struct server *server);
/* Ends at once: what is held back or under way is cut off. */
void server_free(struct server *server);

#endif
