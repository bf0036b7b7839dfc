/* A base whose loop runs in one thread while others use it. */
// runs: one-locking
#define CAPI_OWN_LOCKS
#include "events.h"

#include <pthread.h>

static pthread_t loop_thread;
static int loop_result;
static _Atomic int in_loop, in_callback, left_callback, released, slow_calls;

static void *
run_loop(void *arg)
{
	loop_result = event_base_loop(base, *(int *)arg);
	return NULL;
}

static void
begin_threads(void)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin();
}

CALLBACK(say_in_loop)
{
	in_loop = 1;
}

static void
start_loop_with(int flags)
{
	static int loop_flags;

	loop_flags = flags;
	event_base_once(base, -1, EV_TIMEOUT, say_in_loop, NULL, NULL);
	ck_assert_int_eq(
	    pthread_create(&loop_thread, NULL, run_loop, &loop_flags), 0);
	while (!in_loop)
		capi_sleep_ms(1);
	/* Most likely it waits by then; nothing fails if it doesn't. */
	capi_sleep_ms(10);
}

/* Returns once the loop runs in its thread. */
static void
start_loop(void)
{
	start_loop_with(EVLOOP_NO_EXIT_ON_EMPTY);
}

/* The loop must end soon; its result is loop_result. */
static void
join_loop(void)
{
	long long start = capi_now_ms();

	ck_assert_int_eq(pthread_join(loop_thread, NULL), 0);
	ck_assert_int_lt(capi_now_ms() - start, CAPI_PATIENCE_MS);
}

CALLBACK(note_and_break)
{
	note("%s:%x", (const char *)arg, (unsigned)what);
	event_base_loopbreak(base);
}

TEST(active_from_another_thread)
{
	begin_threads();
	ev = event_new(base, -1, 0, note_and_break, "ev");
	start_loop();
	event_active(ev, EV_READ, 1);
	join_loop();
	ck_notes("ev:2");
	ck_assert_int_eq(loop_result, 0);
}

TEST(timer_from_another_thread)
{
	begin_threads();
	timer(2 * CAPI_PATIENCE_MS, "far away");
	ev = evtimer_new(base, note_and_break, "ev");
	start_loop();
	add_ms(ev, 20);
	join_loop();
	ck_notes("ev:1");
}

TEST(descriptor_from_another_thread)
{
	begin_threads();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, note_and_break, "ev");
	start_loop();
	event_add(ev, NULL);
	join_loop();
	ck_notes("ev:2");
}

TEST(signal_event_from_another_thread)
{
	begin_threads();
	ev = evsignal_new(base, SIGUSR1, note_and_break, "ev");
	start_loop();
	event_add(ev, NULL);
	raise(SIGUSR1);
	join_loop();
	ck_notes("ev:8");
}

TEST(once_from_another_thread)
{
	begin_threads();
	start_loop();
	event_base_once(base, -1, EV_TIMEOUT, note_and_break, "once", NULL);
	join_loop();
	ck_notes("once:1");
}

TEST(break_from_another_thread)
{
	begin_threads();
	timer(2 * CAPI_PATIENCE_MS, "far away");
	start_loop();
	ck_assert_int_eq(event_base_loopbreak(base), 0);
	join_loop();
	ck_assert_int_eq(loop_result, 0);
	ck_assert_int_eq(event_base_got_break(base), 1);
}

TEST(exit_from_another_thread)
{
	begin_threads();
	timer(2 * CAPI_PATIENCE_MS, "far away");
	start_loop();
	ck_assert_int_eq(event_base_loopexit(base, NULL), 0);
	join_loop();
	ck_assert_int_eq(loop_result, 0);
	ck_assert_int_eq(event_base_got_exit(base), 1);
}

TEST(deleting_the_last_event_ends_the_loop)
{
	begin_threads();
	ev = event_new(base, pair[0], EV_READ, note_flags, "ev");
	event_add(ev, NULL);
	start_loop_with(0);
	event_del(ev);
	join_loop();
	ck_assert_int_eq(loop_result, 1);
	ck_notes("");
}

/* It may do so only at the time at which the timer would have fired. */
TEST_TIMED(deleting_the_last_timer_ends_the_loop)
{
	begin_threads();
	ev = timer(1500, "timer");
	start_loop_with(0);
	event_del(ev);
	join_loop();
	ck_assert_int_eq(loop_result, 1);
	ck_notes("");
}

