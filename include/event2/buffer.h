/* Made from src/ctypes/buffer.rs, src/abi/buffer.rs and src/abi/headers/buffer.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFER_H_INCLUDED_
#define EVENT2_BUFFER_H_INCLUDED_

/*
 * event2/buffer.h: queues of bytes for the network.
 *
 * Bytes are added at the end of a buffer and taken from its start. They lie in a list of pieces of
 * memory, so that large amounts can be added, moved and removed without copying; evbuffer_pullup()
 * makes some of them lie together, evbuffer_peek() shows where they are.
 *
 * A buffer is used by one thread at a time unless evbuffer_enable_locking() was called.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <stdarg.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct evbuffer;
struct evbuffer_cb_entry;
struct evbuffer_file_segment;

/* An extent of memory is what readv() and writev() take. */
#define evbuffer_iovec iovec
#define EVBUFFER_IOVEC_IS_NATIVE_

/** What ends a line, for evbuffer_readln() and evbuffer_search_eol(). */
enum evbuffer_eol_style {
	/** Any run of CR and LF, which may end with the bytes that happen to be in the buffer. */
	EVBUFFER_EOL_ANY,
	/** LF or CR LF, as in most Internet protocols. */
	EVBUFFER_EOL_CRLF,
	/** CR LF, and nothing else. */
	EVBUFFER_EOL_CRLF_STRICT,
	/** LF. */
	EVBUFFER_EOL_LF,
	/** A NUL byte. */
	EVBUFFER_EOL_NUL
};

/** What evbuffer_ptr_set() counts from. */
enum evbuffer_ptr_how {
	/** From the start of the buffer. */
	EVBUFFER_PTR_SET,
	/** From the current position. */
	EVBUFFER_PTR_ADD
};

/**
 * Flag of a buffer whose bytes are never read by the program: they are only written to descriptors
 * with evbuffer_write() and its relatives, drained, or moved to another buffer. Files that are
 * added to it can then be sent without being mapped or read. Bufferevents set it on their output
 * where it applies. Since 2.0.
 */
#define EVBUFFER_FLAG_DRAINS_TO_FD 1

/** Flag of an enabled callback. A callback without it is not called. Since 2.0. */
#define EVBUFFER_CB_ENABLED 1

/** Flag of a file segment: close the descriptor when the segment goes away. Since 2.1. */
#define EVBUF_FS_CLOSE_ON_FREE 0x01
/** Flag of a file segment: don't map the file into memory, read it. Since 2.1. */
#define EVBUF_FS_DISABLE_MMAP 0x02
/** Flag of a file segment: don't use sendfile(), because the bytes will be accessed. Since 2.1. */
#define EVBUF_FS_DISABLE_SENDFILE 0x04
/**
 * Flag of a file segment: make no lock. Neither the segment nor a buffer that holds it may then be
 * used by more than one thread. Since 2.1.
 */
#define EVBUF_FS_DISABLE_LOCKING 0x08

/**
 * Releases memory that was added by evbuffer_add_reference(). It is called once for the whole
 * block, when no buffer needs it any more.
 */
typedef void (*evbuffer_ref_cleanup_cb)(const void *data, size_t datalen, void *extra);

/** Called when a file segment is freed, with its flags. */
typedef void (*evbuffer_file_segment_cleanup_cb)(const struct evbuffer_file_segment *seg,
                                                 int flags,
                                                 void *arg);

/**
 * A position in a buffer: from its first byte to just after its last.
 *
 * evbuffer_ptr_set() and the searching functions make them. A position becomes invalid once the
 * buffer is changed or rearranged.
 */
struct evbuffer_ptr {
    /** Bytes from the start of the buffer; -1 for "not found". */
    ev_ssize_t pos;
    /** For the library only. */
    struct {
        void *chain;
        size_t pos_in_chain;
    } internal_;
};

/** Describes a change, for callbacks. */
struct evbuffer_cb_info {
    /** The bytes in the buffer when callbacks were last called. */
    size_t orig_size;
    /** The bytes added since. */
    size_t n_added;
    /** The bytes removed since. */
    size_t n_deleted;
};

