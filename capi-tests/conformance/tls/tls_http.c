// links: openssl
// runs: one-backend
/* HTTP over TLS: a server whose bufferevents come from a callback, and a client that is given one. */
#include "tls.h"

#include <event2/http.h>

static struct evhttp *http;
static struct evhttp_connection *evcon;
static int ended, code, server_port;
static size_t length;

static struct bufferevent *
wrap(struct event_base *of, void *arg UNUSED)
{
	return bufferevent_openssl_socket_new(of, -1, new_ssl(),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

static void
send_back(struct evhttp_request *req, void *arg UNUSED)
{
	evhttp_send_reply(
	    req, 200, "OK", evhttp_request_get_input_buffer(req));
}

static void
done(struct evhttp_request *req, void *arg UNUSED)
{
	ended++;
	code = req ? evhttp_request_get_response_code(req) : -1;
	length = req
	    ? evbuffer_get_length(evhttp_request_get_input_buffer(req)) : 0;
}

static void
ask(size_t size)
{
	struct evhttp_request *req = evhttp_request_new(done, NULL);
	char *body = calloc(1, size + 1);

	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Host", "h");
	evbuffer_add(evhttp_request_get_output_buffer(req), body, size);
	free(body);
	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_POST, "/"), 0);
	ended = 0;
	run_until(&ended, 1);
}

/* A server, and a client that has a bufferevent for TLS. */
static void
begin_both(void)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	http = evhttp_new(base);
	evhttp_set_bevcb(http, wrap, NULL);
	evhttp_set_gencb(http, send_back, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &len);
	server_port = ntohs(address.sin_port);
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	evcon = evhttp_connection_base_bufferevent_new(
	    base, NULL, bev, "127.0.0.1", server_port);
}

static void
end_both(void)
{
	evhttp_connection_free(evcon);
	evhttp_free(http);
	event_base_free(base);
}

TEST(requests_over_one_connection)
{
	begin_both();
	for (int i = 0; i < 3; i++) {
		ask(10);
		trace("%d, %zu bytes", code, length);
	}
	ask(200000);
	trace("%d, %zu bytes", code, length);
	end_both();
}

TEST(a_rate_limit)
{
	struct timeval tick = {0, 20000};
	struct ev_token_bucket_cfg *rate =
	    ev_token_bucket_cfg_new(20000, 20000, 20000, 20000, &tick);

	begin_both();
	bufferevent_set_rate_limit(bev, rate);
	/* Without progress. */
	evhttp_connection_set_timeout(evcon, 3);
	for (int i = 0; i < 2; i++) {
		ask(200000);
		ck_assert_int_eq(code, 200);
		ck_assert_int_eq(length, 200000);
	}
	end_both();
	ev_token_bucket_cfg_free(rate);
}

/* A server that is a plain SSL, whose reply ends with the connection. */

static int listening, fd;

static void
serve_reply(const char *what, const char *reply, int orderly)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	struct evhttp_request *req = evhttp_request_new(done, NULL);
	socklen_t len = sizeof(address);
	char bytes[2000];

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listening, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	getsockname(listening, (void *)&address, &len);
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	evcon = evhttp_connection_base_bufferevent_new(
	    base, NULL, bev, "127.0.0.1", ntohs(address.sin_port));
	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
	ended = 0;
	while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) == -1) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
	}
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, fd);
	while (SSL_read(peer, bytes, sizeof(bytes)) <= 0) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
	}
	ck_assert_int_eq(
	    SSL_write(peer, reply, (int)strlen(reply)), (int)strlen(reply));
	turn();
	if (orderly)
		SSL_shutdown(peer);
	/* Not by a reset: nothing is left unread. */
	(void)SSL_read(peer, bytes, sizeof(bytes));
	close(fd);
	SSL_free(peer);
	ERR_clear_error();
	run_until(&ended, 1);
	trace("%s %s: %d, %zu bytes", what, orderly ? "and an end" : "cut", code,
	    length);
	evhttp_connection_free(evcon);
	event_base_free(base);
	close(listening);
}

/* A body that ends with the connection is whole only if TLS says that it has ended. */
TEST(bodies_up_to_the_end)
{
	for (int orderly = 0; orderly < 2; orderly++) {
		serve_reply("an old reply", "HTTP/1.0 200 OK\r\n\r\npart",
		    orderly);
		serve_reply("a reply that closes",
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart",
		    orderly);
		serve_reply("a part",
		    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
		    orderly);
		serve_reply("the whole",
		    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
		    orderly);
		serve_reply("half a head", "HTTP/1.1 200 OK\r\n", orderly);
	}
}

/* The client ends its direction while the reply is written; half a request is none. TLS says so only
 * once. */
static void
send_large(struct evhttp_request *req, void *arg UNUSED)
{
	static char bytes[6 << 20];
	struct evbuffer *body = evbuffer_new();

	evbuffer_add_reference(body, bytes, sizeof(bytes), NULL, NULL);
	evhttp_send_reply(req, 200, "OK", body);
	evbuffer_free(body);
	ended++;
}

TEST(half_a_request_behind_the_last)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HT";
	static char bytes[1 << 16];
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	struct sockaddr_in address = {.sin_family = AF_INET};
	size_t total = 0;
	int n;

	begin_both();
	evhttp_set_gencb(http, send_large, NULL);
	address.sin_port = htons(server_port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	evutil_make_socket_nonblocking(fd);
	peer = new_ssl();
	SSL_set_connect_state(peer);
	SSL_set_fd(peer, fd);
	while (SSL_write(peer, text, sizeof(text) - 1) <= 0) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
	}
	SSL_shutdown(peer);
	ended = 0;
	run_until(&ended, 1);
	for (;;) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
		n = SSL_read(peer, bytes, sizeof(bytes));
		if (n > 0)
			total += (size_t)n;
		else if (SSL_get_error(peer, n) != SSL_ERROR_WANT_READ)
			break;
	}
	ck_assert_uint_gt(total, 6u << 20);
	ck_assert_int_eq(ended, 1);
	SSL_free(peer);
	ERR_clear_error();
	close(fd);
	end_both();
}
