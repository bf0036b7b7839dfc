//! `event_base_dump_events`: every event as a line of text.

use core::fmt::{self, Write};

use super::Locked;
use super::common_timeout::strip;
use super::handle::Ev;
use crate::ctypes::event::{
    EV_CLOSED, EV_ET, EV_PERSIST, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE,
};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_INSERTED, EVLIST_INTERNAL, EVLIST_TIMEOUT,
};
use crate::support::time;

impl Locked<'_> {
    /// Writes all events, then those that are active.
    pub fn dump(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "Inserted events:")?;
        let mut result = Ok(());
        self.for_each(|ev| {
            if result.is_ok() {
                result = self.dump_inserted(out, ev);
            }
            0
        });
        result?;
        writeln!(out, "Active events:")?;
        let mut result = Ok(());
        self.for_each(|ev| {
            if result.is_ok() {
                result = dump_active(out, ev);
            }
            0
        });
        result
    }

    fn dump_inserted(&self, out: &mut dyn Write, ev: Ev) -> fmt::Result {
        let cb = ev.callback();
        if !cb.has(EVLIST_INSERTED | EVLIST_TIMEOUT) {
            return Ok(());
        }
        let source = if ev.is_signal() { "sig" } else { "fd " };
        write!(out, "  {:p} [{source} {}]", ev.as_ptr(), ev.fd())?;
        for (flag, name) in [
            (EV_READ, " Read"),
            (EV_WRITE, " Write"),
            (EV_CLOSED, " EOF"),
            (EV_SIGNAL, " Signal"),
            (EV_PERSIST, " Persist"),
            (EV_ET, " ET"),
        ] {
            if ev.events() & flag != 0 {
                out.write_str(name)?;
            }
        }
        if cb.has(EVLIST_INTERNAL) {
            out.write_str(" Internal")?;
        }
        if cb.has(EVLIST_TIMEOUT) {
            let until = time::from_timeval(strip(ev.timeout()));
            let until = time::to_timeval(self.clock().to_wall(until));
            write!(out, " Timeout={}.{:06}", until.tv_sec, until.tv_usec)?;
        }
        out.write_char('\n')
    }
}

fn dump_active(out: &mut dyn Write, ev: Ev) -> fmt::Result {
    let cb = ev.callback();
    if !cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
        return Ok(());
    }
    let source = if ev.is_signal() { "sig" } else { "fd " };
    write!(
        out,
        "  {:p} [{source} {}, priority={}]",
        ev.as_ptr(),
        ev.fd(),
        cb.priority()
    )?;
    for (flag, name) in [
        (EV_READ, " Read"),
        (EV_WRITE, " Write"),
        (EV_CLOSED, " EOF"),
        (EV_SIGNAL, " Signal"),
        (EV_TIMEOUT, " Timeout"),
    ] {
        if ev.result() & flag != 0 {
            out.write_str(name)?;
        }
    }
    if cb.has(EVLIST_INTERNAL) {
        out.write_str(" [Internal]")?;
    }
    if cb.has(EVLIST_ACTIVE_LATER) {
        out.write_str(" [NextTime]")?;
    }
    out.write_str(" active\n")
}
