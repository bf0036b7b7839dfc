/* A client whose callbacks ask, cancel and free; each request is told of at most once. */
// runs: one-backend
#include "requests.h"

#include <malloc.h>

static struct evhttp_connection *evcon;
static int listening, peer, told[8];
static struct evhttp_request *requests[8];

/* What callbacks of one kind do. */
static void (*action)(void);
static const char *acts_in;

static void
act(const char *where)
{
	if (acts_in && strcmp(acts_in, where) == 0) {
		acts_in = NULL;
		action();
	}
}

REQUEST(done)
{
	told[(long)arg]++;
	requests[(long)arg] = NULL;
	act("done");
}

static void
on_error(enum evhttp_request_error error UNUSED, void *arg UNUSED)
{
	act("error");
}

static int
on_header(struct evhttp_request *req UNUSED, void *arg UNUSED)
{
	act("header");
	return 0;
}

REQUEST(on_chunk)
{
	act("chunk");
}

CONNECTION(lost)
{
	act("close");
}

static void
ask(long number)
{
	struct evhttp_request *req = evhttp_request_new(done, (void *)number);

	evhttp_request_set_error_cb(req, on_error);
	evhttp_request_set_header_cb(req, on_header);
	evhttp_request_set_chunked_cb(req, on_chunk);
	requests[number] = req;
	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
}

static void
ask_more(void)
{
	ask(5);
}

static void
free_connection(void)
{
	evhttp_connection_free(evcon);
	evcon = NULL;
}

static void
cancel_last(void)
{
	if (requests[2])
		evhttp_cancel_request(requests[2]);
	requests[2] = NULL;
}

/* What the server sends to each request, and whether it closes then. */
static void
scenario(const char *where, void (*what)(void), const char *reply, int closes)
{
	memset(told, 0, sizeof(told));
	base = event_base_new();
	listening = listening_socket();
	evcon = evhttp_connection_base_new(
	    base, NULL, "127.0.0.1", port_of(listening));
	evhttp_connection_set_closecb(evcon, lost, NULL);
	action = what;
	acts_in = where;
	ask(0);
	ask(1);
	ask(2);
	peer = -1;
	for (int quiet = 0; quiet < 30; quiet++) {
		int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		char bytes[1000];

		turn();
		if (fd != -1) {
			if (peer != -1)
				close(peer);
			peer = fd;
			quiet = 0;
		}
		if (peer == -1)
			continue;
		if (recv(peer, bytes, sizeof(bytes), 0) > 0) {
			(void)!send(peer, reply, strlen(reply), MSG_NOSIGNAL);
			quiet = 0;
			if (closes) {
				close(peer);
				peer = -1;
			}
		}
	}
	for (int i = 0; i < 8; i++)
		ck_assert_int_le(told[i], 1);
	ck_assert_ptr_null(acts_in);
	if (what == ask_more)
		/* All were told of. */
		ck_assert_int_eq(told[0] + told[1] + told[2] + told[5], 4);
	if (evcon)
		evhttp_connection_free(evcon);
	if (peer != -1)
		close(peer);
	close(listening);
	event_base_free(base);
}

#define CHUNKS                                                               \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"             \
	"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

static void
everywhere(void (*what)(void))
{
	scenario("done", what, CHUNKS, 0);
	scenario("header", what, CHUNKS, 0);
	scenario("chunk", what, CHUNKS, 0);
	scenario("done", what, CHUNKS, 1);
	scenario("close", what, CHUNKS, 1);
	scenario("error", what, "GARBAGE\r\n\r\n", 0);
	scenario("error", what, "HTTP/1.1 200 OK\r\nConte", 1);
	scenario("done", what, "HTTP/1.1 200 OK\r\nConte", 1);
	scenario("close", what, "HTTP/1.1 200 OK\r\nConte", 1);
	scenario("close", what, "GARBAGE\r\n\r\n", 0);
}

TEST(asking_in_callbacks)
{
	everywhere(ask_more);
}

TEST(freeing_in_callbacks)
{
	everywhere(free_connection);
}

TEST(cancelling_in_callbacks)
{
	everywhere(cancel_last);
}

/* A connection that frees itself when all is done, however that ends. */
TEST(freed_on_completion)
{
	static const char *const replies[] = {CHUNKS, "GARBAGE\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nConte",
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};

	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		int fd = -1;

		memset(told, 0, sizeof(told));
		base = event_base_new();
		listening = listening_socket();
		evcon = evhttp_connection_base_new(
		    base, NULL, "127.0.0.1", port_of(listening));
		ask(0);
		evhttp_connection_free_on_completion(evcon);
		for (int n = 0; n < 100 && fd == -1; n++) {
			turn();
			fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
		}
		ck_assert_int_ge(fd, 0);
		turn();
		say(fd, replies[i]);
		turn();
		close(fd);
		for (int n = 0; n < 5; n++)
			turn();
		ck_assert_int_eq(told[0], 1);
		/* Nothing is left that the loop would wait for. */
		ck_assert_int_eq(event_base_loop(base, 0), 1);
		close(listening);
		event_base_free(base);
	}
}

/* So that whoever uses a block afterwards finds another one. */
static void
clearing_free(void *block)
{
	if (block)
		memset(block, 0, malloc_usable_size(block));
	free(block);
}

REQUEST(freed_by_itself)
{
	ck_assert_ptr_nonnull(req);
	told[(long)arg]++;
	evhttp_request_free(req);
}

/* Nobody listens: each request is told so, and frees itself then. */
TEST(refused_requests_that_callbacks_free)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	event_set_mem_functions(malloc, realloc, clearing_free);
	base = event_base_new();
	listening = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listening, (void *)&address, sizeof(address)), 0);
	port = port_of(listening);
	evcon = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	for (long i = 0; i < 3; i++)
		ck_assert_int_eq(
		    evhttp_make_request(evcon,
			evhttp_request_new(freed_by_itself, (void *)i),
			EVHTTP_REQ_GET, "/"),
		    0);
	event_base_dispatch(base);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(told[i], 1);
	evhttp_connection_free(evcon);
	close(listening);
	event_base_free(base);
}
