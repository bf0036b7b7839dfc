/*
 * A server whose next reply a test chooses.
 */
#ifndef SUPPORT_REPLIES_H
#define SUPPORT_REPLIES_H

#include "requests.h"

/* What the next request is answered with. */
static UNUSED int code = 200;
static UNUSED const char *reason = "OK", *body = "body";
static const char *headers[10];

static inline void
add_headers(struct evhttp_request *req)
{
	for (int i = 0; headers[i]; i += 2)
		ck_assert_int_eq(
		    evhttp_add_header(evhttp_request_get_output_headers(req),
			headers[i], headers[i + 1]),
		    0);
}

REQUEST(reply)
{
	add_headers(req);
	answer(req, code, reason, body);
}

REQUEST(reply_without_buffer)
{
	add_headers(req);
	evhttp_send_reply(req, code, reason, NULL);
}

static inline void
begin_server(void)
{
	serve();
	evhttp_set_gencb(http, reply, NULL);
	evhttp_set_allowed_methods(http, 0xffff);
}

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET10 "GET / HTTP/1.0\r\n\r\n"
#define GET10_ALIVE "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"

#endif
