//! Of `<event2/bufferevent.h>`: rate limits.

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::abi::argument::{Const, In, Out, Required};
use crate::base::BaseRef;
use crate::bufferevent::Bev;
use libc::timeval;

use crate::abi::convert::{locked, status};
use crate::bufferevent::limits::group::{
    Group as bufferevent_rate_limit_group, create, join, leave,
};
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::limits::token_bucket::{Config as ev_token_bucket_cfg, Direction};
use crate::ctypes::util::ev_ssize_t;
use crate::support::mm;
use crate::support::shared::{Ref, Shared};
use crate::sys::Errno;

/// Describes a rate limit. Bytes are counted per tick: each tick allows for as many as the rate
/// says, and what is not used can be used later, up to the burst.
///
/// @param read_rate bytes read per tick, from 1 on
/// @param read_burst the most bytes read in one tick: from the rate to EV_RATE_LIMIT_MAX
/// @param write_rate bytes written per tick, from 1 on
/// @param write_burst the most bytes written in one tick: from the rate to EV_RATE_LIMIT_MAX
/// @param tick_len how long a tick is, in whole milliseconds and at least one; NULL for a second
/// @return the description, to be freed by ev_token_bucket_cfg_free(); NULL for other numbers and
///   without memory
///
/// # Safety
/// `tick_len` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_token_bucket_cfg_new(
    read_rate: usize,
    read_burst: usize,
    write_rate: usize,
    write_burst: usize,
    tick_len: In<timeval>,
) -> Option<mm::Box<ev_token_bucket_cfg>> {
    let (read, write) = ((read_rate, read_burst), (write_rate, write_burst));
    let config = ev_token_bucket_cfg::new(read, write, tick_len.get())?;
    mm::Box::new(config).ok()
}

/// Frees a description. No bufferevent may have it as its limit any more; groups may.
///
/// # Safety
/// `cfg` is NULL or came from ev_token_bucket_cfg_new(), and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_token_bucket_cfg_free(cfg: Option<mm::Box<ev_token_bucket_cfg>>) {
    drop(cfg);
}

/// Limits how fast a bufferevent reads and writes, or removes that limit. Bufferevents on sockets
/// and those with TLS honour it. A changed limit keeps the tokens left from the previous one.
///
/// @param bev the bufferevent
/// @param cfg the limit, which must remain valid until the bufferevent gets another one or is
///   freed; NULL for none
/// @return 0; -1 without memory or without a base
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_rate_limit(
    bev: Required<Bev>,
    cfg: *mut ev_token_bucket_cfg,
) -> c_int {
    locked(*bev, |bev| ratelimit::set(bev, NonNull::new(cfg)))
}

/// Makes a group, whose members share a rate limit.
///
/// @param base the base whose loop keeps time for the group; members may have other bases
/// @param cfg the limit, of which the group makes a copy
/// @return the group, to be freed by bufferevent_rate_limit_group_free(); NULL without memory
///
/// # Safety
/// `base` outlives the group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_new(
    base: Option<BaseRef>,
    cfg: Option<&ev_token_bucket_cfg>,
) -> Option<Ref<bufferevent_rate_limit_group>> {
    base.zip(cfg)
        .and_then(|(base, config)| create(&base, config))
}

/// Changes the limit of a group.
///
/// @param group the group
/// @param cfg the new limit, of which the group makes a copy
/// @return 0; -1 for NULL or without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_set_cfg(
    group: Option<Ref<bufferevent_rate_limit_group>>,
    cfg: Option<&ev_token_bucket_cfg>,
) -> c_int {
    match group.zip(cfg) {
        Some((group, config)) => locked(group, |group| group.set_config(config)),
        None => -1,
    }
}

/// Sets the least that a member of a group may move at once, so that many members on a narrow
/// limit don't send tiny packets: 64 bytes unless set otherwise, and never more than a tick
/// allows for.
///
/// @param group the group
/// @param size the bytes, at most EV_RATE_LIMIT_MAX
/// @return 0; -1 for more than that
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_set_min_share(
    group: Option<Ref<bufferevent_rate_limit_group>>,
    size: usize,
) -> c_int {
    match group.map(Ref::hold) {
        Some(group) if isize::try_from(size).is_ok() => {
            group.set_min_share(size);
            0
        }
        _ => -1,
    }
}

/// Frees a group. The remaining members continue without its limit.
///
/// # Safety
/// `group` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_free(
    group: Option<Ref<bufferevent_rate_limit_group>>,
) {
    if let Some(group) = group.map(Ref::hold) {
        group.free();
    }
}

/// Makes a bufferevent a member of a group, removing it from any other. It can also have a limit of
/// its own.
///
/// @param bev the bufferevent
/// @param group the group; NULL for none
/// @return 0; -1 without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_add_to_rate_limit_group(
    bev: Required<Bev>,
    group: Option<Ref<bufferevent_rate_limit_group>>,
) -> c_int {
    locked(*bev, |bev| match group {
        Some(group) => join(bev, group),
        None => {
            leave(bev);
            Ok(())
        }
    })
}

