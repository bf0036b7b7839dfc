/*
 * The floor: the same work by a loop around epoll_wait() and nothing else.
 */
#include "worker.h"

#include <sys/epoll.h>

struct set {
	int epoll;
	int count;
	int (*pairs)[2];
	int *fds;
};

static struct set *
set_new(int pairs)
{
	struct set *set = worker_memory(sizeof(*set));

	set->epoll = epoll_create1(EPOLL_CLOEXEC);
	must(set->epoll >= 0);
	set->count = pairs;
	set->pairs = worker_memory(pairs * sizeof(*set->pairs));
	for (int i = 0; i < pairs; i++)
		worker_pair(set->pairs[i]);
	return set;
}

static void
watch(struct set *set, int fd, uint64_t data)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};

	must(epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void
set_free(void *state)
{
	struct set *set = state;

	for (int i = 0; i < set->count; i++) {
		if (set->fds) {
			close(set->fds[i]);
		} else {
			close(set->pairs[i][0]);
			close(set->pairs[i][1]);
		}
	}
	close(set->epoll);
	free(set->pairs);
	free(set->fds);
	free(set);
}

static void *
one(int size)
{
	(void)size;
	return set_new(1);
}

static void
add_delete(void *state, int n)
{
	struct set *set = state;

	for (int i = 0; i < n; i++) {
		watch(set, set->pairs[0][0], 0);
		must(epoll_ctl(set->epoll, EPOLL_CTL_DEL, set->pairs[0][0], NULL) == 0);
	}
}

static void *
ping_begin(int size)
{
	struct set *set = one(size);

	watch(set, set->pairs[0][0], 0);
	must(write(set->pairs[0][1], "x", 1) == 1);
	return set;
}

static void
ping(void *state, int n)
{
	struct set *set = state;
	struct epoll_event event;
	char byte;

	for (int i = 0; i < n; i++) {
		must(epoll_wait(set->epoll, &event, 1, -1) == 1);
		must(read(set->pairs[0][0], &byte, 1) == 1);
		must(write(set->pairs[0][1], &byte, 1) == 1);
	}
}

static void *
many(int size)
{
	struct set *set = set_new(0);

	set->count = size;
	set->fds = worker_memory(size * sizeof(*set->fds));
	worker_descriptors(set->fds, size);
	for (int i = 0; i < size; i++)
		watch(set, set->fds[i], i);
	return set;
}

static void
many_run(void *state, int n)
{
	struct set *set = state;
	struct epoll_event events[256];

	while (n > 0)
		n -= epoll_wait(set->epoll, events, 256, -1);
}

/* Both ends answer 64 bytes with what they got, on each of the connections. */
static void *
echo_begin(int size)
{
	struct set *set = set_new(size);
	static const char message[64] = "hello";

	for (int i = 0; i < size; i++) {
		watch(set, set->pairs[i][0], (uint64_t)i << 1);
		watch(set, set->pairs[i][1], (uint64_t)i << 1 | 1);
		must(send(set->pairs[i][0], message, sizeof(message), 0) == sizeof(message));
	}
	return set;
}

static void
echo(void *state, int n)
{
	struct set *set = state;
	struct epoll_event events[256];
	char message[4096];

	while (n > 0) {
		int ready = epoll_wait(set->epoll, events, 256, -1);

		for (int i = 0; i < ready; i++) {
			int end = events[i].data.u64 & 1;
			int fd = set->pairs[events[i].data.u64 >> 1][end];
			ssize_t length = recv(fd, message, sizeof(message), 0);

			must(length > 0 && send(fd, message, length, 0) == length);
			n -= end == 0;
		}
	}
}

static const struct work works[] = {
    {"add-delete", one, add_delete, set_free, 5000, 0},
    {"persistent", ping_begin, ping, set_free, 4000, 0},
    {"descriptors/1000", many, many_run, set_free, 50000, 1000},
    {"echo", echo_begin, echo, set_free, 2000, 1},
    {"echo-500", echo_begin, echo, set_free, 4000, 500},
};

WORKER(works)
