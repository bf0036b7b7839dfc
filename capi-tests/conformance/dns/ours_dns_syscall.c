/*
 * System calls of evdns that fail, of the client and of the server that it asks: each lookup that
 * has begun ends with one call of its callback, and no descriptor is left open.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "fault_calls.h"
#include "dns.h"

#include <event2/dns_struct.h>
#include <event2/listener.h>

enum { LOOKUPS = 4 };

static enum call call;

/* Names that begin with b have too many addresses for a datagram. */
static void
serve(struct evdns_server_request *request, void *argument)
{
	const struct evdns_server_question *question = request->questions[0];
	unsigned char addresses[16 * 60] = {0};
	int n = tolower((unsigned char)question->name[0]) == 'b' ? 60 : 1;

	(void)argument;
	if (question->type == EVDNS_TYPE_A)
		evdns_server_request_add_a_reply(request, question->name, n, addresses, 5);
	else if (question->type == EVDNS_TYPE_AAAA)
		evdns_server_request_add_aaaa_reply(request, question->name, n, addresses, 5);
	else
		evdns_server_request_add_ptr_reply(request, NULL, question->name, "host.test", 5);
	if (evdns_server_request_respond(request, 0) < 0)
		evdns_server_request_drop(request);
}

static void
count_list(int error, struct evutil_addrinfo *list, void *argument)
{
	struct result *r = argument;

	r->calls++;
	r->error = error;
	results++;
	if (list)
		evutil_freeaddrinfo(list);
}

/* Everything once, in its right order; says how many lookups found what they looked for. */
static int
scenario(void)
{
	struct sockaddr_in address;
	struct in_addr in = {htonl(0x01020304)};
	struct evdns_server_port *udp, *tcp = NULL;
	struct evconnlistener *listener;
	struct result r[LOOKUPS];
	void *begun[LOOKUPS] = {NULL};
	evutil_socket_t fd, listening;
	int turns, wanted = 0, found = 0;

	memset(r, 0, sizeof(r));
	base = event_base_new();
	if (!base)
		return -1;
	for (;;) {
		fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		listening = (int)syscall(SYS_socket, AF_INET,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		socklen_t size = sizeof(address);

		memset(&address, 0, sizeof(address));
		address.sin_family = AF_INET;
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		syscall(SYS_bind, fd, &address, sizeof(address));
		getsockname(fd, (struct sockaddr *)&address, &size);
		if (syscall(SYS_bind, listening, &address, sizeof(address)) == 0 &&
		    syscall(SYS_listen, listening, 16) == 0)
			break;
		syscall(SYS_close, fd);
		syscall(SYS_close, listening);
	}
	udp = evdns_add_server_port_with_base(base, fd, 0, serve, NULL);
	if (!udp)
		syscall(SYS_close, fd);
	listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 0, listening);
	if (listener)
		tcp = evdns_add_server_port_with_listener(base, listener, 0, serve, NULL);
	else
		syscall(SYS_close, listening);
	if (listener && !tcp)
		evconnlistener_free(listener);
	dns = evdns_base_new(base, 0);
	ck_assert_ptr_nonnull(dns);
	set_option("timeout", "0.5");
	set_option("bind-to", "127.0.0.1");
	evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&address, sizeof(address), 0);
	/* The same once more, with sockets that are bound. */
	address.sin_addr.s_addr = htonl(INADDR_ANY);
	evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&address, sizeof(address), 0);
	results = 0;
	begun[0] = evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[0]);
	begun[1] = evdns_base_resolve_ipv6(dns, "big.test", 0, on_result, &r[1]);
	begun[2] = evdns_base_resolve_reverse(dns, &in, 0, on_result, &r[2]);
	begun[3] = evdns_getaddrinfo(dns, "both.test", "80", NULL, count_list, &r[3]);
	for (int i = 0; i < LOOKUPS; i++)
		wanted += begun[i] || r[i].calls;
	/* Without a server they wait for their time, too. */
	for (turns = 0; turns < 2000 && results < wanted; turns++)
		event_base_loop(base, EVLOOP_ONCE);
	for (int i = 0; i < LOOKUPS; i++) {
		ck_assert_msg(r[i].calls == 1, "lookup %d: %d calls", i, r[i].calls);
		found += r[i].error == 0;
	}
	evdns_base_free(dns, 1);
	if (udp)
		evdns_close_server_port(udp);
	if (tcp)
		evdns_close_server_port(tcp);
	for (turns = 0; turns < 10; turns++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	for (int i = 0; i < LOOKUPS; i++)
		ck_assert_int_eq(r[i].calls, 1);
	event_base_free(base);
	return found;
}

static void
quiet(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

static void
sweep(const int *codes, int onwards)
{
	int descriptors = open_descriptors(), runs = 0;
	long usual, times;

	event_set_log_callback(quiet);
	evdns_set_log_fn(ignore_log);
	jumping = 1;
	fail_call(NO_CALL, 0, 0, 0);
	ck_assert_int_eq(scenario(), LOOKUPS);
	usual = all_made;
	times = made[call];
	ck_assert_int_gt(times, 0);
	for (; *codes; codes++)
		for (long n = 0; n < times; n++) {
			fail_call(call, n, onwards, *codes);
			scenario();
			fail_no_call();
			runs++;
			ck_assert_int_eq(open_descriptors(), descriptors);
			ck_assert_int_eq(closed_twice, 0);
			ck_assert_int_eq(stuck, 0);
			ck_assert_int_le(all_made, 20 * usual);
		}
	trace("%d runs", runs);
}

#define SWEEP(name, kind, onwards, ...)                      \
	TEST(name)                                           \
	{                                                    \
		static const int codes[] = {__VA_ARGS__, 0}; \
		call = kind;                                 \
		sweep(codes, onwards);                       \
	}

SWEEP(socket_fails, SOCKET, 0, EMFILE, ENOBUFS, EACCES)
SWEEP(socket_fails_from_then_on, SOCKET, 1, EMFILE, EACCES)
SWEEP(connect_fails, CONNECT, 0, ENETUNREACH, EAGAIN, ECONNREFUSED, EPERM)
SWEEP(connect_fails_from_then_on, CONNECT, 1, ENETUNREACH, EPERM)
SWEEP(sendto_fails, SENDTO, 0, EAGAIN, ENOBUFS, ENETUNREACH, EPERM, ECONNREFUSED, EINTR)
SWEEP(sendto_fails_from_then_on, SENDTO, 1, EAGAIN, ENOBUFS, ENETUNREACH, EPERM)
SWEEP(recvfrom_fails, RECVFROM, 0, EAGAIN, ECONNREFUSED, ENOMEM, EHOSTUNREACH, EINTR)
SWEEP(send_fails, SEND, 0, EAGAIN, EPIPE, ECONNRESET)
/* Although the loop finds the socket writable. */
SWEEP(send_fails_from_then_on, SEND, 1, EAGAIN, EPIPE)
SWEEP(recv_fails, RECV, 0, EAGAIN, ECONNRESET)
SWEEP(epoll_ctl_fails, EPOLL_CTL, 0, ENOMEM, ENOSPC)
SWEEP(epoll_wait_fails, EPOLL_WAIT, 0, EINTR)
SWEEP(bind_fails, BIND, 0, EADDRINUSE, EADDRNOTAVAIL, EACCES)
SWEEP(accept_fails, ACCEPT4, 0, EAGAIN, ECONNABORTED, EMFILE)
SWEEP(getsockopt_fails, GETSOCKOPT, 0, EBADF, EPERM)
SWEEP(close_fails, CLOSE, 0, EINTR, EIO)
