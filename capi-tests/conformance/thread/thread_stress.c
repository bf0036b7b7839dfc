/* Threads that use a base all at once, on memory that tells who uses it late. */
// runs: one-locking
#define CAPI_OWN_LOCKS
#include "events.h"
#include "checked_locks.h"
#include "quarantine.h"

#define MANY 200

static pthread_t loop_thread;
static int in_loop;

CALLBACK(say_in_loop)
{
	__atomic_store_n(&in_loop, 1, __ATOMIC_SEQ_CST);
}

static void *
run_loop(void *flags)
{
	return (void *)(long)event_base_loop(base, *(int *)flags);
}

/* Returns once the loop runs in its thread. */
static void
start_loop(void)
{
	static int flags = EVLOOP_NO_EXIT_ON_EMPTY;

	event_base_once(base, -1, EV_TIMEOUT, say_in_loop, NULL, NULL);
	ck_assert_int_eq(
	    pthread_create(&loop_thread, NULL, run_loop, &flags), 0);
	while (!__atomic_load_n(&in_loop, __ATOMIC_SEQ_CST))
		capi_sleep_ms(1);
	/* Most likely it waits by then; nothing fails if it doesn't. */
	capi_sleep_ms(10);
}

static void
end_loop(void)
{
	ck_assert_int_eq(event_base_loopbreak(base), 0);
	ck_assert_int_eq(pthread_join(loop_thread, NULL), 0);
}

/* What a wait works on stays in place while the tables grow. */
TEST(events_are_added_while_the_loop_waits)
{
	static struct event *readers[MANY];
	static int counts[MANY];
	evutil_socket_t pairs[MANY][2];

	quarantine_begin();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, count, &runs);
	event_add(ev, NULL);
	start_loop();
	for (int i = 0; i < MANY; i++) {
		capi_pair(pairs[i]);
		/* So that the loop waits when the first tables grow. */
		if (i < 40)
			capi_sleep_ms(2);
		readers[i] = event_new(
		    base, pairs[i][0], EV_READ, count, &counts[i]);
		ck_assert_int_eq(event_add(readers[i], NULL), 0);
		feed(pairs[i][1]);
	}
	for (int i = 0; i < MANY; i++)
		while (__atomic_load_n(&counts[i], __ATOMIC_SEQ_CST) == 0)
			capi_sleep_ms(1);
	end_loop();
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(counts[i], 1);
		event_free(readers[i]);
	}
	event_free(ev);
	event_base_free(base);
	libevent_global_shutdown();
	quarantine_check();
	ck_assert_int_eq(quarantine.outstanding, 0);
}

#define WORKERS 3
#define ROUNDS 100

/* Closed after the loop: the reference's select() fails where one just was. */
static evutil_socket_t pairs[WORKERS][2];

static void *
work(void *arg)
{
	unsigned seed = (unsigned)(long)arg;
	evutil_socket_t *fds = pairs[(long)arg];
	int mine = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct event *reader, *timed;

		reader = event_new(
		    base, fds[0], EV_READ | EV_PERSIST, count, &mine);
		timed = event_new(base, -1, EV_PERSIST, count, &mine);
		event_add(reader, NULL);
		add_ms(timed, 1 + rand_r(&seed) % 3);
		/* Nobody reads: what a socket holds is limited. */
		if (i % 10 == 0)
			feed(fds[1]);
		event_active(timed, EV_WRITE, 1);
		if (rand_r(&seed) % 8 == 0)
			event_base_loopbreak(base);
		if (rand_r(&seed) % 2)
			event_del(reader);
		event_free(timed);
		event_free(reader);
	}
	return NULL;
}

/* Events come and go in several threads, and the loop is broken off and begun again. */
static void
add_activate_delete_and_free(int locks)
{
	pthread_t threads[WORKERS];
	struct timeval soon = {0, 1000};
	long long end;

	quarantine_begin();
	use_locks(locks);
	base = event_base_new();
	for (long i = 0; i < WORKERS; i++) {
		capi_pair(pairs[i]);
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, work, (void *)i), 0);
	}
	end = capi_now_ms() + CAPI_PATIENCE_MS;
	for (int ended = 0; ended < WORKERS;) {
		ck_assert_int_lt(capi_now_ms(), end);
		event_base_loopexit(base, &soon);
		ck_assert_int_ge(
		    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY), 0);
		if (pthread_tryjoin_np(threads[ended], NULL) == 0)
			ended++;
	}
	event_base_free(base);
	for (int i = 0; i < WORKERS; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	libevent_global_shutdown();
	quarantine_check();
	ck_assert_int_eq(quarantine.outstanding, 0);
	ck_assert_int_eq(checked_outstanding, 0);
}

TEST(threads_add_activate_delete_and_free)
{
	add_activate_delete_and_free(OF_PTHREADS);
}

TEST(the_same_with_the_locks_of_the_program)
{
	add_activate_delete_and_free(OF_THE_PROGRAM);
}

TEST(the_same_with_locks_that_are_debugged)
{
	add_activate_delete_and_free(OF_PTHREADS | DEBUGGED);
}

TEST(the_same_with_the_locks_of_the_program_debugged)
{
	add_activate_delete_and_free(OF_THE_PROGRAM | DEBUGGED);
}
