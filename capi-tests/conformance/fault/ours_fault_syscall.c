/*
 * The event loop while the n-th system call of a kind fails: what was added
 * comes, or the program was told.
 */
#define CAPI_OWN_LOCKS
#include "fault_calls.h"
#include "listeners.h"

#include <pthread.h>

static enum call call;
static int config_flags;

/*
 * Whatever can't be had is done without; what was added comes. The timer
 * comes in any case.
 */
static void
scenario(void)
{
	struct event_config *config = event_config_new();
	struct event *late, *again, *signalled;
	int came = 0, timed = 0, repeated = 0, caught = 0;
	int added, repeats, signals, turns, writers = 0;

	warnings = 0;
	event_config_set_flag(config, config_flags);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base) {
		ck_assert_int_gt(warnings, 0);
		return;
	}
	ck_assert_int_eq(syscall(SYS_socketpair, AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ev = event_new(base, pair[0], EV_READ, count, &came);
	added = event_add(ev, NULL) == 0;
	other = event_new(base, pair[0], EV_WRITE, count, &writers);
	event_add(other, NULL);
	late = evtimer_new(base, count, &timed);
	ck_assert_int_eq(add_ms(late, 2), 0);
	signalled = evsignal_new(base, SIGUSR1, count, &caught);
	signals = event_add(signalled, NULL) == 0;
	again = event_new(base, pair[1], EV_WRITE, count, &repeated);
	repeats = event_add(again, NULL) == 0;
	ck_assert_int_eq(syscall(SYS_write, pair[1], "x", 1), 1);
	if (signals)
		raise(SIGUSR1);
	for (turns = 0; turns < 30 && (came < added || timed < 1 ||
	     caught < signals || repeated < repeats); turns++)
		if (event_base_loop(base, EVLOOP_ONCE) == -1)
			ck_assert_int_gt(warnings, 0);
	ck_assert_int_eq(came, added);
	ck_assert_int_eq(timed, 1);
	ck_assert_int_eq(caught, signals);
	ck_assert_int_eq(repeated, repeats);
	/* The child of a fork does this. */
	if (event_reinit(base) == 0 && warnings == 0 && signals) {
		raise(SIGUSR1);
		for (turns = 0; turns < 10 && caught < 2; turns++)
			once();
		ck_assert_int_eq(caught, 2);
	}
	event_free(ev);
	event_free(other);
	event_free(late);
	event_free(again);
	event_free(signalled);
	event_base_free(base);
	syscall(SYS_close, pair[0]);
	syscall(SYS_close, pair[1]);
}

static void
sweep(const int *codes)
{
	int descriptors = open_descriptors(), runs_done = 1;
	long usual;

	event_set_log_callback(count_warnings);
	capi_use_threads();
	/* Where there is no loop to look, a signal comes when it is unblocked. */
	signal(SIGUSR1, SIG_IGN);
	jumping = !(config_flags & EVENT_BASE_FLAG_PRECISE_TIMER);
	fail_call(NO_CALL, 0, 0, 0);
	scenario();
	ck_assert_int_eq(warnings, 0);
	usual = all_made;
	for (; *codes; codes++)
		for (long n = 0;; n++) {
			fail_call(call, n, 0, *codes);
			scenario();
			fail_no_call();
			runs_done++;
			ck_assert_int_eq(open_descriptors(), descriptors);
			ck_assert_int_eq(closed_twice, 0);
			ck_assert_int_eq(stuck, 0);
			if (made[call] <= n)
				break;
			/* It does not try for ever. */
			ck_assert_int_le(all_made, 2 * usual + 20);
		}
	trace("%d runs", runs_done);
}

#define SWEEP(name, kind, flags, ...)                                        \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		call = kind;                                                 \
		config_flags = flags;                                        \
		sweep(codes);                                                \
	}

SWEEP(epoll_create1_fails, EPOLL_CREATE1, 0, EMFILE, ENFILE, ENOMEM, ENOSYS)
SWEEP(epoll_ctl_fails, EPOLL_CTL, 0, ENOMEM, ENOSPC)
SWEEP(epoll_wait_fails, EPOLL_WAIT, 0, EINTR, EBADF, EINVAL)
SWEEP(poll_fails, POLL, 0, EINTR, EAGAIN, ENOMEM, EINVAL)
SWEEP(select_fails, SELECT, 0, EINTR, ENOMEM, EBADF, EINVAL)
SWEEP(eventfd_fails, EVENTFD, 0, EMFILE, ENFILE, ENOMEM, ENOSYS)
SWEEP(pipe2_fails, PIPE2, 0, EMFILE, ENFILE)
SWEEP(read_fails, READ, 0, EINTR, EAGAIN)
SWEEP(write_fails, WRITE, 0, EINTR)
/* Not EBADF: with debug assertions, that tells Rust of a descriptor that was closed twice. */
SWEEP(fcntl_fails, FCNTL, 0, EINTR, EPERM)
SWEEP(close_fails, CLOSE, 0, EINTR, EIO)
SWEEP(signalfd_fails, SIGNALFD, EVENT_BASE_FLAG_USE_SIGNALFD, EMFILE, ENFILE,
    ENOMEM, ENODEV)