/**
 * Called when bytes have been added to a buffer or removed from it.
 *
 * It may change the buffer, which calls all callbacks again, add and remove callbacks, itself
 * included, and free the buffer.
 */
typedef void (*evbuffer_cb_func)(struct evbuffer *buffer,
                                 const struct evbuffer_cb_info *info,
                                 void *arg);

/**
 * Makes an empty buffer.
 *
 * @return the buffer, to be freed with evbuffer_free(), or NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evbuffer_new(void);

/**
 * Frees a buffer and all it holds.
 *
 * If deferred callbacks are pending, or it is freed from one of its callbacks, it is freed once they
 * have run. Bytes shared with other buffers remain in them.
 *
 * @param buf the buffer, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_free(struct evbuffer *buf);

/**
 * Makes a buffer usable by several threads.
 *
 * From now on every function locks the buffer while it works, and callbacks are called with the
 * lock held. Locking must have been set up, see <event2/thread.h>.
 *
 * @param buf a buffer that one thread has used so far
 * @param lock a recursive lock that stays the caller's, or NULL for one that the buffer makes
 * @return 0 on success; -1 if the buffer has a lock already, or none can be made
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_enable_locking(struct evbuffer *buf, void *lock);

/**
 * Locks a buffer, so that several calls are atomic together. Does nothing without
 * evbuffer_enable_locking().
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_lock(struct evbuffer *buf);

/** Releases the lock taken by evbuffer_lock(). */
EVENT2_EXPORT_SYMBOL
void evbuffer_unlock(struct evbuffer *buf);

/**
 * Sets flags of a buffer.
 *
 * @param buf the buffer
 * @param flags EVBUFFER_FLAG_DRAINS_TO_FD or 0
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_set_flags(struct evbuffer *buf, ev_uint64_t flags);

/**
 * Clears flags of a buffer.
 *
 * @param buf the buffer
 * @param flags EVBUFFER_FLAG_DRAINS_TO_FD or 0
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_clear_flags(struct evbuffer *buf, ev_uint64_t flags);

/** Returns the number of bytes in a buffer. */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_length(const struct evbuffer *buf);

/**
 * Makes every function fail that changes one end of a buffer.
 *
 * @param buf the buffer
 * @param at_front not 0 for the start, where bytes are drained and prepended; 0 for the end,
 *   where they are added
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_freeze(struct evbuffer *buf, int at_front);

/**
 * Undoes evbuffer_freeze().
 *
 * @param buf the buffer
 * @param at_front not 0 for the start, 0 for the end
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_unfreeze(struct evbuffer *buf, int at_front);

/**
 * Returns how many bytes at the start of a buffer are contiguous in memory: evbuffer_pullup() of
 * no more than that copies nothing.
 */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_contiguous_space(const struct evbuffer *buf);

