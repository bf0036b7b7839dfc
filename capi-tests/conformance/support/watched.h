/*
 * A client's raw connection to a server whose requests and connections are watched.
 */
#ifndef SUPPORT_WATCHED_H
#define SUPPORT_WATCHED_H

#include "requests.h"

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static struct evhttp_connection *connection;

CONNECTION(lost)
{
	note("lost");
}

REQUEST(complete)
{
	note("complete:%s,%d", (const char *)arg,
	    evhttp_request_get_connection(req) != NULL);
}

static inline void
watch(struct evhttp_request *req)
{
	connection = evhttp_request_get_connection(req);
	evhttp_connection_set_closecb(connection, lost, NULL);
	evhttp_request_set_on_complete_cb(req, complete, "c");
}

static int fd;

static inline void
begin_server(void (*cb)(struct evhttp_request *, void *))
{
	serve();
	evhttp_set_gencb(http, cb, NULL);
	fd = dial();
}

/* The request that is answered later. */
static UNUSED struct evhttp_request *waiting;

REQUEST(keep)
{
	note("request");
	watch(req);
	waiting = req;
}

static inline void
send_get(void)
{
	say(fd, GET);
	settle(fd);
}

REQUEST(keep_and_read)
{
	struct bufferevent *bev;

	keep(req, NULL);
	bev = evhttp_connection_get_bufferevent(connection);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
}

#endif
