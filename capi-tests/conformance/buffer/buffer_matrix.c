/*
 * Every function of evbuffers that takes a number, with numbers at the edges, on
 * buffers of every shape: what it returns, and what it leaves.
 */
// runs: one-backend
#include "capi.h"

#include <event2/buffer.h>
#include <event2/buffer_compat.h>
#include <stdint.h>

static const long values[] = {0, 1, -1, 2, 5, 7, 13, 20, 4096, 5006, INT_MAX, INT_MIN};
#define VALUES (int)(sizeof(values) / sizeof(*values))

static const char *const shapes[] = {"never used", "one chain", "many chains", "drained at the front",
    "expanded", "one reference", "emptied", "an empty reference", "room in two chains"};
#define SHAPES (int)(sizeof(shapes) / sizeof(*shapes))

static char block[200000];

static struct evbuffer *
shape(int which)
{
	struct evbuffer *buf = evbuffer_new();

	memset(block, 'y', sizeof(block));
	switch (which) {
	case 1:
		evbuffer_add(buf, "hello\r\nworld\n", 13);
		break;
	case 2:
		evbuffer_add(buf, "abc", 3);
		evbuffer_add_reference(buf, "REF", 3, NULL, NULL);
		evbuffer_add(buf, block, 5000);
		break;
	case 3:
		evbuffer_add(buf, block, 4000);
		evbuffer_drain(buf, 3990);
		break;
	case 4:
		evbuffer_expand(buf, 100);
		break;
	case 5:
		evbuffer_add_reference(buf, "ONLYREF", 7, NULL, NULL);
		break;
	case 6:
		evbuffer_add(buf, "x", 1);
		evbuffer_drain(buf, 1);
		break;
	case 7:
		evbuffer_add(buf, "q", 1);
		evbuffer_add_reference(buf, "", 0, NULL, NULL);
		evbuffer_add(buf, "", 0);
		break;
	case 8: {
		struct evbuffer_iovec room[2];
		evbuffer_add(buf, block, 900);
		evbuffer_reserve_space(buf, 3000, room, 2);
		break;
	}
	}
	return buf;
}

/* The result of one call as text; the buffer's contents are added to it. */
static char result[4000];
static size_t result_length;

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	result_length += (size_t)vsnprintf(result + result_length,
	    sizeof(result) - result_length, format, arguments);
	va_end(arguments);
	ck_assert(result_length < sizeof(result));
}

static void
say_contents(struct evbuffer *buf)
{
	static char copy[400000];
	ev_ssize_t length = evbuffer_copyout(buf, copy, sizeof(copy));
	uint32_t sum = 2166136261u;

	for (ev_ssize_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)copy[i]) * 16777619u;
	ck_assert_int_eq(length, (long)evbuffer_get_length(buf));
	if (length)
		say("/%ld#%08x", (long)length, sum);
	else
		say("/0");
}

typedef void (*operation)(struct evbuffer *, long value);

/* A value that is not among the ones that `low` and `high` bound is left out. */
static void
on_all(operation call, long low, long high)
{
	for (int i = 0; i < SHAPES; i++) {
		result_length = 0;
		for (int j = 0; j < VALUES; j++) {
			struct evbuffer *buf;
			if (values[j] < low || values[j] > high)
				continue;
			buf = shape(i);
			say(" %ld:", values[j]);
			call(buf, values[j]);
			say_contents(buf);
			/* It works as it did. */
			ck_assert_int_eq(evbuffer_add(buf, "after", 5), 0);
			evbuffer_free(buf);
		}
		trace("%s%s", shapes[i], result);
	}
}

/* A pipe with ten bytes, read from; or written to. */
static void
read_some(struct evbuffer *buf, long most)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	evutil_make_socket_nonblocking(ends[0]);
	ck_assert_int_eq(write(ends[1], "0123456789", 10), 10);
	say("%d", evbuffer_read(buf, ends[0], (int)most));
	/* Once more, when there may be nothing left. */
	say(",%d", evbuffer_read(buf, ends[0], (int)most));
	close(ends[1]);
	say(",%d", evbuffer_read(buf, ends[0], (int)most));
	close(ends[0]);
	errno = 0;
	say(",%d", evbuffer_read(buf, -1, (int)most));
	say("(%d)", errno);
}

static void
write_some(struct evbuffer *buf, long most)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	say("%d", evbuffer_write_atmost(buf, ends[1], most));
	say(",%d", evbuffer_write_atmost(buf, ends[1], most));
	say(",%d", evbuffer_write_atmost(buf, -1, most));
	close(ends[0]);
	close(ends[1]);
}

