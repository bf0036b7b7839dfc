/* Bufferevents that are freed, moved and given other descriptors. */
#include "bufferevents.h"

DATA_CALLBACK(free_reading)
{
	note_read(b, arg);
	bufferevent_free(b);
}

DATA_CALLBACK(free_writing)
{
	note_write(b, arg);
	bufferevent_free(b);
}

EVENT_CALLBACK(free_in_event)
{
	note_event(b, what, arg);
	bufferevent_free(b);
}

TEST(freed_by_its_read_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, free_reading, note_write, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	shutdown(pair[1], SHUT_WR);
	turn();
	ck_notes("r5");
	ck_assert(!is_open(pair[0]));
	ck_assert_int_eq(turn(), 1);
}

TEST(freed_by_its_write_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, note_read, free_writing, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "unread");
	say(bev, "hello");
	turn();
	trace("%s", capi_log);
	ck_assert(!is_open(pair[0]));
	ck_assert_str_eq(got(pair[1]), "hello");
}

TEST(freed_by_its_event_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, note_read, note_write, free_in_event, "");
	bufferevent_enable(bev, EV_READ);
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
	ck_assert(!is_open(pair[0]));
	ck_assert_int_eq(turn(), 1);
}

TEST(freed_with_output)
{
	begin_bev(0);
	say(bev, "hello");
	bufferevent_free(bev);
	ck_assert_int_eq(turn(), 1);
	ck_assert_str_eq(got(pair[1]), "eof");
	ck_notes("");
}

DATA_CALLBACK(free_partner)
{
	note_read(b, arg);
	bufferevent_free(b == bev ? partner : bev);
}

/* Both are readable when the first is called. */
TEST(freed_by_another)
{
	evutil_socket_t more[2];

	begin_bev(0);
	capi_pair(more);
	partner = bufferevent_socket_new(base, more[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, free_partner, NULL, NULL, "");
	bufferevent_setcb(partner, free_partner, NULL, NULL, "");
	bufferevent_enable(bev, EV_READ);
	bufferevent_enable(partner, EV_READ);
	put(pair[1], "x");
	put(more[1], "x");
	turn();
	ck_notes("r1");
	ck_assert_int_eq(is_open(pair[0]) + is_open(more[0]), 1);
}

TEST(freed_while_active)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	event_active(&bev->ev_read, EV_READ, 1);
	event_active(&bev->ev_write, EV_WRITE, 1);
	bufferevent_free(bev);
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
}

TEST(references_keep_it)
{
	begin_bev(0);
	bufferevent_incref(bev);
	ck_assert_int_eq(bufferevent_decref(bev), 0);
	bufferevent_incref(bev);
	bufferevent_free(bev);
	/* Still there, but silent. */
	turn();
	ck_assert(is_open(pair[0]));
	ck_assert_int_eq(bufferevent_getfd(bev), pair[0]);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("");
	ck_assert_int_eq(bufferevent_decref(bev), 1);
	turn();
	ck_assert(!is_open(pair[0]));
}

TEST(last_reference_frees)
{
	begin_bev(0);
	ck_assert_int_eq(bufferevent_decref(bev), 1);
	turn();
	ck_assert(!is_open(pair[0]));
}

DATA_CALLBACK(hold)
{
	note_read(b, arg);
	bufferevent_incref(b);
	bufferevent_free(b);
}

TEST(reference_taken_in_a_callback_that_frees)
{
	begin_bev(0);
	bufferevent_setcb(bev, hold, NULL, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	turn();
	ck_notes("r1");
	ck_assert(is_open(pair[0]));
	ck_assert_int_eq(bufferevent_decref(bev), 1);
	turn();
	ck_assert(!is_open(pair[0]));
}

/* The loop closes it: callbacks of the turn may still be under way. */
TEST(when_the_descriptor_is_closed)
{
	begin_bev(0);
	bufferevent_free(bev);
	trace("after free: %s", is_open(pair[0]) ? "open" : "closed");
	turn();
	trace("after a turn: %s", is_open(pair[0]) ? "open" : "closed");
}

TEST(base_is_freed_after_its_bufferevents)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	bufferevent_free(bev);
	event_base_free(base);
	ck_assert(!is_open(pair[0]));
}

TEST(base_is_freed_first)
{
	begin();
	bev = bufferevent_socket_new(base, pair[0], 0);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	event_base_free(base);
	ck_notes("");
}

TEST(without_a_descriptor)
{
	begin();
	bev = bufferevent_socket_new(base, -1, 0);
	take_notes(bev, "");
	ck_assert_int_eq(bufferevent_getfd(bev), -1);
	trace("enable %d", bufferevent_enable(bev, EV_READ | EV_WRITE));
	say(bev, "waits");
	turn();
	ck_notes("");
	ck_assert_uint_eq(out(bev), 5);
	put(pair[1], "hello");
	ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
	ck_assert_int_eq(bufferevent_getfd(bev), pair[0]);
	turn();
	ck_notes("w0 r5");
	trace("peer got %s", got(pair[1]));
}

