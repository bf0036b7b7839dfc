/*
 * Evbuffers at their limits: nothing, too much, frozen ends, positions, room
 * that is not the buffer's, locks.
 */
#include "capi.h"

#include <event2/buffer.h>
#include <event2/buffer_compat.h>
#include <stdint.h>

static struct evbuffer *buf, *other;
static char block[20000];

static void
set_up(void)
{
	memset(block, 'x', sizeof(block));
	buf = evbuffer_new();
	other = evbuffer_new();
}

static void
tear_down(void)
{
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
check_text(struct evbuffer *b, const char *text)
{
	ck_assert_uint_eq(evbuffer_get_length(b), strlen(text));
	if (*text)
		ck_assert_mem_eq(evbuffer_pullup(b, -1), text, strlen(text));
}

TEST(nothing_in_an_empty_buffer)
{
	struct evbuffer_ptr at;
	struct evbuffer_iovec extent;
	size_t length = 7;
	char out[4];

	set_up();
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	ck_assert_uint_eq(evbuffer_get_contiguous_space(buf), 0);
	ck_assert_ptr_null(evbuffer_pullup(buf, -1));
	ck_assert_ptr_null(evbuffer_pullup(buf, 0));
	ck_assert_ptr_null(evbuffer_pullup(buf, 1));
	ck_assert_int_eq(evbuffer_drain(buf, 5), 0);
	ck_assert_int_eq(evbuffer_remove(buf, out, 4), 0);
	ck_assert_int_eq(evbuffer_copyout(buf, out, 4), 0);
	ck_assert_int_eq(evbuffer_peek(buf, -1, NULL, NULL, 0), 0);
	ck_assert_int_eq(evbuffer_peek(buf, 5, NULL, &extent, 1), 0);
	ck_assert_int_eq(evbuffer_write(buf, 1), -1);
	ck_assert_ptr_null(evbuffer_readln(buf, &length, EVBUFFER_EOL_ANY));
	ck_assert_uint_eq(length, 0);
	ck_assert_ptr_null(evbuffer_readline(buf));
	ck_assert_ptr_null(evbuffer_find(buf, (const unsigned char *)"a", 1));
	ck_assert_int_eq(evbuffer_search(buf, "a", 1, NULL).pos, -1);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 0, EVBUFFER_PTR_SET), 0);
	ck_assert_int_eq(at.pos, 0);
	ck_assert_int_eq(evbuffer_copyout_from(buf, &at, out, 4), 0);
	ck_assert_int_eq(evbuffer_peek(buf, -1, &at, &extent, 1), 0);
	ck_assert_int_eq(evbuffer_search(buf, "a", 1, &at).pos, -1);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 1, EVBUFFER_PTR_SET), -1);
	tear_down();
}

/* An empty source crashed old versions. */
TEST(an_empty_source_changes_nothing)
{
	set_up();
	ck_assert_int_eq(evbuffer_add_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_remove_buffer(other, buf, 5), 0);
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, other), 0);
	evbuffer_expand(other, 100);
	ck_assert_int_eq(evbuffer_add_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_remove_buffer(other, buf, 5), 0);
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, other), 0);
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, other), 0);
	ck_assert_int_eq(evbuffer_remove_buffer(other, buf, SIZE_MAX), 0);
	check_text(buf, "abc");
	evbuffer_add(other, "def", 3);
	evbuffer_drain(other, 3);
	ck_assert_int_eq(evbuffer_add_buffer(buf, other), 0);
	evbuffer_add(buf, "g", 1);
	check_text(buf, "abcg");
	tear_down();
}

TEST(a_buffer_is_not_moved_to_itself)
{
	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_buffer(buf, buf), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, buf), 0);
	ck_assert_int_eq(evbuffer_remove_buffer(buf, buf, 2), 0);
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, buf), -1);
	check_text(buf, "abc");
	tear_down();
}

