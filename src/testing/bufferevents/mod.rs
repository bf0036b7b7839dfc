//! Any string of bytes, read as a program that uses two connected bufferevents: however it limits,
//! suspends, flushes and frees them, from callbacks as well, what is read at one end is what was
//! written to the other; and when nothing holds it back any more, all of it arrives.
//!
//! The two are sockets or a pair, with up to two filters on each. The clock stands still unless the
//! program moves it.

mod end;
mod steps;

use core::cell::{Cell, RefCell};
use core::ffi::{c_short, c_void};
use core::ptr::{self, NonNull};

use super::choices::Choices;
use crate::abi::argument::In;
use crate::abi::bufferevent::limits::{
    bufferevent_rate_limit_group_free, bufferevent_rate_limit_group_new, ev_token_bucket_cfg_free,
    ev_token_bucket_cfg_new,
};
use crate::abi::event::base::event_base_get_num_events;
use crate::abi::event::run::event_base_loopbreak;
use crate::base::config::Config;
use crate::base::{BaseRef, EventBase};
use crate::bufferevent::Bev;
use crate::bufferevent::limits::group::Group;
use crate::bufferevent::limits::token_bucket::Config as Limit;
use crate::ctypes::bufferevent::{BEV_EVENT_EOF, BEV_EVENT_ERROR};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::event::{
    EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_ADDED, EVENT_BASE_COUNT_VIRTUAL, EVLOOP_NONBLOCK,
};
use crate::support::mm;
use crate::support::shared::Ref;
use crate::support::time::{self, Micros, stopped};
use end::{End, ends};

const START: Micros = 1_000_000_000;
const MILLISECOND: Micros = 1000;
const SECOND: Micros = 1_000_000;
/// What has not arrived after so many loops in which nothing arrives never will.
const QUIET: u32 = 6;
/// A loop that goes on for longer is broken off.
const MOST_CALLBACKS: u32 = 60;

std::thread_local! {
    static CURRENT: Cell<*const World<'static>> = const { Cell::new(ptr::null()) };
}

struct World<'a> {
    base: BaseRef,
    ends: [End; 2],
    choices: RefCell<Choices<'a>>,
    limits: [NonNull<Limit>; 3],
    group: Ref<Group>,
    /// Callbacks of the running loop.
    callbacks: Cell<u32>,
}

/// The program that the callback belongs to.
fn world() -> &'static World<'static> {
    // SAFETY: set for as long as the bufferevents live.
    unsafe { &*CURRENT.get() }
}

unsafe extern "C" fn on_data(bev: *mut bufferevent, which: *mut c_void) {
    called(bev, which);
}

unsafe extern "C" fn on_event(bev: *mut bufferevent, what: c_short, which: *mut c_void) {
    if what & (BEV_EVENT_EOF | BEV_EVENT_ERROR) != 0 {
        world().ends[which as usize].ended.set(true);
    }
    called(bev, which);
}

fn called(bev: *mut bufferevent, which: *mut c_void) {
    let world = world();
    let end = &world.ends[which as usize];
    assert_eq!(
        end.top().map(Bev::as_ptr),
        Some(bev),
        "called after its end"
    );
    world.count_callback();
    for _ in 0..world.byte() % 3 {
        world.step();
    }
}

impl World<'_> {
    fn byte(&self) -> usize {
        self.choices.borrow_mut().byte()
    }

    fn below(&self, limit: usize) -> usize {
        self.choices.borrow_mut().below(limit)
    }

    /// A read callback that leaves the input at its high watermark is called again and again.
    fn count_callback(&self) {
        self.callbacks.set(self.callbacks.get() + 1);
        if self.callbacks.get() > MOST_CALLBACKS {
            // SAFETY: a live base.
            unsafe { event_base_loopbreak(Some(self.base)) };
        }
    }

    fn run_loop(&self) {
        self.callbacks.set(0);
        self.base.run(EVLOOP_NONBLOCK);
    }

    fn pass_time(&self, time: Micros) {
        stopped::set(stopped::now().map(|now| now + time));
    }

    /// Lifts every limit, and has all that was written arrive.
    fn settle(&self) {
        for end in &self.ends {
            end.release();
        }
        let mut quiet = 0;
        while quiet < QUIET {
            self.run_loop();
            self.pass_time(SECOND);
            let mut arrived = 0;
            for (i, end) in self.ends.iter().enumerate() {
                arrived += end.read(usize::MAX, &self.ends[1 - i]);
                // A timeout disables what it is of.
                end.enable_all();
            }
            quiet = if arrived == 0 { quiet + 1 } else { 0 };
        }
        let [a, b] = &self.ends;
        let whole = |end: &End| end.top().is_some() && !end.ended.get();
        if whole(a) && whole(b) {
            assert_eq!(a.received.get(), b.sent.get(), "on the way to the first");
            assert_eq!(b.received.get(), a.sent.get(), "on the way to the second");
        }
    }
}

/// A limit of so many bytes for each millisecond.
fn limit(rate: usize, burst: usize) -> NonNull<Limit> {
    let tick = time::to_timeval(MILLISECOND);
    // SAFETY: a value to read.
    let made =
        unsafe { ev_token_bucket_cfg_new(rate, burst, rate, burst, In::new(&raw const tick)) };
    made.expect("memory").into_raw()
}

pub fn run(input: &[u8]) {
    // SAFETY: a plain call.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    stopped::set(Some(START));
    let choices = RefCell::new(Choices(input));
    let base = EventBase::create(&Config::DEFAULT).expect("memory");
    let limits = [limit(1, 1), limit(10, 50), limit(1000, 1000)];
    // SAFETY: live objects, each freed below by what it is freed by.
    unsafe {
        let group = bufferevent_rate_limit_group_new(Some(base), Some(limits[1].as_ref()));
        let kind = choices.borrow_mut().byte();
        let world = World {
            base,
            ends: ends(base, kind),
            choices,
            limits,
            group: group.expect("memory"),
            callbacks: Cell::new(0),
        };
        CURRENT.set((&raw const world).cast());
        while !world.choices.borrow().0.is_empty() {
            if world.byte().is_multiple_of(4) {
                world.run_loop();
            } else {
                world.step();
            }
        }
        world.settle();
        for end in &world.ends {
            end.free();
        }
        world.run_loop();
        bufferevent_rate_limit_group_free(group);
        world.run_loop();
        let kinds = EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE | EVENT_BASE_COUNT_VIRTUAL;
        assert_eq!(event_base_get_num_events(Some(base), kinds), 0);
        CURRENT.set(ptr::null());
        EventBase::destroy(base.as_non_null(), false);
        for limit in limits {
            ev_token_bucket_cfg_free(Some(mm::Box::from_raw(limit)));
        }
    }
    stopped::set(None);
}
