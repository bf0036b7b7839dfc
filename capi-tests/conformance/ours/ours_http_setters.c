/*
 * The limits of event2/http_rs.h: each does what it says, by default and when it is
 * set; and the trailers of a chunked body.
 */
// runs: one-backend, one-locking
#include "requests.h"

#include <event2/http_rs.h>

#include <sys/queue.h>

static struct evhttp_request *waiting;
static int closes, calls;

CONNECTION(closed)
{
	closes++;
}

REQUEST(keep)
{
	waiting = req;
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(req), closed, NULL);
}

/* Answers with the trailers, and what is among the headers of the same names. */
REQUEST(show_trailers)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(req);
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	struct evkeyval *one;

	calls++;
	TAILQ_FOREACH(one, evhttp_request_get_trailers(req), next)
	{
		const char *other = evhttp_find_header(headers, one->key);

		evbuffer_add_printf(out, "%s=%s/%s;", one->key, one->value,
		    other ? other : "-");
	}
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

static void
begin_server(void)
{
	serve();
	evhttp_set_gencb(http, show_trailers, NULL);
	ck_assert_int_eq(evhttp_set_cb(http, "/keep", keep, NULL), 0);
}

static void
tell(int fd, const char *text)
{
	say(fd, text);
	settle(-1);
}

/* The first status that comes, and HEARD; 0 if the connection ends without one. */
static int
status(int fd)
{
	int code = 0;

	forget();
	for (long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	     !strstr(heard, "\r\n\r\n");) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
		listen_once(fd);
		if (ended)
			break;
	}
	sscanf(heard, "HTTP/1.1 %d", &code);
	return code;
}

static void
until_closed(int fd)
{
	forget();
	settle_to_end(fd);
}

/* A request with COUNT times TEXT after HEAD, and then END. */
static int
ask(const char *head, const char *text, int count, const char *end)
{
	static char all[1 << 20];
	int fd = dial(), code;

	strcpy(all, head);
	for (size_t at = strlen(all); count-- > 0; at += strlen(text))
		strcpy(all + at, text);
	strcat(all, end);
	tell(fd, all);
	code = status(fd);
	close(fd);
	settle(-1);
	return code;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED \
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

TEST(values_are_what_was_set)
{
	static const ev_int64_t usual[] = {0, 60000, 300000, 2000, 65536, 2000, 8,
	    16384, 65536, -1, 16, 10485760, 131072};
	struct evhttp_connection *client;

	begin_server();
	for (int i = EVHTTP_LIMIT_HEAD_TIME; i <= EVHTTP_LIMIT_WS_FRAGMENTS; i++) {
		ck_assert_int_eq(evhttp_get_limit(http, i), usual[i]);
		ck_assert_int_eq(evhttp_set_limit(http, i, 1LL << 40), 0);
		ck_assert_int_eq(evhttp_get_limit(http, i), 1LL << 40);
		ck_assert_int_eq(evhttp_set_limit(http, i, -5), 0);
		ck_assert_int_eq(evhttp_get_limit(http, i), -1);
	}
	ck_assert_int_eq(evhttp_set_limit(http, 0, 1), -1);
	ck_assert_int_eq(evhttp_set_limit(http, 13, 1), -1);
	ck_assert_int_eq(evhttp_get_limit(http, 13), -1);
	client = evhttp_connection_base_new(base, NULL, "127.0.0.1", 1);
	ck_assert_int_eq(evhttp_connection_set_limit(
			     client, EVHTTP_LIMIT_INTERIM_REPLIES, 3),
	    0);
	ck_assert_int_eq(evhttp_connection_set_limit(client, 0, 3), -1);
	evhttp_connection_free(client);
	serve_no_more();
}

/* Without any limit everything goes on as it was with libevent. */
TEST(a_server_without_limits)
{
	begin_server();
	for (int i = EVHTTP_LIMIT_HEAD_TIME; i <= EVHTTP_LIMIT_WS_FRAGMENTS; i++)
		evhttp_set_limit(http, i, -1);
	ck_assert_int_eq(ask("", "\r\n", 100, GET "\r\n"), 200);
	ck_assert_int_eq(ask(GET, "A: b\r\n", 5000, "\r\n"), 200);
	ck_assert_int_eq(ask(CHUNKED, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 5000,
			     "0\r\n\r\n"),
	    200);
	serve_no_more();
}

TEST(a_head_that_takes_too_long)
{
	int fd;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_HEAD_TIME, 30);
	fd = dial();
	settle(-1);
	capi_sleep_ms(60);
	settle(-1);
	/* The time begins with the first byte. */
	ck_assert_int_eq(evhttp_get_connection_count(http), 1);
	tell(fd, "GET /");
	until_closed(fd);
	close(fd);
	serve_no_more();
}

