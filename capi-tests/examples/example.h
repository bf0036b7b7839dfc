/* What the examples share: a listening socket, and where it listens. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>

static struct event_base *base;

static inline void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* Calls ACCEPT for every connection to a free port, which is printed. */
static inline void
serve(event_callback_fn accept_cb)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM, 0);
	struct event *listener;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, size) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		die("listen");
	evutil_make_socket_nonblocking(fd);
	listener = event_new(base, fd, EV_READ | EV_PERSIST, accept_cb, NULL);
	event_add(listener, NULL);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event_base_dispatch(base);
	event_free(listener);
	close(fd);
}

/* The next connection, or -1. */
static inline evutil_socket_t
next_connection(evutil_socket_t listener)
{
	evutil_socket_t fd = accept(listener, NULL, NULL);

	if (fd >= 0)
		evutil_make_socket_nonblocking(fd);
	return fd;
}

static void
on_terminate(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	event_base_loopexit(base, NULL);
}

#ifdef EXAMPLE_HTTP
#include <event2/http.h>

/* Has HTTP listen on a free port, which is printed. */
static inline void
listen_on_any_port(struct evhttp *http)
{
	struct evhttp_bound_socket *bound =
	    evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	if (!bound ||
	    getsockname(evhttp_bound_socket_get_fd(bound),
		(struct sockaddr *)&address, &size) == -1)
		die("evhttp_bind_socket");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
}
#endif

/* A base that SIGTERM ends. */
static inline struct event *
begin(void)
{
	struct event *terminate;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (!base)
		die("event_base_new");
	terminate = evsignal_new(base, SIGTERM, on_terminate, NULL);
	event_add(terminate, NULL);
	return terminate;
}

#endif
