/*
 * One function at a time runs out of memory. The program says, before it
 * includes this, what there is to see of its objects and how they go away:
 *
 *   static void describe_all(char *to, size_t room);
 *   static void take_apart(void);
 */
#ifndef CAPI_FAULT_OPERATION_H
#define CAPI_FAULT_OPERATION_H

#include "fault_memory.h"

/*
 * MAKE a base and bufferevents; OPERATION returns -1 and has changed nothing,
 * or 0 and has done everything: some can do without what they asked for.
 */
static void
sweep(void (*make)(void), int (*operation)(void))
{
	int descriptors = open_descriptors();
	long asked_for;
	static char before[4096], after[4096], success[4096];

	hook_memory();
	make();
	refuse(LONG_MAX, 0);
	ck_assert_int_eq(operation(), 0);
	asked_for = requests;
	describe_all(success, sizeof(success));
	take_apart();
	for (int onwards = 0; onwards < 2; onwards++)
		for (long n = asked_for; n-- > 0;) {
			int result, error;

			make();
			describe_all(before, sizeof(before));
			errno = 0;
			refuse(n, onwards);
			result = operation();
			error = errno;
			refuse_nothing();
			if (result == -1) {
				ck_assert_int_eq(error, ENOMEM);
				describe_all(after, sizeof(after));
				ck_assert_str_eq(after, before);
				result = operation();
			}
			ck_assert_int_eq(result, 0);
			describe_all(after, sizeof(after));
			ck_assert_str_eq(after, success);
			take_apart();
			ck_assert_int_eq(open_descriptors(), descriptors);
		}
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
	trace("%ld runs", 2 * asked_for + 1);
}

#define OPERATION(name, make, ...)                                           \
	static int do_##name(void)                                           \
	{                                                                    \
		__VA_ARGS__                                                  \
	}                                                                    \
	TEST(name)                                                           \
	{                                                                    \
		sweep(make, do_##name);                                      \
	}

#endif
