/*
 * Searching evbuffers: every needle in every division into chains, ranges,
 * line ends over seams, and needles that make a naive search slow.
 */
#include "capi.h"

#include <event2/buffer.h>
#include <event2/buffer_compat.h>

static struct evbuffer *buf;

/* TEXT in chains of the lengths that the bits of CUTS say. */
static void
fill(const char *text, size_t length, unsigned cuts)
{
	size_t from = 0, i;

	buf = evbuffer_new();
	for (i = 1; i <= length; i++) {
		if (i < length && !(cuts >> (i - 1) & 1))
			continue;
		evbuffer_add_reference(buf, text + from, i - from, NULL, NULL);
		from = i;
	}
}

static ev_ssize_t
naive(const char *text, size_t from, size_t to, const char *needle,
    size_t length)
{
	const char *found = to > from
	    ? memmem(text + from, to - from, needle, length)
	    : NULL;

	return found ? found - text : -1;
}

TEST(every_division_into_chains)
{
	static const char text[] = "abaababaab";
	unsigned cuts, bits;
	size_t length, i;

	for (cuts = 0; cuts < 512; cuts++) {
		fill(text, 10, cuts);
		for (length = 1; length <= 6; length++) {
			for (bits = 0; bits < 1u << length; bits++) {
				char needle[6];
				struct evbuffer_ptr found;

				for (i = 0; i < length; i++)
					needle[i] = bits >> i & 1 ? 'a' : 'b';
				found = evbuffer_search(
				    buf, needle, length, NULL);
				ck_assert_int_eq(found.pos,
				    naive(text, 0, 10, needle, length));
			}
		}
		evbuffer_free(buf);
	}
}

TEST(every_range)
{
	static const char text[] = "abaababaab";
	unsigned cuts;
	size_t from, to;

	for (cuts = 0; cuts < 512; cuts += 7) {
		fill(text, 10, cuts);
		for (from = 0; from <= 10; from++) {
			for (to = 0; to <= 10; to++) {
				struct evbuffer_ptr start, end, found;

				evbuffer_ptr_set(
				    buf, &start, from, EVBUFFER_PTR_SET);
				evbuffer_ptr_set(
				    buf, &end, to, EVBUFFER_PTR_SET);
				found = evbuffer_search_range(
				    buf, "aba", 3, &start, &end);
				ck_assert_int_eq(found.pos,
				    naive(text, from, to, "aba", 3));
			}
		}
		evbuffer_free(buf);
	}
}

TEST(found_positions_can_be_used)
{
	struct evbuffer_ptr at;
	char out[3];
	int count = 0;

	fill("abcabcabcabc", 12, 0x555);
	at = evbuffer_search(buf, "bca", 3, NULL);
	while (at.pos >= 0) {
		ck_assert_int_eq(evbuffer_copyout_from(buf, &at, out, 3), 3);
		ck_assert_mem_eq(out, "bca", 3);
		count++;
		ck_assert_int_eq(
		    evbuffer_ptr_set(buf, &at, 1, EVBUFFER_PTR_ADD), 0);
		at = evbuffer_search(buf, "bca", 3, &at);
	}
	ck_assert_int_eq(count, 3);
	evbuffer_free(buf);
}

TEST(an_empty_needle_is_where_the_search_starts)
{
	struct evbuffer_ptr at, found;

	fill("abcdef", 6, 5);
	found = evbuffer_search(buf, "", 0, NULL);
	ck_assert_int_eq(found.pos, 0);
	evbuffer_ptr_set(buf, &at, 4, EVBUFFER_PTR_SET);
	found = evbuffer_search(buf, "", 0, &at);
	ck_assert_int_eq(found.pos, 4);
	evbuffer_free(buf);
}