static void
drain(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_drain(buf, (size_t)length));
}

static void
remove_some(struct evbuffer *buf, long length)
{
	static char out[10000];

	say("%d", evbuffer_remove(buf, out, (size_t)length));
}

static void
pull_up(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_pullup(buf, length) != NULL);
}

static void
expand(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_expand(buf, (size_t)length));
}

static void
reserve(struct evbuffer *buf, long length, int vectors, size_t used)
{
	struct evbuffer_iovec room[3] = {{NULL, 0}};
	int n = evbuffer_reserve_space(buf, length, room, vectors);

	say("%d", n);
	if (n <= 0)
		return;
	for (int i = 0; i < n; i++) {
		if (room[i].iov_len > used)
			room[i].iov_len = used;
		memset(room[i].iov_base, 'z', room[i].iov_len);
	}
	say(",%d", evbuffer_commit_space(buf, room, n));
}

static void
reserve_one_use_none(struct evbuffer *buf, long length)
{
	reserve(buf, length, 1, 0);
}

static void
reserve_one(struct evbuffer *buf, long length)
{
	reserve(buf, length, 1, 3);
}

static void
reserve_two(struct evbuffer *buf, long length)
{
	reserve(buf, length, 2, 3);
}

static void
reserve_in(struct evbuffer *buf, long vectors)
{
	reserve(buf, 10, vectors < 3 ? (int)vectors : 3, 1);
}

static void
commit_nothing(struct evbuffer *buf, long vectors)
{
	struct evbuffer_iovec room[1] = {{NULL, 0}};

	say("%d", evbuffer_commit_space(buf, room, (int)vectors));
}

static void
peek(struct evbuffer *buf, long length)
{
	struct evbuffer_iovec extents[3];
	int n = evbuffer_peek(buf, length, NULL, extents, 3);

	say("%d,%d", n, evbuffer_peek(buf, length, NULL, NULL, 0));
	for (int i = 0; i < n && i < 3; i++)
		say(",%lu", (unsigned long)extents[i].iov_len);
}

static void
peek_from(struct evbuffer *buf, long from)
{
	struct evbuffer_iovec extents[3];
	struct evbuffer_ptr at;
	int set = evbuffer_ptr_set(buf, &at, (size_t)from, EVBUFFER_PTR_SET);

	say("%d", set);
	if (set == 0)
		say(",%d,%d", evbuffer_peek(buf, 4, &at, extents, 3),
		    evbuffer_peek(buf, -1, &at, extents, 3));
}

static void
copy_out_from(struct evbuffer *buf, long from)
{
	struct evbuffer_ptr at;
	char out[64];
	int set = evbuffer_ptr_set(buf, &at, (size_t)from, EVBUFFER_PTR_SET);

	say("%d", set);
	if (set == 0)
		say(",%ld", (long)evbuffer_copyout_from(buf, &at, out, 10));
}

static void
position_by(struct evbuffer *buf, long by)
{
	struct evbuffer_ptr at;
	int set;

	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 0, EVBUFFER_PTR_SET), 0);
	set = evbuffer_ptr_set(buf, &at, (size_t)by, EVBUFFER_PTR_ADD);
	say("%d,%ld", set, (long)at.pos);
}

static void
move_some(struct evbuffer *buf, long length)
{
	struct evbuffer *to = shape(1);

	say("%d", evbuffer_remove_buffer(buf, to, (size_t)length));
	say_contents(to);
	evbuffer_free(to);
}

static void
move_to_itself(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_remove_buffer(buf, buf, (size_t)length));
}

static void
move_all(struct evbuffer *buf, long which)
{
	struct evbuffer *other = shape((int)which % SHAPES);

	say("%d", evbuffer_add_buffer(buf, other));
	say(",%d", evbuffer_prepend_buffer(other, buf));
	say_contents(other);
	evbuffer_free(other);
}

static void
refer(struct evbuffer *buf, long drained)
{
	struct evbuffer *other = shape(2);

	say("%d", evbuffer_add_buffer_reference(other, buf));
	evbuffer_drain(other, (size_t)drained);
	evbuffer_add(buf, "after", 5);
	evbuffer_add(other, "after", 5);
	say_contents(other);
	evbuffer_free(other);
}

static void
refer_to_shape(struct evbuffer *buf, long which)
{
	struct evbuffer *other = shape((int)which % SHAPES);

	say("%d", evbuffer_add_buffer_reference(buf, other));
	evbuffer_free(other);
}

static void
read_line(struct evbuffer *buf, long style)
{
	size_t length = 99;
	char *line = evbuffer_readln(buf, &length, (enum evbuffer_eol_style)style);

	say("%d,%lu", line != NULL, (unsigned long)length);
	free(line);
}

