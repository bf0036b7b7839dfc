/* Events on descriptors: readiness, order, edge triggering, early close. */
#include "events.h"
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

TEST(read_event_fires_once)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "r");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	ck_assert_int_eq(pending(ev), EV_READ);
	ck_assert_int_eq(turn(), 0);
	ck_notes("");
	feed(pair[1]);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("r:2");
	ck_assert_int_eq(pending(ev), 0);
}

TEST(write_event_fires_at_once)
{
	begin();
	ev = event_new(base, pair[0], EV_WRITE, note_flags, "w");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("w:4");
}

TEST(persistent_event_is_level_triggered)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "r");
	event_add(ev, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(once(), 0);
	ck_notes("r:2 r:2 r:2");
	ck_assert_int_eq(pending(ev), EV_READ);
	event_del(ev);
	ck_assert_int_eq(turn(), 1);
	/* A second pair of eyes on the same byte. */
	event_add(ev, NULL);
	ck_assert_int_eq(once(), 0);
	ck_notes("r:2");
}

TEST(both_directions_arrive_as_one_call)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_WRITE, note_flags, "rw");
	event_add(ev, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("rw:6");
}

TEST(one_direction_ready_ends_the_one_shot_of_both)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_WRITE, note_flags, "rw");
	event_add(ev, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("rw:4");
	ck_assert_int_eq(pending(ev), 0);
}

TEST(order_of_events_of_one_descriptor)
{
	static const char *names[] = {"a", "b", "c", "d"};
	struct event *events[4];

	begin();
	feed(pair[1]);
	for (int i = 0; i < 4; i++) {
		events[i] = event_new(base, pair[0], EV_READ | EV_PERSIST,
		    note_flags, (void *)names[i]);
		event_add(events[i], NULL);
	}
	once();
	trace("added in order: %s", capi_log);
	capi_log[0] = 0;
	event_del(events[1]);
	once();
	trace("without b: %s", capi_log);
	capi_log[0] = 0;
	event_add(events[1], NULL);
	once();
	trace("b again: %s", capi_log);
	capi_log[0] = 0;
	/* Adding what is added doesn't move it. */
	event_add(events[0], NULL);
	once();
	trace("a added twice: %s", capi_log);
}

TEST(order_of_reader_and_writer)
{
	begin();
	feed(pair[1]);
	event_add(event_new(base, pair[0], EV_READ, note_flags, "r"), NULL);
	event_add(event_new(base, pair[0], EV_WRITE, note_flags, "w"), NULL);
	event_base_dispatch(base);
	trace("reader first: %s", capi_log);
	capi_log[0] = 0;
	event_add(event_new(base, pair[0], EV_WRITE, note_flags, "w"), NULL);
	event_add(event_new(base, pair[0], EV_READ, note_flags, "r"), NULL);
	event_base_dispatch(base);
	trace("writer first: %s", capi_log);
}

TEST(order_of_mixed_interests_of_one_descriptor)
{
	begin();
	feed(pair[1]);
	event_add(event_new(base, pair[0], EV_READ, note_flags, "r1"), NULL);
	event_add(event_new(base, pair[0], EV_READ | EV_WRITE, note_flags,
	    "rw"), NULL);
	event_add(event_new(base, pair[0], EV_WRITE, note_flags, "w1"), NULL);
	event_add(event_new(base, pair[0], EV_READ, note_flags, "r2"), NULL);
	event_base_dispatch(base);
	trace("%s", capi_log);
}

TEST(order_of_descriptors_is_that_of_readiness)
{
	static const char *names[] = {"0", "1", "2", "3", "4"};
	static const int order[] = {3, 0, 4, 2, 1};
	int fds[5][2];

	begin();
	/* The others start at a random descriptor. */
	if (!capi_is_backend(base, "epoll"))
		return;
	for (int i = 0; i < 5; i++) {
		capi_pair(fds[i]);
		event_add(event_new(base, fds[i][0], EV_READ, note_name,
		    (void *)names[i]), NULL);
	}
	for (int i = 0; i < 5; i++)
		feed(fds[order[i]][1]);
	event_base_dispatch(base);
	trace("ready in order 3 0 4 2 1: %s", capi_log);
}

