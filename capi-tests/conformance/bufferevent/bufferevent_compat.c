/* bufferevent_compat.h, and programs that reach into the structure. */
#include "bufferevents.h"
#include <event2/buffer_compat.h>
#include <event2/bufferevent_compat.h>
#include <event2/event_compat.h>
#include <event2/event_struct.h>

static void
begin_old(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_init();
	capi_pair(pair);
	bev = bufferevent_new(
	    pair[0], note_read, note_write, note_event, (void *)"");
	ck_assert_ptr_nonnull(bev);
}

TEST(a_program_of_old_times)
{
	begin_old();
	trace("base is %s, enabled %x",
	    bufferevent_get_base(bev) == base ? "the current one" : "none",
	    (unsigned)bufferevent_get_enabled(bev));
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	event_loop(EVLOOP_NONBLOCK);
	ck_notes("r5");
	ck_assert_ptr_eq(EVBUFFER_INPUT(bev), bufferevent_get_input(bev));
	ck_assert_ptr_eq(EVBUFFER_OUTPUT(bev), bufferevent_get_output(bev));
	ck_assert_uint_eq(EVBUFFER_LENGTH(EVBUFFER_INPUT(bev)), 5);
	say(bev, "hi");
	event_loop(EVLOOP_NONBLOCK);
	ck_notes("w0");
	close(pair[1]);
	event_loop(EVLOOP_NONBLOCK);
	ck_notes("error+reading(ECONNRESET)");
	bufferevent_free(bev);
	event_loop(EVLOOP_NONBLOCK);
	trace("descriptor %s", is_open(pair[0]) ? "open" : "closed");
}

TEST(moved_to_another_base)
{
	struct event_base *another;

	begin_old();
	another = event_base_new();
	ck_assert_int_eq(bufferevent_base_set(another, bev), 0);
	ck_assert_ptr_eq(bufferevent_get_base(bev), another);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	turn();
	ck_notes("");
	event_base_loop(another, EVLOOP_NONBLOCK);
	ck_notes("r1");
}

TEST(old_flags)
{
	ck_assert_int_eq(EVBUFFER_READ, BEV_EVENT_READING);
	ck_assert_int_eq(EVBUFFER_WRITE, BEV_EVENT_WRITING);
	ck_assert_int_eq(EVBUFFER_EOF, BEV_EVENT_EOF);
	ck_assert_int_eq(EVBUFFER_ERROR, BEV_EVENT_ERROR);
	ck_assert_int_eq(EVBUFFER_TIMEOUT, BEV_EVENT_TIMEOUT);
}

TEST(timeouts_in_seconds)
{
	begin_old();
	bufferevent_settimeout(bev, 2, 3);
	ck_assert_int_eq(bev->timeout_read.tv_sec, 2);
	ck_assert_int_eq(bev->timeout_write.tv_sec, 3);
	bufferevent_settimeout(bev, 0, 0);
	ck_assert_int_eq(bev->timeout_read.tv_sec, 0);
	ck_assert_int_eq(bev->timeout_write.tv_sec, 0);
}

TEST(members_tell_what_the_functions_tell)
{
	begin_old();
	ck_assert_int_eq(bev->ev_read.ev_fd, pair[0]);
	ck_assert_int_eq(bev->ev_write.ev_fd, pair[0]);
	ck_assert_ptr_eq(bev->ev_read.ev_base, base);
	ck_assert(bev->readcb == note_read);
	ck_assert(bev->writecb == note_write);
	ck_assert(bev->errorcb == note_event);
	ck_assert_str_eq(bev->cbarg, "");
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bev->enabled, EV_READ | EV_WRITE);
	trace("read events %x, write events %x",
	    (unsigned)bev->ev_read.ev_events,
	    (unsigned)bev->ev_write.ev_events);
	trace("initialized %d %d", event_initialized(&bev->ev_read),
	    event_initialized(&bev->ev_write));
}

TEST(programs_delete_and_add_the_events)
{
	begin_old();
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(event_del(&bev->ev_read), 0);
	put(pair[1], "hello");
	turn();
	ck_notes("");
	ck_assert_int_eq(event_add(&bev->ev_read, NULL), 0);
	turn();
	ck_notes("r5");
	event_add(&bev->ev_write, NULL);
	turn();
	trace("written nothing: %s", capi_log);
}

TEST(programs_activate_the_events)
{
	begin_old();
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	event_active(&bev->ev_read, EV_READ, 1);
	turn();
	ck_notes("r5");
	event_active(&bev->ev_read, EV_TIMEOUT, 1);
	turn();
	ck_notes("timeout+reading");
}

/* As spam filters and proxies do: the callback itself is called. */
TEST(programs_call_the_callbacks)
{
	begin_old();
	bev->readcb(bev, bev->cbarg);
	bev->writecb(bev, bev->cbarg);
	bev->errorcb(bev, BEV_EVENT_EOF, bev->cbarg);
	ck_notes("r0 w0 eof");
}

TEST(programs_set_the_marks_by_hand)
{
	begin_old();
	bev->wm_read.low = 3;
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "ab");
	turn();
	ck_notes("");
	put(pair[1], "c");
	turn();
	ck_notes("r3");
}
