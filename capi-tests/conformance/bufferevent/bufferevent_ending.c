/*
 * A bufferevent is freed while the loop's thread waits for its lock: what the
 * loop does afterwards leaves nothing behind that leads to freed memory.
 */
// runs: one-locking
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include <event2/bufferevent_compat.h>
#include <pthread.h>
#include <semaphore.h>

static sem_t ask, locked;
static size_t bytes;

/* Holds the lock until the loop waits for it, and frees the bufferevent then. */
static void *
free_it(void *arg UNUSED)
{
	static char data[1000];

	sem_wait(&ask);
	bufferevent_lock(bev);
	if (bytes)
		ck_assert_int_eq(write(pair[1], data, bytes), bytes);
	sem_post(&locked);
	capi_sleep_ms(50);
	bufferevent_free(bev);
	bufferevent_unlock(bev);
	return NULL;
}

/* Comes before the bufferevent's event, which waits for the lock. */
CALLBACK(let_it_be_locked)
{
	sem_post(&ask);
	sem_wait(&locked);
}

static void
begin_ending(int options)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	sem_init(&ask, 0, 0);
	sem_init(&locked, 0, 0);
	begin_bev(BEV_OPT_THREADSAFE | options);
	event_base_priority_init(base, 2);
	bufferevent_priority_set(bev, 1);
}

/* What is left works, although the memory is used again. */
static void
expect_nothing_behind(void)
{
	void *junk[64];

	for (int i = 0; i < 64; i++) {
		junk[i] = malloc(16 + i * 16);
		memset(junk[i], 0xa5, 16 + i * 16);
	}
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	capi_pair(pair);
	bev = bufferevent_socket_new(
	    base, pair[0], BEV_OPT_THREADSAFE | BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "again");
	turn();
	ck_notes("r5");
	bufferevent_free(bev);
	turn();
	for (int i = 0; i < 64; i++)
		free(junk[i]);
	event_base_free(base);
}

static void
run_with(struct event *first)
{
	pthread_t thread;

	pthread_create(&thread, NULL, free_it, NULL);
	event_base_loop(base, EVLOOP_ONCE);
	pthread_join(thread, NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_free(first);
	ck_notes("");
	expect_nothing_behind();
}

static struct event *
first_event(void)
{
	struct event *first =
	    event_new(base, -1, EV_PERSIST, let_it_be_locked, NULL);

	event_priority_set(first, 0);
	event_active(first, EV_READ, 1);
	return first;
}

/* More output than is taken at once, and no callback for what is. */
TEST(freed_while_the_loop_is_to_write)
{
	static char big[400000];

	begin_ending(0);
	bufferevent_setwatermark(bev, EV_WRITE, sizeof(big), 0);
	bufferevent_setcb(bev, NULL, note_write, NULL, "");
	bufferevent_write(bev, big, sizeof(big));
	event_active(&bev->ev_write, EV_WRITE, 1);
	run_with(first_event());
}

TEST(freed_while_the_loop_is_to_read)
{
	begin_ending(0);
	bytes = 1000;
	bufferevent_enable(bev, EV_READ);
	event_active(&bev->ev_read, EV_READ, 1);
	run_with(first_event());
}

/* What is read uses the limit up, which would start the limit's timer. */
TEST(freed_while_the_loop_is_to_read_up_to_a_limit)
{
	struct timeval tick = {0, 5000};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(100, 100, 100, 100, &tick);

	begin_ending(0);
	bytes = 1000;
	bufferevent_set_rate_limit(bev, cfg);
	bufferevent_enable(bev, EV_READ);
	event_active(&bev->ev_read, EV_READ, 1);
	run_with(first_event());
	ev_token_bucket_cfg_free(cfg);
}

TEST(freed_while_the_loop_is_to_tell_deferred)
{
	begin_ending(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_trigger(bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS);
	run_with(first_event());
}

TEST(freed_while_a_timeout_is_to_be_told)
{
	struct timeval at_once = {0, 1};

	begin_ending(0);
	bufferevent_set_timeouts(bev, &at_once, NULL);
	bufferevent_enable(bev, EV_READ);
	capi_sleep_ms(2);
	run_with(first_event());
}
