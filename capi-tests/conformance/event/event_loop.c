/* The loop: its flags, its ends, priorities, cached time, event_base_once. */
#include "events.h"

TEST(an_empty_loop_ends_at_once)
{
	static const int flags[] = {0, EVLOOP_ONCE, EVLOOP_NONBLOCK,
	    EVLOOP_ONCE | EVLOOP_NONBLOCK,
	    EVLOOP_NONBLOCK | EVLOOP_NO_EXIT_ON_EMPTY,
	    EVLOOP_NONBLOCK | EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY};

	begin();
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		trace("flags %x: %d", flags[i], event_base_loop(base, flags[i]));
	trace("got exit %d, got break %d", event_base_got_exit(base),
	    event_base_got_break(base));
}

TEST(nonblock_with_nothing_ready)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
	trace("%d", turn());
	ck_notes("");
}

CALLBACK(break_loop)
{
	note("%s", (const char *)arg);
	ck_assert_int_eq(event_base_loopbreak(base), 0);
	note("%d", event_base_got_break(base));
}

CALLBACK(exit_loop)
{
	note("%s", (const char *)arg);
	ck_assert_int_eq(event_base_loopexit(base, NULL), 0);
	note("%d", event_base_got_exit(base));
}

TEST(no_exit_on_empty_goes_on_until_told)
{
	struct timeval tv = capi_ms(60);
	long long start = capi_now_ms();

	begin();
	timer(10, "early");
	event_base_loopexit(base, &tv);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY), 0);
	ck_assert_int_ge(capi_now_ms() - start, 50);
	ck_notes("early");
	ck_assert_int_eq(event_base_got_exit(base), 1);
}

static struct event *
active(const char *name, event_callback_fn callback)
{
	struct event *event = event_new(base, -1, 0, callback, (void *)name);

	event_active(event, EV_READ, 1);
	return event;
}

TEST(once_runs_everything_that_is_active)
{
	begin();
	active("a", note_name);
	active("b", note_name);
	timer(0, "t");
	trace("%d", once());
	trace("%s", capi_log);
	trace("%d", once());
	trace("%s", capi_log);
}

TEST(once_waits_until_something_runs)
{
	long long start = capi_now_ms();

	begin();
	timer(40, "t");
	timer(5000, "late");
	ck_assert_int_eq(once(), 0);
	ck_notes("t");
	ck_assert_int_ge(capi_now_ms() - start, 30);
}

CALLBACK(make_active)
{
	note("%s", (const char *)arg);
	event_active(other, EV_WRITE, 1);
}

TEST(active_from_a_callback_runs_in_the_same_turn)
{
	begin();
	other = event_new(base, -1, 0, note_flags, "other");
	active("first", make_active);
	timer(0, "timer");
	trace("%d", once());
	trace("%s", capi_log);
}

static int times_active;

CALLBACK(activate_itself)
{
	if (++runs < times_active)
		event_active(ev, EV_READ, 1);
}

TEST(an_event_that_activates_itself)
{
	begin();
	times_active = 50;
	ev = active("self", activate_itself);
	ck_assert_int_eq(once(), 0);
	trace("runs %d", runs);
}

TEST(break_stops_after_the_running_callback)
{
	begin();
	active("a", break_loop);
	active("b", note_name);
	trace("%d", event_base_dispatch(base));
	trace("got break %d", event_base_got_break(base));
	ck_notes("a 1");
	trace("%d", event_base_dispatch(base));
	ck_notes("b");
	trace("got break %d", event_base_got_break(base));
}

TEST(exit_finishes_the_turn)
{
	begin();
	active("a", exit_loop);
	active("b", note_name);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
	trace("got exit %d", event_base_got_exit(base));
	capi_log[0] = '\0';
	timer(0, "t");
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
	trace("got exit %d", event_base_got_exit(base));
}

