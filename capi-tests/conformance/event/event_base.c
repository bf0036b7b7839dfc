/* event_base: making one, choosing its backend, its counts and its features. */
#include "events.h"
#include <event2/event_struct.h>

static void
quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

static struct event_base *
with_flag(int flag)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	ck_assert_int_eq(event_config_set_flag(config, flag), 0);
	made = event_base_new_with_config(config);
	event_config_free(config);
	return made;
}

TEST(version)
{
	trace("%s %08x", event_get_version(), event_get_version_number());
	trace("headers %08x", LIBEVENT_VERSION_NUMBER);
	ck_assert_uint_eq(event_get_version_number(), LIBEVENT_VERSION_NUMBER);
	ck_assert_str_eq(event_get_version(), LIBEVENT_VERSION);
}

TEST(size_of_an_event)
{
	ck_assert_uint_eq(event_get_struct_event_size(), sizeof(struct event));
}

TEST(supported_methods)
{
	const char **methods = event_get_supported_methods();

	ck_assert_ptr_nonnull(methods);
	for (int i = 0; methods[i]; i++)
		trace("%s", methods[i]);
	ck_assert_str_eq(event_get_supported_methods()[0], "epoll");
}

TEST(method_follows_the_environment)
{
	base = event_base_new();
	trace("%s", event_base_get_method(base));
}

TEST(environment_leaves_nothing)
{
	setenv("EVENT_NOEPOLL", "1", 1);
	setenv("EVENT_NOPOLL", "1", 1);
	setenv("EVENT_NOSELECT", "1", 1);
	event_set_log_callback(quiet);
	ck_assert_ptr_null(event_base_new());
	/* Any value counts, the empty one too. */
	setenv("EVENT_NOSELECT", "", 1);
	ck_assert_ptr_null(event_base_new());
	unsetenv("EVENT_NOSELECT");
	base = event_base_new();
	ck_assert_str_eq(event_base_get_method(base), "select");
}

TEST(environment_can_be_ignored)
{
	setenv("EVENT_NOEPOLL", "1", 1);
	base = with_flag(EVENT_BASE_FLAG_IGNORE_ENV);
	ck_assert_str_eq(event_base_get_method(base), "epoll");
}

TEST(environment_is_not_asked_again_after_reinit)
{
	const char *before;

	begin();
	before = event_base_get_method(base);
	setenv("EVENT_NOEPOLL", "1", 1);
	ck_assert_int_eq(event_reinit(base), 0);
	ck_assert_str_eq(event_base_get_method(base), before);
}

/* Messages have a severity; their words are the library's own. */
static void
trace_log(int severity, const char *message)
{
	trace("log %d, names the backend: %d", severity, base == NULL &&
	    strstr(message, getenv("EVENT_NOPOLL")  ? "select"  :
	                    getenv("EVENT_NOEPOLL") ? "poll" :
	                                              "epoll") != NULL);
}

TEST(show_method_is_a_message)
{
	event_set_log_callback(trace_log);
	setenv("EVENT_SHOW_METHOD", "1", 1);
	base = event_base_new();
}

TEST(avoided_methods)
{
	struct event_config *config = event_config_new();

	unsetenv("EVENT_NOEPOLL");
	unsetenv("EVENT_NOPOLL");
	trace("avoid %d", event_config_avoid_method(config, "epoll"));
	trace("avoid %d", event_config_avoid_method(config, "no such thing"));
	base = event_base_new_with_config(config);
	trace("%s", event_base_get_method(base));
	trace("avoid %d", event_config_avoid_method(config, "poll"));
	base = event_base_new_with_config(config);
	trace("%s", event_base_get_method(base));
	trace("avoid %d", event_config_avoid_method(config, "select"));
	event_set_log_callback(quiet);
	ck_assert_ptr_null(event_base_new_with_config(config));
	event_config_free(config);
}

