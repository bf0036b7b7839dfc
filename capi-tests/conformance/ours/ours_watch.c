/* Prepare and check watchers, which libevent 2.1 lacks. */
#include "events.h"
#include <event2/watch.h>

static void
note_prepare(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	ck_assert_ptr_nonnull(info);
	ck_assert_ptr_eq(evwatch_base(watcher), base);
	note("%s", (const char *)arg);
}

static void
note_check(struct evwatch *watcher, const struct evwatch_check_cb_info *info,
    void *arg)
{
	ck_assert_ptr_nonnull(info);
	ck_assert_ptr_eq(evwatch_base(watcher), base);
	note("%s", (const char *)arg);
}

TEST(around_the_wait_in_the_order_of_making)
{
	begin();
	evwatch_prepare_new(base, note_prepare, "p1");
	evwatch_check_new(base, note_check, "c1");
	evwatch_prepare_new(base, note_prepare, "p2");
	evwatch_check_new(base, note_check, "c2");
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, consume, "io");
	event_add(ev, NULL);
	ck_assert_int_eq(once(), 0);
	ck_notes("p1 p2 c1 c2 io:2");
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("p1 p2 c1 c2 timer");
}

TEST(watchers_do_not_keep_the_loop_going)
{
	begin();
	evwatch_prepare_new(base, note_prepare, "p");
	evwatch_check_new(base, note_check, "c");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("");
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
}

static void
note_timeout(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	struct timeval tv = {-1, -1};
	int known = evwatch_prepare_get_timeout(info, &tv);
	long ms = tv.tv_sec * 1000 + tv.tv_usec / 1000;

	(void)watcher;
	(void)arg;
	if (!known)
		note("forever");
	else if (ms == 0)
		note("none");
	else
		note("%d", ms > CAPI_PATIENCE_MS && ms <= 2 * CAPI_PATIENCE_MS);
}

TEST(prepare_knows_how_long_the_wait_may_take)
{
	begin();
	evwatch_prepare_new(base, note_timeout, NULL);
	ev = event_new(base, pair[0], EV_READ, note_name, "io");
	event_add(ev, NULL);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("forever io");
	timer(2 * CAPI_PATIENCE_MS, "late");
	event_add(ev, NULL);
	ck_assert_int_eq(once(), 0);
	ck_notes("1 io");
	event_active(ev, EV_READ, 1);
	ck_assert_int_eq(once(), 0);
	ck_notes("none io");
	ck_assert_int_eq(turn(), 0);
	ck_notes("none");
}

static void
free_itself(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)info;
	note("%s", (const char *)arg);
	evwatch_free(watcher);
}

TEST(freed_by_its_own_callback)
{
	begin();
	evwatch_prepare_new(base, note_prepare, "before");
	evwatch_prepare_new(base, free_itself, "once");
	evwatch_prepare_new(base, note_prepare, "after");
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("before once after timer");
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("before after timer");
}

static struct evwatch *victim;

static void
free_other(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)watcher;
	(void)info;
	note("%s", (const char *)arg);
	if (victim)
		evwatch_free(victim);
	victim = NULL;
}

TEST(freed_by_its_neighbour)
{
	begin();
	evwatch_prepare_new(base, free_other, "killer");
	victim = evwatch_prepare_new(base, note_prepare, "victim");
	evwatch_prepare_new(base, note_prepare, "after");
	timer(0, "timer");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("killer after timer");
}

TEST(freed_together_with_those_before_it)
{
	begin();
	victim = evwatch_prepare_new(base, note_prepare, "victim");
	evwatch_prepare_new(base, free_other, "killer");
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("victim killer timer");
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("killer timer");
}

static void
add_zero_timer(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)watcher;
	(void)info;
	(void)arg;
	if (!runs++)
		timer(0, "from prepare");
}

TEST(events_can_be_added_and_activated_before_the_wait)
{
	begin();
	evwatch_prepare_new(base, add_zero_timer, NULL);
	timer(60, "timer");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("from prepare timer");
}

static void
activate_from_check(struct evwatch *watcher,
    const struct evwatch_check_cb_info *info, void *arg)
{
	(void)watcher;
	(void)info;
	event_active(arg, EV_READ, 1);
}

static void
add_short_timer(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)watcher;
	(void)info;
	(void)arg;
	if (!runs++)
		timer(20, "from prepare");
}

TEST(a_timer_added_before_the_wait_shortens_it)
{
	begin();
	evwatch_prepare_new(base, add_short_timer, NULL);
	timer(CAPI_PATIENCE_MS, "late");
	ck_assert_int_eq(once(), 0);
	ck_notes("from prepare");
}

static void
activate_from_prepare(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)watcher;
	(void)info;
	event_active(arg, EV_READ, 1);
}

TEST(an_event_activated_before_the_wait_ends_it)
{
	begin();
	ev = event_new(base, -1, 0, note_name, "active");
	evwatch_prepare_new(base, activate_from_prepare, ev);
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	ck_assert_int_eq(once(), 0);
	ck_notes("active");
}

static void
end_from_prepare(struct evwatch *watcher,
    const struct evwatch_prepare_cb_info *info, void *arg)
{
	(void)info;
	((int (*)(struct event_base *))arg)(evwatch_base(watcher));
}

static int
exit_now(struct event_base *ending)
{
	return event_base_loopexit(ending, NULL);
}

TEST(a_loop_that_is_told_to_end_before_the_wait_does_not_wait)
{
	struct evwatch *watcher;

	begin();
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	watcher = evwatch_prepare_new(
	    base, end_from_prepare, (void *)event_base_loopbreak);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	ck_assert_int_eq(event_base_got_break(base), 1);
	evwatch_free(watcher);
	evwatch_prepare_new(base, end_from_prepare, (void *)exit_now);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	ck_assert_int_eq(event_base_got_exit(base), 1);
	ck_notes("");
}

TEST(events_can_be_activated_after_the_wait)
{
	begin();
	ev = event_new(base, -1, 0, note_name, "active");
	evwatch_check_new(base, activate_from_check, ev);
	timer(0, "timer");
	ck_assert_int_eq(once(), 0);
	ck_notes("active timer");
}

static void
break_loop(struct evwatch *watcher, const struct evwatch_check_cb_info *info,
    void *arg)
{
	(void)info;
	(void)arg;
	note("check");
	event_base_loopbreak(evwatch_base(watcher));
}

TEST(break_after_the_wait)
{
	begin();
	evwatch_check_new(base, break_loop, NULL);
	timer(5000, "late");
	feed(pair[1]);
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	ck_assert_int_eq(event_base_got_break(base), 1);
}

TEST(freed_with_their_base)
{
	begin();
	for (int i = 0; i < 10; i++) {
		evwatch_prepare_new(base, note_prepare, "p");
		evwatch_check_new(base, note_check, "c");
	}
	event_base_free(base);
	ck_notes("");
}