TEST(another_descriptor)
{
	evutil_socket_t more[2];

	begin_bev(0);
	capi_pair(more);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "first");
	put(more[1], "second");
	turn();
	ck_notes("r5");
	ck_assert_int_eq(bufferevent_setfd(bev, more[0]), 0);
	ck_assert_int_eq(bev->ev_read.ev_fd, more[0]);
	ck_assert_int_eq(bev->ev_write.ev_fd, more[0]);
	turn();
	ck_notes("w0 r11");
	say(bev, "hello");
	turn();
	ck_assert_str_eq(got(more[1]), "hello");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	/* The first is the program's again. */
	bufferevent_free(bev);
	turn();
	ck_assert(is_open(pair[0]));
	ck_assert(!is_open(more[0]));
}

TEST(descriptor_taken_away)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
	ck_assert_int_eq(bufferevent_getfd(bev), -1);
	put(pair[1], "hello");
	turn();
	ck_notes("");
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	bufferevent_free(bev);
	ck_assert(is_open(pair[0]));
}

TEST(output_waits_for_another_descriptor)
{
	evutil_socket_t more[2];

	begin_bev(0);
	capi_pair(more);
	say(bev, "hello");
	bufferevent_setfd(bev, more[0]);
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(more[1]), "hello");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
}

TEST(priorities)
{
	begin();
	event_base_priority_init(base, 4);
	bev = bufferevent_socket_new(base, pair[0], 0);
	trace("default %d", bufferevent_get_priority(bev));
	ck_assert_int_eq(bufferevent_priority_set(bev, 1), 0);
	ck_assert_int_eq(bufferevent_get_priority(bev), 1);
	ck_assert_int_eq(event_get_priority(&bev->ev_read), 1);
	ck_assert_int_eq(event_get_priority(&bev->ev_write), 1);
	ck_assert_int_eq(bufferevent_priority_set(bev, 4), -1);
	ck_assert_int_eq(bufferevent_priority_set(bev, -1), -1);
	ck_assert_int_eq(bufferevent_get_priority(bev), 1);
}

TEST(urgent_bufferevents_come_first)
{
	evutil_socket_t more[2];

	begin();
	event_base_priority_init(base, 2);
	capi_pair(more);
	bev = bufferevent_socket_new(base, pair[0], 0);
	partner = bufferevent_socket_new(base, more[0], 0);
	take_notes(bev, "late:");
	take_notes(partner, "urgent:");
	bufferevent_priority_set(bev, 1);
	bufferevent_priority_set(partner, 0);
	put(pair[1], "x");
	put(more[1], "x");
	bufferevent_enable(bev, EV_READ);
	bufferevent_enable(partner, EV_READ);
	turn();
	ck_notes("urgent:r1 late:r1");
}

TEST(another_base)
{
	struct event_base *first;

	begin_bev(0);
	first = base;
	base = event_base_new();
	ck_assert_int_eq(bufferevent_base_set(base, bev), 0);
	ck_assert_ptr_eq(bufferevent_get_base(bev), base);
	ck_assert_ptr_eq(event_get_base(&bev->ev_read), base);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	event_base_loop(first, EVLOOP_NONBLOCK);
	ck_notes("");
	turn();
	ck_notes("r1");
}

TEST(bases_do_not_change_while_reading)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bufferevent_base_set(event_base_new(), bev), -1);
}

/* What is pending stays where it is. */
TEST(a_refused_base_changes_nothing)
{
	struct event_base *second;
	char text[8];

	begin_bev(0);
	second = event_base_new();
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bufferevent_base_set(second, bev), -1);
	ck_assert_ptr_eq(event_get_base(&bev->ev_read), base);
	put(pair[1], "question");
	turn();
	ck_notes("r8");
	bufferevent_write(bev, "answer", 6);
	turn();
	ck_notes("w0");
	ck_assert_int_eq(read(pair[1], text, 8), 6);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_free(bev);
	event_base_loop(second, EVLOOP_NONBLOCK);
	turn();
	event_base_free(second);
	event_base_free(base);
}

TEST(the_base_after_a_refusal)
{
	struct event_base *second;

	begin_bev(0);
	second = event_base_new();
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bufferevent_base_set(second, bev), -1);
	ck_assert_ptr_eq(bufferevent_get_base(bev), base);
}

static void
note_change(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
    void *arg)
{
	(void)buffer;
	note("%s+%zu-%zu", (const char *)arg, info->n_added, info->n_deleted);
}

TEST(changes_of_the_buffers)
{
	char text[8];

	begin_bev(0);
	evbuffer_add_cb(bufferevent_get_input(bev), note_change, "in");
	evbuffer_add_cb(bufferevent_get_output(bev), note_change, "out");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("in+5-0 r5");
	bufferevent_read(bev, text, 2);
	ck_notes("in+0-2");
	say(bev, "hi");
	ck_notes("out+2-0");
	turn();
	ck_notes("out+0-2 w0");
}

TEST(deferred_changes_of_the_buffers)
{
	begin_bev(0);
	evbuffer_defer_callbacks(bufferevent_get_output(bev), base);
	evbuffer_add_cb(bufferevent_get_output(bev), note_change, "out");
	say(bev, "hi");
	ck_notes("");
	turn();
	trace("%s", capi_log);
	ck_assert_str_eq(got(pair[1]), "hi");
}
