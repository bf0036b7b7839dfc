//! redsocks: two bufferevents for every connection, whose halves end one by one,
//! on the base that it never names; datagrams by plain events and timers.
//!
//! It redirects to proxies of the test's own. Told to use no particular
//! firewall, it takes the address that a client connected to for the one that
//! the client wanted, so that no rights are needed.

mod proxy;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::noise;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;
use proxy::{Kind, LOGIN, PASSWORD, Proxy};

const CLIENTS: u8 = 6;
const CONNECTIONS: u64 = 10;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let directory = stage.directory("redsocks")?;
    let mut settings = "base { log_info = on; log = stderr; daemon = off; \
                        redirector = generic; }\n"
        .to_owned();
    let mut ways = Vec::new();
    for (kind, name) in [
        (Kind::Socks4, "socks4"),
        (Kind::Socks5, "socks5"),
        (Kind::HttpConnect, "http-connect"),
    ] {
        let port = process::free_port()?;
        let proxy = Proxy::start(kind, port)?;
        settings += &format!(
            "redsocks {{ local_ip = 0.0.0.0; local_port = {port}; type = {name}; {} }}\n",
            through(&proxy)
        );
        ways.push((name, port, proxy));
    }
    let (datagrams_port, far_port, dns_port) = (
        process::free_port()?,
        process::free_port()?,
        process::free_port()?,
    );
    let relay = Proxy::start(Kind::Socks5, far_port)?;
    settings += &format!(
        "redudp {{ local_ip = 127.0.0.1; local_port = {datagrams_port}; {} \
         dest_ip = 127.0.0.1; dest_port = {far_port}; udp_timeout = 4; udp_timeout_stream = 4; }}\n\
         dnstc {{ local_ip = 127.0.0.1; local_port = {dns_port}; }}\n",
        through(&relay)
    );
    fs::write(directory.join("redsocks.conf"), settings)?;

    let mut command = stage.command("redsocks", flavour)?;
    command.args(["-c", "redsocks.conf"]);
    let mut daemon = Daemon::start(&mut command, "redsocks", &directory)?;
    daemon.wait_until("its start", || {
        let log = fs::read_to_string(directory.join("redsocks.log"));
        log.is_ok_and(|log| log.contains("redsocks started"))
    })?;
    evidence::check(stage, flavour, &daemon, tally)?;

    let mut outcome = Ok(());
    for (name, port, proxy) in &ways {
        outcome = outcome.and_then(|()| connections(name, *port, proxy, tally));
    }
    let outcome = outcome
        .and_then(|()| datagrams(datagrams_port, &relay, tally))
        .and_then(|()| truncated(dns_port, tally));
    daemon.explain(outcome)?;
    daemon.stop(libc::SIGTERM)
}

fn version() -> Result<String, Failed> {
    let finished = process::run(process::client("redsocks")?.arg("-v"), b"")?;
    let text = finished.stdout + &finished.stderr;
    Ok(text.lines().next().unwrap_or_default().replace('/', " "))
}

/// The settings for a way through this proxy.
fn through(proxy: &Proxy) -> String {
    let port = proxy.port();
    format!("ip = 127.0.0.1; port = {port}; login = \"{LOGIN}\"; password = \"{PASSWORD}\";")
}

/// Connections to many addresses, with megabytes in both directions at once.
fn connections(name: &str, port: u16, proxy: &Proxy, tally: &mut Tally) -> Result<(), Failed> {
    // One alone at first: redsocks has to learn how the proxy wants the password.
    exchange(port, CLIENTS, 0)
        .and_then(|()| {
            at_once::each(0..CLIENTS, |client| {
                (0..CONNECTIONS).try_for_each(|number| exchange(port, client, number))
            })
        })
        .map_err(complaint(name, proxy))?;
    let connections = 1 + u64::from(CLIENTS) * CONNECTIONS;
    expect_served(name, proxy, connections)?;
    tally.checked(
        connections,
        format!("connections through {name}, {CLIENTS} at a time, both directions at once"),
    );
    Ok(())
}

