/* Signals: delivery, order, storms, several bases, what is left behind. */
#include "events.h"
#include <event2/event_struct.h>

static struct event *
on_signal(int number, const char *name)
{
	struct event *event = evsignal_new(base, number, note_flags,
	    (void *)name);

	ck_assert_ptr_nonnull(event);
	ck_assert_int_eq(event_add(event, NULL), 0);
	return event;
}

TEST(a_signal_arrives)
{
	begin();
	ev = on_signal(SIGUSR1, "usr1");
	ck_assert_int_eq(pending(ev), EV_SIGNAL);
	ck_assert_int_eq(event_get_signal(ev), SIGUSR1);
	raise(SIGUSR1);
	ck_notes("");
	ck_assert_int_eq(once(), 0);
	ck_notes("usr1:8");
	/* Signal events stay until they are deleted. */
	ck_assert_int_eq(pending(ev), EV_SIGNAL);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("usr1:8");
}

TEST(without_persist_it_goes_after_the_first)
{
	begin();
	ev = event_new(base, SIGUSR1, EV_SIGNAL, note_flags, "once");
	event_add(ev, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("once:8");
	ck_assert_int_eq(pending(ev), 0);
}

TEST(order_of_signals)
{
	begin();
	on_signal(SIGUSR2, "usr2");
	on_signal(SIGHUP, "hup");
	on_signal(SIGUSR1, "usr1");
	on_signal(SIGTERM, "term");
	raise(SIGTERM);
	raise(SIGUSR2);
	raise(SIGHUP);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
}

TEST(order_of_events_of_one_signal)
{
	begin();
	on_signal(SIGUSR1, "a");
	ev = on_signal(SIGUSR1, "b");
	on_signal(SIGUSR1, "c");
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
	capi_log[0] = '\0';
	event_del(ev);
	event_add(ev, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
}

TEST(order_of_signals_and_the_rest)
{
	begin();
	feed(pair[1]);
	on_signal(SIGUSR1, "signal");
	timer(0, "timer");
	ev = event_new(base, -1, 0, note_name, "active");
	event_active(ev, EV_READ, 1);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
}

/* Each arrival is a call of its own, of every event. */
TEST(several_arrivals_before_the_loop)
{
	begin();
	on_signal(SIGUSR1, "a");
	on_signal(SIGUSR1, "b");
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
}

CALLBACK(delete_itself)
{
	note("%s", (const char *)arg);
	if (++runs == 2)
		event_del(ev);
}

TEST(deleted_between_the_calls)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, delete_itself, "s");
	event_add(ev, NULL);
	for (int i = 0; i < 5; i++)
		raise(SIGUSR1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("s s");
}

CALLBACK(free_itself)
{
	note("%s", (const char *)arg);
	event_free(ev);
}

TEST(freed_between_the_calls)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, free_itself, "s");
	event_active(ev, EV_SIGNAL, 10);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("s");
}

CALLBACK(break_in_the_middle)
{
	note("%s", (const char *)arg);
	if (++runs == 2)
		event_base_loopbreak(base);
}

TEST(break_between_the_calls)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, break_in_the_middle, "s");
	event_add(ev, NULL);
	event_active(ev, EV_SIGNAL, 5);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	trace("%s", capi_log);
	event_base_loop(base, EVLOOP_NONBLOCK);
	trace("%s", capi_log);
}

CALLBACK(raise_again)
{
	note("%s", (const char *)arg);
	if (++runs < 4)
		raise(SIGUSR1);
	else
		event_del(ev);
}

TEST(raised_by_its_own_callback)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, raise_again, "s");
	event_add(ev, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("s s s s");
}

static struct sigaction
action_of(int number)
{
	struct sigaction action;

	ck_assert_int_eq(sigaction(number, NULL, &action), 0);
	return action;
}

static void
handler(int number)
{
	(void)number;
	note("handler");
}

