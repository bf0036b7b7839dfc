/* Descriptors of a base and exec(). */
#include "exec.h"

TEST(a_base_leaves_nothing_open)
{
	nothing_is_left_open(0);
}

TEST(a_base_with_precise_timers_leaves_nothing_open)
{
	nothing_is_left_open(EVENT_BASE_FLAG_PRECISE_TIMER);
}
