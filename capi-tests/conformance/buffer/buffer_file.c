/*
 * Files in evbuffers: segments with every flag, by sendfile, mapping and
 * reading; who closes what; things that are no files; files that change.
 *
 * runs: one-backend
 */
#include "capi.h"

#include <event2/buffer.h>
#include <stdint.h>
#include <sys/stat.h>

#define SIZE 10000

static char bytes[SIZE];
static struct evbuffer *buf;

static int
make_file(void)
{
	char path[] = "/tmp/buffer_fileXXXXXX";
	int fd = mkstemp(path);
	size_t i;

	ck_assert_int_ge(fd, 0);
	unlink(path);
	for (i = 0; i < SIZE; i++)
		bytes[i] = (char)('a' + i % 26 + i % 3);
	ck_assert_int_eq(write(fd, bytes, SIZE), SIZE);
	return fd;
}

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static void
gone(struct evbuffer_file_segment const *segment, int flags, void *arg)
{
	ck_assert_ptr_nonnull(segment);
	note("gone:%s:%d", (char *)arg, flags);
}

static void
check_bytes(size_t from, size_t length)
{
	static char copy[2 * SIZE];

	ck_assert_uint_eq(evbuffer_get_length(buf), length);
	ck_assert_int_eq(
	    evbuffer_copyout(buf, copy, sizeof(copy)), (ev_ssize_t)length);
	ck_assert_mem_eq(copy, bytes + from, length);
}

static void
part_of_a_segment(unsigned flags)
{
	int fd = make_file();
	struct evbuffer_file_segment *segment =
	    evbuffer_file_segment_new(fd, 4000, 5000, flags);

	ck_assert_ptr_nonnull(segment);
	evbuffer_file_segment_add_cleanup_cb(segment, gone, "s");
	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 0, -1), 0);
	check_bytes(4000, 5000);
	evbuffer_drain(buf, SIZE_MAX);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 100, 50), 0);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 150, 7), 0);
	check_bytes(4100, 57);
	ck_assert_int_eq(evbuffer_drain(buf, 10), 0);
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), bytes + 4110, 47);
	evbuffer_file_segment_free(segment);
	evbuffer_drain(buf, SIZE_MAX);
	ck_assert_int_eq(is_open(fd), !(flags & EVBUF_FS_CLOSE_ON_FREE));
	evbuffer_free(buf);
	if (!(flags & EVBUF_FS_CLOSE_ON_FREE))
		close(fd);
}

TEST(mapped)
{
	part_of_a_segment(EVBUF_FS_DISABLE_SENDFILE);
	ck_notes("gone:s:4");
}

TEST(read_into_memory)
{
	part_of_a_segment(EVBUF_FS_DISABLE_SENDFILE | EVBUF_FS_DISABLE_MMAP);
	ck_notes("gone:s:6");
}

TEST(whatever_is_best)
{
	part_of_a_segment(0);
	ck_notes("gone:s:0");
}

TEST(without_a_lock)
{
	part_of_a_segment(EVBUF_FS_DISABLE_LOCKING);
	ck_notes("gone:s:8");
}

TEST(closed_at_the_end)
{
	part_of_a_segment(EVBUF_FS_CLOSE_ON_FREE);
	ck_notes("gone:s:1");
}

TEST(one_segment_in_two_buffers)
{
	int fd = make_file();
	struct evbuffer_file_segment *segment =
	    evbuffer_file_segment_new(fd, 0, -1, EVBUF_FS_CLOSE_ON_FREE);
	struct evbuffer *other = evbuffer_new();

	buf = evbuffer_new();
	evbuffer_file_segment_add_cleanup_cb(segment, gone, "1");
	evbuffer_file_segment_add_cleanup_cb(segment, gone, "2");
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 10, 20), 0);
	ck_assert_int_eq(evbuffer_add_file_segment(other, segment, 5, -1), 0);
	evbuffer_file_segment_free(segment);
	check_bytes(10, 20);
	evbuffer_free(buf);
	ck_notes("");
	ck_assert_mem_eq(evbuffer_pullup(other, 100), bytes + 5, 100);
	ck_assert_int_eq(is_open(fd), 1);
	evbuffer_free(other);
	ck_notes("gone:2:1");
	ck_assert_int_eq(is_open(fd), 0);
}

