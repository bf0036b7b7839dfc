/* event_reinit() with everything armed, over and over. */
#ifndef CAPI_REINIT_H
#define CAPI_REINIT_H

#include "armed.h"

/* Exit code of a child: everything works, and nothing has been left open. */
static int
child_works(void)
{
	int open_before = descriptors();
	const char *problem;

	if (event_reinit(base) != 0)
		problem = "event_reinit";
	else if (descriptors() != open_before)
		problem = "number of descriptors";
	else
		problem = work_once();
	if (problem)
		fprintf(stderr, "child: %s\n", problem);
	return problem != NULL;
}

static inline void
expect_good_end(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "child: status %x", status);
}

/* A server that has a child for each job. */
static inline void
children_one_after_the_other(int flags, int many)
{
	int open_before;

	arm(flags);
	ck_works();
	open_before = descriptors();
	for (int i = 0; i < many; i++) {
		pid_t child = fork();

		ck_assert_int_ge(child, 0);
		if (child == 0)
			_exit(child_works());
		expect_good_end(child);
		ck_works();
	}
	ck_assert_int_eq(descriptors(), open_before);
}

/* A child of a child of a child. */
static inline void
generations(int flags, int many)
{
	pid_t child;

	arm(flags);
	ck_works();
	child = fork();
	if (child == 0) {
		int depth = 1, status = child_works();

		while (status == 0 && depth++ < many) {
			child = fork();
			if (child == 0) {
				status = child_works();
				continue;
			}
			if (child < 0 || waitpid(child, &status, 0) != child)
				status = 1;
			break;
		}
		_exit(status != 0);
	}
	expect_good_end(child);
	ck_works();
}

/* Both go on at once: the child gives up the sockets, the parent notices nothing. */
static inline void
parent_and_child_at_once(int flags, int many)
{
	arm(flags);
	for (int i = 0; i < many; i++) {
		pid_t child = fork();

		ck_assert_int_ge(child, 0);
		if (child == 0) {
			int kinds[] = {USR1, USR2, TIMER};

			if (event_reinit(base) != 0)
				_exit(2);
			event_del(readable);
			bufferevent_free(echo);
			evconnlistener_free(listener);
			raise(SIGUSR1);
			raise(SIGUSR2);
			add_ms(soon, 1);
			while (!worked[USR1] || !worked[USR2] || !worked[TIMER])
				event_base_loop(base, EVLOOP_ONCE);
			for (int k = 0; k < 3; k++)
				if (worked[kinds[k]] != 1)
					_exit(3);
			_exit(0);
		}
		ck_works();
		expect_good_end(child);
		memset(worked, 0, sizeof(worked));
	}
}

/* Needless, but harmless. */
static inline void
the_same_process_again_and_again(int flags, int many)
{
	int open_before;

	arm(flags);
	ck_works();
	open_before = descriptors();
	for (int i = 0; i < many; i++) {
		ck_assert_int_eq(event_reinit(base), 0);
		if (i % 50 == 0)
			ck_works();
	}
	ck_works();
	ck_assert_int_eq(descriptors(), open_before);
}

#endif
