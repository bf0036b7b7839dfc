/*
 * A whole program for what can fail: a server that accepts, echoes, times out
 * who is idle and closes, and its clients, on one base. Whatever happens,
 * either everything arrives or somebody is told.
 */
#ifndef CAPI_FAULT_SERVER_H
#define CAPI_FAULT_SERVER_H

#include "bufferevents.h"
#include "fault_calls.h"

#include <event2/listener.h>
#include <sys/un.h>

enum { PLAIN, FILTERED, LIMITED, CLIENTS };

/* How much each sends, and what it waits for afterwards. */
static const size_t amounts[CLIENTS] = {60000, 500, 3000};

struct client {
	struct bufferevent *bev, *under;
	size_t got;
	int connected, over;
	char end;
};

static struct client clients[CLIENTS];
static struct evconnlistener *listener;
static struct sockaddr_storage address;
static socklen_t address_length;
static struct ev_token_bucket_cfg *limit;
/* Bufferevents of the server. */
static struct bufferevent *served[CLIENTS + 1];
static char sent[60000];
/* The server's idle clients; everything that was told of something bad. */
static int idle, complaints;
/* TCP takes real time, so that nobody waits for being idle. */
static int over_tcp;

static void
complain(void)
{
	complaints++;
}

static int
flags_for(int options)
{
	return options | BEV_OPT_CLOSE_ON_FREE |
	    (getenv("CAPI_THREADS") ? BEV_OPT_THREADSAFE : 0);
}

static void
stop_serving(struct bufferevent *b)
{
	for (int i = 0; i <= CLIENTS; i++)
		if (served[i] == b)
			served[i] = NULL;
	bufferevent_free(b);
}

DATA_CALLBACK(echo)
{
	if (bufferevent_read_buffer(b, bufferevent_get_output(b)) == -1) {
		complain();
		stop_serving(b);
	}
}

EVENT_CALLBACK(serve_event)
{
	if (what & BEV_EVENT_ERROR)
		complain();
	if (what & BEV_EVENT_TIMEOUT)
		idle++;
	stop_serving(b);
}

static void
serve(struct evconnlistener *of UNUSED, evutil_socket_t fd,
    struct sockaddr *peer UNUSED, int length UNUSED, void *arg UNUSED)
{
	struct timeval patience = {over_tcp ? 0 : 3, 0};
	struct bufferevent *b =
	    bufferevent_socket_new(base, fd, flags_for(0));
	int i = 0;

	if (!b) {
		complain();
		close(fd);
		return;
	}
	while (served[i])
		ck_assert_int_lt(++i, CLIENTS + 1);
	served[i] = b;
	bufferevent_setcb(b, echo, NULL, serve_event, NULL);
	bufferevent_setwatermark(b, EV_READ, 0, 20000);
	if (bufferevent_set_timeouts(b, &patience, NULL) == -1 ||
	    bufferevent_enable(b, EV_READ | EV_WRITE) == -1) {
		complain();
		stop_serving(b);
	}
}

static void
not_accepted(struct evconnlistener *of UNUSED, void *arg UNUSED)
{
	complain();
}

/* A client comes to its end; the last one ends the server. */
static void
finish(struct client *c, char end)
{
	if (c->over)
		return;
	c->over = 1;
	c->end = end;
	if (c->bev)
		bufferevent_free(c->bev);
	if (c->under)
		bufferevent_free(c->under);
	c->bev = c->under = NULL;
	for (int i = 0; i < CLIENTS; i++)
		if (!clients[i].over)
			return;
	if (listener)
		evconnlistener_free(listener);
	listener = NULL;
}

DATA_CALLBACK(compare)
{
	struct client *c = arg;
	static char got[4096];
	size_t size;

	while ((size = bufferevent_read(b, got, sizeof(got))) > 0) {
		ck_assert_uint_le(c->got + size, amounts[c - clients]);
		ck_assert_mem_eq(got, sent + c->got, size);
		c->got += size;
	}
	/* The filtered one waits until the server has enough of it. */
	if (c->got == amounts[c - clients] &&
	    (c != &clients[FILTERED] || over_tcp))
		finish(c, '.');
}

EVENT_CALLBACK(client_event)
{
	struct client *c = arg;

	if (what & BEV_EVENT_CONNECTED) {
		c->connected++;
		return;
	}
	if (what & BEV_EVENT_ERROR)
		complain();
	finish(c, what & BEV_EVENT_ERROR ? '!'
	      : what & BEV_EVENT_EOF	 ? '|'
					 : '~');
}

