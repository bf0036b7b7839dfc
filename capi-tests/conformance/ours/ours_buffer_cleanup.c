/*
 * Cleanup functions and callbacks that change the same buffer in the middle of
 * an operation, and owners that go before what they share. libevent uses freed
 * memory in most of these.
 */
// runs: one-backend
#include "capi.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <pthread.h>

static struct evbuffer *buf;
static char block[8000];
static int cleanups;

/* A chain that is nearly full, and an empty reference behind it that is replaced
 * when there is need for space. */
static void
set_up(evbuffer_ref_cleanup_cb cleanup)
{
	memset(block, 'b', sizeof(block));
	buf = evbuffer_new();
	evbuffer_add(buf, block, 970);
	ck_assert_int_eq(evbuffer_add_reference(buf, "x", 0, cleanup, NULL), 0);
}

static void
check_contents(const char *expected)
{
	size_t length = evbuffer_get_length(buf);
	unsigned char *bytes = evbuffer_pullup(buf, -1);
	const char *part = expected;

	/* Pairs of a letter and how often it comes. */
	for (size_t at = 0; at < length;) {
		char letter;
		int count, read;
		ck_assert_int_eq(sscanf(part, "%c%d %n", &letter, &count, &read), 2);
		part += read;
		for (int i = 0; i < count; i++, at++)
			ck_assert_int_eq(bytes[at], letter);
		ck_assert_uint_le(at, length);
	}
	ck_assert_str_eq(part, "");
}

static void
add_in_cleanup(const void *data, size_t length, void *arg)
{
	(void)data, (void)length, (void)arg;
	cleanups++;
	evbuffer_add(buf, block, 3000);
}

TEST(space_is_reserved_behind_what_a_cleanup_adds)
{
	struct evbuffer_iovec room[2];

	for (int n = 1; n <= 2; n++) {
		set_up(add_in_cleanup);
		ck_assert_int_ge(evbuffer_reserve_space(buf, 5000, room, n), 1);
		ck_assert_int_eq(cleanups, n);
		ck_assert_uint_ge(room[0].iov_len, 5);
		memset(room[0].iov_base, 'z', room[0].iov_len);
		room[0].iov_len = 5;
		ck_assert_int_eq(evbuffer_commit_space(buf, room, 1), 0);
		check_contents("b3970 z5 ");
		evbuffer_free(buf);
	}
}

TEST(text_is_printed_behind_what_a_cleanup_adds)
{
	set_up(add_in_cleanup);
	ck_assert_int_eq(evbuffer_add_printf(buf, "%s", "zzz"), 3);
	ck_assert_int_eq(cleanups, 1);
	ck_assert_int_eq(evbuffer_add_printf(buf, "%0500d", 0), 500);
	check_contents("b3970 z3 0500 ");
	evbuffer_free(buf);
}

TEST(a_cleanup_takes_the_space_that_was_made)
{
	set_up(add_in_cleanup);
	ck_assert_int_eq(evbuffer_expand(buf, 2000), 0);
	ck_assert_int_eq(cleanups, 1);
	memset(block, 'c', sizeof(block));
	ck_assert_int_eq(evbuffer_add(buf, block, 5000), 0);
	check_contents("b3970 c5000 ");
	evbuffer_free(buf);
}

static void
drain_in_cleanup(const void *data, size_t length, void *arg)
{
	(void)data, (void)length, (void)arg;
	cleanups++;
	evbuffer_drain(buf, *(size_t *)arg);
}

TEST(a_cleanup_drains_what_was_pulled_up)
{
	const size_t drained[] = {0, 2, 3000, 3005, 10000};

	memset(block, 'b', sizeof(block));
	for (int i = 0; i < 5; i++) {
		size_t amount = drained[i], left = amount < 3006 ? 3006 - amount : 0;
		unsigned char *bytes;

		buf = evbuffer_new();
		evbuffer_add(buf, "aaa", 3);
		evbuffer_add_reference(buf, "rrr", 3, drain_in_cleanup, &amount);
		evbuffer_add(buf, block, 3000);
		bytes = evbuffer_pullup(buf, 3006);
		ck_assert_int_eq(cleanups, i + 1);
		ck_assert_uint_eq(evbuffer_get_length(buf), left);
		/* There are as many bytes as were asked for, or none. */
		ck_assert_int_eq(bytes != NULL, amount == 0);
		if (bytes)
			ck_assert_mem_eq(bytes + 6, block, 3000);
		evbuffer_free(buf);
	}
}

static void
refer_in_cleanup(const void *data, size_t length, void *arg)
{
	(void)data, (void)length, (void)arg;
	if (++cleanups < 1000)
		evbuffer_add_reference(buf, "y", 0, refer_in_cleanup, NULL);
}