/// Removes a bufferevent from its group, if it is in one.
///
/// @return 0
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_remove_from_rate_limit_group(bev: Required<Bev>) -> c_int {
    leave(&bev.hold());
    0
}

/// Returns how many bytes a bufferevent's own limit lets it read before the next tick. The number
/// is negative if it has read more than the limit.
///
/// @return the bytes; EV_SSIZE_MAX without such a limit
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_read_limit(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::level(&bev.hold(), Direction::Read)
}

/// Returns how many bytes a bufferevent's own limit lets it write before the next tick. The number
/// is negative if it has written more than the limit.
///
/// @return the bytes; EV_SSIZE_MAX without such a limit
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_write_limit(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::level(&bev.hold(), Direction::Write)
}

/// Returns how many bytes a bufferevent would read at once now, given its limit, its group's and
/// bufferevent_set_max_single_read().
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_to_read(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_to_read(&bev.hold()) as ev_ssize_t
}

/// Returns how many bytes a bufferevent would write at once now, given its limit, its group's and
/// bufferevent_set_max_single_write().
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_to_write(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_to_write(&bev.hold()) as ev_ssize_t
}

/// Returns the limit given to bufferevent_set_rate_limit().
///
/// @return the description; NULL if there is no limit
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_token_bucket_cfg(
    bev: Const<Required<Bev>>,
) -> *const ev_token_bucket_cfg {
    ratelimit::config(*bev.hold())
}

/// Returns how many bytes the limit of a group lets its members read before the next tick. The
/// number is negative if they have read more than the limit.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_read_limit(
    group: Option<Ref<bufferevent_rate_limit_group>>,
) -> ev_ssize_t {
    group
        .map(Ref::hold)
        .map_or(0, |group| group.level(Direction::Read))
}

/// Returns how many bytes the limit of a group lets its members write before the next tick. The
/// number is negative if they have written more than the limit.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_write_limit(
    group: Option<Ref<bufferevent_rate_limit_group>>,
) -> ev_ssize_t {
    group
        .map(Ref::hold)
        .map_or(0, |group| group.level(Direction::Write))
}

/// Counts bytes against a bufferevent's own read limit as if it had read them, and suspends or
/// resumes reading accordingly. Its group is not affected.
///
/// @param bev the bufferevent
/// @param decr the number of bytes; negative to allow more
/// @return 0; -1 if it has no limit of its own
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decrement_read_limit(
    bev: Required<Bev>,
    decr: ev_ssize_t,
) -> c_int {
    locked(*bev, |bev| ratelimit::decrement(bev, Direction::Read, decr))
}

/// Counts bytes against a bufferevent's own write limit as if it had written them; see
/// bufferevent_decrement_read_limit().
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decrement_write_limit(
    bev: Required<Bev>,
    decr: ev_ssize_t,
) -> c_int {
    locked(*bev, |bev| {
        ratelimit::decrement(bev, Direction::Write, decr)
    })
}

/// Counts bytes against the read limit of a group as if its members had read them, and suspends or
/// resumes reading accordingly. The totals are not affected.
///
/// @param group the group
/// @param decr the number of bytes; negative to allow more
/// @return 0; -1 for NULL
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_decrement_read(
    group: Option<Ref<bufferevent_rate_limit_group>>,
    decr: ev_ssize_t,
) -> c_int {
    let group = group.map(Ref::hold);
    status(
        group
            .ok_or(Errno::INVAL)
            .map(|group| group.decrement(Direction::Read, decr)),
    )
}

/// Counts bytes against the write limit of a group as if its members had written them; see
/// bufferevent_rate_limit_group_decrement_read().
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_decrement_write(
    group: Option<Ref<bufferevent_rate_limit_group>>,
    decr: ev_ssize_t,
) -> c_int {
    let group = group.map(Ref::hold);
    status(
        group
            .ok_or(Errno::INVAL)
            .map(|group| group.decrement(Direction::Write, decr)),
    )
}

/// Returns how many bytes the members of a group have read and written while they were members.
///
/// @param group the group
/// @param total_read_out where to store how many were read, or NULL
/// @param total_written_out where to store how many were written, or NULL
///
/// # Safety
/// The pointers are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_totals(
    group: Option<Ref<bufferevent_rate_limit_group>>,
    total_read_out: Out<u64>,
    total_written_out: Out<u64>,
) {
    let Some(group) = group.map(Ref::hold) else {
        return;
    };
    total_read_out.set(group.total(Direction::Read));
    total_written_out.set(group.total(Direction::Write));
}

/// Resets the totals of bufferevent_rate_limit_group_get_totals() to zero.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_reset_totals(
    group: Option<Ref<bufferevent_rate_limit_group>>,
) {
    if let Some(group) = group.map(Ref::hold) {
        group.reset_totals();
    }
}
