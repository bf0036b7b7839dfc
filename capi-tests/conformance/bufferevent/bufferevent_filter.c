/* Filters: what the two functions are given, and what their results mean. */
#include "bufferevents.h"

static struct bufferevent *filter;
static enum bufferevent_filter_result result = BEV_OK;
static int contexts_freed;

static const char *
mode_name(enum bufferevent_flush_mode mode)
{
	return mode == BEV_NORMAL ? "normal"
	    : mode == BEV_FLUSH ? "flush" : "finished";
}

/* Notes the call, and moves what it may, in upper case. */
static enum bufferevent_filter_result
raise_letters(const char *name, struct evbuffer *src, struct evbuffer *dst,
    ev_ssize_t limit, enum bufferevent_flush_mode mode)
{
	size_t size = evbuffer_get_length(src);
	char text[1024];

	note("%s(%zu,%ld,%s)", name, size, (long)limit, mode_name(mode));
	if (result != BEV_OK)
		return result;
	if (limit >= 0 && size > (size_t)limit)
		size = limit;
	if (size > sizeof(text))
		size = sizeof(text);
	if (size == 0)
		return BEV_NEED_MORE;
	evbuffer_remove(src, text, size);
	for (size_t i = 0; i < size; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] -= 'a' - 'A';
	evbuffer_add(dst, text, size);
	return BEV_OK;
}

static enum bufferevent_filter_result
input(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *ctx)
{
	ck_assert_str_eq(ctx, "context");
	return raise_letters("in", src, dst, limit, mode);
}

static enum bufferevent_filter_result
output(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *ctx)
{
	ck_assert_str_eq(ctx, "context");
	return raise_letters("out", src, dst, limit, mode);
}

static void
free_context(void *ctx)
{
	ck_assert_str_eq(ctx, "context");
	contexts_freed++;
}

static void
begin_filter(int options)
{
	begin_bev(0);
	filter = bufferevent_filter_new(
	    bev, input, output, options, free_context, "context");
	take_notes(filter, "");
}

TEST(a_filter_by_itself)
{
	size_t low, high;

	begin_filter(BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_eq(bufferevent_get_underlying(filter), bev);
	ck_assert_ptr_eq(bufferevent_get_base(filter), base);
	bufferevent_getwatermark(filter, EV_READ, &low, &high);
	trace("fd is the socket's: %d, enabled %x below %x, marks %zu %zu",
	    bufferevent_getfd(filter) == pair[0],
	    (unsigned)bufferevent_get_enabled(filter),
	    (unsigned)bufferevent_get_enabled(bev), low, high);
	turn();
	ck_notes("");
	bufferevent_free(filter);
	turn();
	ck_assert_int_eq(contexts_freed, 1);
	ck_assert(!is_open(pair[0]));
}

TEST(underlying_stays_if_not_told)
{
	begin_filter(0);
	bufferevent_free(filter);
	turn();
	ck_assert_int_eq(contexts_freed, 1);
	ck_assert(is_open(pair[0]));
	ck_assert_int_eq(bufferevent_getfd(bev), pair[0]);
	/* And can be used again. */
	take_notes(bev, "below:");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("below:r5");
}

TEST(input_is_filtered)
{
	begin_filter(0);
	bufferevent_setcb(filter, note_text, note_write, note_event, "");
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("in(5,-1,normal) \"HELLO\"");
	put(pair[1], "again");
	shutdown(pair[1], SHUT_WR);
	turn();
	ck_notes("in(5,-1,normal) \"AGAIN\" eof+reading");
}

TEST(output_is_filtered)
{
	begin_filter(0);
	say(filter, "hello");
	trace("at once: %s; %zu %zu", capi_log, out(filter), out(bev));
	turn();
	trace("%s", capi_log);
	ck_assert_str_eq(got(pair[1]), "HELLO");
}

TEST(no_functions_pass_everything_through)
{
	begin_bev(0);
	filter = bufferevent_filter_new(bev, NULL, NULL, 0, NULL, NULL);
	bufferevent_setcb(filter, note_text, note_write, note_event, "");
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "hello");
	say(filter, "hi");
	turn();
	ck_notes("w0 \"hello\"");
	ck_assert_str_eq(got(pair[1]), "hi");
	bufferevent_free(filter);
}

