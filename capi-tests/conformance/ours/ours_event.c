/* What a callback may do to its own event and base, where libevent 2.1 touches
 * memory that is not its any more, and bounds that it does not keep. */
#include "events.h"
#include <event2/event_struct.h>
#include <sys/resource.h>

/* An event whose callback gives the memory of the event up. */
static struct event own;

static void
give_up(void)
{
	ck_assert_int_eq(event_del(&own), 0);
	memset(&own, 0x5a, sizeof(own));
}

static void
check_untouched(void)
{
	struct event given_up;

	memset(&given_up, 0x5a, sizeof(given_up));
	ck_assert_mem_eq(&own, &given_up, sizeof(own));
}

static void
activate_signal(event_callback_fn callback, short calls)
{
	begin();
	ck_assert_int_eq(evsignal_assign(&own, base, SIGUSR1, callback, NULL), 0);
	ck_assert_int_eq(add_ms(&own, 10000), 0);
	event_active(&own, EV_SIGNAL, calls);
}

CALLBACK(delete_itself)
{
	runs++;
	event_del(&own);
}

TEST(a_signal_deleted_among_its_calls_forgets_their_counter)
{
	activate_signal(delete_itself, 3);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 1);
	/* It was on the stack: deleting the event again must not write there. */
	ck_assert_ptr_null(own.ev_.ev_signal.ev_pncalls);
}

CALLBACK(activate_then_give_up)
{
	if (++runs == 1)
		event_active(&own, EV_SIGNAL, 1);
	else
		give_up();
}

TEST(a_signal_made_active_among_its_calls_may_go)
{
	activate_signal(activate_then_give_up, 4);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 2);
	check_untouched();
}

CALLBACK(activate_for_nothing_and_give_up)
{
	runs++;
	event_active(&own, EV_SIGNAL, 0);
	give_up();
}

TEST(a_signal_made_active_without_calls_may_go)
{
	activate_signal(activate_for_nothing_and_give_up, 3);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 1);
	check_untouched();
}

CALLBACK(remove_timer_and_give_up)
{
	runs++;
	ck_assert_int_eq(event_remove_timer(&own), 0);
	give_up();
}

TEST(a_signal_whose_timer_is_removed_among_its_calls_may_go)
{
	activate_signal(remove_timer_and_give_up, 3);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 1);
	check_untouched();
}

CALLBACK(want_fewer_priorities)
{
	note("first");
	ck_assert_int_eq(event_base_priority_init(base, 2), 0);
	event_active(other, EV_TIMEOUT, 1);
}