static void
start_client(int which)
{
	struct client *c = &clients[which];
	struct timeval patience = {20, 0};

	c->bev = bufferevent_socket_new(base, -1,
	    flags_for(which == LIMITED ? BEV_OPT_DEFER_CALLBACKS : 0));
	if (c->bev)
		bufferevent_setcb(c->bev, compare, NULL, client_event, c);
	if (!c->bev ||
	    bufferevent_set_timeouts(c->bev, &patience, &patience) == -1 ||
	    bufferevent_socket_connect(c->bev, (struct sockaddr *)&address,
		(int)address_length) == -1)
		goto failed;
	if (which == FILTERED) {
		struct bufferevent *filter =
		    bufferevent_filter_new(c->bev, NULL, NULL,
			flags_for(BEV_OPT_CLOSE_ON_FREE), NULL, NULL);

		if (!filter)
			goto failed;
		c->bev = filter;
		bufferevent_setcb(filter, compare, NULL, client_event, c);
	}
	if (which == LIMITED) {
		bufferevent_setwatermark(c->bev, EV_READ, 0, 700);
		if (bufferevent_set_rate_limit(c->bev, limit) == -1)
			goto failed;
	}
	if (bufferevent_enable(c->bev, EV_READ | EV_WRITE) == -1 ||
	    bufferevent_write(c->bev, sent, amounts[which]) == -1)
		goto failed;
	return;
failed:
	complain();
	finish(c, '-');
}

static int
open_listener(void)
{
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE |
	    (getenv("CAPI_THREADS") ? LEV_OPT_THREADSAFE : 0);

	memset(&address, 0, sizeof(address));
	if (over_tcp) {
		struct sockaddr_in *in = (struct sockaddr_in *)&address;

		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address_length = sizeof(*in);
	} else {
		/* The system finds a name. */
		address.ss_family = AF_UNIX;
		address_length = sizeof(address.ss_family);
	}
	listener = evconnlistener_new_bind(base, serve, NULL, flags, -1,
	    (struct sockaddr *)&address, (int)address_length);
	if (!listener)
		return -1;
	evconnlistener_set_error_cb(listener, not_accepted);
	address_length = sizeof(address);
	return getsockname(evconnlistener_get_fd(listener),
	    (struct sockaddr *)&address, &address_length);
}

/* What came of it, to be compared. */
static char outcome[256];

static void
describe_outcome(void)
{
	int n = sprintf(outcome, "idle %d", idle);

	for (int i = 0; i < CLIENTS; i++)
		n += sprintf(outcome + n, ", %zu%c", clients[i].got,
		    clients[i].end);
}

static void
run_server(void)
{
	struct timeval tick = {!over_tcp, over_tcp ? 3000 : 0};
	int turns = 0;

	memset(clients, 0, sizeof(clients));
	idle = complaints = warnings = stuck = 0;
	jumping = !over_tcp;
	outcome[0] = '\0';
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i % 251);
	base = event_base_new();
	limit = ev_token_bucket_cfg_new(1000, 1000, 1000, 1000, &tick);
	if (!base || !limit || open_listener() == -1) {
		complain();
	} else {
		for (int i = 0; i < CLIENTS; i++)
			start_client(i);
		while (event_base_dispatch(base) == -1 && !stuck &&
		    turns++ < 5)
			complain();
		describe_outcome();
	}
	for (int i = 0; i < CLIENTS; i++)
		finish(&clients[i], '?');
	for (int i = 0; i <= CLIENTS; i++)
		if (served[i])
			stop_serving(served[i]);
	if (listener)
		evconnlistener_free(listener);
	listener = NULL;
	if (base) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_free(base);
	}
	if (limit)
		ev_token_bucket_cfg_free(limit);
	limit = NULL;
	jumping = 0;
}

/* Unless everything went well, the program has been told, or at least the log. */
static UNUSED void
check_server(const char *expected, int log_suffices)
{
	if (strcmp(outcome, expected) == 0 && !stuck)
		return;
	if (complaints == 0 && !(log_suffices && warnings > 0))
		ck_abort_msg("silently: %s%s, not %s", outcome,
		    stuck ? ", stuck" : "", expected);
}

#endif
