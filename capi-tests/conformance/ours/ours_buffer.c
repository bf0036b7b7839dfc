/*
 * What libevent_rs promises beyond libevent 2.1: the additions of 2.2, and
 * searches that stay linear for every needle and every division into chains.
 *
 * runs: one-backend, one-locking
 */
#include "capi.h"

#include <event2/buffer.h>

static struct evbuffer *buf;
static char block[300000];

TEST(the_limit_of_a_read_can_be_chosen)
{
	int pair[2];

	capi_pair(pair);
	buf = evbuffer_new();
	ck_assert_uint_eq(evbuffer_get_max_read(buf), 4096);
	ck_assert_int_eq(write(pair[0], block, 30000), 30000);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], -1), 4096);
	ck_assert_int_eq(evbuffer_set_max_read(buf, 10000), 0);
	ck_assert_uint_eq(evbuffer_get_max_read(buf), 10000);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], -1), 10000);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], 100), 100);
	ck_assert_int_eq(evbuffer_read(buf, pair[1], 20000), 10000);
	ck_assert_int_eq(evbuffer_set_max_read(buf, (size_t)INT_MAX + 1), -1);
	ck_assert_uint_eq(evbuffer_get_max_read(buf), 10000);
	evbuffer_free(buf);
}

static void
clean_up(const void *data, size_t length, void *arg)
{
	ck_assert_ptr_eq(data, arg);
	note("cleanup:%zu", length);
}

TEST(a_part_of_some_memory)
{
	static char text[] = "0123456789";

	buf = evbuffer_new();
	ck_assert_int_eq(evbuffer_add_reference_with_offset(
	    buf, text, 3, 4, clean_up, text), 0);
	ck_assert_uint_eq(evbuffer_get_length(buf), 4);
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), "3456", 4);
	ck_assert_int_eq(evbuffer_prepend(buf, "x", 1), 0);
	ck_assert_mem_eq(text, "0123456789", 10);
	evbuffer_drain(buf, 3);
	ck_notes("");
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), "56", 2);
	evbuffer_drain(buf, 2);
	ck_notes("cleanup:7");
	ck_assert_int_eq(evbuffer_add_reference_with_offset(
	    buf, text, (size_t)-1, 2, clean_up, text), -1);
	ck_notes("");
	evbuffer_free(buf);
}

/* The block in chains of SIZE bytes, as far as whole ones reach. */
static struct evbuffer *
filled(size_t size)
{
	struct evbuffer *made = evbuffer_new();

	for (size_t from = 0; from + size <= sizeof(block); from += size)
		evbuffer_add_reference(made, block + from, size, NULL, NULL);
	return made;
}

static const size_t sizes[] = {1, 2, 7, 64, 1000, 4096, 20000, 300000};
enum { DIVISIONS = sizeof(sizes) / sizeof(*sizes) };
static struct evbuffer *divided[DIVISIONS];

/* Well over a minute if each place costs as much as the needle is long. */
static void
search_is_linear(const char *needle, size_t length)
{
	long long start = capi_now_ms();

	for (size_t i = 0; i < DIVISIONS; i++)
		ck_assert_int_eq(evbuffer_search(
		    divided[i], needle, length, NULL).pos, -1);
	ck_assert_int_lt(capi_now_ms() - start, 15000);
}

static void
needles_of_every_length(void (*make)(char *, size_t))
{
	static const size_t lengths[] = {2, 5, 50, 1000, 2048, 2049, 30000, 100000};
	static char needle[100000];
	size_t i;

	for (i = 0; i < DIVISIONS; i++)
		divided[i] = filled(sizes[i]);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		make(needle, lengths[i]);
		search_is_linear(needle, lengths[i]);
	}
	for (i = 0; i < DIVISIONS; i++)
		evbuffer_free(divided[i]);
}

static void
ends_otherwise(char *needle, size_t length)
{
	memset(needle, 'a', length);
	needle[length - 1] = 'b';
}

static void
begins_otherwise(char *needle, size_t length)
{
	memset(needle, 'a', length);
	needle[0] = 'b';
}

static void
differs_in_the_middle(char *needle, size_t length)
{
	memset(needle, 'a', length);
	needle[length / 2] = 'b';
}

TEST(all_the_same_but_one)
{
	memset(block, 'a', sizeof(block));
	needles_of_every_length(ends_otherwise);
	needles_of_every_length(begins_otherwise);
	needles_of_every_length(differs_in_the_middle);
}

static void
alternates(char *needle, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		needle[i] = i % 2 ? 'b' : 'a';
	needle[length - 1] = needle[length - 1] == 'a' ? 'b' : 'a';
}

TEST(a_period_that_breaks)
{
	size_t i;

	for (i = 0; i < sizeof(block); i++)
		block[i] = i % 2 ? 'b' : 'a';
	needles_of_every_length(alternates);
}

/* abaababaabaab...: each beginning of it is the two before put together. */
static void
fibonacci(char *word, size_t length)
{
	size_t last = 1, whole = 2;

	memcpy(word, "ab", length < 2 ? length : 2);
	while (whole < length) {
		size_t next = last > length - whole ? length - whole : last;

		memcpy(word + whole, word, next);
		last = whole;
		whole += next;
	}
}

static void
almost_fibonacci(char *needle, size_t length)
{
	fibonacci(needle, length);
	needle[length - 1] = 'c';
}

TEST(the_fibonacci_word)
{
	fibonacci(block, sizeof(block));
	needles_of_every_length(almost_fibonacci);
}

/* A needle that is there, at the far end. */
TEST(found_at_the_end)
{
	static const size_t in_chains_of[] = {1, 3, 1000, 12288, 300000};
	static const size_t lengths[] = {1, 2, 17, 500, 2048, 3000};
	const size_t end = sizeof(block) - 31;

	memset(block, 'a', sizeof(block));
	block[end - 1] = 'b';
	for (size_t i = 0; i < 5; i++) {
		struct evbuffer *whole = filled(in_chains_of[i]);

		for (size_t j = 0; j < 6; j++) {
			size_t at = end - lengths[j];

			if (evbuffer_get_length(whole) == sizeof(block))
				ck_assert_int_eq(evbuffer_search(whole,
				    block + at, lengths[j], NULL).pos,
				    (ev_ssize_t)at);
		}
		evbuffer_free(whole);
	}
}