/**
 * Reserves contiguous space for datlen more bytes.
 *
 * @return 0 on success, -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_expand(struct evbuffer *buf, size_t datlen);

/**
 * Reserves space at the end of a buffer, for the caller to write to.
 *
 * What was written becomes part of the buffer with evbuffer_commit_space(). Until then the buffer
 * must not be changed; calling this again reserves the same space.
 *
 * @param buf the buffer
 * @param size how many bytes are wanted; there may be more
 * @param vec is filled with the extents of the space
 * @param n_vec the number of elements in vec: with 1 all the space is in one piece; 2 can save
 *   copying and memory
 * @return the number of extents; -1 if the end is frozen, n_vec or size is not acceptable or
 *   memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_reserve_space(struct evbuffer *buf,
                           ev_ssize_t size,
                           struct evbuffer_iovec *vec,
                           int n_vec);

/**
 * Appends bytes that the caller wrote to reserved space.
 *
 * @param buf the buffer
 * @param vec extents of evbuffer_reserve_space(); iov_len of each is how many bytes of it were
 *   used
 * @param n_vecs the number of extents, which can be less than was reserved
 * @return 0 on success; -1 if the end is frozen, or the extents are not the buffer's space any more
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_commit_space(struct evbuffer *buf,
                          struct evbuffer_iovec *vec,
                          int n_vecs);

/**
 * Appends a copy of bytes.
 *
 * @param buf the buffer
 * @param data the bytes
 * @param datlen their number
 * @return 0 on success; -1, with the buffer unchanged, if its end is frozen, it would become
 *   longer than EV_SSIZE_MAX or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add(struct evbuffer *buf, const void *data, size_t datlen);

/**
 * Prepends a copy of bytes.
 *
 * @param buf the buffer
 * @param data the bytes
 * @param size their number
 * @return 0 on success; -1, with the buffer unchanged, if its start is frozen, it would become
 *   longer than EV_SSIZE_MAX or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend(struct evbuffer *buf, const void *data, size_t size);

/**
 * Appends copies of several pieces of memory, reserving space for all of them first.
 *
 * @param buffer the buffer
 * @param vec the pieces
 * @param n_vec their number
 * @return the number of bytes added: less than all if the end is frozen or memory runs out
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_add_iovec(struct evbuffer *buffer,
                          struct evbuffer_iovec *vec,
                          int n_vec);

/**
 * Appends the bytes of one buffer to another, leaving them where they are, without copying them.
 *
 * Later changes to one buffer don't affect the other.
 *
 * @param outbuf the buffer that gets the bytes
 * @param inbuf the buffer that keeps them
 * @return 0 on success; -1, with nothing changed, if outbuf is frozen at the end, the buffers
 *   are the same, inbuf holds files or bytes that it shares itself, or memory runs out
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer_reference(struct evbuffer *outbuf,
                                  struct evbuffer *inbuf);

/**
 * Appends bytes that the caller owns, without copying them.
 *
 * @param outbuf the buffer
 * @param data the bytes, which stay as they are until the cleanup function is called
 * @param datlen their number
 * @param cleanupfn is called when no buffer needs the bytes any more, or NULL
 * @param cleanupfn_arg its last argument
 * @return 0 on success; -1, with nothing changed and the cleanup function not called, if the end
 *   is frozen, the buffer would become longer than EV_SSIZE_MAX or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_reference(struct evbuffer *outbuf,
                           const void *data,
                           size_t datlen,
                           evbuffer_ref_cleanup_cb cleanupfn,
                           void *cleanupfn_arg);

/**
 * Appends a part of a block of memory that the caller owns, without copying it.
 *
 * The cleanup function gets data and the length up to the end of the part. For the rest see
 * evbuffer_add_reference().
 *
 * @param outbuf the buffer
 * @param data the memory
 * @param offset where in it the part begins
 * @param datlen the number of bytes in the part
 * @param cleanupfn is called when no buffer needs the bytes any more, or NULL
 * @param cleanupfn_arg its last argument
 * @return 0 on success, -1 as for evbuffer_add_reference()
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_reference_with_offset(struct evbuffer *outbuf,
                                       const void *data,
                                       size_t offset,
                                       size_t datlen,
                                       evbuffer_ref_cleanup_cb cleanupfn,
                                       void *cleanupfn_arg);

/**
 * Appends a part of a file, without copying it where that can be avoided.
 *
 * On success the buffer closes the descriptor when it needs it no more. See also
 * evbuffer_add_file_segment().
 *
 * @param outbuf the buffer; with EVBUFFER_FLAG_DRAINS_TO_FD the kernel sends the file
 * @param fd the open file
 * @param offset where in it to start
 * @param length how many bytes; -1 for all that follow in a regular file
 * @return 0 on success; -1, with nothing changed and the descriptor still the caller's, if the
 *   file has no such part or cannot be read, the end is frozen or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file(struct evbuffer *outbuf,
                      int fd,
                      ev_off_t offset,
                      ev_off_t length);

/**
 * Makes a file segment: a part of a file that can be added to buffers, more than once.
 *
 * The descriptor must stay open while the segment lives.
 *
 * @param fd the open file
 * @param offset where in it the segment starts
 * @param length how many bytes; -1 for all that follow in a regular file
 * @param flags any of the EVBUF_FS_ flags
 * @return the segment, to be freed with evbuffer_file_segment_free(); NULL if the range is not
 *   possible, the file cannot be read or memory runs out
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_file_segment *evbuffer_file_segment_new(int fd,
                                                        ev_off_t offset,
                                                        ev_off_t length,
                                                        unsigned int flags);

/**
 * Frees a file segment. Buffers that hold parts of it keep it alive as long as they need it.
 *
 * @param seg the segment, or NULL
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_free(struct evbuffer_file_segment *seg);

/**
 * Sets the function that is called when a segment is freed, replacing an earlier one.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evbuffer_file_segment_add_cleanup_cb(struct evbuffer_file_segment *seg,
                                          evbuffer_file_segment_cleanup_cb cb,
                                          void *arg);

/**
 * Appends a segment, or a part of it.
 *
 * @param buf the buffer
 * @param seg the segment, which stays the caller's
 * @param offset where in the segment (not in the file) to start
 * @param length how many bytes; negative for all that follow in the segment
 * @return 0 on success; -1, with nothing changed, if the segment has no such part or cannot be
 *   read, the end is frozen or memory runs out
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_file_segment(struct evbuffer *buf,
                              struct evbuffer_file_segment *seg,
                              ev_off_t offset,
                              ev_off_t length);

/**
 * Sets the largest number of bytes that one evbuffer_read() reads. It is 4096 for a new buffer,
 * and 16384 for the input of a bufferevent on a descriptor.
 *
 * @param buf the buffer
 * @param max the most bytes, no more than INT_MAX
 * @return 0 on success, -1 if max is too large
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_set_max_read(struct evbuffer *buf, size_t max);

/** Returns the limit that evbuffer_set_max_read() sets. Since 2.2. */
EVENT2_EXPORT_SYMBOL
size_t evbuffer_get_max_read(struct evbuffer *buf);

