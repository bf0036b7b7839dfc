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
 * Removes the tag and the length of the first field, so that its payload is what comes first.
 *
 * @param evbuf the buffer
 * @param ptag where to store the tag, or NULL
 * @return the length of the payload. -1 if the tag or the length is wrong, the length is above
 *   INT_MAX or the payload is not there wholly; what is correct of tag and length is removed then,
 *   the payload is not
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_header(struct evbuffer *evbuf, ev_uint32_t *ptag);

/**
 * Appends a field.
 *
 * @param evbuf the buffer
 * @param tag the tag
 * @param data the payload; may be NULL if len is 0
 * @param len its length in bytes. What is longer than INT_MAX cannot be read by evtag_unmarshal()
 *
 * Without memory nothing is appended; the length of the buffer tells.
 */
EVENT2_EXPORT_SYMBOL
void evtag_marshal(struct evbuffer *evbuf,
                   ev_uint32_t tag,
                   const void *data,
                   ev_uint32_t len);

/**
 * Appends a field whose payload is all that another buffer holds. The bytes are moved, not copied:
 * the other buffer is empty afterwards.
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
 * Appends a field of a time: seconds and microseconds, each cut to 32 bits without a sign.
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
 * Reads the tag of the first field, and leaves it where it is.
 *
 * @param evbuf the buffer
 * @param ptag where to store the tag, or NULL
 * @return the number of bytes that the tag takes; -1 if there is no correct tag
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek(struct evbuffer *evbuf, ev_uint32_t *ptag);

/**
 * Reads how long the first field is, with its tag and its length, and leaves it where it is.
 *
 * @param evbuf the buffer
 * @param plength where to store the number of bytes; they need not be there yet
 * @return 0 on success; -1 if there is no correct tag and length, or the length is above INT_MAX
 */
EVENT2_EXPORT_SYMBOL
int evtag_peek_length(struct evbuffer *evbuf, ev_uint32_t *plength);

/**
 * Reads how long the payload of the first field is, and leaves the field where it is.
 *
 * @param evbuf the buffer
 * @param plength where to store the number of bytes; they need not be there yet
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
 * @return the number of bytes that the integer took. -1 for another tag, which is removed then;
 *   if the payload is not there wholly, tag and length are removed; if it holds no integer of
 *   32 bits, the whole field
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
 * @return 0 on success; -1 for another tag or length, and as for evtag_unmarshal_header(). The
 *   payload stays then
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
 *   of event_set_mem_functions(). A NUL follows the payload, which may have others inside
 * @return 0 on success; -1, with nothing stored, for another tag, without memory, and as for
 *   evtag_unmarshal_header(). The payload stays then
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
 * @param ptv where to store the time; both its numbers are at least 0
 * @return 0 on success. -1, with the field removed, for another tag or if the payload holds no two
 *   integers; -1 as for evtag_unmarshal_header()
 */
EVENT2_EXPORT_SYMBOL
int evtag_unmarshal_timeval(struct evbuffer *evbuf,
                            ev_uint32_t need_tag,
                            struct timeval *ptv);

#ifdef __cplusplus
}
#endif

#endif
