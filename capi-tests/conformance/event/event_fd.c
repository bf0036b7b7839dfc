/* Descriptors that misbehave: bad, closed, opened again. */
#include "descriptors.h"
#include <event2/event_struct.h>
#include <sys/epoll.h>

/* A descriptor number that is free, far from those in use. */
static int
spare(void)
{
	ck_assert_int_eq(fcntl(300, F_GETFD), -1);
	return 300;
}

static void
trace_add(const char *label, int fd, short events, const struct timeval *tv)
{
	struct event *event = event_new(base, fd, events, note_flags, "ev");
	int result, error;

	errno = 0;
	result = event_add(event, tv);
	error = result ? errno : 0;
	trace("%s: add %d, errno %d, pending %x", label, result, error,
	    (unsigned)pending(event));
	trace("%s: del %d", label, event_del(event));
	event_free(event);
}

TEST(adding_bad_descriptors)
{
	struct timeval tv = {10, 0};

	begin_quietly();
	trace_add("closed", spare(), EV_READ, NULL);
	trace_add("closed, persistent writer", spare(), EV_WRITE | EV_PERSIST,
	    NULL);
	trace_add("closed, with timeout", spare(), EV_READ, &tv);
	trace_add("closed, early close", spare(), EV_CLOSED, NULL);
	trace_add("-1", -1, EV_READ, NULL);
	trace_add("-1 with timeout", -1, EV_READ | EV_WRITE, &tv);
	trace_add("-2", -2, EV_READ, NULL);
	trace("events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	trace("loop %d", short_turn());
}

TEST(a_failed_add_does_not_spoil_the_descriptor)
{
	int fd;

	begin_quietly();
	if (!capi_is_backend(base, "epoll"))
		return;
	fd = spare();
	ev = event_new(base, fd, EV_READ, consume, "ev");
	ck_assert_int_eq(event_add(ev, NULL), -1);
	ck_assert_int_eq(dup2(pair[0], fd), fd);
	ck_assert_int_eq(event_add(ev, NULL), 0);
	feed(pair[1]);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev:2");
}

TEST(regular_files)
{
	char name[] = "/tmp/capi-XXXXXX";
	int fd;

	begin_quietly();
	fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	unlink(name);
	trace_add("reader", fd, EV_READ, NULL);
	trace_add("writer", fd, EV_WRITE, NULL);
	ev = event_new(base, fd, EV_READ | EV_WRITE, note_flags, "file");
	if (event_add(ev, NULL) == 0)
		trace("loop %d", short_turn());
	trace("%s", capi_log);
	fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	trace_add("directory", fd, EV_READ, NULL);
	fd = open("/dev/null", O_RDWR);
	trace_add("/dev/null", fd, EV_READ, NULL);
}

TEST(a_base_within_a_base)
{
	int inner = epoll_create1(0);
	struct epoll_event interest = {.events = EPOLLIN};

	begin_quietly();
	ck_assert_int_eq(epoll_ctl(inner, EPOLL_CTL_ADD, pair[0], &interest), 0);
	ev = event_new(base, inner, EV_READ, note_flags, "inner");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	feed(pair[1]);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("inner:2");
}

TEST(closed_before_it_is_deleted)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "ev");
	event_add(ev, NULL);
	close(pair[0]);
	ck_assert_int_eq(event_del(ev), 0);
	ck_assert_int_eq(pending(ev), 0);
	ck_assert_int_eq(once(), 1);
}

TEST(closed_under_its_event)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "ev");
	event_add(ev, NULL);
	close(pair[0]);
	trace("loop %d", short_turn());
	trace("%s", capi_log);
	trace("del %d", event_del(ev));
	trace("loop %d", short_turn());
}

/* The number comes back at once: the usual life of a server. */
TEST(deleted_closed_and_opened_again)
{
	int fd;

	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "ev");
	for (int i = 0; i < 20; i++) {
		fd = pair[0];
		ck_assert_int_eq(event_add(ev, NULL), 0);
		if (i % 3 == 0)
			ck_assert_int_eq(turn(), 0);
		feed(pair[1]);
		ck_assert_int_eq(once(), 0);
		ck_notes("ev:2");
		ck_assert_int_eq(event_del(ev), 0);
		close(pair[0]);
		close(pair[1]);
		capi_pair(pair);
		ck_assert_int_eq(pair[0], fd);
		/* With and without saying so. */
		if (i % 2)
			ck_assert_int_eq(event_assign(ev, base, fd,
			    EV_READ | EV_PERSIST, consume, "ev"), 0);
	}
}

