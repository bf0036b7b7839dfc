/* Two threads on one bufferevent. */
// runs: one-locking
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include <event2/bufferevent_compat.h>
#include <pthread.h>

#define BLOCKS 2000
#define BLOCK 64

static _Atomic int stop;
static size_t received;

static void
begin_threads(int options)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_bev(BEV_OPT_THREADSAFE | options);
}

static void *
run_the_loop(void *arg UNUSED)
{
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static pthread_t looper;

static void
start_loop(void)
{
	ck_assert_int_eq(
	    pthread_create(&looper, NULL, run_the_loop, NULL), 0);
}

/* Also if the other thread has yet to begin: a break would be forgotten then. */
static void
stop_loop(void)
{
	event_base_loopexit(base, NULL);
	pthread_join(looper, NULL);
}

/* Reads what comes out at the other end; every block is whole. */
static void
expect_blocks(size_t total)
{
	static unsigned char block[BLOCK];
	size_t have = 0;

	fcntl(pair[1], F_SETFL, 0);
	while (received < total) {
		ssize_t size = read(pair[1], block + have, BLOCK - have);

		ck_assert_int_gt(size, 0);
		have += size;
		received += size;
		if (have < BLOCK)
			continue;
		ck_assert_mem_eq(block + 1, block, BLOCK - 1);
		have = 0;
	}
}

static void *
write_blocks(void *arg)
{
	char block[BLOCK];

	memset(block, *(const char *)arg, BLOCK);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert_int_eq(bufferevent_write(bev, block, BLOCK), 0);
	return NULL;
}

static void
two_writers(int options)
{
	pthread_t writers[2];

	begin_threads(options);
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	start_loop();
	pthread_create(&writers[0], NULL, write_blocks, "a");
	pthread_create(&writers[1], NULL, write_blocks, "b");
	expect_blocks(2 * BLOCKS * BLOCK);
	pthread_join(writers[0], NULL);
	pthread_join(writers[1], NULL);
	stop_loop();
	ck_assert_uint_eq(out(bev), 0);
	ck_assert_str_eq(capi_log, "");
}

TEST(two_threads_write)
{
	two_writers(0);
}

TEST(two_threads_write_with_deferred_callbacks)
{
	two_writers(BEV_OPT_DEFER_CALLBACKS);
}

TEST(two_threads_write_with_unlocked_callbacks)
{
	two_writers(BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS);
}

static void *
feed_blocks(void *arg UNUSED)
{
	static char block[BLOCK];

	fcntl(pair[1], F_SETFL, 0);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert_int_eq(write(pair[1], block, BLOCK), BLOCK);
	return NULL;
}

/* One thread reads while the loop goes on filling. */
TEST(a_thread_reads_beside_the_loop)
{
	char block[1000];
	pthread_t feeder;
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	begin_threads(0);
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_setwatermark(bev, EV_READ, 0, 4096);
	bufferevent_enable(bev, EV_READ);
	start_loop();
	pthread_create(&feeder, NULL, feed_blocks, NULL);
	while (received < BLOCKS * BLOCK && capi_now_ms() < end)
		received += bufferevent_read(bev, block, sizeof(block));
	ck_assert_uint_eq(received, BLOCKS * BLOCK);
	pthread_join(feeder, NULL);
	stop_loop();
}

static void *
switch_on_and_off(void *arg UNUSED)
{
	struct timeval tv = {10, 0};

	while (!stop) {
		bufferevent_disable(bev, EV_READ | EV_WRITE);
		bufferevent_set_timeouts(bev, &tv, &tv);
		bufferevent_setwatermark(bev, EV_READ, 0, 1 << 20);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
		bufferevent_incref(bev);
		bufferevent_decref(bev);
	}
	return NULL;
}

DATA_CALLBACK(echo)
{
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

TEST(switched_on_and_off_beside_the_loop)
{
	pthread_t switcher, feeder;

	begin_threads(0);
	bufferevent_setcb(bev, echo, NULL, NULL, NULL);
	bufferevent_enable(bev, EV_READ);
	start_loop();
	pthread_create(&switcher, NULL, switch_on_and_off, NULL);
	pthread_create(&feeder, NULL, feed_blocks, NULL);
	expect_blocks(BLOCKS * BLOCK);
	stop = 1;
	pthread_join(switcher, NULL);
	pthread_join(feeder, NULL);
	stop_loop();
}

static int calls;

DATA_CALLBACK(count_call)
{
	calls++;
}

/* Freed while the loop may be inside a callback of it. */
TEST(freed_beside_the_loop)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	start_loop();
	for (int i = 0; i < 300; i++) {
		capi_pair(pair);
		bev = bufferevent_socket_new(base, pair[0],
		    BEV_OPT_THREADSAFE | BEV_OPT_CLOSE_ON_FREE |
		    (i & 1 ? BEV_OPT_DEFER_CALLBACKS : 0) |
		    (i & 2 ? BEV_OPT_DEFER_CALLBACKS |
		    BEV_OPT_UNLOCK_CALLBACKS : 0));
		bufferevent_setcb(bev, count_call, count_call, NULL, NULL);
		bufferevent_enable(bev, EV_READ);
		put(pair[1], "x");
		say(bev, "y");
		if (i & 4)
			sched_yield();
		bufferevent_free(bev);
		close(pair[1]);
	}
	stop_loop();
	event_base_free(base);
	trace("done");
}

static int
calls_so_far(void)
{
	int now;

	bufferevent_lock(bev);
	now = calls;
	bufferevent_unlock(bev);
	return now;
}

TEST(lock_keeps_the_loop_out)
{
	begin_threads(0);
	bufferevent_setcb(bev, count_call, NULL, NULL, NULL);
	bufferevent_enable(bev, EV_READ);
	bufferevent_lock(bev);
	start_loop();
	put(pair[1], "x");
	capi_sleep_ms(60);
	ck_assert_int_eq(calls, 0);
	ck_assert_uint_eq(in(bev), 0);
	bufferevent_unlock(bev);
	while (!calls_so_far())
		capi_sleep_ms(2);
	stop_loop();
	ck_assert_int_eq(calls, 1);
}
