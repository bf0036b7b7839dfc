/*
 * Bufferevents over sockets, and the listener.
 */
#include "worker.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <netinet/in.h>

static char block[65536];

struct loop;

struct connection {
	struct loop *loop;
	struct bufferevent *client, *server;
};

struct loop {
	struct event_base *base;
	size_t message;
	int count;
	struct connection *connections;
	int left;
};

static void
answer(struct bufferevent *bev, void *arg)
{
	(void)arg;
	must(bufferevent_read_buffer(bev, bufferevent_get_output(bev)) == 0);
}

/* The next message goes out when the whole of this one is back. */
static void
answered(struct bufferevent *bev, void *arg)
{
	struct connection *connection = arg;
	struct loop *loop = connection->loop;
	struct evbuffer *input = bufferevent_get_input(bev);

	if (evbuffer_get_length(input) < loop->message)
		return;
	must(evbuffer_drain(input, loop->message) == 0);
	must(bufferevent_write(bev, block, loop->message) == 0);
	if (--loop->left == 0)
		event_base_loopbreak(loop->base);
}

static struct loop *
loop_new(int count, size_t message, int options)
{
	struct loop *loop = worker_memory(sizeof(*loop));

	loop->base = event_base_new();
	must(loop->base);
	loop->message = message;
	loop->count = count;
	loop->connections = worker_memory(count * sizeof(*loop->connections));
	for (int i = 0; i < count; i++) {
		struct connection *connection = &loop->connections[i];
		int pair[2];

		worker_pair(pair);
		connection->loop = loop;
		connection->client = bufferevent_socket_new(
		    loop->base, pair[0], BEV_OPT_CLOSE_ON_FREE | options);
		connection->server = bufferevent_socket_new(
		    loop->base, pair[1], BEV_OPT_CLOSE_ON_FREE | options);
		must(connection->client && connection->server);
	}
	return loop;
}

static void
loop_free(void *state)
{
	struct loop *loop = state;

	for (int i = 0; i < loop->count; i++) {
		bufferevent_free(loop->connections[i].client);
		bufferevent_free(loop->connections[i].server);
	}
	event_base_loop(loop->base, EVLOOP_NONBLOCK);
	event_base_free(loop->base);
	free(loop->connections);
	free(loop);
}

static void *
echo_begin(int count, size_t message, int options)
{
	struct loop *loop = loop_new(count, message, options);

	for (int i = 0; i < count; i++) {
		struct connection *it = &loop->connections[i];

		bufferevent_setcb(it->server, answer, NULL, NULL, it);
		bufferevent_setcb(it->client, answered, NULL, NULL, it);
		bufferevent_enable(it->server, EV_READ | EV_WRITE);
		bufferevent_enable(it->client, EV_READ | EV_WRITE);
		must(bufferevent_write(it->client, block, message) == 0);
	}
	return loop;
}

static void *
echo(int size)
{
	return echo_begin(size, 64, 0);
}

static void *
echo_deferred(int size)
{
	return echo_begin(size, 64, BEV_OPT_DEFER_CALLBACKS);
}

static void *
echo_locked(int size)
{
	must(evthread_use_pthreads() == 0);
	return echo_begin(size, 64, BEV_OPT_THREADSAFE);
}

static void *
echo_8k(int size)
{
	return echo_begin(size, 8192, 0);
}

static void
dispatch(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	must(event_base_dispatch(loop->base) == 0);
	must(loop->left == 0);
}

/* As much as fits, in one direction; an operation is one KiB. */
static void
refill(struct bufferevent *bev, void *arg)
{
	(void)arg;
	must(bufferevent_write(bev, block, sizeof(block)) == 0);
}

static void
swallow(struct bufferevent *bev, void *arg)
{
	struct connection *connection = arg;
	struct loop *loop = connection->loop;
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t length = evbuffer_get_length(input), left = loop->left;

	must(evbuffer_drain(input, length) == 0);
	loop->left = length < left ? left - length : 0;
	if (loop->left == 0)
		event_base_loopbreak(loop->base);
}