/**
 * Moves bytes from the start of one buffer to the end of another, copying as little as possible.
 *
 * @param src the buffer that loses them
 * @param dst the buffer that gets them
 * @param datlen how many are wanted; if there are fewer, all are moved
 * @return the number of bytes moved; -1 if src is frozen at the start or dst at the end, or
 *   nothing could be moved for lack of memory
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_buffer(struct evbuffer *src,
                           struct evbuffer *dst,
                           size_t datlen);

/**
 * Moves all bytes of one buffer to the end of another, without copying them.
 *
 * @param outbuf the buffer that gets them
 * @param inbuf the buffer that loses them
 * @return 0 on success; -1, with nothing changed, if outbuf is frozen at the end or inbuf at
 *   the start
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_buffer(struct evbuffer *outbuf, struct evbuffer *inbuf);

/**
 * Writes as much of a buffer as a descriptor accepts, and drains it. See evbuffer_write_atmost().
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_write(struct evbuffer *buffer, evutil_socket_t fd);

/**
 * Writes bytes from the start of a buffer to a descriptor, and removes what was written.
 *
 * @param buffer the buffer
 * @param fd the descriptor
 * @param howmuch the most bytes to write, or -1 for no limit
 * @return the number of bytes written; 0 if a file of the buffer could not be sent just now, or
 *   has become shorter; -1 with errno if the system call failed, and if the start is frozen or
 *   there is nothing to write
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_write_atmost(struct evbuffer *buffer,
                          evutil_socket_t fd,
                          ev_ssize_t howmuch);

/**
 * Reads from a descriptor to the end of a buffer.
 *
 * @param buffer the buffer
 * @param fd the descriptor
 * @param howmuch the most bytes to read; the buffer's own limit, see evbuffer_set_max_read(),
 *   holds if it is less or howmuch is negative
 * @return the number of bytes read, 0 at the end of the file; -1 with errno if the system call
 *   failed, and if the end is frozen or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_read(struct evbuffer *buffer, evutil_socket_t fd, int howmuch);

/**
 * Moves all bytes of one buffer to the start of another, without copying them.
 *
 * @param dst the buffer that gets them
 * @param src the buffer that loses them
 * @return 0 on success; -1, with nothing changed, if either is frozen at the start
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_prepend_buffer(struct evbuffer *dst, struct evbuffer *src);

/**
 * Copies bytes from the start of a buffer and removes them.
 *
 * @param buf the buffer
 * @param data where the bytes go
 * @param datlen how many are wanted; if there are fewer, all are taken
 * @return the number of bytes, or -1 if the start is frozen and there are any
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove(struct evbuffer *buf, void *data, size_t datlen);

/**
 * Copies bytes from the start of a buffer without removing them.
 *
 * @param buf the buffer
 * @param data_out where the bytes go
 * @param datlen how many are wanted; if there are fewer, all are copied
 * @return the number of bytes, or -1 if the start is frozen and there are any
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout(struct evbuffer *buf,
                            void *data_out,
                            size_t datlen);

/**
 * Copies bytes starting at a position without removing them.
 *
 * @param buf the buffer
 * @param pos where to start, or NULL for the start of the buffer
 * @param data_out where the bytes go
 * @param datlen how many are wanted; if there are fewer, all are copied
 * @return the number of bytes, or -1 if the start is frozen and there are any
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t evbuffer_copyout_from(struct evbuffer *buf,
                                 const struct evbuffer_ptr *pos,
                                 void *data_out,
                                 size_t datlen);

/**
 * Removes a line from the start of a buffer.
 *
 * @param buffer the buffer
 * @param n_read_out if not NULL, gets the length of the line, which can contain NUL bytes, or 0
 * @param eol_style what ends a line
 * @return the line without its end, NUL-terminated, to be freed by the caller with free(), or
 *   the function given to event_set_mem_functions(); NULL if there is no whole line, the start is
 *   frozen or memory runs out
 */
