//! The text of a report. Making it allocates nothing and takes no lock.

use core::fmt::{self, Write};
use core::sync::atomic::Ordering::Relaxed;

use super::functions::Function;
use super::watching::KINDS;
use super::{Spans, Stats, Traffic};
use crate::support::time::nanos;
use crate::sys;

/// So many functions are listed.
const LISTED: usize = 20;

/// Nanoseconds, for people.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => return write!(f, "{} ns", self.0),
            1_000..1_000_000 => (1_000, "us"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let thousandths = self.0 / (unit / 1_000);
        let (whole, part) = (thousandths / 1000, thousandths % 1000);
        // Three digits that count.
        match whole {
            0..10 => write!(f, "{whole}.{:02} {name}", part / 10),
            10..100 => write!(f, "{whole}.{} {name}", part / 100),
            _ => write!(f, "{whole} {name}"),
        }
    }
}

/// A number of bytes, for people.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            0..10_000 => write!(f, "{} bytes", self.0),
            10_000..10_000_000 => write!(f, "{} KB", self.0 / 1000),
            _ => write!(f, "{} MB", self.0 / 1_000_000),
        }
    }
}

impl Spans {
    fn mean(&self) -> Time {
        Time(self.total.get() / self.count.get().max(1))
    }
}

pub fn write(out: &mut dyn Write, stats: &Stats, when: &str) -> fmt::Result {
    let at_work = &stats.at_work;
    writeln!(
        out,
        "libevent_rs: base {} of process {} ({}), {when}",
        stats.number,
        std::process::id(),
        stats.method.name().to_str().unwrap_or("?"),
    )?;
    let waits = &at_work.waits;
    writeln!(
        out,
        "  iterations    {}, in {} runs of the loop, {} between them",
        at_work.work.count.get(),
        at_work.outside.count.get(),
        Time(at_work.outside.total.get()),
    )?;
    writeln!(
        out,
        "  waiting       {}, longest {}; {} waits not at all, {} found nothing",
        Time(waits.total.get()),
        Time(waits.longest.get()),
        at_work.looks.get(),
        at_work.empty.get(),
    )?;
    writeln!(
        out,
        "  working       {}, longest iteration {}; {} of it for output before {} waits",
        Time(at_work.work.total.get()),
        Time(at_work.work.longest.get()),
        Time(at_work.tasks.total.get()),
        at_work.tasks.count.get(),
    )?;
    writeln!(
        out,
        "  events        {} there, at most {}; {} descriptors were ready",
        at_work.events.get(),
        at_work.most_events.get(),
        at_work.ready.get(),
    )?;
    let mut comma = "  called for    ";
    for (name, count) in KINDS.iter().zip(&at_work.kinds) {
        if count.get() != 0 {
            write!(out, "{comma}{name} {}", count.get())?;
            comma = ", ";
        }
    }
    out.write_str(if comma == ", " { "\n" } else { "" })?;
    let late = &at_work.late;
    if late.count.get() != 0 {
        writeln!(
            out,
            "  timers        {} were over, found late by {} on average, {} at most",
            late.count.get(),
            late.mean(),
            Time(late.longest.get()),
        )?;
    }
    write_bufferevents(out, stats)?;
    write!(
        out,
        "  memory        {} in the loop's tables",
        Bytes(at_work.tables.get())
    )?;
    match sys::most_memory() {
        Some(most) => writeln!(out, "; the process had {} at most", Bytes(most))?,
        None => out.write_str("\n")?,
    }
    write_functions(out, stats)?;
    if let Some(place) = at_work.running.load(Relaxed).checked_sub(1)
        && let Some(function) = stats.functions.at(place)
    {
        writeln!(
            out,
            "  running now   {}, for {}",
            function.name(),
            Time(nanos().saturating_sub(at_work.last.get()))
        )?;
    } else if at_work.waiting.get() != 0 {
        let since = nanos().saturating_sub(at_work.last.get());
        writeln!(out, "  waiting now   for {}", Time(since))?;
    }
    Ok(())
}

fn write_bufferevents(out: &mut dyn Write, stats: &Stats) -> fmt::Result {
    let all = &stats.bufferevents;
    let made = all.made.get();
    if made == 0 {
        return Ok(());
    }
    let gone = all.gone.get();
    writeln!(
        out,
        "  bufferevents  {made} made, {} there",
        made.saturating_sub(gone)
    )?;
    for (
        name,
        Traffic {
            tries,
            successes,
            bytes,
        },
    ) in [("read   ", &all.read), ("written", &all.written)]
    {
        writeln!(
            out,
            "    {name}     {} in {} calls, {} more without success",
            Bytes(bytes.get()),
            successes.get(),
            tries.get().saturating_sub(successes.get()),
        )?;
    }
    Ok(())
}

/// The functions that took the most time, in order.
fn write_functions(out: &mut dyn Write, stats: &Stats) -> fmt::Result {
    let called = |function: &&Function| function.calls.count.get() != 0;
    let rank = |function: &&Function| (function.calls.total.get(), core::ptr::from_ref(*function));
    if stats.functions.iter().any(|function| called(&function)) {
        writeln!(out, "     calls      total       mean    longest  callback")?;
    }
    let mut last = None;
    for _ in 0..LISTED {
        // Below the last one: numbers that grow meanwhile can't make this go on for ever.
        let rest = stats.functions.iter().filter(called);
        let next = rest.filter(|function| last.is_none_or(|last| rank(function) < last));
        let Some(function) = next.max_by_key(rank) else {
            return Ok(());
        };
        last = Some(rank(&function));
        let calls = &function.calls;
        // Aligned as text: these are no strings that `width` would know of.
        write!(out, "{:>10}", calls.count.get())?;
        for time in [
            Time(calls.total.get()),
            calls.mean(),
            Time(calls.longest.get()),
        ] {
            let mut text = Short::default();
            write!(text, "{time}")?;
            write!(out, " {:>10}", text.as_str())?;
        }
        writeln!(out, "  {} [{}]", function.name(), function.role)?;
    }
    Ok(())
}

/// A few characters.
#[derive(Default)]
struct Short {
    text: [u8; 16],
    len: usize,
}

impl Short {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..self.len]).unwrap_or("?")
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.text.get_mut(self.len..self.len + text.len());
        room.ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_for_people() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (12_345, "12.3 us"),
            (999_999, "999 us"),
            (1_234_567, "1.23 ms"),
            (2_000_000_000, "2.00 s"),
            (u64::MAX, "18446744073 s"),
        ] {
            assert_eq!(Time(nanos).to_string(), text);
        }
        for (bytes, text) in [
            (9_999, "9999 bytes"),
            (12_345, "12 KB"),
            (98_765_432, "98 MB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
