/* A failed check inside the library ends the process by log and fatal callback. */
// runs: one-backend, one-locking
#include "events.h"
#include <event2/bufferevent.h>
#include <event2/event_struct.h>

/* Exported, but in no public header. */
void event_base_assert_ok_(struct event_base *base);

static char line[1024];

static void
keep_error(int severity, const char *message)
{
	if (severity == EVENT_LOG_ERR)
		snprintf(line, sizeof(line), "%s", message);
}

static void
expect_panic(int code)
{
	ck_assert_uint_eq((unsigned)code, 0xdeaddeadu);
	ck_assert_ptr_nonnull(strstr(line, "libevent_rs bug"));
	exit(9);
}

/* A program wrote over an event that waits. */
static void
check_a_broken_event(void)
{
	base = event_base_new();
	ev = timer(1000, "ev");
	event_base_assert_ok_(base);
	ev->ev_timeout_pos.min_heap_idx = 7;
	event_base_assert_ok_(base);
}

TEST_EXITS(the_log_and_the_fatal_callback_are_told, 9)
{
	event_set_log_callback(keep_error);
	event_set_fatal_callback(expect_panic);
	check_a_broken_event();
}

/* A mistake of the caller's, and said to be one. */
static void
expect_no_panic(int code)
{
	ck_assert_uint_eq((unsigned)code, 0xdeaddeadu);
	ck_assert_str_eq(line, "The bufferevent is NULL");
	exit(9);
}

TEST_EXITS(a_null_bufferevent_is_no_bug_of_the_library, 9)
{
	event_set_log_callback(keep_error);
	event_set_fatal_callback(expect_no_panic);
	bufferevent_free(NULL);
}

TEST_DIES(without_callbacks_it_aborts, SIGABRT)
{
	check_a_broken_event();
}
