/*
 * A server that answers each request at once, and a raw connection to it.
 */
#ifndef SUPPORT_SERVING_H
#define SUPPORT_SERVING_H

#include "requests.h"

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static int fd;
static UNUSED int served;

REQUEST(serve_one)
{
	served++;
	note("request");
	answer(req, 200, "OK", "x");
}

static inline void
begin_server(void)
{
	serve();
	evhttp_set_gencb(http, serve_one, NULL);
}

static inline int
has_status(const char *status)
{
	return strncmp(heard, "HTTP/1.", 7) == 0 &&
	    strncmp(heard + 9, status, 3) == 0;
}

#endif