EVENT2_EXPORT_SYMBOL
char *evbuffer_readln(struct evbuffer *buffer,
                      size_t *n_read_out,
                      enum evbuffer_eol_style eol_style);

/**
 * Removes bytes from the start of a buffer.
 *
 * @param buf the buffer
 * @param len how many; if there are fewer, all
 * @return 0 on success, -1 if the start is frozen and there are any
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_drain(struct evbuffer *buf, size_t len);

/**
 * Gives access to the bytes of a buffer in memory, without copying or removing them.
 *
 * @param buffer the buffer
 * @param len how many bytes are wanted: the extents can hold more, and less if they or the bytes
 *   are too few; negative for as many as the extents can hold
 * @param start_at where to start, or NULL for the start of the buffer
 * @param vec_out is filled with extents, which must not be written to
 * @param n_vec the number of elements in vec_out; with 0 the extents are only counted, and a
 *   negative len stands for all bytes
 * @return how many extents there are for len bytes, which can be more than n_vec
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_peek(struct evbuffer *buffer,
                  ev_ssize_t len,
                  struct evbuffer_ptr *start_at,
                  struct evbuffer_iovec *vec_out,
                  int n_vec);

/**
 * Makes bytes at the start of a buffer contiguous in memory.
 *
 * @param buf the buffer
 * @param size how many bytes, or -1 for all
 * @return their address, valid until the buffer is changed; NULL if there are none, or fewer, or
 *   memory runs out
 */
EVENT2_EXPORT_SYMBOL
uint8_t *evbuffer_pullup(struct evbuffer *buf, ev_ssize_t size);