static void *
bulk_begin(int size)
{
	struct loop *loop = loop_new(1, 0, 0);
	struct connection *it = &loop->connections[0];

	(void)size;
	bufferevent_setcb(it->client, NULL, refill, NULL, it);
	bufferevent_setcb(it->server, swallow, NULL, NULL, it);
	bufferevent_enable(it->client, EV_WRITE);
	bufferevent_enable(it->server, EV_READ);
	refill(it->client, it);
	return loop;
}

static void
bulk(void *state, int n)
{
	dispatch(state, n * 1024);
}

static void *
base_only(int size)
{
	(void)size;
	return loop_new(0, 0, 0);
}

static void
new_free(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		struct bufferevent *bev = bufferevent_socket_new(loop->base, -1, 0);

		must(bev);
		bufferevent_free(bev);
		/* What is left of it goes in the loop. */
		if (i % 50 == 49)
			event_base_loop(loop->base, EVLOOP_NONBLOCK);
	}
}

/* One connection after the other: accept, connect, exchange, close. */
struct visits {
	struct loop loop;
	struct evconnlistener *listener;
	struct sockaddr_in address;
	struct bufferevent *client;
};

static void visit(struct visits *visits);

static void
gone(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(bev);
}

static void
visited(struct bufferevent *bev, void *arg)
{
	struct visits *visits = arg;

	if (evbuffer_get_length(bufferevent_get_input(bev)) < 64)
		return;
	bufferevent_free(bev);
	visits->client = NULL;
	if (--visits->loop.left == 0)
		event_base_loopbreak(visits->loop.base);
	else
		visit(visits);
}

static void
visit(struct visits *visits)
{
	struct bufferevent *bev =
	    bufferevent_socket_new(visits->loop.base, -1, BEV_OPT_CLOSE_ON_FREE);

	must(bev);
	visits->client = bev;
	bufferevent_setcb(bev, visited, NULL, NULL, visits);
	bufferevent_enable(bev, EV_READ);
	must(bufferevent_write(bev, block, 64) == 0);
	must(bufferevent_socket_connect(bev, (struct sockaddr *)&visits->address,
		 sizeof(visits->address)) == 0);
}

static void
accepted(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int length, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(
	    evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);

	(void)address;
	(void)length;
	must(bev);
	bufferevent_setcb(bev, answer, NULL, gone, arg);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void *
visits_begin(int size)
{
	struct visits *visits = worker_memory(sizeof(*visits));
	socklen_t length = sizeof(visits->address);

	(void)size;
	visits->loop.base = event_base_new();
	must(visits->loop.base);
	visits->address.sin_family = AF_INET;
	visits->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	visits->listener = evconnlistener_new_bind(visits->loop.base, accepted, visits,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 64,
	    (struct sockaddr *)&visits->address, sizeof(visits->address));
	must(visits->listener);
	must(getsockname(evconnlistener_get_fd(visits->listener),
		 (struct sockaddr *)&visits->address, &length) == 0);
	return visits;
}

static void
visits_run(void *state, int n)
{
	struct visits *visits = state;

	visits->loop.left = n;
	visit(visits);
	must(event_base_dispatch(visits->loop.base) == 0);
	must(visits->loop.left == 0);
}

static void
visits_end(void *state)
{
	struct visits *visits = state;

	evconnlistener_free(visits->listener);
	/* The last visitor's other end. */
	event_base_loop(visits->loop.base, EVLOOP_NONBLOCK);
	event_base_loop(visits->loop.base, EVLOOP_NONBLOCK);
	event_base_free(visits->loop.base);
	free(visits);
}

static const struct work works[] = {
    {"echo", echo, dispatch, loop_free, 2000, 1},
    {"echo-500", echo, dispatch, loop_free, 4000, 500},
    {"echo-deferred", echo_deferred, dispatch, loop_free, 2000, 1},
    {"echo-8k", echo_8k, dispatch, loop_free, 2000, 1},
    {"bulk", bulk_begin, bulk, loop_free, 8192, 0},
    {"connect", visits_begin, visits_run, visits_end, 300, 0},
    {"bufferevent-new-free", base_only, new_free, loop_free, 5000, 0},
    /* Last: locks stay in use. */
    {"echo-locked", echo_locked, dispatch, loop_free, 2000, 1},
};

WORKER(works)
