/*
 * Output of a bufferevent on a descriptor: what may happen to the bufferevent
 * and to the loop before and inside the write.
 */
#include "outputs.h"
#include "quarantine.h"

/* What to do while the output is being written, inside the write. */
static void (*inside)(void);

static void
while_written(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
    void *arg)
{
	(void)buffer;
	(void)arg;
	if (!info->n_deleted)
		return;
	note("-%zu", info->n_deleted);
	if (inside) {
		void (*action)(void) = inside;

		inside = NULL;
		action();
	}
}

/* In writes of 5 bytes, the first of which does ACTION. */
static void
begin_inside(void (*action)(void))
{
	begin_bev(0);
	bufferevent_set_max_single_write(bev, 5);
	evbuffer_add_cb(bufferevent_get_output(bev), while_written, NULL);
	inside = action;
}

TEST(flags_of_the_loop)
{
	static const int with[] = {EVLOOP_NONBLOCK, EVLOOP_ONCE,
	    EVLOOP_ONCE | EVLOOP_NONBLOCK, 0,
	    EVLOOP_NO_EXIT_ON_EMPTY | EVLOOP_NONBLOCK,
	    EVLOOP_NO_EXIT_ON_EMPTY | EVLOOP_ONCE};

	begin_bev(0);
	for (int told = 0; told < 2; told++) {
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++) {
			say(bev, "x");
			trace("loop %d, got %s",
			    event_base_loop(base, with[i]), got(pair[1]));
			show("after it");
		}
	}
}

TEST(what_ended_the_last_loop_does_not_end_this_one)
{
	begin_bev(0);
	say(bev, "a");
	event_base_loopbreak(base);
	trace("after loopbreak %d %s", turn(), got(pair[1]));
	say(bev, "b");
	event_base_loopexit(base, NULL);
	trace("after loopexit %d %s", event_base_dispatch(base), got(pair[1]));
	say(bev, "c");
	event_base_loopcontinue(base);
	trace("after loopcontinue %d %s", turn(), got(pair[1]));
	show("at last");
}

static void
free_it(void)
{
	bufferevent_free(bev);
}

TEST(freed_inside_the_write)
{
	quarantine_begin();
	begin_inside(free_it);
	say(bev, "0123456789");
	trace("loop %d", turn());
	trace("notes %s", capi_log);
	ck_assert_str_eq(got(pair[1]), "01234");
	ck_assert_str_eq(got(pair[1]), "eof");
	event_base_free(base);
	quarantine_check();
}

static void
disable_it(void)
{
	bufferevent_disable(bev, EV_WRITE);
}

/* Told of the writes or not, and with a low mark that is met or is not. */
TEST(disabled_inside_the_write)
{
	for (int told = 0; told < 2; told++)
		for (int low = 0; low < 10; low += 6) {
			begin_inside(disable_it);
			bufferevent_setcb(bev, NULL, told ? note_write : NULL,
			    note_event, "");
			bufferevent_setwatermark(bev, EV_WRITE, low, 0);
			say(bev, "0123456789");
			trace("loop %d", turn());
			show("disabled");
			ck_assert_str_eq(got(pair[1]), "01234");
			bufferevent_enable(bev, EV_WRITE);
			trace("loop %d", turn());
			show("enabled");
			ck_assert_str_eq(got(pair[1]), "56789");
		}
}

static void
go_elsewhere(void)
{
	ck_assert_int_eq(bufferevent_setfd(bev, more[0]), 0);
}

static void
go_nowhere(void)
{
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
}

TEST(another_descriptor_inside_the_write)
{
	for (int told = 0; told < 2; told++) {
		begin_inside(go_elsewhere);
		capi_pair(more);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		say(bev, "0123456789");
		trace("loop %d", turn());
		show("there");
		ck_assert_str_eq(got(pair[1]), "01234");
		ck_assert_str_eq(got(more[1]), "56789");
	}
}

TEST(no_descriptor_inside_the_write)
{
	for (int told = 0; told < 2; told++) {
		begin_inside(go_nowhere);
		bufferevent_setcb(
		    bev, NULL, told ? note_write : NULL, note_event, "");
		say(bev, "0123456789");
		trace("loop %d", turn());
		show("nowhere");
		ck_assert_str_eq(got(pair[1]), "01234");
		bufferevent_setfd(bev, pair[0]);
		trace("loop %d", turn());
		show("back");
		ck_assert_str_eq(got(pair[1]), "56789");
	}
}

static void
break_the_loop(void)
{
	event_base_loopbreak(base);
}