/// What a client met, and what the proxy had to complain of.
fn complaint(name: &str, proxy: &Proxy) -> impl Fn(Failed) -> Failed {
    move |error| {
        let reason = error.message().unwrap_or("failed");
        format!("{name}: {reason}; {:?}", proxy.complaints()).into()
    }
}

fn exchange(port: u16, client: u8, number: u64) -> Result<(), Failed> {
    let size = [1, 5000, 300_000, 2_000_000][number as usize % 4];
    let address = Ipv4Addr::new(127, client, number as u8, 7);
    let stream = TcpStream::connect((address, port))?;
    stream.set_read_timeout(Some(process::LIMIT))?;
    stream.set_write_timeout(Some(process::LIMIT))?;
    let bytes = noise::bytes(u64::from(client) << 32 | number, size);
    thread::scope(|scope| {
        let writing = scope.spawn(|| -> Result<(), Failed> {
            (&stream).write_all(&bytes)?;
            Ok(stream.shutdown(Shutdown::Write)?)
        });
        let mut reader = BufReader::new(&stream);
        let mut greeting = String::new();
        reader.read_line(&mut greeting)?;
        if greeting != format!("{address}:{port}\n") {
            return Err(format!("a connection to {address} went to {greeting}").into());
        }
        let mut echo = Vec::new();
        reader.read_to_end(&mut echo)?;
        writing.join().expect("writing reports errors")?;
        if echo != bytes {
            let (got, sent) = (echo.len(), bytes.len());
            return Err(format!("of {sent} bytes sent, {got} came back, or others").into());
        }
        Ok(())
    })
}

/// Datagrams of several clients, each with an association that ends when the
/// client is silent.
fn datagrams(port: u16, relay: &Proxy, tally: &mut Tally) -> Result<(), Failed> {
    const DATAGRAMS: u64 = 100;
    at_once::each(0..CLIENTS, |client| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(process::LIMIT))?;
        let mut answer = vec![0; 65_536];
        for number in 0..DATAGRAMS {
            let size = 1 + (number as usize * 13) % 1300;
            let datagram = noise::bytes(u64::from(client) << 32 | number, size);
            socket.send(&datagram)?;
            let length = socket.recv(&mut answer)?;
            if answer[..length] != datagram {
                return Err("a datagram came back changed".into());
            }
        }
        Ok(())
    })
    .map_err(complaint("datagrams", relay))?;
    expect_served("datagrams", relay, u64::from(CLIENTS))?;
    tally.checked(
        DATAGRAMS * u64::from(CLIENTS),
        "datagrams through socks5, in associations that end in time",
    );
    Ok(())
}

/// The answer to any question is that it was cut off.
fn truncated(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const QUESTIONS: u16 = 200;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(process::LIMIT))?;
    for number in 0..QUESTIONS {
        let [high, low] = number.to_be_bytes();
        let mut question = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        question.extend(b"\x04name\x07example\x00\x00\x01\x00\x01");
        socket.send(&question)?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer)?;
        // An answer, cut off.
        question[2] |= 0x82;
        if answer[..3] != question[..3] || answer[12..length] != question[12..] {
            return Err(format!("the answer to {question:?}: {:?}", &answer[..length]).into());
        }
    }
    tally.checked(u64::from(QUESTIONS), "questions answered as cut off");
    Ok(())
}

/// Waits until the proxy has seen at least so many clients to their end.
fn expect_served(name: &str, proxy: &Proxy, clients: u64) -> Result<(), Failed> {
    let begun = Instant::now();
    while proxy.served() < clients && begun.elapsed() < process::LIMIT {
        thread::sleep(Duration::from_millis(5));
    }
    let (served, complaints) = (proxy.served(), proxy.complaints());
    if served < clients || !complaints.is_empty() {
        return Err(format!("{name}: {served} served of {clients}; {complaints:?}").into());
    }
    Ok(())
}
