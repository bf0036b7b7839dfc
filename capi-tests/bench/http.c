/*
 * HTTP: a server and a client's bufferevent in one loop, over loopback; URIs and their relatives.
 *
 * The client sends bytes that were made once and counts those that come back, so that it costs
 * next to nothing.
 */
#include "hello.h"
#include "worker.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#define MIB (1024 * 1024)

struct http {
	struct event_base *base;
	struct evhttp *server;
	struct bufferevent *client;
	char *request;
	size_t request_len;
	/* Bytes of the reply, known once the first has come; and how much is there. */
	size_t expected, got;
	/* Requests that are sent together. */
	int depth;
	int left;
	int file;
	char *body;
};

static void
large(struct evhttp_request *request, void *arg)
{
	struct http *it = arg;
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, it->body, 100 * 1024);
	evhttp_send_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

static void
file(struct evhttp_request *request, void *arg)
{
	struct http *it = arg;
	struct evbuffer *body = evbuffer_new();

	must(evbuffer_add_file(body, dup(it->file), 0, MIB) == 0);
	evhttp_send_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

static void
chunked(struct evhttp_request *request, void *arg)
{
	struct http *it = arg;
	struct evbuffer *chunk = evbuffer_new();

	evhttp_send_reply_start(request, HTTP_OK, "OK");
	for (int i = 0; i < 100; i++) {
		evbuffer_add(chunk, it->body, 100);
		evhttp_send_reply_chunk(request, chunk);
	}
	evhttp_send_reply_end(request);
	evbuffer_free(chunk);
}

static void
posted(struct evhttp_request *request, void *arg)
{
	must(evbuffer_get_length(evhttp_request_get_input_buffer(request)) == MIB);
	hello(request, arg);
}

static void
send_request(struct http *it)
{
	for (int i = 0; i < it->depth; i++)
		must(bufferevent_write(it->client, it->request, it->request_len) == 0);
}

/* The length of the first reply, 0 while it is not whole. */
static size_t
reply_length(struct evbuffer *input)
{
	size_t len = evbuffer_get_length(input), head;
	char *text = (char *)evbuffer_pullup(input, -1), *end, *field;

	if (len < 4 || !(end = memmem(text, len, "\r\n\r\n", 4)))
		return 0;
	must(memcmp(text, "HTTP/1.1 200 ", 13) == 0);
	head = end + 4 - text;
	field = memmem(text, head, "Content-Length: ", 16);
	if (field) {
		size_t whole = head + atol(field + 16);

		return len >= whole ? whole : 0;
	}
	end = memmem(text + head - 2, len - head + 2, "\r\n0\r\n\r\n", 7);
	return end ? (size_t)(end + 7 - text) : 0;
}

static void
replied(struct bufferevent *bev, void *arg)
{
	struct http *it = arg;
	struct evbuffer *input = bufferevent_get_input(bev);

	if (it->expected == 0) {
		it->expected = reply_length(input);
		if (it->expected == 0)
			return;
	}
	it->got += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
	if (it->got < it->expected * it->depth)
		return;
	must(it->got == it->expected * it->depth);
	it->got = 0;
	it->left -= it->depth;
	if (it->left <= 0)
		event_base_loopbreak(it->base);
	else
		send_request(it);
}

static void *
http_begin(const char *request, size_t len, int depth, void (*answer)(struct evhttp_request *, void *))
{
	struct http *it = worker_memory(sizeof(*it));
	struct evhttp_bound_socket *bound;
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int one = 1, fd;

	it->base = event_base_new();
	it->server = evhttp_new(it->base);
	it->body = worker_memory(MIB);
	memset(it->body, 'x', MIB);
	it->file = memfd_create("body", MFD_CLOEXEC);
	must(it->base && it->server && it->file >= 0 && ftruncate(it->file, MIB) == 0);
	bound = evhttp_bind_socket_with_handle(it->server, "127.0.0.1", 0);
	must(bound);
	/* What is accepted inherits it: nothing waits for an acknowledgement. */
	must(setsockopt(evhttp_bound_socket_get_fd(bound), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	evhttp_set_gencb(it->server, answer, it);
	must(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) == 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(fd, (struct sockaddr *)&address, size) == 0);
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	must(evutil_make_socket_nonblocking(fd) == 0);
	it->client = bufferevent_socket_new(it->base, fd, BEV_OPT_CLOSE_ON_FREE);
	must(it->client);
	bufferevent_setcb(it->client, replied, NULL, NULL, it);
	bufferevent_enable(it->client, EV_READ | EV_WRITE);
	it->request = worker_memory(len);
	memcpy(it->request, request, len);
	it->request_len = len;
	/* The first reply tells how long they are. */
	it->depth = it->left = 1;
	send_request(it);
	event_base_dispatch(it->base);
	it->depth = depth;
	return it;
}

static void
http_run(void *state, int n)
{
	struct http *it = state;

	it->left = n;
	send_request(it);
	event_base_dispatch(it->base);
}

static void
http_end(void *state)
{
	struct http *it = state;

	bufferevent_free(it->client);
	event_base_loop(it->base, EVLOOP_NONBLOCK);
	evhttp_free(it->server);
	event_base_free(it->base);
	close(it->file);
	free(it->request);
	free(it->body);
	free(it);
}

#define GET "GET /hello?name=world HTTP/1.1\r\nHost: 127.0.0.1\r\n"

static void *
begin_small(int depth)
{
	const char *text = GET "\r\n";

	return http_begin(text, strlen(text), depth, hello);
}

static void *
begin_headers(int size)
{
	char text[4096] = GET;

	for (int i = 0; i < size; i++)
		sprintf(text + strlen(text), "X-Header-Number-%d: the value of header %d\r\n", i, i);
	strcat(text, "\r\n");
	return http_begin(text, strlen(text), 1, hello);
}

static void *
begin_large(int size)
{
	(void)size;
	return http_begin(GET "\r\n", strlen(GET "\r\n"), 1, large);
}

static void *
begin_file(int size)
{
	(void)size;
	return http_begin(GET "\r\n", strlen(GET "\r\n"), 1, file);
}

static void *
begin_chunked(int size)
{
	(void)size;
	return http_begin(GET "\r\n", strlen(GET "\r\n"), 1, chunked);
}

static void *
begin_post(int size)
{
	static char text[MIB + 200];
	int head = sprintf(text, "POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n", size);

	memset(text + head, 'x', size);
	return http_begin(text, head + size, 1, posted);
}

#define URI "http://user@example.com:8080/a/longer/path/to/something.html?query=value&other=2#part"

static void *
nothing_begin(int size)
{
	(void)size;
	return NULL;
}

static void
nothing_end(void *state)
{
	(void)state;
}

static void
uri_run(void *state, int n)
{
	(void)state;
	while (n-- > 0) {
		struct evhttp_uri *uri = evhttp_uri_parse(URI);

		must(uri && evhttp_uri_get_port(uri) == 8080);
		evhttp_uri_free(uri);
	}
}

static void
encode_run(void *state, int n)
{
	(void)state;
	while (n-- > 0) {
		char *text = evhttp_uriencode("a text with blanks, \"quotes\" & other signs: \xc3\xa4\xc3\xb6", -1, 0);

		must(text);
		free(text);
	}
}

static void
decode_run(void *state, int n)
{
	(void)state;
	while (n-- > 0) {
		size_t len;
		char *text = evhttp_uridecode("a%20text+with%20blanks%2C%20%22quotes%22%20%26%20more", 1, &len);

		must(text && len > 0);
		free(text);
	}
}

static void
query_run(void *state, int n)
{
	(void)state;
	while (n-- > 0) {
		struct evkeyvalq fields;

		must(evhttp_parse_query_str("name=value&other=a%20b&third=&fourth=1234567890", &fields) == 0);
		evhttp_clear_headers(&fields);
	}
}

static void
date_run(void *state, int n)
{
	struct tm tm = { .tm_year = 126, .tm_mon = 10, .tm_mday = 28, .tm_hour = 8, .tm_wday = 6 };
	char text[50];

	(void)state;
	while (n-- > 0)
		must(evutil_date_rfc1123(text, sizeof(text), &tm) == 29);
}

static const struct work works[] = {
	{ "small/1", begin_small, http_run, http_end, 20000, 1 },
	{ "small/16", begin_small, http_run, http_end, 32000, 16 },
	{ "headers/20", begin_headers, http_run, http_end, 10000, 20 },
	{ "reply-100k", begin_large, http_run, http_end, 2000, 0 },
	{ "file-1m", begin_file, http_run, http_end, 300, 0 },
	{ "chunked-100", begin_chunked, http_run, http_end, 1000, 0 },
	{ "post-1m", begin_post, http_run, http_end, 200, MIB },
	{ "uri", nothing_begin, uri_run, nothing_end, 200000, 0 },
	{ "encode", nothing_begin, encode_run, nothing_end, 200000, 0 },
	{ "decode", nothing_begin, decode_run, nothing_end, 200000, 0 },
	{ "query", nothing_begin, query_run, nothing_end, 100000, 0 },
	{ "date", nothing_begin, date_run, nothing_end, 200000, 0 },
};

WORKER(works)