TEST(input_needs_more)
{
	begin_filter(0);
	bufferevent_enable(filter, EV_READ);
	result = BEV_NEED_MORE;
	put(pair[1], "hel");
	turn();
	ck_notes("in(3,-1,normal)");
	ck_assert_uint_eq(in(bev), 3);
	result = BEV_OK;
	put(pair[1], "lo");
	turn();
	ck_notes("in(5,-1,normal) r5");
	ck_assert_uint_eq(in(filter), 5);
}

TEST(input_fails)
{
	begin_filter(0);
	bufferevent_enable(filter, EV_READ);
	result = BEV_ERROR;
	put(pair[1], "hello");
	turn();
	ck_notes("in(5,-1,normal)");
	ck_assert_uint_eq(in(filter), 0);
}

TEST(output_needs_more)
{
	begin_filter(0);
	result = BEV_NEED_MORE;
	say(filter, "hel");
	turn();
	ck_notes("out(3,-1,normal) out(3,-1,normal)");
	ck_assert_uint_eq(out(filter), 3);
	result = BEV_OK;
	say(filter, "lo");
	turn();
	ck_notes("out(5,-1,normal) w0");
	ck_assert_str_eq(got(pair[1]), "HELLO");
}

TEST(output_fails)
{
	begin_filter(0);
	result = BEV_ERROR;
	trace("write %d", bufferevent_write(filter, "hello", 5));
	turn();
	ck_notes("out(5,-1,normal) out(5,-1,normal)");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	ck_assert_uint_eq(out(filter), 5);
}

TEST(disabled_filter)
{
	begin_filter(0);
	bufferevent_disable(filter, EV_WRITE);
	say(filter, "hello");
	put(pair[1], "hello");
	turn();
	ck_notes("");
	bufferevent_enable(filter, EV_READ);
	turn();
	ck_notes("in(5,-1,normal) r5");
	trace("peer got %s", got(pair[1]));
}

TEST(what_was_written_while_disabled_is_sent_when_enabled)
{
	begin_filter(0);
	bufferevent_disable(filter, EV_WRITE);
	say(filter, "hello");
	turn();
	ck_notes("");
	bufferevent_enable(filter, EV_WRITE);
	turn();
	ck_notes("out(5,-1,normal) w0");
	ck_assert_str_eq(got(pair[1]), "HELLO");
}

/* Ten bytes have come for a filter that takes four. */
static void
begin_full_filter(bufferevent_data_cb on_read)
{
	begin_filter(0);
	bufferevent_setcb(filter, on_read, NULL, note_event, "");
	bufferevent_setwatermark(filter, EV_READ, 0, 4);
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "0123456789");
	turn();
}

TEST(what_waits_underneath_is_read_when_enabled)
{
	begin_full_filter(NULL);
	ck_assert_uint_eq(in(bev), 6);
	bufferevent_disable(filter, EV_READ);
	evbuffer_drain(bufferevent_get_input(filter), 4);
	turn();
	ck_assert_uint_eq(in(bev), 6);
	bufferevent_enable(filter, EV_READ);
	turn();
	ck_assert_uint_eq(in(filter), 4);
	bufferevent_setwatermark(filter, EV_READ, 0, 0);
	turn();
	ck_assert_uint_eq(in(filter), 6);
}

TEST(flush_modes_of_writing)
{
	for (int mode = BEV_NORMAL; mode <= BEV_FINISHED; mode++) {
		begin_filter(BEV_OPT_CLOSE_ON_FREE);
		result = BEV_NEED_MORE;
		say(filter, "hello");
		result = BEV_OK;
		trace("%s: %d", mode_name(mode),
		    bufferevent_flush(filter, EV_WRITE, mode));
		turn();
		trace("%s; peer got %s", capi_log, got(pair[1]));
		capi_log[0] = '\0';
		bufferevent_free(filter);
		turn();
	}
}