TEST(too_much_is_refused)
{
	struct evbuffer_iovec room[2];

	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add(buf, block, SIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_add(buf, block, EV_SSIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_add(buf, block, EV_SSIZE_MAX - 2), -1);
	ck_assert_int_eq(evbuffer_prepend(buf, block, SIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_prepend(buf, block, EV_SSIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_expand(buf, SIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_expand(buf, EV_SSIZE_MAX), -1);
	ck_assert_int_eq(evbuffer_expand(buf, EV_SSIZE_MAX - 48), -1);
	ck_assert_int_eq(evbuffer_reserve_space(buf, -1, room, 1), -1);
	ck_assert_int_eq(evbuffer_reserve_space(buf, -1, room, 2), -1);
	ck_assert_int_eq(
	    evbuffer_reserve_space(buf, EV_SSIZE_MAX, room, 2), -1);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 10, room, 0), -1);
	check_text(buf, "abc");
	evbuffer_add(buf, "d", 1);
	check_text(buf, "abcd");
	tear_down();
}

TEST(references_add_up_to_no_more_than_the_limit)
{
	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_reference(
	    other, block, EV_SSIZE_MAX - 10, NULL, NULL), 0);
	ck_assert_int_eq(
	    evbuffer_add_reference(other, block, 11, NULL, NULL), -1);
	ck_assert_int_eq(evbuffer_add(other, block, 11), -1);
	ck_assert_int_eq(evbuffer_prepend(other, block, 11), -1);
	ck_assert_uint_eq(evbuffer_get_length(other), EV_SSIZE_MAX - 10);
	evbuffer_add(buf, block, 8);
	ck_assert_int_eq(evbuffer_add_buffer(other, buf), -1);
	ck_assert_int_eq(evbuffer_prepend_buffer(other, buf), -1);
	ck_assert_int_eq(evbuffer_add_buffer_reference(other, buf), -1);
	ck_assert_int_eq(evbuffer_remove_buffer(buf, other, 11), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 11);
	ck_assert_uint_eq(evbuffer_get_length(other), EV_SSIZE_MAX - 10);
	ck_assert_int_eq(evbuffer_drain(other, EV_SSIZE_MAX - 11), 0);
	ck_assert_uint_eq(evbuffer_get_length(other), 1);
	tear_down();
}

TEST(a_frozen_start)
{
	char out[4];

	set_up();
	ck_assert_int_eq(evbuffer_freeze(buf, 1), 0);
	/* Nothing can be taken from an empty buffer, frozen or not. */
	ck_assert_int_eq(evbuffer_drain(buf, 1), 0);
	ck_assert_int_eq(evbuffer_remove(buf, out, 1), 0);
	ck_assert_int_eq(evbuffer_copyout(buf, out, 1), 0);
	evbuffer_add(buf, "abc\n", 4);
	evbuffer_add(other, "xyz", 3);
	ck_assert_int_eq(evbuffer_drain(buf, 1), -1);
	ck_assert_int_eq(evbuffer_drain(buf, 0), -1);
	ck_assert_int_eq(evbuffer_remove(buf, out, 1), -1);
	ck_assert_int_eq(evbuffer_remove(buf, out, 0), 0);
	ck_assert_int_eq(evbuffer_copyout(buf, out, 1), -1);
	ck_assert_ptr_null(evbuffer_readln(buf, NULL, EVBUFFER_EOL_LF));
	ck_assert_int_eq(evbuffer_prepend(buf, "x", 1), -1);
	ck_assert_int_eq(evbuffer_prepend(buf, "x", 0), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, other), -1);
	ck_assert_int_eq(evbuffer_add_buffer(other, buf), -1);
	ck_assert_int_eq(evbuffer_prepend_buffer(other, buf), -1);
	ck_assert_int_eq(evbuffer_remove_buffer(buf, other, 1), -1);
	ck_assert_int_eq(evbuffer_write(buf, 1), -1);
	ck_assert_int_eq(evbuffer_add_buffer_reference(other, buf), 0);
	check_text(other, "xyzabc\n");
	check_text(buf, "abc\n");
	ck_assert_int_eq(evbuffer_search(buf, "c", 1, NULL).pos, 2);
	ck_assert_int_eq(evbuffer_unfreeze(buf, 1), 0);
	ck_assert_int_eq(evbuffer_drain(buf, 1), 0);
	check_text(buf, "bc\n");
	tear_down();
}

