/*
 * Threads that write to the same bufferevents, and change everything about
 * them, while the loop carries the bytes. Not one is lost, nobody waits for
 * ever (a test has its time), and nothing is used after it was freed.
 */
// runs: one-backend, one-locking
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include "checked_locks.h"
#include "quarantine.h"

#include <dirent.h>

enum { KINDS = 3, CHANNELS = 2 * KINDS, WRITERS = 3, BLOCKS = 150 };

static const int kinds[KINDS] = {0, BEV_OPT_DEFER_CALLBACKS,
    BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS};

/* From one bufferevent to the other; the sums are of the bytes' values. */
static struct channel {
	struct bufferevent *from, *to;
	size_t sent, received, sent_sum, received_sum;
} channels[CHANNELS];

static int finished;

#define ADD(counter, n) __atomic_add_fetch(&(counter), n, __ATOMIC_SEQ_CST)
#define GET(counter) __atomic_load_n(&(counter), __ATOMIC_SEQ_CST)

DATA_CALLBACK(receive)
{
	struct channel *channel = arg;
	unsigned char bytes[700];
	size_t size;

	while ((size = bufferevent_read(b, bytes, sizeof(bytes))) > 0) {
		size_t sum = 0;

		for (size_t i = 0; i < size; i++)
			sum += bytes[i];
		ADD(channel->received_sum, sum);
		ADD(channel->received, size);
	}
}

EVENT_CALLBACK(no_event)
{
	ck_abort_msg("event %x", (unsigned)what);
}

static void
open_channel(struct channel *channel, int options, int sockets)
{
	struct bufferevent *both[2];

	options |= BEV_OPT_THREADSAFE | BEV_OPT_CLOSE_ON_FREE;
	if (sockets) {
		evutil_socket_t fds[2];

		capi_pair(fds);
		for (int i = 0; i < 2; i++)
			both[i] = bufferevent_socket_new(
			    base, fds[i], options);
	} else {
		ck_assert_int_eq(
		    bufferevent_pair_new(base, options, both), 0);
	}
	channel->from = both[0];
	channel->to = both[1];
	bufferevent_setcb(both[0], NULL, NULL, no_event, NULL);
	bufferevent_setcb(both[1], receive, NULL, no_event, channel);
	bufferevent_enable(both[0], EV_WRITE);
	bufferevent_enable(both[1], EV_READ);
}

static void
change(struct channel *channel, unsigned choice)
{
	struct timeval limit = {1000, 0};

	switch (choice % 8) {
	case 0:
		bufferevent_disable(channel->from, EV_WRITE);
		bufferevent_enable(channel->from, EV_WRITE);
		break;
	case 1:
		bufferevent_disable(channel->to, EV_READ);
		bufferevent_enable(channel->to, EV_READ);
		break;
	case 2:
		bufferevent_set_timeouts(channel->to, &limit, NULL);
		bufferevent_set_timeouts(channel->from, NULL, &limit);
		break;
	case 3:
		bufferevent_set_timeouts(channel->to, NULL, NULL);
		bufferevent_set_timeouts(channel->from, NULL, NULL);
		break;
	case 4:
		bufferevent_incref(channel->from);
		bufferevent_lock(channel->from);
		bufferevent_get_enabled(channel->from);
		bufferevent_unlock(channel->from);
		bufferevent_decref(channel->from);
		break;
	case 5:
		bufferevent_trigger(channel->to, EV_READ, 0);
		break;
	case 6:
		bufferevent_setwatermark(channel->to, EV_READ, 0, 5000);
		break;
	default:
		bufferevent_setwatermark(channel->to, EV_READ, 0, 0);
		break;
	}
}

/* An event of the writer's own, which the loop may be running. */
static void
live(unsigned seed)
{
	struct event *event;
	int mine = 0;

	event = event_new(base, -1, EV_PERSIST, count, &mine);
	add_ms(event, seed % 3);
	event_active(event, EV_WRITE, 1);
	if (seed % 2)
		event_del(event);
	event_free(event);
}

