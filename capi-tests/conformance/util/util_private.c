/* Functions that no public header names, but that other binaries import. */
// runs: one-backend, one-locking
#include "capi.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

struct evutil_weakrand_state {
	ev_uint32_t seed;
};

const char *evutil_format_sockaddr_port_(
    const struct sockaddr *address, char *out, size_t size);
int evutil_sockaddr_is_loopback_(const struct sockaddr *address);
int evutil_v4addr_is_local_(const struct in_addr *address);
int evutil_v6addr_is_local_(const struct in6_addr *address);
int evutil_make_internal_pipe_(evutil_socket_t fds[2]);
int evutil_socket_connect_(
    evutil_socket_t *fd, const struct sockaddr *address, int len);
void evutil_rtrim_lws_(char *text);
void evutil_usleep_(const struct timeval *tv);
ev_uint32_t evutil_weakrand_seed_(
    struct evutil_weakrand_state *state, ev_uint32_t seed);
ev_int32_t evutil_weakrand_(struct evutil_weakrand_state *state);
ev_int32_t evutil_weakrand_range_(
    struct evutil_weakrand_state *state, ev_int32_t top);
int EVUTIL_ISDIGIT_(char c);
char EVUTIL_TOLOWER_(char c);
char EVUTIL_TOUPPER_(char c);
size_t event_strlcpy_(char *to, const char *from, size_t size);
int evutil_configure_monotonic_time_(
    struct evutil_monotonic_timer *timer, int flags);
int evutil_gettime_monotonic_(
    struct evutil_monotonic_timer *timer, struct timeval *tv);

static struct sockaddr *
address(const char *text)
{
	static struct sockaddr_storage made;
	int len = sizeof(made);

	ck_assert_int_eq(
	    evutil_parse_sockaddr_port(text, (struct sockaddr *)&made, &len), 0);
	return (struct sockaddr *)&made;
}

TEST(formatting_addresses)
{
	static const char *const cases[][2] = {{"1.2.3.4:80", "1.2.3.4:80"},
	    {"1.2.3.4", "1.2.3.4:0"}, {"[::1]:80", "[::1]:80"},
	    {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:0"},
	    {"[fe80::1%lo]:65535", "[fe80::1]:65535"},
	    {"[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]:9"}};
	char text[64];
	size_t i, size;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *whole = cases[i][1];

		for (size = 0; size < sizeof(text); size++) {
			memset(text, '~', sizeof(text));
			ck_assert_ptr_eq(evutil_format_sockaddr_port_(
					     address(cases[i][0]), text, size),
			    text);
			ck_assert_int_eq(text[size], '~');
			if (size > strlen(whole))
				ck_assert_str_eq(text, whole);
			else if (size > 0)
				ck_assert_uint_lt(strlen(text), size);
		}
	}
}

TEST(formatting_other_families)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/x"};
	char text[64];

	evutil_format_sockaddr_port_(
	    (struct sockaddr *)&local, text, sizeof(text));
	ck_assert_str_eq(text, "<addr with socktype 1>");
	local.sun_family = AF_UNSPEC;
	evutil_format_sockaddr_port_(
	    (struct sockaddr *)&local, text, sizeof(text));
	ck_assert_str_eq(text, "<addr with socktype 0>");
}

TEST(loopback_addresses)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	ck_assert_int_eq(evutil_sockaddr_is_loopback_(address("127.0.0.1")), 1);
	ck_assert_int_eq(
	    evutil_sockaddr_is_loopback_(address("127.255.0.9:5")), 1);
	ck_assert_int_eq(evutil_sockaddr_is_loopback_(address("128.0.0.1")), 0);
	ck_assert_int_eq(evutil_sockaddr_is_loopback_(address("0.0.0.0")), 0);
	ck_assert_int_eq(evutil_sockaddr_is_loopback_(address("[::1]:9")), 1);
	ck_assert_int_eq(evutil_sockaddr_is_loopback_(address("::2")), 0);
	ck_assert_int_eq(
	    evutil_sockaddr_is_loopback_(address("::ffff:127.0.0.1")), 0);
	ck_assert_int_eq(
	    evutil_sockaddr_is_loopback_((struct sockaddr *)&local), 0);
}

