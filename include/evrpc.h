/* Made from src/abi/headers/root/evrpc.h.in by `make headers`: edit those. */
#ifndef EVENT1_EVRPC_H_INCLUDED_
#define EVENT1_EVRPC_H_INCLUDED_

/*
 * evrpc.h: procedure calls over HTTP, for sources that were written for libevent 1.4. New ones include
 * the headers in event2/ that they need.
 */

#include <event.h>
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/rpc_compat.h>

#endif
