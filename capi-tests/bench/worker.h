/*
 * What the worker programs share: a list of works, each run for its time or,
 * under count.c, for its system calls.
 *
 *   worker list               the names of its works
 *   worker time NAME...       prints `NAME NANOSECONDS` for each, per operation,
 *                             the least of ROUNDS (default 5) rounds
 *   worker once NAME...       one round of each, between two marks for count.c, of
 *                             at most OPERATIONS operations
 *
 * A work that grows with a size has `/SIZE` behind its name.
 */
#ifndef WORKER_H
#define WORKER_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct work {
	const char *name;
	/* Everything that is not to be measured; the result goes to the others. */
	void *(*begin)(int size);
	/* Does n operations. */
	void (*run)(void *state, int n);
	void (*end)(void *state);
	int n;
	int size;
};

/* No descriptor: close() fails, and count.c sees where the work starts and ends. */
#define WORKER_MARK (-32323)

#define must(condition) ((condition) ? (void)0 : must_failed(#condition, __LINE__))

static inline void
must_failed(const char *condition, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", __BASE_FILE__, line, condition);
	abort();
}

/* What is measured: time that passes, unless a program says otherwise. */
#ifndef WORKER_CLOCK
#define WORKER_CLOCK CLOCK_MONOTONIC
#endif

static inline double
worker_now(void)
{
	struct timespec t;

	clock_gettime(WORKER_CLOCK, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* The same numbers in every program: what is compared does the same work. */
static inline uint32_t
worker_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32);
}

static inline void *
worker_memory(size_t size)
{
	void *memory = calloc(1, size);

	must(memory);
	return memory;
}

/* A connected pair of non-blocking stream sockets. */
static inline void
worker_pair(int pair[2])
{
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
}

/* Descriptors, up to 100 of which are readable and stay so. */
static inline void
worker_descriptors(int *fds, int size)
{
	int idle = eventfd(0, EFD_CLOEXEC), ready = eventfd(1, EFD_CLOEXEC);

	must(idle >= 0 && ready >= 0);
	for (int i = 0; i < size; i++) {
		fds[i] = dup(i % (size / (size < 100 ? size : 100)) == 0 ? ready : idle);
		must(fds[i] >= 0);
	}
	close(idle);
	close(ready);
}

static inline void
worker_time(const struct work *work, int rounds)
{
	double least = 1e30;

	for (int round = 0; round < rounds; round++) {
		void *state = work->begin(work->size);
		double start = worker_now(), took;

		work->run(state, work->n);
		took = (worker_now() - start) / work->n;
		work->end(state);
		if (took < least)
			least = took;
	}
	printf("%s %.2f\n", work->name, least);
	fflush(stdout);
}

/* Where callgrind counts: it knows a place in a program by a function's name. */
__attribute__((noinline)) static void
worker_counted(const struct work *work, void *state)
{
	close(WORKER_MARK);
	work->run(state, work->n);
	close(WORKER_MARK);
}

static inline void
worker_once(struct work work)
{
	const char *most = getenv("OPERATIONS");
	void *state = work.begin(work.size);

	if (most && atoi(most) < work.n)
		work.n = atoi(most);
	/* What the first operations set up is not what the others cost. */
	work.run(state, work.n);
	worker_counted(&work, state);
	work.end(state);
	printf("operations %d\n", work.n);
}

/* Root may have as many as it likes. */
static inline void
worker_raise_files(void)
{
	struct rlimit files;

	must(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max = 32768;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
		must(getrlimit(RLIMIT_NOFILE, &files) == 0);
		files.rlim_cur = files.rlim_max;
		must(setrlimit(RLIMIT_NOFILE, &files) == 0);
	}
}

static inline int
worker_main(const struct work *works, size_t count, int argc, char **argv)
{
	const char *rounds = getenv("ROUNDS"), *what = argc > 1 ? argv[1] : "";

	worker_raise_files();
	for (size_t i = 0; i < count; i++) {
		if (strcmp(what, "list") == 0)
			puts(works[i].name);
		for (int arg = 2; arg < argc; arg++) {
			if (strcmp(argv[arg], works[i].name) != 0)
				continue;
			if (strcmp(what, "time") == 0)
				worker_time(&works[i], rounds ? atoi(rounds) : 5);
			else if (strcmp(what, "once") == 0)
				worker_once(works[i]);
		}
	}
	return 0;
}

#define WORKER(works)                                                              \
	int main(int argc, char **argv)                                            \
	{                                                                          \
		return worker_main(works, sizeof(works) / sizeof(*works), argc, argv); \
	}

#endif
