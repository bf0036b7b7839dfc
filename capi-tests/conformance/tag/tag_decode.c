/*
 * Fields that are correct, and what is made of those that aren't: the result,
 * what was stored, and what is left in the buffer.
 */
// runs: one-backend, one-locking
#include "tags.h"

#define UNTOUCHED 0xabcdef01U

/* Every function that reads a field, all with the same interface here. */
struct reading {
	int result;
	/* What was stored, as far as the function stores anything. (With a
	 * failure, libevent stores numbers that are none; that is not looked
	 * at.) */
	ev_uint64_t stored;
};

typedef struct reading (*reader)(struct evbuffer *, ev_uint32_t tag);

static struct reading
peek(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t found = UNTOUCHED;
	int result = evtag_peek(buf, &found);

	(void)tag;
	return (struct reading){result, found};
}

static struct reading
peek_length(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t length = UNTOUCHED;
	int result = evtag_peek_length(buf, &length);

	(void)tag;
	return (struct reading){result, length};
}

static struct reading
payload_length(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t length = UNTOUCHED;
	int result = evtag_payload_length(buf, &length);

	(void)tag;
	return (struct reading){result, length};
}

static struct reading
decode_tag(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t found = UNTOUCHED;
	int result = evtag_decode_tag(&found, buf);

	(void)tag;
	return (struct reading){result, found};
}

static struct reading
decode_int(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t number = UNTOUCHED;
	int result = evtag_decode_int(&number, buf);

	(void)tag;
	return (struct reading){result, number};
}

static struct reading
decode_int64(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint64_t number = UNTOUCHED;
	int result = evtag_decode_int64(&number, buf);

	(void)tag;
	return (struct reading){result, number};
}

static struct reading
header(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t found = UNTOUCHED;
	int result = evtag_unmarshal_header(buf, &found);

	(void)tag;
	return (struct reading){result, found};
}

static struct reading
consume(struct evbuffer *buf, ev_uint32_t tag)
{
	(void)tag;
	return (struct reading){evtag_consume(buf), 0};
}

static struct reading
unmarshal(struct evbuffer *buf, ev_uint32_t tag)
{
	struct evbuffer *to = evbuffer_new();
	ev_uint32_t found = UNTOUCHED;
	struct reading reading;

	(void)tag;
	evbuffer_add(to, "before", 6);
	reading.result = evtag_unmarshal(buf, &found, to);
	reading.stored = found * 1000ULL + evbuffer_get_length(to);
	evbuffer_free(to);
	return reading;
}

static struct reading
unmarshal_int(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint32_t number = UNTOUCHED;
	int result = evtag_unmarshal_int(buf, tag, &number);

	return (struct reading){result, result == -1 ? 0 : number};
}

static struct reading
unmarshal_int64(struct evbuffer *buf, ev_uint32_t tag)
{
	ev_uint64_t number = UNTOUCHED;
	int result = evtag_unmarshal_int64(buf, tag, &number);

	return (struct reading){result, result == -1 ? 0 : number};
}

static struct reading
unmarshal_fixed(struct evbuffer *buf, ev_uint32_t tag)
{
	unsigned char bytes[4] = {1, 2, 3, 4};
	int result = evtag_unmarshal_fixed(buf, tag, bytes, sizeof(bytes));

	return (struct reading){result,
	    bytes[0] + bytes[1] * 1000U + bytes[2] * 1000000U};
}

static struct reading
unmarshal_string(struct evbuffer *buf, ev_uint32_t tag)
{
	char untouched[] = "untouched", *text = untouched;
	int result = evtag_unmarshal_string(buf, tag, &text);
	struct reading reading = {result, strlen(text) * 1000 + text[0]};

	if (text != untouched)
		free(text);
	return reading;
}

static struct reading
unmarshal_timeval(struct evbuffer *buf, ev_uint32_t tag)
{
	struct timeval tv = {-7, -7};
	int result = evtag_unmarshal_timeval(buf, tag, &tv);

	return (struct reading){result, result == -1 ? 0
	    : (ev_uint64_t)tv.tv_sec * 3 + (ev_uint64_t)tv.tv_usec};
}