TEST(required_features)
{
	static const int features[] = {EV_FEATURE_ET, EV_FEATURE_O1,
	    EV_FEATURE_FDS, EV_FEATURE_EARLY_CLOSE,
	    EV_FEATURE_ET | EV_FEATURE_O1, EV_FEATURE_FDS | EV_FEATURE_ET, 0};

	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
		struct event_config *config = event_config_new();

		event_set_log_callback(quiet);
		trace("require %x: %d", features[i],
		    event_config_require_features(config, features[i]));
		base = event_base_new_with_config(config);
		trace("%s %x", base ? event_base_get_method(base) : "nothing",
		    base ? event_base_get_features(base) : 0);
		event_config_free(config);
	}
}

TEST(every_flag_is_accepted)
{
	static const int flags[] = {0, EVENT_BASE_FLAG_NOLOCK,
	    EVENT_BASE_FLAG_IGNORE_ENV, EVENT_BASE_FLAG_STARTUP_IOCP,
	    EVENT_BASE_FLAG_NO_CACHE_TIME,
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST,
	    EVENT_BASE_FLAG_PRECISE_TIMER, 0x7f};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		capi_pair(pair);
		base = with_flag(flags[i]);
		trace("%x: %s %x", flags[i], event_base_get_method(base),
		    event_base_get_features(base));
		event_add(event_new(base, pair[0], EV_READ, consume, "io"),
		    NULL);
		timer(10, "timer");
		feed(pair[1]);
		ck_assert_int_eq(event_base_dispatch(base), 1);
		ck_notes("io:2 timer");
		event_base_free(base);
		close(pair[0]);
		close(pair[1]);
	}
}

TEST(changelist_settles_what_was_undone)
{
	base = with_flag(EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	capi_pair(pair);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "r");
	other = event_new(base, pair[0], EV_WRITE, note_flags, "w");
	for (int i = 0; i < 5; i++) {
		event_add(ev, NULL);
		event_add(other, NULL);
		event_del(other);
		feed(pair[1]);
		ck_assert_int_eq(once(), 0);
		event_del(ev);
	}
	ck_notes("r:2 r:2 r:2 r:2 r:2");
	ck_assert_int_eq(once(), 1);
}

TEST(number_of_priorities)
{
	begin();
	trace("at first %d", event_base_get_npriorities(base));
	trace("init 5: %d", event_base_priority_init(base, 5));
	trace("then %d", event_base_get_npriorities(base));
	trace("init 0: %d", event_base_priority_init(base, 0));
	trace("init -1: %d", event_base_priority_init(base, -1));
	trace("init 255: %d", event_base_priority_init(base, 255));
	trace("init 256: %d", event_base_priority_init(base, 256));
	trace("then %d", event_base_get_npriorities(base));
	trace("init 255 again: %d", event_base_priority_init(base, 255));
	ev = event_new(base, -1, 0, note_name, "ev");
	event_active(ev, EV_READ, 1);
	trace("while active: %d", event_base_priority_init(base, 3));
	trace("while active, same: %d", event_base_priority_init(base, 255));
	trace("then %d", event_base_get_npriorities(base));
}

TEST(priority_of_an_event)
{
	begin();
	event_base_priority_init(base, 8);
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	trace("middle %d", event_get_priority(ev));
	trace("set 0: %d", event_priority_set(ev, 0));
	trace("set 7: %d", event_priority_set(ev, 7));
	trace("set 8: %d", event_priority_set(ev, 8));
	trace("set -1: %d", event_priority_set(ev, -1));
	trace("now %d", event_get_priority(ev));
	event_add(ev, NULL);
	trace("pending: %d", event_priority_set(ev, 3));
	event_active(ev, EV_READ, 1);
	trace("active: %d", event_priority_set(ev, 4));
	trace("now %d", event_get_priority(ev));
	for (int n = 1; n < 6; n++) {
		struct event_base *each = event_base_new();

		event_base_priority_init(each, n);
		ev = event_new(each, -1, 0, note_name, "ev");
		trace("middle of %d: %d", n, event_get_priority(ev));
	}
}

