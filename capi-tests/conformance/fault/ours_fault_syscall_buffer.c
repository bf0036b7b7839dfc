/*
 * The n-th system call of a kind fails in the functions of evbuffers and
 * evutil: they say so with the system's error, change nothing, and what was
 * interrupted goes on.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include "fault_calls.h"

#include <event2/util.h>

static struct evbuffer *buf;
static char block[20000], copy[20000];
static int file = -1, in_flight;

static int
new_file(void)
{
	char path[] = "/tmp/fault_syscallXXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	ck_assert_int_eq(
	    syscall(SYS_write, fd, block, sizeof(block)), sizeof(block));
	return fd;
}

static void
prepare(void)
{
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i % 251);
	capi_pair(pair);
	buf = evbuffer_new();
	evbuffer_add(buf, block, 1000);
	file = new_file();
	fail_no_call();
}

static void
take_apart(void)
{
	evbuffer_free(buf);
	if (file >= 0)
		syscall(SYS_close, file);
	syscall(SYS_close, pair[0]);
	syscall(SYS_close, pair[1]);
}

/* What OPERATION returns when it fails: what it says is errno's. */
enum { HARMLESS = 1 << 16 };

static void
sweep(int (*operation)(void), enum call call, const int *codes)
{
	int descriptors = open_descriptors(), runs_done = 0;

	event_set_log_callback(count_warnings);
	capi_use_threads();
	for (; *codes; codes++)
		for (long n = 0;; n++) {
			size_t length;
			int result, error, code = *codes & ~HARMLESS;

			prepare();
			length = evbuffer_get_length(buf);
			errno = 0;
			fail_call(call, n, 0, code);
			runs_done++;
			result = operation();
			error = errno;
			fail_no_call();
			if (made[call] <= n || *codes & HARMLESS) {
				ck_assert_int_eq(result, 0);
			} else {
				ck_assert_int_eq(result, -1);
				ck_assert_int_eq(error, code);
				ck_assert_uint_eq(
				    evbuffer_get_length(buf), length);
				ck_assert_int_eq(evbuffer_copyout(buf, copy,
				    1000), 1000);
				ck_assert_mem_eq(copy, block, 1000);
				ck_assert_int_eq(operation(), 0);
			}
			take_apart();
			ck_assert_int_eq(open_descriptors(), descriptors);
			ck_assert_int_eq(closed_twice, 0);
			if (made[call] <= n) {
				/* The sweep met what it is about. */
				ck_assert_int_gt(n, 0);
				break;
			}
			ck_assert_int_lt(n, 20);
		}
	trace("%d runs", runs_done);
}

#define OPERATION(name, ...)                                                 \
	static int name(void)                                                \
	{                                                                    \
		__VA_ARGS__                                                  \
	}
#define SWEEP(operation, call, ...)                                          \
	TEST(operation##_##call)                                             \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		sweep(operation, call, codes);                               \
	}

OPERATION(read_from_a_descriptor, {
	int n;

	if (in_flight == 0)
		ck_assert_int_eq(
		    syscall(SYS_write, pair[1], block, 4000), 4000);
	in_flight = 1;
	n = evbuffer_read(buf, pair[0], 4000);
	if (n != -1)
		in_flight = 0;
	return n == -1 ? -1 : n == 4000 ? 0 : 1;
})
SWEEP(read_from_a_descriptor, READV, EINTR, EAGAIN, ECONNRESET, EIO, ENOMEM)

OPERATION(write_to_a_descriptor, {
	int n = evbuffer_write(buf, pair[0]);

	return n == -1 ? -1 : n == 1000 ? 0 : 1;
})
SWEEP(write_to_a_descriptor, WRITE, EINTR, EAGAIN, EPIPE, ENOBUFS)

static int divided;

/* Two chains make a writev. */
OPERATION(write_two_blocks, {
	int n;

	if (!divided) {
		evbuffer_drain(buf, 1000);
		evbuffer_add_reference(buf, block, 500, NULL, NULL);
		evbuffer_add_reference(buf, block + 500, 500, NULL, NULL);
	}
	n = evbuffer_write(buf, pair[0]);
	divided = n == -1;
	return n == -1 ? -1 : n == 1000 ? 0 : 1;
})
SWEEP(write_two_blocks, WRITEV, EINTR, EAGAIN, EPIPE, ENOBUFS)

/* The descriptor stays ours if that fails. */
OPERATION(add_a_file, {
	if (evbuffer_add_file(buf, file, 0, -1) == -1)
		return -1;
	file = -1;
	return evbuffer_get_length(buf) == 1000 + sizeof(block) ? 0 : 1;
})
SWEEP(add_a_file, FSTAT, EIO, ENOMEM)
SWEEP(add_a_file, MMAP, ENOMEM | HARMLESS, EACCES | HARMLESS,
    ENODEV | HARMLESS, EPERM | HARMLESS)

