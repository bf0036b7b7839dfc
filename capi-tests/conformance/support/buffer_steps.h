/*
 * Operations with random arguments on a buffer and its model.
 */
#ifndef SUPPORT_BUFFER_STEPS_H
#define SUPPORT_BUFFER_STEPS_H

#include "buffer_model.h"

#include <sys/uio.h>

static int pair[2], file_fd;
static unsigned char file_bytes[FILE_SIZE];
static struct evbuffer_file_segment *segment;
static int references, cleanups;

static inline void
clean_up(const void *data, size_t length, void *arg)
{
	said("cleanup %zu", length);
	ck_assert_ptr_eq(data, arg);
	cleanups++;
	free(arg);
}

static inline void
add_something(struct model *m)
{
	static unsigned char bytes[MOST];
	size_t length = some_length(room(m));
	int result;

	fill(bytes, length);
	if (random_below(3)) {
		result = evbuffer_add(m->buffer, bytes, length);
		said("add %zu = %d", length, result);
		ck_assert_int_eq(result, m->frozen_end ? -1 : 0);
		if (result == 0)
			model_append(m, bytes, length);
	} else {
		result = evbuffer_prepend(m->buffer, bytes, length);
		said("prepend %zu = %d", length, result);
		if (result == 0)
			model_prepend(m, bytes, length);
	}
}

static inline void
add_printed(struct model *m)
{
	char text[3000];
	size_t length = some_length(sizeof(text) - 20);
	int result;

	if (room(m) < sizeof(text))
		return;
	memset(text, 'p', length);
	text[length] = '\0';
	result = evbuffer_add_printf(m->buffer, "%s%d", text, 42);
	said("printf %zu = %d", length, result);
	if (result >= 0) {
		ck_assert_int_eq(result, (int)length + 2);
		strcat(text, "42");
		model_append(m, text, length + 2);
	}
}

static inline void
add_extents(struct model *m)
{
	static unsigned char bytes[MOST];
	struct evbuffer_iovec extents[4];
	size_t total = 0, result;
	int i, n = (int)random_below(5);

	for (i = 0; i < n; i++) {
		extents[i].iov_base = bytes + total;
		extents[i].iov_len = some_length((MOST - m->length - total) / 4);
		total += extents[i].iov_len;
	}
	fill(bytes, total);
	result = evbuffer_add_iovec(m->buffer, extents, n);
	said("iovec %d %zu = %zu", n, total, result);
	model_append(m, bytes, result);
}

static inline void
take_something(struct model *m)
{
	static unsigned char copy[MOST + 10];
	size_t length = random_below(8) ? some_length(MOST)
					: m->length + random_below(3);
	int result;

	switch (random_below(3)) {
	case 0:
		result = evbuffer_drain(m->buffer, length);
		said("drain %zu = %d", length, result);
		if (result == 0)
			model_drain(m, length);
		break;
	case 1:
		result = evbuffer_remove(m->buffer, copy, length);
		said("remove %zu = %d", length, result);
		if (result > 0) {
			ck_assert_mem_eq(copy, m->bytes, (size_t)result);
			model_drain(m, (size_t)result);
		}
		break;
	default:
		result = (int)evbuffer_copyout(m->buffer, copy, length);
		said("copyout %zu = %d", length, result);
		if (result > 0)
			ck_assert_mem_eq(copy, m->bytes, (size_t)result);
	}
}

static inline void
take_from_position(struct model *m)
{
	static unsigned char copy[MOST];
	struct evbuffer_ptr at;
	size_t where = random_below((uint32_t)m->length + 3), more = 0;
	size_t length = some_length(MOST);
	ev_ssize_t result;

	result = evbuffer_ptr_set(m->buffer, &at, where, EVBUFFER_PTR_SET);
	said("set %zu = %zd %zd", where, result, at.pos);
	if (result == 0 && random_below(2)) {
		more = some_length(200);
		result =
		    evbuffer_ptr_set(m->buffer, &at, more, EVBUFFER_PTR_ADD);
		said("add %zu = %zd %zd", more, result, at.pos);
	}
	if (result == -1)
		return;
	result = evbuffer_copyout_from(m->buffer, &at, copy, length);
	said("copyout_from %zu = %zd", length, result);
	if (result > 0)
		ck_assert_mem_eq(
		    copy, m->bytes + where + more, (size_t)result);
}

static inline void
pull_up(struct model *m)
{
	ev_ssize_t size = random_below(4) ? (ev_ssize_t)some_length(MOST) : -1;
	unsigned char *bytes;

	/* libevent writes to memory of the other buffer there. */
	if (m->shares)
		return;
	bytes = evbuffer_pullup(m->buffer, size);
	said("pullup %zd = %d", size, bytes != NULL);
	if (bytes)
		ck_assert_mem_eq(
		    bytes, m->bytes, size < 0 ? m->length : (size_t)size);
	said("contiguous %zu", evbuffer_get_contiguous_space(m->buffer));
}

