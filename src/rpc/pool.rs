//! Connections over which calls are made, one at a time over each.

use core::cell::{Cell, RefCell};
use core::ffi::c_int;
use core::ptr::NonNull;

use libc::timeval;

use super::client::{self, Call, Stage};
use super::hook::Hooks;
use super::{Kept, Shared, Uses};
use crate::base::BaseRef;
use crate::http::client::TIMEOUTS;
use crate::http::connection::{Con, Keep, Timeouts};
use crate::support::members::{Members, linked};
use crate::support::thunk::Ref;
use crate::support::{log, mm};

/// `struct evrpc_pool`.
#[repr(C)]
pub struct Pool {
    pub hooks: Hooks,
    uses: Uses,
    base: Option<BaseRef>,
    /// In seconds; negative unless the program has chosen.
    timeout: Cell<c_int>,
    connections: RefCell<mm::Vec<Keep>>,
    /// Calls for which there was no idle connection yet.
    waiting: Members<Call>,
    /// Calls that a connection has, and paused ones.
    started: Members<Call>,
    /// Calls are being started: no second time from inside.
    starting: Cell<bool>,
}

// SAFETY: `new` makes it so.
unsafe impl Shared for Pool {
    fn uses(&self) -> &Uses {
        &self.uses
    }
}

linked!(Call, (), link);

impl Pool {
    /// A pool without connections. `None` without memory.
    pub fn new(base: Option<BaseRef>) -> Option<Ref<Pool>> {
        // SAFETY: both stay in the pool's block; calls leave before they are freed.
        let (waiting, started) = unsafe { (Members::new(), Members::new()) };
        let pool = mm::Box::new(Pool {
            hooks: Hooks::new(),
            uses: Uses::new(),
            base,
            timeout: Cell::new(-1),
            connections: RefCell::new(mm::vec()),
            waiting,
            started,
            starting: Cell::new(false),
        });
        let place = pool.ok()?.into_raw();
        // SAFETY: the object stays there until the last `Kept` frees it.
        Some(unsafe { Ref::new(place) })
    }

    fn handle(&self) -> Ref<Pool> {
        // SAFETY: pools are made by `new` only.
        unsafe { Ref::new(NonNull::from(self)) }
    }

    /// The time after which a call fails.
    pub fn timeout(&self) -> Option<timeval> {
        (self.timeout.get() > 0).then(|| seconds(self.timeout.get()))
    }

    /// Chooses it, for the connections of the pool as well.
    pub fn set_timeout(&self, timeout: c_int) {
        self.timeout.set(timeout);
        for con in self.connections.borrow().iter() {
            set_timeouts(con, timeout);
        }
    }

    /// Takes a connection over.
    pub fn add(&self, con: Con) {
        if self.connections.borrow_mut().try_push(con.keep()).is_err() {
            log::warn(format_args!("evrpc: no memory for a connection of a pool"));
            return;
        }
        if con.base().is_none() && self.base.is_some() {
            con.move_to(self.base);
        }
        if self.timeout.get() >= 0 && has_no_timeouts_of_its_own(&con) {
            set_timeouts(&con, self.timeout.get());
        }
        self.start_calls();
    }

    /// Gives a connection back. Its call goes on.
    pub fn remove(&self, con: Con) {
        self.connections.borrow_mut().retain(|one| **one != con);
    }

    /// Whether a connection is the pool's, and can be used.
    pub fn has(&self, con: &Keep) -> bool {
        !con.is_gone() && self.connections.borrow().iter().any(|one| **one == **con)
    }

    pub fn is_empty(&self) -> bool {
        self.connections.borrow().iter().all(|con| con.is_gone())
    }

    fn idle(&self) -> Option<Con> {
        let connections = self.connections.borrow();
        let mut idle = connections
            .iter()
            .filter(|con| !con.is_gone() && con.current().is_none());
        idle.next().map(|con| **con)
    }

    /// Queues a call, and starts it if a connection is idle.
    pub fn make(&self, call: Ref<Call>) {
        call.stage.set(Stage::Waiting);
        self.waiting.push(call);
        self.start_calls();
    }

    /// Starts the calls that wait, as far as there are idle connections. Ends of calls start others:
    /// they are left to the loop, not to the stack.
    pub fn start_calls(&self) {
        let pool = Kept::new(self.handle());
        if pool.starting.replace(true) {
            return;
        }
        while !pool.is_gone()
            && let (Some(call), Some(con)) = (pool.waiting.first(), pool.idle())
        {
            pool.waiting.remove(call);
            pool.started.push(call);
            client::start(&pool, call, con.keep());
        }
        pool.starting.set(false);
    }

    /// A call ends.
    pub fn forget(&self, call: Ref<Call>) {
        match call.stage.get() {
            Stage::New => {}
            Stage::Waiting => self.waiting.remove(call),
            Stage::Started | Stage::Paused => self.started.remove(call),
        }
        call.stage.set(Stage::New);
    }

    /// Ends all calls, without their callbacks, and all connections.
    pub fn free(&self) {
        let pool = Kept::new(self.handle());
        if pool.uses.gone.replace(true) {
            return;
        }
        pool.hooks.clear();
        while let Some(call) = pool.waiting.first().or_else(|| pool.started.first()) {
            pool.hooks.forget(call.as_ptr().cast());
            pool.forget(call);
            client::abandon(call);
        }
        for con in pool.connections.take().iter() {
            con.free();
        }
    }
}

fn seconds(seconds: c_int) -> timeval {
    timeval {
        tv_sec: seconds.into(),
        tv_usec: 0,
    }
}

fn has_no_timeouts_of_its_own(con: &Con) -> bool {
    let parts = |timeouts: Timeouts| {
        [timeouts.connect, timeouts.read, timeouts.write]
            .map(|time| time.map(|time| (time.tv_sec, time.tv_usec)))
    };
    parts(con.timeouts()) == parts(TIMEOUTS)
}

fn set_timeouts(con: &Con, timeout: c_int) {
    let time = Some(seconds(timeout));
    con.set_timeouts(if timeout < 0 {
        TIMEOUTS
    } else {
        Timeouts {
            connect: time,
            read: time,
            write: time,
        }
    });
    con.apply_timeouts();
}
