//! What a peer may not delay for ever, and closing so that the last reply is read.
//!
//! A system that closes a socket with input that nobody has read resets the connection, which can
//! take the last reply from the client. So after an error a server ends its own direction first, and
//! drops what still comes for a while.

use libc::timeval;

use super::read::Flow;
use super::{Con, Connection, Keep, State, wire};
use crate::base::OwnTimer;
use crate::ctypes::event::EV_READ;
use crate::http::limits::Limit;
use crate::support::mm;
use crate::support::time::{Micros, from_timeval, to_timeval};

impl Connection {
    /// The time of the base's loop.
    pub fn now(&self) -> Micros {
        self.base().map_or(0, |base| base.lock().monotonic_time())
    }

    /// The longest that reading may take, which is never less than the timeout. `None` is for ever.
    fn at_least_timeout(&self, limit: Limit) -> Option<timeval> {
        let chosen = self.timeouts().read.map_or(0, from_timeval);
        Some(to_timeval(self.limit_of_time(limit)?.max(chosen)))
    }

    fn start_guard(&self, after: timeval) {
        let Some(base) = self.base() else {
            return;
        };
        let made = || {
            let timer = mm::Box::new(OwnTimer::new()).ok()?;
            // SAFETY: the timer has a block of its own, and is stopped before that is freed, by the
            // connection at the latest.
            unsafe { timer.assign(&base, on_guard, self.handle()) };
            Some(timer)
        };
        let guard = self.guard.take().or_else(made);
        if let Some(timer) = &guard {
            // Without memory for a timer the peer may take its time.
            let _ = timer.start(&base.lock(), after);
        }
        self.guard.set(guard);
    }

    fn is_guarded(&self) -> bool {
        let guard = self.guard.take();
        let runs = guard.as_ref().is_some_and(|timer| !timer.is_idle());
        self.guard.set(guard);
        runs
    }
}

/// The head of a request has begun and is not complete.
pub fn guard_head(con: &Keep) {
    if con.is_server()
        && !con.is_guarded()
        && let Some(time) = con.at_least_timeout(Limit::HeadTime)
    {
        con.start_guard(time);
    }
}

/// The body of a request is not complete.
pub fn guard_body(con: &Keep) {
    if con.is_server()
        && let Some(time) = con.at_least_timeout(Limit::BodyTime)
    {
        con.start_guard(time);
    }
}

/// What was waited for has come.
pub fn calm(con: &Connection) {
    let guard = con.guard.take();
    if let (Some(timer), Some(base)) = (guard, con.base()) {
        timer.stop(&base.lock());
    }
}

/// The time has expired.
pub fn on_guard(con: Con) {
    let con = con.keep();
    match con.state.get() {
        State::Linger => con.free(),
        State::Head | State::Body | State::Trailer => con.fail(super::fail::Failure::Timeout),
        _ => {}
    }
}

/// Ends a server's connection once the client had a chance to read the last reply, if there is
/// input that could keep it from that.
pub fn close(con: &Keep) {
    let unread = con.input().is_some_and(|input| !input.is_empty());
    let pending = con.unread.get() || unread;
    if con.is_gone() || !pending || con.ended.get() || con.is_wrapped() {
        con.free();
        return;
    }
    wire::shut_down(con.fd.get());
    con.state.set(State::Linger);
    con.left.set(con.limit(Limit::LingerSize));
    con.attach(true, false);
    if !con.enable(EV_READ) {
        con.free();
        return;
    }
    if let Some(time) = con.limit_of_time(Limit::LingerTime) {
        con.start_guard(to_timeval(time));
    }
    on_input(con);
}

/// Drops input.
pub fn on_input(con: &Keep) -> Flow {
    let Some(input) = con.input() else {
        return Flow::Stop;
    };
    let len = input.len() as u64;
    let left = con.left.get();
    if len > left || input.lock().drain(usize::MAX).is_err() {
        con.free();
        return Flow::Stop;
    }
    con.left.set(left - len);
    Flow::Stop
}
