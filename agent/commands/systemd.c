/*
 * No library: one datagram to a UNIX socket, whose name begins with '@' when it is abstract.
 * RELOADING must carry the monotonic time, so that the manager can tell its READY from an earlier
 * one.
 *
 * The watchdog is told four times in its period, not twice: the loop may wait up to a minute
 * between two turns, and a turn that comes just before its time must not make the next one too
 * late.
 */
#include "commands/systemd.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

void systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    char text[128];
    int len = snprintf(text, sizeof text, "%s\nMONOTONIC_USEC=%lld", state,
                       (long long)clock_mono_ms() * 1000);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t ignored = sendto(fd, text, (size_t)len, MSG_NOSIGNAL, (struct sockaddr *)&to, size);
    (void)ignored;
    close(fd);
}

/* What the manager asks of this very process; 0: no watchdog. */
static int64_t watchdog_ms(void)
{
    const char *period = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (period == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    return strtoll(period, NULL, 10) / 1000;
}

void systemd_alive(void)
{
    static int64_t next_ms;
    int64_t period_ms = watchdog_ms(), now_ms = clock_mono_ms();
    if (period_ms <= 0 || now_ms < next_ms)
        return;
    next_ms = now_ms + period_ms / 4;
    systemd_notify("WATCHDOG=1");
}
