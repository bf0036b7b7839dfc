/*
 * System calls that fail. The program's own functions stand in front of the C
 * library's, so that the library calls them; the n-th of a kind fails. Time
 * can be made to pass without waiting: a loop that has nothing to do jumps to
 * its next timeout.
 */
#ifndef CAPI_FAULT_CALLS_H
#define CAPI_FAULT_CALLS_H

#include "faults.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

enum call {
	NO_CALL, ACCEPT4, BIND, CLOSE, CONNECT, EPOLL_CREATE1, EPOLL_CTL,
	EPOLL_WAIT, EVENTFD, FCNTL, FSTAT, GETRANDOM, GETSOCKOPT, LISTEN, MMAP,
	OPEN, PIPE2, POLL, PREAD, READ, READV, RECV, RECVFROM, SELECT, SEND,
	SENDFILE, SENDTO, SETSOCKOPT, SIGNALFD, SOCKET, SOCKETPAIR, TIMERFD_CREATE,
	TIMERFD_SETTIME, WRITE, WRITEV, CALLS
};

/* How often each was called since fail_call(). */
static UNUSED long made[CALLS];
/* Threads may call at the same time, if not the same. */
static UNUSED _Atomic long all_made;
static enum call failing;
static long failing_from;
static int failing_onwards, failing_code;

/* The loop would have slept for ever. */
static UNUSED int stuck;
/* What was closed was not open. */
static UNUSED int closed_twice;
static UNUSED int jumping;
static long long jumped_us;

/* Call N of this kind fails with CODE, counted from 0. */
static UNUSED void
fail_call(enum call call, long n, int onwards, int code)
{
	memset(made, 0, sizeof(made));
	all_made = 0;
	failing = call;
	failing_from = n;
	failing_onwards = onwards;
	failing_code = code;
}

static UNUSED void
fail_no_call(void)
{
	failing = NO_CALL;
}

static int
fails(enum call call)
{
	long n = made[call]++;

	all_made++;
	if (!call || call != failing || n < failing_from ||
	    (n > failing_from && !failing_onwards))
		return 0;
	errno = failing_code;
	return 1;
}

#define INTERPOSE(type, call, name, parameters, ...)                         \
	type name parameters                                                 \
	{                                                                    \
		return fails(call) ? (type)-1 : (type)syscall(__VA_ARGS__);  \
	}

INTERPOSE(int, ACCEPT4, accept4,
    (int fd, struct sockaddr *address, socklen_t *length, int flags),
    SYS_accept4, fd, address, length, flags)
INTERPOSE(int, BIND, bind,
    (int fd, const struct sockaddr *address, socklen_t length),
    SYS_bind, fd, address, length)
INTERPOSE(int, EPOLL_CREATE1, epoll_create1, (int flags),
    SYS_epoll_create1, flags)
INTERPOSE(int, EVENTFD, eventfd, (unsigned count, int flags),
    SYS_eventfd2, count, flags)
/* Whoever compiles for large files calls this and some others so. */
INTERPOSE(int, FSTAT, fstat64, (int fd, struct stat64 *status),
    SYS_fstat, fd, status)
INTERPOSE(ssize_t, GETRANDOM, getrandom,
    (void *bytes, size_t length, unsigned flags),
    SYS_getrandom, bytes, length, flags)
INTERPOSE(int, GETSOCKOPT, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *length),
    SYS_getsockopt, fd, level, name, value, length)
INTERPOSE(int, LISTEN, listen, (int fd, int backlog), SYS_listen, fd, backlog)
INTERPOSE(void *, MMAP, mmap64,
    (void *at, size_t length, int protection, int flags, int fd, off64_t from),
    SYS_mmap, at, length, protection, flags, fd, from)
INTERPOSE(int, PIPE2, pipe2, (int fds[2], int flags), SYS_pipe2, fds, flags)
INTERPOSE(ssize_t, PREAD, pread64,
    (int fd, void *bytes, size_t length, off64_t from),
    SYS_pread64, fd, bytes, length, from)
INTERPOSE(ssize_t, READ, read, (int fd, void *bytes, size_t length),
    SYS_read, fd, bytes, length)
INTERPOSE(ssize_t, READV, readv, (int fd, const struct iovec *to, int count),
    SYS_readv, fd, to, count)
INTERPOSE(ssize_t, RECV, recv, (int fd, void *bytes, size_t length, int flags),
    SYS_recvfrom, fd, bytes, length, flags, NULL, NULL)
INTERPOSE(ssize_t, RECVFROM, recvfrom,
    (int fd, void *bytes, size_t length, int flags, struct sockaddr *from,
        socklen_t *size),
    SYS_recvfrom, fd, bytes, length, flags, from, size)
INTERPOSE(ssize_t, SENDTO, sendto,
    (int fd, const void *bytes, size_t length, int flags,
        const struct sockaddr *to, socklen_t size),
    SYS_sendto, fd, bytes, length, flags, to, size)