TEST(a_body_that_takes_too_long)
{
	int fd;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_BODY_TIME, 30);
	fd = dial();
	tell(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
	until_closed(fd);
	ck_assert_int_eq(calls, 0);
	close(fd);
	serve_no_more();
}

TEST(lingering_takes_its_time)
{
	int fd;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_LINGER_TIME, 30);
	fd = dial();
	tell(fd, "NONSENSE\r\n\r\nand more");
	ck_assert_int_eq(status(fd), 400);
	/* The client goes on as if nothing had happened. */
	for (long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	     evhttp_get_connection_count(http);) {
		ck_assert_int_lt(capi_now_ms(), end);
		settle(-1);
		capi_sleep_ms(1);
	}
	close(fd);
	serve_no_more();
}

TEST(lingering_drops_so_much)
{
	int fd;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_LINGER_TIME, -1);
	evhttp_set_limit(http, EVHTTP_LIMIT_LINGER_SIZE, 1000);
	fd = dial();
	tell(fd, "NONSENSE\r\n\r\nand more");
	ck_assert_int_eq(status(fd), 400);
	memset(heard, 'x', 990);
	heard[990] = '\0';
	tell(fd, heard);
	ck_assert_int_eq(evhttp_get_connection_count(http), 1);
	tell(fd, "this was too much");
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	close(fd);
	serve_no_more();
}

TEST(lines_of_a_head)
{
	begin_server();
	ck_assert_int_eq(ask(GET, "A: b\r\n", 1999, "\r\n"), 200);
	ck_assert_int_eq(ask(GET, "A: b\r\n", 2000, "\r\n"), 431);
	evhttp_set_limit(http, EVHTTP_LIMIT_HEADERS, 5);
	ck_assert_int_eq(ask(GET, "A: b\r\n", 4, "\r\n"), 200);
	ck_assert_int_eq(ask(GET, "A: b\r\n", 5, "\r\n"), 431);
	ck_assert_int_eq(ask(CHUNKED "0\r\n", "A: b\r\n", 5, "\r\n"), 200);
	ck_assert_int_eq(ask(CHUNKED "0\r\n", "A: b\r\n", 7, "\r\n"), 431);
	serve_no_more();
}

TEST(empty_lines_in_front)
{
	begin_server();
	ck_assert_int_eq(ask("", "\r\n", 8, GET "\r\n"), 200);
	ck_assert_int_eq(ask("", "\r\n", 9, GET "\r\n"), 400);
	evhttp_set_limit(http, EVHTTP_LIMIT_BLANK_LINES, 0);
	ck_assert_int_eq(ask("", "\r\n", 1, GET "\r\n"), 400);
	serve_no_more();
}

TEST(extensions_of_chunks)
{
	/* Nine bytes of extensions each. */
	const char *chunk = "1;12345678\r\nx\r\n";

	begin_server();
	ck_assert_int_eq(ask(CHUNKED, chunk, 1820, "0\r\n\r\n"), 200);
	ck_assert_int_eq(ask(CHUNKED, chunk, 1821, "0\r\n\r\n"), 400);
	evhttp_set_limit(http, EVHTTP_LIMIT_CHUNK_EXTENSIONS, 18);
	ck_assert_int_eq(ask(CHUNKED, chunk, 2, "0\r\n\r\n"), 200);
	ck_assert_int_eq(ask(CHUNKED, chunk, 3, "0\r\n\r\n"), 400);
	serve_no_more();
}

TEST(input_ahead)
{
	static char block[8192];
	struct evbuffer *input;
	struct bufferevent *bev;
	int fd;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_INPUT_AHEAD, 1000);
	fd = dial();
	tell(fd, "GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_ptr_nonnull(waiting);
	bev = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(waiting));
	bufferevent_set_max_single_read(bev, 1000);
	bufferevent_enable(bev, EV_READ);
	input = bufferevent_get_input(bev);
	memset(block, '\n', sizeof(block));
	ck_assert_int_gt(send(fd, block, sizeof(block), MSG_NOSIGNAL), 0);
	settle(-1);
	ck_assert_int_ge(evbuffer_get_length(input), 1000);
	ck_assert_int_lt(evbuffer_get_length(input), 2000);
	evhttp_send_reply(waiting, HTTP_OK, "OK", NULL);
	ck_assert_int_eq(status(fd), 200);
	close(fd);
	serve_no_more();
}

