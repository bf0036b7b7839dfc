//! Options of a base.

use core::ffi::c_int;

use libc::timeval;

use crate::abi::argument::{In, Str};
use crate::abi::convert::done;
use crate::base::config::{Config as event_config, DispatchLimits};
use crate::base::{BaseRef, EventBase};
use crate::support::{mm, time};

/// A new, empty description of what a base should be like.
///
/// @return the description, to be freed with event_config_free(), or NULL
///
/// Since 2.0.
#[unsafe(no_mangle)]
pub extern "C" fn event_config_new() -> Option<mm::Box<event_config>> {
    mm::Box::new(event_config::DEFAULT).ok()
}

/// Frees a description. Bases made from it go on.
///
/// # Safety
/// `cfg` came from event_config_new() and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_free(cfg: Option<mm::Box<event_config>>) {
    drop(cfg);
}

/// Forbids a method.
///
/// @param method the name, as event_base_get_method() gives it; one that is not known here is fine
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new(), `method` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_avoid_method(
    cfg: Option<&mut event_config>,
    method: Option<Str<'_>>,
) -> c_int {
    done(cfg.zip(method).is_some_and(|(config, method)| {
        config.avoid(method.c_str());
        true
    }))
}

/// Demands features of the method.
///
/// @param feature EV_FEATURE_* bits, all of which the method must have
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_require_features(
    cfg: Option<&mut event_config>,
    feature: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.features = feature;
        true
    }))
}

/// Sets flags, beside those set before.
///
/// @param flag EVENT_BASE_FLAG_* bits
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_flag(
    cfg: Option<&mut event_config>,
    flag: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.flags |= flag;
        true
    }))
}

/// Says how many processors the program means to use. No method here makes use of it.
///
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_num_cpus_hint(
    cfg: Option<&mut event_config>,
    cpus: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.cpus = cpus;
        true
    }))
}

/// Limits how long callbacks run before the loop looks for more urgent events.
///
/// @param max_interval look again after this time; NULL for no such limit
/// @param max_callbacks look again after so many callbacks; -1 for no such limit
/// @param min_priority don't limit callbacks whose priority is below this number
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `cfg` came from event_config_new(), `max_interval` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_max_dispatch_interval(
    cfg: Option<&mut event_config>,
    max_interval: In<timeval>,
    max_callbacks: c_int,
    min_priority: c_int,
) -> c_int {
    let interval = max_interval.get().map(time::from_timeval);
    done(cfg.is_some_and(|config| {
        config.limits = DispatchLimits::new(interval, max_callbacks, min_priority);
        true
    }))
}

/// Makes a base as described.
///
/// @param cfg the description, which may be freed at once, or NULL
/// @return the base, to be freed with event_base_free(), or NULL if no method meets the description
///
/// Since 2.0.
///
/// # Safety
/// `cfg` is NULL or came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_new_with_config(cfg: Option<&event_config>) -> Option<BaseRef> {
    EventBase::create(cfg.unwrap_or(&event_config::DEFAULT))
}
