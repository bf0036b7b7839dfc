/* Sandboxes and old kernels that refuse a newer system call: the older one does it. */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "sandbox.h"

#define REFUSED(name, number)                                                \
	TEST(name##_is_forbidden) { check_without(number, EPERM); }          \
	TEST(name##_is_unknown) { check_without(number, ENOSYS); }
REFUSED(eventfd, SYS_eventfd2)
REFUSED(pipe2, SYS_pipe2)
REFUSED(epoll_create1, SYS_epoll_create1)

TEST(there_are_no_precise_timers)
{
	method_flags = EVENT_BASE_FLAG_PRECISE_TIMER;
	check_without(SYS_timerfd_create, ENOSYS);
}

TEST(accept4_is_unknown)
{
	check_without(SYS_accept4, ENOSYS);
}

TEST(random_numbers_come_from_a_file)
{
	unsigned char bytes[32] = {0}, zero[32] = {0};

	refuse_call(SYS_getrandom, ENOSYS);
	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	ck_assert_mem_ne(bytes, zero, sizeof(bytes));
}
