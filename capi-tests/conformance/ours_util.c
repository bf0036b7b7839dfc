/* What <event2/util.h> of 2.2 adds, and what is promised beyond the reference. */
// runs: one-backend, one-locking
#include "capi.h"
#include <netinet/in.h>
#include <netinet/tcp.h>

/* As 2.2 declares them, so that this also compiles without our headers. */
int evutil_make_listen_socket_not_ipv6only(evutil_socket_t sock);
int evutil_set_tcp_keepalive(evutil_socket_t sock, int on, int timeout);
char *evutil_ascii_strcasestr(const char *s, const char *find);
const char *evutil_strsignal(int sig);

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

TEST(ipv6_listeners_can_take_ipv4_again)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd >= 0) {
		ck_assert_int_eq(evutil_make_listen_socket_ipv6only(fd), 0);
		ck_assert_int_eq(evutil_make_listen_socket_not_ipv6only(fd), 0);
		ck_assert_int_eq(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	}
	ck_assert_int_eq(evutil_make_listen_socket_not_ipv6only(-1), -1);
	ck_assert_int_eq(errno, EBADF);
}

TEST(keepalive_is_set_and_cleared)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 1, 300), 0);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 300);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 100);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 1, 1), 0);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 0, 0), 0);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(keepalive_refuses_nonsense)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int file = open("/dev/null", O_RDWR);

	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 1, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 1, INT_MIN), -1);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	/* The system has a limit of its own. */
	ck_assert_int_eq(evutil_set_tcp_keepalive(fd, 1, INT_MAX), -1);
	ck_assert_int_eq(evutil_set_tcp_keepalive(file, 1, 10), -1);
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert_int_eq(evutil_set_tcp_keepalive(-1, 0, 10), -1);
	ck_assert_int_eq(errno, EBADF);
}

TEST(finding_text)
{
	const char *text = "Keep-Alive, uPgRaDe";

	ck_assert_ptr_eq(evutil_ascii_strcasestr(text, "Upgrade"), text + 12);
	ck_assert_ptr_eq(evutil_ascii_strcasestr(text, "k"), text);
	ck_assert_ptr_eq(evutil_ascii_strcasestr(text, ""), text);
	ck_assert_ptr_null(evutil_ascii_strcasestr(text, "upgrades"));
	ck_assert_ptr_null(evutil_ascii_strcasestr("", "a"));
	ck_assert_str_eq(evutil_ascii_strcasestr("", ""), "");
	ck_assert_ptr_null(evutil_ascii_strcasestr("\xc4", "\xe4"));
}

TEST(signal_names)
{
	int sig;

	ck_assert_str_eq(evutil_strsignal(SIGTERM), strsignal(SIGTERM));
	for (sig = -2; sig < 70; sig++)
		ck_assert_ptr_nonnull(evutil_strsignal(sig));
}

TEST(a_failed_pair_changes_nothing)
{
	int pair[2] = {-7, -8};

	ck_assert_int_eq(evutil_socketpair(AF_INET, SOCK_STREAM, 0, pair), -1);
	ck_assert_int_eq(pair[0], -7);
	ck_assert_int_eq(pair[1], -8);
}
