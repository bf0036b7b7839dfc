//! What a program of events does, step by step, to the library and to the model.

use core::ffi::{c_int, c_short, c_void};
use core::ptr;

use libc::timeval;

use super::descriptors::{self, ALL};
use super::known::{Event, Span};
use super::model::{EVENTS, Model};
use super::{SECOND, World, called, collect, finalized, finalized_and_mine};
use crate::abi::argument::In;
use crate::abi::event::assign::{
    event_assign, event_finalize, event_free, event_free_finalize, event_new, event_priority_set,
};
use crate::abi::event::base::{
    event_base_active_by_fd, event_base_foreach_event, event_base_priority_init,
    event_base_update_cache_time, event_reinit,
};
use crate::abi::event::pending::{event_active, event_add, event_del, event_remove_timer};
use crate::abi::event::run::event_base_loopcontinue;
use crate::abi::private;
use crate::backend::Method;
use crate::base::handle::Ev;
use crate::ctypes::event::{EV_CLOSED, EV_ET, EV_PERSIST, EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::ctypes::event_struct::event;
use crate::support::time::{self, Micros, stopped};

impl World<'_> {
    pub fn step(&self, in_callback: bool) {
        let i = self.byte() % EVENTS;
        let place = self.byte() % descriptors::COUNT;
        match self.byte() % 32 {
            0..3 => self.give_up_or_make(i, place),
            3..6 => self.add(i, None),
            6..10 => {
                let (length, tv) = self.timeout();
                self.add(i, Some((length, &tv)));
            }
            10..12 => self.with(i, |model, ev| {
                // SAFETY: a live event.
                assert_eq!(unsafe { event_del(Ev::new(ev)) }, 0);
                model.delete(i);
            }),
            12 => self.with(i, |model, ev| {
                // SAFETY: a live event.
                assert_eq!(unsafe { event_remove_timer(Ev::new(ev)) }, 0);
                model.remove_timer(i);
            }),
            13..15 => {
                let what = self.result();
                self.with(i, |model, ev| {
                    // SAFETY: a live event.
                    unsafe { event_active(Ev::new(ev), what.into(), 1) };
                    model.activate(i, what);
                });
            }
            15 => {
                let what = self.result();
                self.with(i, |model, ev| {
                    // SAFETY: a live event.
                    unsafe { private::event_active_later_(Ev::new(ev), what.into()) };
                    model.activate_later(i, what);
                });
            }
            16 => {
                let priority = self.byte() as c_int % 5 - 1;
                self.with(i, |model, ev| {
                    // SAFETY: a live event.
                    let set = unsafe { event_priority_set(Ev::new(ev), priority) } == 0;
                    assert_eq!(set, model.set_priority(i, priority));
                });
            }
            17 => {
                let what = self.result();
                let fd = descriptors::number(place);
                // SAFETY: a live base.
                unsafe { event_base_active_by_fd(Some(self.base), fd, what) };
                self.model.borrow_mut().activate_fd(fd, what);
            }
            18 => self.finalize(i),
            19 => {
                let complete = self.model.borrow_mut().reinit();
                // SAFETY: a live base.
                assert_eq!(unsafe { event_reinit(Some(self.base)) } == 0, complete);
            }
            20 => self.walk(),
            21 => self.set_priorities(),
            22 => {
                // Also outside of the loop, where it does nothing.
                self.model.borrow_mut().refresh_time();
                // SAFETY: a live base.
                unsafe { event_base_update_cache_time(Some(self.base)) };
            }
            23 if in_callback => match self.byte() % 4 {
                0 => self.break_loop(),
                _ => {
                    // SAFETY: a live base.
                    assert_eq!(unsafe { event_base_loopcontinue(Some(self.base)) }, 0);
                    self.model.borrow_mut().continue_loop();
                }
            },
            23 => stopped::set(stopped::now().map(|now| now + self.length())),
            _ => self.change_descriptor(place),
        }
        self.check();
    }

    fn with(&self, i: usize, action: impl FnOnce(&mut Model, *mut event)) {
        let mut model = self.model.borrow_mut();
        if let Some(ev) = model.events[i].as_ref().map(|event| event.ptr) {
            action(&mut model, ev);
        }
    }

    fn length(&self) -> Micros {
        const LENGTHS: [Micros; 8] = [0, 0, 1, 1000, 10_000, SECOND, 100 * SECOND, -SECOND];
        LENGTHS[self.byte() % LENGTHS.len()]
    }

    /// A timeout's length, and what says so to the library.
    fn timeout(&self) -> (Span, timeval) {
        let choice = self.byte() % 8;
        match self.common.get(choice) {
            // SAFETY: lives as long as the base.
            Some(&(length, tv)) if !tv.is_null() => ((length, true), unsafe { *tv }),
            _ => {
                let length = self.length();
                ((length, false), time::to_timeval(length))
            }
        }
    }

    fn result(&self) -> c_short {
        const RESULTS: [c_short; 6] = [
            EV_READ,
            EV_WRITE,
            EV_TIMEOUT,
            EV_READ | EV_TIMEOUT,
            EV_CLOSED,
            ALL,
        ];
        RESULTS[self.byte() % RESULTS.len()]
    }

    fn add(&self, i: usize, timeout: Option<(Span, &timeval)>) {
        let tv = timeout.map_or(ptr::null(), |(_, tv)| ptr::from_ref(tv));
        self.with(i, |model, ev| {
            let expected = model.add(i, timeout.map(|(span, _)| span));
            // SAFETY: a live event, and a time or null.
            let added = unsafe { event_add(Ev::new(ev), In::new(tv)) };
            assert_eq!(added == 0, expected);
        });
    }

    fn give_up_or_make(&self, i: usize, place: usize) {
        const KINDS: [c_short; 8] = [
            0,
            EV_READ,
            EV_WRITE,
            EV_READ | EV_WRITE,
            EV_READ | EV_ET,
            ALL,
            EV_CLOSED,
            EV_WRITE | EV_ET,
        ];
        let choice = self.byte();
        let mut events = KINDS[choice % KINDS.len()];
        if choice & 8 != 0 {
            events |= EV_PERSIST;
        }
        let fd = match choice & 0x70 {
            0 => -1,
            _ => descriptors::number(place),
        };
        let mut model = self.model.borrow_mut();
        let priority = model.priorities / 2;
        let argument = i as *mut c_void;
        // SAFETY: live events and a live base.
        unsafe {
            match model.events[i]
                .as_ref()
                .map(|event| (event.ptr, event.finalizing))
            {
                Some((_, true)) => {}
                Some((ev, _)) if choice & 0x80 != 0 => {
                    model.delete(i);
                    assert_eq!(event_del(Ev::new(ev)), 0);
                    let done = event_assign(
                        Ev::new(ev),
                        Some(self.base),
                        fd,
                        events,
                        Some(called),
                        argument,
                    );
                    assert_eq!(done, 0);
                    model.events[i] = Some(Event::new(ev, fd, events, priority));
                }
                Some((ev, _)) => {
                    model.delete(i);
                    model.events[i] = None;
                    event_free(Ev::new(ev));
                }
                None => {
                    let ev = event_new(Some(self.base), fd, events, Some(called), argument);
                    let ev = ev.expect("memory");
                    model.events[i] = Some(Event::new(ev.as_ptr(), fd, events, priority));
                }
            }
        }
    }

    fn finalize(&self, i: usize) {
        let own = self.byte().is_multiple_of(2);
        self.with(i, |model, ev| {
            if model.events[i].as_ref().unwrap().finalizing {
                return;
            }
            model.finalize(i);
            // SAFETY: a live event, which its finalizer or the library frees.
            let done = unsafe {
                match own {
                    true => event_finalize(0, Ev::new(ev), Some(finalized_and_mine)),
                    false => event_free_finalize(0, Ev::new(ev), Some(finalized)),
                }
            };
            assert_eq!(done, 0);
        });
    }

    /// Every event is seen once.
    fn walk(&self) {
        let mut seen = Vec::<*const event>::new();
        // SAFETY: a live base, and the argument that the callback takes.
        let result = unsafe {
            event_base_foreach_event(Some(self.base), Some(collect), (&raw mut seen).cast())
        };
        assert_eq!(result, 0);
        let model = self.model.borrow();
        for event in model.events.iter().flatten() {
            let count = seen.iter().filter(|&&other| other == event.ptr).count();
            assert_eq!(count, usize::from(event.is_seen()), "{event:?}");
        }
    }

    fn set_priorities(&self) {
        let priorities = 1 + self.byte() as c_int % 4;
        let mut model = self.model.borrow_mut();
        // SAFETY: a live base.
        let set = unsafe { event_base_priority_init(Some(self.base), priorities) } == 0;
        if model.queued() > 0 {
            assert!(!set);
        } else if set {
            model.priorities = priorities;
        } else {
            // Only an event of the library's own can be active.
            assert!(model.used_common);
        }
    }

    fn change_descriptor(&self, place: usize) {
        let choice = self.byte();
        let other = self.byte();
        let fd = descriptors::number(place);
        let mut model = self.model.borrow_mut();
        if choice % 8 >= 4 && other & 0x80 == 0 {
            // As a careful program does.
            for i in 0..EVENTS {
                if let Some(event) = model.events[i].as_ref().filter(|event| event.fd == fd) {
                    // SAFETY: a live event.
                    assert_eq!(unsafe { event_del(Ev::new(event.ptr)) }, 0);
                    model.delete(i);
                }
            }
        }
        let model = &mut *model;
        let fds = &mut model.fds;
        match choice % 8 {
            0 => fds.write(place, true, other.is_multiple_of(8)),
            1 => fds.write(place, false, true),
            2 => fds.read(place, other.is_multiple_of(2)),
            3 if other.is_multiple_of(4) => fds.hang_up(place),
            3 => fds.haunt(place),
            4 | 5 => {
                model.taint(place);
                model.fds.open(place, other);
            }
            6 if fds.duplicate(other % descriptors::COUNT, place) => model.taint(place),
            6 => {}
            // select(2) fails for all because of one.
            _ if model.method != Method::Select => {
                model.taint(place);
                model.fds.close(place);
            }
            _ => {}
        }
    }
}
