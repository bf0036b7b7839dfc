/* Finalizers: what runs when an event goes, and what no longer runs. */
#include "events.h"
#include <event2/event_struct.h>

static void
finalizer(struct event *event, void *arg)
{
	ck_assert_ptr_nonnull(event);
	note("fin %s", (const char *)arg);
}

static void
freeing_finalizer(struct event *event, void *arg)
{
	note("fin %s", (const char *)arg);
	event_free(event);
}

TEST(finalize_of_a_pending_event)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
	trace("finalize %d", event_finalize(0, ev, finalizer));
	trace("pending %x", pending(ev));
	ck_notes("");
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
	trace("%s", capi_log);
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
	event_free(ev);
}

TEST(finalize_of_an_active_event)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_active(ev, EV_READ, 1);
	trace("finalize %d", event_finalize(0, ev, finalizer));
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
	trace("%s", capi_log);
}

TEST(finalize_of_an_idle_event)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	trace("finalize %d", event_finalize(0, ev, finalizer));
	trace("active %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE));
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
	trace("%s", capi_log);
}

TEST(free_finalize)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_name, "ev");
	event_add(ev, NULL);
	trace("finalize %d", event_free_finalize(0, ev, finalizer));
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
	trace("%s", capi_log);
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE));
}

TEST(a_finalizer_frees_its_event)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_name, "ev");
	event_add(ev, NULL);
	event_finalize(0, ev, freeing_finalizer);
	event_base_loop(base, EVLOOP_ONCE);
	ck_notes("fin ev");
}

TEST(a_finalizing_event_can_not_be_added)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE, note_name, "ev");
	event_finalize(0, ev, finalizer);
	trace("add %d", event_add(ev, NULL));
	trace("del %d", event_del(ev));
	event_active(ev, EV_READ, 1);
	trace("pending %x", pending(ev));
	event_base_loop(base, EVLOOP_ONCE);
	trace("%s", capi_log);
}

TEST(twice)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE, note_name, "ev");
	trace("%d", event_finalize(0, ev, finalizer));
	trace("%d", event_finalize(0, ev, finalizer));
	event_base_loop(base, EVLOOP_ONCE);
	trace("%s", capi_log);
}

CALLBACK(finalize_itself)
{
	note("in");
	ck_assert_int_eq(event_free_finalize(0, ev, finalizer), 0);
	note("out");
}

TEST(from_its_own_callback)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE | EV_PERSIST, finalize_itself,
	    "ev");
	event_add(ev, NULL);
	event_base_loop(base, EVLOOP_ONCE);
	ck_notes("in out fin ev");
}

TEST(order_with_other_active_events)
{
	begin();
	event_base_priority_init(base, 2);
	ev = event_new(base, -1, 0, note_name, "ev");
	event_priority_set(ev, 1);
	event_active(event_new(base, -1, 0, note_name, "a"), EV_READ, 1);
	event_finalize(0, ev, finalizer);
	event_active(event_new(base, -1, 0, note_name, "b"), EV_READ, 1);
	other = event_new(base, -1, 0, note_name, "urgent");
	event_priority_set(other, 0);
	event_active(other, EV_READ, 1);
	event_base_dispatch(base);
	trace("%s", capi_log);
}

/* EV_FINALIZE promises that event_del needn't wait; alone it changes nothing. */
TEST(finalize_flag)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_FINALIZE, note_flags, "ev");
	trace("events %x", (unsigned)event_get_events(ev));
	event_add(ev, NULL);
	trace("pending %x", pending(ev));
	event_base_loop(base, EVLOOP_ONCE);
	trace("%s", capi_log);
}

TEST(base_free_runs_what_is_left)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
	event_finalize(0, ev, finalizer);
	event_base_free(base);
	trace("%s", capi_log);
}

TEST(base_free_nofinalize_does_not)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
	event_finalize(0, ev, finalizer);
	event_base_free_nofinalize(base);
	trace("%s", capi_log);
}

static void
adding_finalizer(struct event *event, void *arg)
{
	(void)event;
	note("fin %s", (const char *)arg);
	if (other) {
		struct event *next = other;

		other = NULL;
		event_finalize(0, next, adding_finalizer);
	}
}

TEST(a_finalizer_finalizes_another)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "one");
	other = event_new(base, pair[0], EV_READ, note_name, "two");
	event_finalize(0, ev, adding_finalizer);
	event_base_free(base);
	trace("%s", capi_log);
}

TEST(a_signal_event)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, note_name, "signal");
	event_add(ev, NULL);
	event_active(ev, EV_SIGNAL, 3);
	event_free_finalize(0, ev, finalizer);
	event_base_loop(base, EVLOOP_ONCE);
	trace("%s", capi_log);
}
