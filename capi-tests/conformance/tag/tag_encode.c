/*
 * Fields as bytes.
 */
// runs: one-backend, one-locking
#include "tags.h"

#include <event2/tag_compat.h>

static struct evbuffer *buf;

TEST(numbers_as_bytes)
{
	buf = evbuffer_new();
	evtag_init();
	evtag_init();
	ck_assert_int_eq(evtag_encode_tag(buf, 0), 1);
	ck_hex(buf, "00");
	ck_assert_int_eq(evtag_encode_tag(buf, 0x80), 2);
	ck_hex(buf, "8001");
	ck_assert_int_eq(evtag_encode_tag(buf, 0xffffffff), 5);
	ck_hex(buf, "ffffffff0f");
	ck_assert_int_eq(evtag_encode_tag(NULL, 0x4000), 3);
	evtag_encode_int(buf, 0xdeadbeef);
	ck_hex(buf, "7feebdaed0");
	encode_int(buf, 0);
	ck_hex(buf, "00");
	encode_int64(buf, (ev_uint64_t)1 << 32);
	ck_hex(buf, "8000000001");
	evbuffer_free(buf);
}

TEST(fields_as_bytes)
{
	struct timeval tv = {1700000000, 999999};
	struct evbuffer *payload = evbuffer_new();

	buf = evbuffer_new();
	evtag_marshal_int(buf, 2, 0x1234);
	ck_hex(buf, "0203343210");
	evtag_marshal_int64(buf, 2, 0x123456789aULL);
	ck_hex(buf, "02069a9876543210");
	evtag_marshal_string(buf, 5, "hello");
	ck_hex(buf, "050568656c6c6f");
	evtag_marshal_string(buf, 5, "");
	ck_hex(buf, "0500");
	evtag_marshal(buf, 6, NULL, 0);
	ck_hex(buf, "0600");
	evtag_marshal(buf, 0x81, "\0\1", 2);
	ck_hex(buf, "8101020001");
	evtag_marshal_timeval(buf, 3, &tv);
	ck_hex(buf, "03087001f355604f324f");
	tv.tv_sec = -1;
	tv.tv_usec = 0;
	evtag_marshal_timeval(buf, 3, &tv);
	ck_hex(buf, "03067ffffffff000");
	evbuffer_add(payload, "abc", 3);
	evtag_marshal_buffer(buf, 9, payload);
	ck_assert_uint_eq(evbuffer_get_length(payload), 0);
	evtag_marshal_buffer(buf, 10, payload);
	ck_hex(buf, "09036162630a00");
	evbuffer_free(payload);
	evbuffer_free(buf);
}

/* All up to 2^15, and those around powers of two. */
static ev_uint64_t
nth_number(ev_uint64_t n)
{
	if (n < 1 << 15)
		return n;
	n -= 1 << 15;
	return ((ev_uint64_t)1 << (n / 3)) + n % 3 - 1;
}
#define NUMBERS ((1 << 15) + 3 * 64)

/* A mark of all the bytes: a number that any change changes. */
static ev_uint64_t
mark(ev_uint64_t before, struct evbuffer *b)
{
	size_t n = evbuffer_get_length(b), i;
	const unsigned char *bytes = evbuffer_pullup(b, -1);

	for (i = 0; i < n; i++)
		before = (before ^ bytes[i]) * 0x100000001b3ULL;
	return before * 31 + n;
}

TEST(all_numbers_survive)
{
	ev_uint64_t n, number, long_number, sum = 0;
	ev_uint32_t short_number;

	buf = evbuffer_new();
	for (n = 0; n < NUMBERS; n++) {
		number = nth_number(n);
		evtag_encode_int64(buf, number);
		sum = mark(sum, buf);
		ck_assert_int_eq(evtag_decode_int64(&long_number, buf), 0);
		ck_assert_uint_eq(long_number, number);
		ck_assert_uint_eq(evbuffer_get_length(buf), 0);
		if (number > 0xffffffff)
			continue;
		evtag_encode_int(buf, (ev_uint32_t)number);
		sum = mark(sum, buf);
		ck_assert_int_eq(evtag_decode_int(&short_number, buf), 0);
		ck_assert_uint_eq(short_number, number);
		ck_assert_int_eq(evtag_encode_tag(buf, (ev_uint32_t)number),
		    (int)evbuffer_get_length(buf));
		sum = mark(sum, buf);
		ck_assert_int_gt(evtag_decode_tag(&short_number, buf), 0);
		ck_assert_uint_eq(short_number, number);
		ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	}
	trace("%llx", (unsigned long long)sum);
	evbuffer_free(buf);
}

/* The same again, each byte in a chain of its own. */
TEST(numbers_in_many_chains)
{
	unsigned char bytes[16];
	ev_uint64_t n, number, long_number;
	ev_uint32_t short_number;
	struct evbuffer *apart;
	size_t length;

	buf = evbuffer_new();
	for (n = (1 << 15) - 200; n < NUMBERS; n++) {
		number = nth_number(n);
		evtag_encode_int64(buf, number);
		length = evbuffer_get_length(buf);
		evbuffer_remove(buf, bytes, length);
		apart = in_chains(bytes, length, 1);
		ck_assert_int_eq(evtag_decode_int64(&long_number, apart), 0);
		ck_assert_uint_eq(long_number, number);
		evbuffer_free(apart);
		evtag_encode_tag(buf, (ev_uint32_t)number);
		length = evbuffer_get_length(buf);
		evbuffer_remove(buf, bytes, length);
		apart = in_chains(bytes, length, 1);
		ck_assert_int_eq(
		    evtag_decode_tag(&short_number, apart), (int)length);
		ck_assert_uint_eq(short_number, (ev_uint32_t)number);
		evbuffer_free(apart);
	}
	evbuffer_free(buf);
}

TEST(a_payload_of_four_gigabytes_has_no_length)
{
	struct evbuffer *payload = evbuffer_new();

	buf = evbuffer_new();
	evbuffer_add_reference(
	    payload, "abc", (size_t)0xffffffff + 3, NULL, NULL);
	evtag_marshal_buffer(buf, 1, payload);
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	ck_assert_uint_eq(
	    evbuffer_get_length(payload), (size_t)0xffffffff + 3);
	evbuffer_drain(payload, 3);
	evtag_marshal_buffer(buf, 1, payload);
	ck_assert_uint_eq(evbuffer_get_length(payload), 0);
	ck_assert_uint_eq(evbuffer_get_length(buf), (size_t)0xffffffff + 6);
	evbuffer_free(payload);
	evbuffer_free(buf);
}
