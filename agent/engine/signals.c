/*
 * A handler does nothing but write one byte and count: everything else happens in the loop.
 */
#include "engine/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int pipe_fds[2] = {-1, -1};
static volatile sig_atomic_t stops;
static volatile sig_atomic_t reload;

static void handle(int signal_number)
{
    if (signal_number == SIGHUP)
        reload = 1;
    else if (++stops > 1)
        _exit(128 + signal_number);
    ssize_t ignored = write(pipe_fds[1], "", 1);
    (void)ignored;
}

int signals_init(void)
{
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
        BUG("no pipe for signals");
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return pipe_fds[0];
}

void signals_drain(void)
{
    char bytes[64];
    while (read(pipe_fds[0], bytes, sizeof bytes) > 0)
        ;
}

bool signals_stop(void)
{
    return stops > 0;
}

bool signals_take_reload(void)
{
    bool was = reload != 0;
    reload = 0;
    return was;
}
