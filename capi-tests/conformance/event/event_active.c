/* Events made active by hand, and looking at the events of a base. */
#include "events.h"
#include <event2/event_struct.h>

TEST(active_runs_without_being_added)
{
	begin();
	ev = event_new(base, -1, 0, note_flags, "ev");
	event_active(ev, EV_READ | EV_WRITE, 1);
	trace("pending %x", pending(ev));
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev:6");
	trace("pending %x", pending(ev));
}

TEST(flags_of_several_activations_add_up)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_WRITE, note_flags, "ev");
	event_active(ev, EV_READ, 1);
	event_active(ev, EV_TIMEOUT, 7);
	event_active(ev, 0x40, 1);
	trace("pending %x", pending(ev));
	ck_assert_int_eq(event_base_dispatch(base), 1);
	trace("%s", capi_log);
}

TEST(number_of_calls_matters_to_signals_only)
{
	struct event *signal_event;

	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "io");
	other = evtimer_new(base, note_flags, "timer");
	signal_event = evsignal_new(base, SIGUSR1, note_flags, "signal");
	event_active(ev, EV_READ, 3);
	event_active(other, EV_TIMEOUT, 3);
	event_active(signal_event, EV_SIGNAL, 3);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	trace("%s", capi_log);
}

TEST(active_takes_a_one_shot_off)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "once");
	other = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags,
	    "persistent");
	event_add(ev, NULL);
	event_add(other, NULL);
	event_active(ev, EV_READ, 1);
	event_active(other, EV_READ, 1);
	trace("pending %x %x", pending(ev), pending(other));
	ck_assert_int_eq(turn(), 0);
	trace("%s", capi_log);
	trace("pending %x %x", pending(ev), pending(other));
}

TEST(deleted_while_active)
{
	begin();
	ev = event_new(base, -1, 0, note_flags, "ev");
	event_active(ev, EV_READ, 1);
	trace("del %d", event_del(ev));
	trace("pending %x", pending(ev));
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("");
}

TEST(added_while_active)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "ev");
	event_active(ev, EV_READ, 1);
	trace("add %d", event_add(ev, NULL));
	trace("pending %x", pending(ev));
	feed(pair[1]);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	trace("%s", capi_log);
}

TEST_TIMED(timer_added_while_active)
{
	begin();
	ev = evtimer_new(base, note_flags, "ev");
	event_active(ev, EV_READ, 1);
	ck_assert_int_eq(add_ms(ev, 20), 0);
	ck_assert_int_eq(pending(ev), EV_READ | EV_TIMEOUT);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev:2");
}

TEST(adding_a_timeout_to_an_event_that_timed_out)
{
	begin();
	/* event_add takes an expired event off the active queue. */
	ev = evtimer_new(base, note_flags, "ev");
	event_active(ev, EV_TIMEOUT, 1);
	trace("add %d", add_ms(ev, 20));
	trace("active %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE));
	ck_assert_int_eq(event_base_dispatch(base), 1);
	trace("%s", capi_log);
}

CALLBACK(activate_other)
{
	note("%s", (const char *)arg);
	event_active(other, EV_WRITE, 1);
	event_active(other, EV_READ, 1);
}

TEST(active_again_from_a_callback)
{
	begin();
	other = event_new(base, -1, 0, note_flags, "other");
	ev = event_new(base, -1, 0, activate_other, "first");
	event_active(ev, EV_READ, 1);
	event_active(other, EV_READ, 1);
	event_active(event_new(base, -1, 0, note_name, "last"), EV_READ, 1);
	ck_assert_int_eq(once(), 0);
	trace("%s", capi_log);
}

CALLBACK(look_who_runs)
{
	struct event *running = event_base_get_running_event(base);

	note("%s", running == ev ? "ev" : running == other ? "other" : "?");
}

TEST(running_event)
{
	begin();
	ev = event_new(base, -1, 0, look_who_runs, NULL);
	other = event_new(base, pair[0], EV_WRITE, look_who_runs, NULL);
	event_active(ev, EV_READ, 1);
	event_add(other, NULL);
	once();
	ck_notes("ev other");
	event_base_once(base, pair[0], EV_WRITE, look_who_runs, NULL, NULL);
	once();
	ck_notes("?");
}

TEST(no_event_runs_outside_of_callbacks)
{
	begin();
	ck_assert_ptr_null(event_base_get_running_event(base));
}

CALLBACK(break_after_three)
{
	note("%x", (unsigned)what);
	event_active(ev, EV_WRITE, 1);
	if (++runs == 3)
		event_base_loopbreak(base);
}

TEST(active_of_the_running_event)
{
	begin();
	ev = event_new(base, -1, 0, break_after_three, NULL);
	event_active(ev, EV_READ, 1);
	ck_assert_int_eq(once(), 0);
	ck_notes("2 4 4");
	trace("pending %x", pending(ev));
}

TEST(active_by_descriptor)
{
	begin();
	event_add(event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags,
	    "r"), NULL);
	event_add(event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_flags,
	    "w"), NULL);
	event_add(event_new(base, pair[1], EV_READ | EV_PERSIST, note_flags,
	    "unconcerned"), NULL);
	event_base_active_by_fd(base, pair[0], EV_READ);
	once();
	trace("read: %s", capi_log);
	capi_log[0] = '\0';
	event_base_active_by_fd(base, pair[0], EV_READ | EV_WRITE);
	once();
	trace("both: %s", capi_log);
	capi_log[0] = '\0';
	event_base_active_by_fd(base, 999, EV_READ);
	event_base_active_by_fd(base, -1, EV_READ);
	once();
	trace("unknown: %s", capi_log);
}