TEST(local_addresses)
{
	static const struct {
		const char *text;
		int local;
	} cases[] = {{"127.0.0.1", 1}, {"126.255.255.255", 0}, {"128.0.0.0", 0},
	    {"0.0.0.0", 1}, {"0.0.0.1", 0}, {"169.254.9.9", 1},
	    {"169.253.255.255", 0}, {"169.255.0.0", 0}, {"224.0.0.1", 1},
	    {"239.255.255.255", 1}, {"240.0.0.0", 0}, {"255.255.255.255", 0},
	    {"10.0.0.1", 0}, {"192.168.0.1", 0}, {"172.16.0.1", 0}, {"::", 1},
	    {"::1", 1}, {"::ffff:8.8.8.8", 1}, {"0:0:0:1::", 0},
	    {"0:0:0:0:8000::", 1}, {"1::", 0}, {"2001:db8::1", 0},
	    {"fbff::", 0}, {"fc00::", 1}, {"fdff::", 1}, {"fe00::", 0},
	    {"fe7f::", 0}, {"fe80::1", 1}, {"febf::", 1}, {"fec0::", 1},
	    {"ff02::1", 1}, {"ffff::", 1}};
	unsigned char bytes[16];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (evutil_inet_pton(AF_INET, cases[i].text, bytes) == 1) {
			struct in_addr v4;

			memcpy(&v4, bytes, sizeof(v4));
			ck_assert_msg(!!evutil_v4addr_is_local_(&v4) ==
					  cases[i].local,
			    "%s", cases[i].text);
		} else {
			struct in6_addr v6;

			ck_assert_int_eq(
			    evutil_inet_pton(AF_INET6, cases[i].text, &v6), 1);
			ck_assert_msg(!!evutil_v6addr_is_local_(&v6) ==
					  cases[i].local,
			    "%s", cases[i].text);
		}
	}
}