static inline void
look(struct model *m)
{
	struct evbuffer_iovec extents[6];
	struct evbuffer_ptr at;
	int n = (int)random_below(7), found, i;
	ev_ssize_t length = random_below(3) ? (ev_ssize_t)some_length(MOST) : -1;
	size_t seen = random_below((uint32_t)m->length + 1);
	int from = (int)random_below(2);

	if (!from)
		seen = 0;
	else
		evbuffer_ptr_set(m->buffer, &at, seen, EVBUFFER_PTR_SET);
	found = evbuffer_peek(
	    m->buffer, length, from ? &at : NULL, n ? extents : NULL, n);
	said("peek %zd from %zu in %d = %d", length, seen, n, found);
	for (i = 0; i < n && i < found; i++) {
		said("extent %zu", extents[i].iov_len);
		ck_assert_uint_le(seen + extents[i].iov_len, m->length);
		ck_assert_mem_eq(extents[i].iov_base, m->bytes + seen,
		    extents[i].iov_len);
		seen += extents[i].iov_len;
	}
}

static inline void
write_to_room(struct model *m)
{
	static unsigned char bytes[MOST];
	struct evbuffer_iovec extents[4];
	ev_ssize_t size = (ev_ssize_t)some_length(room(m));
	int n = 1 + (int)random_below(4), found, i, used, result;
	size_t total = 0;

	if (random_below(4) == 0) {
		said("expand %zd = %d", size,
		    evbuffer_expand(m->buffer, (size_t)size));
		return;
	}
	found = evbuffer_reserve_space(m->buffer, size, extents, n);
	said("reserve %zd in %d = %d", size, n, found);
	if (found < 0)
		return;
	used = (int)random_below((uint32_t)found + 1);
	for (i = 0; i < found; i++)
		said("room %zu", extents[i].iov_len);
	for (i = 0; i < used; i++) {
		size_t length = random_below(2) ? extents[i].iov_len
						: some_length(MOST);

		if (length > extents[i].iov_len)
			length = extents[i].iov_len;
		if (length > room(m) - total)
			length = room(m) - total;
		extents[i].iov_len = length;
		fill(extents[i].iov_base, length);
		memcpy(bytes + total, extents[i].iov_base, length);
		total += length;
	}
	result = evbuffer_commit_space(m->buffer, extents, used);
	said("commit %d %zu = %d", used, total, result);
	if (result == 0)
		model_append(m, bytes, total);
}

static inline void
move(struct model *from, struct model *to)
{
	size_t length = some_length(MOST);
	int result;

	if (from != to && from->length > room(to))
		return;
	switch (random_below(4)) {
	case 0:
		result = evbuffer_add_buffer(to->buffer, from->buffer);
		said("add_buffer = %d", result);
		if (result == 0 && from != to) {
			model_append(to, from->bytes, from->length);
			to->shares |= from->shares;
			model_drain(from, MOST);
		}
		break;
	case 1:
		result = evbuffer_prepend_buffer(to->buffer, from->buffer);
		said("prepend_buffer = %d", result);
		if (result == 0 && from != to) {
			model_prepend(to, from->bytes, from->length);
			to->shares |= from->shares;
			model_drain(from, MOST);
		}
		break;
	default:
		result =
		    evbuffer_remove_buffer(from->buffer, to->buffer, length);
		said("remove_buffer %zu = %d", length, result);
		if (result > 0) {
			model_append(to, from->bytes, (size_t)result);
			to->shares |= from->shares;
			model_drain(from, (size_t)result);
		}
	}
}

static inline void
refer(struct model *m, struct model *other)
{
	size_t length = some_length(room(m));
	unsigned char *bytes;
	int result;

	if (random_below(2)) {
		if (other->length > room(m))
			return;
		result = evbuffer_add_buffer_reference(m->buffer, other->buffer);
		said("add_buffer_reference = %d", result);
		if (result == 0 && other->length) {
			model_append(m, other->bytes, other->length);
			m->shares = 1;
		}
		return;
	}
	/* One of no bytes lives until libevent happens to replace it. */
	if (length == 0)
		return;
	bytes = malloc(length);
	fill(bytes, length);
	result =
	    evbuffer_add_reference(m->buffer, bytes, length, clean_up, bytes);
	said("reference %zu = %d", length, result);
	if (result == 0) {
		references++;
		model_append(m, bytes, length);
	} else {
		free(bytes);
	}
}