/**
 * Looks for a string of bytes.
 *
 * @param buffer the buffer
 * @param what the bytes
 * @param len their number
 * @param start where to start, or NULL for the start of the buffer
 * @return where they first begin; its pos is -1 if they are not there
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search(struct evbuffer *buffer,
                                    const char *what,
                                    size_t len,
                                    const struct evbuffer_ptr *start);

/**
 * Looks for a string of bytes in a part of a buffer.
 *
 * @param buffer the buffer
 * @param what the bytes
 * @param len their number
 * @param start where to start, or NULL for the start of the buffer
 * @param end where the string must have ended, or NULL for the end of the buffer
 * @return where they first begin; its pos is -1 if they are not there
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_range(struct evbuffer *buffer,
                                          const char *what,
                                          size_t len,
                                          const struct evbuffer_ptr *start,
                                          const struct evbuffer_ptr *end);

/**
 * Sets a position, or moves it forward.
 *
 * @param buffer the buffer
 * @param ptr the position; may be uninitialised for EVBUFFER_PTR_SET
 * @param position a number of bytes, from the start of the buffer or from the old position
 * @param how which of the two
 * @return 0 on success; -1 if that is past the end of the buffer, which makes the position
 *   unusable;
 *     -1, and the position stays as it was, if it is one that a search has not found, or the sum
 *     overflows
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_ptr_set(struct evbuffer *buffer,
                     struct evbuffer_ptr *ptr,
                     size_t position,
                     enum evbuffer_ptr_how how);

/**
 * Looks for the end of a line.
 *
 * @param buffer the buffer
 * @param start where to start, or NULL for the start of the buffer
 * @param eol_len_out if not NULL, gets the length of what ends the line, or 0
 * @param eol_style what ends a line
 * @return where the line's end begins; its pos is -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_ptr evbuffer_search_eol(struct evbuffer *buffer,
                                        struct evbuffer_ptr *start,
                                        size_t *eol_len_out,
                                        enum evbuffer_eol_style eol_style);

/**
 * Adds a callback, which is called whenever bytes are added to a buffer or removed from it.
 *
 * @param buffer the buffer
 * @param cb the function
 * @param cbarg its last argument
 * @return a handle for the other functions, or NULL without memory
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer_cb_entry *evbuffer_add_cb(struct evbuffer *buffer,
                                          evbuffer_cb_func cb,
                                          void *cbarg);

/**
 * Removes a callback by its handle.
 *
 * @return 0 on success, -1 if the buffer has no such callback
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb_entry(struct evbuffer *buffer,
                             struct evbuffer_cb_entry *ent);

/**
 * Removes a callback by its function and argument: the one added last, if there are several.
 *
 * @return 0 on success, -1 if the buffer has no such callback
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_remove_cb(struct evbuffer *buffer,
                       evbuffer_cb_func cb,
                       void *cbarg);

/**
 * Sets flags of a callback: with EVBUFFER_CB_ENABLED it is called again.
 *
 * @return 0 on success, -1 for a null handle
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_set_flags(struct evbuffer *buffer,
                          struct evbuffer_cb_entry *cb,
                          ev_uint32_t flags);

/**
 * Clears flags of a callback: without EVBUFFER_CB_ENABLED it is not called.
 *
 * @return 0 on success, -1 for a null handle
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_cb_clear_flags(struct evbuffer *buffer,
                            struct evbuffer_cb_entry *cb,
                            ev_uint32_t flags);

/**
 * Defers the callbacks of a buffer: they are called from the loop of an event base, once for all
 * changes made until then. The buffer is not freed before the loop has called them.
 *
 * @param buffer the buffer
 * @param base the event base, which must outlive the buffer
 * @return 0
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_defer_callbacks(struct evbuffer *buffer, struct event_base *base);

/**
 * Appends text formatted as by printf().
 *
 * @param buf the buffer
 * @param fmt the format
 * @return the number of bytes added; -1, with the buffer unchanged, if its end is frozen, the text
 *   cannot be formatted or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_printf(struct evbuffer *buf, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/**
 * Appends text formatted as by vprintf().
 *
 * @param buf the buffer
 * @param fmt the format
 * @param ap its arguments
 * @return as for evbuffer_add_printf()
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_vprintf(struct evbuffer *buf, const char *fmt, va_list ap)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 0)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
