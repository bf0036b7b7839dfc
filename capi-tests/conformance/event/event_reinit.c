/* Forks with everything armed, thousands of them in all. */
#include "reinit.h"

TEST(children_of_a_server)
{
	children_one_after_the_other(0, 150);
}

TEST(children_of_a_server_with_precise_timers)
{
	children_one_after_the_other(EVENT_BASE_FLAG_PRECISE_TIMER, 150);
}

TEST(fifty_generations)
{
	generations(EVENT_BASE_FLAG_PRECISE_TIMER, 50);
}

TEST(parent_and_child_work_side_by_side)
{
	parent_and_child_at_once(0, 100);
}

TEST(reinit_without_a_fork)
{
	the_same_process_again_and_again(EVENT_BASE_FLAG_PRECISE_TIMER, 1000);
}
