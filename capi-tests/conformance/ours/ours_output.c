/*
 * Output is written just before the loop waits, and told of afterwards: what
 * can be seen of that, and what may come in between. A prepare watcher runs
 * there.
 */
#include "outputs.h"
#include "fault_calls.h"
#include "quarantine.h"

#include <event2/bufferevent_compat.h>
#include <event2/event_compat.h>
#include <event2/watch.h>

static void (*in_between)(void);

static void
prepare(struct evwatch *watcher UNUSED,
    const struct evwatch_prepare_cb_info *info UNUSED, void *arg UNUSED)
{
	void (*action)(void) = in_between;

	in_between = NULL;
	if (action)
		action();
}

static void
begin_between(void (*action)(void))
{
	begin_bev(0);
	evwatch_prepare_new(base, prepare, NULL);
	in_between = action;
}

static void
look(void)
{
	note("got-%s", got(pair[1]));
}

TEST(written_in_the_turn_in_which_it_is_added)
{
	for (int told = 0; told < 2; told++) {
		begin_between(look);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		say(bev, "text");
		fail_call(NO_CALL, 0, 0, 0);
		ck_assert_int_eq(once(), 0);
		ck_notes(told ? "got-text w0" : "got-text");
		ck_assert_int_eq(made[EPOLL_CTL], 0);
		ck_assert_int_eq(pending(&bev->ev_write), 0);
	}
}

/* Of a descriptor that could wait it learns once; it is not asked again. */
TEST(a_blocking_descriptor_is_written_to_when_there_is_room)
{
	begin_between(look);
	fcntl(pair[0], F_SETFL, 0);
	for (int i = 0; i < 3; i++) {
		in_between = look;
		say(bev, "x");
		fail_call(NO_CALL, 0, 0, 0);
		ck_assert_int_eq(once(), 0);
		ck_notes("got-EAGAIN w0");
		ck_assert_int_eq(made[FCNTL], i == 0);
		ck_assert_str_eq(got(pair[1]), "x");
	}
}

static void
disable_it(void)
{
	bufferevent_disable(bev, EV_WRITE);
}

TEST(disabled_before_it_is_told)
{
	begin_between(disable_it);
	say(bev, "text");
	turn();
	ck_notes("");
	ck_assert_str_eq(got(pair[1]), "text");
	bufferevent_enable(bev, EV_WRITE);
	ck_assert_int_eq(turn(), 1);
	ck_notes("w0");
}

TEST(disabled_before_it_is_told_of_a_failure)
{
	begin_between(disable_it);
	close(pair[1]);
	say(bev, "text");
	turn();
	ck_notes("");
	bufferevent_enable(bev, EV_WRITE);
	ck_assert_int_eq(turn(), 1);
	ck_notes("error+writing(EPIPE)");
}

static void
free_it(void)
{
	bufferevent_free(bev);
}

TEST(freed_before_it_is_told)
{
	quarantine_begin();
	begin_between(free_it);
	say(bev, "text");
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
	ck_assert_str_eq(got(pair[1]), "text");
	event_base_free(base);
	quarantine_check();
}

static void
go_elsewhere(void)
{
	capi_pair(pair);
	bufferevent_setfd(bev, pair[0]);
	say(bev, "there");
}

TEST(another_descriptor_before_it_is_told)
{
	begin_between(go_elsewhere);
	say(bev, "here");
	ck_assert_int_eq(turn(), 1);
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "there");
}

static void
say_more(void)
{
	say(bev, "more");
}

/* The mark was reached, but is not any more: written first, then told. */
TEST(more_is_added_before_it_is_told)
{
	begin_between(say_more);
	say(bev, "text ");
	ck_assert_int_eq(once(), 0);
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "text more");
}

static void
suspend_it(void)
{
	bufferevent_set_rate_limit(bev, hourly(1));
	bufferevent_decrement_write_limit(bev, 1);
	ck_assert_int_eq(pending(&bev->ev_write), EV_WRITE);
}

TEST(suspended_before_it_is_told)
{
	for (int fails = 0; fails < 2; fails++) {
		begin_between(suspend_it);
		if (fails)
			close(pair[1]);
		say(bev, "text");
		ck_assert_int_eq(turn(), 0);
		ck_notes(fails ? "error+writing(EPIPE)" : "w0");
		ck_assert_int_eq(pending(&bev->ev_write), 0);
	}
}

/* What one member writes stops the others, but they are told of what they wrote. */
TEST(limit_of_the_group_is_used_up_by_another)
{
	struct bufferevent_rate_limit_group *group;

	begin_bev(0);
	begin_second("2");
	group = bufferevent_rate_limit_group_new(base, hourly(100));
	bufferevent_rate_limit_group_set_min_share(group, 100);
	bufferevent_add_to_rate_limit_group(bev, group);
	bufferevent_add_to_rate_limit_group(second, group);
	say(bev, "0123456789");
	for (int i = 0; i < 10; i++)
		say(second, "0123456789");
	ck_assert_int_eq(turn(), 0);
	ck_notes("w0 2w0");
}