TEST(a_cleanup_that_takes_every_space_is_given_up)
{
	struct evbuffer_iovec room;

	set_up(refer_in_cleanup);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 5000, &room, 1), -1);
	ck_assert_int_lt(cleanups, 1000);
	ck_assert_uint_eq(evbuffer_get_length(buf), 970);
	cleanups = 1000;
	evbuffer_free(buf);
}

static void
add_to_it(const void *data, size_t length, void *arg)
{
	(void)data, (void)length;
	cleanups++;
	evbuffer_add(arg, "late", 4);
}

TEST(a_cleanup_uses_the_buffer_that_is_freed)
{
	buf = evbuffer_new();
	evbuffer_add_reference(buf, "x", 1, add_to_it, buf);
	evbuffer_free(buf);
	ck_assert_int_eq(cleanups, 1);
}

TEST(the_owner_of_shared_bytes_goes_first)
{
	struct evbuffer *owner = evbuffer_new();
	char bytes[5];

	buf = evbuffer_new();
	evbuffer_add_reference(owner, "bytes", 5, add_to_it, buf);
	evbuffer_add(owner, "own", 3);
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, owner), 0);
	evbuffer_free(owner);
	ck_assert_int_eq(cleanups, 0);
	ck_assert_int_eq(evbuffer_remove(buf, bytes, 5), 5);
	ck_assert_mem_eq(bytes, "bytes", 5);
	ck_assert_int_eq(cleanups, 1);
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), "ownlate", 7);
	evbuffer_free(buf);
}

/* Its lock goes, too. */
TEST(the_bufferevent_of_shared_bytes_goes_first)
{
	struct event_base *base;
	struct bufferevent *pair[2];

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ck_assert_int_eq(bufferevent_pair_new(base, BEV_OPT_THREADSAFE, pair), 0);
	bufferevent_enable(pair[1], EV_READ);
	bufferevent_write(pair[0], "hello", 5);
	event_base_loop(base, EVLOOP_NONBLOCK);
	buf = evbuffer_new();
	ck_assert_int_eq(
	    evbuffer_add_buffer_reference(buf, bufferevent_get_input(pair[1])), 0);
	bufferevent_free(pair[0]);
	bufferevent_free(pair[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	ck_assert_mem_eq(evbuffer_pullup(buf, 5), "hello", 5);
	evbuffer_drain(buf, 5);
	evbuffer_free(buf);
}

static struct bufferevent *bev;

static void
free_bufferevent(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	(void)b, (void)info, (void)arg;
	if (bev)
		bufferevent_free(bev);
	bev = NULL;
}

static void
pass_on(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	(void)info;
	evbuffer_remove_buffer(b, arg, 100);
}

TEST(a_bufferevent_is_freed_from_its_buffers)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	for (int nested = 0; nested < 2; nested++) {
		bev = bufferevent_socket_new(NULL, -1, BEV_OPT_THREADSAFE);
		ck_assert_ptr_nonnull(bev);
		buf = evbuffer_new();
		evbuffer_unfreeze(bufferevent_get_output(bev), 1);
		evbuffer_unfreeze(bufferevent_get_input(bev), 0);
		if (nested) {
			evbuffer_add_cb(bufferevent_get_output(bev), pass_on,
			    bufferevent_get_input(bev));
			evbuffer_add_cb(bufferevent_get_input(bev), free_bufferevent, NULL);
		} else
			evbuffer_add_cb(bufferevent_get_output(bev), free_bufferevent, NULL);
		ck_assert_int_eq(bufferevent_write(bev, "hello", 5), 0);
		ck_assert_ptr_null(bev);
		evbuffer_free(buf);
	}
}

#define ROUNDS 20000
static struct evbuffer *one, *two;

static void *
refer_and_drain(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		evbuffer_add(one, "abcdefgh", 8);
		evbuffer_add_buffer_reference(two, one);
		evbuffer_drain(one, 8);
		evbuffer_drain(two, 1 << 20);
	}
	return arg;
}

static void *
move_both_ways(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		evbuffer_remove_buffer(one, two, 4);
		evbuffer_remove_buffer(two, one, 4);
	}
	return arg;
}

TEST(sharing_and_moving_in_two_threads_goes_on)
{
	pthread_t threads[2];

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	one = evbuffer_new();
	two = evbuffer_new();
	evbuffer_enable_locking(one, NULL);
	evbuffer_enable_locking(two, NULL);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, refer_and_drain, NULL), 0);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, move_both_ways, NULL), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	evbuffer_free(one);
	evbuffer_free(two);
}