/* Without a turn in between, and with another interest each time. */
TEST(reopened_with_another_interest)
{
	static const short interests[] = {
	    EV_READ, EV_WRITE, EV_READ | EV_WRITE, EV_WRITE};
	int fd;

	begin_quietly();
	for (int i = 0; i < 16; i++) {
		fd = pair[0];
		feed(pair[1]);
		ev = event_new(base, fd, interests[i % 4] | EV_PERSIST,
		    note_flags, "ev");
		ck_assert_int_eq(event_add(ev, NULL), 0);
		if (i % 5 == 0)
			ck_assert_int_eq(once(), 0);
		else
			note("ev:%x", (unsigned)interests[i % 4]);
		event_free(ev);
		close(pair[0]);
		close(pair[1]);
		capi_pair(pair);
		ck_assert_int_eq(pair[0], fd);
	}
	ck_notes("ev:2 ev:4 ev:6 ev:4 ev:2 ev:4 ev:6 ev:4 "
	         "ev:2 ev:4 ev:6 ev:4 ev:2 ev:4 ev:6 ev:4");
	ck_assert_int_eq(once(), 1);
}

/* Close first, delete later: the number already means another socket. */
TEST(reopened_before_the_old_event_is_deleted)
{
	int fd;

	begin_quietly();
	fd = pair[0];
	ev = event_new(base, fd, EV_READ | EV_PERSIST, consume, "old");
	event_add(ev, NULL);
	ck_assert_int_eq(turn(), 0);
	close(pair[0]);
	close(pair[1]);
	capi_pair(pair);
	ck_assert_int_eq(pair[0], fd);
	ck_assert_int_eq(event_del(ev), 0);
	other = event_new(base, fd, EV_READ | EV_PERSIST, consume, "new");
	ck_assert_int_eq(event_add(other, NULL), 0);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("new:2");
	event_del(other);
	ck_assert_int_eq(once(), 1);
}

/* The second event finds the interest there already, the kernel has lost it.*/
TEST(reopened_while_another_event_is_left)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "old");
	event_add(ev, NULL);
	ck_assert_int_eq(turn(), 0);
	close(pair[0]);
	close(pair[1]);
	capi_pair(pair);
	other = event_new(base, pair[0], EV_WRITE | EV_PERSIST, note_flags,
	    "new");
	trace("add %d", event_add(other, NULL));
	feed(pair[1]);
	trace("loop %d", short_turn());
	trace("%s", capi_log);
}

CALLBACK(close_and_reopen)
{
	char byte;
	int old = pair[0];

	note("%s", (const char *)arg);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	event_del(ev);
	close(pair[0]);
	close(pair[1]);
	capi_pair(pair);
	ck_assert_int_eq(pair[0], old);
	ck_assert_int_eq(event_add(ev, NULL), 0);
}

TEST(replaced_in_its_own_callback)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, close_and_reopen,
	    "ev");
	event_add(ev, NULL);
	for (int i = 0; i < 5; i++) {
		feed(pair[1]);
		ck_assert_int_eq(once(), 0);
		ck_assert_int_eq(turn(), 0);
	}
	ck_notes("ev ev ev ev ev");
}

CALLBACK(delete_and_close_other)
{
	note("%s", (const char *)arg);
	event_del(other);
	close(event_get_fd(other));
}

/* Both are ready; the callback of the one closes the other. */
TEST(closed_by_another_callback_of_the_same_turn)
{
	int victim[2];

	begin_quietly();
	capi_pair(victim);
	feed(pair[1]);
	feed(victim[1]);
	event_base_priority_init(base, 2);
	ev = event_new(base, pair[0], EV_READ, delete_and_close_other, "ev");
	other = event_new(base, victim[0], EV_READ, note_flags, "victim");
	event_priority_set(ev, 0);
	event_add(other, NULL);
	event_add(ev, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev");
}

/* The new socket gets the number of the closed one within the turn in which
 * the closed one was ready: its readiness must not reach the new event. */
CALLBACK(recycle_other)
{
	int fresh[2], old = event_get_fd(other);

	note("%s", (const char *)arg);
	event_del(other);
	close(old);
	capi_pair(fresh);
	ck_assert_int_eq(fresh[0], old);
	event_assign(other, base, old, EV_READ, note_flags, "fresh");
	event_add(other, NULL);
}

TEST(recycled_by_another_callback_of_the_same_turn)
{
	int victim[2];

	begin_quietly();
	capi_pair(victim);
	feed(pair[1]);
	feed(victim[1]);
	event_base_priority_init(base, 2);
	ev = event_new(base, pair[0], EV_READ, recycle_other, "ev");
	other = event_new(base, victim[0], EV_READ, note_flags, "victim");
	event_priority_set(ev, 0);
	event_add(other, NULL);
	event_add(ev, NULL);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(turn(), 0);
	ck_notes("ev");
	ck_assert_int_eq(pending(other), EV_READ);
}

TEST(one_bad_descriptor_does_not_starve_the_rest)
{
	int bad[2];

	begin_quietly();
	capi_pair(bad);
	ev = event_new(base, bad[0], EV_READ | EV_PERSIST, ignore, NULL);
	other = event_new(base, pair[0], EV_READ, consume, "good");
	event_add(ev, NULL);
	event_add(other, NULL);
	close(bad[0]);
	feed(pair[1]);
	trace("loop %d", short_turn());
	trace("%s", capi_log);
}