TEST(fewer_priorities_from_a_callback)
{
	begin();
	ck_assert_int_eq(event_base_priority_init(base, 200), 0);
	ev = evtimer_new(base, want_fewer_priorities, NULL);
	other = evtimer_new(base, note_name, "second");
	ck_assert_int_eq(event_priority_set(ev, 199), 0);
	ck_assert_int_eq(event_priority_set(other, 150), 0);
	event_active(ev, EV_TIMEOUT, 1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	/* A priority that is no more is the least urgent that there is. */
	ck_notes("first second");
	ck_assert_int_eq(add_ms(other, 0), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("second");
}

TEST(no_memory_is_spent_on_a_number_that_is_no_descriptor)
{
	static const int numbers[] = {1 << 24, 1 << 30, INT_MAX - 1, INT_MAX};
	struct rusage usage;
	size_t i;

	begin();
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ev = event_new(base, numbers[i], EV_READ, note_name, "never");
		ck_assert_int_eq(event_add(ev, NULL), -1);
		ck_assert_int_eq(errno, EBADF);
		ck_assert_int_eq(pending(ev), 0);
		event_free(ev);
	}
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	ck_assert_int_lt(usage.ru_maxrss, 100 * 1024);
}

static int out_of_memory;

static void *
scarce_malloc(size_t size)
{
	return out_of_memory ? NULL : malloc(size);
}

static void *
scarce_realloc(void *memory, size_t size)
{
	return out_of_memory ? NULL : realloc(memory, size);
}

TEST(a_common_timeout_stays_when_there_is_no_memory_for_another)
{
	enum { EVENTS = 64 };
	struct timeval long_time = {1000, 0}, longer = {2000, 0};
	const struct timeval *common;
	struct event *events[EVENTS];
	int i, refused = 0;

	event_set_mem_functions(scarce_malloc, scarce_realloc, free);
	begin();
	common = event_base_init_common_timeout(base, &long_time);
	for (i = 0; i < EVENTS; i++) {
		events[i] = evtimer_new(base, note_name, "never");
		ck_assert_int_eq(event_add(events[i], common), 0);
	}
	out_of_memory = 1;
	for (i = 0; i < EVENTS; i++) {
		refused += event_add(events[i], &longer) == -1;
		ck_assert_int_eq(pending(events[i]), EV_TIMEOUT);
	}
	out_of_memory = 0;
	ck_assert_int_gt(refused, 0);
	for (i = 0; i < EVENTS; i++)
		event_free(events[i]);
	ck_assert_int_eq(event_base_dispatch(base), 1);
}

CALLBACK(give_up_and_ask_who_runs)
{
	give_up();
	ck_assert_ptr_eq(event_base_get_running_event(base), &own);
	check_untouched();
	runs++;
}

/* The answer is not read from the event. */
TEST(the_running_event_is_known_after_it_is_gone)
{
	begin();
	event_assign(&own, base, -1, 0, give_up_and_ask_who_runs, NULL);
	ck_assert_int_eq(add_ms(&own, 0), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 1);
}

static struct event added[3];

static void
add_three(struct event *event UNUSED, void *arg UNUSED)
{
	ck_assert_int_eq(event_add(&added[0], NULL), 0);
	ck_assert_int_eq(event_add(&added[1], NULL), 0);
	ck_assert_int_eq(add_ms(&added[2], 10000), 0);
	runs++;
}

/* They would refer to a base that is no more, and the signal would keep its
 * handler. */
TEST(events_that_finalizers_add_to_a_base_that_goes_are_deleted)
{
	struct sigaction action;

	begin();
	event_assign(&added[0], base, pair[0], EV_READ, note_name, "io");
	evsignal_assign(&added[1], base, SIGUSR1, note_name, "signal");
	evtimer_assign(&added[2], base, note_name, "timer");
	ev = event_new(base, -1, 0, note_name, "ev");
	ck_assert_int_eq(event_free_finalize(0, ev, add_three), 0);
	event_base_free(base);
	ck_assert_int_eq(runs, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(added[i].ev_evcallback.evcb_flags, EVLIST_INIT);
	ck_assert_int_eq(sigaction(SIGUSR1, NULL, &action), 0);
	ck_assert_ptr_eq(action.sa_handler, SIG_DFL);
	ck_notes("");
}

/* Blocks that only the program's own function can free. */
static void *
malloc_with_a_header(size_t size)
{
	char *block = malloc(size + 16);

	return block ? block + 16 : NULL;
}

static void
free_with_a_header(void *block)
{
	if (block)
		free((char *)block - 16);
}

/* libevent's arrays come from realloc alone, and it frees them by the program's function. */
TEST(programs_may_leave_realloc_out)
{
	enum { MANY = 200 };
	struct event *events[MANY];
	struct timeval tv = {1000, 0};

	event_set_mem_functions(malloc_with_a_header, NULL, free_with_a_header);
	begin();
	for (int i = 0; i < MANY; i++) {
		events[i] = event_new(base, dup(pair[0]), EV_READ, count, &runs);
		ck_assert_int_eq(event_add(events[i], &tv), 0);
	}
	feed(pair[1]);
	while (runs < MANY)
		ck_assert_int_eq(once(), 0);
	for (int i = 0; i < MANY; i++)
		event_free(events[i]);
	event_base_free(base);
}

static void
free_the_next_and_set_priorities(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_free(other);
	ck_assert_int_eq(event_base_priority_init(base, 3), 0);
}

/* The reference works on with the queues that it has freed. */
TEST(priorities_set_when_the_next_event_is_freed)
{
	begin();
	ev = event_new(base, -1, 0, free_the_next_and_set_priorities, NULL);
	other = event_new(base, -1, 0, count, &runs);
	event_active(ev, EV_TIMEOUT, 1);
	event_active(other, EV_TIMEOUT, 1);
	once();
	ck_assert_int_eq(runs, 0);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE), 0);
	event_free(ev);
	event_base_free(base);
}
