/*
 * What a server uses again: the memory of a request serves the next one, and replies
 * to requests that came together are written together.
 */
// runs: one-backend, one-locking
#include "fault_memory.h"
#include "requests.h"

#define GET "GET /path?name=value HTTP/1.1\r\nHost: example.com\r\n\r\n"
#define BROWSER                                                             \
	"GET /some/path?name=value HTTP/1.1\r\nHost: example.com:8080\r\n"  \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "            \
	"Gecko/20100101 Firefox/128.0\r\nAccept: text/html,"                \
	"application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"         \
	"Accept-Language: en-US,en;q=0.5\r\nCookie: session=0123456789abc"  \
	"def0123456789abcdef; theme=dark; other=value; more=of it\r\n"      \
	"Connection: keep-alive\r\n\r\n"

static size_t body_size;

/* As most programs answer. */
REQUEST(reply)
{
	static char text[4000] = "Hello, world!\n";

	memset(text + 14, '.', body_size > 14 ? body_size - 14 : 0);
	evhttp_add_header(evhttp_request_get_output_headers(req),
	    "Content-Type", "text/plain");
	answer(req, 200, "OK", text);
}

/* The allocations of one request, those of the answering program included. */
static long
ask(int fd, const char *text)
{
	forget();
	refuse(-1, 0);
	say(fd, text);
	settle(fd);
	ck_assert_ptr_nonnull(strstr(heard, "Hello, world!\n"));
	return requests;
}

