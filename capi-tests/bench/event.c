/*
 * The event loop: descriptors, activation, one-shot events, wake-up.
 */
#include "worker.h"

#include <event2/event.h>
#include <event2/event_compat.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <pthread.h>

static void
ignore(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* A base with some events; what most works need. */
struct loop {
	struct event_base *base;
	int count;
	struct event *events;
	int pair[2];
	int left;
};

static struct loop *
loop_new(int count)
{
	struct loop *loop = worker_memory(sizeof(*loop));

	loop->base = event_base_new();
	must(loop->base);
	loop->count = count;
	loop->events = worker_memory(count * sizeof(*loop->events));
	worker_pair(loop->pair);
	return loop;
}

static void
loop_free(void *state)
{
	struct loop *loop = state;

	for (int i = 0; i < loop->count; i++)
		if (event_initialized(&loop->events[i]))
			event_del(&loop->events[i]);
	event_base_free(loop->base);
	close(loop->pair[0]);
	close(loop->pair[1]);
	free(loop->events);
	free(loop);
}

static void *
one_event(int size)
{
	struct loop *loop = loop_new(1);

	(void)size;
	must(event_assign(&loop->events[0], loop->base, loop->pair[0],
		 EV_READ | EV_PERSIST, ignore, NULL) == 0);
	return loop;
}

static void
add_delete(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		must(event_add(&loop->events[0], NULL) == 0);
		must(event_del(&loop->events[0]) == 0);
	}
}

/* What memcached does for each change of mind: libevent 1.4's way. */
static void
swap(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct event *event = &loop->events[0];

	must(event_del(event) == 0);
	event_set(event, fd, (what & EV_READ ? EV_WRITE : EV_READ) | EV_PERSIST, swap, loop);
	must(event_base_set(loop->base, event) == 0);
	must(event_add(event, NULL) == 0);
	if (--loop->left == 0)
		event_base_loopbreak(loop->base);
}

static void *
swap_begin(int size)
{
	struct loop *loop = loop_new(1);

	(void)size;
	must(write(loop->pair[1], "x", 1) == 1);
	must(event_assign(&loop->events[0], loop->base, loop->pair[0],
		 EV_READ | EV_PERSIST, swap, loop) == 0);
	must(event_add(&loop->events[0], NULL) == 0);
	return loop;
}

static void
dispatch(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	must(event_base_dispatch(loop->base) == 0);
	must(loop->left == 0);
}

/* One byte, read and sent again. */
static void
ping(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	char byte;

	(void)what;
	must(read(fd, &byte, 1) == 1);
	must(write(loop->pair[1], &byte, 1) == 1);
	if (--loop->left == 0)
		event_base_loopbreak(loop->base);
}

static void
ping_again(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	must(event_add(&loop->events[0], NULL) == 0);
	ping(fd, what, arg);
}

static struct loop *
ping_begin(short flags, event_callback_fn callback, const struct timeval *timeout)
{
	struct loop *loop = loop_new(1);

	must(event_assign(&loop->events[0], loop->base, loop->pair[0], flags,
		 callback, loop) == 0);
	must(event_add(&loop->events[0], timeout) == 0);
	must(write(loop->pair[1], "x", 1) == 1);
	return loop;
}

static void *
one_shot(int size)
{
	(void)size;
	return ping_begin(EV_READ, ping_again, NULL);
}

static void *
persistent(int size)
{
	(void)size;
	return ping_begin(EV_READ | EV_PERSIST, ping, NULL);
}

static void *
persistent_timeout(int size)
{
	struct timeval timeout = {10, 0};

	(void)size;
	return ping_begin(EV_READ | EV_PERSIST, ping, &timeout);
}

static void
count_down(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	--*(int *)arg;
}

/*
 * Descriptors, as many as the process may have where that is fewer.
 */
static void *
many(int size)
{
	struct rlimit files;
	struct loop *loop;
	int *fds;

	must(getrlimit(RLIMIT_NOFILE, &files) == 0);
	if ((rlim_t)size > files.rlim_cur - 32)
		size = files.rlim_cur - 32;
	fds = worker_memory(size * sizeof(*fds));
	worker_descriptors(fds, size);
	loop = loop_new(size);
	for (int i = 0; i < size; i++) {
		must(event_assign(&loop->events[i], loop->base, fds[i],
			 EV_READ | EV_PERSIST, count_down, &loop->left) == 0);
		must(event_add(&loop->events[i], NULL) == 0);
	}
	free(fds);
	return loop;
}

static void
many_run(void *state, int n)
{
	struct loop *loop = state;

	for (loop->left = n; loop->left > 0;)
		must(event_base_loop(loop->base, EVLOOP_ONCE) == 0);
}

static void
many_end(void *state)
{
	struct loop *loop = state;

	for (int i = 0; i < loop->count; i++) {
		must(event_del(&loop->events[i]) == 0);
		close(event_get_fd(&loop->events[i]));
	}
	loop_free(loop);
}

