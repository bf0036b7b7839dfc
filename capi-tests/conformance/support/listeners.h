/*
 * What the listener programs share on top of events.h.
 */
#ifndef CAPI_LISTENERS_H
#define CAPI_LISTENERS_H

#include "events.h"

#include <event2/listener.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>

#define ACCEPT(name)                                                         \
	static UNUSED void name(struct evconnlistener *of UNUSED,            \
	    evutil_socket_t fd UNUSED, struct sockaddr *address UNUSED,      \
	    int length UNUSED, void *arg UNUSED)

static UNUSED struct evconnlistener *listener;

/* Of the last connection. */
static UNUSED struct sockaddr_storage peer;
static UNUSED int peer_len, accepted, connections;

/* Takes a note, and keeps what it got. */
ACCEPT(take)
{
	note("take");
	ck_assert_ptr_eq(of, listener);
	ck_assert_ptr_nonnull(address);
	ck_assert_int_le(length, sizeof(peer));
	memset(&peer, 0, sizeof(peer));
	memcpy(&peer, address, length);
	peer_len = length;
	accepted = fd;
	connections++;
}

static inline struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	address.sin_port = htons(port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static inline int
port_of(evutil_socket_t fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	ck_assert_int_eq(getsockname(fd, (void *)&address, &len), 0);
	return ntohs(address.sin_port);
}

/* Sets `listener` to one for a free port, of a base that is made at need. */
static inline void
listen_on(unsigned flags, evconnlistener_cb callback)
{
	struct sockaddr_in address = loopback(0);

	if (!base)
		base = event_base_new();
	listener = evconnlistener_new_bind(base, callback, NULL, flags, -1,
	    (void *)&address, sizeof(address));
	ck_assert_ptr_nonnull(listener);
}

/* The queue of the listening socket FD; past what makes calls fail. */
static inline struct tcp_info
queue_of(evutil_socket_t fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	ck_assert_int_eq(syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO,
	    &info, &size), 0);
	/* qemu-user gives a number instead. */
	ck_assert_int_gt(size, offsetof(struct tcp_info, tcpi_sacked));
	return info;
}

/* How many connections wait there to be accepted, and how many may. */
#define queued(fd) (queue_of(fd).tcpi_unacked)
#define queue_size(fd) (queue_of(fd).tcpi_sacked)

/* A connection to `listener`, which it can accept. */
static inline int
dial(void)
{
	evutil_socket_t from = evconnlistener_get_fd(listener);
	struct sockaddr_in address = loopback(port_of(from));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	unsigned before = queued(from);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	while (queued(from) == before)
		capi_sleep_ms(1);
	return fd;
}

static inline int
events(void)
{
	return event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
}

#endif
