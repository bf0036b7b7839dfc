/*
 * Running out of memory in the functions of events, listeners and evutil: see
 * fault_operation.h.
 */
#define CAPI_OWN_LOCKS
#include "listeners.h"
#include "fault_memory.h"

#include <event2/event_struct.h>
#include <event2/watch.h>
#include <sys/un.h>

static struct event_config *config;
static struct event embedded;
static int debugging;

static void
describe_all(char *to, size_t room)
{
	int priorities = 0, added = 0, most = 0;

	if (base) {
		priorities = event_base_get_npriorities(base);
		added = event_base_get_num_events(
		    base, EVENT_BASE_COUNT_ADDED);
		most = event_base_get_num_events(
		    base, EVENT_BASE_COUNT_ACTIVE);
	}
	snprintf(to, room, "priorities %d added %d active %d first %x other %x",
	    priorities, added, most, ev ? (unsigned)pending(ev) : 0,
	    other ? (unsigned)pending(other) : 0);
}

static void
take_apart(void)
{
	if (ev)
		event_free(ev);
	if (other)
		event_free(other);
	if (event_initialized(&embedded))
		event_del(&embedded);
	if (listener)
		evconnlistener_free(listener);
	if (base)
		event_base_free(base);
	if (config)
		event_config_free(config);
	base = NULL;
	config = NULL;
	ev = other = NULL;
	listener = NULL;
	memset(&embedded, 0, sizeof(embedded));
	for (int i = 0; i < 2; i++)
		if (pair[i] > 0)
			close(pair[i]);
	pair[0] = pair[1] = -1;
}

#include "fault_operation.h"

static void
nothing(void)
{
}

static void
a_config(void)
{
	config = event_config_new();
}

static void
a_base(void)
{
	begin();
}

static void
a_base_in_debug_mode(void)
{
	if (!debugging)
		event_enable_debug_mode();
	debugging = 1;
	a_base();
}

static void
a_reader(void)
{
	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_name, "ev");
}

static void
a_signal(void)
{
	begin();
	ev = evsignal_new(base, SIGUSR1, note_name, "ev");
}

static void
an_added_signal(void)
{
	a_signal();
	event_add(ev, NULL);
}

static void
listen_with(unsigned flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	listener = evconnlistener_new_bind(base, take, NULL,
	    flags | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_THREADSAFE, -1,
	    (struct sockaddr *)&address, sizeof(address.sun_family));
}

static void
a_disabled_listener(void)
{
	a_base();
	listen_with(LEV_OPT_DISABLED);
}

/* As many blocks as usual: nothing was left out, but epoll may be. */
OPERATION(new_base, nothing, {
	static long usual;
	static char method[16];
	long before = blocks, used;
	struct event_base *made = event_base_new();

	used = blocks - before;
	if (!made) {
		ck_assert_int_eq(used, 0);
		return -1;
	}
	if (!usual) {
		usual = used;
		strcpy(method, event_base_get_method(made));
	}
	if (strcmp(method, event_base_get_method(made)) == 0)
		ck_assert_int_eq(used, usual);
	event_base_free(made);
	return 0;
})
static void
checked_locks(void)
{
	static int checked;

	if (!checked && getenv("CAPI_THREADS"))
		evthread_enable_lock_debugging();
	checked = 1;
}

OPERATION(new_base_with_checked_locks, checked_locks, {
	struct event_base *made = event_base_new();

	if (!made)
		return -1;
	event_base_free(made);
	return 0;
})
OPERATION(new_config, nothing, {
	struct event_config *made = event_config_new();

	if (!made)
		return -1;
	event_config_free(made);
	return 0;
})
OPERATION(avoid_a_method, a_config, {
	return event_config_avoid_method(config, "devpoll");
})
OPERATION(priorities, a_base, return event_base_priority_init(base, 7);)
OPERATION(new_event, a_base, {
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	return ev ? 0 : -1;
})
OPERATION(assign_in_debug_mode, a_base_in_debug_mode, {
	if (event_assign(&embedded, base, pair[0], EV_READ, note_name, "") ||
	    event_add(&embedded, NULL))
		return -1;
	return event_del(&embedded);
})
OPERATION(add_a_reader, a_reader, return event_add(ev, NULL);)
OPERATION(add_a_reader_with_timeout, a_reader, return add_ms(ev, 1000);)
OPERATION(add_a_signal, a_signal, return event_add(ev, NULL);)
OPERATION(add_a_signal_with_timeout, a_signal, return add_ms(ev, 1000);)
OPERATION(once_later, a_base, {
	return event_base_once(
	    base, pair[0], EV_READ, note_name, "once", NULL);
})
OPERATION(once_in_time, a_base, {
	struct timeval later = {100, 0};

	return event_base_once(base, -1, EV_TIMEOUT, note_name, "", &later);
})
OPERATION(once_now, a_base, {
	return event_base_once(base, -1, EV_TIMEOUT, note_name, "", NULL);
})
OPERATION(common_timeout, a_base, {
	struct timeval later = {100, 0};

	return event_base_init_common_timeout(base, &later) ? 0 : -1;
})
OPERATION(leave_the_loop_later, a_base, {
	struct timeval later = {100, 0};

	return event_base_loopexit(base, &later);
})
OPERATION(make_a_watcher, a_base, {
	struct evwatch *made = evwatch_prepare_new(base,
	    (evwatch_prepare_cb)(void (*)(void))note_name, NULL);

	if (!made)
		return -1;
	evwatch_free(made);
	return 0;
})
OPERATION(make_notifiable, a_base, {
	return evthread_make_base_notifiable(base);
})
OPERATION(make_anew, an_added_signal, {
	return event_reinit(base);
})
OPERATION(monotonic_timer, nothing, {
	struct evutil_monotonic_timer *made = evutil_monotonic_timer_new();

	if (!made)
		return -1;
	evutil_monotonic_timer_free(made);
	return 0;
})
OPERATION(methods, nothing, {
	return event_get_supported_methods() ? 0 : -1;
})
OPERATION(new_listener, a_base, {
	listen_with(0);
	return listener ? 0 : -1;
})
OPERATION(enable_a_listener, a_disabled_listener, {
	return evconnlistener_enable(listener);
})