TEST(a_frozen_end)
{
	struct evbuffer_iovec extent = {block, 3}, room;
	int pair[2];

	set_up();
	capi_pair(pair);
	evbuffer_add(buf, "abc", 3);
	evbuffer_add(other, "xyz", 3);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 3, &room, 1), 1);
	room.iov_len = 1;
	ck_assert_int_eq(evbuffer_freeze(buf, 0), 0);
	ck_assert_int_eq(evbuffer_add(buf, "x", 1), -1);
	ck_assert_int_eq(evbuffer_add(buf, "x", 0), -1);
	ck_assert_int_eq(evbuffer_add_printf(buf, "x"), -1);
	ck_assert_uint_eq(evbuffer_add_iovec(buf, &extent, 1), 0);
	ck_assert_int_eq(evbuffer_add_buffer(buf, other), -1);
	ck_assert_int_eq(evbuffer_remove_buffer(other, buf, 1), -1);
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, other), -1);
	ck_assert_int_eq(
	    evbuffer_add_reference(buf, "x", 1, NULL, NULL), -1);
	ck_assert_int_eq(evbuffer_commit_space(buf, &room, 1), -1);
	ck_assert_int_eq(evbuffer_commit_space(buf, &room, 0), -1);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 3, &room, 1), -1);
	ck_assert_int_eq(write(pair[0], "q", 1), 1);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], 1), -1);
	ck_assert_int_eq(evbuffer_expand(buf, 100), 0);
	check_text(buf, "abc");
	ck_assert_int_eq(evbuffer_prepend(buf, "0", 1), 0);
	ck_assert_int_eq(evbuffer_drain(buf, 2), 0);
	ck_assert_int_eq(evbuffer_prepend_buffer(buf, other), 0);
	check_text(buf, "xyzbc");
	ck_assert_int_eq(evbuffer_unfreeze(buf, 0), 0);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], 1), 1);
	check_text(buf, "xyzbcq");
	tear_down();
}

TEST(only_lent_room_is_committed)
{
	struct evbuffer_iovec room[2], wrong;

	set_up();
	evbuffer_add(buf, block, 900);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 500, room, 2), 2);
	ck_assert_uint_eq(room[0].iov_len, 76);
	ck_assert_uint_ge(room[1].iov_len, 424);
	wrong = room[0];
	wrong.iov_base = block;
	ck_assert_int_eq(evbuffer_commit_space(buf, &wrong, 1), -1);
	wrong = room[0];
	wrong.iov_len = 77;
	ck_assert_int_eq(evbuffer_commit_space(buf, &wrong, 1), -1);
	wrong = room[0];
	wrong.iov_base = (char *)wrong.iov_base + 1;
	ck_assert_int_eq(evbuffer_commit_space(buf, &wrong, 1), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 900);
	memset(room[0].iov_base, '1', 76);
	memset(room[1].iov_base, '2', 4);
	room[1].iov_len = 4;
	ck_assert_int_eq(evbuffer_commit_space(buf, room, 2), 0);
	/* The same again is no room any more. */
	ck_assert_int_eq(evbuffer_commit_space(buf, room, 2), -1);
	ck_assert_uint_eq(evbuffer_get_length(buf), 980);
	ck_assert_mem_eq(evbuffer_pullup(buf, -1) + 974, "112222", 6);
	tear_down();
}

TEST(the_second_extent_alone_is_committed)
{
	struct evbuffer_iovec room[2];

	set_up();
	evbuffer_add(buf, block, 970);
	ck_assert_int_eq(evbuffer_reserve_space(buf, 500, room, 2), 2);
	memcpy(room[1].iov_base, "yy", 2);
	room[1].iov_len = 2;
	ck_assert_int_eq(evbuffer_commit_space(buf, &room[1], 1), 0);
	ck_assert_uint_eq(evbuffer_get_length(buf), 972);
	evbuffer_add(buf, "zz", 2);
	evbuffer_drain(buf, 969);
	check_text(buf, "xyyzz");
	tear_down();
}

