/* What <event2/util.h> of 2.2 adds, and what is promised beyond the reference. */
// runs: one-backend, one-locking
#include "capi.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

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

/* A sandbox in which getrandom() fails with the given error. */
static void
forbid_getrandom(int error)
{
	struct sock_filter rules[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, rules};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	ck_assert_int_eq(syscall(SYS_getrandom, NULL, 0, 0), -1);
	ck_assert_int_eq(errno, error);
}

TEST(random_numbers_in_a_sandbox)
{
	unsigned char a[32] = {0}, b[32] = {0}, zeros[32] = {0};

	forbid_getrandom(EPERM);
	ck_assert_int_eq(evutil_secure_rng_init(), 0);
	evutil_secure_rng_get_bytes(a, sizeof(a));
	evutil_secure_rng_get_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, zeros, sizeof(a));
	ck_assert_mem_ne(a, b, sizeof(a));
}

TEST(random_numbers_come_from_the_given_device)
{
	static char device[] = "/dev/zero", missing[] = "/no/such/device";
	unsigned char bytes[32], zeros[32] = {0};

	forbid_getrandom(ENOSYS);
	evutil_secure_rng_set_urandom_device_file(device);
	memset(bytes, 1, sizeof(bytes));
	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	ck_assert_mem_eq(bytes, zeros, sizeof(bytes));
	evutil_secure_rng_set_urandom_device_file(missing);
	ck_assert_int_eq(evutil_secure_rng_init(), -1);
	ck_assert_int_eq(errno, ENOENT);
	evutil_secure_rng_set_urandom_device_file(NULL);
	ck_assert_int_eq(evutil_secure_rng_init(), 0);
}

TEST_DIES(no_random_numbers_end_the_process, SIGABRT)
{
	static char missing[] = "/no/such/device";
	char byte;

	forbid_getrandom(ENOSYS);
	evutil_secure_rng_set_urandom_device_file(missing);
	evutil_secure_rng_get_bytes(&byte, 1);
}
