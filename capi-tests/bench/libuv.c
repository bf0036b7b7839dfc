/*
 * The works of event.c, timer.c and bufferevent.c that libuv has, too.
 */
#include "worker.h"

#include <uv.h>

struct loop {
	uv_loop_t loop;
	int pair[2];
	uv_poll_t poll;
	int count;
	uv_timer_t *timers;
	uint64_t *timeouts;
	int left;
};

static struct loop *
loop_new(int timers)
{
	struct loop *loop = worker_memory(sizeof(*loop));

	must(uv_loop_init(&loop->loop) == 0);
	worker_pair(loop->pair);
	must(uv_poll_init(&loop->loop, &loop->poll, loop->pair[0]) == 0);
	loop->poll.data = loop;
	loop->count = timers;
	loop->timers = worker_memory(timers * sizeof(*loop->timers));
	loop->timeouts = worker_memory(2 * timers * sizeof(*loop->timeouts));
	for (int i = 0; i < timers; i++) {
		must(uv_timer_init(&loop->loop, &loop->timers[i]) == 0);
		loop->timers[i].data = &loop->left;
	}
	return loop;
}

static void
close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
loop_free(void *state)
{
	struct loop *loop = state;

	uv_walk(&loop->loop, close_handle, NULL);
	uv_run(&loop->loop, UV_RUN_DEFAULT);
	must(uv_loop_close(&loop->loop) == 0);
	close(loop->pair[0]);
	close(loop->pair[1]);
	free(loop->timers);
	free(loop->timeouts);
	free(loop);
}

static void
ping(uv_poll_t *poll, int status, int what)
{
	struct loop *loop = poll->data;
	char byte;

	(void)what;
	must(status == 0);
	must(read(loop->pair[0], &byte, 1) == 1);
	must(write(loop->pair[1], &byte, 1) == 1);
	if (--loop->left == 0)
		uv_stop(&loop->loop);
}

static void *
one_event(int size)
{
	(void)size;
	return loop_new(0);
}

static void
add_delete(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		must(uv_poll_start(&loop->poll, UV_READABLE, ping) == 0);
		must(uv_poll_stop(&loop->poll) == 0);
	}
}

static void *
persistent(int size)
{
	struct loop *loop = one_event(size);

	must(uv_poll_start(&loop->poll, UV_READABLE, ping) == 0);
	must(write(loop->pair[1], "x", 1) == 1);
	return loop;
}

static void
dispatch(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	uv_run(&loop->loop, UV_RUN_DEFAULT);
	must(loop->left == 0);
}

static void
fired(uv_timer_t *timer)
{
	--*(int *)timer->data;
}

/* Its timers count milliseconds. */
static struct loop *
timers_new(int size, int base)
{
	struct loop *loop = loop_new(size);

	for (int i = 0; i < 2 * size; i++)
		loop->timeouts[i] = base + worker_random() % 100;
	return loop;
}

static void *
idle(int size)
{
	return timers_new(size, 100000);
}

static void
add(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++)
		must(uv_timer_start(&loop->timers[i], fired, loop->timeouts[i], 0) == 0);
}

static void
add_again(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++)
		must(uv_timer_start(&loop->timers[i], fired, loop->timeouts[n + i], 0) == 0);
}

static void *
added(int size)
{
	struct loop *loop = idle(size);

	add(loop, size);
	return loop;
}

static void *
expired(int size)
{
	struct loop *loop = timers_new(size, 0);

	add(loop, size);
	usleep(110000);
	return loop;
}

static void
delete_all(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++)
		must(uv_timer_stop(&loop->timers[i]) == 0);
}

static void
fire(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	uv_run(&loop->loop, UV_RUN_NOWAIT);
	must(loop->left == 0);
}

static const struct work works[] = {
    {"add-delete", one_event, add_delete, loop_free, 5000, 0},
    {"persistent", persistent, dispatch, loop_free, 4000, 0},
    {"timer-add", idle, add, loop_free, 200000, 200000},
    {"timer-add-again", added, add_again, loop_free, 200000, 200000},
    {"timer-delete", added, delete_all, loop_free, 200000, 200000},
    {"timer-fire", expired, fire, loop_free, 200000, 200000},
};

WORKER(works)
