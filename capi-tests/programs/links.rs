//! links2: a browser as a client, which sends and receives by events, with what it made of pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::evidence;
use super::origin::Origin;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const PAGE: &str = "<html><head><title>T</title></head><body><h1>Heading</h1><p>Some \
                    <b>text</b>.<table border=1><tr><td>one<td>two</table></body></html>";
const LINES: u32 = 20_000;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = process::run(process::client("links2")?.arg("-version"), b"")?.success()?;
    tally.program = version.trim().to_owned();
    // Whether it has asked, and whether somebody has looked at the process that waits for a reply.
    let (asked, seen) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (asking, wait) = (Arc::clone(&asked), Arc::clone(&seen));
    let origin = Origin::start(move |path| {
        asking.store(true, Ordering::SeqCst);
        let end = Instant::now() + process::LIMIT;
        while !wait.load(Ordering::SeqCst) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        match path {
            "/page.html" => Some(PAGE.into()),
            "/lines" => Some(lines().into()),
            _ => None,
        }
    })?;
    let directory = stage.directory("links2")?;
    let start = |how: &str, path: &str, name: &str| -> Result<Daemon, Failed> {
        let mut command = stage.command("links2", flavour)?;
        command.env("HOME", &directory).env("LC_ALL", "C").arg(how);
        command.arg(format!("http://127.0.0.1:{}{path}", origin.port));
        Daemon::start(&mut command, name, &directory)
    };

    let mut first = start("-source", "/lines", "lines")?;
    first.wait_until("asking", || asked.load(Ordering::SeqCst))?;
    let checked = evidence::check(stage, flavour, &first, tally);
    seen.store(true, Ordering::SeqCst);
    checked?;
    finish(first, |got| got == lines())?;
    tally.checked(u64::from(LINES), "lines of one reply");

    let page = start("-dump", "/page.html", "page")?;
    finish(page, |got| {
        ["Heading", "Some text.", "| one | two |"]
            .iter()
            .all(|part| got.contains(part))
    })?;
    tally.checked(1, "page, as text");
    Ok(())
}

fn lines() -> String {
    (0..LINES)
        .map(|number| format!("line {number}\n"))
        .collect()
}

/// Waits for its end, and looks at what it printed.
fn finish(browser: Daemon, right: impl Fn(&str) -> bool) -> Result<(), Failed> {
    let output = browser.directory().join(format!("{}.log", browser.name()));
    browser.expect_end("having printed", None)?;
    let output = std::fs::read_to_string(output)?;
    match right(&output) {
        true => Ok(()),
        false => Err(format!("links2 printed {output:.2000}").into()),
    }
}
