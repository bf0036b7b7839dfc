// links: openssl, mbedtls
// runs: one-backend, one-locking
/*
 * System calls that fail under a TLS session over TCP, of sockets and of filters, by OpenSSL and by
 * mbedTLS: the echo is complete, or both ends are told of the end once; no descriptor is left open, and nothing waits
 * for what does not come.
 */
#define CAPI_OWN_LOCKS
#include "mbedtls.h"
#include "fault_calls.h"

#include <event2/listener.h>
#include <netinet/tcp.h>

enum { SIZE = 40000 };

/* The two ends. The server's is made when the connection is accepted. */
struct end {
	struct bufferevent *bev;
	int connected, ended, timeouts, got;
};

static enum call call;
static int as_filters, by_mbedtls;
static struct end client_end, server_end;
static char block[SIZE];

static void
finish(struct end *end)
{
	struct bufferevent *b = end->bev;

	end->bev = NULL;
	bufferevent_free(b);
}

EVENT_CALLBACK(on_end)
{
	struct end *end = arg;

	ck_assert_ptr_eq(b, end->bev);
	if (what & BEV_EVENT_CONNECTED) {
		end->connected++;
		return;
	}
	end->ended += (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0;
	end->timeouts += (what & BEV_EVENT_TIMEOUT) != 0;
	finish(end);
}

DATA_CALLBACK(echo)
{
	struct end *end = arg;

	ck_assert_int_eq(end->connected, 1);
	end->got += (int)evbuffer_get_length(bufferevent_get_input(b));
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

DATA_CALLBACK(compare)
{
	char bytes[SIZE];
	size_t size = bufferevent_read(b, bytes, sizeof(bytes));
	struct end *end = arg;

	ck_assert_int_eq(end->connected, 1);
	ck_assert_int_le(end->got + (int)size, SIZE);
	ck_assert_mem_eq(bytes, block + end->got, size);
	end->got += (int)size;
	if (end->got == SIZE)
		finish(end);
}

/* The end of a flight does not wait for an acknowledgement. */
static void
send_at_once(int fd)
{
	int on = 1;

	if (fd >= 0)
		syscall(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* On FD, or not yet on any. NULL if it can't be made, FD closed then. */
static struct bufferevent *
new_end(struct end *end, int fd, enum bufferevent_ssl_state state, bufferevent_data_cb on_data)
{
	struct timeval patience = {60, 0};
	struct mbedtls_ssl_context *context = NULL;
	struct bufferevent *b, *below = NULL;

	if (by_mbedtls) {
		context = bufferevent_mbedtls_dyncontext_new(
		    state == BUFFEREVENT_SSL_CONNECTING ? &client : &server);
		ck_assert_ptr_nonnull(context);
	}
	if (as_filters) {
		below = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
		b = by_mbedtls ? bufferevent_mbedtls_filter_new(
				     base, below, context, state, BEV_OPT_CLOSE_ON_FREE)
			       : bufferevent_openssl_filter_new(
				     base, below, new_ssl(), state, BEV_OPT_CLOSE_ON_FREE);
	} else {
		b = by_mbedtls ? bufferevent_mbedtls_socket_new(
				     base, fd, context, state, BEV_OPT_CLOSE_ON_FREE)
			       : bufferevent_openssl_socket_new(
				     base, fd, new_ssl(), state, BEV_OPT_CLOSE_ON_FREE);
	}
	end->bev = b;
	if (!b) {
		if (below)
			bufferevent_free(below);
		else if (fd >= 0)
			syscall(SYS_close, fd);
		return NULL;
	}
	bufferevent_setcb(b, on_data, NULL, on_end, end);
	if (below)
		bufferevent_set_timeouts(b, &patience, &patience);
	else
		bufferevent_set_timeouts(b, &patience, NULL);
	return b;
}

static void
accept_end(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int length,
    void *arg)
{
	struct bufferevent *b = new_end(&server_end, fd, BUFFEREVENT_SSL_ACCEPTING, echo);

	(void)listener;
	(void)address;
	(void)length;
	(void)arg;
	send_at_once(fd);
	if (b && bufferevent_enable(b, EV_READ | EV_WRITE) == -1)
		finish(&server_end);
}

/* One session; true if the echo was complete. */
static int
session(void)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);
	struct evconnlistener *listener;
	struct bufferevent *below, *b;
	int listening, turns;

	memset(&client_end, 0, sizeof(client_end));
	memset(&server_end, 0, sizeof(server_end));
	base = event_base_new();
	if (!base)
		return 0;
	listening = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	syscall(SYS_bind, listening, &address, sizeof(address));
	syscall(SYS_listen, listening, 4);
	getsockname(listening, (struct sockaddr *)&address, &size);
	listener = evconnlistener_new(base, accept_end, NULL, LEV_OPT_CLOSE_ON_FREE, 0, listening);
	if (!listener)
		syscall(SYS_close, listening);
	b = listener ? new_end(&client_end, -1, BUFFEREVENT_SSL_CONNECTING, compare) : NULL;
	if (b) {
		below = bufferevent_get_underlying(b);
		if (bufferevent_enable(b, EV_READ | EV_WRITE) == -1 ||
		    bufferevent_write(b, block, SIZE) == -1 ||
		    bufferevent_socket_connect(below ? below : b, (struct sockaddr *)&address,
			sizeof(address)) == -1) {
			if (client_end.bev)
				finish(&client_end);
		} else if (client_end.bev) {
			send_at_once(bufferevent_getfd(b));
		}
	}
	for (turns = 0; turns < 2000 && (client_end.bev || server_end.bev); turns++)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_ptr_null(client_end.bev);
	ck_assert_ptr_null(server_end.bev);
	ck_assert_int_le(client_end.connected, 1);
	ck_assert_int_le(server_end.connected, 1);
	ck_assert_int_eq(client_end.timeouts + server_end.timeouts, 0);
	if (listener)
		evconnlistener_free(listener);
	for (turns = 0; turns < 4; turns++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	return client_end.got == SIZE;
}

static void
sweep(const int *codes, int onwards)
{
	int descriptors = open_descriptors(), runs = 0, whole = 0;
	long usual, times;

	event_set_log_callback(count_warnings);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SIZE; i++)
		block[i] = (char)(i * 7 + i / 251);
	configure_mbedtls();
	for (int kind = 0; kind < 4; kind++) {
		as_filters = kind & 1;
		by_mbedtls = kind >> 1;
		fail_call(NO_CALL, 0, 0, 0);
		ck_assert(session());
		usual = all_made;
		times = made[call];
		for (const int *code = codes; *code; code++)
			for (long n = 0; n < times; n++) {
				fail_call(call, n, onwards, *code);
				whole += session();
				fail_no_call();
				runs++;
				ck_assert_int_eq(open_descriptors(), descriptors);
				ck_assert_int_eq(closed_twice, 0);
				ck_assert_int_eq(stuck, 0);
				ck_assert_int_le(all_made, 5 * usual + 200);
			}
	}
	ck_assert_int_gt(runs, 0);
	trace("%d runs, %d whole", runs, whole);
}

#define SWEEP(name, kind, onwards, ...)                      \
	TEST(name)                                           \
	{                                                    \
		static const int codes[] = {__VA_ARGS__, 0}; \
		call = kind;                                 \
		sweep(codes, onwards);                       \
	}

SWEEP(read_fails, READ, 0, EAGAIN, EINTR, ECONNRESET, ETIMEDOUT, EIO)
SWEEP(read_fails_from_then_on, READ, 1, ECONNRESET, EHOSTUNREACH)
SWEEP(recv_fails, RECV, 0, EAGAIN, EINTR, ECONNRESET, ETIMEDOUT)
SWEEP(recv_fails_from_then_on, RECV, 1, ECONNRESET)
SWEEP(write_fails, WRITE, 0, EAGAIN, EINTR, EPIPE, ECONNRESET, ENOBUFS)
SWEEP(write_fails_from_then_on, WRITE, 1, EPIPE, ENETDOWN)
SWEEP(send_fails, SEND, 0, EAGAIN, EINTR, EPIPE, ECONNRESET)
SWEEP(writev_fails, WRITEV, 0, EAGAIN, EINTR, EPIPE)
SWEEP(socket_fails, SOCKET, 0, EMFILE, EACCES)
SWEEP(connect_fails, CONNECT, 0, ECONNREFUSED, EINTR, ENETUNREACH, EAGAIN)
SWEEP(getsockopt_fails, GETSOCKOPT, 0, EBADF, ENOBUFS)
SWEEP(epoll_ctl_fails, EPOLL_CTL, 0, ENOMEM, ENOSPC)
SWEEP(epoll_wait_fails, EPOLL_WAIT, 0, EINTR)
SWEEP(accept_fails, ACCEPT4, 0, EAGAIN, ECONNABORTED, EMFILE, EINTR)
SWEEP(close_fails, CLOSE, 0, EINTR, EIO)