/* Every operation is another turn of the callbacks, none of the loop. */
static void
activate_again(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	(void)fd;
	(void)what;
	if (--loop->left > 0)
		event_active(&loop->events[0], EV_READ, 1);
}

static void *
activate_begin(int size)
{
	struct loop *loop = loop_new(size);

	for (int i = 0; i < size; i++)
		must(event_assign(&loop->events[i], loop->base, -1, 0,
			 size == 1 ? activate_again : count_down,
			 size == 1 ? (void *)loop : (void *)&loop->left) == 0);
	return loop;
}

static void
activate_single(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	event_active(&loop->events[0], EV_READ, 1);
	must(event_base_loop(loop->base, EVLOOP_NONBLOCK) >= 0);
	must(loop->left == 0);
}

static void
activate_batch(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	while (loop->left > 0) {
		for (int i = 0; i < loop->count; i++)
			event_active(&loop->events[i], EV_READ, 1);
		must(event_base_loop(loop->base, EVLOOP_NONBLOCK) >= 0);
	}
}

static void *
base_only(int size)
{
	(void)size;
	return loop_new(0);
}

static void
new_free(void *state, int n)
{
	struct loop *loop = state;

	for (int i = 0; i < n; i++) {
		struct event *event = event_new(loop->base, loop->pair[0], EV_READ, ignore, NULL);

		must(event);
		event_free(event);
	}
}

static void
once(void *state, int n)
{
	struct loop *loop = state;

	loop->left = n;
	while (loop->left > 0) {
		for (int i = 0; i < 100; i++)
			must(event_base_once(loop->base, -1, EV_TIMEOUT, count_down,
				 &loop->left, NULL) == 0);
		must(event_base_loop(loop->base, EVLOOP_NONBLOCK) >= 0);
	}
}

/* Two threads, each with a base, that wake each other in turn. */
struct side {
	struct event_base *base;
	struct event *woken;
	struct event *other;
	int left;
};

struct sides {
	struct side here, there;
	pthread_t thread;
};

static void
wake_other(evutil_socket_t fd, short what, void *arg)
{
	struct side *side = arg;

	(void)fd;
	(void)what;
	if (side->left > 0 && --side->left == 0)
		event_base_loopbreak(side->base);
	else
		event_active(side->other, EV_READ, 1);
}

static void *
other_thread(void *arg)
{
	struct side *side = arg;

	event_base_loop(side->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static void *
wake_begin(int size)
{
	struct sides *sides = worker_memory(sizeof(*sides));

	(void)size;
	must(evthread_use_pthreads() == 0);
	sides->here.base = event_base_new();
	sides->there.base = event_base_new();
	must(sides->here.base && sides->there.base);
	sides->here.woken = event_new(sides->here.base, -1, 0, wake_other, &sides->here);
	sides->there.woken = event_new(sides->there.base, -1, 0, wake_other, &sides->there);
	must(sides->here.woken && sides->there.woken);
	sides->here.other = sides->there.woken;
	sides->there.other = sides->here.woken;
	must(pthread_create(&sides->thread, NULL, other_thread, &sides->there) == 0);
	return sides;
}

static void
wake_run(void *state, int n)
{
	struct sides *sides = state;

	sides->here.left = n;
	event_active(sides->there.woken, EV_READ, 1);
	must(event_base_loop(sides->here.base, EVLOOP_NO_EXIT_ON_EMPTY) == 0);
	must(sides->here.left == 0);
}

static void
wake_end(void *state)
{
	struct sides *sides = state;

	event_base_loopexit(sides->there.base, NULL);
	must(pthread_join(sides->thread, NULL) == 0);
	event_free(sides->here.woken);
	event_free(sides->there.woken);
	event_base_free(sides->here.base);
	event_base_free(sides->there.base);
	free(sides);
}

static const struct work works[] = {
    {"add-delete", one_event, add_delete, loop_free, 5000, 0},
    {"one-shot", one_shot, dispatch, loop_free, 4000, 0},
    {"persistent", persistent, dispatch, loop_free, 4000, 0},
    {"persistent-timeout", persistent_timeout, dispatch, loop_free, 4000, 0},
    {"del-set-add", swap_begin, dispatch, loop_free, 4000, 0},
    {"descriptors/10", many, many_run, many_end, 20000, 10},
    {"descriptors/100", many, many_run, many_end, 50000, 100},
    {"descriptors/1000", many, many_run, many_end, 50000, 1000},
    {"descriptors/10000", many, many_run, many_end, 50000, 10000},
    {"descriptors/20000", many, many_run, many_end, 50000, 20000},
    {"activate", activate_begin, activate_single, loop_free, 50000, 1},
    {"activate-batch", activate_begin, activate_batch, loop_free, 50000, 1000},
    {"event-new-free", base_only, new_free, loop_free, 20000, 0},
    {"once", base_only, once, loop_free, 20000, 0},
    /* Last: locks stay in use. */
    {"wake-up", wake_begin, wake_run, wake_end, 2000, 0},
};

WORKER(works)
