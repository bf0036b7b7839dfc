/* Made from src/ctypes/keyvalq_struct.rs and src/abi/headers/keyvalq_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_KEYVALQ_STRUCT_H_INCLUDED_
#define EVENT2_KEYVALQ_STRUCT_H_INCLUDED_

/*
 * event2/keyvalq_struct.h: lists of names and values, as the headers of an HTTP message. The
 * functions that work on them are in event2/http.h.
 */

#include <event2/event-config.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As <sys/queue.h> has them; undefined below, if they are of this file. */
#ifndef TAILQ_ENTRY
#define EVENT_DEFINED_TQENTRY_
#define TAILQ_ENTRY(type)                                    \
	struct {                                                 \
		struct type *tqe_next; /* next element */            \
		struct type **tqe_prev; /* address of previous tqe_next */ \
	}
#endif

#ifndef TAILQ_HEAD
#define EVENT_DEFINED_TQHEAD_
#define TAILQ_HEAD(name, type)                               \
	struct name {                                            \
		struct type *tqh_first;                              \
		struct type **tqh_last;                              \
	}
#endif

/**
 * A name and its value, in a struct evkeyvalq. The struct, the name and the value are a block of
 * memory each, so that a program can free and replace the two strings.
 */
struct evkeyval {
    TAILQ_ENTRY(evkeyval) next;
    char *key;
    char *value;
};

/**
 * A list of names and values: the headers of a message, or what a query says. TAILQ_INIT() of
 * <sys/queue.h> makes it an empty one.
 */
TAILQ_HEAD(evkeyvalq, evkeyval);

#ifdef EVENT_DEFINED_TQENTRY_
#undef TAILQ_ENTRY
#endif

#ifdef EVENT_DEFINED_TQHEAD_
#undef TAILQ_HEAD
#endif

#ifdef __cplusplus
}
#endif

#endif