static inline void
add_file_part(struct model *m)
{
	size_t offset = random_below(FILE_SIZE / 2);
	size_t length = some_length(room(m));
	int result;

	/* A failure is not asked for: libevent frees the segment then. */
	if (length > FILE_SIZE / 2 - offset || length == 0 || m->frozen_end)
		return;
	if (random_below(2)) {
		result = evbuffer_add_file_segment(
		    m->buffer, segment, (ev_off_t)offset, (ev_off_t)length);
		said("segment %zu %zu = %d", offset, length, result);
		offset += FILE_SIZE / 2;
	} else {
		result = evbuffer_add_file(m->buffer, dup(file_fd),
		    (ev_off_t)offset, (ev_off_t)length);
		said("file %zu %zu = %d", offset, length, result);
	}
	ck_assert_int_eq(result, 0);
	model_append(m, file_bytes + offset, length);
}

static inline void
find(struct model *m)
{
	static const char *const needles[] = {"\r\n", "x", "aab", "bb\r\nc",
	    "aaaaaaaa", "xcab", "\n\n\n", "aaaabbc"};
	const char *needle = needles[random_below(8)];
	size_t length = strlen(needle), from, to;
	struct evbuffer_ptr start, end, found;
	unsigned char *model;
	int ranged = (int)random_below(2);
	char long_needle[3000];

	if (random_below(4) == 0 && m->length > 3000) {
		/* One that spans chains. */
		length = 1 + random_below(2999);
		memcpy(long_needle, m->bytes + random_below(
		    (uint32_t)(m->length - length)), length);
		needle = long_needle;
	}
	from = ranged ? random_below((uint32_t)m->length + 1) : 0;
	to = ranged ? random_below((uint32_t)m->length + 1) : m->length;
	evbuffer_ptr_set(m->buffer, &start, from, EVBUFFER_PTR_SET);
	evbuffer_ptr_set(m->buffer, &end, to, EVBUFFER_PTR_SET);
	if (ranged)
		found = evbuffer_search_range(
		    m->buffer, needle, length, &start, &end);
	else
		found = evbuffer_search(m->buffer, needle, length, NULL);
	said("search %zu from %zu to %zu = %zd", length, from, to, found.pos);
	model = to > from
	    ? memmem(m->bytes + from, to - from, needle, length)
	    : NULL;
	ck_assert_int_eq(found.pos, model ? model - m->bytes : -1);
	if (found.pos >= 0) {
		char copy[3000];

		if (!m->frozen_start)
			ck_assert_int_eq(evbuffer_copyout_from(m->buffer,
			    &found, copy, length), (ev_ssize_t)length);
		if (!m->frozen_start)
			ck_assert_mem_eq(copy, needle, length);
	}
}

static inline void
lines(struct model *m)
{
	enum evbuffer_eol_style style =
	    (enum evbuffer_eol_style)random_below(5);
	struct evbuffer_ptr start, found;
	size_t length = 99, from;
	char *line;

	from = random_below((uint32_t)m->length + 1);
	evbuffer_ptr_set(m->buffer, &start, from, EVBUFFER_PTR_SET);
	found = evbuffer_search_eol(
	    m->buffer, random_below(2) ? &start : NULL, &length, style);
	said("eol %d from %zu = %zd %zu", style, from, found.pos, length);
	found = evbuffer_search_eol(m->buffer, NULL, &from, style);
	line = evbuffer_readln(m->buffer, &length, style);
	said("readln %d = %d %zu", style, line != NULL, length);
	if (line) {
		ck_assert_int_eq(found.pos, (ev_ssize_t)length);
		ck_assert_mem_eq(line, m->bytes, length);
		ck_assert_int_eq(line[length], 0);
		model_drain(m, length + from);
	}
	free(line);
}

static inline void
transfer(struct model *m)
{
	static unsigned char bytes[MOST];
	size_t length = some_length(room(m));
	int howmuch = random_below(3) ? -1 : 1 + (int)some_length(5000);
	int result;

	/* A read of nothing leaves room behind in libevent. */
	if (length == 0)
		return;
	if (random_below(2)) {
		fill(bytes, length);
		ck_assert_int_eq(
		    write(pair[0], bytes, length), (ssize_t)length);
		result = evbuffer_read(m->buffer, pair[1], howmuch);
		said("read %zu %d = %d", length, howmuch, result);
		if (result > 0)
			model_append(m, bytes, (size_t)result);
		while (read(pair[1], bytes, sizeof(bytes)) > 0)
			;
	} else {
		result = evbuffer_write_atmost(m->buffer, pair[0], howmuch);
		said("write %d = %d", howmuch, result);
		if (result > 0) {
			ck_assert_int_eq(
			    read(pair[1], bytes, sizeof(bytes)), result);
			ck_assert_mem_eq(bytes, m->bytes, (size_t)result);
			model_drain(m, (size_t)result);
		}
	}
}

static inline void
freeze(struct model *m)
{
	int front = (int)random_below(2);
	int *frozen = front ? &m->frozen_start : &m->frozen_end;

	*frozen = random_below(6) == 0;
	said("freeze %d %d = %d", front, *frozen,
	    *frozen ? evbuffer_freeze(m->buffer, front)
		    : evbuffer_unfreeze(m->buffer, front));
}

#endif
