/*
 * Output of a bufferevent on a descriptor: peers that take nothing, are gone or
 * not there yet, limits, and the order in which the program is told.
 */
#include "outputs.h"
#include "quarantine.h"

TEST(blocked_peer)
{
	struct timeval first, then;

	begin_bev(0);
	fill(pair[0]);
	bufferevent_set_timeouts(bev, NULL, &(struct timeval){100, 0});
	say(bev, "text");
	trace("loop %d", turn());
	show("blocked");
	trace("once %d", event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK));
	event_pending(&bev->ev_write, EV_TIMEOUT, &first);
	capi_sleep_ms(50);
	/* Not blocked any more, but still not done. */
	bufferevent_set_max_single_write(bev, 1);
	discard(pair[1]);
	ck_assert_int_eq(once(), 0);
	show("progress");
	ck_assert_int_eq(
	    event_pending(&bev->ev_write, EV_TIMEOUT, &then), EV_TIMEOUT);
	ck_assert(evutil_timercmp(&first, &then, <));
	trace("loop %d", turn());
	show("done");
	ck_assert_str_eq(got(pair[1]), "text");
}

TEST(blocked_peer_times_out)
{
	static const struct timeval soon = {0, 20000};

	for (int told = 0; told < 2; told++) {
		begin_bev(0);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		fill(pair[0]);
		bufferevent_set_timeouts(bev, NULL, &soon);
		say(bev, "text");
		trace("loop %d", event_base_dispatch(base));
		show("timed out");
		bufferevent_set_timeouts(bev, NULL, NULL);
		discard(pair[1]);
		bufferevent_enable(bev, EV_WRITE);
		trace("loop %d", event_base_dispatch(base));
		show("enabled");
		ck_assert_str_eq(got(pair[1]), "text");
	}
}

/* Partly written before the peer blocks. */
TEST_TIMED(peer_blocks_half_way)
{
	static char large[1 << 20];

	for (int told = 0; told < 2; told++) {
		struct timeval soon = capi_ms(20);
		size_t left;

		begin_bev(0);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		bufferevent_set_timeouts(bev, NULL, &soon);
		bufferevent_set_max_single_write(bev, sizeof(large));
		bufferevent_write(bev, large, sizeof(large));
		ck_assert_int_eq(event_base_dispatch(base), 1);
		left = out(bev);
		ck_assert(left > 0 && left < sizeof(large));
		ck_notes("timeout+writing");
		ck_assert_int_eq(pending(&bev->ev_write), 0);
		bufferevent_set_timeouts(bev, NULL, NULL);
		bufferevent_enable(bev, EV_WRITE);
		left = discard(pair[1]);
		while (out(bev)) {
			turn();
			left += discard(pair[1]);
		}
		turn();
		ck_assert_uint_eq(left + discard(pair[1]), sizeof(large));
		ck_notes(told ? "w0" : "");
		ck_assert_int_eq(pending(&bev->ev_write), 0);
		ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
	}
}

/* Whether there is room for a write only the event mechanism can tell. */
TEST(a_blocking_descriptor_does_not_stop_the_loop)
{
	for (int before = 0; before < 2; before++) {
		begin_bev(0);
		if (before) {
			say(bev, "before");
			turn();
			show("before");
			bufferevent_setfd(bev, pair[0]);
		}
		fill(pair[0]);
		fcntl(pair[0], F_SETFL,
		    fcntl(pair[0], F_GETFL) & ~O_NONBLOCK);
		say(bev, "text");
		trace("loop %d", turn());
		show("blocked");
		discard(pair[1]);
		trace("loop %d", turn());
		show("done");
		ck_assert_str_eq(got(pair[1]), "text");
	}
}

TEST(peer_is_gone_and_left_something)
{
	begin_bev(0);
	put(pair[1], "data");
	close(pair[1]);
	bufferevent_enable(bev, EV_READ);
	say(bev, "text");
	trace("loop %d", turn());
	show("gone");
}

TEST(connection_is_reset)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	tcp_pair(pair);
	bev = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	put(pair[0], "never read");
	close(pair[1]);
	say(bev, "text");
	trace("loop %d", turn());
	show("reset");
	/* Again, now that the first error is told. */
	bufferevent_enable(bev, EV_WRITE);
	trace("loop %d", turn());
	show("again");
}

TEST(failure_without_callbacks)
{
	begin_bev(0);
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	close(pair[1]);
	say(bev, "text");
	trace("loop %d", turn());
	show("gone");
}

EVENT_CALLBACK(free_when_told)
{
	note_event(b, what, arg);
	bufferevent_free(b);
}

