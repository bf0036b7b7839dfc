/* Made from src/abi/headers/root/evhttp.h.in by `make headers`: edit those. */
#ifndef EVENT1_EVHTTP_H_INCLUDED_
#define EVENT1_EVHTTP_H_INCLUDED_

/*
 * evhttp.h: HTTP, for sources that were written for libevent 1.4. New ones include the headers in
 * event2/ that they need.
 */

#include <event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/http_compat.h>

#endif
