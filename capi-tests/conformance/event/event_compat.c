/* The 1.4 interface: a current base, and event_set. */
#include "events.h"
#include <event2/event_compat.h>
#include <event2/event_struct.h>

static void
quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

TEST(event_init_makes_the_current_base)
{
	base = event_init();
	ck_assert_ptr_nonnull(base);
	trace("%d", event_dispatch());
	ck_assert_str_eq(event_get_method(), event_base_get_method(base));
}

TEST(event_set_takes_the_current_base)
{
	struct event event;
	struct timeval tv = capi_ms(10);

	base = event_init();
	event_set(&event, -1, EV_PERSIST, note_flags, "ev");
	ck_assert_ptr_eq(event_get_base(&event), base);
	ck_assert_ptr_eq(event.ev_base, base);
	evtimer_set(&event, note_flags, "timer");
	ck_assert_int_eq(evtimer_add(&event, &tv), 0);
	ck_assert_int_eq(event_dispatch(), 1);
	ck_notes("timer:1");
	timeout_set(&event, note_flags, "timeout");
	ck_assert_int_eq(timeout_add(&event, &tv), 0);
	ck_assert_int_eq(timeout_pending(&event, NULL), EV_TIMEOUT);
	ck_assert_int_eq(timeout_initialized(&event), 1);
	ck_assert_int_eq(timeout_del(&event), 0);
	ck_assert_int_eq(event_dispatch(), 1);
	ck_notes("");
}

TEST(event_set_without_a_base)
{
	struct event event;

	event_set(&event, -1, 0, note_flags, "ev");
	ck_assert_ptr_null(event_get_base(&event));
	ck_assert_int_eq(event_initialized(&event), 1);
	event_set_log_callback(quiet);
	trace("add %d", event_add(&event, NULL));
	trace("del %d", event_del(&event));
	trace("pending %d", event_pending(&event, EV_READ, NULL));
	base = event_base_new();
	trace("set base %d", event_base_set(base, &event));
	trace("add %d", add_ms(&event, 0));
	trace("%d", event_base_dispatch(base));
	ck_notes("ev:1");
}

TEST(several_bases_by_event_init)
{
	struct event one, two;
	struct event_base *first = event_init(), *second;

	evtimer_set(&one, note_name, "one");
	second = event_init();
	ck_assert_ptr_ne(first, second);
	evtimer_set(&two, note_name, "two");
	add_ms(&one, 0);
	add_ms(&two, 0);
	ck_assert_int_eq(event_dispatch(), 1);
	ck_notes("two");
	ck_assert_int_eq(event_base_dispatch(first), 1);
	ck_notes("one");
	event_base_free(second);
	event_base_free(first);
}

TEST(freeing_the_current_base)
{
	event_init();
	event_base_free(NULL);
	base = event_init();
	ck_assert_ptr_nonnull(base);
	event_base_free(base);
}

TEST(event_base_new_is_not_current)
{
	struct event event;
	struct event_base *current = event_init();

	base = event_base_new();
	event_set(&event, -1, 0, note_name, "ev");
	ck_assert_ptr_eq(event_get_base(&event), current);
}

TEST(assign_without_base_takes_the_current_one)
{
	struct event event;

	base = event_init();
	ck_assert_int_eq(
	    event_assign(&event, NULL, -1, 0, note_name, "ev"), 0);
	ck_assert_ptr_eq(event_get_base(&event), base);
	ev = event_new(NULL, -1, 0, note_name, "ev");
	ck_assert_ptr_eq(event_get_base(ev), base);
}

TEST(signals_of_the_current_base)
{
	struct event event;

	event_init();
	signal_set(&event, SIGUSR1, note_flags, "signal");
	ck_assert_int_eq(signal_add(&event, NULL), 0);
	ck_assert_int_eq(signal_pending(&event, NULL), EV_SIGNAL);
	raise(SIGUSR1);
	ck_assert_int_eq(event_loop(EVLOOP_ONCE), 0);
	ck_notes("signal:8");
	ck_assert_int_eq(signal_initialized(&event), 1);
	ck_assert_int_eq(signal_del(&event), 0);
	ck_assert_int_eq(event_loop(EVLOOP_NONBLOCK), 1);
}

CALLBACK(break_loop)
{
	note("%s", (const char *)arg);
	ck_assert_int_eq(event_loopbreak(), 0);
}

TEST(ends_of_the_loop)
{
	struct timeval tv = capi_ms(30), zero = capi_ms(0);
	struct event event;
	long long start = capi_now_ms();

	event_init();
	ck_assert_int_eq(event_loopexit(&tv), 0);
	ck_assert_int_eq(event_dispatch(), 0);
	ck_assert_int_ge(capi_now_ms() - start, 20);
	evtimer_set(&event, break_loop, "ev");
	evtimer_add(&event, &zero);
	ck_assert_int_eq(event_once(-1, EV_TIMEOUT, note_name, "once", &tv), 0);
	ck_assert_int_eq(event_dispatch(), 0);
	ck_notes("ev");
	ck_assert_int_eq(event_dispatch(), 1);
	ck_notes("once");
}

TEST(priorities_of_the_current_base)
{
	struct event a, b;

	event_init();
	trace("%d", event_priority_init(4));
	event_set(&a, -1, 0, note_name, "a");
	event_set(&b, -1, 0, note_name, "b");
	trace("middle %d", event_get_priority(&a));
	trace("%d %d", event_priority_set(&a, 3), event_priority_set(&b, 0));
	event_active(&a, EV_READ, 1);
	event_active(&b, EV_READ, 1);
	trace("%d", event_dispatch());
	trace("%s", capi_log);
}

TEST(current_base_after_reinit_and_shutdown)
{
	base = event_init();
	ck_assert_int_eq(event_reinit(base), 0);
	ck_assert_int_eq(event_loop(EVLOOP_NONBLOCK), 1);
	event_base_free(base);
	libevent_global_shutdown();
}

/* Other bits of the flags are the library's own. */
static unsigned
flags_of(const struct event *event)
{
	return event->ev_evcallback.evcb_flags & EVLIST_ALL;
}

/* Programs keep events within their own structures and read their fields. */
TEST(fields_of_an_event)
{
	struct {
		int before;
		struct event event;
		int after;
	} mine = {.before = 17, .after = 18};

	begin();
	event_assign(&mine.event, base, pair[0], EV_READ | EV_PERSIST,
	    note_flags, &mine);
	ck_assert_int_eq(mine.event.ev_fd, pair[0]);
	ck_assert_int_eq(mine.event.ev_events, EV_READ | EV_PERSIST);
	ck_assert_ptr_eq(mine.event.ev_base, base);
	ck_assert_ptr_eq(mine.event.ev_evcallback.evcb_arg, &mine);
	ck_assert(event_get_callback(&mine.event) == note_flags);
	trace("assigned %x", flags_of(&mine.event));
	add_ms(&mine.event, 1000);
	trace("added %x", flags_of(&mine.event));
	event_active(&mine.event, EV_READ, 1);
	trace("active %x res %x pri %d", flags_of(&mine.event),
	    (unsigned)mine.event.ev_res, mine.event.ev_evcallback.evcb_pri);
	event_del(&mine.event);
	trace("deleted %x", flags_of(&mine.event));
	ck_assert_int_eq(mine.before, 17);
	ck_assert_int_eq(mine.after, 18);
}
