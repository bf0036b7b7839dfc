/*
 * Buffers of bytes that are written as hex, and the private functions on tags.
 */
#ifndef TAGS_H
#define TAGS_H

#include "capi.h"

#include <event2/buffer.h>
#include <event2/tag.h>
#include <stdint.h>

int evtag_encode_tag(struct evbuffer *, ev_uint32_t);
int evtag_decode_tag(ev_uint32_t *, struct evbuffer *);
int evtag_decode_int(ev_uint32_t *, struct evbuffer *);
int evtag_decode_int64(ev_uint64_t *, struct evbuffer *);

static inline void
be_quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* Turns hex into bytes; returns how many. */
static inline size_t
from_hex(const char *hex, unsigned char *bytes)
{
	size_t n = 0;
	unsigned value;

	while (sscanf(hex, " %2x", &value) == 1) {
		bytes[n++] = (unsigned char)value;
		hex += strspn(hex, " ");
		hex += 2;
	}
	return n;
}

/* A buffer with bytes in chains of SIZE each; all in one if SIZE is 0. */
static inline struct evbuffer *
in_chains(const unsigned char *bytes, size_t n, size_t size)
{
	struct evbuffer *buf = evbuffer_new();
	size_t at, part;

	for (at = 0; at < n; at += part) {
		part = size && size < n - at ? size : n - at;
		if (size)
			evbuffer_add_reference(buf, bytes + at, part, NULL, NULL);
		else
			evbuffer_add(buf, bytes + at, part);
	}
	return buf;
}

static inline struct evbuffer *
of_hex(const char *hex)
{
	unsigned char bytes[512];

	return in_chains(bytes, from_hex(hex, bytes), 0);
}

/* The bytes of a buffer, which stay, as hex. */
static inline const char *
to_hex(struct evbuffer *buf)
{
	static char text[2048];
	size_t n = evbuffer_get_length(buf), i;
	const unsigned char *bytes = evbuffer_pullup(buf, -1);

	ck_assert_uint_lt(n, sizeof(text) / 2);
	text[0] = '\0';
	for (i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

/* A buffer holds what is written as hex; it is emptied. */
#define ck_hex(buf, expected)                                                \
	do {                                                                 \
		ck_assert_str_eq(to_hex(buf), expected);                     \
		evbuffer_drain(buf, (size_t)-1);                             \
	} while (0)

#endif
