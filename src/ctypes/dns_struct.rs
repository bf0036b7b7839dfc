//! `<event2/dns_struct.h>`: what programs see of a question.

use core::ffi::{c_char, c_int};
use core::mem::offset_of;

/// A question to a DNS server of ours, and the answer that is being made. More lies behind what is
/// declared here: never make or copy one.
#[repr(C)]
pub struct evdns_server_request {
    /// The flags of the answer, EVDNS_FLAGS_*; see evdns_server_request_set_flags().
    pub flags: c_int,
    /// How many questions there are, at least one.
    pub nquestions: c_int,
    /// The questions.
    pub questions: *mut *mut evdns_server_question,
}

/// One question.
/// cbindgen:no-export
#[repr(C)]
pub struct evdns_server_question {
    pub r#type: c_int,
    pub class: c_int,
    /// Goes on behind the struct.
    pub name: [c_char; 1],
}

const _: () = {
    assert!(size_of::<evdns_server_request>() == 8 + size_of::<usize>());
    assert!(offset_of!(evdns_server_request, nquestions) == 4);
    assert!(offset_of!(evdns_server_request, questions) == 8);
    assert!(size_of::<evdns_server_question>() == 12);
    assert!(offset_of!(evdns_server_question, class) == 4);
    assert!(offset_of!(evdns_server_question, name) == 8);
};
