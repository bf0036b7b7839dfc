/*
 * A sandbox refuses accept4, which is newer than accept.
 */
// runs: one-backend
#include "listeners.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void
forbid_accept4(int error)
{
	struct sock_filter rules[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, rules};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	ck_assert_int_eq(accept4(-1, NULL, NULL, 0), -1);
	ck_assert_int_eq(errno, error);
}

static int taken;

static void
look(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
    struct sockaddr *address, int len, void *arg)
{
	int on_exec = !!(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	int blocking = !(fcntl(fd, F_GETFL) & O_NONBLOCK);

	trace("%s: family %d, length %d, close on exec %d, blocking %d",
	    (const char *)arg, address->sa_family, len, on_exec, blocking);
	taken++;
	close(fd);
}

static void
accept_with(const char *name, unsigned flags)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	struct evconnlistener *listener =
	    evconnlistener_new_bind(base, look, (void *)name,
		flags | LEV_OPT_CLOSE_ON_FREE, -1, (void *)&address, len);

	ck_assert_ptr_nonnull(listener);
	getsockname(evconnlistener_get_fd(listener), (void *)&address, &len);
	taken = 0;
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		ck_assert_int_eq(connect(fd, (void *)&address, len), 0);
		close(fd);
	}
	for (int i = 0; taken < 2 && i < 10; i++)
		once();
	ck_assert_int_eq(taken, 2);
	evconnlistener_free(listener);
}

static void
accept_without_accept4(int error)
{
	base = event_base_new();
	forbid_accept4(error);
	accept_with("neither", LEV_OPT_LEAVE_SOCKETS_BLOCKING);
	accept_with("not blocking", 0);
	accept_with("both", LEV_OPT_CLOSE_ON_EXEC);
	event_base_free(base);
}

TEST(accept4_is_not_there)
{
	accept_without_accept4(ENOSYS);
}

TEST(accept4_is_forbidden)
{
	accept_without_accept4(EPERM);
}
