/*
 * What bufferevents of every kind do for the benchmark: echo a message, or send without end.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "worker.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

static char block[65536];

/* The first member of a work's state. */
struct exchange {
	struct event_base *base;
	size_t message;
	/* What the loop ends after. */
	int left;
};

static inline void
exchange_run(void *state, int n)
{
	struct exchange *it = state;

	it->left = n;
	must(event_base_dispatch(it->base) == 0);
	must(it->left == 0);
}

static inline void
exchange_done(struct exchange *it, size_t n)
{
	it->left = n < (size_t)it->left ? it->left - (int)n : 0;
	if (it->left == 0)
		event_base_loopbreak(it->base);
}

static inline void
exchange_answer(struct bufferevent *bev, void *arg)
{
	(void)arg;
	must(bufferevent_read_buffer(bev, bufferevent_get_output(bev)) == 0);
}

/* The next message goes out when the whole of this one is back. */
static inline void
exchange_answered(struct bufferevent *bev, void *arg)
{
	struct exchange *it = arg;
	struct evbuffer *input = bufferevent_get_input(bev);

	if (evbuffer_get_length(input) < it->message)
		return;
	must(evbuffer_drain(input, it->message) == 0);
	must(bufferevent_write(bev, block, it->message) == 0);
	exchange_done(it, 1);
}

static inline void
exchange_echo(struct exchange *it, struct bufferevent *client, struct bufferevent *server)
{
	bufferevent_setcb(server, exchange_answer, NULL, NULL, it);
	bufferevent_setcb(client, exchange_answered, NULL, NULL, it);
	must(bufferevent_enable(server, EV_READ | EV_WRITE) == 0);
	must(bufferevent_enable(client, EV_READ | EV_WRITE) == 0);
	must(bufferevent_write(client, block, it->message) == 0);
}

static inline void
exchange_swallow(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t length = evbuffer_get_length(input);

	must(evbuffer_drain(input, length) == 0);
	exchange_done(arg, length);
}

/* As much as fits, in one direction, whenever `refill` is called. */
static inline void
exchange_bulk(struct exchange *it, struct bufferevent *client, struct bufferevent *server,
    bufferevent_data_cb refill)
{
	bufferevent_setcb(client, NULL, refill, NULL, it);
	bufferevent_setcb(server, exchange_swallow, NULL, NULL, it);
	must(bufferevent_enable(client, EV_WRITE) == 0);
	must(bufferevent_enable(server, EV_READ) == 0);
	refill(client, it);
}

/* An operation is one KiB. */
static inline void
exchange_run_bulk(void *state, int n)
{
	exchange_run(state, n * 1024);
}

#endif