TEST(flush_modes_of_reading)
{
	for (int mode = BEV_NORMAL; mode <= BEV_FINISHED; mode++) {
		begin_filter(BEV_OPT_CLOSE_ON_FREE);
		bufferevent_enable(filter, EV_READ);
		result = BEV_NEED_MORE;
		put(pair[1], "hello");
		turn();
		result = BEV_OK;
		trace("%s: %d", mode_name(mode),
		    bufferevent_flush(filter, EV_READ, mode));
		turn();
		trace("%s; in %zu %zu", capi_log, in(filter), in(bev));
		capi_log[0] = '\0';
		bufferevent_free(filter);
		turn();
	}
}

TEST(high_mark_of_reading)
{
	begin_full_filter(NULL);
	trace("%s; in %zu %zu", capi_log, in(filter), in(bev));
	evbuffer_drain(bufferevent_get_input(filter), 4);
	turn();
	trace("%s; in %zu %zu", capi_log, in(filter), in(bev));
	evbuffer_drain(bufferevent_get_input(filter), 1);
	turn();
	trace("%s; in %zu %zu", capi_log, in(filter), in(bev));
}

DATA_CALLBACK(take_everything)
{
	note("r%zu", in(b));
	evbuffer_drain(bufferevent_get_input(b), in(b));
}

TEST(the_read_callback_makes_room_below_the_high_mark)
{
	begin_full_filter(take_everything);
	ck_assert_uint_eq(in(bev), 0);
	ck_notes("in(10,4,normal) r4 in(6,4,normal) r4 in(2,4,normal) r2");
}

/* Moves whole blocks of four only. */
static enum bufferevent_filter_result
blocks(struct evbuffer *src, struct evbuffer *dst, ev_ssize_t limit,
    enum bufferevent_flush_mode mode, void *ctx)
{
	(void)ctx;
	note("in(%zu,%ld,%s)", evbuffer_get_length(src), (long)limit,
	    mode_name(mode));
	if (evbuffer_get_length(src) < 4)
		return BEV_NEED_MORE;
	evbuffer_remove_buffer(src, dst, 4);
	return BEV_OK;
}

/* Without a high mark there was room: draining is no reason to ask again. */
TEST(draining_does_not_ask_a_filter_that_needs_more)
{
	begin_bev(0);
	filter = bufferevent_filter_new(bev, blocks, NULL, 0, NULL, NULL);
	bufferevent_setcb(filter, take_everything, NULL, note_event, "");
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "012345678");
	turn();
	ck_notes("in(9,-1,normal) in(5,-1,normal) in(1,-1,normal) r8");
	put(pair[1], "9ab");
	turn();
	ck_notes("in(4,-1,normal) r4");
}

/* What was enabled all the time is not asked about what it left. */
TEST(enabling_again_does_not_ask_a_filter_that_needs_more)
{
	begin_bev(0);
	filter = bufferevent_filter_new(bev, blocks, blocks, 0, NULL, NULL);
	bufferevent_setcb(filter, NULL, NULL, note_event, "");
	bufferevent_enable(filter, EV_READ | EV_WRITE);
	put(pair[1], "01234");
	say(filter, "56789");
	turn();
	ck_assert_uint_eq(in(bev), 1);
	ck_assert_uint_eq(out(filter), 1);
	capi_log[0] = '\0';
	bufferevent_enable(filter, EV_READ | EV_WRITE);
	turn();
	ck_notes("");
}

TEST(high_mark_of_the_underlying_output)
{
	begin_filter(0);
	bufferevent_setwatermark(bev, EV_WRITE, 0, 4);
	say(filter, "0123456789");
	trace("at once: %s; out %zu %zu", capi_log, out(filter), out(bev));
	turn();
	trace("%s; out %zu %zu", capi_log, out(filter), out(bev));
	trace("peer got %s", got(pair[1]));
}