SWEEP(read_of_a_signalfd_fails, READ, EVENT_BASE_FLAG_USE_SIGNALFD, EINTR,
    EAGAIN)
SWEEP(epoll_ctl_with_signalfd_fails, EPOLL_CTL, EVENT_BASE_FLAG_USE_SIGNALFD,
    ENOMEM, ENOSPC)
SWEEP(timerfd_create_fails, TIMERFD_CREATE, EVENT_BASE_FLAG_PRECISE_TIMER,
    EMFILE, ENFILE, ENOMEM, ENODEV, ENOSYS)
SWEEP(timerfd_settime_fails, TIMERFD_SETTIME, EVENT_BASE_FLAG_PRECISE_TIMER,
    EINVAL, ECANCELED)
SWEEP(epoll_ctl_with_timerfd_fails, EPOLL_CTL, EVENT_BASE_FLAG_PRECISE_TIMER,
    ENOMEM, ENOSPC)

/* A base whose signals can't be received until there are descriptors again. */
TEST(the_first_signal_tries_again)
{
	event_set_log_callback(count_warnings);
	fail_call(PIPE2, 0, 0, EMFILE);
	base = event_base_new();
	ck_assert_int_eq(warnings, 1);
	ev = evsignal_new(base, SIGUSR1, count, &runs);
	ck_assert_int_eq(event_add(ev, NULL), 0);
	raise(SIGUSR1);
	once();
	ck_assert_int_eq(runs, 1);
}

TEST(reinit_says_that_no_signals_can_be_received)
{
	event_set_log_callback(count_warnings);
	base = event_base_new();
	fail_call(PIPE2, 0, 0, EMFILE);
	ck_assert_int_eq(event_reinit(base), -1);
	ck_assert_int_eq(event_reinit(base), 0);
	ev = evsignal_new(base, SIGUSR1, count, &runs);
	ck_assert_int_eq(event_add(ev, NULL), 0);
	fail_call(PIPE2, 0, 1, EMFILE);
	ck_assert_int_eq(event_reinit(base), -1);
	ck_assert_int_eq(event_reinit(base), -1);
	fail_no_call();
	ck_assert_int_eq(event_reinit(base), 0);
	raise(SIGUSR1);
	once();
	ck_assert_int_eq(runs, 1);
}

static void
dial_in_vain(unsigned flags)
{
	struct timeval second = {1, 0};

	event_set_log_callback(count_warnings);
	capi_use_threads();
	jumping = 1;
	listen_on(flags | LEV_OPT_CLOSE_ON_FREE, take);
	syscall(SYS_close, dial());
	fail_call(ACCEPT4, 0, 1, EMFILE);
	event_base_loopexit(base, &second);
	ck_assert_int_eq(event_base_dispatch(base), 0);
}

/* A listener without descriptors to accept with looks now and then. */
TEST(accepting_in_vain_does_not_keep_the_loop_busy)
{
	dial_in_vain(0);
	ck_assert_int_le(made[ACCEPT4], 30);
	ck_assert_int_ge(made[ACCEPT4], 5);
	fail_no_call();
	once();
	ck_notes("take");
	/* And is as before. */
	syscall(SYS_close, dial());
	ck_assert_int_eq(events(), 1);
	turn();
	ck_notes("take");
}

TEST(a_listener_that_rests_can_be_disabled_and_enabled)
{
	dial_in_vain(0);
	ck_assert_int_eq(evconnlistener_disable(listener), 0);
	ck_assert_int_eq(events(), 0);
	fail_no_call();
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	turn();
	ck_notes("take");
}

TEST(a_listener_that_rests_can_be_freed)
{
	int descriptors = open_descriptors();

	dial_in_vain(LEV_OPT_THREADSAFE);
	evconnlistener_free(listener);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	event_base_free(base);
	ck_assert_int_eq(open_descriptors(), descriptors);
}

static void *
wake_twice(void *nothing)
{
	capi_sleep_ms(20);
	event_active(ev, EV_READ, 1);
	event_active(other, EV_READ, 1);
	return nothing;
}

/* A wake-up that could not be written does not keep the next one away. */
static void
check_wake(int code)
{
	struct timeval limit = {100, 0};
	pthread_t thread;
	long long start = capi_now_ms();

	event_set_log_callback(count_warnings);
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ev = event_new(base, -1, 0, count, &runs);
	other = event_new(base, -1, 0, count, &runs);
	event_add(ev, &limit);
	fail_call(WRITE, 0, 0, code);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake_twice, NULL), 0);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	fail_no_call();
	ck_assert_int_gt(made[WRITE], 1);
	ck_assert_int_lt(capi_now_ms() - start, CAPI_PATIENCE_MS);
}

TEST(an_interrupted_wake_up_is_written_again)
{
	check_wake(EINTR);
}

TEST(a_failed_wake_up_is_tried_again_with_the_next)
{
	check_wake(EIO);
}
