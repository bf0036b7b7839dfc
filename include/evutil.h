/* Made from src/abi/headers/root/evutil.h.in by `make headers`: edit those. */
#ifndef EVENT1_EVUTIL_H_INCLUDED_
#define EVENT1_EVUTIL_H_INCLUDED_

/* evutil.h: the name that event2/util.h had in libevent 1.4. */

#include <event2/util.h>

#endif
