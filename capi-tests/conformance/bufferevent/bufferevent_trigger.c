/* bufferevent_trigger and bufferevent_trigger_event. */
#include "bufferevents.h"

TEST(callbacks_are_called_at_once)
{
	begin_bev(0);
	bufferevent_trigger(bev, EV_READ, 0);
	ck_notes("r0");
	bufferevent_trigger(bev, EV_WRITE, 0);
	ck_notes("w0");
	bufferevent_trigger(bev, EV_READ | EV_WRITE, 0);
	ck_notes("r0 w0");
	bufferevent_trigger(bev, 0, 0);
	bufferevent_trigger(bev, EV_TIMEOUT, 0);
	ck_notes("");
	ck_assert_int_eq(turn(), 1);
}

TEST(callbacks_are_deferred)
{
	begin_bev(0);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_trigger_event(
	    bev, BEV_EVENT_EOF | BEV_EVENT_READING, BEV_TRIG_DEFER_CALLBACKS);
	ck_notes("");
	turn();
	ck_notes("r0 w0 eof+reading");
	turn();
	ck_notes("");
}

TEST(marks_are_respected)
{
	begin_bev(0);
	bufferevent_setwatermark(bev, EV_READ, 5, 0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "abc");
	turn();
	bufferevent_trigger(bev, EV_READ, 0);
	ck_notes("");
	bufferevent_trigger(bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS);
	ck_notes("r3");
	bufferevent_disable(bev, EV_WRITE);
	say(bev, "waiting");
	bufferevent_trigger(bev, EV_WRITE, 0);
	ck_notes("");
	bufferevent_trigger(bev, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS);
	ck_notes("w7");
	bufferevent_setwatermark(bev, EV_WRITE, 7, 0);
	bufferevent_trigger(bev, EV_WRITE, 0);
	ck_notes("w7");
	bufferevent_trigger(bev, EV_READ | EV_WRITE,
	    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
	ck_notes("");
	turn();
	ck_notes("r3 w7");
}

TEST(events_are_passed_on)
{
	static const short what[] = {BEV_EVENT_CONNECTED,
	    BEV_EVENT_EOF | BEV_EVENT_READING,
	    BEV_EVENT_TIMEOUT | BEV_EVENT_WRITING,
	    BEV_EVENT_EOF | BEV_EVENT_TIMEOUT | BEV_EVENT_CONNECTED, 0, 0x1000};

	begin_bev(0);
	for (int i = 0; i < 6; i++)
		bufferevent_trigger_event(bev, what[i], 0);
	ck_notes("connected eof+reading timeout+writing connected+eof+timeout +0 +1000");
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
}

TEST(errno_of_a_deferred_event)
{
	begin_bev(0);
	errno = EIDRM;
	bufferevent_trigger_event(
	    bev, BEV_EVENT_ERROR | BEV_EVENT_READING, BEV_TRIG_DEFER_CALLBACKS);
	errno = 0;
	turn();
	ck_notes("error+reading(EIDRM)");
	errno = EIDRM;
	bufferevent_trigger_event(bev, BEV_EVENT_ERROR | BEV_EVENT_READING, 0);
	ck_notes("error+reading(EIDRM)");
}

TEST(deferred_events_are_gathered)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_trigger_event(bev, BEV_EVENT_EOF | BEV_EVENT_READING, 0);
	bufferevent_trigger_event(bev, BEV_EVENT_TIMEOUT | BEV_EVENT_WRITING, 0);
	ck_notes("");
	turn();
	ck_notes("eof+timeout+reading+writing");
	bufferevent_trigger_event(bev, BEV_EVENT_EOF, 0);
	bufferevent_trigger_event(bev, BEV_EVENT_CONNECTED, 0);
	bufferevent_trigger(bev, EV_WRITE | EV_READ, 0);
	turn();
	ck_notes("connected r0 w0 eof");
}

TEST(without_callbacks)
{
	begin_bev(0);
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, 0);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_trigger_event(bev, BEV_EVENT_EOF, 0);
	take_notes(bev, "");
	turn();
	ck_notes("");
}

TEST(callbacks_change_before_the_deferred_call)
{
	begin_bev(0);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	take_notes(bev, "new:");
	turn();
	ck_notes("new:r0 new:w0");
	bufferevent_trigger(bev, EV_READ | EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_setcb(bev, NULL, note_write, NULL, "last:");
	turn();
	ck_notes("last:w0");
}

DATA_CALLBACK(trigger_again)
{
	note_read(b, arg);
	if (++runs < 4)
		bufferevent_trigger(b, EV_READ, 0);
}

DATA_CALLBACK(trigger_again_later)
{
	note_read(b, arg);
	if (++runs < 8)
		bufferevent_trigger(b, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

TEST(triggered_by_its_own_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, trigger_again, NULL, NULL, "");
	bufferevent_trigger(bev, EV_READ, 0);
	ck_notes("r0 r0 r0 r0");
	bufferevent_setcb(bev, trigger_again_later, NULL, NULL, "");
	bufferevent_trigger(bev, EV_READ, 0);
	ck_notes("r0");
	once();
	ck_notes("r0 r0 r0");
}

TEST(freed_before_the_deferred_call)
{
	begin_bev(0);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_trigger_event(
	    bev, BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
	bufferevent_free(bev);
	turn();
	ck_notes("");
	ck_assert(!is_open(pair[0]));
}

DATA_CALLBACK(free_now)
{
	note_read(b, arg);
	bufferevent_free(b);
}

TEST(freed_by_the_triggered_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, free_now, note_write, note_event, "");
	bufferevent_trigger(bev, EV_READ | EV_WRITE, 0);
	trace("%s", capi_log);
	turn();
	ck_assert(!is_open(pair[0]));
}

TEST(pairs_and_filters)
{
	struct bufferevent *both[2], *filter;

	begin_bev(0);
	bufferevent_pair_new(base, 0, both);
	take_notes(both[0], "pair:");
	bufferevent_trigger(both[0], EV_READ | EV_WRITE, 0);
	bufferevent_trigger_event(both[0], BEV_EVENT_EOF, 0);
	trace("%s", capi_log);
	turn();
	trace("%s", capi_log);
	capi_log[0] = '\0';
	filter = bufferevent_filter_new(bev, NULL, NULL, 0, NULL, NULL);
	take_notes(filter, "filter:");
	bufferevent_trigger(filter, EV_READ | EV_WRITE, 0);
	bufferevent_trigger_event(filter, BEV_EVENT_EOF, 0);
	trace("%s", capi_log);
	turn();
	trace("%s", capi_log);
}
