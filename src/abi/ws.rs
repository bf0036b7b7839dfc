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

/// Accepts a request for a WebSocket session and starts the session. Call it in the callback of the
/// request or, instead of sending a reply, later.
///
/// The request is consumed in any case. If it is not a valid request for a session, the client gets
/// an error reply: 426 for an unsupported version of the protocol, otherwise 400. The first of the
/// protocols that the client offers in Sec-WebSocket-Protocol is chosen, unless the program has
/// added that header to the request's output headers. The session takes the place of the
/// evhttp_connection, whose close callback does not run; it belongs to the evhttp, which frees it
/// unless the program does so first.
///
/// Pings are answered. A message may be up to 10 MiB long. If the evhttp has a timeout, a client
/// that is silent for that long is sent a ping, and the session ends if the client does not answer
/// within the same time.
///
/// @param req the request
/// @param cb what to call with each message
/// @param arg the callback's argument
/// @param options BEV_OPT_THREADSAFE if several threads use the session, which they may do once the
///   request's callback has returned to the loop; other options are ignored
/// @return the session; NULL if the request was refused or memory runs out. Since 2.2
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

/// Sends a text message, which must be UTF-8. Nothing is sent while the session is closing. Since
/// 2.2.
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

/// Sends a binary message. Nothing is sent while the session is closing. Since 2.2.
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

/// Closes a session: sends a close frame, and ends the session when the client has answered with
/// one or disconnected, or after 3 seconds. No more messages are delivered. The close callback runs
/// at the end. A second call does nothing.
///
/// @param evws the session
/// @param reason one of WS_CR_*, or another code of RFC 6455; 0 sends none. Since 2.2
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_close(evws: Option<Ref<evws_connection>>, reason: u16) {
    if let Some(evws) = evws {
        evws.close(reason);
    }
}

/// Sets the callback that runs once when the session ends, for whatever reason. Since 2.2.
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

/// Ends a session at once, without a close frame; the close callback runs. It may be called in any
/// callback of the session. Since 2.2.
///
/// # Safety
/// The session is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_connection_free(evws: Option<Ref<evws_connection>>) {
    if let Some(evws) = evws {
        evws.free();
    }
}

/// Returns the underlying bufferevent of a session, which the session owns: its callbacks, input
/// and output are not for the program to use. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evws_connection_get_bufferevent(
    evws: Option<Ref<evws_connection>>,
) -> *mut bufferevent {
    evws.map_or(ptr::null_mut(), |evws| evws.bufferevent())
}
