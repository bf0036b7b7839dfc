/*
 * Timers with random timeouts, and with a common one.
 */
#include "worker.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct timers {
	struct event_base *base;
	int count;
	struct event *events;
	struct timeval *timeouts;
	int fired;
};

static void
fired(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

/* Timeouts within a tenth of a second, from `base_seconds` on. */
static struct timers *
timers_new(int count, int base_seconds)
{
	struct timers *timers = worker_memory(sizeof(*timers));

	timers->base = event_base_new();
	must(timers->base);
	timers->count = count;
	timers->events = worker_memory(count * sizeof(*timers->events));
	/* Two for each: adding again moves it. */
	timers->timeouts = worker_memory(2 * count * sizeof(*timers->timeouts));
	for (int i = 0; i < count; i++)
		must(event_assign(&timers->events[i], timers->base, -1, 0, fired,
			 &timers->fired) == 0);
	for (int i = 0; i < 2 * count; i++) {
		timers->timeouts[i].tv_sec = base_seconds;
		timers->timeouts[i].tv_usec = worker_random() % 100000;
	}
	return timers;
}

static void
add_all(struct timers *timers, const struct timeval *timeouts)
{
	for (int i = 0; i < timers->count; i++)
		must(event_add(&timers->events[i], &timeouts[i]) == 0);
}

static void *
idle(int size)
{
	return timers_new(size, 100);
}

static void *
added(int size)
{
	struct timers *timers = timers_new(size, 100);

	add_all(timers, timers->timeouts);
	/* Whoever puts off finding the places has found them now. */
	must(event_base_loop(timers->base, EVLOOP_NONBLOCK) == 0);
	return timers;
}

static void *
expired(int size)
{
	struct timers *timers = timers_new(size, 0);

	add_all(timers, timers->timeouts);
	usleep(110000);
	return timers;
}

static void
end(void *state)
{
	struct timers *timers = state;

	for (int i = 0; i < timers->count; i++)
		event_del(&timers->events[i]);
	event_base_free(timers->base);
	free(timers->timeouts);
	free(timers->events);
	free(timers);
}

static void
add(void *state, int n)
{
	(void)n;
	add_all(state, ((struct timers *)state)->timeouts);
}

static void
add_again(void *state, int n)
{
	add_all(state, ((struct timers *)state)->timeouts + n);
}

static void
delete_all(void *state, int n)
{
	struct timers *timers = state;

	for (int i = 0; i < n; i++)
		must(event_del(&timers->events[i]) == 0);
}

static void
fire(void *state, int n)
{
	struct timers *timers = state;

	must(event_base_loop(timers->base, EVLOOP_NONBLOCK) >= 0);
	must(timers->fired == n);
}

/* One timer is added and deleted among many others. */
static void
add_delete_one(void *state, int n)
{
	struct timers *timers = state;

	for (int i = 0; i < n; i++) {
		struct event *event = &timers->events[worker_random() % timers->count];

		must(event_del(event) == 0);
		must(event_add(event, &timers->timeouts[i % timers->count]) == 0);
	}
}

static void *
common(int size)
{
	struct timers *timers = timers_new(size, 100);
	struct timeval timeout = {100, 0};
	const struct timeval *common = event_base_init_common_timeout(timers->base, &timeout);

	must(common);
	for (int i = 0; i < 2 * size; i++)
		timers->timeouts[i] = *common;
	return timers;
}

static void
add_delete_all(void *state, int n)
{
	struct timers *timers = state;

	for (int i = 0; i < n; i += timers->count) {
		add_all(timers, timers->timeouts);
		delete_all(timers, timers->count);
	}
}

static const struct work works[] = {
    {"timer-add", idle, add, end, 200000, 200000},
    {"timer-add-again", added, add_again, end, 200000, 200000},
    {"timer-delete", added, delete_all, end, 200000, 200000},
    {"timer-fire", expired, fire, end, 200000, 200000},
    {"common-timeout", common, add_delete_all, end, 50000, 1000},
    {"timers/10", added, add_delete_one, end, 20000, 10},
    {"timers/100", added, add_delete_one, end, 20000, 100},
    {"timers/1000", added, add_delete_one, end, 20000, 1000},
    {"timers/10000", added, add_delete_one, end, 20000, 10000},
    {"timers/100000", added, add_delete_one, end, 50000, 100000},
    {"timers/1000000", added, add_delete_one, end, 50000, 1000000},
};

WORKER(works)
