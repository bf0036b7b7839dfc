/* fork(), with and without event_reinit() in the child. */
#include "events.h"

/* The child says how it went by its exit code. */
static void
expect_child(void (*body)(void *))
{
	int status = capi_in_child(body, NULL);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "child: status %x", status);
}

#define require(condition)                                                   \
	do {                                                                 \
		if (!(condition)) {                                          \
			fprintf(stderr, "%s:%d: %s [%s]\n", __FILE__,        \
			    __LINE__, #condition, capi_log);                 \
			_exit(1);                                            \
		}                                                            \
	} while (0)

static int
notes_are(const char *expected)
{
	int equal = strcmp(capi_log, expected) == 0;

	if (equal)
		capi_log[0] = '\0';
	return equal;
}

static void
reinit_and_go_on(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	require(pending(ev) == EV_READ);
	feed(pair[1]);
	require(once() == 0);
	require(notes_are("io:2"));
	require(event_base_dispatch(base) == 1);
	require(notes_are("timer"));
}

TEST_TIMED(a_child_goes_on_after_reinit)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, consume, "io");
	event_add(ev, NULL);
	timer(200, "timer");
	expect_child(reinit_and_go_on);
	/* The parent has noticed nothing. */
	ck_assert_int_eq(pending(ev), EV_READ);
	event_del(ev);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("timer");
}

static void
delete_in_child(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	event_free(ev);
	event_free(other);
	event_base_free(base);
}

TEST(a_child_that_frees_everything_leaves_the_parent_alone)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "io");
	event_add(ev, NULL);
	other = evsignal_new(base, SIGUSR1, note_flags, "usr1");
	event_add(other, NULL);
	expect_child(delete_in_child);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("io:2");
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("usr1:8");
}

static void
signals_in_child(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	require(pending(other) == EV_SIGNAL);
	raise(SIGUSR1);
	require(once() == 0);
	require(notes_are("usr1:8"));
	event_del(other);
	event_add(other, NULL);
	raise(SIGUSR1);
	require(once() == 0);
	require(notes_are("usr1:8"));
}

TEST(signals_after_reinit)
{
	begin();
	other = evsignal_new(base, SIGUSR1, note_flags, "usr1");
	event_add(other, NULL);
	expect_child(signals_in_child);
	/* Its signal went to nobody else. */
	ck_assert_int_eq(turn(), 0);
	ck_notes("");
	raise(SIGUSR1);
	ck_assert_int_eq(once(), 0);
	ck_notes("usr1:8");
}

static void
first_signal_in_child(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	event_add(evsignal_new(base, SIGUSR1, note_flags, "usr1"), NULL);
	raise(SIGUSR1);
	require(once() == 0);
	require(notes_are("usr1:8"));
}

TEST(first_signal_after_reinit)
{
	begin();
	expect_child(first_signal_in_child);
}

static void
changes_in_child(void *arg)
{
	(void)arg;
	/* What the child does to its copy must not reach the parent's set. */
	require(event_reinit(base) == 0);
	event_del(ev);
	other = event_new(base, pair[0], EV_WRITE, note_flags, "w");
	event_add(other, NULL);
	require(event_base_dispatch(base) == 1);
	require(notes_are("w:4"));
}

TEST(changes_in_the_child_stay_there)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "io");
	event_add(ev, NULL);
	expect_child(changes_in_child);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("io:2");
	ck_assert_int_eq(turn(), 0);
	ck_notes("");
}

static void
timers_only(void *arg)
{
	(void)arg;
	require(event_base_dispatch(base) == 1);
	require(notes_are("a b"));
}

TEST(timers_without_reinit)
{
	begin();
	timer(10, "a");
	timer(30, "b");
	expect_child(timers_only);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("a b");
}

static void
free_without_reinit(void *arg)
{
	(void)arg;
	event_base_free(base);
}

TEST(freed_without_reinit)
{
	begin();
	timer(10, "a");
	expect_child(free_without_reinit);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("a");
}

static void
reinit_many_times(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++)
		require(event_reinit(base) == 0);
	feed(pair[1]);
	raise(SIGUSR1);
	while (strlen(capi_log) < strlen("io:2 usr1:8"))
		require(once() == 0);
	require(fcntl(200, F_GETFD) == -1);
}

TEST(reinit_leaks_no_descriptors)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, consume, "io");
	event_add(ev, NULL);
	event_add(evsignal_new(base, SIGUSR1, note_flags, "usr1"), NULL);
	expect_child(reinit_many_times);
}

static void
in_active_queue(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	require(event_base_dispatch(base) == 1);
	require(notes_are("active"));
}

TEST(what_was_active_stays_active)
{
	begin();
	ev = event_new(base, -1, 0, note_name, "active");
	event_active(ev, EV_READ, 1);
	expect_child(in_active_queue);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("active");
}

CALLBACK(fork_here)
{
	note("fork");
	*(pid_t *)arg = fork();
	if (*(pid_t *)arg == 0)
		require(event_reinit(base) == 0);
}

/* As daemons do: both processes come back out of the callback. */
TEST_TIMED(forked_within_a_callback)
{
	pid_t child = -1;
	int status;

	begin();
	timer(200, "timer");
	ev = event_new(base, -1, 0, fork_here, &child);
	event_active(ev, EV_READ, 1);
	other = event_new(base, pair[0], EV_READ, note_flags, "io");
	add_ms(other, 20);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	if (child == 0) {
		require(notes_are("fork io:1 timer"));
		_exit(0);
	}
	ck_notes("fork io:1 timer");
	waitpid(child, &status, 0);
	ck_assert_int_eq(status, 0);
}

static void
pending_signal_of_the_parent(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	require(event_base_loop(base, EVLOOP_NONBLOCK) == 0);
	/* Arrived before the fork: the parent's. */
	trace("child: %s", capi_log);
}

TEST(a_signal_that_arrived_before_the_fork)
{
	begin();
	event_add(evsignal_new(base, SIGUSR1, note_flags, "usr1"), NULL);
	raise(SIGUSR1);
	expect_child(pending_signal_of_the_parent);
	ck_assert_int_eq(turn(), 0);
	trace("parent: %s", capi_log);
}

static void
edge_triggered_in_child(void *arg)
{
	(void)arg;
	require(event_reinit(base) == 0);
	/* The new set reports what the old one had reported already. */
	require(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) == 0);
	trace("child: %s", capi_log);
}

TEST(edge_triggered_events_start_anew)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "et");
	event_add(ev, NULL);
	feed(pair[1]);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	trace("parent: %s", capi_log);
	capi_log[0] = '\0';
	expect_child(edge_triggered_in_child);
}