/* A file that can't be mapped is read. */
OPERATION(add_a_file_by_reading, {
	struct evbuffer_file_segment *segment = evbuffer_file_segment_new(
	    file, 0, 1000, EVBUF_FS_DISABLE_MMAP | EVBUF_FS_DISABLE_SENDFILE);
	int result = -1;
	int error;

	if (segment) {
		result = evbuffer_add_file_segment(buf, segment, 0, -1);
		error = errno;
		evbuffer_file_segment_free(segment);
		errno = error;
	}
	if (result == 0) {
		ck_assert_int_eq(evbuffer_drain(buf, 1000), 0);
		ck_assert_mem_eq(evbuffer_pullup(buf, -1), block, 1000);
	}
	return result;
})
SWEEP(add_a_file_by_reading, PREAD, EINTR | HARMLESS, EIO, ENOMEM, EISDIR)

/* A bufferevent sends a file; what comes at the other end. */
static size_t
send_a_file(int code)
{
	event_set_log_callback(count_warnings);
	capi_use_threads();
	begin_bev(0);
	file = new_file();
	ck_assert_int_eq(evbuffer_add_file(bufferevent_get_output(bev), file,
	    0, sizeof(block)), 0);
	fail_call(SENDFILE, 0, 0, code);
	turn();
	ck_assert_int_gt(made[SENDFILE], 0);
	ck_assert_int_le(all_made, 20);
	fail_no_call();
	return discard(pair[1]);
}

TEST(a_file_is_sent_after_an_interruption)
{
	ck_assert_uint_eq(send_a_file(EINTR), sizeof(block));
	ck_notes("w0");
}

TEST(a_file_is_sent_when_there_is_room)
{
	ck_assert_uint_eq(send_a_file(EAGAIN), sizeof(block));
	ck_notes("w0");
}

TEST(a_file_can_not_be_sent)
{
	ck_assert_uint_eq(send_a_file(EIO), 0);
	ck_notes("error+writing(EIO)");
	ck_assert_uint_eq(out(bev), sizeof(block));
}

OPERATION(make_a_pair_of_sockets, {
	evutil_socket_t fds[2];

	if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		return -1;
	evutil_closesocket(fds[0]);
	return evutil_closesocket(fds[1]);
})
SWEEP(make_a_pair_of_sockets, SOCKETPAIR, EMFILE, ENFILE, ENOMEM, EPERM)

OPERATION(make_nonblocking, {
	fcntl(pair[0], F_SETFL, 0);
	made[FCNTL] = 0;
	return evutil_make_socket_nonblocking(pair[0]);
})
SWEEP(make_nonblocking, FCNTL, EBADF, EPERM)

OPERATION(make_close_on_exec, {
	return evutil_make_socket_closeonexec(pair[0]);
})
SWEEP(make_close_on_exec, FCNTL, EBADF, EPERM)

OPERATION(set_options, {
	return evutil_make_listen_socket_reuseable(pair[0]);
})
SWEEP(set_options, SETSOCKOPT, ENOMEM, EPERM, ENOPROTOOPT)

OPERATION(keep_alive, {
	int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	int result = evutil_set_tcp_keepalive(fd, 1, 60);

	syscall(SYS_close, fd);
	return result;
})
SWEEP(keep_alive, SETSOCKOPT, ENOMEM, EPERM, ENOPROTOOPT)

/* Where the call is refused, there is a device. */
OPERATION(random_bytes, {
	static unsigned char bytes[64];
	static const unsigned char none[64];

	memset(bytes, 0, sizeof(bytes));
	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	return memcmp(bytes, none, sizeof(none)) == 0;
})
SWEEP(random_bytes, GETRANDOM, EINTR | HARMLESS, EAGAIN | HARMLESS,
    ENOSYS | HARMLESS, EPERM | HARMLESS)

static int highest;

static void
no_source(int code UNUSED)
{
	/* A leak checker tries at the exit until it gets some descriptors. */
	for (int i = 0; i < 10; i++)
		syscall(SYS_close, highest - i);
	exit(5);
}

/* Better no program than one with known secrets. */
TEST_EXITS(no_random_bytes, 5)
{
	event_set_log_callback(count_warnings);
	event_set_fatal_callback(no_source);
	fail_call(GETRANDOM, 0, 1, ENOSYS);
	signal(SIGPIPE, SIG_IGN);
	for (int fd = 0; fd >= 0; fd = (int)syscall(SYS_dup, 0))
		highest = fd;
	random_bytes();
}
