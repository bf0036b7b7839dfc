/*
 * What clients can't do to our HTTP server: fill its memory behind a request that
 * waits, keep a connection without progress, or lose the page that says why they were
 * refused; and what a timeout does not cut.
 */
// runs: one-backend, one-locking
#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <netinet/in.h>

static struct evhttp *http;
static struct evhttp_request *waiting;
static int port, closes;
static size_t body_size = 1;

static void
closed(struct evhttp_connection *evcon UNUSED, void *arg UNUSED)
{
	closes++;
}

static void
keep(struct evhttp_request *req, void *arg UNUSED)
{
	waiting = req;
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(req), closed, NULL);
	/* As programs do that want to know of clients that go. */
	bufferevent_enable(evhttp_connection_get_bufferevent(
			       evhttp_request_get_connection(req)),
	    EV_READ);
}

static void
send_much(struct evhttp_request *req, void *arg UNUSED)
{
	struct evbuffer *body = evbuffer_new();
	char *block = calloc(1, body_size);

	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(req), closed, NULL);
	evbuffer_add(body, block, body_size);
	free(block);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

static void
serve(void)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	base = event_base_new();
	http = evhttp_new(base);
	evhttp_set_gencb(http, send_much, NULL);
	ck_assert_int_eq(evhttp_set_cb(http, "/keep", keep, NULL), 0);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	ck_assert_ptr_nonnull(bound);
	ck_assert_int_eq(getsockname(evhttp_bound_socket_get_fd(bound),
			     (struct sockaddr *)&sin, &len),
	    0);
	port = ntohs(sin.sin_port);
}

static void
serve_no_more(void)
{
	evhttp_free(http);
	event_base_free(base);
}

static int
dial(int receive_buffer)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (receive_buffer)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF,
				     &receive_buffer, sizeof(receive_buffer)),
		    0);
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (void *)&to, sizeof(to)), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* On a busy machine what was sent comes a little later. */
static void
turns(int n)
{
	if (n > 2)
		capi_sleep_ms(3);
	while (n-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

TEST(input_behind_a_request_that_waits_is_bounded)
{
	static char block[65536];
	struct evbuffer *input;
	long long sent = 0;
	int fd;

	serve();
	fd = dial(0);
	say(fd, "GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
	turns(4);
	ck_assert_ptr_nonnull(waiting);
	input = bufferevent_get_input(evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(waiting)));
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 2000; i++) {
		ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);

		sent += n > 0 ? n : 0;
		turns(2);
	}
	ck_assert_int_gt(evbuffer_get_length(input), 0);
	ck_assert_int_le(evbuffer_get_length(input), 128 * 1024);
	ck_assert_int_lt(sent, 100 << 20);
	evhttp_send_reply(waiting, HTTP_OK, "OK", NULL);
	turns(4);
	close(fd);
	serve_no_more();
}

TEST(a_client_that_goes_is_noticed_by_who_reads)
{
	int fd;

	serve();
	fd = dial(0);
	say(fd, "GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
	turns(4);
	ck_assert_ptr_nonnull(waiting);
	close(fd);
	turns(4);
	ck_assert_int_eq(closes, 1);
	ck_assert_ptr_null(evhttp_request_get_connection(waiting));
	evhttp_send_reply(waiting, HTTP_OK, "OK", NULL);
	serve_no_more();
}

/* Reads a little, again and again, for longer than the timeout. */
TEST(a_download_with_progress_is_not_cut)
{
	struct timeval tv = {0, 300000};
	static char block[100000];
	size_t got = 0;
	int fd;

	serve();
	body_size = 3000000;
	evhttp_set_timeout_tv(http, &tv);
	fd = dial(4096);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 3000; i++) {
		ssize_t n;

		turns(2);
		n = recv(fd, block, sizeof(block), 0);
		if (n == 0)
			break;
		got += n > 0 ? n : 0;
		if (i % 10 == 0)
			capi_sleep_ms(i < 1000 ? 10 : 1);
	}
	ck_assert_int_gt(got, body_size);
	close(fd);
	serve_no_more();
}

TEST(a_download_without_progress_is_cut)
{
	struct timeval tv = {0, 50000};
	long long end;
	int fd;

	serve();
	body_size = 20000000;
	evhttp_set_timeout_tv(http, &tv);
	fd = dial(4096);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	end = capi_now_ms() + CAPI_PATIENCE_MS;
	while (!closes) {
		ck_assert_int_lt(capi_now_ms(), end);
		turns(1);
		capi_sleep_ms(1);
	}
	close(fd);
	serve_no_more();
}

/* The page is read although the client goes on sending. */
TEST(the_page_of_a_refusal_is_read)
{
	static char block[20000], page[4096];
	size_t got = 0;
	int fd, status = 0, ends = 0;

	serve();
	evhttp_set_max_body_size(http, 1000);
	fd = dial(0);
	say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
	turns(3);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(send(fd, block, sizeof(block), MSG_NOSIGNAL),
		    sizeof(block));
		turns(3);
	}
	for (int i = 0; i < 50 && !ends; i++) {
		ssize_t n = recv(fd, page + got, sizeof(page) - 1 - got, 0);

		turns(3);
		ck_assert_msg(n >= 0 || errno == EAGAIN, "%s", strerror(errno));
		got += n > 0 ? n : 0;
		ends = n == 0;
	}
	sscanf(page, "HTTP/1.1 %d", &status);
	ck_assert_int_eq(status, 413);
	ck_assert_ptr_nonnull(strstr(page, "</HTML>"));
	ck_assert(ends);
	ck_assert_int_eq(evhttp_get_connection_count(http), 1);
	close(fd);
	turns(4);
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
}

TEST(connections_above_the_limit)
{
	int fds[3], status = 0;
	char page[1000] = "";

	serve();
	evhttp_set_max_connections(http, 2);
	for (int i = 0; i < 3; i++) {
		fds[i] = dial(0);
		turns(2);
	}
	turns(4);
	ck_assert_int_gt(recv(fds[2], page, sizeof(page) - 1, 0), 0);
	sscanf(page, "HTTP/1.1 %d", &status);
	ck_assert_int_eq(status, 503);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	turns(6);
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
}
