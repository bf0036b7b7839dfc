/* What a sandbox may forbid, and libevent 2.1 then does without. */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "sandbox.h"

TEST(accept4_is_forbidden)
{
	check_without(SYS_accept4, EPERM);
}

/* libevent sets the timer again without end. */
TEST(precise_timers_are_forbidden)
{
	method_flags = EVENT_BASE_FLAG_PRECISE_TIMER;
	check_without(SYS_timerfd_settime, EPERM);
}

TEST(signal_descriptors_are_forbidden)
{
	method_flags = EVENT_BASE_FLAG_USE_SIGNALFD;
	check_without(SYS_signalfd4, EPERM);
	base = base_with_flags();
	ck_assert_str_eq(event_base_get_signal_method(base), "signal");
	event_base_free(base);
}