static const struct {
	const char *name;
	reader read;
} readers[] = {
    {"peek", peek},
    {"peek_length", peek_length},
    {"payload_length", payload_length},
    {"decode_tag", decode_tag},
    {"decode_int", decode_int},
    {"decode_int64", decode_int64},
    {"header", header},
    {"consume", consume},
    {"unmarshal", unmarshal},
    {"int", unmarshal_int},
    {"int64", unmarshal_int64},
    {"fixed", unmarshal_fixed},
    {"string", unmarshal_string},
    {"timeval", unmarshal_timeval},
};
#define READERS (int)(sizeof(readers) / sizeof(readers[0]))

/* Fields of every kind, and bytes behind each. */
static const char *const streams[] = {
    "0203343210 0501aa",
    "e6020600999876543210 00",
    "02069a98765432100402",
    "050568656c6c6f050568656c6c6f",
    "05046162636405",
    "03087001f355604f324f99",
    "0302011299",
    "0500",
    "0508 7feebdaed0010203 04050607",
    "ffffffff0f0a ffffffffffffffff f000 77",
    "85010412345678",
};
#define STREAMS (int)(sizeof(streams) / sizeof(streams[0]))

/* Adds what a function makes of the bytes to a number that any change changes. */
static ev_uint64_t
observe(ev_uint64_t before, reader read, const unsigned char *bytes, size_t n,
    size_t chains, ev_uint32_t tag, int *succeeded)
{
	struct evbuffer *buf = in_chains(bytes, n, chains);
	struct reading reading = read(buf, tag);
	ev_uint64_t left = evbuffer_get_length(buf);

	/* What is left is the end of what was there. */
	ck_assert_uint_le(left, n);
	if (left)
		ck_assert_mem_eq(evbuffer_pullup(buf, -1),
		    bytes + n - left, left);
	evbuffer_free(buf);
	*succeeded += reading.result >= 0;
	before = (before ^ (ev_uint64_t)reading.result) * 0x100000001b3ULL;
	before = (before ^ reading.stored) * 0x100000001b3ULL;
	return (before ^ left) * 0x100000001b3ULL;
}

/* Lengths beyond INT_MAX are a case of their own, below. */
static int
announces_too_much(const unsigned char *bytes, size_t n)
{
	struct evbuffer *buf = in_chains(bytes, n, 0);
	ev_uint32_t length = 0;
	int too_much = evtag_decode_tag(&length, buf) != -1 &&
	    evtag_decode_int(&length, buf) == 0 && length > 0x7ffffff0;

	evbuffer_free(buf);
	return too_much;
}

static ev_uint32_t
tag_of(const unsigned char *bytes, size_t n)
{
	struct evbuffer *buf = in_chains(bytes, n, 0);
	ev_uint32_t tag;

	ck_assert_int_gt(evtag_peek(buf, &tag), 0);
	evbuffer_free(buf);
	return tag;
}

TEST(every_truncation)
{
	unsigned char bytes[64];
	size_t n, length, chains;
	ev_uint64_t sum;
	int r, s, succeeded;
	ev_uint32_t tag;

	event_set_log_callback(be_quiet);
	for (r = 0; r < READERS; r++) {
		sum = 0;
		succeeded = 0;
		for (s = 0; s < STREAMS; s++) {
			n = from_hex(streams[s], bytes);
			tag = tag_of(bytes, n);
			for (length = 0; length <= n; length++)
				for (chains = 0; chains < 4; chains++)
					sum = observe(sum, readers[r].read,
					    bytes, length, chains, tag,
					    &succeeded);
		}
		trace("%s %d %llx", readers[r].name, succeeded,
		    (unsigned long long)sum);
	}
}