static void
break_the_loop(void)
{
	event_base_loopbreak(base);
}

TEST(broken_before_it_is_told)
{
	begin_between(break_the_loop);
	say(bev, "text");
	ck_assert_int_eq(turn(), 0);
	ck_assert_int_eq(turn(), 1);
	ck_notes("w0");
}

/* A callback before the library's own has freed the bufferevent, which has no
 * more output from then on. (The reference goes on with it, and crashes.) */
static void
free_when_added(struct evbuffer *buffer UNUSED,
    const struct evbuffer_cb_info *info, void *runs_the_loop)
{
	if (!info->n_added)
		return;
	bufferevent_free(bev);
	if (runs_the_loop)
		turn();
}

TEST(freed_while_output_is_added)
{
	static char large[1 << 20];

	for (int loop = 0; loop < 2; loop++) {
		struct evbuffer *output;

		if (loop == 0)
			quarantine_begin();
		begin_bev(0);
		output = bufferevent_get_output(bev);
		evbuffer_add_cb(output, free_when_added, loop ? "" : NULL);
		evbuffer_add(output, large, sizeof(large));
		ck_assert_int_eq(turn(), 1);
		ck_assert_str_eq(got(pair[1]), "eof");
		event_base_free(base);
		quarantine_check();
	}
}

/* The kernel forgot the file when it was closed. */
TEST(another_file_under_the_same_number)
{
	begin_bev(0);
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		evutil_socket_t fresh[2];

		fill(pair[0]);
		say(bev, "text");
		turn();
		ck_assert_int_eq(out(bev), 4);
		discard(pair[1]);
		turn();
		ck_assert_int_eq(out(bev), 0);
		ck_assert_str_eq(got(pair[1]), "text");
		ck_assert_int_eq(pending(&bev->ev_write), 0);
		capi_pair(fresh);
		ck_assert_int_eq(dup2(fresh[0], pair[0]), pair[0]);
		close(fresh[0]);
		close(pair[1]);
		pair[1] = fresh[1];
	}
}

TEST(closed_under_it)
{
	for (int told = 0; told < 2; told++) {
		begin_bev(0);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		say(bev, "text");
		close(pair[0]);
		ck_assert_int_eq(turn(), 1);
		ck_notes("error+writing(EBADF)");
		ck_assert_int_eq(pending(&bev->ev_write), 0);
		bufferevent_setfd(bev, -1);
		bufferevent_free(bev);
	}
}

/* The kernel hears of it only before the wait. (The reference learns it from
 * epoll, and with poll and select not at all.) */
TEST(closed_before_it_connects)
{
	begin_bev(0);
	close(pair[0]);
	ck_assert_int_eq(bufferevent_socket_connect(bev, NULL, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
}

/* Each change goes to the base that is current: what it had with the former
 * one is taken back there. */
TEST(current_base_changes)
{
	struct event_base *first;

	quarantine_begin();
	first = event_init();
	capi_pair(pair);
	bev = bufferevent_new(pair[0], NULL, note_write, note_event, "");
	say(bev, "text");
	base = event_init();
	ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
	ck_assert_int_eq(event_base_loop(first, EVLOOP_NONBLOCK), 1);
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	event_base_free(first);
	ck_assert_int_eq(turn(), 1);
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "text");
	bufferevent_free(bev);
	event_base_free(base);
	quarantine_check();
}

/* Reads go through a block that the base keeps, whatever its size. */
TEST(reads_of_changing_size)
{
	static const size_t sizes[] = {
	    16384, 100000, 1, 16384, 1 << 20, 4096, 16385, 512, 100000};
	static char sent[200000], received[sizeof(sent)];
	int room = sizeof(sent) * 4;

	quarantine_begin();
	begin_bev(0);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	bufferevent_enable(bev, EV_READ);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i] < sizeof(sent) ? sizes[i] : sizeof(sent);
		ssize_t written;
		size_t taken = 0;

		for (size_t n = 0; n < sizeof(sent); n++)
			sent[n] = (char)(n * 7 + i + (n >> 8));
		bufferevent_set_max_single_read(bev, sizes[i]);
		evbuffer_set_max_read(bufferevent_get_input(bev), sizes[i]);
		written = write(pair[1], sent, size * 2 < sizeof(sent) ?
		    size * 2 : sizeof(sent));
		ck_assert_int_gt(written, 0);
		once();
		ck_assert_uint_gt(in(bev), 0);
		ck_assert_uint_le(in(bev), sizes[i]);
		while (taken < (size_t)written) {
			taken += bufferevent_read(
			    bev, received + taken, sizeof(received) - taken);
			if (taken < (size_t)written)
				once();
		}
		ck_assert_int_eq(memcmp(sent, received, written), 0);
	}
	ck_notes("");
	bufferevent_free(bev);
	event_base_free(base);
	quarantine_check();
	ck_assert_int_eq(quarantine.outstanding, 0);
}
