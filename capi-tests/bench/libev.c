/*
 * The works of event.c and timer.c that libev has, too.
 */
#include "worker.h"

#include <ev.h>

struct loop {
	struct ev_loop *loop;
	int pair[2];
	ev_io io;
	int count;
	ev_io *ios;
	ev_timer *timers;
	double *timeouts;
	int left;
};

static struct loop *
loop_new(void)
{
	struct loop *loop = worker_memory(sizeof(*loop));

	loop->loop = ev_loop_new(EVBACKEND_EPOLL);
	must(loop->loop);
	worker_pair(loop->pair);
	return loop;
}

static void
loop_free(void *state)
{
	struct loop *loop = state;

	ev_io_stop(loop->loop, &loop->io);
	for (int i = 0; loop->ios && i < loop->count; i++) {
		ev_io_stop(loop->loop, &loop->ios[i]);
		close(loop->ios[i].fd);
	}
	for (int i = 0; loop->timers && i < loop->count; i++)
		ev_timer_stop(loop->loop, &loop->timers[i]);
	ev_loop_destroy(loop->loop);
	close(loop->pair[0]);
	close(loop->pair[1]);
	free(loop->ios);
	free(loop->timers);
	free(loop->timeouts);
	free(loop);
}

static void
count_down(struct ev_loop *l, ev_io *io, int what)
{
	(void)l;
	(void)what;
	--*(int *)io->data;
}

static void *
one_event(int size)
{
	struct loop *loop = loop_new();

	(void)size;
	ev_io_init(&loop->io, count_down, loop->pair[0], EV_READ);
	loop->io.data = &loop->left;
	return loop;
}

static void
add_delete(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		ev_io_start(loop->loop, &loop->io);
		ev_io_stop(loop->loop, &loop->io);
	}
	/* It puts everything off to the next turn. */
	ev_run(loop->loop, EVRUN_NOWAIT);
}

static void
ping(struct ev_loop *l, ev_io *io, int what)
{
	struct loop *loop = io->data;
	char byte;

	(void)what;
	must(read(io->fd, &byte, 1) == 1);
	must(write(loop->pair[1], &byte, 1) == 1);
	if (--loop->left == 0)
		ev_break(l, EVBREAK_ONE);
}

static void
ping_again(struct ev_loop *l, ev_io *io, int what)
{
	ev_io_stop(l, io);
	ev_io_start(l, io);
	ping(l, io, what);
}

static void *
ping_begin(void (*callback)(struct ev_loop *, ev_io *, int))
{
	struct loop *loop = loop_new();

	ev_io_init(&loop->io, callback, loop->pair[0], EV_READ);
	loop->io.data = loop;
	ev_io_start(loop->loop, &loop->io);
	must(write(loop->pair[1], "x", 1) == 1);
	return loop;
}

static void *
one_shot(int size)
{
	(void)size;
	return ping_begin(ping_again);
}

static void *
persistent(int size)
{
	(void)size;
	return ping_begin(ping);
}

static void
dispatch(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	ev_run(loop->loop, 0);
	must(loop->left == 0);
}

static void *
many(int size)
{
	struct loop *loop = loop_new();
	int *fds = worker_memory(size * sizeof(*fds));

	worker_descriptors(fds, size);
	loop->count = size;
	loop->ios = worker_memory(size * sizeof(*loop->ios));
	for (int i = 0; i < size; i++) {
		ev_io_init(&loop->ios[i], count_down, fds[i], EV_READ);
		loop->ios[i].data = &loop->left;
		ev_io_start(loop->loop, &loop->ios[i]);
	}
	free(fds);
	return loop;
}

static void
many_run(void *state, int n)
{
	struct loop *loop = state;

	for (loop->left = n; loop->left > 0;)
		ev_run(loop->loop, EVRUN_ONCE);
}

static void
fired(struct ev_loop *l, ev_timer *timer, int what)
{
	(void)l;
	(void)what;
	--*(int *)timer->data;
}

static struct loop *
timers_new(int size, double base)
{
	struct loop *loop = loop_new();

	loop->count = size;
	loop->timers = worker_memory(size * sizeof(*loop->timers));
	loop->timeouts = worker_memory(size * sizeof(*loop->timeouts));
	for (int i = 0; i < size; i++) {
		ev_init(&loop->timers[i], fired);
		loop->timers[i].data = &loop->left;
		loop->timeouts[i] = base + worker_random() % 100000 / 1e6;
	}
	return loop;
}

static void *
idle(int size)
{
	return timers_new(size, 100);
}

static void
add(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		ev_timer_set(&loop->timers[i], loop->timeouts[i], 0.);
		ev_timer_start(loop->loop, &loop->timers[i]);
	}
}

static void *
added(int size)
{
	struct loop *loop = timers_new(size, 100);

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
add_again(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		loop->timers[i].repeat = loop->timeouts[n - 1 - i];
		ev_timer_again(loop->loop, &loop->timers[i]);
	}
}

static void
delete_all(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++)
		ev_timer_stop(loop->loop, &loop->timers[i]);
}

static void
fire(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	ev_run(loop->loop, EVRUN_NOWAIT);
	must(loop->left == 0);
}

static const struct work works[] = {
    {"add-delete", one_event, add_delete, loop_free, 5000, 0},
    {"one-shot", one_shot, dispatch, loop_free, 4000, 0},
    {"persistent", persistent, dispatch, loop_free, 4000, 0},
    {"descriptors/1000", many, many_run, loop_free, 50000, 1000},
    {"timer-add", idle, add, loop_free, 200000, 200000},
    {"timer-add-again", added, add_again, loop_free, 200000, 200000},
    {"timer-delete", added, delete_all, loop_free, 200000, 200000},
    {"timer-fire", expired, fire, loop_free, 200000, 200000},
};

WORKER(works)
