/* The reply of the benchmark's HTTP servers to a small request. */
#ifndef HELLO_H
#define HELLO_H

#include <event2/buffer.h>
#include <event2/http.h>

static inline void
hello(struct evhttp_request *request, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	evbuffer_add(body, "Hello, world!\n", 14);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
	evhttp_send_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

#endif
