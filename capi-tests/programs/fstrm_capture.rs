//! fstrm_capture: listeners on a UNIX socket and on TCP that rest while there
//! are as many connections as are allowed, bufferevents with watermarks, a
//! timer, and signals.
//!
//! Writers speak Frame Streams to it; the file that it leaves has to hold their
//! frames, to the last byte and in the order of each writer.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::noise;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const CONTENT: &str = "protobuf:of.the.Test";
const WRITERS: u32 = 10;
/// Fewer than there are writers.
const ALLOWED: u32 = 4;
const FRAMES: u32 = 1000;

/// What the writers connect by.
trait Connection: Read + Write {
    /// Has the other end see the end of what was written.
    fn finish_writing(&self) -> std::io::Result<()>;
}

impl Connection for UnixStream {
    fn finish_writing(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Connection for TcpStream {
    fn finish_writing(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

// Types of control frames.
const ACCEPT: u32 = 1;
const START: u32 = 2;
const STOP: u32 = 3;
const READY: u32 = 4;
const FINISH: u32 = 5;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = "fstrm_capture".to_owned();
    let directory = stage.directory("fstrm")?;
    let path = directory.join("socket");
    let from = ["--unix", &path.display().to_string()];
    let daemon = start(stage, flavour, &directory, "unix", &from, |daemon| {
        daemon.wait_until("accepting connections", || {
            UnixStream::connect(&path).is_ok()
        })
    })?;
    evidence::check(stage, flavour, &daemon, tally)?;
    let connect = || {
        let stream = UnixStream::connect(&path)?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        stream.set_write_timeout(Some(process::LIMIT))?;
        Ok(stream)
    };
    capture(daemon, connect, "a UNIX socket", tally)?;

    let port = process::free_port()?;
    let from = ["--tcp", "127.0.0.1", "--port", &port.to_string()];
    let daemon = start(stage, flavour, &directory, "tcp", &from, |daemon| {
        daemon.wait_for_port(port)
    })?;
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        stream.set_write_timeout(Some(process::LIMIT))?;
        Ok(stream)
    };
    capture(daemon, connect, "TCP", tally)
}

/// A capture into the file `NAME.frames`.
fn start(
    stage: &Stage,
    flavour: Flavour,
    directory: &Path,
    name: &str,
    from: &[&str],
    wait: impl FnOnce(&mut Daemon) -> Result<(), Failed>,
) -> Result<Daemon, Failed> {
    let mut command = stage.command("fstrm_capture", flavour)?;
    command
        .args(["--type", CONTENT, "--write", &format!("{name}.frames")])
        .args(["--maxconns", &ALLOWED.to_string()])
        .args(from);
    let mut daemon = Daemon::start(&mut command, name, directory)?;
    wait(&mut daemon)?;
    Ok(daemon)
}

/// Has all writers send at the same time, the daemon end, and looks at the file.
fn capture<S: Connection>(
    daemon: Daemon,
    connect: impl Fn() -> Result<S, Failed> + Sync,
    what: &str,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let file = daemon.directory().join(format!("{}.frames", daemon.name()));
    let outcome = refused(&connect).and_then(|()| {
        at_once::each(0..WRITERS, |writer| write(connect()?, writer))?;
        Ok(())
    });
    daemon.explain(outcome)?;
    daemon.stop(libc::SIGTERM)?;
    check(&fs::read(file)?)?;
    tally.checked(
        u64::from(WRITERS * FRAMES),
        format!("frames of {WRITERS} writers by {what}, {ALLOWED} connected at a time"),
    );
    Ok(())
}

/// A writer of other things is turned away.
fn refused<S: Connection>(connect: impl Fn() -> Result<S, Failed>) -> Result<(), Failed> {
    let mut stream = connect()?;
    stream.write_all(&control(READY, Some("something else")))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if !answer.is_empty() {
        return Err(format!("frames of another type are welcomed: {answer:?}").into());
    }
    Ok(())
}

/// Sends one writer's frames; every other writer breaks off in the middle of
/// one more.
fn write<S: Connection>(mut stream: S, writer: u32) -> Result<(), Failed> {
    stream.write_all(&control(READY, Some(CONTENT)))?;
    expect(&mut stream, &control(ACCEPT, Some(CONTENT)))?;
    stream.write_all(&control(START, Some(CONTENT)))?;
    // Frames cross the borders of what is written at once.
    let mut pending = Vec::new();
    for number in 0..FRAMES {
        pending.extend(with_length(&frame(writer, number)));
        if pending.len() > 20_000 {
            let now = pending.len() - 5;
            stream.write_all(&pending[..now])?;
            pending.drain(..now);
        }
    }
    if writer % 2 == 1 {
        pending.extend(&with_length(&frame(writer, FRAMES))[..10]);
        stream.write_all(&pending)?;
        stream.finish_writing()?;
        // It has taken everything when it closes the connection.
        return match stream.read(&mut [0])? {
            0 => Ok(()),
            _ => Err("an answer to half a frame".into()),
        };
    }
    pending.extend(control(STOP, None));
    stream.write_all(&pending)?;
    expect(&mut stream, &control(FINISH, None))
}

fn expect(stream: &mut impl Read, expected: &[u8]) -> Result<(), Failed> {
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer)?;
    if answer != expected {
        return Err(format!("the answer was {answer:?} and not {expected:?}").into());
    }
    Ok(())
}

/// Checks the file: the frames of all writers between a start and a stop.
fn check(file: &[u8]) -> Result<(), Failed> {
    let (start, stop) = (control(START, Some(CONTENT)), control(STOP, None));
    let mut rest = file
        .strip_prefix(&start[..])
        .and_then(|rest| rest.strip_suffix(&stop[..]))
        .ok_or("the file does not start and stop as it should")?;
    let mut next = [0; WRITERS as usize];
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let writer = u32::from_be_bytes(head[4..].try_into()?);
        let number = next
            .get_mut(writer as usize)
            .ok_or_else(|| format!("a frame of writer {writer}"))?;
        let expected = with_length(&frame(writer, *number));
        if !rest.starts_with(&expected) {
            return Err(format!("frame {number} of writer {writer} is not what was sent").into());
        }
        *number += 1;
        rest = &after[expected.len() - 8..];
    }
    if next != [FRAMES; WRITERS as usize] || !rest.is_empty() {
        return Err(format!("frames of each writer: {next:?}").into());
    }
    Ok(())
}

/// Says who wrote it; mostly small, now and then of many reads' size.
fn frame(writer: u32, number: u32) -> Vec<u8> {
    let size = match number % 250 {
        249 => 200_000,
        _ => (number * 37 + writer) % 2000,
    };
    let seed = u64::from(writer) << 32 | u64::from(number);
    let mut frame = writer.to_be_bytes().to_vec();
    frame.extend(noise::bytes(seed, size as usize));
    frame
}

fn with_length(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes(), frame].concat()
}

/// A control frame: a length of zero, its own length, its type, and the content
/// type as the only field.
fn control(kind: u32, content: Option<&str>) -> Vec<u8> {
    const CONTENT_TYPE: u32 = 1;
    let mut frame = kind.to_be_bytes().to_vec();
    if let Some(content) = content {
        frame.extend(CONTENT_TYPE.to_be_bytes());
        frame.extend(with_length(content.as_bytes()));
    }
    [&[0; 4], &with_length(&frame)[..]].concat()
}
