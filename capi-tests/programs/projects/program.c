/* Writes "done" after a timer of the library has run out in a loop with locks. */
#include <event2/event.h>
#include <event2/thread.h>
#include <stdio.h>

static void done(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)arg;
    puts(what == EV_TIMEOUT ? "done" : "called for something else");
}

int main(void)
{
    struct timeval soon = { 0, 1000 };
    struct event_base *base;
    struct event *timer;

    if (evthread_use_pthreads() != 0 || !(base = event_base_new()))
        return 1;
    timer = event_new(base, -1, 0, done, NULL);
    if (!timer || event_add(timer, &soon) != 0 || event_base_dispatch(base) != 1)
        return 2;
    event_free(timer);
    event_base_free(base);
    return 0;
}
