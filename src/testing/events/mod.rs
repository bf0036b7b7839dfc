//! Any string of bytes, read as a program that uses events: what the loop calls, when and in which
//! order is what [`model`] says.
//!
//! The program adds, deletes, activates, finalizes and frees events, from callbacks as well, with
//! every kind of timeout and priority, on descriptors that it closes, replaces and duplicates,
//! sometimes under the events that wait for them. The clock stands still unless the program moves
//! it, and where the loop would sleep a prepare watcher moves it to the end of the wait.

mod descriptors;
mod known;
mod model;
mod steps;

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char, c_int, c_short, c_void};
use core::ptr;
use std::sync::{Mutex, PoisonError};

use libc::timeval;

use super::choices::Choices;
use crate::abi::argument::{In, Str};
use crate::abi::event::base::{
    event_base_free, event_base_get_num_events, event_base_init_common_timeout,
    event_base_priority_init,
};
use crate::abi::event::config::{
    event_base_new_with_config, event_config_avoid_method, event_config_set_flag,
    event_config_set_max_dispatch_interval,
};
use crate::abi::event::library::event_set_log_callback;
use crate::abi::event::run::{event_base_get_running_event, event_base_loop, event_base_loopbreak};
use crate::abi::watch::{evwatch_check_new, evwatch_prepare_get_timeout, evwatch_prepare_new};
use crate::backend::Method;
use crate::base::BaseRef;
use crate::base::config::Config;
use crate::ctypes::event::{
    EV_FINALIZE, EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_ADDED, EVENT_BASE_FLAG_NO_CACHE_TIME,
    EVENT_LOG_ERR, EVLOOP_NONBLOCK, EVLOOP_ONCE,
};
use crate::ctypes::event_struct::event;
use crate::ctypes::opaque::{event_base, evwatch};
use crate::ctypes::watch::{evwatch_check_cb_info, evwatch_prepare_cb_info};
use crate::support::mm;
use crate::support::time::{self, Micros, stopped};
use model::Model;

const START: Micros = 1_000_000_000;
const SECOND: Micros = 1_000_000;
/// A loop that goes on for longer is broken off.
const MOST_CALLBACKS: u32 = 60;
const MAX_ITERATIONS: u32 = 60;

/// Descriptors are numbered by the process, and the log is its own: one program at a time.
static ALONE: Mutex<()> = Mutex::new(());

std::thread_local! {
    static CURRENT: Cell<*const World<'static>> = const { Cell::new(ptr::null()) };
}

struct World<'a> {
    base: BaseRef,
    model: RefCell<Model>,
    choices: RefCell<Choices<'a>>,
    /// The marked durations of common timeouts, by their length.
    common: [(Micros, *const timeval); 2],
    /// The flags of the running loop.
    flags: Cell<c_int>,
    broken: Cell<bool>,
    callbacks: Cell<u32>,
    iterations: Cell<u32>,
    /// The base is being freed.
    ending: Cell<bool>,
}

/// The program that the callback belongs to.
fn world() -> &'static World<'static> {
    // SAFETY: set for as long as the base lives, and so its callbacks.
    unsafe { &*CURRENT.get() }
}

/// Warnings are a matter of course here.
unsafe extern "C" fn log_errors(severity: c_int, line: *const c_char) {
    if severity == EVENT_LOG_ERR {
        // SAFETY: the log passes a C string.
        eprintln!("{}", unsafe { CStr::from_ptr(line) }.to_string_lossy());
    }
}

unsafe extern "C" fn called(fd: c_int, what: c_short, i: *mut c_void) {
    let world = world();
    let i = i as usize;
    {
        let mut model = world.model.borrow_mut();
        assert_eq!(model.run(i, what), what, "{:?}", model.events[i]);
        let event = model.events[i].as_ref().unwrap();
        assert!(!event.finalizing);
        assert_eq!(event.fd, fd);
        // SAFETY: a live base.
        let running = unsafe { event_base_get_running_event(Some(world.base)) };
        assert_eq!(running, event.ptr);
        model.check();
    }
    world.count_callback();
    let steps = world.byte() % 3;
    for _ in 0..steps {
        world.step(true);
    }
}