INTERPOSE(ssize_t, SEND, send,
    (int fd, const void *bytes, size_t length, int flags),
    SYS_sendto, fd, bytes, length, flags, NULL, 0)
INTERPOSE(ssize_t, SENDFILE, sendfile64,
    (int to, int from, off64_t *offset, size_t length),
    SYS_sendfile, to, from, offset, length)
INTERPOSE(int, SETSOCKOPT, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t length),
    SYS_setsockopt, fd, level, name, value, length)
INTERPOSE(int, SOCKET, socket, (int domain, int type, int protocol),
    SYS_socket, domain, type, protocol)
INTERPOSE(int, SOCKETPAIR, socketpair,
    (int domain, int type, int protocol, int fds[2]),
    SYS_socketpair, domain, type, protocol, fds)
INTERPOSE(int, SIGNALFD, signalfd,
    (int fd, const sigset_t *signals, int flags),
    SYS_signalfd4, fd, signals, _NSIG / 8, flags)
INTERPOSE(int, TIMERFD_CREATE, timerfd_create, (int clock, int flags),
    SYS_timerfd_create, clock, flags)
INTERPOSE(int, TIMERFD_SETTIME, timerfd_settime,
    (int fd, int flags, const struct itimerspec *at, struct itimerspec *old),
    SYS_timerfd_settime, fd, flags, at, old)
INTERPOSE(ssize_t, WRITE, write, (int fd, const void *bytes, size_t length),
    SYS_write, fd, bytes, length)
INTERPOSE(ssize_t, WRITEV, writev,
    (int fd, const struct iovec *from, int count),
    SYS_writev, fd, from, count)

/* An interrupted connect() goes on. */
int
connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (!fails(CONNECT))
		return (int)syscall(SYS_connect, fd, address, length);
	if (failing_code == EINTR)
		syscall(SYS_connect, fd, address, length);
	errno = failing_code;
	return -1;
}

/* To delete takes no memory. */
int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (fails(operation == EPOLL_CTL_DEL ? NO_CALL : EPOLL_CTL))
		return -1;
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

/* Whatever close() says, the descriptor is gone. */
int
close(int fd)
{
	int failed = fails(CLOSE), code = errno;
	int result = (int)syscall(SYS_close, fd);

	closed_twice += result == -1 && errno == EBADF;
	if (!failed)
		return result;
	errno = code;
	return -1;
}

int
fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	return fails(FCNTL) ? -1
			    : (int)syscall(SYS_fcntl, fd, command, argument);
}

int
open64(const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, int);
	va_end(arguments);
	return fails(OPEN) ? -1
			   : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* While time jumps it does not pass: a slow machine makes no difference. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static struct timespec stopped[16];
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (jumping && clock >= 0 && clock < 16) {
		if (stopped[clock].tv_sec == 0)
			stopped[clock] = *now;
		*now = stopped[clock];
	}
	now->tv_sec += jumped_us / 1000000;
	now->tv_nsec += jumped_us % 1000000 * 1000;
	if (now->tv_nsec >= 1000000000) {
		now->tv_nsec -= 1000000000;
		now->tv_sec++;
	}
	return result;
}

/* Nothing is ready: the end of a wait of so many microseconds, or for ever. */
static int
jump(long long us)
{
	if (us >= 0) {
		jumped_us += us;
		return 0;
	}
	stuck = 1;
	errno = EFAULT;
	return -1;
}

int
epoll_wait(int epoll, struct epoll_event *events, int room, int ms)
{
	int ready;

	if (fails(EPOLL_WAIT))
		return -1;
	ready = (int)syscall(SYS_epoll_pwait, epoll, events, room,
	    jumping ? 0 : ms, NULL, _NSIG / 8);
	return ready || !jumping ? ready : jump(ms * 1000LL);
}

int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	struct timespec limit = {0, 0};
	int ready;

	if (fails(POLL))
		return -1;
	if (!jumping && ms > 0)
		limit = (struct timespec){ms / 1000, ms % 1000 * 1000000L};
	/* Not all architectures have the older calls. */
	ready = (int)syscall(SYS_ppoll, fds, count,
	    jumping || ms >= 0 ? &limit : NULL, NULL, _NSIG / 8);
	return ready || !jumping ? ready : jump(ms * 1000LL);
}

int
select(int count, fd_set *reads, fd_set *writes, fd_set *others,
    struct timeval *limit)
{
	struct timespec wait = {0, 0};
	int ready;

	if (fails(SELECT))
		return -1;
	if (!jumping && limit)
		wait = (struct timespec){limit->tv_sec, limit->tv_usec * 1000L};
	ready = (int)syscall(SYS_pselect6, count, reads, writes, others,
	    jumping || limit ? &wait : NULL, NULL);
	if (ready || !jumping)
		return ready;
	return jump(limit ? limit->tv_sec * 1000000LL + limit->tv_usec : -1);
}

#endif
