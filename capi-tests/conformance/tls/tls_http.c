// links: openssl
// runs: one-backend
/* HTTP over TLS: a server whose bufferevents come from a callback, and a client that is given one. */
#include "tls.h"

#include <event2/http.h>

static int ended, code;
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
ask(struct evhttp_connection *evcon, size_t size)
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

TEST(requests_over_one_connection)
{
	struct evhttp_bound_socket *bound;
	struct evhttp_connection *evcon;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	struct evhttp *http;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	http = evhttp_new(base);
	evhttp_set_bevcb(http, wrap, NULL);
	evhttp_set_gencb(http, send_back, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &len);
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	evcon = evhttp_connection_base_bufferevent_new(
	    base, NULL, bev, "127.0.0.1", ntohs(address.sin_port));
	for (int i = 0; i < 3; i++) {
		ask(evcon, 10);
		trace("%d, %zu bytes", code, length);
	}
	ask(evcon, 200000);
	trace("%d, %zu bytes", code, length);
	evhttp_connection_free(evcon);
	evhttp_free(http);
	event_base_free(base);
}
