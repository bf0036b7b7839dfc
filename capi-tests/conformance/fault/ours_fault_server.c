/*
 * A server and its clients of which the n-th allocation, or the n-th system
 * call of a kind, fails: see fault_server.h.
 */
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include "fault_server.h"

#define PERFECT                                                              \
	(over_tcp ? "idle 0, 60000., 500., 3000."                            \
		  : "idle 1, 60000., 500|, 3000.")

static int descriptors;
static long runs_done;
/* What has been accepted can't be refused when the kernel refuses it for good. */
static int log_suffices;

static void
run_and_check(void)
{
	run_server();
	refuse_nothing();
	fail_no_call();
	runs_done++;
	check_server(PERFECT, log_suffices);
	ck_assert_int_eq(closed_twice, 0);
	ck_assert_int_eq(open_descriptors(), descriptors);
}

static void
set_up(void)
{
	descriptors = open_descriptors();
	hook_memory();
	fail_no_call();
	run_and_check();
	ck_assert_str_eq(outcome, PERFECT);
	ck_assert_int_eq(complaints + warnings, 0);
}

static void
tear_down(void)
{
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
	trace("%ld runs", runs_done);
}

static void
sweep_allocations(int onwards)
{
	long before, n = 0;

	set_up();
	before = blocks;
	do {
		refuse(n, onwards);
		run_and_check();
		ck_assert_int_eq(blocks, before);
	} while (requests > n++);
	tear_down();
}

TEST(each_allocation_fails)
{
	sweep_allocations(0);
}

TEST(there_is_no_memory_from_some_moment_on)
{
	sweep_allocations(1);
}

TEST(each_allocation_fails_in_debug_mode)
{
	hook_memory();
	event_enable_debug_mode();
	sweep_allocations(0);
}

TEST(there_is_no_memory_in_debug_mode)
{
	hook_memory();
	event_enable_debug_mode();
	sweep_allocations(1);
}

/* After a failure that passes everything still has to arrive. */
enum { PASSES = 1 << 16 };

static void
sweep_calls(enum call call, int onwards, const int *codes)
{
	long usual, n = 0;

	set_up();
	fail_call(NO_CALL, 0, 0, 0);
	run_and_check();
	usual = all_made;
	for (; *codes; codes++)
		for (n = 0;; n++) {
			fail_call(call, n, onwards, *codes & ~PASSES);
			run_and_check();
			if (made[call] <= n)
				break;
			if (*codes & PASSES)
				ck_assert_str_eq(outcome, PERFECT);
			/* It does not try for ever, or only now and then. */
			if (!over_tcp)
				ck_assert_int_le(all_made,
				    onwards ? 20000 : 2 * usual + 50);
		}
	tear_down();
}

#define SWEEP(name, call, ...)                                               \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		sweep_calls(call, 0, codes);                                    \
	}

#define SWEEP_ONWARDS(name, call, ...)                                       \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		sweep_calls(call, 1, codes);                                 \
	}
#define SWEEP_TCP(name, call, ...)                                           \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		over_tcp = 1;                                                \
		sweep_calls(call, 0, codes);                                    \
	}

SWEEP(accept_fails, ACCEPT4, EINTR | PASSES, EAGAIN | PASSES,
    ECONNABORTED | PASSES, EMFILE | PASSES, ENFILE | PASSES, ENOMEM | PASSES,
    ENOBUFS | PASSES, EPROTO | PASSES, EPERM | PASSES)
SWEEP(bind_fails, BIND, EADDRINUSE, EACCES, ENOMEM)
SWEEP(close_fails, CLOSE, EINTR | PASSES, EIO | PASSES)
SWEEP(connect_fails, CONNECT, EINTR | PASSES, EAGAIN, ECONNREFUSED,
    ENETUNREACH, EADDRNOTAVAIL, EPERM)
SWEEP(epoll_create1_fails, EPOLL_CREATE1, EMFILE | PASSES, ENFILE | PASSES,
    ENOMEM | PASSES, ENOSYS | PASSES)
SWEEP(epoll_ctl_fails, EPOLL_CTL, ENOMEM, ENOSPC)
SWEEP(epoll_wait_fails, EPOLL_WAIT, EINTR | PASSES, EBADF, EINVAL)
SWEEP(poll_fails, POLL, EINTR | PASSES, ENOMEM, EINVAL)
SWEEP(select_fails, SELECT, EINTR | PASSES, ENOMEM, EBADF)
SWEEP(eventfd_fails, EVENTFD, EMFILE, ENFILE, ENOMEM)
SWEEP(fcntl_fails, FCNTL, EINTR, EPERM)
SWEEP(getsockopt_fails, GETSOCKOPT, ENOBUFS, ENOMEM)
SWEEP(listen_fails, LISTEN, EADDRINUSE, EOPNOTSUPP)
SWEEP(pipe2_fails, PIPE2, EMFILE | PASSES, ENFILE | PASSES)
SWEEP(recv_fails, RECV, ENOTSOCK | PASSES, EPERM | PASSES, EINTR | PASSES,
    EAGAIN | PASSES, ECONNRESET, EIO, ENOMEM, ENOBUFS)
SWEEP(readv_fails, READV, EINTR | PASSES, EAGAIN | PASSES, ECONNRESET, EIO,
    ENOMEM, ENOBUFS)
SWEEP(setsockopt_fails, SETSOCKOPT, ENOMEM, EPERM, ENOPROTOOPT)
SWEEP(socket_fails, SOCKET, EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES)
SWEEP(send_fails, SEND, ENOTSOCK | PASSES, ENOSYS | PASSES, EINTR | PASSES,
    EAGAIN | PASSES, EPIPE, ECONNRESET, ENOBUFS, EIO)
SWEEP(writev_fails, WRITEV, EINTR | PASSES, EAGAIN | PASSES, EPIPE,
    ECONNRESET, ENOBUFS, EIO)

SWEEP_TCP(accept_over_tcp_fails, ACCEPT4, EAGAIN | PASSES,
    ECONNABORTED | PASSES, EMFILE | PASSES)
SWEEP_TCP(connect_over_tcp_fails, CONNECT, EINTR | PASSES, ECONNREFUSED,
    ENETUNREACH, EADDRNOTAVAIL, EAGAIN)
SWEEP_TCP(getsockopt_over_tcp_fails, GETSOCKOPT, ENOBUFS, ENOMEM)

SWEEP_ONWARDS(there_are_no_sockets_any_more, SOCKET, EMFILE, ENOBUFS)
SWEEP_ONWARDS(nothing_can_be_read_any_more, RECV, ECONNRESET, ENOMEM)
SWEEP_ONWARDS(nothing_can_be_written_any_more, SEND, EPIPE, ENOBUFS)
SWEEP_ONWARDS(nobody_can_be_connected_to_any_more, CONNECT, ECONNREFUSED)
SWEEP_ONWARDS(nothing_can_be_waited_for_any_more, EPOLL_WAIT, EBADF)
SWEEP_ONWARDS(poll_has_no_memory_any_more, POLL, ENOMEM)
SWEEP_ONWARDS(select_has_no_memory_any_more, SELECT, ENOMEM)
SWEEP_ONWARDS(closing_always_fails, CLOSE, EIO | PASSES)

TEST(epoll_has_no_memory_any_more)
{
	static const int codes[] = {ENOMEM, ENOSPC, 0};

	log_suffices = 1;
	sweep_calls(EPOLL_CTL, 1, codes);
}
