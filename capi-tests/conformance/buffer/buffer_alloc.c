/*
 * Running out of memory: in every function the first, second, ... allocation
 * fails. The function must say so, the buffers must be as they were, and
 * nothing may leak.
 *
 * runs: one-backend
 */
#include "fault_memory.h"

#include <event2/buffer.h>
#include <event2/buffer_compat.h>

/* Room that was made, but not used, may stay. */
static int keeps_room;

struct state {
	struct evbuffer *a, *b;
	char bytes_a[70000], bytes_b[70000];
	ev_ssize_t length_a, length_b;
};

static char block[70000];
static int cleaned;

static void
clean_up(const void *data, size_t length, void *arg)
{
	(void)data;
	(void)length;
	(void)arg;
	cleaned++;
}

static void
remember(struct state *s)
{
	s->length_a = evbuffer_copyout(s->a, s->bytes_a, sizeof(s->bytes_a));
	s->length_b = evbuffer_copyout(s->b, s->bytes_b, sizeof(s->bytes_b));
}

static void
check_unchanged(struct evbuffer *buffer, const char *bytes, ev_ssize_t length)
{
	static char copy[70000];

	ck_assert_int_eq((ev_ssize_t)evbuffer_get_length(buffer), length);
	ck_assert_int_eq(evbuffer_copyout(buffer, copy, sizeof(copy)), length);
	ck_assert_mem_eq(copy, bytes, (size_t)length);
}

/* Two buffers, one with several chains of which the last has a little room. */
static void
set_up(struct state *s)
{
	size_t i;

	for (i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 26);
	s->a = evbuffer_new();
	s->b = evbuffer_new();
	evbuffer_add(s->a, block, 900);
	evbuffer_add(s->a, block + 900, 1500);
	evbuffer_add_reference(s->a, block, 100, clean_up, NULL);
	evbuffer_add(s->a, block + 3, 800);
	evbuffer_add(s->b, block + 7, 1900);
	evbuffer_add(s->b, "line\n", 5);
	evbuffer_drain(s->b, 40);
}

static void
each_allocation_fails(int (*operation)(struct state *))
{
	static struct state s;
	long n, before;
	int result;

	hook_memory();
	for (n = 0;; n++) {
		ck_assert_int_lt(n, 20);
		set_up(&s);
		remember(&s);
		before = blocks;
		refuse(n, 0);
		result = operation(&s);
		refuse_nothing();
		if (!refused) {
			ck_assert_int_eq(result, 0);
		} else {
			ck_assert_int_eq(result, -1);
			ck_assert_int_le(blocks, before + keeps_room);
			check_unchanged(s.a, s.bytes_a, s.length_a);
			check_unchanged(s.b, s.bytes_b, s.length_b);
			/* And it still works. */
			ck_assert_int_eq(operation(&s), 0);
		}
		evbuffer_free(s.a);
		evbuffer_free(s.b);
		ck_assert_int_eq(blocks, 0);
		if (!refused)
			break;
	}
}

