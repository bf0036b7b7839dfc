/*
 * A web server for clients of all kinds: echoes, describes, streams, waits.
 */
#define EXAMPLE_HTTP
#include "example.h"
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

static void
reply(struct evhttp_request *req, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(req),
	    "Content-Type", "text/plain");
	evhttp_send_reply(req, 200, "OK", body);
	if (body)
		evbuffer_free(body);
}

/* The body comes back. */
static void
echo(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	evbuffer_add_buffer(body, evhttp_request_get_input_buffer(req));
	reply(req, body);
}

/* A line for the request and for each of its headers. */
static void
describe(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();
	const struct evkeyval *header;

	(void)arg;
	evbuffer_add_printf(body, "%d %s %zu\n",
	    (int)evhttp_request_get_command(req), evhttp_request_get_uri(req),
	    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
	for (header = evhttp_request_get_input_headers(req)->tqh_first; header;
	     header = header->next.tqe_next)
		evbuffer_add_printf(
		    body, "%s: %s\n", header->key, header->value);
	reply(req, body);
}

/* As many bytes as the query says. */
static void
size(struct evhttp_request *req, void *arg)
{
	const char *query = evhttp_uri_get_query(
	    evhttp_request_get_evhttp_uri(req));
	size_t length = query ? strtoul(query, NULL, 10) : 0;
	struct evbuffer *body = evbuffer_new();
	char piece[1000];

	(void)arg;
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
		snprintf(piece, sizeof(piece), "%zu", length);
		evhttp_add_header(evhttp_request_get_output_headers(req),
		    "Content-Length", piece);
		length = 0;
	}
	memset(piece, 's', sizeof(piece));
	while (length > 0) {
		size_t now = length < sizeof(piece) ? length : sizeof(piece);

		evbuffer_add(body, piece, now);
		length -= now;
	}
	reply(req, body);
}

/* In chunks, each when the one before is out. */

struct stream {
	struct evhttp_request *req;
	int left;
};

static void
next_part(struct evhttp_connection *evcon, void *arg)
{
	struct stream *stream = arg;
	struct evbuffer *part;

	(void)evcon;
	if (stream->left == 0) {
		evhttp_send_reply_end(stream->req);
		free(stream);
		return;
	}
	part = evbuffer_new();
	evbuffer_add_printf(part, "part %d\n", stream->left--);
	evhttp_send_reply_chunk_with_cb(stream->req, part, next_part, stream);
	evbuffer_free(part);
}

static void
stream_lost(struct evhttp_connection *evcon, void *arg)
{
	(void)evcon;
	(void)arg;
}

static void
parts(struct evhttp_request *req, void *arg)
{
	struct stream *stream = malloc(sizeof(*stream));

	(void)arg;
	stream->req = req;
	stream->left = 20;
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(req), stream_lost, NULL);
	evhttp_send_reply_start(req, 200, "OK");
	next_part(NULL, stream);
}

/* The reply takes a while. */
static void
late(evutil_socket_t fd, short what, void *req)
{
	(void)fd;
	(void)what;
	evhttp_send_reply(req, 200, "OK", NULL);
}

static void
wait_first(struct evhttp_request *req, void *arg)
{
	static const struct timeval soon = {0, 30000};

	(void)arg;
	event_base_once(base, -1, EV_TIMEOUT, late, req, &soon);
}

static void
no_content(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_send_reply(req, 204, NULL, NULL);
}

static void
refuse(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_send_error(req, 403, NULL);
}

int
main(void)
{
	struct event *terminate = begin();
	struct evhttp *http = evhttp_new(base);

	evhttp_set_allowed_methods(http,
	    EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
		EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
		EVHTTP_REQ_PATCH);
	evhttp_set_max_body_size(http, 4 << 20);
	/* The page that refuses more is read. */
	evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_cb(http, "/echo", echo, NULL);
	evhttp_set_cb(http, "/size", size, NULL);
	evhttp_set_cb(http, "/parts", parts, NULL);
	evhttp_set_cb(http, "/wait", wait_first, NULL);
	evhttp_set_cb(http, "/nothing", no_content, NULL);
	evhttp_set_cb(http, "/refused", refuse, NULL);
	evhttp_set_gencb(http, describe, NULL);
	listen_on_any_port(http);
	event_base_dispatch(base);
	evhttp_free(http);
	event_free(terminate);
	event_base_free(base);
	return 0;
}