static void
trace_counts(const char *label)
{
	static const unsigned kinds[] = {EVENT_BASE_COUNT_ACTIVE,
	    EVENT_BASE_COUNT_VIRTUAL, EVENT_BASE_COUNT_ADDED, 7, 0};
	int n[5], max[5];

	for (int i = 0; i < 5; i++) {
		n[i] = event_base_get_num_events(base, kinds[i]);
		max[i] = event_base_get_max_events(base, kinds[i], 0);
	}
	trace("%s: active %d/%d virtual %d/%d added %d/%d all %d/%d none %d/%d",
	    label, n[0], max[0], n[1], max[1], n[2], max[2], n[3], max[3],
	    n[4], max[4]);
}

CALLBACK(trace_counts_within)
{
	trace_counts(arg);
}

/* Exported, although no header declares them. */
void event_base_add_virtual_(struct event_base *);
void event_base_del_virtual_(struct event_base *);

TEST(counts_and_their_maxima)
{
	struct event *signal_event;

	begin();
	trace_counts("empty");
	ev = event_new(base, pair[0], EV_READ, trace_counts_within, "in io");
	other = evtimer_new(base, trace_counts_within, "in timer");
	event_add(ev, NULL);
	trace_counts("reader");
	add_ms(ev, 100000);
	trace_counts("reader with timeout");
	add_ms(other, 0);
	trace_counts("timer");
	signal_event = evsignal_new(base, SIGUSR1, note_name, "signal");
	event_add(signal_event, NULL);
	trace_counts("signal");
	event_active(ev, EV_READ, 1);
	trace_counts("active");
	event_active(signal_event, EV_SIGNAL, 3);
	trace_counts("active signal");
	once();
	trace_counts("after the loop");
	event_del(signal_event);
	trace_counts("no signal");
	trace("clear added %d", event_base_get_max_events(
	    base, EVENT_BASE_COUNT_ADDED, 1));
	trace_counts("added cleared");
	trace("clear all %d", event_base_get_max_events(base, 7, 1));
	trace_counts("all cleared");
	event_add(signal_event, NULL);
	event_active(signal_event, EV_SIGNAL, 1);
	event_base_add_virtual_(base);
	event_base_add_virtual_(base);
	trace("clear all %d", event_base_get_max_events(base, 7, 1));
	event_base_del_virtual_(base);
	event_del(signal_event);
	trace_counts("less than when they were cleared");
	event_base_add_virtual_(base);
	event_add(signal_event, NULL);
	trace_counts("more again");
	event_add(other, &(struct timeval){1000, 0});
	event_base_get_max_events(base, 7, 1);
	event_add(other, &(struct timeval){2000, 0});
	trace_counts("a timeout changed after the maxima were cleared");
	event_base_get_max_events(base, 7, 1);
	event_reinit(base);
	trace_counts("made anew after the maxima were cleared");
}

TEST(free_deletes_what_is_left)
{
	begin();
	event_add(event_new(base, pair[0], EV_READ, note_name, "io"), NULL);
	timer(100000, "timer");
	event_add(evsignal_new(base, SIGUSR1, note_name, "signal"), NULL);
	ev = event_new(base, -1, 0, note_name, "active");
	event_active(ev, EV_READ, 1);
	event_base_free(base);
	ck_notes("");
	/* The event stays, outside of any base. */
	ck_assert_int_eq(event_initialized(ev), 1);
}

TEST(free_of_nothing)
{
	event_set_log_callback(quiet);
	event_base_free(NULL);
}

TEST(many_bases)
{
	struct event_base *bases[40];

	for (int i = 0; i < 40; i++) {
		bases[i] = event_base_new();
		ck_assert_ptr_nonnull(bases[i]);
	}
	for (int i = 0; i < 40; i++) {
		base = bases[i];
		timer(0, "t");
		ck_assert_int_eq(event_base_dispatch(base), 1);
		event_base_free(base);
	}
}

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

