//! `<event2/event.h>`: the event loop.

use crate::base::BaseRef;
use crate::base::handle::Ev;
use crate::support::log;
use crate::sys::{self, Errno};

pub mod library;

pub mod config;

pub mod base;

pub mod run;

pub mod assign;

pub mod pending;

pub mod query;

/// The event and its base; a warning in the name of `function` if it has none.
fn event_and_base(ev: Option<Ev>, function: &str) -> sys::Result<(Ev, BaseRef)> {
    let ev = ev.ok_or(Errno::INVAL)?;
    let Some(base) = ev.base() else {
        log::warn(format_args!("{function}: the event has no event_base"));
        return Err(Errno::INVAL);
    };
    Ok((ev, base))
}