TEST(shortening_a_timer_from_another_thread)
{
	begin_threads();
	ev = evtimer_new(base, note_and_break, "ev");
	add_ms(ev, 2 * CAPI_PATIENCE_MS);
	start_loop();
	add_ms(ev, 10);
	join_loop();
	ck_notes("ev:1");
}

/* For those who wait, a while; for those who shouldn't, until they have gone
 * on. */
CALLBACK(take_a_while)
{
	in_callback = 1;
	if (!arg)
		capi_sleep_ms(100);
	else
		while (!released)
			capi_sleep_ms(1);
	left_callback = 1;
}

/* Starts a loop that is in the callback of ev when this returns. */
static void
start_busy_loop(short flags, int until_released)
{
	begin_threads();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST | flags,
	    take_a_while, until_released ? base : NULL);
	event_add(ev, NULL);
	start_loop();
	event_active(ev, EV_READ, 1);
	while (!in_callback)
		capi_sleep_ms(1);
}

static void
stop_loop(void)
{
	released = 1;
	event_base_loopbreak(base);
	join_loop();
}

TEST(del_waits_for_the_callback)
{
	start_busy_loop(0, 0);
	ck_assert_int_eq(event_del(ev), 0);
	ck_assert_int_eq(left_callback, 1);
	stop_loop();
}

TEST(free_waits_for_the_callback)
{
	start_busy_loop(0, 0);
	event_free(ev);
	ck_assert_int_eq(left_callback, 1);
	stop_loop();
}

TEST(del_noblock_does_not_wait)
{
	start_busy_loop(0, 1);
	ck_assert_int_eq(event_del_noblock(ev), 0);
	ck_assert_int_eq(left_callback, 0);
	ck_assert_int_eq(pending(ev), 0);
	stop_loop();
	ck_assert_int_eq(left_callback, 1);
}

TEST(del_of_a_finalizable_event_does_not_wait)
{
	start_busy_loop(EV_FINALIZE, 1);
	ck_assert_int_eq(event_del(ev), 0);
	ck_assert_int_eq(left_callback, 0);
	stop_loop();
}

TEST(del_block_waits_whatever_the_event)
{
	start_busy_loop(EV_FINALIZE, 0);
	ck_assert_int_eq(event_del_block(ev), 0);
	ck_assert_int_eq(left_callback, 1);
	stop_loop();
}

TEST(remove_timer_and_add_do_not_wait)
{
	start_busy_loop(0, 1);
	ck_assert_int_eq(add_ms(ev, 10000), 0);
	ck_assert_int_eq(event_remove_timer(ev), 0);
	ck_assert_int_eq(pending(ev), EV_READ);
	ck_assert_int_eq(left_callback, 0);
	stop_loop();
}

static void
note_finalizer(struct event *event, void *arg)
{
	(void)event;
	(void)arg;
	note("finalized, callback over: %d", left_callback);
	event_base_loopbreak(base);
}

TEST(finalizer_runs_after_the_callback)
{
	start_busy_loop(EV_FINALIZE, 1);
	ck_assert_int_eq(event_free_finalize(0, ev, note_finalizer), 0);
	ck_assert_int_eq(left_callback, 0);
	released = 1;
	join_loop();
	ck_notes("finalized, callback over: 1");
}

TEST(another_event_can_be_deleted_meanwhile)
{
	start_busy_loop(0, 1);
	other = timer(2 * CAPI_PATIENCE_MS, "other");
	ck_assert_int_eq(event_del(other), 0);
	ck_assert_int_eq(left_callback, 0);
	stop_loop();
}

CALLBACK(delete_itself)
{
	note("%d", event_del(ev));
	note("%d", event_del_block(ev));
	event_base_loopbreak(base);
}

TEST(del_within_the_callback_does_not_wait_for_itself)
{
	begin_threads();
	ev = event_new(base, pair[0], EV_WRITE | EV_PERSIST, delete_itself,
	    NULL);
	event_add(ev, NULL);
	start_loop();
	join_loop();
	ck_notes("0 0");
}

CALLBACK(delete_other)
{
	event_del(other);
	note("deleted");
}

TEST(no_event_of_the_loop_seen_from_outside)
{
	start_busy_loop(0, 1);
	ck_assert_ptr_null(event_base_get_running_event(base));
	stop_loop();
}

