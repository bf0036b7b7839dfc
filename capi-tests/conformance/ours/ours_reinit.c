/* Forks and execs with everything armed, signals by signalfd. */
#include "exec.h"
#include "reinit.h"

#define BY_DESCRIPTOR                                                        \
	(EVENT_BASE_FLAG_USE_SIGNALFD | EVENT_BASE_FLAG_PRECISE_TIMER)

TEST(children_of_a_server)
{
	children_one_after_the_other(BY_DESCRIPTOR, 150);
}

TEST(fifty_generations)
{
	generations(BY_DESCRIPTOR, 50);
}

TEST(parent_and_child_work_side_by_side)
{
	parent_and_child_at_once(BY_DESCRIPTOR, 100);
}

TEST(reinit_without_a_fork)
{
	the_same_process_again_and_again(BY_DESCRIPTOR, 1000);
}

TEST(nothing_is_left_open_after_exec)
{
	nothing_is_left_open(BY_DESCRIPTOR);
}