TEST(free_closes_its_descriptors)
{
	int before = open_descriptors();

	for (int i = 0; i < 5; i++) {
		base = event_base_new();
		event_add(evsignal_new(base, SIGUSR1, note_name, "s"), NULL);
		event_base_free(base);
	}
	ck_assert_int_eq(open_descriptors(), before);
}

TEST(its_descriptors_close_on_exec)
{
	int used[256];

	for (int fd = 0; fd < 256; fd++)
		used[fd] = fcntl(fd, F_GETFD) != -1;
	base = with_flag(EVENT_BASE_FLAG_PRECISE_TIMER);
	event_add(evsignal_new(base, SIGUSR1, note_name, "s"), NULL);
	for (int fd = 0; fd < 256; fd++)
		if (!used[fd] && fcntl(fd, F_GETFD) != -1)
			ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(assignment_of_an_event)
{
	struct event_base *its_base;
	evutil_socket_t fd;
	short events;
	event_callback_fn callback;
	void *arg;

	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_name, "name");
	event_get_assignment(ev, &its_base, &fd, &events, &callback, &arg);
	ck_assert_ptr_eq(its_base, base);
	ck_assert_int_eq(fd, pair[0]);
	ck_assert_int_eq(events, EV_READ | EV_PERSIST);
	ck_assert(callback == note_name);
	ck_assert_str_eq(arg, "name");
	event_get_assignment(ev, NULL, NULL, NULL, NULL, NULL);
	ck_assert_ptr_eq(event_get_base(ev), base);
	ck_assert_int_eq(event_get_fd(ev), pair[0]);
	ck_assert_int_eq(event_get_signal(ev), pair[0]);
	ck_assert_int_eq(event_get_events(ev), EV_READ | EV_PERSIST);
	ck_assert(event_get_callback(ev) == note_name);
	ck_assert_str_eq(event_get_callback_arg(ev), "name");
}

TEST(assigning_again_to_another_base)
{
	struct event_base *second;

	begin();
	second = event_base_new();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	trace("same %d", event_base_set(base, ev));
	trace("other %d", event_base_set(second, ev));
	ck_assert_ptr_eq(event_get_base(ev), second);
	event_add(ev, NULL);
	trace("added %d", event_base_set(base, ev));
	ck_assert_ptr_eq(event_get_base(ev), second);
}

TEST(zeroed_memory_is_harmless)
{
	struct event zeroed;

	memset(&zeroed, 0, sizeof(zeroed));
	event_set_log_callback(quiet);
	trace("initialized %d", event_initialized(&zeroed));
	trace("pending %d", event_pending(&zeroed, 0xff, NULL));
	trace("del %d", event_del(&zeroed));
}

TEST(bad_assignments)
{
	struct event event;

	begin();
	event_set_log_callback(trace_log);
	trace("signal and read: %d", event_assign(&event, base, SIGUSR1,
	    EV_SIGNAL | EV_READ, note_name, NULL));
	trace("signal and write: %d", event_assign(&event, base, SIGUSR1,
	    EV_SIGNAL | EV_WRITE, note_name, NULL));
	trace("signal and early close: %d", event_assign(&event, base, SIGUSR1,
	    EV_SIGNAL | EV_CLOSED, note_name, NULL));
	ck_assert_ptr_null(event_new(base, SIGUSR1, EV_SIGNAL | EV_READ,
	    note_name, NULL));
	trace("nothing: %d", event_assign(&event, base, -1, 0, note_name,
	    NULL));
	trace("signal with timeout: %d", event_assign(&event, base, SIGUSR1,
	    EV_SIGNAL | EV_TIMEOUT, note_name, NULL));
}

CALLBACK(note_self)
{
	note("%d", arg == (void *)ev);
}

TEST(self_argument)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_self,
	    event_self_cbarg());
	ck_assert_ptr_eq(event_get_callback_arg(ev), ev);
	feed(pair[1]);
	event_add(ev, NULL);
	event_base_dispatch(base);
	ck_notes("1");
}
