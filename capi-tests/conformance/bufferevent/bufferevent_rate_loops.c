/*
 * Groups whose members are in several loops, each run by a thread. What depends
 * on the clock is waited for.
 */
// runs: one-backend, one-locking
#define CAPI_OWN_LOCKS
#include "rates.h"

#include <pthread.h>

#define MANY 4

static struct event_base *bases[2];
static pthread_t threads[2];
static struct bufferevent_rate_limit_group *group;
static struct bufferevent *bevs[MANY];
static size_t got[MANY];

static void *
loop(void *of)
{
	event_base_loop(of, EVLOOP_NO_EXIT_ON_EMPTY);
	return of;
}

static size_t
read_so_far(struct bufferevent *bev, size_t *count)
{
	size_t now;

	bufferevent_lock(bev);
	now = *count;
	bufferevent_unlock(bev);
	return now;
}

static void
refill(struct bufferevent *bev, void *unused)
{
	static char bytes[30000];

	(void)unused;
	bufferevent_write(bev, bytes, sizeof(bytes));
}

static void
make_bases(void)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	for (int i = 0; i < 2; i++)
		bases[i] = event_base_new();
}

static void
start_loops(void)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, loop, bases[i]), 0);
}

static void
stop_loops(void)
{
	for (int i = 0; i < 2; i++)
		event_base_loopbreak(bases[i]);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		event_base_free(bases[i]);
	}
}

/* The members run in two threads, and a third one changes everything. */
TEST(two_loops_share_a_group)
{
	struct bufferevent *writers[MANY];
	struct ev_token_bucket_cfg *cfgs[2] = {
	    config(5000, 8000, 5), config(2000, 2000, 5)};
	size_t before[MANY];

	make_bases();
	/* Readers are freed while their writers write. */
	signal(SIGPIPE, SIG_IGN);
	group = bufferevent_rate_limit_group_new(bases[0], cfgs[0]);
	for (int i = 0; i < MANY; i++) {
		int options = BEV_OPT_THREADSAFE | BEV_OPT_CLOSE_ON_FREE;

		capi_pair(pair);
		bevs[i] = bufferevent_socket_new(bases[i % 2], pair[0], options);
		writers[i] =
		    bufferevent_socket_new(bases[1 - i % 2], pair[1], options);
		bufferevent_setcb(bevs[i], read_all, NULL, NULL, &got[i]);
		bufferevent_setcb(writers[i], NULL, refill, NULL, NULL);
		bufferevent_add_to_rate_limit_group(bevs[i], group);
		bufferevent_add_to_rate_limit_group(writers[i], group);
		bufferevent_enable(bevs[i], EV_READ);
		refill(writers[i], NULL);
	}
	start_loops();
	for (int i = 0; i < 200; i++) {
		struct bufferevent *bev = bevs[i % MANY];

		capi_sleep_ms(3);
		bufferevent_rate_limit_group_set_cfg(group, cfgs[i % 2]);
		bufferevent_rate_limit_group_decrement_read(
		    group, i % 3 ? 1000 : -500);
		bufferevent_set_rate_limit(bev, i % 5 ? cfgs[0] : NULL);
		if (i % 7 == 0) {
			bufferevent_remove_from_rate_limit_group(bev);
			bufferevent_add_to_rate_limit_group(bev, group);
		}
	}
	/* Whoever was suspended goes on in the end. */
	for (int i = 0; i < MANY; i++) {
		bufferevent_set_rate_limit(bevs[i], NULL);
		bufferevent_remove_from_rate_limit_group(bevs[i]);
		bufferevent_remove_from_rate_limit_group(writers[i]);
		before[i] = read_so_far(bevs[i], &got[i]);
	}
	for (int i = 0; i < MANY; i++)
		while (read_so_far(bevs[i], &got[i]) == before[i])
			capi_sleep_ms(5);
	for (int i = 0; i < MANY; i++) {
		bufferevent_free(bevs[i]);
		bufferevent_free(writers[i]);
	}
	bufferevent_rate_limit_group_free(group);
	stop_loops();
}

/*
 * Two members in each of two loops, with 1000 bytes for all in a tick of 20 ms.
 * Those of a loop that has writers always find something to read.
 */
static struct bufferevent *writers[MANY];

static void
begin_reading(int loops_with_writers)
{
	int options = BEV_OPT_THREADSAFE | BEV_OPT_CLOSE_ON_FREE;

	make_bases();
	signal(SIGPIPE, SIG_IGN);
	group = bufferevent_rate_limit_group_new(
	    bases[0], config(1000, 1000, 20));
	for (int i = 0; i < MANY; i++) {
		struct event_base *of = bases[i % 2];

		capi_pair(pair);
		bevs[i] = bufferevent_socket_new(of, pair[0], options);
		writers[i] = bufferevent_socket_new(of, pair[1], options);
		bufferevent_setcb(bevs[i], read_all, NULL, NULL, &got[i]);
		bufferevent_setcb(writers[i], NULL, refill, NULL, NULL);
		bufferevent_add_to_rate_limit_group(bevs[i], group);
		bufferevent_enable(bevs[i], EV_READ);
		if (loops_with_writers & 1 << i % 2)
			refill(writers[i], NULL);
	}
	start_loops();
}

static size_t
read_in_loop(int which)
{
	return read_so_far(bevs[which], &got[which]) +
	    read_so_far(bevs[which + 2], &got[which + 2]);
}

static void
end_reading(void)
{
	for (int i = 0; i < MANY; i++) {
		bufferevent_remove_from_rate_limit_group(bevs[i]);
		bufferevent_free(writers[i]);
		bufferevent_free(bevs[i]);
	}
	bufferevent_rate_limit_group_free(group);
	stop_loops();
}

/* No loop takes all before the other one has been woken up. */
TEST_TIMED(loops_share_alike)
{
	size_t shares[2] = {0, 0}, total = 0;

	begin_reading(3);
	for (int i = 0; i < 300; i++) {
		capi_sleep_ms(10);
		shares[0] = read_in_loop(0);
		shares[1] = read_in_loop(1);
		total = shares[0] + shares[1];
		if (total >= 20000 && shares[0] * 3 >= total &&
		    shares[1] * 3 >= total)
			break;
	}
	end_reading();
	ck_assert_uint_ge(shares[0] * 3, total);
	ck_assert_uint_ge(shares[1] * 3, total);
}

/* What one loop leaves, the other one gets: 25 ticks bring 25000 bytes. */
static void
all_for_loop(int which)
{
	size_t most = 0;

	begin_reading(1 << which);
	for (int i = 0; i < 6 && most < 20000; i++) {
		size_t before = read_in_loop(which), read;
		long long start = capi_now_ms();

		capi_sleep_ms(500);
		read = read_in_loop(which) - before;
		if (capi_now_ms() - start < 600 * capi_slowness && read > most)
			most = read;
	}
	end_reading();
	ck_assert_uint_ge(most, 20000);
}

TEST_TIMED(the_first_loop_alone_gets_all)
{
	all_for_loop(0);
}

TEST_TIMED(the_second_loop_alone_gets_all)
{
	all_for_loop(1);
}