TEST(every_change_of_one_byte)
{
	unsigned char bytes[64], kept;
	size_t n, at;
	ev_uint64_t sum;
	int r, s, value, succeeded;
	ev_uint32_t tag;

	event_set_log_callback(be_quiet);
	for (r = 0; r < READERS; r++) {
		for (s = 0; s < STREAMS; s++) {
			n = from_hex(streams[s], bytes);
			tag = tag_of(bytes, n);
			sum = 0;
			succeeded = 0;
			for (at = 0; at < n; at++) {
				kept = bytes[at];
				for (value = 0; value < 256; value++) {
					bytes[at] = (unsigned char)value;
					if (announces_too_much(bytes, n))
						continue;
					sum = observe(sum, readers[r].read,
					    bytes, n, at % 3, tag, &succeeded);
				}
				bytes[at] = kept;
			}
			trace("%s %s %d %llx", readers[r].name, streams[s],
			    succeeded, (unsigned long long)sum);
		}
	}
}

TEST(random_bytes)
{
	unsigned char bytes[16];
	ev_uint64_t sum, noise = 88172645463325252ULL;
	int r, i, succeeded;
	size_t n, at;

	event_set_log_callback(be_quiet);
	for (r = 0; r < READERS; r++) {
		sum = 0;
		succeeded = 0;
		for (i = 0; i < 5000; i++) {
			for (at = 0; at < sizeof(bytes); at++) {
				noise ^= noise << 13;
				noise ^= noise >> 7;
				noise ^= noise << 17;
				bytes[at] = (unsigned char)(noise >> 24);
			}
			/* Often a short tag and a short length. */
			if (i % 4)
				bytes[0] &= 7;
			if (i % 4 == 2)
				bytes[1] &= 7;
			n = (size_t)i % (sizeof(bytes) + 1);
			if (!announces_too_much(bytes, n))
				sum = observe(sum, readers[r].read, bytes, n,
				    (size_t)i % 3, (ev_uint32_t)i % 8,
				    &succeeded);
		}
		trace("%s %d %llx", readers[r].name, succeeded,
		    (unsigned long long)sum);
	}
}

static int
left(struct evbuffer *buf)
{
	int length = (int)evbuffer_get_length(buf);

	evbuffer_free(buf);
	return length;
}

TEST(another_tag)
{
	char bytes[2], *text = NULL;
	struct evbuffer *buf;
	struct timeval tv;
	ev_uint32_t number;
	ev_uint64_t long_number;

	event_set_log_callback(be_quiet);
	buf = of_hex("06010199");
	ck_assert_int_eq(evtag_unmarshal_int(buf, 5, &number), -1);
	ck_assert_int_eq(left(buf), 3);
	buf = of_hex("06010199");
	ck_assert_int_eq(evtag_unmarshal_int64(buf, 5, &long_number), -1);
	ck_assert_int_eq(left(buf), 3);
	buf = of_hex("0602aabb99");
	ck_assert_int_eq(evtag_unmarshal_fixed(buf, 5, bytes, 2), -1);
	ck_assert_int_eq(left(buf), 3);
	buf = of_hex("0602aabb99");
	ck_assert_int_eq(evtag_unmarshal_string(buf, 5, &text), -1);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(left(buf), 3);
	buf = of_hex("0602010299");
	ck_assert_int_eq(evtag_unmarshal_timeval(buf, 5, &tv), -1);
	ck_assert_int_eq(left(buf), 1);
}

TEST(results_that_nobody_wants)
{
	struct evbuffer *buf = of_hex("0501aa"), *to = evbuffer_new();
	unsigned char nothing[1];

	ck_assert_int_eq(evtag_peek(buf, NULL), 1);
	ck_assert_int_eq(evtag_unmarshal(buf, NULL, to), 1);
	ck_assert_uint_eq(evbuffer_get_length(to), 1);
	ck_assert_int_eq(left(buf), 0);
	evbuffer_free(to);
	buf = of_hex("0501aa");
	ck_assert_int_eq(evtag_unmarshal_header(buf, NULL), 1);
	ck_assert_int_eq(left(buf), 1);
	buf = of_hex("0500");
	ck_assert_int_eq(evtag_unmarshal_fixed(buf, 5, nothing, 0), 0);
	ck_assert_int_eq(left(buf), 0);
}