TEST(order_of_timers_and_descriptors_in_a_turn)
{
	begin();
	feed(pair[1]);
	timer(0, "timer");
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	ev = event_new(base, -1, 0, note_name, "active");
	event_active(ev, EV_TIMEOUT, 1);
	once();
	trace("%s", capi_log);
}

CALLBACK(delete_other)
{
	note("%s", (const char *)arg);
	event_del(*(const char *)arg == 'a' ? other : ev);
}

TEST(deleted_by_another_event_of_the_same_descriptor)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, delete_other, "a");
	other = event_new(base, pair[0], EV_READ, delete_other, "b");
	event_add(ev, NULL);
	event_add(other, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	trace("%s", capi_log);
}

CALLBACK(add_again)
{
	note("%x", (unsigned)pending(ev));
	if (++runs < 4)
		ck_assert_int_eq(event_add(ev, NULL), 0);
}

TEST(one_shot_that_adds_itself_again)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, add_again, NULL);
	event_add(ev, NULL);
	for (int i = 1; i <= 4; i++) {
		ck_assert_int_eq(once(), 0);
		ck_assert_int_eq(runs, i);
	}
	ck_notes("0 0 0 0");
	ck_assert_int_eq(once(), 1);
}

CALLBACK(delete_and_add_itself)
{
	note("%x", (unsigned)what);
	event_del(ev);
	ck_assert_int_eq(pending(ev), 0);
	event_add(ev, NULL);
	runs++;
}

TEST(persistent_event_that_deletes_and_adds_itself)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST,
	    delete_and_add_itself, NULL);
	event_add(ev, NULL);
	once();
	once();
	ck_notes("2 2");
	ck_assert_int_eq(pending(ev), EV_READ);
}

CALLBACK(free_itself)
{
	note("freed");
	event_free(ev);
}

TEST(freed_by_its_own_callback)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, free_itself, NULL);
	event_add(ev, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("freed");
}

/* From one interest to another and back within one turn. */
TEST(interest_that_changes_often_before_the_wait)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "r");
	other = event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_flags,
	    "w");
	event_add(ev, NULL);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(event_add(other, NULL), 0);
		ck_assert_int_eq(event_del(other), 0);
	}
	ck_assert_int_eq(turn(), 0);
	ck_notes("");
	event_del(ev);
	event_add(other, NULL);
	event_add(ev, NULL);
	feed(pair[1]);
	event_del(other);
	ck_assert_int_eq(once(), 0);
	ck_notes("r:2");
	event_del(ev);
	event_add(other, NULL);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("w:4");
	event_del(other);
	ck_assert_int_eq(once(), 1);
}

TEST(edge_triggered_event)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET | EV_PERSIST,
	    note_flags, "et");
	trace("feature %d",
	    (event_base_get_features(base) & EV_FEATURE_ET) != 0);
	trace("add %d", event_add(ev, NULL));
	trace("events %x", (unsigned)event_get_events(ev));
	trace("pending %x", (unsigned)pending(ev));
	feed(pair[1]);
	once();
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	trace("one byte: %s", capi_log);
	capi_log[0] = 0;
	feed(pair[1]);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	trace("another: %s", capi_log);
}

TEST(edge_and_level_triggering_do_not_mix)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_ET, note_flags, "et");
	other = event_new(base, pair[0], EV_READ, note_flags, "lt");
	trace("et %d", event_add(ev, NULL));
	trace("lt %d", event_add(other, NULL));
	trace("pending %x %x", pending(ev), pending(other));
	event_del(ev);
	trace("lt %d", event_add(other, NULL));
	trace("et %d", event_add(ev, NULL));
}

