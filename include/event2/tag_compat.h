/* Made from src/abi/headers/tag_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_TAG_COMPAT_H_INCLUDED_
#define EVENT2_TAG_COMPAT_H_INCLUDED_

/*
 * event2/tag_compat.h: the names that two functions of event2/tag.h had before libevent 2.0.
 */

#include <event2/event-config.h>

#define encode_int(evbuf, number) evtag_encode_int((evbuf), (number))
#define encode_int64(evbuf, number) evtag_encode_int64((evbuf), (number))

#endif
