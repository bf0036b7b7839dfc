//! One of the two ends: its bufferevents, and what has been written and read there.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::argument::{In, Required};
use crate::abi::bufferevent::callback::{bufferevent_setcb, bufferevent_trigger};
use crate::abi::bufferevent::control::{
    bufferevent_enable, bufferevent_set_max_single_read, bufferevent_set_max_single_write,
    bufferevent_set_timeouts, bufferevent_setwatermark,
};
use crate::abi::bufferevent::data::{bufferevent_read, bufferevent_write};
use crate::abi::bufferevent::layered::{bufferevent_filter_new, bufferevent_pair_new};
use crate::abi::bufferevent::limits::{
    bufferevent_remove_from_rate_limit_group, bufferevent_set_rate_limit,
};
use crate::abi::bufferevent::object::bufferevent_free;
use crate::abi::bufferevent::socket::bufferevent_socket_new;
use crate::base::BaseRef;
use crate::buffer::Buf;
use crate::bufferevent::Bev;
use crate::ctypes::bufferevent::{
    BEV_ERROR, BEV_OK, BEV_OPT_CLOSE_ON_FREE, BEV_OPT_DEFER_CALLBACKS, BEV_TRIG_DEFER_CALLBACKS,
    bufferevent_filter_result, bufferevent_flush_mode,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::opaque::evbuffer;
use crate::net::socket;

/// What filters change in each byte.
const MASK: u8 = 0x5a;
/// The most that a filter moves at once.
const STEP: usize = 100;

pub struct End {
    number: usize,
    /// The lowest first; empty when they are freed.
    layers: RefCell<Vec<Bev>>,
    /// How many bytes were written, and read.
    pub sent: Cell<usize>,
    pub received: Cell<usize>,
    /// It was told of an end or an error.
    pub ended: Cell<bool>,
}

/// A byte of what an end writes.
fn byte_at(number: usize, at: usize) -> u8 {
    (at * 7 + (at >> 8) + number) as u8
}

/// Moves some of the bytes, changed.
unsafe extern "C" fn change(
    src: *mut evbuffer,
    dst: *mut evbuffer,
    limit: isize,
    _: bufferevent_flush_mode,
    _: *mut c_void,
) -> bufferevent_filter_result {
    // SAFETY: two live buffers.
    let (Some(src), Some(dst)) = (unsafe { (Buf::new(src.cast()), Buf::new(dst.cast())) }) else {
        return BEV_ERROR;
    };
    let most = usize::try_from(limit).unwrap_or(STEP).min(STEP);
    let mut src = src.lock();
    let bytes: Vec<u8> = src
        .pieces()
        .flatten()
        .take(most)
        .map(|byte| byte ^ MASK)
        .collect();
    assert!(src.drain(bytes.len()).is_ok());
    drop(src);
    assert!(dst.lock().add(&bytes).is_ok());
    BEV_OK
}

/// Two ends that are connected, as the number says.
pub unsafe fn ends(base: BaseRef, kind: usize) -> [End; 2] {
    let mut options = BEV_OPT_CLOSE_ON_FREE;
    if kind & 1 != 0 {
        options |= BEV_OPT_DEFER_CALLBACKS;
    }
    let lowest = if kind & 2 != 0 {
        let mut pair = [ptr::null_mut(); 2];
        // SAFETY: room for two; they are live.
        unsafe {
            assert_eq!(
                bufferevent_pair_new(Some(base), options, pair.as_mut_ptr()),
                0
            );
            pair.map(|bev| Bev::new(bev).expect("one of the pair"))
        }
    } else {
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
        let fds = socket::pair(libc::AF_UNIX, kind, 0).expect("sockets");
        fds.map(|fd| bufferevent_socket_new(Some(base), fd, options).expect("memory"))
    };
    let number = Cell::new(0);
    lowest.map(|lowest| {
        let mut layers = vec![lowest];
        for layer in 0..(kind >> 2) % 3 {
            let through = (kind >> (4 + layer)) & 1 == 0;
            let filter = (!through).then_some(change as _);
            let under = Required::new(layers[layer]);
            // SAFETY: a live bufferevent that nobody else uses.
            let made = unsafe {
                bufferevent_filter_new(under, filter, filter, options, None, ptr::null_mut())
            };
            layers.push(made.expect("memory"));
        }
        let end = End {
            number: number.replace(1),
            layers: RefCell::new(layers),
            sent: Cell::new(0),
            received: Cell::new(0),
            ended: Cell::new(false),
        };
        end.set_callbacks(true);
        end
    })
}

impl End {
    pub fn top(&self) -> Option<Bev> {
        self.layers.borrow().last().copied()
    }

    pub fn layer(&self, number: usize) -> Option<Bev> {
        let layers = self.layers.borrow();
        layers.get(number.checked_rem(layers.len())?).copied()
    }

    pub fn set_callbacks(&self, any: bool) {
        let data = any.then_some(super::on_data as _);
        let event = any.then_some(super::on_event as _);
        let which = ptr::without_provenance_mut(self.number);
        if let Some(bev) = self.top() {
            // SAFETY: a live bufferevent.
            unsafe { bufferevent_setcb(Required::new(bev), data, data, event, which) };
        }
    }

    /// Writes so many bytes.
    pub fn write(&self, len: usize) {
        let Some(bev) = self.top() else { return };
        let sent = self.sent.get();
        let bytes: Vec<u8> = (sent..sent + len)
            .map(|at| byte_at(self.number, at))
            .collect();
        // Callbacks may write, too.
        self.sent.set(sent + len);
        // SAFETY: a live bufferevent, and bytes.
        let status = unsafe { bufferevent_write(Required::new(bev), bytes.as_ptr().cast(), len) };
        assert_eq!(status, 0);
    }

    /// Reads what is there, and returns how much it is: it is what the other end has written.
    pub fn read(&self, most: usize, other: &End) -> usize {
        let Some(bev) = self.top() else { return 0 };
        // Callbacks may read, too: what is there is looked at before anything can be called.
        let input = bev.input();
        let bytes: Vec<u8> = input
            .lock()
            .pieces()
            .flatten()
            .take(most)
            .copied()
            .collect();
        let start = self.received.get();
        assert!(
            start + bytes.len() <= other.sent.get(),
            "more than was written"
        );
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(
                *byte,
                byte_at(other.number, start + at),
                "at {}",
                start + at
            );
        }
        self.received.set(start + bytes.len());
        let mut room = vec![0_u8; bytes.len()];
        // SAFETY: a live bufferevent, and room.
        let got =
            unsafe { bufferevent_read(Required::new(bev), room.as_mut_ptr().cast(), room.len()) };
        assert_eq!(got, bytes.len());
        assert_eq!(room, bytes);
        got
    }

    fn each_layer(&self, action: impl Fn(Required<Bev>) -> c_int) {
        for layer in 0.. {
            if layer >= self.layers.borrow().len() {
                break;
            }
            let Some(bev) = self.layer(layer) else { break };
            action(Required::new(bev));
        }
    }

    pub fn enable_all(&self) {
        // SAFETY: a live bufferevent.
        self.each_layer(|bev| unsafe { bufferevent_enable(bev, EV_READ | EV_WRITE) });
    }

    /// Nothing holds it back any more.
    pub fn release(&self) {
        self.set_callbacks(true);
        // SAFETY: a live bufferevent; no limits are allowed.
        self.each_layer(|bev| unsafe {
            bufferevent_set_rate_limit(bev, ptr::null_mut());
            bufferevent_remove_from_rate_limit_group(bev);
            bufferevent_set_max_single_read(bev, 0);
            bufferevent_set_max_single_write(bev, 0);
            bufferevent_set_timeouts(bev, In::new(ptr::null()), In::new(ptr::null()));
            bufferevent_setwatermark(bev, EV_READ | EV_WRITE, 0, 0);
            // What was fewer than the low watermark is told with the next bytes, or now.
            bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
            0
        });
        self.enable_all();
    }

    /// Frees it, with all its layers.
    pub fn free(&self) {
        let top = self.top();
        self.layers.borrow_mut().clear();
        if let Some(bev) = top {
            // SAFETY: a live bufferevent, which is used no more.
            unsafe { bufferevent_free(Required::new(bev)) };
        }
    }
}