TEST(ranges_that_are_none)
{
	int fd = make_file();
	unsigned flags = EVBUF_FS_DISABLE_SENDFILE | EVBUF_FS_DISABLE_MMAP;

	ck_assert_ptr_null(evbuffer_file_segment_new(fd, -1, 10, 0));
	ck_assert_ptr_null(evbuffer_file_segment_new(fd, 0, -2, 0));
	ck_assert_ptr_null(evbuffer_file_segment_new(fd, INT64_MAX, 10, 0));
	ck_assert_ptr_null(evbuffer_file_segment_new(fd, 10, INT64_MAX, 0));
	/* Not so many bytes can be read. */
	ck_assert_ptr_null(evbuffer_file_segment_new(fd, SIZE - 5, 6, flags));
	ck_assert_int_eq(is_open(fd), 1);
	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_file(buf, -1, 0, 10), -1);
	ck_assert_int_eq(evbuffer_add_file(buf, -1, 0, -1), -1);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, -5, 10), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	ck_assert_int_eq(is_open(fd), 1);
	evbuffer_free(buf);
	close(fd);
}

/* Where libevent goes on beyond the end of the file. */
TEST(all_that_follows)
{
	int fd = make_file();

	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 9000, -1), 0);
	check_bytes(9000, 1000);
	evbuffer_free(buf);
	ck_assert_int_eq(is_open(fd), 0);
}

/* Where libevent frees a segment that the caller still has. */
TEST(parts_that_a_segment_lacks)
{
	int fd = make_file();
	struct evbuffer_file_segment *segment =
	    evbuffer_file_segment_new(fd, 100, 50, 0);

	buf = evbuffer_new();
	evbuffer_file_segment_add_cleanup_cb(segment, gone, "s");
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 51, -1), -1);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 0, 51), -1);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 40, 11), -1);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, -1, 5), -1);
	ck_assert_int_eq(
	    evbuffer_add_file_segment(buf, segment, INT64_MAX, 5), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	ck_notes("");
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 50, -1), 0);
	ck_assert_int_eq(evbuffer_add_file_segment(buf, segment, 0, 50), 0);
	check_bytes(100, 50);
	evbuffer_free(buf);
	ck_notes("");
	evbuffer_file_segment_free(segment);
	ck_notes("gone:s:0");
	close(fd);
}

/* libevent closes it. */
TEST(a_failure_leaves_the_descriptor)
{
	int fd = make_file();

	buf = evbuffer_new();
	evbuffer_freeze(buf, 0);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 0, 10), -1);
	ck_assert_int_eq(is_open(fd), 1);
	evbuffer_free(buf);
	close(fd);
}

/* libevent does not add them. */
TEST(an_empty_file)
{
	int fd = make_file();

	ck_assert_int_eq(ftruncate(fd, 0), 0);
	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 0, -1), 0);
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	evbuffer_add(buf, "abc", 3);
	ck_assert_uint_eq(evbuffer_get_length(buf), 3);
	evbuffer_free(buf);
	ck_assert_int_eq(is_open(fd), 0);
}

static void
no_file(int fd)
{
	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 0, 5), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	ck_assert_int_eq(is_open(fd), 1);
	evbuffer_free(buf);
}

TEST(pipes_and_sockets_are_no_files)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "hello", 5), 5);
	no_file(ends[0]);
	capi_pair(ends);
	ck_assert_int_eq(write(ends[1], "hello", 5), 5);
	no_file(ends[0]);
}

/* Sent by the kernel: nothing else happens to the bytes. */

static int pair[2];

static void
sent_set_up(void)
{
	capi_pair(pair);
	buf = evbuffer_new();
	evbuffer_set_flags(buf, EVBUFFER_FLAG_DRAINS_TO_FD);
}

static void
check_received(const char *expected, size_t length)
{
	static char received[2 * SIZE];

	ck_assert_int_eq(
	    read(pair[1], received, sizeof(received)), (ssize_t)length);
	ck_assert_mem_eq(received, expected, length);
}

TEST(sent_between_other_bytes)
{
	int fd = make_file();

	sent_set_up();
	evbuffer_add(buf, "head", 4);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	evbuffer_add(buf, "tail", 4);
	ck_assert_uint_eq(evbuffer_get_length(buf), 308);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 4);
	check_received("head", 4);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 300);
	check_received(bytes + 500, 300);
	ck_assert_int_eq(is_open(fd), 0);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 4);
	check_received("tail", 4);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), -1);
	evbuffer_free(buf);
}

