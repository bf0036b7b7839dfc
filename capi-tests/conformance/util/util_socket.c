/* Socket options, pairs, closing. */
// runs: one-backend, one-locking
#include "capi.h"
#include <netinet/in.h>
#include <netinet/tcp.h>

/* A descriptor that is certainly not open. */
#define CLOSED 9999

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int
tcp(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0 && family == AF_INET6)
		return -1;
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int messages;

static void
count(int severity, const char *text)
{
	(void)text;
	ck_assert_int_eq(severity, EVENT_LOG_WARN);
	messages++;
}

#define ck_fails(call, error)                                                \
	do {                                                                 \
		errno = 0;                                                   \
		ck_assert_int_eq(call, -1);                                  \
		ck_assert_int_eq(errno, error);                              \
	} while (0)

TEST(nonblocking_adds_one_flag)
{
	int fds[2], before;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ge(fcntl(fds[1], F_SETFL, O_APPEND), 0);
	before = fcntl(fds[1], F_GETFL);
	ck_assert_int_eq(before & O_NONBLOCK, 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fds[1]), 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFL), before | O_NONBLOCK);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fds[1]), 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFL), before | O_NONBLOCK);
}

TEST(close_on_exec_adds_one_flag)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), 0);
	ck_assert_int_eq(evutil_make_socket_closeonexec(fds[0]), 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(evutil_make_socket_closeonexec(fds[0]), 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
}

TEST(flags_of_bad_descriptors_are_a_warning)
{
	event_set_log_callback(count);
	ck_fails(evutil_make_socket_nonblocking(-1), EBADF);
	ck_assert_int_eq(messages, 1);
	ck_fails(evutil_make_socket_closeonexec(CLOSED), EBADF);
	ck_assert_int_eq(messages, 2);
}

TEST(options_of_listeners)
{
	int v4 = tcp(AF_INET), v6 = tcp(AF_INET6);

	ck_assert_int_eq(option(v4, SOL_SOCKET, SO_REUSEADDR), 0);
	ck_assert_int_eq(evutil_make_listen_socket_reuseable(v4), 0);
	ck_assert_int_eq(option(v4, SOL_SOCKET, SO_REUSEADDR), 1);
	ck_assert_int_eq(option(v4, SOL_SOCKET, SO_REUSEPORT), 0);
	ck_assert_int_eq(evutil_make_listen_socket_reuseable_port(v4), 0);
	ck_assert_int_eq(option(v4, SOL_SOCKET, SO_REUSEPORT), 1);
	ck_assert_int_eq(evutil_make_tcp_listen_socket_deferred(v4), 0);
	ck_assert_int_gt(option(v4, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
	if (v6 >= 0) {
		ck_assert_int_eq(evutil_make_listen_socket_ipv6only(v6), 0);
		ck_assert_int_eq(option(v6, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	}
}

TEST(options_of_the_wrong_descriptors)
{
	int file = open("/dev/null", O_RDWR);

	ck_fails(evutil_make_listen_socket_reuseable(CLOSED), EBADF);
	ck_fails(evutil_make_listen_socket_reuseable_port(CLOSED), EBADF);
	ck_fails(evutil_make_listen_socket_ipv6only(CLOSED), EBADF);
	ck_fails(evutil_make_tcp_listen_socket_deferred(CLOSED), EBADF);
	ck_fails(evutil_make_listen_socket_reuseable(file), ENOTSOCK);
	ck_fails(evutil_make_listen_socket_reuseable_port(file), ENOTSOCK);
	ck_fails(evutil_make_listen_socket_ipv6only(file), ENOTSOCK);
	ck_fails(evutil_make_tcp_listen_socket_deferred(file), ENOTSOCK);
	ck_assert_int_eq(
	    evutil_make_listen_socket_ipv6only(tcp(AF_INET)), -1);
	ck_assert_int_eq(evutil_make_tcp_listen_socket_deferred(
			     socket(AF_INET, SOCK_DGRAM, 0)),
	    -1);
}

TEST(shared_ports_can_be_bound_twice)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int first = tcp(AF_INET), second = tcp(AF_INET), third = tcp(AF_INET);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(evutil_make_listen_socket_reuseable_port(first), 0);
	ck_assert_int_eq(evutil_make_listen_socket_reuseable_port(second), 0);
	ck_assert_int_eq(bind(first, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(
	    getsockname(first, (struct sockaddr *)&address, &len), 0);
	ck_assert_int_eq(listen(first, 1), 0);
	ck_assert_int_eq(bind(second, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(second, 1), 0);
	ck_fails(bind(third, (struct sockaddr *)&address, len), EADDRINUSE);
}

TEST(pairs_are_connected)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC};
	int pair[2];
	char c;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		ck_assert_int_eq(
		    evutil_socketpair(AF_UNIX, types[i], 0, pair), 0);
		ck_assert_int_eq(write(pair[0], "a", 1), 1);
		ck_assert_int_eq(read(pair[1], &c, 1), 1);
		ck_assert_int_eq(write(pair[1], "b", 1), 1);
		ck_assert_int_eq(read(pair[0], &c, 1), 1);
		ck_assert_int_eq(c, 'b');
		ck_assert_int_eq(!!(fcntl(pair[0], F_GETFL) & O_NONBLOCK),
		    types[i] != (types[i] & 0xf));
		ck_assert_int_eq(fcntl(pair[1], F_GETFD),
		    types[i] != (types[i] & 0xf) ? FD_CLOEXEC : 0);
		ck_assert_int_eq(evutil_closesocket(pair[0]), 0);
		ck_assert_int_eq(evutil_closesocket(pair[1]), 0);
	}
}

TEST(pairs_that_do_not_exist)
{
	int pair[2];

	ck_fails(evutil_socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
	ck_fails(evutil_socketpair(AF_INET, SOCK_DGRAM, 0, pair), EOPNOTSUPP);
	ck_fails(evutil_socketpair(99, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
	ck_fails(evutil_socketpair(AF_UNIX, SOCK_STREAM, IPPROTO_TCP, pair),
	    EPROTONOSUPPORT);
	ck_assert_int_eq(evutil_socketpair(AF_UNIX, 99, 0, pair), -1);
	ck_fails(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, NULL), EFAULT);
}

TEST(closing)
{
	int fd = tcp(AF_INET);

	ck_assert_int_eq(evutil_closesocket(fd), 0);
	ck_fails(evutil_closesocket(fd), EBADF);
	ck_fails(EVUTIL_CLOSESOCKET(-1), EBADF);
}

TEST(error_macros)
{
	EVUTIL_SET_SOCKET_ERROR(ECONNRESET);
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_int_eq(EVUTIL_SOCKET_ERROR(), ECONNRESET);
	ck_assert_int_eq(evutil_socket_geterror(0), ECONNRESET);
	ck_assert_str_eq(evutil_socket_error_to_string(ECONNRESET),
	    strerror(ECONNRESET));
	ck_assert_int_eq(EVUTIL_INVALID_SOCKET, -1);
}
