/* event_base_once. */
#include "events.h"

TEST(once_for_a_timeout)
{
	struct timeval tv = capi_ms(20);
	long long start = capi_now_ms();

	begin();
	trace("%d", event_base_once(base, -1, EV_TIMEOUT, note_flags, "t",
	    &tv));
	trace("events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	trace("%d", event_base_dispatch(base));
	ck_assert_int_ge(capi_now_ms() - start, 10);
	ck_notes("t:1");
}

TEST(once_for_a_descriptor)
{
	struct timeval tv = capi_ms(20);

	begin();
	feed(pair[1]);
	trace("read %d", event_base_once(base, pair[0], EV_READ, note_flags,
	    "r", NULL));
	trace("%d", event_base_dispatch(base));
	trace("both %d", event_base_once(base, pair[0], EV_READ | EV_WRITE,
	    note_flags, "rw", NULL));
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
	capi_log[0] = '\0';
	trace("times out %d", event_base_once(base, pair[1], EV_READ,
	    note_flags, "late", &tv));
	trace("times out %d", event_base_once(base, pair[1],
	    EV_READ | EV_TIMEOUT, note_flags, "late", &tv));
	trace("%d", event_base_dispatch(base));
	trace("%s", capi_log);
}

/* A timeout of zero is activated at once. */
TEST(once_without_time)
{
	struct timeval zero = capi_ms(0);

	begin();
	trace("zero %d", event_base_once(base, -1, EV_TIMEOUT, note_flags,
	    "zero", &zero));
	trace("active %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE));
	trace("null %d", event_base_once(base, -1, EV_TIMEOUT, note_flags,
	    "null", NULL));
	trace("active %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE));
	trace("%d", once());
	trace("%s", capi_log);
}

TEST(once_refuses)
{
	struct timeval tv = capi_ms(0);

	begin();
	trace("signal %d", event_base_once(base, SIGUSR1, EV_SIGNAL, note_flags,
	    "s", NULL));
	trace("persist %d", event_base_once(base, pair[0], EV_READ | EV_PERSIST,
	    note_flags, "p", NULL));
	trace("nothing %d", event_base_once(base, pair[0], 0, note_flags, "n",
	    NULL));
	trace("nothing, with time %d", event_base_once(base, pair[0], 0,
	    note_flags, "n", &tv));
	trace("early close %d", event_base_once(base, pair[0], EV_CLOSED,
	    note_flags, "c", NULL));
	trace("edge %d", event_base_once(base, pair[0], EV_READ | EV_ET,
	    note_flags, "et", NULL));
	trace("timeout and signal %d", event_base_once(base, SIGUSR1,
	    EV_SIGNAL | EV_TIMEOUT, note_flags, "ts", &tv));
	trace("timeout and read, no time %d", event_base_once(base, pair[0],
	    EV_READ | EV_TIMEOUT, note_flags, "tr", NULL));
	trace("events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
}

CALLBACK(once_more)
{
	struct timeval zero = capi_ms(0);

	note("%s", (const char *)arg);
	if (++runs < 3)
		event_base_once(base, -1, EV_TIMEOUT, once_more, arg, &zero);
}

TEST(once_within_once)
{
	struct timeval zero = capi_ms(0);

	begin();
	event_base_once(base, -1, EV_TIMEOUT, once_more, "again", &zero);
	trace("%d", once());
	trace("%s", capi_log);
	trace("%d", event_base_dispatch(base));
	ck_assert_int_eq(runs, 3);
}

TEST(once_is_freed_with_its_base)
{
	struct timeval tv = {1000, 0};

	begin();
	for (int i = 0; i < 20; i++) {
		event_base_once(base, pair[0], EV_READ, note_name, "r", &tv);
		event_base_once(base, -1, EV_TIMEOUT, note_name, "t", &tv);
	}
	event_base_free(base);
	ck_notes("");
}