TEST(exit_with_io_that_stays_ready)
{
	begin();
	feed(pair[1]);
	event_add(event_new(base, pair[0], EV_READ | EV_PERSIST, exit_loop,
	    "io"), NULL);
	event_add(event_new(base, pair[1], EV_WRITE | EV_PERSIST, exit_loop,
	    "io"), NULL);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

TEST(break_before_the_loop_is_forgotten)
{
	begin();
	ck_assert_int_eq(event_base_loopbreak(base), 0);
	trace("got break %d", event_base_got_break(base));
	active("a", note_name);
	trace("%d", event_base_dispatch(base));
	trace("%s; got break %d", capi_log, event_base_got_break(base));
}

TEST(exit_before_the_loop_is_remembered)
{
	begin();
	ck_assert_int_eq(event_base_loopexit(base, NULL), 0);
	trace("got exit %d", event_base_got_exit(base));
	timer(0, "t");
	active("a", note_name);
	feed(pair[1]);
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	trace("%d", event_base_dispatch(base));
	trace("%s; got exit %d", capi_log, event_base_got_exit(base));
	trace("%d", event_base_dispatch(base));
	trace("%s; got exit %d", capi_log, event_base_got_exit(base));
}

TEST(exit_with_time)
{
	struct timeval tv = capi_ms(50);
	long long start = capi_now_ms();

	begin();
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	event_base_loopexit(base, &tv);
	trace("events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	trace("%d", event_base_dispatch(base));
	ck_assert_int_ge(capi_now_ms() - start, 40);
	trace("got exit %d, events %d", event_base_got_exit(base),
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
}

TEST(exit_time_that_comes_after_the_end)
{
	struct timeval tv = capi_ms(50);
	long long start = capi_now_ms();

	begin();
	event_base_loopexit(base, &tv);
	/* Its timer keeps the loop going. */
	trace("%d", event_base_dispatch(base));
	ck_assert_int_ge(capi_now_ms() - start, 40);
}

CALLBACK(continue_loop)
{
	note("%s", (const char *)arg);
	if (runs++ < 3) {
		event_active(ev, EV_READ, 1);
		ck_assert_int_eq(event_base_loopcontinue(base), 0);
	}
}

/* "continue" goes back to polling: what is more urgent overtakes. */
TEST(continue_looks_at_the_descriptors_again)
{
	begin();
	event_base_priority_init(base, 3);
	ev = event_new(base, -1, 0, continue_loop, "continuing");
	event_active(ev, EV_READ, 1);
	other = event_new(base, pair[0], EV_READ, note_name, "urgent");
	event_priority_set(other, 0);
	event_add(other, NULL);
	feed(pair[1]);
	active("plain", note_name);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

TEST(continue_before_the_loop)
{
	begin();
	trace("%d", event_base_loopcontinue(base));
	active("a", note_name);
	trace("%d", event_base_dispatch(base));
	ck_notes("a");
}

CALLBACK(nested_loop)
{
	note("in");
	note("%d", event_base_loop(base, EVLOOP_NONBLOCK));
	note("out");
}

static void
trace_severity(int severity, const char *message)
{
	(void)message;
	trace("log %d", severity);
}

TEST(a_loop_within_a_loop_is_refused)
{
	begin();
	event_set_log_callback(trace_severity);
	active("a", nested_loop);
	active("b", note_name);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

CALLBACK(other_base_loop)
{
	struct event_base *inner = event_base_new();
	struct timeval tv = capi_ms(0);

	note("in");
	event_base_once(inner, -1, EV_TIMEOUT, note_name, "inner", &tv);
	note("%d", event_base_dispatch(inner));
	event_base_free(inner);
}

TEST(a_loop_of_another_base_within_a_loop)
{
	begin();
	active("a", other_base_loop);
	active("b", note_name);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("in inner 1 b");
}

static struct event *
with_priority(const char *name, event_callback_fn callback, int priority)
{
	struct event *event = event_new(base, -1, 0, callback, (void *)name);

	ck_assert_int_eq(event_priority_set(event, priority), 0);
	return event;
}

TEST(urgent_first)
{
	begin();
	event_base_priority_init(base, 4);
	event_active(with_priority("3", note_name, 3), EV_READ, 1);
	event_active(with_priority("1", note_name, 1), EV_READ, 1);
	event_active(with_priority("2", note_name, 2), EV_READ, 1);
	event_active(with_priority("0", note_name, 0), EV_READ, 1);
	event_active(with_priority("1b", note_name, 1), EV_READ, 1);
	/* One priority a turn, then the loop asks for news. */
	trace("%d", once());
	trace("%s", capi_log);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

CALLBACK(activate_other_once)
{
	note("%s", (const char *)arg);
	if (!runs++)
		event_active(other, EV_READ, 1);
}

TEST(urgent_overtakes_between_callbacks)
{
	begin();
	event_base_priority_init(base, 2);
	other = with_priority("urgent", note_name, 0);
	event_active(with_priority("a", activate_other_once, 1), EV_READ, 1);
	event_active(with_priority("b", note_name, 1), EV_READ, 1);
	event_active(with_priority("c", note_name, 1), EV_READ, 1);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

CALLBACK(urgent_again)
{
	note("%s", (const char *)arg);
	if (++runs < 4)
		event_active(ev, EV_READ, 1);
}

TEST(urgent_starves_the_rest)
{
	begin();
	event_base_priority_init(base, 2);
	ev = with_priority("u", urgent_again, 0);
	event_active(ev, EV_READ, 1);
	event_active(with_priority("rest", note_name, 1), EV_READ, 1);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

TEST(priorities_of_descriptors_and_timers)
{
	struct event *low_timer;

	begin();
	event_base_priority_init(base, 3);
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, note_name, "io 2");
	event_priority_set(ev, 2);
	other = event_new(base, pair[0], EV_WRITE, note_name, "io 0");
	event_priority_set(other, 0);
	low_timer = evtimer_new(base, note_name, "timer 1");
	event_priority_set(low_timer, 1);
	event_add(ev, NULL);
	event_add(other, NULL);
	add_ms(low_timer, 0);
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

static struct event_base *
with_limits(long interval_ms, int max_callbacks, int min_priority)
{
	struct event_config *config = event_config_new();
	struct timeval tv = capi_ms(interval_ms);
	struct event_base *made;

	trace("limits %d", event_config_set_max_dispatch_interval(config,
	    interval_ms < 0 ? NULL : &tv, max_callbacks, min_priority));
	made = event_base_new_with_config(config);
	event_config_free(config);
	event_base_priority_init(made, 3);
	return made;
}

CALLBACK(make_reader_ready)
{
	note("%s", (const char *)arg);
	if (!runs++)
		feed(pair[1]);
}

CALLBACK(make_reader_ready_slowly)
{
	make_reader_ready(fd, what, arg);
	capi_sleep_ms(30);
}

/* N active callbacks, the first of which makes a more urgent reader ready. */
static void
run_with_reader(int n, event_callback_fn callback, int priority)
{
	capi_pair(pair);
	ev = event_new(base, pair[0], EV_READ, note_name, "io");
	event_priority_set(ev, 0);
	event_add(ev, NULL);
	for (int i = 0; i < n; i++)
		event_active(with_priority("x", callback, priority), EV_READ,
		    1);
	trace("%d", event_base_dispatch(base));
}

TEST(no_limit_between_polls)
{
	base = event_base_new();
	event_base_priority_init(base, 3);
	run_with_reader(5, make_reader_ready, 2);
	trace("%s", capi_log);
}

TEST(at_most_so_many_callbacks_between_polls)
{
	base = with_limits(-1, 2, 1);
	run_with_reader(5, make_reader_ready, 2);
	trace("%s", capi_log);
}

TEST(at_most_one_callback_between_polls)
{
	base = with_limits(-1, 1, 0);
	run_with_reader(3, make_reader_ready, 0);
	trace("%s", capi_log);
}

TEST(no_limit_for_more_urgent_callbacks)
{
	base = with_limits(-1, 2, 2);
	run_with_reader(5, make_reader_ready, 1);
	trace("%s", capi_log);
}

TEST(at_most_so_long_between_polls)
{
	base = with_limits(45, -1, 1);
	run_with_reader(6, make_reader_ready_slowly, 1);
	/* After how many of them depends on how long they really slept. */
	ck_assert_ptr_nonnull(strstr(capi_log, "x io x"));
}
