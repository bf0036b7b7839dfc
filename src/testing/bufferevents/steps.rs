//! What the program does, step by step.

use core::ffi::{c_int, c_short};

use super::{MILLISECOND, SECOND, World};
use crate::abi::argument::{In, Required};
use crate::abi::bufferevent::callback::bufferevent_trigger;
use crate::abi::bufferevent::control::{
    bufferevent_disable, bufferevent_enable, bufferevent_set_max_single_read,
    bufferevent_set_max_single_write, bufferevent_set_timeouts, bufferevent_setwatermark,
};
use crate::abi::bufferevent::data::bufferevent_flush;
use crate::abi::bufferevent::limits::{
    bufferevent_add_to_rate_limit_group, bufferevent_decrement_read_limit,
    bufferevent_decrement_write_limit, bufferevent_get_max_to_read, bufferevent_get_max_to_write,
    bufferevent_remove_from_rate_limit_group, bufferevent_set_rate_limit,
};
use crate::abi::bufferevent::object::{
    bufferevent_decref, bufferevent_incref, bufferevent_priority_set,
};
use crate::ctypes::bufferevent::{
    BEV_FLUSH, BEV_NORMAL, BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::time;

impl World<'_> {
    /// Reading, writing or both.
    fn directions(&self) -> c_short {
        [EV_READ, EV_WRITE, EV_READ | EV_WRITE][self.byte() % 3]
    }

    /// A number of bytes, often a small one.
    fn amount(&self) -> usize {
        match self.byte() % 8 {
            0 => 0,
            1..5 => self.byte(),
            5 | 6 => self.below(5000),
            _ => self.below(0x1_0000) * 4,
        }
    }

    pub fn step(&self) {
        let which = self.byte();
        let (end, other) = (&self.ends[which & 1], &self.ends[1 - (which & 1)]);
        let Some(bev) = end.layer(which >> 1) else {
            return;
        };
        let (bev, is_top) = (Required::new(bev), Some(bev) == end.top());
        // SAFETY: a live bufferevent.
        unsafe {
            match self.byte() % 24 {
                0..4 => end.write(self.amount()),
                4..7 => {
                    end.read(self.amount(), other);
                }
                7 => {
                    end.read(usize::MAX, other);
                }
                8..10 => {
                    bufferevent_enable(bev, self.directions());
                }
                10 => {
                    bufferevent_disable(bev, self.directions());
                }
                11 | 12 => {
                    let (low, high) = (self.amount(), self.amount());
                    bufferevent_setwatermark(bev, self.directions(), low, high);
                }
                13 => {
                    let limit = self.limits.get(self.byte() % 4);
                    let limit = limit.map_or(core::ptr::null_mut(), |limit| limit.as_ptr());
                    assert_eq!(bufferevent_set_rate_limit(bev, limit), 0);
                }
                14 => {
                    let status = match self.byte() % 3 {
                        0 => bufferevent_remove_from_rate_limit_group(bev),
                        _ => bufferevent_add_to_rate_limit_group(bev, Some(self.group)),
                    };
                    assert_eq!(status, 0);
                }
                15 => {
                    let mode = [BEV_NORMAL, BEV_FLUSH][self.byte() % 2];
                    // Fails where the other one of a pair is freed.
                    bufferevent_flush(bev, self.directions(), mode);
                }
                16 => {
                    let size = self.amount();
                    assert_eq!(bufferevent_set_max_single_read(bev, size), 0);
                    assert_eq!(bufferevent_set_max_single_write(bev, self.amount()), 0);
                }
                17 => {
                    let options = [
                        0,
                        BEV_TRIG_DEFER_CALLBACKS,
                        BEV_TRIG_IGNORE_WATERMARKS,
                        BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS,
                    ];
                    let options: c_int = options[self.byte() % 4];
                    bufferevent_trigger(bev, self.directions(), options);
                }
                18 => {
                    let amount = self.amount() as isize - 50;
                    if self.byte().is_multiple_of(4) {
                        bufferevent_decrement_read_limit(bev, amount);
                        bufferevent_decrement_write_limit(bev, amount);
                    }
                    assert!(bufferevent_get_max_to_read(bev) >= 0);
                    assert!(bufferevent_get_max_to_write(bev) >= 0);
                }
                19 => {
                    let tv = time::to_timeval(MILLISECOND * (1 + self.byte() as i64));
                    let tv = match self.byte() % 2 {
                        0 => core::ptr::null(),
                        _ => &raw const tv,
                    };
                    bufferevent_set_timeouts(bev, In::new(tv), In::new(tv));
                }
                20 => end.set_callbacks(self.byte().is_multiple_of(2)),
                21 => {
                    bufferevent_incref(bev);
                    if is_top && self.byte().is_multiple_of(8) {
                        end.free();
                    }
                    bufferevent_decref(bev);
                }
                22 => {
                    bufferevent_priority_set(bev, 0);
                }
                _ => self.pass_time([0, MILLISECOND, 10 * MILLISECOND, SECOND][self.byte() % 4]),
            }
        }
    }
}