unsafe extern "C" fn finalized(event: *mut event, i: *mut c_void) {
    let world = world();
    let mut model = world.model.borrow_mut();
    let i = i as usize;
    if !world.ending.get() {
        model.run(i, EV_FINALIZE);
    }
    let known = model.events[i].take().unwrap();
    assert!(known.finalizing && known.ptr == event);
    drop(model);
    if !world.ending.get() {
        world.count_callback();
    }
}

unsafe extern "C" fn finalized_and_mine(event: *mut event, i: *mut c_void) {
    // SAFETY: after this nobody else uses the event, which came from event_new.
    unsafe {
        finalized(event, i);
        mm::free(event.cast());
    }
}

unsafe extern "C" fn prepare(
    _: *mut evwatch,
    info: *const evwatch_prepare_cb_info,
    _: *mut c_void,
) {
    let world = world();
    let mut limit = time::to_timeval(0);
    // SAFETY: what the watcher was told, and room for the answer.
    let limited = unsafe { evwatch_prepare_get_timeout(info, &raw mut limit) } == 1;
    let told = limited.then(|| time::from_timeval(limit));
    world.about_to_wait(told);
}

unsafe extern "C" fn check(_: *mut evwatch, _: *const evwatch_check_cb_info, _: *mut c_void) {
    let world = world();
    let mut model = world.model.borrow_mut();
    model.look();
    model.check();
    model.expire();
}

unsafe extern "C" fn collect(
    _: *const event_base,
    event: *const event,
    seen: *mut c_void,
) -> c_int {
    // SAFETY: `seen` is what the walk was given.
    unsafe { (*seen.cast::<Vec<*const event>>()).push(event) };
    0
}

impl World<'_> {
    fn byte(&self) -> usize {
        self.choices.borrow_mut().byte()
    }

    fn count_callback(&self) {
        self.callbacks.set(self.callbacks.get() + 1);
        if self.callbacks.get() > MOST_CALLBACKS {
            self.break_loop();
        }
    }

    fn break_loop(&self) {
        // SAFETY: a live base.
        assert_eq!(unsafe { event_base_loopbreak(Some(self.base)) }, 0);
        self.broken.set(true);
        self.model.borrow_mut().continue_loop();
    }

    fn about_to_wait(&self, told: Option<Micros>) {
        let mut model = self.model.borrow_mut();
        let nonblocking = self.flags.get() & EVLOOP_NONBLOCK != 0;
        let limit = model.begin_turn();
        model.check();
        let expected = if nonblocking { Some(0) } else { limit };
        if model.used_common {
            // Their wake-up may be that of one that was deleted since.
            assert!(expected.is_none_or(|limit| told.is_some_and(|told| told <= limit)));
        } else {
            assert_eq!(told, expected);
        }
        self.iterations.set(self.iterations.get() + 1);
        let sleeps = expected != Some(0) && !model.must_find();
        drop(model);
        match expected {
            Some(limit) if sleeps && limit < 1 << 50 => {
                stopped::set(stopped::now().map(|now| now + limit));
            }
            _ if sleeps || self.iterations.get() > MAX_ITERATIONS => self.break_loop(),
            _ => {}
        }
    }

    fn run_loop(&self) {
        let flags = match self.byte() % 3 {
            0 => EVLOOP_ONCE,
            _ => EVLOOP_ONCE | EVLOOP_NONBLOCK,
        };
        self.flags.set(flags);
        self.broken.set(false);
        self.callbacks.set(0);
        self.iterations.set(0);
        let empty = self.model.borrow().is_empty();
        // SAFETY: a live base.
        let result = unsafe { event_base_loop(Some(self.base), flags) };
        let mut model = self.model.borrow_mut();
        if !self.broken.get() {
            model.expect_all_fired();
        }
        model.end_turn();
        match result {
            0 => assert!(!empty),
            1 => assert!(model.is_empty()),
            _ => panic!("the loop failed"),
        }
    }

    fn check(&self) {
        let mut model = self.model.borrow_mut();
        model.check();
        // SAFETY: a live base.
        unsafe {
            self.base.lock().check();
            let added = event_base_get_num_events(Some(self.base), EVENT_BASE_COUNT_ADDED);
            assert_eq!(added, model.reasons());
            if !model.used_common {
                let count = EVENT_BASE_COUNT_ACTIVE;
                let active = event_base_get_num_events(Some(self.base), count);
                assert_eq!(active, model.queued());
            }
        }
    }
}

