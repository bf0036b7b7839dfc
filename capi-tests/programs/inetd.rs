//! inetd: signals above all. A child for every connection, whose end it hears of
//! by SIGCHLD, and services that rest while their child runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = "inetd of OpenBSD".to_owned();
    let directory = stage.directory("inetd")?;
    let user = user()?;
    let (echo, note, late) = (
        process::free_port()?,
        process::free_port()?,
        process::free_port()?,
    );
    let noter = directory.join("noter");
    let text = format!(
        "#!/bin/sh\ndd bs=1000 count=1 status=none >>{}/notes\n",
        directory.display()
    );
    process::write_program(&noter, &text)?;
    let services = format!(
        "127.0.0.1:{echo} stream tcp nowait {user} /bin/cat cat\n\
         127.0.0.1:{note} dgram udp wait {user} {} noter\n",
        noter.display()
    );
    let settings = directory.join("inetd.conf");
    fs::write(&settings, &services)?;

    let mut command = stage.command("inetd", flavour)?;
    // In the foreground, without a limit on invocations.
    command.args(["-i", "-R", "0"]).arg(&settings);
    let mut daemon = Daemon::start(&mut command, "inetd", &directory)?;
    daemon.wait_for_port(echo)?;
    evidence::check(stage, flavour, &daemon, tally)?;

    daemon.explain(connections(echo, 4, 50, tally))?;
    daemon.explain(datagrams(note, &directory, tally))?;
    fs::write(
        &settings,
        format!("{services}127.0.0.1:{late} stream tcp nowait {user} /bin/cat cat\n"),
    )?;
    daemon.signal(libc::SIGHUP);
    daemon.wait_for_port(late)?;
    daemon.explain(connections(late, 1, 10, tally))?;
    daemon.stop(libc::SIGTERM)
}

/// The name of the user that the services run as: inetd's own.
fn user() -> Result<String, Failed> {
    let mut id = process::client("id")?;
    id.arg("-un");
    process::as_unprivileged(&mut id);
    Ok(process::run(&mut id, b"")?.success()?.trim().to_owned())
}

/// Connections that cat answers, several at a time.
fn connections(port: u16, clients: u32, each: u32, tally: &mut Tally) -> Result<(), Failed> {
    at_once::each(0..clients, |client| {
        for number in 0..each {
            let text = format!("{number} of client {client}\n").repeat(500);
            let mut stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_read_timeout(Some(process::LIMIT))?;
            stream.write_all(text.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            if answer != text {
                return Err("cat gave back something else".into());
            }
        }
        Ok(())
    })?;
    tally.checked(
        u64::from(clients * each),
        format!("connections answered by a child each, {clients} at a time"),
    );
    Ok(())
}

/// A service that takes its socket over until it ends: every datagram is for a
/// new child, after the one before was waited for.
fn datagrams(port: u16, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    const DATAGRAMS: u32 = 40;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    let mut expected = String::new();
    for number in 0..DATAGRAMS {
        let text = format!("datagram {number}\n");
        socket.send(text.as_bytes())?;
        expected += &text;
        let begun = Instant::now();
        while fs::read_to_string(directory.join("notes")).unwrap_or_default() != expected {
            if begun.elapsed() > process::LIMIT {
                return Err(format!("datagram {number} was not taken note of").into());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    tally.checked(
        u64::from(DATAGRAMS),
        "datagrams, for a child each that holds the socket",
    );
    Ok(())
}
