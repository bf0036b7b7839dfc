/* Made from src/ctypes/buffer_compat.rs, src/abi/buffer_compat.rs and src/abi/headers/buffer_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFER_COMPAT_H_INCLUDED_
#define EVENT2_BUFFER_COMPAT_H_INCLUDED_

/*
 * event2/buffer_compat.h: functions on buffers that have better ones in event2/buffer.h.
 */

#include <event2/visibility.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;

/** Is told that the length of a buffer changed. */
typedef void (*evbuffer_cb)(struct evbuffer *buffer, size_t old_len, size_t new_len, void *arg);

/**
 * Removes a line that any run of CR and LF ends: evbuffer_readln() with EVBUFFER_EOL_ANY, which
 * no protocol wants.
 *
 * @param buffer the buffer
 * @return the line, to be freed by the caller; NULL as for evbuffer_readln()
 */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readline(struct evbuffer *buffer);

/**
 * Removes all callbacks of a buffer, and adds one of the old kind. evbuffer_add_cb() takes none
 * away from others.
 *
 * @param buffer the buffer
 * @param cb the function, or NULL for none
 * @param cbarg its last argument
 * @return 0 on success; -1, with nothing changed, without memory
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_setcb(struct evbuffer *buffer, evbuffer_cb cb, void *cbarg);

/**
 * Looks for a string of bytes, and makes everything up to its end lie together in memory.
 * evbuffer_search() doesn't.
 *
 * @param buffer the buffer
 * @param what the bytes
 * @param len their number
 * @return where they are; NULL if they are not there or memory runs out
 */
EVENT2_EXPORT_SYMBOL
unsigned char *evbuffer_find(struct evbuffer *buffer,
                             const unsigned char *what,
                             size_t len);

/* The length of a buffer, and all its bytes together. */
#define EVBUFFER_LENGTH(x) evbuffer_get_length(x)
#define EVBUFFER_DATA(x) evbuffer_pullup((x), -1)

#ifdef __cplusplus
}
#endif

#endif