TEST(early_close)
{
	begin();
	trace("feature %d",
	    (event_base_get_features(base) & EV_FEATURE_EARLY_CLOSE) != 0);
	ev = event_new(base, pair[0], EV_CLOSED, note_flags, "closed");
	trace("add %d", event_add(ev, NULL));
	trace("pending %x", (unsigned)pending(ev));
	feed(pair[1]);
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK));
	trace("data: %s", capi_log);
	shutdown(pair[1], SHUT_WR);
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK));
	trace("end: %s", capi_log);
	close(pair[1]);
	trace("loop %d", event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK));
	trace("closed: %s", capi_log);
}

TEST(early_close_beside_reading_and_writing)
{
	begin();
	ev = event_new(base, pair[0], EV_CLOSED | EV_READ | EV_PERSIST,
	    note_flags, "cr");
	other = event_new(base, pair[0], EV_WRITE | EV_CLOSED, note_flags,
	    "cw");
	event_add(ev, NULL);
	close(pair[1]);
	trace("loop %d", once());
	trace("%s", capi_log);
	capi_log[0] = 0;
	event_add(other, NULL);
	trace("loop %d", once());
	trace("%s", capi_log);
}

TEST(hang_up_reaches_every_direction)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "r");
	event_add(ev, NULL);
	shutdown(pair[1], SHUT_WR);
	trace("loop %d", once());
	trace("end of file: %s", capi_log);
	capi_log[0] = 0;
	event_add(ev, NULL);
	other = event_new(base, pair[0], EV_WRITE, note_flags, "w");
	event_add(other, NULL);
	close(pair[1]);
	trace("loop %d", once());
	trace("closed: %s", capi_log);
}

TEST(write_end_of_a_pipe_without_reader)
{
	int ends[2];

	base = event_base_new();
	ck_assert_int_eq(pipe(ends), 0);
	ev = event_new(base, ends[1], EV_WRITE, note_flags, "w");
	other = event_new(base, ends[1], EV_READ, note_flags, "r");
	event_add(other, NULL);
	close(ends[0]);
	trace("loop %d", once());
	trace("reading: %s", capi_log);
	capi_log[0] = 0;
	event_add(ev, NULL);
	trace("loop %d", once());
	trace("writing: %s", capi_log);
}

static int many_ran[40000];

CALLBACK(note_descriptor)
{
	many_ran[fd]++;
	runs++;
}

TEST(thousands_of_descriptors)
{
	struct rlimit limit;
	static struct event events[20000];
	eventfd_t one = 1;
	int n, expected = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	base = event_base_new();
	n = limit.rlim_max > 20100 ? 20000 : (int)limit.rlim_max - 100;
	for (int i = 0; i < n; i++) {
		int fd = eventfd(0, EFD_NONBLOCK);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_lt(fd, 40000);
		event_assign(&events[i], base, fd, EV_READ | EV_PERSIST,
		    note_descriptor, NULL);
		ck_assert_int_eq(event_add(&events[i], NULL), 0);
	}
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), n);
	ck_assert_int_eq(
	    event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
	ck_assert_int_eq(runs, 0);
	for (int i = 0; i < n; i += 97, expected++)
		ck_assert_int_eq(write(events[i].ev_fd, &one, 8), 8);
	ck_assert_int_eq(once(), 0);
	/* epoll hands out 32 at a time at first. */
	while (runs < expected)
		ck_assert_int_eq(once(), 0);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(many_ran[events[i].ev_fd] > 0, i % 97 == 0);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(event_del(&events[i]), 0);
	ck_assert_int_eq(once(), 1);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
}

TEST(more_ready_descriptors_than_the_wait_takes_at_first)
{
	enum { N = 300 };
	int fds[N];

	base = event_base_new();
	for (int i = 0; i < N; i++) {
		fds[i] = eventfd(1, EFD_NONBLOCK);
		event_add(event_new(base, fds[i], EV_READ, note_descriptor,
		    NULL), NULL);
	}
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, N);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(many_ran[fds[i]], 1);
}

TEST(two_bases_watch_one_descriptor)
{
	struct event_base *second;

	begin();
	second = event_base_new();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, note_name, "first");
	other = event_new(second, pair[0], EV_READ, note_name, "second");
	event_add(ev, NULL);
	event_add(other, NULL);
	ck_assert_int_eq(event_base_dispatch(second), 1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("second first");
}
