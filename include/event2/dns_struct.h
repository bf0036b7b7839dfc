/* Made from src/ctypes/dns_struct.rs and src/abi/headers/dns_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_DNS_STRUCT_H_INCLUDED_
#define EVENT2_DNS_STRUCT_H_INCLUDED_

/*
 * event2/dns_struct.h: what a DNS server sees of a request.
 */

#include <event2/event-config.h>
#include <event2/util.h>

#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evdns_server_question;

/**
 * A question to a DNS server of ours, and the answer that is being made. More lies behind what is
 * declared here: never make or copy one.
 */
struct evdns_server_request {
    /** The flags of the answer, EVDNS_FLAGS_*; see evdns_server_request_set_flags(). */
    int flags;
    /** How many questions there are, at least one. */
    int nquestions;
    /** The questions. */
    struct evdns_server_question **questions;
};

/** One question of a request. */
struct evdns_server_question {
    /** The type of records that are wanted, EVDNS_TYPE_* or EVDNS_QTYPE_*. */
    int type;
    /**
     * The class of records that are wanted, EVDNS_CLASS_INET. Its name is dns_question_class; in C it
     * is also known as class.
     */
#ifdef __cplusplus
    int dns_question_class;
#else
    int class;
#define dns_question_class class
#endif
    /** The name, NUL-terminated, with the case of its letters as it was asked. */
    char name[1];
};

#ifdef __cplusplus
}
#endif

#endif
