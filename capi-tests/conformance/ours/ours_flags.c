/* What bases of 2.2 can be asked for: signalfd, precise time without timerfd. */
#include "events.h"

static struct event_base *
with_flags(int flags)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	ck_assert_int_eq(event_config_set_flag(config, flags), 0);
	made = event_base_new_with_config(config);
	event_config_free(config);
	ck_assert_ptr_nonnull(made);
	return made;
}

static int
is_blocked(int number)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, number);
}

TEST(signals_by_handler_unless_asked)
{
	begin();
	ck_assert_str_eq(event_base_get_signal_method(base), "signal");
	event_add(evsignal_new(base, SIGUSR1, note_flags, "s"), NULL);
	ck_assert_int_eq(is_blocked(SIGUSR1), 0);
}

TEST(signals_by_descriptor)
{
	base = with_flags(EVENT_BASE_FLAG_USE_SIGNALFD);
	ck_assert_str_eq(event_base_get_signal_method(base), "signalfd_signal");
	ev = evsignal_new(base, SIGUSR1, note_flags, "s");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	ck_assert_int_eq(is_blocked(SIGUSR1), 1);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("s:8");
	event_add(evsignal_new(base, SIGUSR2, note_flags, "t"), NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	while (strlen(capi_log) < strlen("s:8 t:8"))
		ck_assert_int_eq(once(), 0);
	event_del(ev);
	ck_assert_int_eq(is_blocked(SIGUSR1), 0);
	ck_assert_int_eq(is_blocked(SIGUSR2), 1);
	event_base_free(base);
	ck_assert_int_eq(is_blocked(SIGUSR2), 0);
}

TEST(several_bases_get_signals_by_descriptor)
{
	struct event_base *second;

	base = with_flags(EVENT_BASE_FLAG_USE_SIGNALFD);
	second = with_flags(EVENT_BASE_FLAG_USE_SIGNALFD);
	event_add(evsignal_new(base, SIGUSR1, note_name, "first"), NULL);
	event_add(evsignal_new(second, SIGUSR2, note_name, "second"), NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	ck_assert_int_eq(event_base_loop(second, EVLOOP_ONCE), 0);
	ck_notes("second");
	ck_assert_int_eq(once(), 0);
	ck_notes("first");
}

TEST(precise_timers_without_timerfd)
{
	struct timeval tv = {0, 2500};
	struct timespec before, after;

	base = with_flags(EVENT_BASE_FLAG_PRECISE_TIMER |
	    EVENT_BASE_FLAG_EPOLL_DISALLOW_TIMERFD);
	for (int i = 0; i < 10; i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		event_base_once(base, -1, EV_TIMEOUT, note_name, "t", &tv);
		ck_assert_int_eq(event_base_dispatch(base), 1);
		clock_gettime(CLOCK_MONOTONIC, &after);
		ck_assert_int_ge((after.tv_sec - before.tv_sec) * 1000000 +
		    (after.tv_nsec - before.tv_nsec) / 1000, 2500);
	}
}
