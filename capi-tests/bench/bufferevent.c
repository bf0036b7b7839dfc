/*
 * Bufferevents over sockets, and the listener.
 */
#include "exchange.h"

#include <arpa/inet.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <netinet/in.h>

struct connection {
	struct bufferevent *client, *server;
};

struct loop {
	struct exchange exchange;
	int count;
	struct connection *connections;
};

static struct loop *
loop_new(int count, size_t message, int options)
{
	struct loop *loop = worker_memory(sizeof(*loop));

	loop->exchange.base = event_base_new();
	must(loop->exchange.base);
	loop->exchange.message = message;
	loop->count = count;
	loop->connections = worker_memory(count * sizeof(*loop->connections));
	for (int i = 0; i < count; i++) {
		struct connection *connection = &loop->connections[i];
		int pair[2];

		worker_pair(pair);
		connection->client = bufferevent_socket_new(
		    loop->exchange.base, pair[0], BEV_OPT_CLOSE_ON_FREE | options);
		connection->server = bufferevent_socket_new(
		    loop->exchange.base, pair[1], BEV_OPT_CLOSE_ON_FREE | options);
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
	event_base_loop(loop->exchange.base, EVLOOP_NONBLOCK);
	event_base_free(loop->exchange.base);
	free(loop->connections);
	free(loop);
}

static void *
echo_begin(int count, size_t message, int options)
{
	struct loop *loop = loop_new(count, message, options);

	for (int i = 0; i < count; i++) {
		struct connection *it = &loop->connections[i];

		exchange_echo(&loop->exchange, it->client, it->server);
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

/* As much as fits, in one direction; an operation is one KiB. */
static void
refill(struct bufferevent *bev, void *arg)
{
	(void)arg;
	must(bufferevent_write(bev, block, sizeof(block)) == 0);
}

static void *
bulk_begin(int size)
{
	struct loop *loop = loop_new(1, 0, 0);
	struct connection *it = &loop->connections[0];

	(void)size;
	exchange_bulk(&loop->exchange, it->client, it->server, refill);
	return loop;
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
		struct bufferevent *bev = bufferevent_socket_new(loop->exchange.base, -1, 0);

		must(bev);
		bufferevent_free(bev);
		/* What is left of it goes in the loop. */
		if (i % 50 == 49)
			event_base_loop(loop->exchange.base, EVLOOP_NONBLOCK);
	}
}

/* One connection after the other: accept, connect, exchange, close. */
struct visits {
	struct exchange exchange;
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
	exchange_done(&visits->exchange, 1);
	if (visits->exchange.left > 0)
		visit(visits);
}

static void
visit(struct visits *visits)
{
	struct bufferevent *bev =
	    bufferevent_socket_new(visits->exchange.base, -1, BEV_OPT_CLOSE_ON_FREE);

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
	bufferevent_setcb(bev, exchange_answer, NULL, gone, arg);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void *
visits_begin(int size)
{
	struct visits *visits = worker_memory(sizeof(*visits));
	socklen_t length = sizeof(visits->address);

	(void)size;
	visits->exchange.base = event_base_new();
	must(visits->exchange.base);
	visits->address.sin_family = AF_INET;
	visits->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	visits->listener = evconnlistener_new_bind(visits->exchange.base, accepted, visits,
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

	visit(visits);
	exchange_run(visits, n);
}

static void
visits_end(void *state)
{
	struct visits *visits = state;

	evconnlistener_free(visits->listener);
	/* The last visitor's other end. */
	event_base_loop(visits->exchange.base, EVLOOP_NONBLOCK);
	event_base_loop(visits->exchange.base, EVLOOP_NONBLOCK);
	event_base_free(visits->exchange.base);
	free(visits);
}

static const struct work works[] = {
    {"echo", echo, exchange_run, loop_free, 2000, 1},
    {"echo-500", echo, exchange_run, loop_free, 4000, 500},
    {"echo-deferred", echo_deferred, exchange_run, loop_free, 2000, 1},
    {"echo-8k", echo_8k, exchange_run, loop_free, 2000, 1},
    {"bulk", bulk_begin, exchange_run_bulk, loop_free, 8192, 0},
    {"connect", visits_begin, visits_run, visits_end, 300, 0},
    {"bufferevent-new-free", base_only, new_free, loop_free, 5000, 0},
    /* Last: locks stay in use. */
    {"echo-locked", echo_locked, exchange_run, loop_free, 2000, 1},
};

WORKER(works)
