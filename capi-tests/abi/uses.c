/* Uses every macro with parameters of the public headers, and checks what it does. */
#include <event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                      \
	do {                                                                  \
		if (!(condition)) {                                           \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			exit(1);                                              \
		}                                                             \
	} while (0)

static int called;

static void
callback(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)arg;
	called |= what;
}

static void
run(struct event_base *base, short expected)
{
	called = 0;
	CHECK(event_base_loop(base, EVLOOP_ONCE) >= 0);
	CHECK(called == expected);
}

static void
timers(struct event_base *base)
{
	struct timeval soon = {0, 1000}, left;
	struct event timer;
	struct event *made = evtimer_new(base, callback, NULL);

	CHECK(made != NULL && evtimer_initialized(made));
	CHECK(evtimer_add(made, &soon) == 0 && evtimer_pending(made, &left));
	run(base, EV_TIMEOUT);
	CHECK(!evtimer_pending(made, NULL));
	event_free(made);

	CHECK(evtimer_assign(&timer, base, callback, NULL) == 0);
	CHECK(evtimer_add(&timer, &soon) == 0 && evtimer_del(&timer) == 0);
	CHECK(!evtimer_pending(&timer, NULL));

	evtimer_set(&timer, callback, NULL);
	CHECK(event_base_set(base, &timer) == 0);
	CHECK(evtimer_add(&timer, &soon) == 0);
	run(base, EV_TIMEOUT);

	timeout_set(&timer, callback, NULL);
	CHECK(event_base_set(base, &timer) == 0 && timeout_initialized(&timer));
	CHECK(timeout_add(&timer, &soon) == 0 && timeout_pending(&timer, &left));
	CHECK(timeout_del(&timer) == 0 && !timeout_pending(&timer, NULL));
}

static void
signals(struct event_base *base)
{
	struct event on_signal;
	struct event *made = evsignal_new(base, SIGUSR1, callback, NULL);

	CHECK(made != NULL && evsignal_initialized(made));
	CHECK(event_get_signal(made) == SIGUSR1 && EVENT_SIGNAL(made) == SIGUSR1);
	CHECK(event_get_events(made) == (EV_SIGNAL | EV_PERSIST));
	CHECK(evsignal_add(made, NULL) == 0 && evsignal_pending(made, NULL));
	CHECK(kill(getpid(), SIGUSR1) == 0);
	run(base, EV_SIGNAL);
	CHECK(evsignal_pending(made, NULL) && evsignal_del(made) == 0);
	event_free(made);

	CHECK(evsignal_assign(&on_signal, base, SIGUSR2, callback, NULL) == 0);
	CHECK(EVENT_FD(&on_signal) == SIGUSR2);

	evsignal_set(&on_signal, SIGUSR1, callback, NULL);
	CHECK(EVENT_SIGNAL(&on_signal) == SIGUSR1);
	CHECK(event_get_events(&on_signal) == (EV_SIGNAL | EV_PERSIST));

	signal_set(&on_signal, SIGUSR2, callback, NULL);
	CHECK(event_base_set(base, &on_signal) == 0 && signal_initialized(&on_signal));
	CHECK(signal_add(&on_signal, NULL) == 0 && signal_pending(&on_signal, NULL));
	CHECK(kill(getpid(), SIGUSR2) == 0);
	run(base, EV_SIGNAL);
	CHECK(signal_del(&on_signal) == 0 && !signal_pending(&on_signal, NULL));
}

static void
triggered_by_the_program(struct event_base *base)
{
	struct event *made = evuser_new(base, callback, NULL);

	CHECK(made != NULL && evuser_initialized(made));
	CHECK(!evuser_pending(made, NULL));
	evuser_trigger(made);
	run(base, 0);
	CHECK(evuser_del(made) == 0);
	event_free(made);
}

static void
times(void)
{
	struct timeval a = {1, 600000}, b = {2, 700000}, c;

	evutil_timeradd(&a, &b, &c);
	CHECK(c.tv_sec == 4 && c.tv_usec == 300000);
	evutil_timersub(&b, &a, &c);
	CHECK(c.tv_sec == 1 && c.tv_usec == 100000);
	CHECK(evutil_timercmp(&a, &b, <) && evutil_timercmp(&a, &b, !=));
	CHECK(evutil_timercmp(&a, &a, ==) && evutil_timercmp(&b, &a, >=));
	CHECK(evutil_timerisset(&a));
	evutil_timerclear(&a);
	CHECK(!evutil_timerisset(&a));
	CHECK(evutil_gettimeofday(&a, NULL) == 0 && a.tv_sec > 0);
	CHECK(evutil_offsetof(struct timeval, tv_usec) == sizeof(a.tv_sec));
}

static void
socket_errors(void)
{
	int pair[2];

	CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(EVUTIL_CLOSESOCKET(pair[0]) == 0 && EVUTIL_CLOSESOCKET(pair[1]) == 0);
	EVUTIL_SET_SOCKET_ERROR(EAGAIN);
	CHECK(EVUTIL_SOCKET_ERROR() == EAGAIN && evutil_socket_geterror(pair[0]) == EAGAIN);
	CHECK(strcmp(evutil_socket_error_to_string(EAGAIN), strerror(EAGAIN)) == 0);
}

static void
buffers(void)
{
	struct evbuffer *buffer = evbuffer_new();

	CHECK(evbuffer_add(buffer, "abc", 3) == 0);
	CHECK(EVBUFFER_LENGTH(buffer) == 3);
	CHECK(memcmp(EVBUFFER_DATA(buffer), "abc", 3) == 0);
	evbuffer_free(buffer);
}

static void
bufferevents(struct event_base *base)
{
	struct bufferevent *pair[2];

	CHECK(bufferevent_pair_new(base, 0, pair) == 0);
	CHECK(EVBUFFER_INPUT(pair[0]) == bufferevent_get_input(pair[0]));
	CHECK(EVBUFFER_OUTPUT(pair[0]) == bufferevent_get_output(pair[0]));
	bufferevent_free(pair[0]);
	bufferevent_free(pair[1]);
}

static void
tags(void)
{
	struct evbuffer *buffer = evbuffer_new();

	encode_int(buffer, 0x12);
	encode_int64(buffer, 0x345);
	CHECK(EVBUFFER_LENGTH(buffer) == 4);
	CHECK(memcmp(EVBUFFER_DATA(buffer), "\x12\x10\x25\x43", 4) == 0);
	evbuffer_free(buffer);
}

int
main(void)
{
	struct event_base *base = event_init();

	CHECK(base != NULL);
	timers(base);
	signals(base);
	triggered_by_the_program(base);
	times();
	socket_errors();
	buffers();
	bufferevents(base);
	tags();
	event_base_free(base);
	return 0;
}
