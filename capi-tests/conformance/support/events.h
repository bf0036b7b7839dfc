/*
 * What the event programs share on top of capi.h: one of each thing that most
 * tests need (every test has its own process), and callbacks that take notes.
 */
#ifndef CAPI_EVENTS_H
#define CAPI_EVENTS_H

#include "capi.h"

#define UNUSED __attribute__((unused))
#define CALLBACK(name)                                                       \
	static UNUSED void name(evutil_socket_t fd UNUSED, short what UNUSED,\
	    void *arg UNUSED)

static UNUSED struct event_base *base;
static UNUSED struct event *ev, *other;
static UNUSED evutil_socket_t pair[2];
static UNUSED int runs;

/* Notes the argument, which is a name. */
CALLBACK(note_name)
{
	note("%s", (const char *)arg);
}

/* Notes "name:flags", flags in hexadecimal. */
CALLBACK(note_flags)
{
	note("%s:%x", (const char *)arg, (unsigned)what);
}

/* What libevent 2.1 says of WHAT: an event that times out forgets what else it
 * was active for. */
static UNUSED unsigned
told_by_21(short what)
{
	return what & EV_TIMEOUT ? EV_TIMEOUT : (unsigned)what;
}

/* Counts in *arg, which another thread may look at. */
CALLBACK(count)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
}

/* Reads a byte, then as note_flags. */
CALLBACK(consume)
{
	char byte;

	note("%s:%x", (const char *)arg, (unsigned)what);
	if (what & EV_READ)
		ck_assert_int_eq(read(fd, &byte, 1), 1);
}

static inline void
feed(evutil_socket_t fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

/* A timer that is added and notes its name. */
static inline struct event *
timer(long ms, const char *name)
{
	struct timeval tv = capi_ms(ms);
	struct event *timer = evtimer_new(base, note_name, (void *)name);

	ck_assert_ptr_nonnull(timer);
	ck_assert_int_eq(evtimer_add(timer, &tv), 0);
	return timer;
}

static inline int
add_ms(struct event *event, long ms)
{
	struct timeval tv = capi_ms(ms);

	return event_add(event, &tv);
}

static UNUSED long long
since_ms(const struct timeval *from, const struct timeval *to)
{
	return (to->tv_sec - from->tv_sec) * 1000LL +
	    (to->tv_usec - from->tv_usec) / 1000;
}

/* The time T was between these two, or as good as: some clocks are coarse. */
#define ck_between(before, t, after)                                         \
	do {                                                                 \
		ck_assert_int_ge(since_ms(before, t), -50);                  \
		ck_assert_int_ge(since_ms(t, after), -50);                   \
	} while (0)

static inline int
pending(struct event *event)
{
	return event_pending(event, 0xff, NULL);
}

/* Goes on until nothing is ready: see EVLOOP_NONBLOCK. */
static inline int
turn(void)
{
	return event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline int
once(void)
{
	return event_base_loop(base, EVLOOP_ONCE);
}

/* New base and new pair. */
static inline void
begin(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	capi_pair(pair);
}

#endif
