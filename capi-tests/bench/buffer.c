/*
 * The operations of evbuffer.
 */
#include "worker.h"

#include <event2/buffer.h>

static char block[65536];

static void
add_small(void *buf, int n)
{
	for (int i = 0; i < n; i++)
		must(evbuffer_add(buf, block, 16) == 0);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
add_remove_4k(void *buf, int n)
{
	static char out[4096];

	for (int i = 0; i < n; i++) {
		must(evbuffer_add(buf, block, 4096) == 0);
		must(evbuffer_remove(buf, out, 4096) == 4096);
	}
}

static void
new_add_free(void *buf, int n)
{
	(void)buf;
	for (int i = 0; i < n; i++) {
		struct evbuffer *fresh = evbuffer_new();

		must(evbuffer_add(fresh, block, 100) == 0);
		evbuffer_free(fresh);
	}
}

static void
print(void *buf, int n)
{
	for (int i = 0; i < n; i++) {
		must(evbuffer_add_printf(buf, "%s: %d\r\n", "Content-Length", i)
		    > 0);
		if (i % 50 == 49)
			evbuffer_drain(buf, SIZE_MAX);
	}
	evbuffer_drain(buf, SIZE_MAX);
}

static void
read_lines(void *buf, int n)
{
	for (int i = 0; i < n; i++)
		evbuffer_add(buf, "Accept-Encoding: gzip, deflate\r\n", 32);
	for (int i = 0; i < n; i++) {
		size_t length;
		char *line = evbuffer_readln(buf, &length, EVBUFFER_EOL_CRLF);

		must(line && length == 30);
		free(line);
	}
}

/* 64 KiB of text in chains of 4 KiB or less. */
static void
fill_with_text(struct evbuffer *buf)
{
	static const char words[] = "the quick brown fox jumps over the lazy "
				    "dog; a boundary is not far away. ";
	char text[4000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = words[i % (sizeof(words) - 1)];
	for (int i = 0; i < 16; i++)
		evbuffer_add(buf, text, sizeof(text));
}

static void
search(struct evbuffer *buf, int n, const char *needle, size_t length, int found)
{
	for (int i = 0; i < n; i++)
		must((evbuffer_search(buf, needle, length, NULL).pos >= 0) == found);
}

/* The end of the headers of a request. */
static void
search_easy(void *buf, int n)
{
	for (int i = 0; i < 12; i++)
		evbuffer_add_printf(buf, "X-Header-%d: some value, not long\r\n", i);
	evbuffer_add(buf, "\r\nbody", 6);
	search(buf, n, "\r\n\r\n", 4, 1);
	evbuffer_drain(buf, SIZE_MAX);
}

/* The same, with the end itself in two chains, as two reads may leave it. */
static void
search_seam(void *buf, int n)
{
	for (int i = 0; i < 12; i++)
		evbuffer_add_printf(buf, "X-Header-%d: some value, not long\r\n", i);
	evbuffer_drain(buf, 1);
	evbuffer_add_reference(buf, "A: b\r\n\r", 7, NULL, NULL);
	evbuffer_add_reference(buf, "\nbody", 5, NULL, NULL);
	search(buf, n, "\r\n\r\n", 4, 1);
	evbuffer_drain(buf, SIZE_MAX);
}

/* The reference needs no more than a memchr(). */
static void
search_rare(void *buf, int n)
{
	fill_with_text(buf);
	evbuffer_add(buf, "--boundary42", 12);
	search(buf, n, "--boundary42", 12, 1);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
search_absent(void *buf, int n)
{
	fill_with_text(buf);
	search(buf, n, "a boundary is not there", 23, 0);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
search_hostile(void *buf, int n)
{
	static char needle[1024];

	memset(needle, 'a', sizeof(needle));
	needle[sizeof(needle) - 1] = 'b';
	memset(block, 'a', sizeof(block));
	evbuffer_add(buf, block, 32768);
	search(buf, n, needle, sizeof(needle), 0);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
move_buffer(void *buf, int n)
{
	struct evbuffer *other = evbuffer_new();

	evbuffer_add(buf, block, 3000);
	evbuffer_add(buf, block, 3000);
	for (int i = 0; i < n; i += 2) {
		must(evbuffer_add_buffer(other, buf) == 0);
		must(evbuffer_add_buffer(buf, other) == 0);
	}
	evbuffer_drain(buf, SIZE_MAX);
	evbuffer_free(other);
}

static void
cleanup(const void *data, size_t length, void *arg)
{
	(void)data;
	*(size_t *)arg += length;
}

static void
refer(void *buf, int n)
{
	size_t cleaned = 0;

	for (int i = 0; i < n; i++) {
		must(evbuffer_add_reference(
			 buf, block, 1000, cleanup, &cleaned) == 0);
		must(evbuffer_drain(buf, 1000) == 0);
	}
	must(cleaned == (size_t)n * 1000);
}

static void
prepend(void *buf, int n)
{
	for (int i = 0; i < n; i++)
		must(evbuffer_prepend(buf, block, 16) == 0);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
pull_up(void *buf, int n)
{
	for (int i = 0; i < n; i++) {
		evbuffer_add(buf, block, 900);
		evbuffer_add(buf, block, 300);
		must(evbuffer_pullup(buf, -1) != NULL);
		evbuffer_drain(buf, SIZE_MAX);
	}
}

static void
reserve_peek_drain(void *buf, int n)
{
	for (int i = 0; i < n; i++) {
		struct evbuffer_iovec room[2], seen[2];

		must(evbuffer_reserve_space(buf, 512, room, 2) >= 1);
		room[0].iov_len = 300;
		must(evbuffer_commit_space(buf, room, 1) == 0);
		must(evbuffer_peek(buf, 300, NULL, seen, 2) == 1);
		must(evbuffer_drain(buf, 300) == 0);
	}
}

static void
drain_in_parts(void *buf, int n)
{
	for (int i = 0; i < n; i++) {
		if (i % 64 == 0)
			evbuffer_add(buf, block, 64 * 8);
		must(evbuffer_drain(buf, 8) == 0);
	}
}

static void
count(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
	(void)buf;
	*(size_t *)arg += info->n_added;
}

static void
add_with_callback(void *buf, int n)
{
	size_t added = 0;

	evbuffer_add_cb(buf, count, &added);
	for (int i = 0; i < n; i++)
		evbuffer_add(buf, block, 16);
	evbuffer_remove_cb(buf, count, &added);
	must(added == 16 * (size_t)n);
	evbuffer_drain(buf, SIZE_MAX);
}

static void
read_write(void *buf, int n)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	evbuffer_add(buf, block, 500);
	for (int i = 0; i < n; i++) {
		must(evbuffer_write(buf, pair[0]) == 500);
		must(evbuffer_read(buf, pair[1], -1) == 500);
	}
	evbuffer_drain(buf, SIZE_MAX);
	close(pair[0]);
	close(pair[1]);
}

static void *
begin(int size)
{
	struct evbuffer *buf = evbuffer_new();

	must(buf);
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < size; i++)
		must(evbuffer_add_reference(buf, block, 100, NULL, NULL) == 0);
	return buf;
}

/* A queue: the length of what lies between should not matter. */
static void
refer_drain(void *buf, int n)
{
	for (int i = 0; i < n; i++) {
		must(evbuffer_add_reference(buf, block, 100, NULL, NULL) == 0);
		must(evbuffer_drain(buf, 100) == 0);
	}
}

static void
end(void *buf)
{
	evbuffer_free(buf);
}

static const struct work works[] = {
    {"add-small", begin, add_small, end, 20000, 0},
    {"add-remove-4k", begin, add_remove_4k, end, 10000, 0},
    {"new-add-free", begin, new_add_free, end, 10000, 0},
    {"printf", begin, print, end, 5000, 0},
    {"readln", begin, read_lines, end, 5000, 0},
    {"search-easy", begin, search_easy, end, 2000, 0},
    {"search-seam", begin, search_seam, end, 2000, 0},
    {"search-rare", begin, search_rare, end, 300, 0},
    {"search-absent", begin, search_absent, end, 30, 0},
    {"search-hostile", begin, search_hostile, end, 4, 0},
    {"move", begin, move_buffer, end, 20000, 0},
    {"reference", begin, refer, end, 10000, 0},
    {"prepend", begin, prepend, end, 20000, 0},
    {"pullup", begin, pull_up, end, 5000, 0},
    {"reserve-peek-drain", begin, reserve_peek_drain, end, 10000, 0},
    {"drain", begin, drain_in_parts, end, 20000, 0},
    {"add-with-callback", begin, add_with_callback, end, 20000, 0},
    {"write-read", begin, read_write, end, 1000, 0},
    {"chains/1", begin, refer_drain, end, 20000, 1},
    {"chains/10", begin, refer_drain, end, 20000, 10},
    {"chains/100", begin, refer_drain, end, 20000, 100},
    {"chains/1000", begin, refer_drain, end, 20000, 1000},
};

WORKER(works)