TEST(text_may_hold_nul)
{
	struct evbuffer *buf = of_hex("050561006200630501");
	char *text;

	ck_assert_int_eq(evtag_unmarshal_string(buf, 5, &text), 0);
	ck_assert_mem_eq(text, "a\0b\0c\0", 6);
	free(text);
	ck_assert_int_eq(left(buf), 2);
}

/* What is not there is not asked for. */
static size_t most;

static void *
counting_malloc(size_t size)
{
	if (size > most)
		most = size;
	return malloc(size);
}

TEST(nothing_is_allocated_for_what_is_announced)
{
	static const char *const lengths[] = {
	    "0577ffffff7f", "057fffffff70", "057fffffff80", "057ffffffff0"};
	struct evbuffer *buf, *to;
	unsigned char byte;
	char *text = NULL;
	size_t i;

	event_set_log_callback(be_quiet);
	event_set_mem_functions(counting_malloc, realloc, free);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		buf = of_hex(lengths[i]);
		to = evbuffer_new();
		evbuffer_add(buf, "abc", 3);
		ck_assert_int_eq(evtag_unmarshal(buf, NULL, to), -1);
		ck_assert_int_eq(left(buf), 3);
		buf = of_hex(lengths[i]);
		evbuffer_add(buf, "abc", 3);
		ck_assert_int_eq(evtag_unmarshal_string(buf, 5, &text), -1);
		ck_assert_int_eq(left(buf), 3);
		buf = of_hex(lengths[i]);
		evbuffer_add(buf, "abc", 3);
		ck_assert_int_eq(evtag_unmarshal_fixed(buf, 5, &byte, 1), -1);
		ck_assert_int_eq(left(buf), 3);
		evbuffer_free(to);
	}
	ck_assert_uint_lt(most, 5000);
}

/* A length that an int cannot hold, its payload being there. */
TEST(a_length_beyond_int_is_refused)
{
	struct evbuffer *buf, *to = evbuffer_new();
	ev_uint32_t tag = 0;

	event_set_log_callback(be_quiet);
	buf = of_hex("057000000080");
	evbuffer_add_reference(buf, "abc", (size_t)0x80000001, NULL, NULL);
	ck_assert_int_eq(evtag_unmarshal_header(buf, &tag), -1);
	ck_assert_int_eq((int)tag, 5);
	ck_assert_uint_eq(evbuffer_get_length(buf), (size_t)0x80000001);
	evbuffer_free(buf);
	buf = of_hex("057000000080");
	evbuffer_add_reference(buf, "abc", (size_t)0x80000001, NULL, NULL);
	ck_assert_int_eq(evtag_unmarshal(buf, &tag, to), -1);
	ck_assert_uint_eq(evbuffer_get_length(to), 0);
	evbuffer_free(buf);
	evbuffer_free(to);
}

TEST(a_length_beyond_int_is_not_told)
{
	ev_uint32_t length = 7;
	struct evbuffer *buf = evbuffer_new();

	evtag_encode_tag(buf, 5);
	evtag_encode_int(buf, 0x80000000);
	ck_assert_int_eq(evtag_payload_length(buf, &length), -1);
	ck_assert_int_eq(evtag_peek_length(buf, &length), -1);
	ck_assert_uint_eq(length, 7);
	evbuffer_drain(buf, 100);
	evtag_encode_tag(buf, 5);
	evtag_encode_int(buf, 0xffffffff);
	ck_assert_int_eq(evtag_peek_length(buf, &length), -1);
	evbuffer_drain(buf, 100);
	evtag_encode_tag(buf, 5);
	evtag_encode_int(buf, INT_MAX);
	ck_assert_int_eq(evtag_payload_length(buf, &length), 0);
	ck_assert_uint_eq(length, INT_MAX);
	ck_assert_int_eq(evtag_peek_length(buf, &length), 0);
	ck_assert_uint_eq(length, (ev_uint32_t)INT_MAX + 6);
	evbuffer_free(buf);
}
