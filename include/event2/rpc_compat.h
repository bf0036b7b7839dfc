/* Made from src/abi/headers/rpc_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_RPC_COMPAT_H_INCLUDED_
#define EVENT2_RPC_COMPAT_H_INCLUDED_

/*
 * event2/rpc_compat.h: names that macros of event2/rpc.h had before libevent 2.0.
 */

#include <event2/event-config.h>

#if defined(__GNUC__) && !defined(__STRICT_ANSI__)

/* With as many arguments as a field needs. */
#undef EVTAG_ASSIGN
#undef EVTAG_GET
#undef EVTAG_ADD
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvariadic-macros"
#define EVTAG_ASSIGN(msg, member, ...) (*(msg)->base->member##_assign)(msg, __VA_ARGS__)
#define EVTAG_GET(msg, member, ...) (*(msg)->base->member##_get)(msg, __VA_ARGS__)
#define EVTAG_ADD(msg, member, ...) (*(msg)->base->member##_add)(msg, ##__VA_ARGS__)
#pragma GCC diagnostic pop

#endif

#define EVTAG_LEN(msg, member) ((msg)->member##_length)

#endif