#define SWEEP(name, ...)                                                     \
	static int do_##name(struct state *s)                                \
	{                                                                    \
		__VA_ARGS__                                                  \
	}                                                                    \
	TEST(name)                                                           \
	{                                                                    \
		each_allocation_fails(do_##name);                            \
	}

SWEEP(add_little, return evbuffer_add(s->a, block, 10);)
SWEEP(add_much, return evbuffer_add(s->a, block, 10000);)
SWEEP(prepend_little, return evbuffer_prepend(s->b, block, 10);)
SWEEP(prepend_much, return evbuffer_prepend(s->b, block, 3000);)
SWEEP(expand, return evbuffer_expand(s->a, 9000);)
SWEEP(expand_by_copying, return evbuffer_expand(s->b, 300);)
SWEEP(reserve_one, {
	struct evbuffer_iovec room;

	return evbuffer_reserve_space(s->a, 5000, &room, 1) == 1 ? 0 : -1;
})
SWEEP(reserve_two, {
	struct evbuffer_iovec room[2];

	return evbuffer_reserve_space(s->a, 5000, room, 2) > 0 ? 0 : -1;
})
SWEEP(pull_up, return evbuffer_pullup(s->a, -1) ? 0 : -1;)
SWEEP(print, {
	return evbuffer_add_printf(s->a, "%5000d", 42) == 5000 ? 0 : -1;
})
SWEEP(refer, return evbuffer_add_reference(s->a, block, 9, clean_up, NULL);)
SWEEP(refer_to_buffer, return evbuffer_add_buffer_reference(s->b, s->a);)
SWEEP(move, return evbuffer_add_buffer(s->b, s->a);)
SWEEP(move_to_front, return evbuffer_prepend_buffer(s->b, s->a);)
SWEEP(move_part_of_a_chain, {
	return evbuffer_remove_buffer(s->b, s->a, 1200) == 1200 ? 0 : -1;
})
SWEEP(add_extent, {
	struct evbuffer_iovec extent = {block, 5000};
	size_t added = evbuffer_add_iovec(s->a, &extent, 1);

	keeps_room = 1;
	return added == 5000 ? 0 : -1;
})
SWEEP(find, {
	return evbuffer_find(s->a, (const unsigned char *)"abcdefabc", 9)
	    ? 1
	    : evbuffer_find(s->a,
		  (const unsigned char *)block + 890, 20)
	    ? 0
	    : -1;
})

/* What is read is undone by the test, so that it can be read again. */
SWEEP(read_much, {
	static int pair[2] = {-1, -1};
	int result;

	if (pair[0] == -1) {
		capi_pair(pair);
		ck_assert_int_eq(write(pair[0], block, 3000), 3000);
	}
	result = evbuffer_read(s->a, pair[1], 3000);
	if (result == 3000)
		ck_assert_int_eq(write(pair[0], block, 3000), 3000);
	return result == 3000 ? 0 : -1;
})

SWEEP(add_file, {
	char path[] = "/tmp/buffer_allocXXXXXX";
	int fd = mkstemp(path), result;

	unlink(path);
	ck_assert_int_eq(write(fd, block, 5000), 5000);
	result = evbuffer_add_file(s->a, fd, 10, 4000);
	if (result == -1) {
		/* The descriptor is still ours. */
		ck_assert_int_eq(close(fd), 0);
	}
	return result;
})

SWEEP(add_file_by_reading, {
	char path[] = "/tmp/buffer_allocXXXXXX";
	int fd = mkstemp(path), result;
	struct evbuffer_file_segment *segment;

	unlink(path);
	ck_assert_int_eq(write(fd, block, 5000), 5000);
	segment = evbuffer_file_segment_new(fd, 10, 4000,
	    EVBUF_FS_DISABLE_MMAP | EVBUF_FS_DISABLE_SENDFILE);
	result = segment ? evbuffer_add_file_segment(s->a, segment, 5, 100)
			 : -1;
	if (segment)
		evbuffer_file_segment_free(segment);
	close(fd);
	return result;
})

static void
ignore(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	(void)buffer;
	(void)info;
	(void)arg;
}

SWEEP(add_callback, {
	return evbuffer_add_cb(s->a, ignore, NULL) ? 0 : -1;
})

SWEEP(make_buffer, {
	struct evbuffer *fresh = evbuffer_new();

	(void)s;
	if (!fresh)
		return -1;
	evbuffer_free(fresh);
	return 0;
})

/* Not a SWEEP: a successful line is gone, and its memory is ours. */
TEST(read_line)
{
	static struct state s;
	size_t length = 7;
	char *line;

	hook_memory();
	set_up(&s);
	remember(&s);
	refuse(0, 0);
	line = evbuffer_readln(s.b, &length, EVBUFFER_EOL_LF);
	refuse_nothing();
	ck_assert_ptr_null(line);
	ck_assert_uint_eq(length, 0);
	check_unchanged(s.b, s.bytes_b, s.length_b);
	line = evbuffer_readln(s.b, &length, EVBUFFER_EOL_LF);
	ck_assert_uint_eq(length, 1864);
	counting_free(line);
	ck_assert_uint_eq(evbuffer_get_length(s.b), 0);
	evbuffer_free(s.a);
	evbuffer_free(s.b);
	ck_assert_int_eq(blocks, 0);
}

/* As many whole chains as there are can be moved without memory. */
TEST(move_chains_and_a_part)
{
	static struct state s;
	int moved;

	hook_memory();
	set_up(&s);
	remember(&s);
	refuse(0, 0);
	moved = evbuffer_remove_buffer(s.a, s.b, 2450);
	refuse_nothing();
	ck_assert_int_ge(moved, 0);
	ck_assert_uint_eq(evbuffer_get_length(s.b), (size_t)(s.length_b + moved));
	ck_assert_uint_eq(evbuffer_get_length(s.a), (size_t)(s.length_a - moved));
	ck_assert_mem_eq(evbuffer_pullup(s.a, -1), s.bytes_a + moved,
	    (size_t)(s.length_a - moved));
	ck_assert_mem_eq(evbuffer_pullup(s.b, -1) + s.length_b, s.bytes_a,
	    (size_t)moved);
	evbuffer_free(s.a);
	evbuffer_free(s.b);
	ck_assert_int_eq(blocks, 0);
}

static void *
header_malloc(size_t size)
{
	char *memory = malloc(size + 16);

	return memory ? memory + 16 : NULL;
}

static void
header_free(void *memory)
{
	if (memory)
		free((char *)memory - 16);
}

/* Programs replace what they think is needed. */
TEST(no_function_for_realloc)
{
	static char out[5000];
	int pair[2], length;
	char *line;

	event_set_mem_functions(header_malloc, NULL, header_free);
	capi_pair(pair);
	for (length = 1; length < 5000; length += 700) {
		struct evbuffer *buf = evbuffer_new();

		memset(block, 'x', sizeof(block));
		block[length - 1] = '\n';
		ck_assert_int_eq(
		    write(pair[0], block, (size_t)length), length);
		ck_assert_int_gt(evbuffer_read(buf, pair[1], -1), 0);
		while (evbuffer_read(buf, pair[1], -1) > 0)
			;
		evbuffer_add(buf, block, 3000);
		evbuffer_prepend(buf, block, 10);
		evbuffer_add_printf(buf, "%2000d", 1);
		ck_assert_ptr_nonnull(evbuffer_pullup(buf, -1));
		ck_assert_int_eq(evbuffer_remove(buf, out, 5), 5);
		line = evbuffer_readln(buf, NULL, EVBUFFER_EOL_LF);
		ck_assert_ptr_nonnull(line);
		header_free(line);
		evbuffer_free(buf);
	}
}