/* libevent sends all of it. */
TEST(sent_no_more_than_asked_for)
{
	int fd = make_file();

	sent_set_up();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	ck_assert_int_eq(evbuffer_write_atmost(buf, pair[0], 10), 10);
	ck_assert_uint_eq(evbuffer_get_length(buf), 290);
	check_received(bytes + 500, 10);
	ck_assert_int_eq(evbuffer_write_atmost(buf, pair[0], 1000), 290);
	check_received(bytes + 510, 290);
	evbuffer_free(buf);
}

TEST(sent_to_a_full_socket)
{
	int fd = make_file(), i;

	sent_set_up();
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(
		    evbuffer_add_file(buf, dup(fd), 0, SIZE), 0);
	for (i = 0; i < 200; i++) {
		int result = evbuffer_write(buf, pair[0]);

		ck_assert_int_ge(result, 0);
		if (result == 0)
			break;
	}
	ck_assert_int_lt(i, 200);
	ck_assert_uint_gt(evbuffer_get_length(buf), 0);
	evbuffer_free(buf);
	close(fd);
}

TEST(sent_although_the_file_shrank)
{
	int fd = make_file();

	sent_set_up();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	ck_assert_int_eq(ftruncate(fd, 600), 0);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 100);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 0);
	ck_assert_uint_eq(evbuffer_get_length(buf), 200);
	check_received(bytes + 500, 100);
	evbuffer_free(buf);
	ck_assert_int_eq(is_open(fd), 0);
}

TEST(drained_in_part_and_sent)
{
	int fd = make_file();

	sent_set_up();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	ck_assert_int_eq(evbuffer_drain(buf, 50), 0);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 250);
	check_received(bytes + 550, 250);
	evbuffer_free(buf);
}

/* The results are undefined: libevent answers with memory that isn't its own. */
TEST(looked_at_against_the_rules)
{
	int fd = make_file();
	struct evbuffer_iovec extent;

	sent_set_up();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	ck_assert_int_eq(evbuffer_peek(buf, -1, NULL, &extent, 1), 1);
	ck_assert_uint_eq(extent.iov_len, 300);
	ck_assert_mem_eq(extent.iov_base, bytes + 500, 300);
	evbuffer_drain(buf, SIZE_MAX);
	fd = make_file();
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 500, 300), 0);
	evbuffer_drain(buf, 20);
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), bytes + 520, 280);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 280);
	check_received(bytes + 520, 280);
	evbuffer_free(buf);
}

TEST(beyond_four_gigabytes)
{
	const ev_off_t far = ((ev_off_t)5 << 30) + 123;
	int fd = make_file();

	ck_assert_int_eq(pwrite(fd, "far away", 8, far), 8);
	sent_set_up();
	ck_assert_int_eq(evbuffer_add_file(buf, dup(fd), far, 8), 0);
	ck_assert_int_eq(evbuffer_write(buf, pair[0]), 8);
	check_received("far away", 8);
	evbuffer_clear_flags(buf, EVBUFFER_FLAG_DRAINS_TO_FD);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, far + 4, 4), 0);
	ck_assert_mem_eq(evbuffer_pullup(buf, 4), "away", 4);
	evbuffer_free(buf);
}

TEST(files_are_not_shared)
{
	int fd = make_file();
	struct evbuffer *other = evbuffer_new();

	buf = evbuffer_new();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 0, 10), 0);
	ck_assert_int_eq(evbuffer_add_buffer_reference(other, buf), -1);
	ck_assert_uint_eq(evbuffer_get_length(other), 0);
	/* And the bytes before are not left unusable. */
	evbuffer_prepend(buf, "x", 1);
	ck_assert_mem_eq(evbuffer_pullup(buf, 4), "xabc", 4);
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
nothing_of_a_closed_one(unsigned flags)
{
	int fd = make_file(), other;

	close(fd);
	buf = evbuffer_new();
	evbuffer_set_flags(buf, flags);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 0, 0), -1);
	ck_assert_int_eq(evbuffer_add_file(buf, fd, 10, 0), -1);
	/* Whoever has the number by now keeps it. */
	other = make_file();
	ck_assert_int_eq(other, fd);
	evbuffer_free(buf);
	ck_assert_int_eq(is_open(other), 1);
	close(other);
}

TEST(nothing_of_a_closed_descriptor)
{
	nothing_of_a_closed_one(0);
}

TEST(nothing_of_a_closed_descriptor_to_be_sent)
{
	nothing_of_a_closed_one(EVBUFFER_FLAG_DRAINS_TO_FD);
}
