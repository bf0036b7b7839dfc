/*
 * Arrays of bytes that must hold what buffers hold, random numbers, and the hash of all
 * that the library said.
 */
#ifndef SUPPORT_BUFFER_MODEL_H
#define SUPPORT_BUFFER_MODEL_H

#include "capi.h"

#include <event2/buffer.h>
#include <stdint.h>

#define BUFFERS 3
/* No buffer grows beyond this. */
#define MOST 40000
#define FILE_SIZE 20000

static uint64_t seed, hash;
static int show, step_number;

static inline uint32_t
random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed * 0x2545F4914F6CDD1DULL) >> 33) % limit;
}

/* What the library said. */
__attribute__((format(printf, 1, 2))) static void
said(const char *format, ...)
{
	char text[300];
	va_list arguments;
	const char *at;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (show)
		printf("%d: %s\n", step_number, text);
	for (at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
}

static struct model {
	struct evbuffer *buffer;
	struct evbuffer_cb_entry *entry;
	unsigned char bytes[MOST];
	size_t length;
	int frozen_start, frozen_end;
	/* Holds bytes that are shared with another buffer. */
	int shares;
} models[BUFFERS];

/* Lengths around the sizes of chains, and everything else. */
static inline size_t
some_length(size_t most)
{
	static const size_t edges[] = {0, 1, 2, 976, 977, 975, 2000, 2001, 4048,
	    4049, 4096, 8144, 100, 64, 63};
	size_t length;

	switch (random_below(4)) {
	case 0:
		length = edges[random_below(sizeof(edges) / sizeof(*edges))];
		break;
	case 1:
		length = random_below(5000);
		break;
	default:
		length = random_below(80);
	}
	return length > most ? most : length;
}

/* Few different bytes, so that searches find something. */
static inline void
fill(unsigned char *bytes, size_t length)
{
	static const char letters[] = "aaaabbc\r\n\r\nx";
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = random_below(40) == 0
		    ? 0
		    : (unsigned char)letters[random_below(12)];
}

static inline void
model_append(struct model *m, const void *bytes, size_t length)
{
	ck_assert_uint_le(m->length + length, MOST);
	memcpy(m->bytes + m->length, bytes, length);
	m->length += length;
}

static inline void
model_prepend(struct model *m, const void *bytes, size_t length)
{
	ck_assert_uint_le(m->length + length, MOST);
	memmove(m->bytes + length, m->bytes, m->length);
	memcpy(m->bytes, bytes, length);
	m->length += length;
}

static inline void
model_drain(struct model *m, size_t length)
{
	if (length > m->length)
		length = m->length;
	m->length -= length;
	memmove(m->bytes, m->bytes + length, m->length);
	if (m->length == 0)
		m->shares = 0;
}

static inline size_t
room(const struct model *m)
{
	return MOST - m->length;
}

#endif
