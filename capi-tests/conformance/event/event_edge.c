/* Edge triggering: when an edge is seen, and when it is seen again. */
#include "events.h"

static void
trace_turns(int n)
{
	for (int i = 0; i < n; i++) {
		int result = event_base_loop(
		    base, EVLOOP_ONCE | EVLOOP_NONBLOCK);

		trace("%d %s", result, capi_log);
		capi_log[0] = '\0';
	}
}

/* Something else is ready in every turn. */
static void
add_busy_neighbour(void)
{
	evutil_socket_t busy[2];

	capi_pair(busy);
	event_add(event_new(base, busy[0], EV_WRITE | EV_PERSIST, count,
	    &runs), NULL);
}

TEST(an_edge_is_seen_once)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "et");
	event_add(ev, NULL);
	feed(pair[1]);
	trace_turns(3);
	feed(pair[1]);
	feed(pair[1]);
	trace_turns(3);
}

/*
 * Two events that disagree: which of them decides changes as they come and go.
 * Only epoll has edges, and only what the kernel is told makes a difference.
 */
static void
trace_mixture(short first, short second)
{
	evutil_socket_t fds[2];

	trace("%x and %x", first, second);
	capi_pair(fds);
	ev = event_new(base, fds[0], first | EV_PERSIST, note_flags, "a");
	other = event_new(base, fds[0], second | EV_PERSIST, note_flags, "b");
	feed(fds[1]);
	event_add(ev, NULL);
	trace_turns(2);
	event_add(other, NULL);
	trace_turns(2);
	feed(fds[1]);
	trace_turns(2);
	event_del(other);
	trace_turns(2);
	event_add(other, NULL);
	trace_turns(2);
	event_del(ev);
	trace_turns(2);
	event_free(ev);
	event_free(other);
}

TEST(whoever_changes_what_is_wanted_decides_on_edges)
{
	static const short kinds[] = {
	    EV_READ, EV_WRITE, EV_READ | EV_WRITE, EV_CLOSED};

	begin();
	for (int i = 0; i < 16; i++) {
		if ((kinds[i / 4] | kinds[i % 4]) & EV_CLOSED &&
		    !(event_base_get_features(base) & EV_FEATURE_EARLY_CLOSE))
			continue;
		trace_mixture(kinds[i / 4], kinds[i % 4] | EV_ET);
		trace_mixture(kinds[i / 4] | EV_ET, kinds[i % 4]);
	}
}

TEST(what_was_there_before_the_add_is_an_edge)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "et");
	event_add(ev, NULL);
	trace_turns(2);
}

TEST(adding_again_is_an_edge)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "et");
	event_add(ev, NULL);
	feed(pair[1]);
	trace_turns(2);
	event_del(ev);
	event_add(ev, NULL);
	trace_turns(2);
	event_del(ev);
	trace_turns(1);
	event_add(ev, NULL);
	trace_turns(2);
	/* Adding what is added is none. */
	event_add(ev, NULL);
	trace_turns(1);
}

CALLBACK(add_itself_again)
{
	note("%s:%x", (const char *)arg, (unsigned)what);
	event_add(ev, NULL);
}

TEST(one_shot_that_adds_itself_again)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET, add_itself_again, "et");
	event_add(ev, NULL);
	trace_turns(4);
}

TEST(one_shot_that_adds_itself_again_beside_others)
{
	begin();
	add_busy_neighbour();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET, add_itself_again, "et");
	event_add(ev, NULL);
	trace_turns(4);
}

CALLBACK(delete_and_add_itself)
{
	note("%s:%x", (const char *)arg, (unsigned)what);
	event_del(ev);
	event_add(ev, NULL);
}

TEST(persistent_that_deletes_and_adds_itself)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST,
	    delete_and_add_itself, "et");
	event_add(ev, NULL);
	trace_turns(4);
}

TEST(persistent_that_deletes_and_adds_itself_beside_others)
{
	begin();
	add_busy_neighbour();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST,
	    delete_and_add_itself, "et");
	event_add(ev, NULL);
	trace_turns(4);
}

TEST(the_writable_side)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE | EV_ET | EV_PERSIST, note_flags,
	    "et");
	event_add(ev, NULL);
	trace_turns(2);
	/* Any news of the descriptor reports all that is so. */
	feed(pair[1]);
	trace_turns(2);
}

TEST(both_sides)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
	    note_flags, "et");
	event_add(ev, NULL);
	trace_turns(2);
	feed(pair[1]);
	trace_turns(2);
	close(pair[1]);
	trace_turns(2);
}

TEST(a_second_event_of_the_same_descriptor)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "r");
	event_add(ev, NULL);
	trace_turns(2);
	other = event_new(base, pair[0], EV_WRITE | EV_ET | EV_PERSIST,
	    note_flags, "w");
	event_add(other, NULL);
	trace_turns(2);
	event_del(ev);
	trace_turns(2);
	event_add(ev, NULL);
	trace_turns(2);
}

TEST(a_timeout_beside_the_edge)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST, note_flags,
	    "et");
	add_ms(ev, CAPI_PATIENCE_MS);
	feed(pair[1]);
	trace_turns(1);
	add_ms(ev, 20);
	capi_sleep_ms(40);
	trace_turns(1);
	event_remove_timer(ev);
	feed(pair[1]);
	trace_turns(2);
}

CALLBACK(feed_late)
{
	capi_sleep_ms(30);
	feed(pair[1]);
}

CALLBACK(note_flags_of_21)
{
	note("%s:%x", (const char *)arg, told_by_21(what));
}

/* When the once callback returns, the descriptor is ready and the time is over. */
static void
trace_edge_and_timeout(short events)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | events, note_flags_of_21, "e");
	add_ms(ev, 20);
	event_base_once(base, -1, EV_TIMEOUT, feed_late, NULL, NULL);
	trace_turns(2);
	event_remove_timer(ev);
	trace_turns(2);
	event_free(ev);
	event_base_free(base);
}

TEST(what_is_unread_is_told_again_after_a_timeout)
{
	trace_edge_and_timeout(EV_ET | EV_PERSIST);
	trace_edge_and_timeout(EV_PERSIST);
	trace_edge_and_timeout(EV_ET);
	trace_edge_and_timeout(0);
}

/* Each timeout is as if the event were added anew. */
TEST(every_timeout_renews_the_edge)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST,
	    note_flags_of_21, "e");
	event_add(ev, NULL);
	trace_turns(2);
	for (int i = 0; i < 3; i++) {
		add_ms(ev, 1);
		capi_sleep_ms(20);
		trace_turns(1);
		event_remove_timer(ev);
		trace_turns(2);
	}
}