TEST(freed_when_told_of_the_failure)
{
	quarantine_begin();
	begin_bev(0);
	bufferevent_setcb(bev, NULL, note_write, free_when_told, "");
	close(pair[1]);
	say(bev, "text");
	trace("loop %d", turn());
	ck_notes("error+writing(EPIPE)");
	event_base_free(base);
	quarantine_check();
}

/* The program connects before there is a bufferevent. */
static void
begin_connecting(int listens)
{
	struct sockaddr_in address;
	evutil_socket_t listener;

	begin();
	signal(SIGPIPE, SIG_IGN);
	listener = listen_on_loopback(&address);
	if (!listens)
		close(listener);
	pair[0] = socket(
	    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(pair[0], (struct sockaddr *)&address,
	    sizeof(address)), -1);
	ck_assert_int_eq(errno, EINPROGRESS);
	bev = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	say(bev, "text");
	if (listens)
		pair[1] = accept(listener, NULL, NULL);
}

TEST(connected_by_the_program)
{
	begin_connecting(1);
	trace("loop %d", event_base_dispatch(base));
	show("connected");
	ck_assert_str_eq(got(pair[1]), "text");
}

TEST(refused_to_the_program)
{
	begin_connecting(0);
	trace("loop %d", event_base_dispatch(base));
	show("refused");
}

TEST(not_connected_at_all)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bev = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	say(bev, "text");
	trace("loop %d", turn());
	show("not connected");
}

TEST(limit_is_used_up_by_the_write)
{
	begin_bev(0);
	bufferevent_set_rate_limit(bev, hourly(5));
	say(bev, "01234");
	trace("loop %d", turn());
	show("all");
	bufferevent_set_rate_limit(bev, NULL);
	trace("loop %d", turn());
	show("again");
	bufferevent_set_rate_limit(bev, hourly(5));
	say(bev, "0123456789");
	trace("loop %d", turn());
	show("half");
	bufferevent_set_rate_limit(bev, NULL);
	trace("loop %d", turn());
	show("all");
}

TEST(priorities)
{
	begin_bev(0);
	begin_second("2");
	event_base_priority_init(base, 3);
	bufferevent_priority_set(bev, 2);
	bufferevent_priority_set(second, 0);
	say(bev, "a");
	say(second, "b");
	trace("loop %d", turn());
	ck_notes("2w0 w0");
}

TEST(order_of_several)
{
	begin_bev(0);
	begin_second("2");
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	bufferevent_enable(bev, EV_READ);
	bufferevent_setcb(bev, note_read, note_write, note_event, "");
	put(pair[1], "data");
	say(second, "b");
	say(bev, "a");
	trace("once %d", once());
	trace("left %zu %zu", out(bev), out(second));
	turn();
	trace("loop %d", turn());
}

TEST(deferred)
{
	for (int unlocked = 0; unlocked < 2; unlocked++) {
		begin_bev(BEV_OPT_DEFER_CALLBACKS |
		    (unlocked ? BEV_OPT_UNLOCK_CALLBACKS : 0));
		bufferevent_set_max_single_write(bev, 5);
		bufferevent_setwatermark(bev, EV_WRITE, 6, 0);
		say(bev, "0123456789");
		trace("loop %d", turn());
		trace("last %s", strrchr(capi_log, 'w'));
		capi_log[0] = '\0';
		close(pair[1]);
		say(bev, "x");
		trace("loop %d", turn());
		show("gone");
	}
}

TEST(filter_on_top)
{
	struct bufferevent *filter;

	begin_bev(0);
	filter = bufferevent_filter_new(
	    bev, NULL, NULL, BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	take_notes(filter, "f");
	say(filter, "text");
	trace("loop %d", turn());
	show("through");
	ck_assert_str_eq(got(pair[1]), "text");
}

TEST(child_after_a_fork)
{
	begin_bev(0);
	say(bev, "hi");
	fflush(NULL);
	if (fork() == 0) {
		if (event_reinit(base) || turn() != 1 || out(bev))
			_exit(1);
		_exit(0);
	}
	ck_assert_int_gt(wait(NULL), 0);
	ck_assert_str_eq(got(pair[1]), "hi");
	trace("loop %d", turn());
	ck_assert_str_eq(got(pair[1]), "hi");
	show("parent");
}

TEST(enabled_without_output)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_WRITE);
	show("enabled");
	trace("loop %d", turn());
	show("told");
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_enable(bev, EV_WRITE);
	show("enabled");
	trace("once %d", once());
	show("not told");
}
