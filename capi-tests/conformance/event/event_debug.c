/*
 * Debug mode: misuse is reported through the fatal callback. Each case runs in
 * a child, whose end tells what happened.
 */
#include "events.h"
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/listener.h>

static struct event unassigned;
static int errors_logged;

static void
log_errors(int severity, const char *message)
{
	(void)message;
	errors_logged += severity == EVENT_LOG_ERR;
}

static void
fatal(int code)
{
	/* What a program gets for errors within the library. */
	_exit(!errors_logged ? 99 : code == (int)0xdeaddead ? 42 : code & 31);
}

/* The child ends inside of the function that allocates: what it had is not lost, for valgrind. */
static void *
allocate(size_t size)
{
	static void *blocks[64];
	static unsigned count;

	return blocks[count++ % 64] = malloc(size);
}

static void
try_case(void *body)
{
	event_set_mem_functions(allocate, realloc, free);
	event_set_log_callback(log_errors);
	event_set_fatal_callback(fatal);
	event_enable_debug_mode();
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "ev");
	(*(void (**)(void))body)();
}

static void
trace_end(const char *label, void (*body)(void))
{
	int status = capi_in_child(try_case, &body);

	if (WIFSIGNALED(status))
		trace("%s: signal %d", label, WTERMSIG(status));
	else
		trace("%s: %s (%d)", label,
		    WEXITSTATUS(status) ? "refused" : "accepted",
		    WEXITSTATUS(status));
}

