/* Made from src/abi/headers/visibility.h.in by `make headers`: edit those. */
#ifndef EVENT2_VISIBILITY_H_INCLUDED_
#define EVENT2_VISIBILITY_H_INCLUDED_

/*
 * event2/visibility.h: the mark on every function that the library exports. It has no effect
 * outside the library.
 */

#include <event2/event-config.h>

#define EVENT2_EXPORT_SYMBOL
#define EVENT2_CORE_EXPORT_SYMBOL EVENT2_EXPORT_SYMBOL

#endif