TEST(active_by_descriptor_with_timeout)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "r");
	event_add(ev, NULL);
	other = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags,
	    "with time");
	add_ms(other, 10000);
	event_base_active_by_fd(base, pair[0], EV_TIMEOUT);
	turn();
	trace("timeout: %s", capi_log);
	capi_log[0] = '\0';
	event_base_active_by_fd(base, pair[0], EV_TIMEOUT | EV_READ);
	turn();
	trace("both: %s", capi_log);
	capi_log[0] = '\0';
	event_base_active_by_fd(base, pair[0], EV_READ | EV_PERSIST | EV_ET);
	turn();
	trace("odd flags: %s", capi_log);
}

TEST(active_by_signal)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, note_flags, "one");
	other = evsignal_new(base, SIGUSR1, note_flags, "two");
	event_add(ev, NULL);
	event_add(other, NULL);
	event_add(evsignal_new(base, SIGUSR2, note_flags, "no"), NULL);
	event_base_active_by_signal(base, SIGUSR1);
	ck_assert_int_eq(turn(), 0);
	trace("%s", capi_log);
	capi_log[0] = '\0';
	event_base_active_by_signal(base, SIGTERM);
	ck_assert_int_eq(turn(), 0);
	ck_notes("");
}

/* The library's own events are its own affair. */
static int
visit(const struct event_base *its_base, const struct event *event, void *arg)
{
	ck_assert_ptr_eq(its_base, base);
	if (event_get_callback(event) != note_name)
		return 0;
	note("%s", (const char *)event_get_callback_arg(event));
	return --*(int *)arg == 0 ? 17 : 0;
}

static void
fill(void)
{
	static const struct timeval tv = {100, 0};
	const struct timeval *common;

	begin();
	/* Numbers that don't depend on what the library has opened. */
	ck_assert_int_eq(pair[0] = dup2(pair[0], 100), 100);
	ck_assert_int_eq(pair[1] = dup2(pair[1], 101), 101);
	event_add(event_new(base, pair[0], EV_READ, note_name, "r1"), NULL);
	event_add(event_new(base, pair[1], EV_WRITE, note_name, "w2"), NULL);
	event_add(event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_name,
	    "w1"), &tv);
	event_add(evsignal_new(base, SIGUSR1, note_name, "usr1"), NULL);
	event_add(evsignal_new(base, SIGHUP, note_name, "hup"), NULL);
	event_add(evtimer_new(base, note_name, "timer"), &tv);
	common = event_base_init_common_timeout(base, &tv);
	event_add(evtimer_new(base, note_name, "common"), common);
	ev = event_new(base, -1, 0, note_name, "active");
	event_active(ev, EV_READ, 1);
	other = event_new(base, pair[0], EV_READ, note_name, "both");
	event_add(other, NULL);
	event_active(other, EV_READ, 1);
	event_new(base, pair[0], EV_READ, note_name, "not added");
}

TEST(foreach_visits_every_event_once)
{
	int left = 100;

	fill();
	trace("%d", event_base_foreach_event(base, visit, &left));
	trace("%s", capi_log);
	capi_log[0] = '\0';
	left = 3;
	trace("%d", event_base_foreach_event(base, visit, &left));
	trace("%s", capi_log);
}

/* Prints a dump without the library's own events, addresses and times. */
static void
trace_dump(void)
{
	char *text = NULL, *line, *rest, *at;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	event_base_dump_events(base, memory);
	fclose(memory);
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, "Internal"))
			continue;
		if (strncmp(line, "  0x", 4) == 0)
			line += 4 + strspn(line + 4, "0123456789abcdef");
		if ((at = strstr(line, "Timeout=")) != NULL) {
			at += strlen("Timeout=");
			ck_assert_int_ge(strspn(at, "0123456789."), 12);
			memset(at, '#', strspn(at, "0123456789."));
		}
		trace("%s", line);
	}
	free(text);
}

TEST(dump)
{
	fill();
	trace_dump();
}
