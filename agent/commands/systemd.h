/*
 * systemd: tells the service manager how we are, by plain datagram (sd_notify(3)); nothing happens
 * when it does not ask (NOTIFY_SOCKET is not set).
 */
#ifndef QS_COMMANDS_SYSTEMD_H
#define QS_COMMANDS_SYSTEMD_H

void systemd_notify(const char *state); /* "READY=1" */
/* To be called at every turn of the loop: tells the watchdog, where there is one, that it turns. */
void systemd_alive(void);

#endif