TEST(deleted_from_the_loop_while_others_wait)
{
	begin_threads();
	other = timer(2 * CAPI_PATIENCE_MS, "other");
	ev = event_new(base, -1, 0, delete_other, NULL);
	start_loop();
	event_active(ev, EV_READ, 1);
	while (pending(other))
		capi_sleep_ms(1);
	stop_loop();
	ck_notes("deleted");
}

CALLBACK(slow_signal)
{
	in_callback = 1;
	capi_sleep_ms(30);
	slow_calls++;
}

/* A signal event is not activated again while it runs elsewhere. */
TEST(activating_a_running_signal_event_waits)
{
	begin_threads();
	ev = evsignal_new(base, SIGUSR1, slow_signal, NULL);
	event_add(ev, NULL);
	start_loop();
	event_active(ev, EV_SIGNAL, 4);
	while (!in_callback)
		capi_sleep_ms(1);
	event_active(ev, EV_SIGNAL, 2);
	ck_assert_int_ge(slow_calls, 4);
	while (slow_calls < 6)
		capi_sleep_ms(1);
	stop_loop();
	ck_assert_int_eq(slow_calls, 6);
}

enum { THREADS = 4, ROUNDS = 2000 };
static struct event *stress_events[THREADS];
static volatile int activations[THREADS];

CALLBACK(count_activation)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
}

static void *
activate_often(void *arg)
{
	int index = (int)(long)arg;

	for (int i = 1; i <= ROUNDS / 10; i++) {
		event_active(stress_events[index], EV_READ, 1);
		while (__atomic_load_n(&activations[index],
		           __ATOMIC_SEQ_CST) < i)
			sched_yield();
	}
	return NULL;
}

TEST(no_activation_is_lost)
{
	pthread_t threads[THREADS];

	begin_threads();
	for (int i = 0; i < THREADS; i++)
		stress_events[i] = event_new(base, -1, 0, count_activation,
		    (void *)&activations[i]);
	start_loop();
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, activate_often, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stop_loop();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(activations[i], ROUNDS / 10);
}

static void *
add_and_delete_often(void *arg)
{
	unsigned seed = (unsigned)(long)arg;
	evutil_socket_t own[2];
	struct event *io, *clock_event;
	char byte;
	int ran = 0;

	capi_pair(own);
	io = event_new(base, own[0], EV_READ | EV_PERSIST, count_activation,
	    &ran);
	clock_event = evtimer_new(base, count_activation, &ran);
	for (int i = 0; i < ROUNDS; i++) {
		if (rand_r(&seed) % 2)
			feed(own[1]);
		add_ms(io, rand_r(&seed) % 3);
		add_ms(clock_event, rand_r(&seed) % 2);
		event_del(clock_event);
		event_del(io);
		while (read(own[0], &byte, 1) == 1)
			;
	}
	event_free(io);
	event_free(clock_event);
	close(own[0]);
	close(own[1]);
	return NULL;
}

TEST(adding_and_deleting_from_many_threads)
{
	pthread_t threads[THREADS];

	begin_threads();
	start_loop();
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, add_and_delete_often,
		    (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	stop_loop();
	event_base_free(base);
}

TEST(a_base_can_be_made_notifiable_again)
{
	begin_threads();
	trace("%d", evthread_make_base_notifiable(base));
	trace("%d", evthread_make_base_notifiable(base));
	trace("NULL %d", evthread_make_base_notifiable(NULL));
}

TEST(a_base_without_locks)
{
	struct event_config *config = event_config_new();

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	capi_pair(pair);
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, consume, "ev");
	event_add(ev, NULL);
	timer(5, "timer");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev:2 timer");
	event_base_free(base);
}

CALLBACK(pass_on)
{
	struct event **next = arg;

	if (++runs == 500) {
		event_base_loopexit(event_get_base(ev), NULL);
		event_base_loopexit(event_get_base(other), NULL);
	} else {
		event_active(*next, EV_READ, 1);
	}
}

static void *
run_second(void *arg)
{
	event_base_loop(arg, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

TEST(two_loops_wake_each_other)
{
	struct event_base *second;
	pthread_t thread;

	begin_threads();
	second = event_base_new();
	ev = event_new(base, -1, 0, pass_on, &other);
	other = event_new(second, -1, 0, pass_on, &ev);
	start_loop();
	pthread_create(&thread, NULL, run_second, second);
	event_active(ev, EV_READ, 1);
	join_loop();
	pthread_join(thread, NULL);
	ck_assert_int_eq(runs, 500);
}