/* The connection is closed, and the request stays the program's to end. */
TEST(output_that_nobody_reads)
{
	struct evbuffer *chunk;
	int fd, rounds = 0;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_OUTPUT, 100000);
	fd = dial();
	tell(fd, "GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_ptr_nonnull(waiting);
	evhttp_send_reply_start(waiting, HTTP_OK, "OK");
	chunk = evbuffer_new();
	memset(heard, 'x', 100000);
	for (; !closes; rounds++) {
		ck_assert_int_lt(rounds, 1000);
		evbuffer_add(chunk, heard, 100000);
		evhttp_send_reply_chunk(waiting, chunk);
		evbuffer_drain(chunk, evbuffer_get_length(chunk));
		settle(-1);
	}
	ck_assert_int_gt(rounds, 1);
	ck_assert_ptr_null(evhttp_request_get_connection(waiting));
	evhttp_send_reply_chunk(waiting, chunk);
	evhttp_send_reply_end(waiting);
	evbuffer_free(chunk);
	close(fd);
	serve_no_more();
}

TEST(trailers_are_kept_apart)
{
	int fd;

	begin_server();
	fd = dial();
	tell(fd, CHUNKED "1\r\nx\r\n0\r\nHost: evil\r\nX-Sum: 12\r\n\r\n");
	ck_assert_int_eq(status(fd), 200);
	ck_assert_ptr_nonnull(strstr(heard, "\r\n\r\nHost=evil/a;X-Sum=12/-;"));
	/* The next request on the connection has none. */
	tell(fd, CHUNKED "1\r\nx\r\n0\r\n\r\n");
	ck_assert_int_eq(status(fd), 200);
	ck_assert_ptr_nonnull(strstr(heard, "Content-Length: 0\r\n"));
	ck_assert_int_eq(ask(CHUNKED "1\r\nx\r\n0\r\n", "A : b\r\n", 1, "\r\n"), 400);
	ck_assert_int_eq(calls, 2);
	close(fd);
	serve_no_more();
}

static int answers, failures;

static void
answered(struct evhttp_request *req, void *arg UNUSED)
{
	if (!req) {
		failures++;
		return;
	}
	answers++;
	ck_assert_int_eq(evhttp_request_get_response_code(req), 200);
	ck_assert_str_eq(evhttp_find_header(evhttp_request_get_trailers(req), "X-Sum"),
	    "12");
	ck_assert_ptr_null(evhttp_find_header(
	    evhttp_request_get_input_headers(req), "X-Sum"));
}

/* A client asks, and is answered with COUNT interim replies before the last one. */
static void
interim(struct evhttp_connection *client, int listening, int count)
{
	int before = answers + failures, fd;

	ck_assert_int_eq(evhttp_make_request(client,
			     evhttp_request_new(answered, NULL), EVHTTP_REQ_GET, "/"),
	    0);
	settle(-1);
	fd = accept(listening, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	settle(-1);
	while (count-- > 0)
		tell(fd, "HTTP/1.1 102 Processing\r\n\r\n");
	if (failures + answers == before)
		tell(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			"Connection: close\r\n\r\n0\r\nX-Sum: 12\r\n\r\n");
	settle(-1);
	ck_assert_int_eq(answers + failures, before + 1);
	close(fd);
	settle(-1);
}

TEST(interim_replies_of_a_client)
{
	struct evhttp_connection *client;
	int listening = listening_socket();

	base = event_base_new();
	client = evhttp_connection_base_new(
	    base, NULL, "127.0.0.1", port_of(listening));
	interim(client, listening, 16);
	ck_assert_int_eq(answers, 1);
	interim(client, listening, 17);
	ck_assert_int_eq(failures, 1);
	evhttp_connection_set_limit(client, EVHTTP_LIMIT_INTERIM_REPLIES, 1);
	interim(client, listening, 1);
	interim(client, listening, 2);
	ck_assert_int_eq(answers, 2);
	ck_assert_int_eq(failures, 2);
	evhttp_connection_free(client);
	close(listening);
	event_base_free(base);
}
