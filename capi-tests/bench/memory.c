/*
 * Bytes asked for and not given back, with one object or its share of many.
 * The figure stands where the other workers print nanoseconds.
 */
#include "worker.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stddef.h>

static long held;

/* The size goes before the block, which stays aligned. */
#define HEAD sizeof(max_align_t)

static void *
hold(size_t size)
{
	char *memory = malloc(size + HEAD);

	if (!memory)
		return NULL;
	*(size_t *)memory = size;
	held += size;
	return memory + HEAD;
}

static void
release(void *block)
{
	char *memory = block;

	if (!memory)
		return;
	held -= *(size_t *)(memory - HEAD);
	free(memory - HEAD);
}

static void *
resize(void *block, size_t size)
{
	void *fresh = hold(size);

	if (fresh && block) {
		size_t old = *(size_t *)((char *)block - HEAD);

		memcpy(fresh, block, old < size ? old : size);
		release(block);
	}
	return fresh;
}

static long
a_base(void)
{
	must(event_base_new());
	return held;
}

static long
a_buffer(void)
{
	must(evbuffer_new());
	return held;
}

static void
a_bufferevent_on(struct event_base *base, int read_some)
{
	struct bufferevent *bev;
	int pair[2];

	worker_pair(pair);
	bev = bufferevent_socket_new(base, pair[0], 0);
	must(bev);
	if (read_some) {
		char bytes[100] = "";

		must(bufferevent_enable(bev, EV_READ) == 0);
		must(write(pair[1], bytes, sizeof(bytes)) == sizeof(bytes));
	}
}

/*
 * A hundred, for the base's tables grow by leaps, after one that has the base
 * get what it keeps for all.
 */
static long
bufferevents(int read_some)
{
	struct event_base *base = event_base_new();
	long before;

	must(base);
	a_bufferevent_on(base, read_some);
	must(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	before = held;
	for (int i = 0; i < 100; i++)
		a_bufferevent_on(base, read_some);
	must(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	return (held - before) / 100;
}

static long
a_bufferevent(void)
{
	return bufferevents(0);
}

static long
a_reading_bufferevent(void)
{
	return bufferevents(1);
}

static void
hello(struct evhttp_request *request, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	evbuffer_add(body, "Hello, world!\n", 14);
	evhttp_send_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

/* A client whose request is answered, and that keeps its connection. */
static void
visit(struct event_base *base, const struct sockaddr_in *address)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char reply[1000];

	must(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0);
	must(write(fd, request, sizeof(request) - 1) == sizeof(request) - 1);
	do
		must(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	while (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) < 0);
	must(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static long
an_http_connection(void)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	long before;
	int fd;

	must(base && http);
	evhttp_set_gencb(http, hello, NULL);
	fd = evhttp_bound_socket_get_fd(evhttp_bind_socket_with_handle(http, "127.0.0.1", 0));
	must(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	visit(base, &address);
	before = held;
	for (int i = 0; i < 100; i++)
		visit(base, &address);
	return (held - before) / 100;
}

static const struct {
	const char *name;
	long (*make)(void);
} objects[] = {
    {"memory-base", a_base},
    {"memory-buffer", a_buffer},
    {"memory-bufferevent", a_bufferevent},
    {"memory-reading", a_reading_bufferevent},
    {"memory-http", an_http_connection},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		if (argc == 2 && strcmp(argv[1], "list") == 0)
			puts(objects[i].name);
		if (argc != 3 || strcmp(argv[1], "time") != 0 ||
		    strcmp(argv[2], objects[i].name) != 0)
			continue;
		event_set_mem_functions(hold, resize, release);
		printf("%s %ld\n", objects[i].name, objects[i].make());
	}
	return 0;
}