#define CASE(name, ...)                                                      \
	static void case_##name(void)                                        \
	{                                                                    \
		__VA_ARGS__                                                  \
	}                                                                    \
	TEST(name)                                                           \
	{                                                                    \
		trace_end("debug mode", case_##name);                        \
	}

CASE(a_correct_life, {
	event_add(ev, NULL);
	feed(pair[1]);
	event_base_dispatch(base);
	event_free(ev);
	event_base_free(base);
})

CASE(assign_while_added, {
	event_add(ev, NULL);
	event_assign(ev, base, pair[1], EV_READ, note_flags, "ev");
})

CASE(assign_while_timer_runs, {
	add_ms(ev, 10000);
	event_assign(ev, base, -1, 0, note_flags, "ev");
})

CASE(assign_after_delete, {
	event_add(ev, NULL);
	event_del(ev);
	event_assign(ev, base, pair[1], EV_READ, note_flags, "ev");
	event_assign(ev, base, pair[0], EV_READ, note_flags, "ev");
	event_add(ev, NULL);
})

CASE(assign_after_one_shot_fired, {
	event_add(ev, NULL);
	feed(pair[1]);
	event_base_dispatch(base);
	event_assign(ev, base, pair[1], EV_READ, note_flags, "ev");
})

CASE(assign_while_active, {
	event_active(ev, EV_READ, 1);
	event_assign(ev, base, pair[1], EV_READ, note_flags, "ev");
})

CASE(add_unassigned, { event_add(&unassigned, NULL); })

CASE(delete_unassigned, { event_del(&unassigned); })

CASE(pending_unassigned, { event_pending(&unassigned, EV_READ, NULL); })

CASE(active_unassigned, { event_active(&unassigned, EV_READ, 1); })

CASE(initialized_unassigned, { event_initialized(&unassigned); })

CASE(priority_of_unassigned, { event_priority_set(&unassigned, 0); })

CASE(base_of_unassigned, { event_base_set(base, &unassigned); })

CASE(getters_of_unassigned, { event_get_fd(&unassigned); })

CASE(assignment_of_unassigned, {
	event_get_assignment(&unassigned, NULL, NULL, NULL, NULL, NULL);
})

CASE(remove_timer_of_unassigned, { event_remove_timer(&unassigned); })

CASE(finalize_unassigned, { event_finalize(0, &unassigned, NULL); })

/* Memory that looks like an event, though nobody has assigned it. */
CASE(add_copy, {
	unassigned = *ev;
	event_add(&unassigned, NULL);
})

CASE(delete_copy, {
	unassigned = *ev;
	event_del(&unassigned);
})

CASE(pending_copy, {
	unassigned = *ev;
	event_pending(&unassigned, EV_READ, NULL);
})

CASE(active_copy, {
	unassigned = *ev;
	event_active(&unassigned, EV_READ, 1);
})

CASE(initialized_copy, {
	unassigned = *ev;
	event_initialized(&unassigned);
})

CASE(remove_timer_of_copy, {
	unassigned = *ev;
	event_remove_timer(&unassigned);
})

CASE(finalize_copy, {
	unassigned = *ev;
	event_finalize(0, &unassigned, NULL);
})

CASE(unassign_while_added, {
	event_add(ev, NULL);
	event_debug_unassign(ev);
})

CASE(unassign_then_add, {
	event_debug_unassign(ev);
	event_add(ev, NULL);
})

CASE(unassign_then_assign, {
	event_debug_unassign(ev);
	event_assign(ev, base, pair[0], EV_READ, note_flags, "ev");
	event_add(ev, NULL);
})

CASE(use_after_free, {
	event_assign(&unassigned, base, pair[0], EV_READ, note_flags, "ev");
	event_add(&unassigned, NULL);
	event_del(&unassigned);
	event_debug_unassign(&unassigned);
	event_del(&unassigned);
})

/* What was freed stays the program's memory: the report itself reads it. */
static void
keep(void *memory)
{
	(void)memory;
}

/* What event_free() was given is not to be used again. */
#define FREED_CASE(name, ...)                                                \
	CASE(name, {                                                         \
		event_set_mem_functions(malloc, realloc, keep);              \
		event_add(ev, NULL);                                         \
		event_free(ev);                                              \
		__VA_ARGS__                                                  \
	})

FREED_CASE(free_twice, event_free(ev);)

FREED_CASE(add_freed, event_add(ev, NULL);)

FREED_CASE(add_freed_with_timeout, add_ms(ev, 10);)

FREED_CASE(delete_freed, event_del(ev);)

FREED_CASE(delete_freed_noblock, event_del_noblock(ev);)

FREED_CASE(delete_freed_block, event_del_block(ev);)

FREED_CASE(active_freed, event_active(ev, EV_READ, 1);)

FREED_CASE(pending_freed, event_pending(ev, EV_READ, NULL);)

FREED_CASE(remove_timer_of_freed, event_remove_timer(ev);)

FREED_CASE(finalize_freed, event_finalize(0, ev, NULL);)

FREED_CASE(free_finalize_freed, event_free_finalize(0, ev, NULL);)

FREED_CASE(priority_of_freed, event_priority_set(ev, 0);)

FREED_CASE(base_set_of_freed, event_base_set(base, ev);)

FREED_CASE(fd_of_freed, event_get_fd(ev);)

FREED_CASE(events_of_freed, event_get_events(ev);)

FREED_CASE(base_of_freed, event_get_base(ev);)

FREED_CASE(callback_of_freed, event_get_callback(ev);)

FREED_CASE(argument_of_freed, event_get_callback_arg(ev);)

FREED_CASE(priority_got_of_freed, event_get_priority(ev);)

FREED_CASE(assignment_of_freed, event_get_assignment(ev, NULL, NULL, NULL, NULL, NULL);)

static evutil_socket_t
blocking(void)
{
	evutil_socket_t fds[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	return fds[0];
}

CASE(blocking_descriptor, {
	event_assign(ev, base, blocking(), EV_READ, note_flags, "ev");
})

CASE(blocking_descriptor_with_et, {
	event_add(event_new(base, blocking(), EV_READ | EV_ET, note_flags, "ev"),
	    NULL);
})

CASE(blocking_descriptor_of_a_bufferevent,
    { bufferevent_socket_new(base, blocking(), 0); })

CASE(blocking_descriptor_given_to_a_bufferevent, {
	bufferevent_setfd(bufferevent_socket_new(base, -1, 0), blocking());
})

static void
accepted(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *peer, int length, void *arg)
{
	(void)listener, (void)fd, (void)peer, (void)length, (void)arg;
}

CASE(blocking_listener, {
	evconnlistener_new(base, accepted, NULL, 0, 5,
	    socket(AF_INET, SOCK_STREAM, 0));
})

CASE(blocking_descriptor_waited_for_once, {
	event_base_once(base, blocking(), EV_READ, note_flags, "ev", NULL);
})

CASE(no_descriptor_at_all, {
	errno = 0;
	event_assign(ev, base, -1, 0, note_flags, "ev");
	bufferevent_free(bufferevent_socket_new(base, -1, 0));
	if (errno)
		_exit(77);
})

CASE(blocking_descriptor_of_a_signal, {
	event_add(evsignal_new(base, SIGUSR1, note_flags, "ev"), NULL);
})

CASE(base_freed_under_an_event, {
	event_add(ev, NULL);
	event_base_free(base);
	event_debug_unassign(ev);
})

CASE(enabled_twice, { event_enable_debug_mode(); })

CASE(once_events, {
	struct timeval tv = {0, 1000};

	event_base_once(base, -1, EV_TIMEOUT, note_flags, "t", &tv);
	event_base_once(base, pair[0], EV_WRITE, note_flags, "w", NULL);
	event_base_dispatch(base);
	event_base_free(base);
})

CASE(thousands_of_events, {
	static struct event many[20000];

	for (int i = 0; i < 20000; i++)
		event_assign(&many[i], base, -1, 0, note_flags, "ev");
	for (int i = 0; i < 20000; i++)
		event_active(&many[i], EV_READ, 1);
	event_base_dispatch(base);
	for (int i = 0; i < 20000; i++)
		event_debug_unassign(&many[i]);
})

static void
enable_late(void *arg)
{
	(void)arg;
	event_set_log_callback(log_errors);
	event_set_fatal_callback(fatal);
	base = event_base_new();
	event_enable_debug_mode();
}

TEST(enabled_after_the_first_base)
{
	int status = capi_in_child(enable_late, NULL);

	trace("exit %d, signal %d", WEXITSTATUS(status), WTERMSIG(status));
}

static void
choose_locks_late(void *how)
{
	static const struct evthread_lock_callbacks none = {
		.lock_api_version = EVTHREAD_LOCK_API_VERSION};
	static const struct evthread_condition_callbacks no_conditions = {
		.condition_api_version = EVTHREAD_CONDITION_API_VERSION};
	int way = *(int *)how;

	event_set_log_callback(log_errors);
	event_set_fatal_callback(fatal);
	if (way & 8)
		event_enable_debug_mode();
	base = event_base_new();
	if (way & 4)
		event_base_free(base);
	if (way == 15)
		libevent_global_shutdown();
	switch (way & 3) {
	case 0:
		evthread_use_pthreads();
		break;
	case 1:
		evthread_set_lock_callbacks(&none);
		break;
	case 2:
		evthread_set_condition_callbacks(&no_conditions);
		break;
	default:
		evthread_set_condition_callbacks(NULL);
	}
	_exit(7);
}

TEST(locks_chosen_after_the_first_base)
{
	for (int way = 0; way < 16; way++) {
		int status = capi_in_child(choose_locks_late, &way);

		trace("%d: exit %d, signal %d", way, WEXITSTATUS(status),
		    WTERMSIG(status));
	}
}

static void
misuse_without_debug_mode(void *arg)
{
	(void)arg;
	event_set_log_callback(log_errors);
	event_set_fatal_callback(fatal);
	begin();
	event_debug_unassign(&unassigned);
	_exit(event_del(&unassigned) == -1 && !event_initialized(&unassigned) ?
	        7 : 8);
}

TEST(without_debug_mode_nothing_is_checked)
{
	int status = capi_in_child(misuse_without_debug_mode, NULL);

	trace("exit %d", WEXITSTATUS(status));
}
