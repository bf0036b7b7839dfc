//! `event_config`: what a base should be like.

use core::ffi::{CStr, c_int};

use crate::backend::Method;
use crate::support::time::Micros;

/// What to look for in a base. Opaque to C.
pub struct Config {
    /// By the order of `Method::ALL`.
    avoided: [bool; Method::ALL.len()],
    /// `EV_FEATURE_*` bits that the method must have.
    pub features: c_int,
    /// `EVENT_BASE_FLAG_*` bits.
    pub flags: c_int,
    pub limits: DispatchLimits,
    /// A hint that nothing makes use of.
    pub cpus: c_int,
}

/// How long callbacks may run before descriptors are looked at again.
#[derive(Clone, Copy)]
pub struct DispatchLimits {
    /// So long.
    pub interval: Option<Micros>,
    /// So many.
    pub callbacks: c_int,
    /// Priorities above (that is, below in number) are not limited.
    pub above_priority: c_int,
}

impl DispatchLimits {
    pub const NONE: DispatchLimits = DispatchLimits {
        interval: None,
        callbacks: c_int::MAX,
        above_priority: c_int::MAX,
    };

    pub fn new(interval: Option<Micros>, callbacks: c_int, priority: c_int) -> DispatchLimits {
        let callbacks = if callbacks < 0 { c_int::MAX } else { callbacks };
        if interval.is_none() && callbacks == c_int::MAX {
            return DispatchLimits::NONE;
        }
        DispatchLimits {
            interval,
            callbacks,
            above_priority: priority.max(0),
        }
    }
}

impl Config {
    pub const DEFAULT: Config = Config {
        avoided: [false; Method::ALL.len()],
        features: 0,
        flags: 0,
        limits: DispatchLimits::NONE,
        cpus: 0,
    };

    /// Never use the method of this name. Other platforms' names are fine and change nothing.
    pub fn avoid(&mut self, name: &CStr) {
        for (method, avoided) in Method::ALL.iter().zip(&mut self.avoided) {
            *avoided |= method.name() == name;
        }
    }

    pub fn avoids(&self, method: Method) -> bool {
        Method::ALL
            .iter()
            .zip(self.avoided)
            .any(|(known, avoided)| *known == method && avoided)
    }
}
