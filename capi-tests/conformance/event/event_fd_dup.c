/* Descriptors that are duplicated, or replaced by dup2(). */
#include "descriptors.h"

static int tell_library;

CALLBACK(replace_by_dup2)
{
	int fresh[2];
	char byte;

	note("%s", (const char *)arg);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	capi_pair(fresh);
	if (tell_library)
		event_del(ev);
	ck_assert_int_eq(dup2(fresh[0], fd), fd);
	if (tell_library)
		event_add(ev, NULL);
	close(fresh[0]);
	close(pair[1]);
	pair[1] = fresh[1];
}

TEST(replaced_by_dup2_and_the_library_knows)
{
	begin_quietly();
	tell_library = 1;
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, replace_by_dup2,
	    "ev");
	event_add(ev, NULL);
	for (int i = 0; i < 4; i++) {
		feed(pair[1]);
		ck_assert_int_eq(once(), 0);
		ck_assert_int_eq(turn(), 0);
	}
	ck_notes("ev ev ev ev");
}

/* epoll forgets the old file with its last descriptor and has never heard of
 * the new one; poll and select go by number. */
TEST(replaced_by_dup2_behind_its_back)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, replace_by_dup2,
	    "ev");
	event_add(ev, NULL);
	feed(pair[1]);
	trace("loop %d", once());
	feed(pair[1]);
	trace("loop %d", short_turn());
	trace("%s", capi_log);
	trace("del %d", event_del(ev));
	trace("add %d", event_add(ev, NULL));
	trace("loop %d", short_turn());
	trace("%s", capi_log);
}

TEST(one_shot_is_replaced_by_dup2_and_added_again)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ, replace_by_dup2, "ev");
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(event_add(ev, NULL), 0);
		feed(pair[1]);
		ck_assert_int_eq(once(), 0);
	}
	ck_notes("ev ev ev ev");
}

static int haunted;

CALLBACK(replace_and_add)
{
	int fresh[2];

	note("ev:%x", (unsigned)what);
	if (haunted)
		return;
	haunted = dup(fd);
	capi_pair(fresh);
	ck_assert_int_eq(dup2(fresh[0], fd), fd);
	close(fresh[0]);
	/* The old file stays ready, and what reports it looks like the new. */
	other = event_new(base, fresh[1], EV_WRITE, note_name, "never");
	ck_assert_int_eq(event_add(ev, NULL), 0);
}

TEST(one_shot_is_replaced_while_a_duplicate_of_the_old_is_left)
{
	begin_quietly();
	ev = event_new(base, pair[0], EV_READ, replace_and_add, NULL);
	event_add(ev, NULL);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("ev:2");
	ck_assert_int_eq(short_turn(), 0);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("");
	ck_assert_int_eq(pending(ev), EV_READ);
	feed(event_get_fd(other));
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("ev:2");
}

TEST(duplicates_are_descriptors_of_their_own)
{
	int copy;

	begin_quietly();
	copy = dup(pair[0]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "ev");
	other = event_new(base, copy, EV_READ | EV_PERSIST, note_flags, "copy");
	event_add(ev, NULL);
	event_add(other, NULL);
	feed(pair[1]);
	short_turn();
	if (capi_is_backend(base, "epoll"))
		trace("%s", capi_log);
	ck_assert_int_eq(strlen(capi_log), strlen("ev:2 copy:2"));
	capi_log[0] = '\0';
	event_del(ev);
	close(pair[0]);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("copy:2");
}

/* The copy keeps the file open, so the kernel keeps on reporting the number
 * that was closed. */
TEST(closed_while_a_duplicate_is_left)
{
	int copy;

	begin_quietly();
	copy = dup(pair[0]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "ev");
	event_add(ev, NULL);
	ck_assert_int_eq(turn(), 0);
	close(pair[0]);
	feed(pair[1]);
	trace("loop %d", short_turn());
	trace("%s", capi_log);
	capi_log[0] = '\0';
	trace("del %d", event_del(ev));
	trace("loop %d", short_turn());
	trace("%s", capi_log);
	close(copy);
}

/* As before, but the number is in use again for something quiet. */
TEST(stale_registration_under_a_new_descriptor)
{
	int copy, fresh[2];

	begin_quietly();
	copy = dup(pair[0]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "old");
	event_add(ev, NULL);
	ck_assert_int_eq(turn(), 0);
	close(pair[0]);
	event_del(ev);
	capi_pair(fresh);
	ck_assert_int_eq(fresh[0], pair[0]);
	other = event_new(base, fresh[0], EV_READ | EV_PERSIST, consume, "new");
	ck_assert_int_eq(event_add(other, NULL), 0);
	feed(fresh[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("new:2");
	close(copy);
	feed(fresh[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("new:2");
}

/* The numbers of the process's epoll sets, as far as they are below 64. */
static unsigned long long
epoll_sets(void)
{
	unsigned long long sets = 0;
	char path[40], target[40];
	int fd;

	for (fd = 0; fd < 64; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		if (strstr(target, "eventpoll") != NULL)
			sets |= 1ULL << fd;
	}
	return sets;
}

/* Whatever the library does about the report of a number that was closed: it
 * goes on under the descriptor that it has had from the start. A program that
 * closes a number once too often would hit it under another one. */
TEST(a_stale_registration_does_not_move_the_epoll_set)
{
	int copy, round;
	unsigned long long before;

	begin_quietly();
	before = epoll_sets();
	ck_assert((before != 0) == (strcmp(event_base_get_method(base), "epoll") == 0));
	other = event_new(base, pair[1], EV_READ | EV_PERSIST, consume, "other");
	event_add(other, NULL);
	for (round = 0; round < 3; round++) {
		int passing[2];

		capi_pair(passing);
		copy = dup(passing[0]);
		ev = event_new(base, passing[0], EV_READ, ignore, "ev");
		event_add(ev, NULL);
		ck_assert_int_eq(turn(), 0);
		if (round == 0)
			event_del(ev);
		close(passing[0]);
		event_free(ev);
		feed(passing[1]);
		ck_assert_int_eq(short_turn(), 0);
		ck_assert_int_eq(short_turn(), 0);
		ck_assert(epoll_sets() == before);
		feed(pair[0]);
		ck_assert_int_eq(once(), 0);
		ck_notes("other:2");
		close(copy);
		close(passing[1]);
	}
	ev = NULL;
}
