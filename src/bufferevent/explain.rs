//! What the loop calls for a bufferevent, as its program knows it: for statistics.

use core::ffi::{c_short, c_void};

use super::{Bev, callbacks, socket, tls};
use crate::base::stats::functions::Meaning;
use crate::ctypes::bufferevent::{bufferevent_data_cb, bufferevent_event_cb};
use crate::ctypes::event::EV_TIMEOUT;
use crate::support::thunk::Argument;

/// What a callback of the loop stands for, if it is a bufferevent's.
pub fn explain(function: *const (), argument: *mut c_void, what: c_short) -> Option<Meaning> {
    let bev = || -> Bev {
        // SAFETY: asked for functions that are installed with a bufferevent, which lives when they
        // are about to run.
        unsafe { Bev::from_raw(argument) }
    };
    if function == callbacks::deferred() {
        let data = data(bev().read_callback()).or_else(|| data(bev().write_callback()));
        return Some(Meaning {
            function: data.or_else(|| event(bev().event_callback())),
            role: "bufferevent, deferred",
        });
    }
    let kinds = [&socket::OPS, &tls::socket::OPS];
    let (reads, _) = kinds
        .iter()
        .filter_map(|ops| ops.stream)
        .flat_map(|transport| {
            [
                (true, transport.on_readable),
                (false, transport.on_writable),
            ]
        })
        .find(|(_, thunk)| thunk().function() as *const () == function)?;
    Some(if what & EV_TIMEOUT != 0 {
        Meaning {
            function: event(bev().event_callback()),
            role: "bufferevent, timeout",
        }
    } else if reads {
        Meaning {
            function: data(bev().read_callback()),
            role: "bufferevent, reading",
        }
    } else {
        Meaning {
            function: data(bev().write_callback()),
            role: "bufferevent, writing",
        }
    })
}

fn data(callback: bufferevent_data_cb) -> Option<*const ()> {
    callback.map(|callback| callback as *const ())
}

fn event(callback: bufferevent_event_cb) -> Option<*const ()> {
    callback.map(|callback| callback as *const ())
}
