/* Made from src/abi/tag.rs and src/abi/headers/tag.h.in by `make headers`: edit those. */
#ifndef EVENT2_TAG_H_INCLUDED_
#define EVENT2_TAG_H_INCLUDED_

/*
 * event2/tag.h: fields of tag, length and payload in buffers, of which the messages of RPCs consist.
 *
 * A tag is a number that tells what the field is. Tags, lengths and integers take only as many bytes
 * as their values need, and are the same on every machine.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <event2/util.h>

#include <stddef.h>
#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;

/** Does nothing. Versions before 2.0 had to be initialized. */
EVENT2_EXPORT_SYMBOL
void evtag_init(void);

/**
 * Removes the tag and the length of the first field, which leaves its payload at the front of the
 * buffer.
 *
 * @param evbuf the buffer
 * @param ptag where to store the tag, or NULL
 * @return the length of the payload. -1 if the tag or the length is malformed, the length exceeds
 *   INT_MAX, or the payload is incomplete. In that case a well-formed tag or length has been
 *   removed, but no byte of the payload
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_header(struct evbuffer *evbuf, ev_uint32_t *ptag);

/**
 * Appends a field.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param data the payload; may be NULL if len is 0
 * @param len its length in bytes. evtag_unmarshal() cannot read a payload longer than INT_MAX
 *
 * If memory runs out, nothing is appended; only the length of the buffer shows it.
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal(struct evbuffer *evbuf,
                   ev_uint32_t tag,
                   const void *data,
                   ev_uint32_t len);

/**
 * Appends a field whose payload is the whole content of another buffer. The bytes are moved, not
 * copied: the other buffer is empty afterwards.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param data a buffer with less than 4 GiB; with more, nothing happens
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_buffer(struct evbuffer *evbuf,
                          ev_uint32_t tag,
                          struct evbuffer *data);

/**
 * Appends an integer, without a tag and a length. It takes one to five bytes.
 *
 * @param evbuf the buffer
 * @param number the integer
 */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int(struct evbuffer *evbuf, ev_uint32_t number);

/**
 * Appends an integer of 64 bits, without a tag and a length. It takes one to nine bytes.
 *
 * @param evbuf the buffer
 * @param number the integer
 */
EVENT2_EXPORT_SYMBOL
void evtag_encode_int64(struct evbuffer *evbuf, ev_uint64_t number);

/**
 * Appends a field of one integer.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param integer the payload
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int(struct evbuffer *evbuf,
                       ev_uint32_t tag,
                       ev_uint32_t integer);

/**
 * Appends a field of one integer of 64 bits.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param integer the payload
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_int64(struct evbuffer *evbuf,
                         ev_uint32_t tag,
                         ev_uint64_t integer);

/**
 * Appends a field of text, without the NUL at its end.
 *
 * @param buf the buffer
 * @param tag the tag
 * @param string the payload
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_string(struct evbuffer *buf,
                          ev_uint32_t tag,
                          const char *string);

/**
 * Appends a field of a time: seconds and microseconds, each truncated to an unsigned 32-bit
 * integer.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param tv the payload
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal_timeval(struct evbuffer *evbuf,
                           ev_uint32_t tag,
                           struct timeval *tv);

/**
 * Removes the first field and appends its payload to another buffer.
 *
 * @param src the buffer with the field
 * @param ptag where to store the tag, or NULL
 * @param dst the buffer for the payload
 * @return the length of the payload; -1 as for evtag_unmarshal_header()
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal(struct evbuffer *src,
                    ev_uint32_t *ptag,
                    struct evbuffer *dst);

/**
 * Reads the tag of the first field without removing it.
 *
 * @param evbuf the buffer
 * @param ptag where to store the tag, or NULL
 * @return the number of bytes that the tag takes; -1 if the tag is malformed or incomplete
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek(struct evbuffer *evbuf, ev_uint32_t *ptag);

/**
 * Returns the total length of the first field, including its tag and length, without removing it.
 *
 * @param evbuf the buffer
 * @param plength where to store the number of bytes, which need not have arrived yet
 * @return 0 on success; -1 if the tag or the length is malformed or incomplete, or the length
 *   exceeds INT_MAX
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek_length(struct evbuffer *evbuf, ev_uint32_t *plength);

/**
 * Returns the length of the payload of the first field without removing the field.
 *
 * @param evbuf the buffer
 * @param plength where to store the number of bytes, which need not have arrived yet
 * @return as for evtag_peek_length()
 */
EVENT2_EXPORT_SYMBOL
int evtag_payload_length(struct evbuffer *evbuf, ev_uint32_t *plength);

/**
 * Removes the first field.
 *
 * @param evbuf the buffer
 * @return 0 on success; -1 as for evtag_unmarshal_header()
 */
EVENT2_EXPORT_SYMBOL
int evtag_consume(struct evbuffer *evbuf);

/**
 * Removes a field of one integer. Bytes that follow the integer in the payload are removed, too.
 *
 * @param evbuf the buffer
 * @param need_tag the tag that the field must have
 * @param pinteger where to store the integer
 * @return the number of bytes that the integer took. -1 if the tag is another one, which is
 *   removed; if the payload is incomplete: its tag and length are removed; or if it does not hold
 *   a 32-bit integer: the whole field is removed
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int(struct evbuffer *evbuf,
                        ev_uint32_t need_tag,
                        ev_uint32_t *pinteger);

/**
 * evtag_unmarshal_int() for an integer of 64 bits.
 *
 * @param evbuf the buffer
 * @param need_tag the tag that the field must have
 * @param pinteger where to store the integer
 * @return the number of bytes that the integer took, or -1
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_int64(struct evbuffer *evbuf,
                          ev_uint32_t need_tag,
                          ev_uint64_t *pinteger);

/**
 * Removes a field whose payload has a known length.
 *
 * @param src the buffer
 * @param need_tag the tag that the field must have
 * @param data where to copy the payload
 * @param len the length that it must have
 * @return 0 on success; -1 if the tag or the length is another one, and as for
 *   evtag_unmarshal_header(); the payload then stays in the buffer
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_fixed(struct evbuffer *src,
                          ev_uint32_t need_tag,
                          void *data,
                          size_t len);

/**
 * Removes a field of text.
 *
 * @param evbuf the buffer
 * @param need_tag the tag that the field must have
 * @param pstring where to store the text, which the caller frees with free(), or with the function
 *   given to event_set_mem_functions(). A NUL follows the payload, which may itself contain NULs
 * @return 0 on success; -1, with nothing stored, if the tag is another one, if memory runs out,
 *   and as for evtag_unmarshal_header(); the payload then stays in the buffer
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_string(struct evbuffer *evbuf,
                           ev_uint32_t need_tag,
                           char **pstring);

/**
 * Removes a field of a time.
 *
 * @param evbuf the buffer
 * @param need_tag the tag that the field must have
 * @param ptv where to store the time; neither member is negative
 * @return 0 on success. -1, with the field removed, if the tag is another one or the payload does
 *   not hold two integers; -1 also as for evtag_unmarshal_header()
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_timeval(struct evbuffer *evbuf,
                            ev_uint32_t need_tag,
                            struct timeval *ptv);

#ifdef __cplusplus
}
#endif

#endif
