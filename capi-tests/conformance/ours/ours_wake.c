/*
 * Waking a loop: what is written, and when. The program's own write() stands in
 * front of the C library's, so that the library calls it.
 */
// runs: one-locking
#define CAPI_OWN_LOCKS
#include "events.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

static pthread_t waker;
static atomic_int writes, held;
/* Set: the waker's write waits. */
static atomic_int hold;
static sem_t go_on;

ssize_t
write(int fd, const void *bytes, size_t length)
{
	if (waker && pthread_equal(waker, pthread_self())) {
		writes++;
		if (hold) {
			held = 1;
			while (sem_wait(&go_on) != 0)
				;
		}
	}
	return syscall(SYS_write, fd, bytes, length);
}

CALLBACK(break_when_held)
{
	if (held)
		event_base_loopbreak(base);
}

static void *
activate_until_held(void *nothing)
{
	waker = pthread_self();
	while (!held) {
		event_active(ev, EV_READ, 1);
		if (!held)
			capi_sleep_ms(5);
	}
	return nothing;
}

static int
open_descriptors(void)
{
	int open = 0;

	for (int fd = 0; fd < 100; fd++)
		open += fcntl(fd, F_GETFD) != -1;
	return open;
}

/* The number of the base's descriptor may be another file's by then. */
TEST(a_base_is_freed_before_its_wake_up_is_written)
{
	struct timeval soon = {0, 10000};
	pthread_t thread;
	struct event *tick;
	int fds[16], before = open_descriptors();

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(sem_init(&go_on, 0, 0), 0);
	base = event_base_new();
	ev = event_new(base, -1, 0, count, &runs);
	tick = event_new(base, -1, EV_PERSIST, break_when_held, NULL);
	event_add(tick, &soon);
	hold = 1;
	ck_assert_int_eq(pthread_create(&thread, NULL, activate_until_held, NULL), 0);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	ck_assert_int_ge(runs, 1);
	event_free(tick);
	event_free(ev);
	event_base_free(base);
	for (int i = 0; i < 16; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	sem_post(&go_on);
	pthread_join(thread, NULL);
	for (int i = 0; i < 16; i++) {
		eventfd_t value = 0;

		ck_assert_int_eq(eventfd_read(fds[i], &value), -1);
		close(fds[i]);
	}
	/* And the waker closed the one that it was for. */
	ck_assert_int_eq(open_descriptors(), before);
}

static sem_t busy;

CALLBACK(activated_meanwhile)
{
	sem_post(&busy);
	while (sem_wait(&go_on) != 0)
		;
}

static void *
activate_while_busy(void *nothing)
{
	waker = pthread_self();
	while (sem_wait(&busy) != 0)
		;
	event_active(other, EV_READ, 1);
	sem_post(&go_on);
	return nothing;
}

static void
check_busy_loop(enum event_base_config_flag flags, int expected_writes)
{
	struct event_config *config = event_config_new();
	pthread_t thread;

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(sem_init(&go_on, 0, 0), 0);
	ck_assert_int_eq(sem_init(&busy, 0, 0), 0);
	event_config_set_flag(config, flags);
	base = event_base_new_with_config(config);
	event_config_free(config);
	ck_assert_int_eq(evthread_make_base_notifiable(base), 0);
	ev = event_new(base, -1, 0, activated_meanwhile, NULL);
	other = event_new(base, -1, 0, count, &runs);
	event_active(ev, EV_READ, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, activate_while_busy, NULL), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(runs, 1);
	ck_assert_int_eq(writes, expected_writes);
	event_free(ev);
	event_free(other);
	event_base_free(base);
}

/* It looks at everything before it waits. */
TEST(a_loop_that_does_not_wait_needs_no_write)
{
	check_busy_loop(0, 0);
}

/* Who changes something can't know what a loop without a lock has looked at. */
TEST(a_loop_without_a_lock_is_always_written_to)
{
	check_busy_loop(EVENT_BASE_FLAG_NOLOCK, 1);
}

static int ended;

static void *
run_until_empty(void *nothing)
{
	ended = event_base_dispatch(base);
	return nothing;
}

/* END takes the loop its last timer, while it waits for that. */
static void
check_end_of_last_timer(int (*end)(struct event *))
{
	long long start = capi_now_ms();
	pthread_t thread;

	base = event_base_new();
	ev = event_new(base, -1, 0, count, &runs);
	add_ms(ev, CAPI_PATIENCE_MS);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_until_empty, NULL), 0);
	capi_sleep_ms(20);
	ck_assert_int_eq(end(ev), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(runs, 0);
	ck_assert_int_lt(capi_now_ms() - start, CAPI_PATIENCE_MS / 2);
	event_free(ev);
	event_base_free(base);
}

/* libevent 2.1 goes on waiting for the timer. */
TEST(a_loop_ends_with_its_last_timer)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	check_end_of_last_timer(event_del);
	check_end_of_last_timer(event_remove_timer);
}
