/*
 * The n-th system call of a kind fails. The program's own functions stand in
 * front of the C library's, so that the library calls them.
 */
// runs: one-backend, one-locking
#define CAPI_OWN_LOCKS
#include "events.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

enum kind { NONE, CREATE, CTL, WAIT, EVENTFD, PIPE, TIMERFD, SETTIME, WRITE };

static enum kind failing;
static long fail_at, calls[WRITE + 1];
static int code;
static long asked;

static int
fails(enum kind kind)
{
	calls[kind]++;
	if (kind == WAIT)
		asked++;
	if (kind != failing || calls[kind] != fail_at + 1)
		return 0;
	errno = code;
	return 1;
}

int
epoll_create1(int flags)
{
	return fails(CREATE) ? -1 : syscall(SYS_epoll_create1, flags);
}

int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return fails(CTL) ? -1
			  : syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

int
epoll_wait(int epoll, struct epoll_event *events, int room, int ms)
{
	return fails(WAIT) ? -1
			   : syscall(SYS_epoll_pwait, epoll, events, room, ms,
				 NULL, 8);
}

int
eventfd(unsigned count, int flags)
{
	return fails(EVENTFD) ? -1 : syscall(SYS_eventfd2, count, flags);
}

int
pipe2(int fds[2], int flags)
{
	return fails(PIPE) ? -1 : syscall(SYS_pipe2, fds, flags);
}

int
timerfd_create(int clock, int flags)
{
	return fails(TIMERFD) ? -1 : syscall(SYS_timerfd_create, clock, flags);
}

int
timerfd_settime(int fd, int flags, const struct itimerspec *at,
    struct itimerspec *old)
{
	return fails(SETTIME)
	    ? -1
	    : syscall(SYS_timerfd_settime, fd, flags, at, old);
}

ssize_t
write(int fd, const void *bytes, size_t length)
{
	return fails(WRITE) ? -1 : syscall(SYS_write, fd, bytes, length);
}

static void
quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* The same as before if no descriptor leaked. */
static int
next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Whatever can't be had is done without; what was added comes. */
static void
scenario(void)
{
	struct event_config *config = event_config_new();
	struct event *late, *usr1;
	int came = 0, timed = 0, added, turns;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		return;
	capi_pair(pair);
	ev = event_new(base, pair[0], EV_READ, count, &came);
	added = event_add(ev, NULL) == 0;
	late = evtimer_new(base, count, &timed);
	add_ms(late, 2);
	usr1 = evsignal_new(base, SIGUSR1, count, &runs);
	event_add(usr1, NULL);
	ck_assert_int_eq(syscall(SYS_write, pair[1], "x", 1), 1);
	asked = 0;
	for (turns = 0; turns < 20 && (came < added || !timed); turns++)
		if (once() == -1)
			ck_assert_int_eq(failing, WAIT);
	ck_assert_int_eq(came, added);
	ck_assert_int_eq(timed, 1);
	/* It slept until the timer, whatever failed. */
	ck_assert_int_le(asked, 20);
	event_reinit(base);
	event_free(ev);
	event_free(late);
	event_free(usr1);
	event_base_free(base);
	close(pair[0]);
	close(pair[1]);
}

static void
sweep(enum kind kind, const int *codes)
{
	int fd = next_descriptor();

	event_set_log_callback(quiet);
	for (; *codes; codes++)
		for (fail_at = 0;; fail_at++) {
			ck_assert_int_lt(fail_at, 100);
			memset(calls, 0, sizeof(calls));
			failing = kind;
			code = *codes;
			scenario();
			failing = NONE;
			ck_assert_int_eq(next_descriptor(), fd);
			if (calls[kind] <= fail_at)
				break;
		}
	/* The sweep met the calls that it is about. */
	ck_assert_int_gt(fail_at, 0);
}

#define SWEEP(name, kind, ...)                                               \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		sweep(kind, codes);                                          \
	}                                                                    \
	TEST(name##_with_locks)                                              \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		ck_assert_int_eq(evthread_use_pthreads(), 0);                \
		sweep(kind, codes);                                          \
	}

SWEEP(epoll_create1_fails, CREATE, EMFILE, ENFILE, ENOMEM, ENOSYS)
SWEEP(epoll_ctl_fails, CTL, ENOMEM, ENOSPC, EPERM)
SWEEP(epoll_wait_fails, WAIT, EINTR, EBADF, EINVAL)
SWEEP(pipe2_fails, PIPE, EMFILE, ENFILE)
SWEEP(timerfd_create_fails, TIMERFD, EMFILE, ENOMEM, ENOSYS)
SWEEP(timerfd_settime_fails, SETTIME, EINVAL, ECANCELED)

TEST(eventfd_fails)
{
	static const int codes[] = {EMFILE, ENFILE, ENOMEM, 0};

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	sweep(EVENTFD, codes);
}

static void *
wake_twice(void *nothing)
{
	capi_sleep_ms(20);
	failing = WRITE;
	memset(calls, 0, sizeof(calls));
	fail_at = 0;
	event_active(ev, EV_READ, 1);
	event_active(other, EV_READ, 1);
	return nothing;
}

/* A wake-up that could not be written does not keep the next one away. */
static void
check_wake(int with)
{
	struct timeval limit = {10, 0};
	pthread_t thread;
	long long start = capi_now_ms();

	event_set_log_callback(quiet);
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ev = event_new(base, -1, 0, count, &runs);
	other = event_new(base, -1, 0, count, &runs);
	event_add(ev, &limit);
	code = with;
	ck_assert_int_eq(pthread_create(&thread, NULL, wake_twice, NULL), 0);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	failing = NONE;
	ck_assert_int_gt(calls[WRITE], 1);
	ck_assert_int_lt(capi_now_ms() - start, 5000);
}

TEST(an_interrupted_wake_up_is_written_again)
{
	check_wake(EINTR);
}

TEST(a_failed_wake_up_is_tried_again_with_the_next)
{
	check_wake(EIO);
}