pub fn run(input: &[u8]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: plain calls, and a base that is freed below.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        event_set_log_callback(Some(log_errors));
        stopped::set(Some(START));
        let mut choices = Choices(input);
        let (base, model) = make_base(&mut choices);
        let common = match choices.byte() % 2 {
            0 => [(0, ptr::null()); 2],
            _ => [10_000, SECOND].map(|length| {
                let tv = time::to_timeval(length);
                (
                    length,
                    event_base_init_common_timeout(Some(base), In::new(&raw const tv)),
                )
            }),
        };
        assert!(!evwatch_prepare_new(Some(base), Some(prepare), ptr::null_mut()).is_null());
        assert!(!evwatch_check_new(Some(base), Some(check), ptr::null_mut()).is_null());
        let world = World {
            base,
            model: RefCell::new(model),
            choices: RefCell::new(choices),
            common,
            flags: Cell::new(0),
            broken: Cell::new(false),
            callbacks: Cell::new(0),
            iterations: Cell::new(0),
            ending: Cell::new(false),
        };
        CURRENT.set((&raw const world).cast());
        while !world.choices.borrow().0.is_empty() {
            if world.byte().is_multiple_of(4) {
                world.run_loop();
            } else {
                world.step(false);
            }
        }
        world.run_loop();
        finish(&world);
        CURRENT.set(ptr::null());
        stopped::set(None);
        event_set_log_callback(None);
    }
}

/// A base as the bytes want it, and a model of it.
unsafe fn make_base(choices: &mut Choices) -> (BaseRef, Model) {
    let method = Method::ALL[choices.byte() % 3];
    let mut model = Model::new(method);
    let options = choices.byte();
    // SAFETY: plain calls.
    unsafe {
        let mut config = Config::DEFAULT;
        for other in Method::ALL {
            if other != method {
                event_config_avoid_method(Some(&mut config), Some(Str::from(other.name())));
            }
        }
        if options & 1 != 0 {
            model.uncached = true;
            event_config_set_flag(Some(&mut config), EVENT_BASE_FLAG_NO_CACHE_TIME);
        }
        if options & 2 != 0 {
            let (most, above) = (1 + choices.byte() as c_int % 3, choices.byte() as c_int % 3);
            model.limit = Some((most, above));
            event_config_set_max_dispatch_interval(
                Some(&mut config),
                In::new(ptr::null()),
                most,
                above,
            );
        }
        let base = event_base_new_with_config(Some(&config)).expect("memory");
        model.priorities = 1 + choices.byte() as c_int % 4;
        assert_eq!(event_base_priority_init(Some(base), model.priorities), 0);
        (base, model)
    }
}

/// Frees the base with everything that is still in use.
unsafe fn finish(world: &World) {
    // SAFETY: a live base, which nobody uses afterwards; the events came from event_new.
    unsafe {
        world.ending.set(true);
        event_base_free(Some(world.base));
        let mut model = world.model.borrow_mut();
        for slot in &mut model.events {
            if let Some(event) = slot.take() {
                assert!(!event.finalizing, "not finalized");
                mm::free(event.ptr.cast());
            }
        }
    }
}