TEST(find_pulls_up)
{
	unsigned char *found;

	fill("abcdefgh", 8, 0xff);
	found = evbuffer_find(buf, (const unsigned char *)"cdef", 4);
	ck_assert_ptr_nonnull(found);
	ck_assert_mem_eq(found, "cdef", 4);
	ck_assert_uint_ge(evbuffer_get_contiguous_space(buf), 6);
	ck_assert_ptr_null(evbuffer_find(buf, (const unsigned char *)"x", 1));
	evbuffer_free(buf);
}

static void
check_eol(enum evbuffer_eol_style style, ev_ssize_t pos, size_t length)
{
	size_t found_length = 99;
	struct evbuffer_ptr found =
	    evbuffer_search_eol(buf, NULL, &found_length, style);

	ck_assert_int_eq(found.pos, pos);
	ck_assert_uint_eq(found_length, length);
}

TEST(line_ends_over_seams)
{
	unsigned cuts;

	for (cuts = 0; cuts < 1024; cuts++) {
		fill("a\nb\r\n\r\n\0cd", 10, cuts);
		check_eol(EVBUFFER_EOL_ANY, 1, 1);
		check_eol(EVBUFFER_EOL_CRLF, 1, 1);
		check_eol(EVBUFFER_EOL_CRLF_STRICT, 3, 2);
		check_eol(EVBUFFER_EOL_LF, 1, 1);
		check_eol(EVBUFFER_EOL_NUL, 7, 1);
		check_eol((enum evbuffer_eol_style)5, -1, 0);
		evbuffer_drain(buf, 2);
		check_eol(EVBUFFER_EOL_ANY, 1, 4);
		check_eol(EVBUFFER_EOL_CRLF, 1, 2);
		check_eol(EVBUFFER_EOL_CRLF_STRICT, 1, 2);
		check_eol(EVBUFFER_EOL_LF, 2, 1);
		evbuffer_drain(buf, 2);
		check_eol(EVBUFFER_EOL_CRLF, 0, 1);
		check_eol(EVBUFFER_EOL_CRLF_STRICT, 1, 2);
		evbuffer_drain(buf, 5);
		check_eol(EVBUFFER_EOL_ANY, -1, 0);
		evbuffer_free(buf);
	}
}

TEST(a_return_before_the_start_does_not_count)
{
	struct evbuffer_ptr start, found;
	size_t length;

	fill("a\r\nb\r\n", 6, 2);
	evbuffer_ptr_set(buf, &start, 2, EVBUFFER_PTR_SET);
	found = evbuffer_search_eol(buf, &start, &length, EVBUFFER_EOL_CRLF);
	ck_assert_int_eq(found.pos, 2);
	ck_assert_uint_eq(length, 1);
	found = evbuffer_search_eol(
	    buf, &start, &length, EVBUFFER_EOL_CRLF_STRICT);
	ck_assert_int_eq(found.pos, 4);
	evbuffer_ptr_set(buf, &start, 6, EVBUFFER_PTR_SET);
	found = evbuffer_search_eol(buf, &start, &length, EVBUFFER_EOL_ANY);
	ck_assert_int_eq(found.pos, -1);
	ck_assert_uint_eq(length, 0);
	evbuffer_free(buf);
}

TEST(lines_one_after_the_other)
{
	size_t length;
	char *line;

	fill("one\r\n\r\ntwo\nthree", 16, 0x2d5b);
	line = evbuffer_readln(buf, &length, EVBUFFER_EOL_CRLF);
	ck_assert_str_eq(line, "one");
	free(line);
	line = evbuffer_readln(buf, &length, EVBUFFER_EOL_CRLF);
	ck_assert_str_eq(line, "");
	ck_assert_uint_eq(length, 0);
	free(line);
	line = evbuffer_readline(buf);
	ck_assert_str_eq(line, "two");
	free(line);
	ck_assert_ptr_null(evbuffer_readline(buf));
	ck_assert_uint_eq(evbuffer_get_length(buf), 5);
	evbuffer_free(buf);
}