static void *
write_blocks(void *arg)
{
	unsigned seed = (unsigned)(long)arg;
	unsigned char bytes[900];

	for (int i = 0; i < BLOCKS; i++) {
		struct channel *channel =
		    &channels[(unsigned)rand_r(&seed) % CHANNELS];
		size_t size = 1 + (size_t)rand_r(&seed) % sizeof(bytes);
		int value = rand_r(&seed) % 256;

		memset(bytes, value, size);
		ADD(channel->sent, size);
		ADD(channel->sent_sum, size * (size_t)value);
		ck_assert_int_eq(
		    bufferevent_write(channel->from, bytes, size), 0);
		if (i % 3 == 0)
			change(channel, (unsigned)rand_r(&seed));
		if (i % 4 == 0)
			live((unsigned)rand_r(&seed));
		if (i % 20 == 0)
			event_base_loopbreak(base);
		if (i % 20 == 10)
			event_base_loopexit(base, NULL);
	}
	ADD(finished, 1);
	return NULL;
}

static int
all_arrived(void)
{
	for (int i = 0; i < CHANNELS; i++)
		if (GET(channels[i].received) != GET(channels[i].sent))
			return 0;
	return 1;
}

/* Frees everything while the loop runs, one end at a time, references last. */
static void *
free_all(void *arg UNUSED)
{
	for (int i = 0; i < CHANNELS; i++) {
		struct channel *channel = &channels[i];

		bufferevent_incref(channel->to);
		bufferevent_trigger(channel->to, EV_READ,
		    BEV_TRIG_DEFER_CALLBACKS);
		bufferevent_setcb(channel->from, NULL, NULL, NULL, NULL);
		bufferevent_setcb(channel->to, NULL, NULL, NULL, NULL);
		bufferevent_free(i % 2 ? channel->to : channel->from);
		bufferevent_free(i % 2 ? channel->from : channel->to);
		capi_sleep_ms(1);
		bufferevent_decref(channel->to);
	}
	ADD(finished, 1);
	return NULL;
}

static int
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int open = 0;

	while (readdir(directory))
		open++;
	closedir(directory);
	return open;
}

static void
loop_until(int done)
{
	struct timeval soon = {0, 2000};

	while (GET(finished) < done || !all_arrived()) {
		event_base_loopexit(base, &soon);
		ck_assert_int_ge(
		    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY), 0);
	}
}

static void
traffic(int locks)
{
	pthread_t writers[WRITERS], freer;
	int open;

	quarantine_begin();
	use_locks(locks);
	open = open_descriptors();
	base = event_base_new();
	for (int i = 0; i < CHANNELS; i++)
		open_channel(&channels[i], kinds[i % KINDS], i < KINDS);
	for (long i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, write_blocks, (void *)i);
	loop_until(WRITERS);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	for (int i = 0; i < CHANNELS; i++) {
		ck_assert_uint_eq(channels[i].received, channels[i].sent);
		ck_assert_uint_eq(
		    channels[i].received_sum, channels[i].sent_sum);
		ck_assert_uint_eq(out(channels[i].from), 0);
	}
	pthread_create(&freer, NULL, free_all, NULL);
	loop_until(WRITERS + 1);
	pthread_join(freer, NULL);
	/* What was put off until nobody uses it. */
	ck_assert_int_ge(turn(), 0);
	event_base_free(base);
	libevent_global_shutdown();
	quarantine_check();
	ck_assert_int_eq(quarantine.outstanding, 0);
	ck_assert_int_eq(checked_outstanding, 0);
	ck_assert_int_eq(open_descriptors(), open);
}

TEST(every_byte_arrives)
{
	traffic(OF_PTHREADS);
}

TEST(every_byte_arrives_with_the_locks_of_the_program)
{
	traffic(OF_THE_PROGRAM);
}

TEST(every_byte_arrives_with_locks_that_are_debugged)
{
	traffic(OF_PTHREADS | DEBUGGED);
}

TEST(every_byte_arrives_with_the_locks_of_the_program_debugged)
{
	traffic(OF_THE_PROGRAM | DEBUGGED);
}