TEST(positions_move_over_chains)
{
	struct evbuffer_ptr at;
	char out[8];
	int i;

	set_up();
	for (i = 0; i < 10; i++)
		evbuffer_add_reference(buf, &"abcdefghij"[i], 1, NULL, NULL);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 4, EVBUFFER_PTR_SET), 0);
	ck_assert_int_eq(evbuffer_copyout_from(buf, &at, out, 3), 3);
	ck_assert_mem_eq(out, "efg", 3);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 4, EVBUFFER_PTR_ADD), 0);
	ck_assert_int_eq(at.pos, 8);
	ck_assert_int_eq(evbuffer_copyout_from(buf, &at, out, 8), 2);
	ck_assert_mem_eq(out, "ij", 2);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 2, EVBUFFER_PTR_ADD), 0);
	ck_assert_int_eq(at.pos, 10);
	ck_assert_int_eq(evbuffer_copyout_from(buf, &at, out, 8), 0);
	ck_assert_int_eq(evbuffer_search(buf, "j", 1, &at).pos, -1);
	ck_assert_int_eq(evbuffer_peek(buf, -1, &at, NULL, 0), 0);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 0, EVBUFFER_PTR_ADD), 0);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 1, EVBUFFER_PTR_ADD), -1);
	ck_assert_int_eq(at.pos, -1);
	/* What has not been found can't be moved, not even by nothing. */
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 0, EVBUFFER_PTR_ADD), -1);
	ck_assert_int_eq(
	    evbuffer_ptr_set(buf, &at, SIZE_MAX, EVBUFFER_PTR_SET), -1);
	ck_assert_int_eq(evbuffer_ptr_set(buf, &at, 3, EVBUFFER_PTR_SET), 0);
	ck_assert_int_eq(
	    evbuffer_ptr_set(buf, &at, SIZE_MAX, EVBUFFER_PTR_ADD), -1);
	ck_assert_int_eq(at.pos, 3);
	ck_assert_int_eq(
	    evbuffer_ptr_set(buf, &at, EV_SSIZE_MAX, EVBUFFER_PTR_ADD), -1);
	tear_down();
}

TEST(looking_counts_extents)
{
	struct evbuffer_iovec extents[3];
	struct evbuffer_ptr at;

	set_up();
	evbuffer_add_reference(buf, "abc", 3, NULL, NULL);
	evbuffer_add_reference(buf, "defg", 4, NULL, NULL);
	evbuffer_add_reference(buf, "hi", 2, NULL, NULL);
	ck_assert_int_eq(evbuffer_peek(buf, -1, NULL, NULL, 0), 3);
	ck_assert_int_eq(evbuffer_peek(buf, 0, NULL, NULL, 0), 0);
	ck_assert_int_eq(evbuffer_peek(buf, 3, NULL, NULL, 0), 1);
	ck_assert_int_eq(evbuffer_peek(buf, 4, NULL, NULL, 0), 2);
	ck_assert_int_eq(evbuffer_peek(buf, 100, NULL, NULL, 0), 3);
	ck_assert_int_eq(evbuffer_peek(buf, 9, NULL, extents, 1), 3);
	ck_assert_int_eq(evbuffer_peek(buf, -1, NULL, extents, 2), 2);
	evbuffer_ptr_set(buf, &at, 4, EVBUFFER_PTR_SET);
	ck_assert_int_eq(evbuffer_peek(buf, -1, &at, extents, 3), 2);
	ck_assert_uint_eq(extents[0].iov_len, 3);
	ck_assert_mem_eq(extents[0].iov_base, "efg", 3);
	ck_assert_mem_eq(extents[1].iov_base, "hi", 2);
	ck_assert_int_eq(evbuffer_peek(buf, 0, &at, extents, 3), 1);
	ck_assert_int_eq(evbuffer_peek(buf, 4, &at, NULL, 0), 2);
	ck_assert_int_eq(evbuffer_peek(buf, -1, &at, NULL, 0), 2);
	tear_down();
}

