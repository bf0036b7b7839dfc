/* Made from src/abi/headers/root/evdns.h.in by `make headers`: edit those. */
#ifndef EVENT1_EVDNS_H_INCLUDED_
#define EVENT1_EVDNS_H_INCLUDED_

/*
 * evdns.h: event.h and all of evdns, for sources that were written for libevent 1.4. New ones include
 * the headers in event2/ that they need.
 */

#include <event.h>
#include <event2/dns.h>
#include <event2/dns_compat.h>
#include <event2/dns_struct.h>

#endif