TEST(low_mark_of_reading)
{
	begin_filter(0);
	bufferevent_setwatermark(filter, EV_READ, 4, 0);
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "abc");
	turn();
	ck_notes("in(3,-1,normal)");
	put(pair[1], "d");
	turn();
	ck_notes("in(1,-1,normal) r4");
}

DATA_CALLBACK(free_reading)
{
	note_read(b, arg);
	bufferevent_free(b);
}

EVENT_CALLBACK(free_in_event)
{
	note_event(b, what, arg);
	bufferevent_free(b);
}

TEST(freed_in_its_callbacks)
{
	begin_filter(BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(filter, free_reading, NULL, NULL, "");
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "x");
	turn();
	ck_assert_int_eq(contexts_freed, 1);
	ck_assert(!is_open(pair[0]));
	begin_filter(BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(filter, NULL, NULL, free_in_event, "");
	bufferevent_enable(filter, EV_READ);
	close(pair[1]);
	turn();
	ck_notes("in(1,-1,normal) r1 eof+reading");
	ck_assert_int_eq(contexts_freed, 2);
	ck_assert(!is_open(pair[0]));
}

TEST(filters_on_filters)
{
	struct bufferevent *upper;

	begin_filter(BEV_OPT_CLOSE_ON_FREE);
	upper = bufferevent_filter_new(filter, input, output,
	    BEV_OPT_CLOSE_ON_FREE, free_context, "context");
	take_notes(upper, "upper:");
	ck_assert_ptr_eq(bufferevent_get_underlying(upper), filter);
	bufferevent_enable(upper, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("in(5,-1,normal) in(5,-1,normal) upper:r5");
	say(upper, "hi");
	turn();
	ck_notes("out(2,-1,normal) out(2,-1,normal) upper:w0");
	ck_assert_str_eq(got(pair[1]), "HI");
	bufferevent_free(upper);
	turn();
	ck_assert_int_eq(contexts_freed, 2);
	ck_assert(!is_open(pair[0]));
}

TEST(filter_on_a_pair)
{
	struct bufferevent *both[2];

	base = event_base_new();
	bufferevent_pair_new(base, BEV_OPT_DEFER_CALLBACKS, both);
	filter = bufferevent_filter_new(both[0], input, output,
	    BEV_OPT_CLOSE_ON_FREE, free_context, "context");
	take_notes(filter, "");
	take_notes(both[1], "peer:");
	bufferevent_enable(filter, EV_READ);
	bufferevent_enable(both[1], EV_READ);
	say(filter, "question");
	turn();
	trace("%s", capi_log);
	capi_log[0] = '\0';
	say(both[1], "answer");
	turn();
	trace("%s", capi_log);
	capi_log[0] = '\0';
	bufferevent_flush(both[1], EV_WRITE, BEV_FINISHED);
	turn();
	trace("%s", capi_log);
}

/* It is told, and then works as before: nothing passes a filter that does not read. */
TEST(the_underlying_bufferevent_comes_to_its_end)
{
	struct bufferevent *both[2];

	base = event_base_new();
	bufferevent_pair_new(base, 0, both);
	filter = bufferevent_filter_new(
	    both[0], input, output, 0, free_context, "context");
	take_notes(filter, "");
	bufferevent_enable(filter, EV_READ);
	bufferevent_flush(both[1], EV_WRITE, BEV_FINISHED);
	turn();
	say(both[1], "after the end");
	turn();
	trace("%s; in %zu", capi_log, in(filter));
	capi_log[0] = '\0';
	bufferevent_disable(filter, EV_READ);
	bufferevent_flush(both[1], EV_WRITE, BEV_FLUSH);
	say(both[1], "even later");
	bufferevent_flush(both[1], EV_WRITE, BEV_FLUSH);
	turn();
	trace("%s; in %zu", capi_log, in(filter));
}

/* Without locks, only sockets and pairs refuse to be made. */
TEST(a_filter_has_a_lock_of_its_own_above_a_socket_without_one)
{
	begin_filter(BEV_OPT_THREADSAFE);
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("in(5,-1,normal) r5");
}