TEST(own_bytes_can_be_added)
{
	struct evbuffer_iovec room;

	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(
	    evbuffer_add(buf, evbuffer_pullup(buf, -1), 3), 0);
	check_text(buf, "abcabc");
	evbuffer_reserve_space(buf, 3, &room, 1);
	memcpy(room.iov_base, "def", 3);
	ck_assert_int_eq(evbuffer_add(buf, room.iov_base, 3), 0);
	check_text(buf, "abcabcdef");
	tear_down();
}

TEST(a_changed_owner_does_not_show)
{
	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_buffer_reference(other, buf), 0);
	evbuffer_add(buf, "def", 3);
	evbuffer_prepend(buf, "0", 1);
	check_text(other, "abc");
	evbuffer_drain(buf, 2);
	evbuffer_add(other, "xyz", 3);
	evbuffer_prepend(other, "1", 1);
	check_text(other, "1abcxyz");
	check_text(buf, "bcdef");
	evbuffer_drain(other, 2);
	check_text(other, "bcxyz");
	ck_assert_int_eq(evbuffer_add_buffer_reference(buf, other), 0);
	check_text(buf, "bcdefbcxyz");
	tear_down();
}

/* libevent writes behind the shared bytes, which two buffers do in turn. */
TEST(pulling_up_shared_bytes_leaves_others_alone)
{
	struct evbuffer *third = evbuffer_new();

	set_up();
	evbuffer_add(buf, "abc", 3);
	ck_assert_int_eq(evbuffer_add_buffer_reference(other, buf), 0);
	ck_assert_int_eq(evbuffer_add_buffer_reference(third, buf), 0);
	evbuffer_add_reference(other, "def", 3, NULL, NULL);
	evbuffer_add_reference(third, "xyz", 3, NULL, NULL);
	check_text(other, "abcdef");
	check_text(third, "abcxyz");
	check_text(other, "abcdef");
	check_text(buf, "abc");
	evbuffer_free(third);
	tear_down();
}

TEST(printing_grows_the_buffer)
{
	set_up();
	ck_assert_int_eq(evbuffer_add_printf(buf, "%s-%d", "a", 1), 3);
	ck_assert_int_eq(evbuffer_add_printf(buf, "%063d", 7), 63);
	ck_assert_int_eq(evbuffer_add_printf(buf, "%064d", 7), 64);
	ck_assert_int_eq(evbuffer_add_printf(buf, "%015000d", 7), 15000);
	ck_assert_uint_eq(evbuffer_get_length(buf), 15130);
	evbuffer_drain(buf, 15128);
	check_text(buf, "07");
	tear_down();
}

TEST(flags_are_kept)
{
	set_up();
	ck_assert_int_eq(
	    evbuffer_set_flags(buf, EVBUFFER_FLAG_DRAINS_TO_FD), 0);
	ck_assert_int_eq(
	    evbuffer_clear_flags(buf, EVBUFFER_FLAG_DRAINS_TO_FD), 0);
	tear_down();
}

TEST(a_lock_is_set_once)
{
	set_up();
	evbuffer_lock(buf);
	evbuffer_unlock(buf);
	if (getenv("CAPI_THREADS")) {
		ck_assert_int_eq(evbuffer_enable_locking(buf, NULL), 0);
		ck_assert_int_eq(evbuffer_enable_locking(buf, NULL), -1);
		evbuffer_lock(buf);
		evbuffer_lock(buf);
		evbuffer_add(buf, "abc", 3);
		evbuffer_unlock(buf);
		evbuffer_unlock(buf);
	} else {
		ck_assert_int_eq(evbuffer_enable_locking(buf, NULL), -1);
	}
	tear_down();
}