static void
find_line_end(struct evbuffer *buf, long style)
{
	size_t length = 99;
	struct evbuffer_ptr at =
	    evbuffer_search_eol(buf, NULL, &length, (enum evbuffer_eol_style)style);

	say("%ld,%lu", (long)at.pos, (unsigned long)length);
}

static void
search(struct evbuffer *buf, long length)
{
	say("%ld", (long)evbuffer_search(buf, "world", (size_t)length, NULL).pos);
}

static void
search_from(struct evbuffer *buf, long from)
{
	struct evbuffer_ptr start, end;

	if (evbuffer_ptr_set(buf, &start, (size_t)from, EVBUFFER_PTR_SET) != 0) {
		say("-");
		return;
	}
	end = start;
	say("%ld", (long)evbuffer_search_range(buf, "o", 1, &start, &end).pos);
	say(",%ld", (long)evbuffer_search_range(buf, "", 0, &start, &end).pos);
	say(",%ld", (long)evbuffer_search(buf, "o", 1, &start).pos);
}

static void
find(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_find(buf, (const unsigned char *)"world", (size_t)length) != NULL);
}

static void
prepend(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_prepend(buf, block, (size_t)length));
}

static void
add(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_add(buf, block, (size_t)length));
}

static void
add_reference(struct evbuffer *buf, long length)
{
	say("%d", evbuffer_add_reference(buf, block, (size_t)length, NULL, NULL));
}

static void
add_extents(struct evbuffer *buf, long vectors)
{
	struct evbuffer_iovec extents[2] = {{"ab", 2}, {"", 0}};

	say("%lu", (unsigned long)evbuffer_add_iovec(buf, extents, (int)vectors));
}

static void
print(struct evbuffer *buf, long width)
{
	say("%d", evbuffer_add_printf(buf, "%*d|", (int)width, 7));
}

static void
add_file(struct evbuffer *buf, long length)
{
	char name[] = "/tmp/buffer_matrixXXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	ck_assert_int_eq(write(fd, block, 5000), 5000);
	say("%d", evbuffer_add_file(buf, fd, 0, length));
}

static void
frozen(struct evbuffer *buf, long end)
{
	char out[2];

	evbuffer_freeze(buf, (int)end);
	say("%d", evbuffer_add(buf, "x", 1));
	say(",%d", evbuffer_prepend(buf, "x", 1));
	say(",%d", evbuffer_drain(buf, 1));
	say(",%d", evbuffer_read(buf, -1, 1));
	say(",%d", evbuffer_read(buf, -1, 0));
	say(",%d", evbuffer_add_printf(buf, "x"));
	say(",%d", evbuffer_remove(buf, out, 1));
	evbuffer_unfreeze(buf, (int)end);
}

#define ON_ALL(call, ...)                \
	TEST(call##_with_edges)          \
	{                                \
		on_all(call, __VA_ARGS__); \
	}
#define ANY LONG_MIN, LONG_MAX

ON_ALL(read_some, ANY)
ON_ALL(write_some, ANY)
ON_ALL(drain, ANY)
ON_ALL(remove_some, 0, 9999)
ON_ALL(pull_up, ANY)
ON_ALL(expand, 0, 99999)
ON_ALL(reserve_one_use_none, INT_MIN, 99999)
ON_ALL(reserve_one, INT_MIN, 99999)
ON_ALL(reserve_two, INT_MIN, 99999)
ON_ALL(reserve_in, ANY)
ON_ALL(commit_nothing, INT_MIN, 1)
ON_ALL(peek, ANY)
ON_ALL(peek_from, ANY)
ON_ALL(copy_out_from, ANY)
ON_ALL(position_by, 0, LONG_MAX)
ON_ALL(move_some, 0, LONG_MAX)
ON_ALL(move_to_itself, 0, LONG_MAX)
ON_ALL(move_all, 0, 9999)
ON_ALL(refer, ANY)
ON_ALL(refer_to_shape, 0, 9999)
ON_ALL(read_line, ANY)
ON_ALL(find_line_end, ANY)
ON_ALL(search, 0, 5)
ON_ALL(search_from, 0, LONG_MAX)
ON_ALL(find, 0, 5)
ON_ALL(prepend, 0, 99999)
ON_ALL(add, 0, 99999)
ON_ALL(add_reference, 0, 99999)
ON_ALL(add_extents, INT_MIN, 2)
ON_ALL(print, 0, 99999)
ON_ALL(add_file, 1, 5000)
ON_ALL(frozen, 0, 1)
