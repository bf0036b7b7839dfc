/* Functions of events with arguments at their edges: what they answer, and what is pending then. */
#include "events.h"
#include <event2/event_struct.h>

static const short kinds[] = {
	0, EV_PERSIST, EV_READ, EV_READ | EV_PERSIST, EV_WRITE | EV_ET,
	EV_READ | EV_WRITE | EV_CLOSED, EV_SIGNAL, EV_SIGNAL | EV_PERSIST,
	EV_TIMEOUT, EV_SIGNAL | EV_READ, EV_FINALIZE,
};
static const struct timeval times[] = {
	{0, 0}, {0, 1}, {0, 999999}, {1, 0}, {100000, 0}, {0, 1000000},
};

static struct event *
made(short kind, int fd)
{
	return event_new(base, kind & EV_SIGNAL ? SIGUSR2 : fd, kind, count, &runs);
}

static void
show(const char *what, size_t kind, long value, int result)
{
	trace("%s kind %zu value %ld: %d pending %x added %d active %d", what,
	    kind, value, result, ev ? (unsigned)pending(ev) : 0,
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED),
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE));
}

#define EACH_KIND(kind)                                                      \
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)

TEST(added_for_all_times)
{
	begin();
	EACH_KIND(kind)
		for (size_t t = 0; t < sizeof(times) / sizeof(*times); t++) {
			ev = made(kinds[kind], pair[0]);
			if (!ev) {
				show("refused", kind, (long)t, -1);
				continue;
			}
			show("add", kind, (long)t, event_add(ev, &times[t]));
			show("again", kind, (long)t, event_add(ev, NULL));
			show("remove timer", kind, (long)t, event_remove_timer(ev));
			show("del", kind, (long)t, event_del(ev));
			show("del again", kind, (long)t, event_del(ev));
			event_free(ev);
		}
}

TEST(made_active_with_all_flags)
{
	static const short flags[] = {0, EV_TIMEOUT, EV_READ, EV_WRITE, EV_SIGNAL,
	    EV_READ | EV_WRITE, EV_ET, EV_CLOSED, EV_PERSIST, 0x7f, -1};

	begin();
	EACH_KIND(kind)
		for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
			for (short calls = 0; calls < 3; calls++) {
				ev = made(kinds[kind], pair[0]);
				if (!ev)
					continue;
				runs = 0;
				event_active(ev, flags[i], calls);
				show("active", kind, flags[i], calls);
				event_base_loop(base, EVLOOP_NONBLOCK);
				show("ran", kind, flags[i], runs);
				event_free(ev);
			}
}

TEST(priorities)
{
	begin();
	for (int count = 1; count <= 3; count++) {
		show("init", 0, count, event_base_priority_init(base, count));
		trace("%d", event_base_get_npriorities(base));
		EACH_KIND(kind)
			for (int priority = -2; priority <= 4; priority++) {
				ev = made(kinds[kind], pair[0]);
				if (!ev)
					continue;
				show("priority", kind, priority,
				    event_priority_set(ev, priority));
				trace("is %d", event_get_priority(ev));
				event_free(ev);
				ev = NULL;
			}
	}
	show("init", 0, 0, event_base_priority_init(base, 0));
	show("init", 0, -1, event_base_priority_init(base, -1));
	show("init", 0, 255, event_base_priority_init(base, 255));
	show("init", 0, 256, event_base_priority_init(base, 256));
}

TEST(odd_descriptors_and_signals)
{
	static const int numbers[] = {-1, -2, 900, INT_MIN};
	static const int signals[] = {-1, 65, 1000, SIGKILL, SIGSTOP};

	begin();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		ev = event_new(base, numbers[i], EV_READ | EV_PERSIST, count, &runs);
		show("fd", 0, numbers[i], event_add(ev, NULL));
		event_free(ev);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		ev = evsignal_new(base, signals[i], count, &runs);
		show("signal", 0, signals[i], event_add(ev, NULL));
		event_free(ev);
	}
}

TEST(once_with_all_flags)
{
	/* Over at once, or not before the test is. */
	const struct timeval *timeouts[] = {NULL, &times[0], &times[4]};

	begin();
	ev = NULL;
	EACH_KIND(kind)
		for (int with = 0; with < 3; with++) {
			runs = 0;
			show("once", kind, with, event_base_once(base, pair[0],
			    kinds[kind], count, &runs, timeouts[with]));
			event_base_loop(base, EVLOOP_NONBLOCK);
			show("ran", kind, with, runs);
		}
}