TEST(allocations)
{
	int fd;

	hook_memory();
	serve();
	evhttp_set_gencb(http, reply, NULL);
	fd = dial();
	settle(-1);
	ck_assert_int_le(ask(fd, GET), 25);
	/* The program's buffer and its bytes. */
	for (int i = 0; i < 10; i++)
		ck_assert_int_le(ask(fd, GET), 2);
	ask(fd, BROWSER);
	for (int i = 0; i < 10; i++)
		ck_assert_int_le(ask(fd, BROWSER), 2);
	/* What is sent has no room where the request was. */
	for (body_size = 900; body_size <= 3800; body_size += 100) {
		ask(fd, GET);
		ck_assert_int_le(ask(fd, GET), 3);
	}
	close(fd);
	serve_no_more();
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

static long bytes;

static void *
sizing_malloc(size_t size)
{
	bytes += size;
	return malloc(size);
}

static void *
sizing_realloc(void *block, size_t size)
{
	bytes += size;
	return realloc(block, size);
}

/* Of a connection that waits for its first request, by the hooks. */
TEST(memory_of_a_connection)
{
	int fds[20];

	event_set_mem_functions(sizing_malloc, sizing_realloc, free);
	serve();
	fds[0] = dial();
	turn();
	turn();
	bytes = 0;
	for (int i = 1; i < 20; i++) {
		fds[i] = dial();
		turn();
		turn();
	}
	ck_assert_int_eq(evhttp_get_connection_count(http), 20);
	ck_assert_int_lt(bytes / 19, 1300);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	serve_no_more();
}

static struct evhttp_request *waiting[20];
static int waiting_count;

REQUEST(keep)
{
	waiting[waiting_count++] = req;
}

/* More requests at once than are kept, with what programs do to them. */
TEST(requests_that_were_changed)
{
	int fds[20];

	hook_memory();
	serve();
	evhttp_set_gencb(http, keep, NULL);
	for (int round = 0; round < 3; round++) {
		waiting_count = 0;
		for (int i = 0; i < 20; i++) {
			if (!round)
				fds[i] = dial();
			say(fds[i], BROWSER);
			settle(-1);
		}
		ck_assert_int_eq(waiting_count, 20);
		for (int i = 0; i < 20; i++) {
			struct evhttp_request *req = waiting[i];
			struct evbuffer *out = evhttp_request_get_output_buffer(req);
			struct evkeyval *first;

			ck_assert_int_eq(evbuffer_get_length(out), 0);
			ck_assert_ptr_null(evhttp_request_get_output_headers(req)
					       ->tqh_first);
			ck_assert_str_eq(evhttp_request_get_uri(req),
			    "/some/path?name=value");
			/* A value of the program's in the place of one of ours. */
			first = evhttp_request_get_input_headers(req)->tqh_first;
			ck_assert_str_eq(first->key, "Host");
			counting_free(first->value);
			first->value = counting_malloc(2);
			strcpy(first->value, "h");
			switch (i % 5) {
			case 0:
				evhttp_request_own(req);
				break;
			case 1:
				evbuffer_enable_locking(out, NULL);
				break;
			case 2:
				evbuffer_freeze(
				    evhttp_request_get_input_buffer(req), 0);
				break;
			case 3:
				evbuffer_add_printf(
				    evhttp_request_get_input_buffer(req), "junk");
				break;
			}
			forget();
			answer(req, 200, "OK", "Hello, world!\n");
			settle(fds[i]);
			ck_assert_ptr_nonnull(strstr(heard, "Hello, world!\n"));
		}
	}
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	settle(-1);
	serve_no_more();
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

/* A client that asks and asks, and takes no reply: it is not read any more. */
TEST(a_pipeline_whose_replies_are_not_read)
{
	static char many[200 * (sizeof(GET) - 1)];
	struct evhttp_connection *evcon = NULL;
	long long sent = 0, n;
	int fd;

	for (int i = 0; i < 200; i++)
		memcpy(many + i * strlen(GET), GET, strlen(GET));
	serve();
	evhttp_set_gencb(http, keep, NULL);
	fd = dial();
	say(fd, GET);
	settle(fd);
	evcon = evhttp_request_get_connection(waiting[0]);
	evhttp_set_gencb(http, reply, NULL);
	reply(waiting[0], NULL);
	for (int i = 0; i < 5000; i++) {
		n = send(fd, many, sizeof(many), MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		turn();
		ck_assert_int_lt(evbuffer_get_length(bufferevent_get_output(
				     evhttp_connection_get_bufferevent(evcon))),
		    128 * 1024);
	}
	ck_assert_int_lt(sent, 100 << 20);
	/* It goes on when they are read. */
	for (long long got = 0; got < sent; got += heard_len) {
		forget();
		for (int i = 0; i < 200 && heard_len < 100000; i++) {
			turn();
			listen_once(fd);
		}
		ck_assert_int_gt(heard_len, 0);
	}
	close(fd);
	settle(-1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
}

#define LARGE (1 << 20)

/* More than the socket takes at once. */
REQUEST(reply_at_length)
{
	static char text[LARGE];
	struct bufferevent *bev = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(req));
	struct evbuffer *body = evbuffer_new();
	int small = 4096;

	ck_assert_int_eq(setsockopt(bufferevent_getfd(bev), SOL_SOCKET,
			     SO_SNDBUF, &small, sizeof(small)),
	    0);
	memset(text, 'x', sizeof(text));
	evbuffer_add(body, text, sizeof(text));
	evhttp_send_reply(req, 200, "OK", body);
	evbuffer_free(body);
}

/* What was asked before the client ended its direction is answered, however long that takes. */
TEST(requests_in_front_of_a_half_close)
{
	for (int deferred = 0; deferred < 2; deferred++) {
		int fd;

		waiting_count = 0;
		forget();
		serve();
		evhttp_set_gencb(http, deferred ? keep : reply_at_length, NULL);
		fd = dial();
		say(fd, GET GET GET "GET /part");
		ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
		for (int i = 0; i < 20; i++)
			turn();
		for (int i = 0; i < 3 && deferred; i++) {
			settle(fd);
			ck_assert_int_eq(waiting_count, i + 1);
			reply_at_length(waiting[i], NULL);
		}
		settle_to_end(fd);
		ck_assert_int_eq(ended, 1);
		ck_assert_int_gt(heard_len, 3 * LARGE);
		ck_assert_int_lt(heard_len, 3 * LARGE + 3 * 200);
		ck_assert_int_eq(evhttp_get_connection_count(http), 0);
		close(fd);
		serve_no_more();
	}
}
