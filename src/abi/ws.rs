//! `<event2/ws.h>`: WebSocket.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self};

use crate::abi::argument::{Required, Str};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::ws::{ws_on_close_cb, ws_on_msg_cb};
use crate::http::request::Req;
use crate::http::ws;
use crate::http::ws::frame::Opcode;
use crate::http::ws::session::{Session as evws_connection, Wishes};
use crate::support::thunk::Ref;

/// Answers a request for a WebSocket session, and begins the session. To be called in the callback
/// of the request, or later in its place of a reply.
///
/// The request is used up, whatever comes of it. When it asks for no session, the client is told
/// (400, or 426 for another version of the protocol). Of the protocols that the client offers in
/// Sec-WebSocket-Protocol the first is chosen, unless the program has added that header to the
/// request's output headers. With the session, the evhttp_connection ends, without its close callback;
/// the session belongs to the evhttp, which frees it if the program doesn't before.
///
/// Pings are answered. A message may have 10 MiB. If the evhttp has a timeout, a client that is quiet
/// for so long is sent a ping, and is gone if it does not answer in time.
///
/// @param req the request
/// @param cb what to call with each message
/// @param arg the callback's argument
/// @param options BEV_OPT_THREADSAFE if several threads use the session, which they may once the
///   request's callback has returned to the loop; other options mean nothing here
/// @return the session; NULL if there is none, and without memory. Since 2.2
///
/// # Safety
/// `cb` can be called with `arg` as long as there is the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_new_session(
    req: Required<Req>,
    cb: ws_on_msg_cb,
    arg: *mut c_void,
    options: c_int,
) -> Option<Ref<evws_connection>> {
    let wishes = Wishes {
        on_message: cb,
        argument: arg,
        options,
    };
    ws::accept(*req, wishes)
}

/// Sends a message of text, which has to be UTF-8. Nothing is sent when the session is closing.
/// Since 2.2.
///
/// # Safety
/// `packet_str` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_send_text(evws: Option<Ref<evws_connection>>, packet_str: Str<'_>) {
    let (evws, text) = (evws, packet_str.bytes());
    if let Some(evws) = evws {
        evws.send(Opcode::Text, text);
    }
}

/// Sends a message of any bytes. Nothing is sent when the session is closing. Since 2.2.
///
/// # Safety
/// `packet_data` has `packet_len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_send_binary(
    evws: Option<Ref<evws_connection>>,
    packet_data: *const c_char,
    packet_len: usize,
) {
    let data = match packet_len {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { core::slice::from_raw_parts(packet_data.cast(), packet_len) },
    };
    if let Some(evws) = evws {
        evws.send(Opcode::Binary, data);
    }
}

/// Closes a session: says so to the client, and ends the session when the client has said the same,
/// has gone, or has done neither in 3 seconds. No more messages are delivered. The close callback
/// runs at the end. A second call does nothing.
///
/// @param evws the session
/// @param reason one of WS_CR_*, or another code of RFC 6455; 0 tells none. Since 2.2
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_close(evws: Option<Ref<evws_connection>>, reason: u16) {
    if let Some(evws) = evws {
        evws.close(reason);
    }
}

/// Sets what is called when the session ends, however that comes, once. Since 2.2.
///
/// # Safety
/// `cb` can be called with `cbarg` as long as there is the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_connection_set_closecb(
    evws: Option<Ref<evws_connection>>,
    cb: ws_on_close_cb,
    cbarg: *mut c_void,
) {
    if let Some(evws) = evws {
        evws.set_on_close(cb, cbarg);
    }
}

/// Ends a session at once, without a word to the client; the close callback runs. It may be called
/// in every callback of the session. Since 2.2.
///
/// # Safety
/// The session is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_connection_free(evws: Option<Ref<evws_connection>>) {
    if let Some(evws) = evws {
        evws.free();
    }
}

/// Returns the bufferevent below a session, to which it belongs: its callbacks, its input and what is
/// written to it are the session's. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_connection_get_bufferevent(
    evws: Option<Ref<evws_connection>>,
) -> *mut bufferevent {
    evws.map_or(ptr::null_mut(), |evws| evws.bufferevent())
}