/* What the loop had not come to, whichever that is, is left for the next. */
TEST(broken_inside_the_write)
{
	begin_inside(break_the_loop);
	begin_second("2");
	evbuffer_add_cb(bufferevent_get_output(second), while_written, NULL);
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	bufferevent_setcb(second, NULL, NULL, note_event, "");
	say(bev, "x");
	say(second, "x");
	trace("loop %d", turn());
	ck_notes("-1");
	trace("loop %d", turn());
	ck_notes("-1");
	ck_assert_str_eq(got(pair[1]), "x");
	ck_assert_str_eq(got(more[1]), "x");
}

static void
say_more(void)
{
	say(bev, "more");
	say(second, "second");
}

TEST(more_is_added_inside_the_write)
{
	begin_inside(say_more);
	begin_second("2");
	bufferevent_setcb(second, NULL, NULL, NULL, NULL);
	say(bev, "01234");
	trace("loop %d", turn());
	ck_assert_str_eq(got(pair[1]), "01234more");
	ck_assert_str_eq(got(more[1]), "second");
	ck_assert_int_eq(pending(&second->ev_write), 0);
	show("all");
}

static void
have_no_callbacks(void)
{
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
}

TEST(callbacks_taken_away_inside_the_write)
{
	begin_inside(have_no_callbacks);
	say(bev, "01234");
	trace("loop %d", turn());
	show("all");
}

/* Its event for writing is active when the callback of another event adds. */
CALLBACK(say_x)
{
	note("add");
	say(bev, "x");
}

TEST(added_by_what_runs_in_the_same_turn)
{
	for (int before = 0; before < 2; before++) {
		begin_bev(0);
		ev = event_new(base, -1, 0, say_x, NULL);
		if (before)
			say(bev, "a");
		event_active(ev, EV_READ, 1);
		trace("loop %d", once());
		show("once");
		trace("loop %d", turn());
		show("again");
		trace("got %s", got(pair[1]));
	}
}

TEST(disabled_before_the_loop)
{
	begin_bev(0);
	say(bev, "text");
	bufferevent_disable(bev, EV_WRITE);
	trace("loop %d", turn());
	show("disabled");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	bufferevent_enable(bev, EV_WRITE);
	show("enabled");
	trace("loop %d", turn());
	show("written");
	ck_assert_str_eq(got(pair[1]), "text");
}

TEST(another_descriptor_before_the_loop)
{
	begin_bev(0);
	capi_pair(more);
	say(bev, "text");
	ck_assert_int_eq(bufferevent_setfd(bev, more[0]), 0);
	show("there");
	trace("loop %d", turn());
	show("written");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	ck_assert_str_eq(got(more[1]), "text");
	say(bev, "more");
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
	show("nowhere");
	trace("loop %d", turn());
	ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
	trace("loop %d", turn());
	show("back");
	ck_assert_str_eq(got(pair[1]), "more");
}

TEST(freed_before_the_loop)
{
	quarantine_begin();
	begin_bev(0);
	say(bev, "lost");
	bufferevent_free(bev);
	trace("loop %d", turn());
	ck_assert_str_eq(got(pair[1]), "eof");
	event_base_free(base);
	quarantine_check();
}

TEST(base_is_freed_before_the_loop)
{
	quarantine_begin();
	begin_bev(0);
	begin_second("2");
	say(bev, "lost");
	say(second, "lost");
	bufferevent_free(bev);
	event_base_free(base);
	trace("got %s, %s", got(pair[1]), got(more[1]));
	quarantine_check();
}

TEST(base_is_changed_before_the_loop)
{
	struct event_base *old;

	begin_bev(0);
	old = base;
	say(bev, "text");
	bufferevent_disable(bev, EV_WRITE);
	base = event_base_new();
	trace("changed %d", bufferevent_base_set(base, bev));
	bufferevent_enable(bev, EV_WRITE);
	trace("old %d", event_base_loop(old, EVLOOP_NONBLOCK));
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	event_base_free(old);
	trace("new %d", turn());
	ck_assert_str_eq(got(pair[1]), "text");
	show("written");
}

/* What the read callback does once it has answered. */
static void (*after_answer)(void);

DATA_CALLBACK(answer)
{
	note("r%zu", in(b));
	evbuffer_drain(bufferevent_get_input(b), in(b));
	say(b, "01234");
	if (after_answer)
		after_answer();
}

static void
nothing(void)
{
}

static void
close_peer(void)
{
	close(pair[1]);
	pair[1] = -1;
}

/* Once after the answer and once inside the write of it. */
TEST(answered_in_the_read_callback)
{
	static void (*const actions[])(void) = {nothing, disable_it,
	    go_elsewhere, go_nowhere, have_no_callbacks, free_it};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		for (int within = 0; within < 2; within++) {
			begin_inside(within ? actions[i] : NULL);
			capi_pair(more);
			after_answer = within ? NULL : actions[i];
			bufferevent_setcb(bev, answer, NULL, note_event, "");
			bufferevent_enable(bev, EV_READ);
			put(pair[1], "question");
			trace("%zu %d: loop %d", i, within, turn());
			if (actions[i] == free_it)
				trace("%s", capi_log);
			else
				show("answered");
			capi_log[0] = '\0';
			trace("here %s", got(pair[1]));
			trace("there %s", got(more[1]));
		}
}

