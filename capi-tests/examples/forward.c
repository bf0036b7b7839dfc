/*
 * A reverse proxy: what is asked of its server its clients ask of the server at the given port,
 * over connections that are used again.
 */
#define EXAMPLE_HTTP
#include "example.h"
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#define MOST_IDLE 16

static struct evhttp_connection *idle[MOST_IDLE];
static int idle_count;
static unsigned short upstream;

/* One request on its way. */
struct errand {
	struct evhttp_request *asked;
	struct evhttp_connection *client;
};

/* What concerns one connection only, or is added anew. */
static int
is_of_the_connection(const char *name)
{
	static const char *const names[] = {
	    "Connection", "Keep-Alive", "Transfer-Encoding", "Expect", "Date"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (evutil_ascii_strcasecmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static void
copy_headers(struct evkeyvalq *to, const struct evkeyvalq *from)
{
	for (const struct evkeyval *header = from->tqh_first; header;
	     header = header->next.tqe_next)
		if (!is_of_the_connection(header->key))
			evhttp_add_header(to, header->key, header->value);
}

static void
keep_client(struct evhttp_connection *client)
{
	if (idle_count < MOST_IDLE)
		idle[idle_count++] = client;
	else
		evhttp_connection_free(client);
}

static void
bring_back(struct evhttp_request *reply, void *arg)
{
	struct errand *errand = arg;
	struct evhttp_request *asked = errand->asked;
	struct evkeyvalq *headers;
	int code = reply ? evhttp_request_get_response_code(reply) : 0;

	keep_client(errand->client);
	free(errand);
	if (code == 0) {
		evhttp_send_error(asked, 502, "No reply");
		return;
	}
	headers = evhttp_request_get_input_headers(reply);
	copy_headers(evhttp_request_get_output_headers(asked), headers);
	if (evhttp_find_header(headers, "Transfer-Encoding")) {
		evhttp_send_reply_start(asked, code, reply->response_code_line);
		evhttp_send_reply_chunk(
		    asked, evhttp_request_get_input_buffer(reply));
		evhttp_send_reply_end(asked);
		return;
	}
	evhttp_send_reply(asked, code, reply->response_code_line,
	    evhttp_request_get_input_buffer(reply));
}

static void
forward(struct evhttp_request *asked, void *arg)
{
	struct errand *errand = malloc(sizeof(*errand));
	struct evhttp_request *req = evhttp_request_new(bring_back, errand);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	(void)arg;
	errand->asked = asked;
	errand->client = idle_count > 0
	    ? idle[--idle_count]
	    : evhttp_connection_base_new(base, NULL, "127.0.0.1", upstream);
	copy_headers(headers, evhttp_request_get_input_headers(asked));
	evbuffer_add_buffer(evhttp_request_get_output_buffer(req),
	    evhttp_request_get_input_buffer(asked));
	/* A body that came in chunks goes on as a whole. */
	if (evbuffer_get_length(evhttp_request_get_output_buffer(req)) > 0 &&
	    !evhttp_find_header(headers, "Content-Length")) {
		char length[20];

		snprintf(length, sizeof(length), "%zu",
		    evbuffer_get_length(evhttp_request_get_output_buffer(req)));
		evhttp_add_header(headers, "Content-Length", length);
	}
	evhttp_make_request(errand->client, req,
	    evhttp_request_get_command(asked), evhttp_request_get_uri(asked));
}

int
main(int argc, char **argv)
{
	struct event *terminate = begin();
	struct evhttp *http = evhttp_new(base);

	if (argc > 1)
		upstream = (unsigned short)atoi(argv[1]);
	evhttp_set_allowed_methods(http,
	    EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
		EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
		EVHTTP_REQ_PATCH);
	evhttp_set_max_body_size(http, 4 << 20);
	evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_gencb(http, forward, NULL);
	listen_on_any_port(http);
	event_base_dispatch(base);
	evhttp_free(http);
	while (idle_count > 0)
		evhttp_connection_free(idle[--idle_count]);
	event_free(terminate);
	event_base_free(base);
	return 0;
}