TEST(the_previous_handler_comes_back)
{
	struct sigaction mine = {.sa_handler = handler};

	begin();
	sigaction(SIGUSR1, &mine, NULL);
	ev = on_signal(SIGUSR1, "ev");
	other = on_signal(SIGUSR1, "other");
	ck_assert(action_of(SIGUSR1).sa_handler != handler);
	event_del(ev);
	ck_assert(action_of(SIGUSR1).sa_handler != handler);
	event_del(other);
	ck_assert(action_of(SIGUSR1).sa_handler == handler);
	raise(SIGUSR1);
	ck_notes("handler");
	event_add(ev, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("ev:8");
	event_base_free(base);
	ck_assert(action_of(SIGUSR1).sa_handler == handler);
}

TEST(children_inherit_no_mask)
{
	struct sigaction action;
	sigset_t before, after;

	begin();
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	sigprocmask(SIG_SETMASK, NULL, &before);
	on_signal(SIGUSR1, "ev");
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
	action = action_of(SIGUSR1);
	trace("restart %d", (action.sa_flags & SA_RESTART) != 0);
	for (int i = 1; i < 32; i++)
		ck_assert_int_eq(sigismember(&action.sa_mask, i) == 1,
		    i != SIGKILL && i != SIGSTOP);
}

TEST(a_signal_wakes_the_wait)
{
	pid_t child;

	begin();
	on_signal(SIGUSR1, "s");
	timer(CAPI_PATIENCE_MS, "late");
	child = fork();
	if (child == 0) {
		capi_sleep_ms(50);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	ck_assert_int_eq(once(), 0);
	ck_notes("s:8");
	waitpid(child, NULL, 0);
}

TEST_TIMED(an_ignored_signal_does_not_end_the_wait)
{
	struct sigaction mine = {.sa_handler = handler};
	long long start = capi_now_ms();
	pid_t child;

	begin();
	sigaction(SIGUSR2, &mine, NULL);
	on_signal(SIGUSR1, "s");
	timer(120, "timer");
	child = fork();
	if (child == 0) {
		capi_sleep_ms(30);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	while (strstr(capi_log, "timer") == NULL)
		ck_assert_int_eq(once(), 0);
	ck_assert_int_ge(capi_now_ms() - start, 100);
	ck_notes("handler timer");
	waitpid(child, NULL, 0);
}

static int reaped;

CALLBACK(reap)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	if (reaped == 60)
		event_base_loopbreak(base);
}

TEST(storm_of_children)
{
	begin();
	event_add(evsignal_new(base, SIGCHLD, reap, NULL), NULL);
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();

		ck_assert_int_ge(child, 0);
		if (child == 0)
			_exit(0);
	}
	while (reaped < 60)
		ck_assert_int_eq(once(), 0);
}

static void
storm(int arrivals)
{
	begin();
	event_add(evsignal_new(base, SIGUSR1, count, &runs), NULL);
	for (int i = 0; i < arrivals; i++)
		raise(SIGUSR1);
	ck_assert_int_eq(turn(), 0);
	ck_assert_int_ge(runs, 1);
	ck_assert_int_le(runs, arrivals);
	runs = 0;
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(runs, 1);
}

TEST(storm_before_the_loop)
{
	storm(20000);
}

/* More than any pipe holds: none may block, one must arrive. */
TEST(storm_that_overflows)
{
	storm(100000);
}

TEST(bad_numbers)
{
	static const int numbers[] = {0, -1, 64, 65, 1000, SIGKILL, SIGSTOP};

	begin();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		ev = evsignal_new(base, numbers[i], note_flags, "s");
		errno = 0;
		trace("%d: %d", numbers[i],
		    ev ? event_add(ev, NULL) : 77);
	}
}

/* The timeout takes the whole event away, though it is persistent. */
TEST(a_signal_with_a_timeout)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, note_flags, "s");
	ck_assert_int_eq(add_ms(ev, 20), 0);
	trace("pending %x", pending(ev));
	ck_assert_int_eq(once(), 0);
	ck_notes("s:1");
	trace("pending %x", pending(ev));
}

static int warnings;

static void
count_warnings(int severity, const char *message)
{
	(void)message;
	warnings += severity == EVENT_LOG_WARN;
}

/* One base at a time gets the signals: the last that added one. */
TEST(two_bases)
{
	struct event_base *first;

	event_set_log_callback(count_warnings);
	begin();
	first = base;
	ev = on_signal(SIGUSR1, "first");
	base = event_base_new();
	trace("warnings %d", warnings);
	other = on_signal(SIGUSR1, "second");
	trace("warnings %d", warnings > 0);
	raise(SIGUSR1);
	trace("first %d", event_base_loop(first, EVLOOP_NONBLOCK));
	trace("second %d", event_base_loop(base, EVLOOP_NONBLOCK));
	trace("%s", capi_log);
	capi_log[0] = '\0';
	event_del(other);
	warnings = 0;
	event_add(evsignal_new(first, SIGUSR2, note_flags, "first, usr2"),
	    NULL);
	trace("warnings %d", warnings > 0);
	raise(SIGUSR2);
	trace("first %d", event_base_loop(first, EVLOOP_NONBLOCK));
	trace("%s", capi_log);
}

/* A base that waits for no signal any more takes none from another. */
TEST(a_base_that_had_signals)
{
	struct event_base *first;

	event_set_log_callback(count_warnings);
	begin();
	first = base;
	ev = on_signal(SIGUSR1, "first");
	event_base_loop(first, EVLOOP_NONBLOCK);
	event_del(ev);
	base = event_base_new();
	other = on_signal(SIGUSR2, "second");
	ck_assert_int_eq(event_base_loop(first, EVLOOP_NONBLOCK), 1);
	raise(SIGUSR2);
	ck_assert_int_eq(event_base_loop(first, EVLOOP_NONBLOCK), 1);
	ck_assert_int_eq(once(), 0);
	ck_notes("second:8");
	ck_assert_int_eq(warnings, 0);
}

TEST(one_base_after_the_other)
{
	event_set_log_callback(count_warnings);
	for (int i = 0; i < 5; i++) {
		begin();
		on_signal(SIGUSR1, "s");
		raise(SIGUSR1);
		ck_assert_int_eq(once(), 0);
		ck_notes("s:8");
		event_base_free(base);
		close(pair[0]);
		close(pair[1]);
	}
	ck_assert_int_eq(warnings, 0);
}

TEST(added_and_deleted_while_they_arrive)
{
	begin();
	/* Keeps the default action away while no event is there. */
	signal(SIGUSR1, SIG_IGN);
	ev = evsignal_new(base, SIGUSR1, count, &runs);
	for (int i = 0; i < 2000; i++) {
		event_add(ev, NULL);
		raise(SIGUSR1);
		if (i % 3 == 0)
			ck_assert_int_eq(turn(), 0);
		event_del(ev);
		raise(SIGUSR1);
	}
	ck_assert_int_ge(runs, 600);
	ck_assert_int_eq(turn(), 1);
}