TEST(answered_to_a_peer_that_is_gone)
{
	begin_bev(0);
	after_answer = close_peer;
	bufferevent_setcb(bev, answer, NULL, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "question");
	trace("loop %d", turn());
	show("gone");
}

TEST(file_in_the_output)
{
	FILE *file = tmpfile();
	struct evbuffer *output;

	fputs("file", file);
	fflush(file);
	begin_bev(0);
	output = bufferevent_get_output(bev);
	evbuffer_add_cb(output, while_written, NULL);
	say(bev, "before ");
	ck_assert_int_eq(evbuffer_add_file(output, dup(fileno(file)), 0, 4), 0);
	say(bev, " after");
	trace("loop %d", turn());
	show("sent");
	ck_assert_str_eq(got(pair[1]), "before file after");
	/* Shorter than promised. */
	ck_assert_int_eq(evbuffer_add_file(output, dup(fileno(file)), 0, 4), 0);
	ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
	trace("loop %d", turn());
	show("gone");
}

/* What the event for writing says of itself when the program is called. */
DATA_CALLBACK(note_pending)
{
	note("w%zu:%x", out(b), pending(&b->ev_write) & EV_WRITE);
}

TEST(pending_in_the_write_callback)
{
	begin_inside(NULL);
	bufferevent_setcb(bev, NULL, note_pending, NULL, NULL);
	bufferevent_setwatermark(bev, EV_WRITE, 6, 0);
	say(bev, "0123456789");
	ck_assert_int_eq(pending(&bev->ev_write), EV_WRITE);
	trace("loop %d", turn());
	show("told");
}

static int
count_writers(const struct event_base *of, const struct event *event, void *arg)
{
	(void)of;
	if (event_get_fd(event) == pair[0] && event_get_events(event) & EV_WRITE)
		++*(int *)arg;
	return 0;
}

static void
show_writers(const char *when)
{
	int writers = 0;

	event_base_foreach_event(base, count_writers, &writers);
	trace("%s: %d of %d events, pending %x", when, writers,
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED),
	    pending(&bev->ev_write));
}

/* The event for writing is there for everybody from the first byte on. */
TEST(output_is_an_event_that_waits)
{
	begin_bev(0);
	show_writers("before");
	say(bev, "a");
	show_writers("output");
	event_base_active_by_fd(base, pair[0], EV_WRITE);
	show_writers("active");
	trace("loop %d, got %s", turn(), got(pair[1]));
	show_writers("written");
	say(bev, "b");
	event_del(&bev->ev_write);
	show_writers("deleted");
	trace("loop %d, got %s", turn(), got(pair[1]));
	event_add(&bev->ev_write, NULL);
	trace("loop %d, got %s", turn(), got(pair[1]));
	say(bev, "c");
	event_add(&bev->ev_write, NULL);
	show_writers("added twice");
	bufferevent_enable(bev, EV_READ);
	show_writers("beside another");
	trace("loop %d, got %s", turn(), got(pair[1]));
	show("at last");
}

static void
say_second(void)
{
	say(second, "there");
}

/* The loop neither forgets it nor waits first. */
TEST(output_of_another_inside_the_write)
{
	for (int told = 0; told < 2; told++) {
		begin_inside(say_second);
		begin_second("2");
		if (!told) {
			bufferevent_setcb(bev, NULL, NULL, note_event, "");
			bufferevent_setcb(second, NULL, NULL, note_event, "2");
		}
		say(bev, "here");
		trace("loop %d", event_base_dispatch(base));
		ck_assert_str_eq(got(pair[1]), "here");
		ck_assert_str_eq(got(more[1]), "there");
		show("written");
	}
}

TEST(base_can_not_be_changed_while_output_waits)
{
	begin_bev(0);
	say(bev, "text");
	trace("changed %d", bufferevent_base_set(base, bev));
	trace("loop %d", event_base_dispatch(base));
	ck_assert_str_eq(got(pair[1]), "text");
	show("written");
}

/* What the program activates the event with comes besides that it can write. */
TEST(the_program_activates_the_event_with_a_timeout)
{
	for (int told = 0; told < 2; told++) {
		begin_bev(0);
		if (!told)
			bufferevent_setcb(bev, NULL, NULL, note_event, "");
		say(bev, "text");
		event_active(&bev->ev_write, EV_TIMEOUT, 1);
		trace("loop %d, got %s", turn(), got(pair[1]));
		show("written");
	}
}