TEST(the_internal_pipe)
{
	int fds[2], i;
	char c;

	ck_assert_int_eq(evutil_make_internal_pipe_(fds), 0);
	for (i = 0; i < 2; i++) {
		ck_assert_int_ne(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	}
	ck_assert_int_eq(read(fds[0], &c, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
}

static int
listener(struct sockaddr_in *at, int backlog)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	if (backlog)
		ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

TEST(connecting_makes_a_nonblocking_socket)
{
	struct sockaddr_in at;
	int fd = -1, result;

	listener(&at, 5);
	result =
	    evutil_socket_connect_(&fd, (struct sockaddr *)&at, sizeof(at));
	ck_assert(result == 0 || result == 1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(connecting_makes_a_socket_that_is_inherited)
{
	struct sockaddr_in at;
	int fd = -1;

	listener(&at, 5);
	evutil_socket_connect_(&fd, (struct sockaddr *)&at, sizeof(at));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
}

TEST(connecting_a_blocking_socket_waits)
{
	struct sockaddr_in at;
	int fd = socket(AF_INET, SOCK_STREAM, 0), same = fd;

	listener(&at, 5);
	ck_assert_int_eq(
	    evutil_socket_connect_(&fd, (struct sockaddr *)&at, sizeof(at)), 1);
	ck_assert_int_eq(fd, same);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(a_refused_connection_keeps_its_socket)
{
	struct sockaddr_in at;
	int fd = socket(AF_INET, SOCK_STREAM, 0), same = fd;

	listener(&at, 0);
	ck_assert_int_eq(
	    evutil_socket_connect_(&fd, (struct sockaddr *)&at, sizeof(at)), 2);
	ck_assert_int_eq(fd, same);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
}

TEST(connecting_to_nothing)
{
	struct sockaddr_un local = {
	    .sun_family = AF_UNIX, .sun_path = "/no/such/socket"};
	struct sockaddr_in at = {.sin_family = 99};
	int fd = -1, closed = 9999, next;

	next = dup(0);
	close(next);
	ck_assert_int_eq(evutil_socket_connect_(
			     &fd, (struct sockaddr *)&local, sizeof(local)),
	    -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(
	    evutil_socket_connect_(&fd, (struct sockaddr *)&at, sizeof(at)), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	ck_assert_int_eq(fd, -1);
	at.sin_family = AF_INET;
	ck_assert_int_eq(
	    evutil_socket_connect_(&fd, (struct sockaddr *)&at, 3), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(
	    evutil_socket_connect_(&closed, (struct sockaddr *)&at, sizeof(at)),
	    -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(closed, 9999);
	/* Nothing was left open. */
	ck_assert_int_eq(dup(0), next);
}

TEST(trimming)
{
	static const char *const cases[][2] = {{"", ""}, {" ", ""},
	    {" \t \t", ""}, {"a", "a"}, {"a \t", "a"}, {" a b\t ", " a b"},
	    {"a\r\n", "a\r\n"}, {"a \n ", "a \n"}, {"a\v\f", "a\v\f"}};
	char text[16];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		strcpy(text, cases[i][0]);
		evutil_rtrim_lws_(text);
		ck_assert_str_eq(text, cases[i][1]);
	}
	evutil_rtrim_lws_(NULL);
}

TEST(sleeping)
{
	struct timeval tv = {0, 30000};
	long long start = capi_now_ms();

	evutil_usleep_(&tv);
	ck_assert_int_ge(capi_now_ms() - start, 29);
	start = capi_now_ms();
	evutil_usleep_(NULL);
	tv.tv_sec = -1000;
	evutil_usleep_(&tv);
	ck_assert_int_lt(capi_now_ms() - start, CAPI_PATIENCE_MS);
}

TEST(weak_random_numbers)
{
	static const int tops[] = {1, 2, 3, 10, 1000, 1073741824, INT_MAX};
	struct evutil_weakrand_state state = {0};
	int i, j;

	ck_assert_uint_eq(evutil_weakrand_seed_(&state, 12345), 12345);
	for (i = 0; i < 10; i++)
		trace("%d", evutil_weakrand_(&state));
	for (i = 0; i < (int)(sizeof(tops) / sizeof(*tops)); i++) {
		for (j = 0; j < 200; j++) {
			int number = evutil_weakrand_range_(&state, tops[i]);

			ck_assert_int_ge(number, 0);
			ck_assert_int_lt(number, tops[i]);
		}
		trace("%d: %d", tops[i], evutil_weakrand_range_(&state, tops[i]));
	}
	ck_assert_uint_eq(evutil_weakrand_seed_(&state, 0), state.seed);
}

TEST(characters)
{
	int i;

	for (i = 0; i < 256; i++) {
		int lower = i >= 'A' && i <= 'Z' ? i + 32 : i;
		int upper = i >= 'a' && i <= 'z' ? i - 32 : i;

		ck_assert_int_eq(
		    !!EVUTIL_ISDIGIT_((char)i), i >= '0' && i <= '9');
		ck_assert_int_eq(EVUTIL_TOLOWER_((char)i), (char)lower);
		ck_assert_int_eq(EVUTIL_TOUPPER_((char)i), (char)upper);
	}
}

TEST(copying)
{
	char text[8];

	memset(text, '~', sizeof(text));
	ck_assert_uint_eq(event_strlcpy_(text, "hello", 0), 5);
	ck_assert_int_eq(text[0], '~');
	ck_assert_uint_eq(event_strlcpy_(text, "hello", 1), 5);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(event_strlcpy_(text, "hello", 5), 5);
	ck_assert_str_eq(text, "hell");
	ck_assert_int_eq(text[5], '~');
	ck_assert_uint_eq(event_strlcpy_(text, "hello", 6), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_uint_eq(event_strlcpy_(text, "", (size_t)-1), 0);
	ck_assert_str_eq(text, "");
}

TEST(embedded_timers)
{
	static const int flags[] = {0, EV_MONOT_PRECISE, EV_MONOT_FALLBACK};
	struct {
		long timer[5];
		long guard;
	} memory;
	struct evutil_monotonic_timer *timer = (void *)&memory;
	struct timeval last, now;
	int i, j;

	for (i = 0; i < 3; i++) {
		memset(&memory, 0, sizeof(memory));
		memory.guard = 0x5a5a5a5a;
		timerclear(&last);
		ck_assert_int_eq(
		    evutil_configure_monotonic_time_(timer, flags[i]), 0);
		for (j = 0; j < 1000; j++) {
			ck_assert_int_eq(
			    evutil_gettime_monotonic_(timer, &now), 0);
			ck_assert(!evutil_timercmp(&now, &last, <));
			last = now;
		}
		ck_assert(evutil_timerisset(&now));
		ck_assert_int_eq(memory.guard, 0x5a5a5a5a);
	}
}

/* A chosen difference. */
TEST(an_empty_range_holds_zero)
{
	struct evutil_weakrand_state state = {5};

	ck_assert_int_eq(evutil_weakrand_range_(&state, 0), 0);
	ck_assert_int_eq(evutil_weakrand_range_(&state, -7), 0);
}
