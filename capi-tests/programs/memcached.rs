//! memcached: one base per thread, a listener, notification by pipe or eventfd,
//! a clock event, thousands of connections.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use super::at_once;
use super::evidence;
use super::noise::bytes;
use super::process::{self, Daemon};
use super::stage::{Flavour, Library, Method, Stage};
use super::tally::Tally;

const CLIENT_THREADS: u64 = 4;
const MEBIBYTE: usize = 1 << 20;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let mut command = stage.command("memcached", flavour)?;
    let (mut daemon, port) = start(stage, &mut command, 2048)?;
    daemon.wait_for_port(port)?;
    tally.program = format!("memcached {}", Client::connect(port)?.statistic("version")?);
    evidence::check(stage, flavour, &daemon, tally)?;

    let outcome = converse(stage, flavour, port, tally);
    daemon.explain(outcome)?;
    more_clients_than_allowed(stage, flavour, tally)?;
    daemon.stop(libc::SIGTERM)
}

fn converse(stage: &Stage, flavour: Flavour, port: u16, tally: &mut Tally) -> Result<(), Failed> {
    // Debian's libevent aborts when select is to watch a descriptor above 1023.
    let few = flavour == Flavour::new(Library::Reference, Method::Select);
    let connections = if few { 200 } else { 250 };

    protocols(port, tally)?;
    let expiry = Expiry::begin(port)?;
    many_connections(port, connections, 8, tally)?;
    large_values(port, tally)?;
    datagrams(port, tally)?;
    one_counter(port, 1000, tally)?;
    files(stage, port, tally)?;
    expiry.finish(port, tally)
}

/// Starts memcached with the arguments that every run shares.
fn start(stage: &Stage, command: &mut Command, connections: u32) -> Result<(Daemon, u16), Failed> {
    let port = process::free_port()?;
    command
        .args(["-l", "127.0.0.1", "-t", "4", "-m", "256", "-I", "8m"])
        .arg(format!("--conn-limit={connections}"))
        .arg(format!("--port={port}"))
        .arg(format!("--udp-port={port}"));
    let directory = stage.directory("memcached")?;
    Ok((Daemon::start(command, "memcached", &directory)?, port))
}

/// libmemcached's own test suite for servers: every command of both protocols.
fn protocols(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let mut client = process::client("memccapable")?;
    client.args(["-h", "127.0.0.1", "-p"]).arg(port.to_string());
    client.arg("-t").arg(process::LIMIT.as_secs().to_string());
    let report = process::run(&mut client, b"")?.success()?;
    let passed = report
        .lines()
        .filter(|line| line.ends_with("[pass]"))
        .count();
    if passed < 50 || !report.contains("All tests passed") {
        return Err(format!("memccapable:\n{report}").into());
    }
    tally.checked(passed as u64, "commands, by memccapable, ASCII and binary");
    Ok(())
}

/// Connections that are all open at the same time and store and read values of
/// their own, several requests in flight on each.
fn many_connections(
    port: u16,
    per_thread: u64,
    rounds: u64,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let answers = on_threads(CLIENT_THREADS, |thread| {
        let mut clients = (0..per_thread)
            .map(|_| Client::connect(port))
            .collect::<Result<Vec<_>, _>>()?;
        let key = |number: usize| format!("connection-{thread}-{number}");
        let mut answers = 0;
        for round in 0..rounds {
            let seed = |number: usize| (thread << 40) + ((number as u64) << 20) + round;
            for (number, client) in clients.iter_mut().enumerate() {
                let size = 1 + (seed(number) % 3000) as usize;
                client.send_set(&key(number), &bytes(seed(number), size))?;
                client.send_get(&key(number))?;
            }
            for (number, client) in clients.iter_mut().enumerate() {
                let size = 1 + (seed(number) % 3000) as usize;
                client.expect_line("STORED")?;
                client.expect_value(&key(number), &bytes(seed(number), size))?;
                answers += 2;
            }
        }
        Ok(answers)
    })?;
    let connections = CLIENT_THREADS * per_thread;
    tally.checked(
        answers,
        format!("sets and gets over {connections} connections at once"),
    );
    Ok(())
}

/// Values that fill socket buffers many times over, in both directions.
fn large_values(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let answers = on_threads(CLIENT_THREADS, |thread| {
        let mut client = Client::connect(port)?;
        let key = format!("large-{thread}");
        let mut answers = 0;
        for size in [
            MEBIBYTE - 1,
            MEBIBYTE,
            2 * MEBIBYTE + 1,
            8 * MEBIBYTE - 2000,
        ] {
            let value = bytes(size as u64 + thread, size);
            client.send_set(&key, &value)?;
            client.expect_line("STORED")?;
            client.send_get(&key)?;
            client.expect_value(&key, &value)?;
            answers += 2;
        }
        Ok(answers)
    })?;
    tally.checked(answers, "sets and gets of values of 1 to 8 MiB");
    Ok(())
}

/// The UDP protocol: an 8-byte frame header before each ASCII request.
fn datagrams(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let value = bytes(7, 900);
    let mut client = Client::connect(port)?;
    client.send_set("datagram", &value)?;
    client.expect_line("STORED")?;

    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(process::LIMIT))?;
    let mut expected = format!("VALUE datagram 0 {}\r\n", value.len()).into_bytes();
    expected.extend_from_slice(&value);
    expected.extend_from_slice(b"\r\nEND\r\n");
    const REQUESTS: u16 = 500;
    for number in 0..REQUESTS {
        let id = number.to_be_bytes();
        let header = [id[0], id[1], 0, 0, 0, 1, 0, 0];
        socket.send(&[&header, b"get datagram\r\n".as_slice()].concat())?;
        let mut answer = [0; 2000];
        let length = socket.recv(&mut answer)?;
        if answer[..8] != header || answer[8..length] != expected {
            return Err(format!("wrong answer to datagram {number}").into());
        }
    }
    tally.checked(u64::from(REQUESTS), "gets by UDP");
    Ok(())
}

/// All threads count up one number: none may get lost.
fn one_counter(port: u16, each: u64, tally: &mut Tally) -> Result<(), Failed> {
    let mut client = Client::connect(port)?;
    client.send_set("counter", b"0")?;
    client.expect_line("STORED")?;
    on_threads(CLIENT_THREADS, |_| {
        let mut client = Client::connect(port)?;
        let mut last = 0;
        for _ in 0..each {
            client.send(b"incr counter 1\r\n")?;
            let now: u64 = client.line()?.parse()?;
            if now <= last {
                return Err(format!("the counter went from {last} to {now}").into());
            }
            last = now;
        }
        Ok(each)
    })?;
    let total = (CLIENT_THREADS * each).to_string();
    client.send_get("counter")?;
    client.expect_value("counter", total.as_bytes())?;
    tally.checked(CLIENT_THREADS * each, "increments of one number");
    Ok(())
}

/// libmemcached's copying programs, by the binary protocol.
fn files(stage: &Stage, port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let directory = stage.directory("memccp")?;
    let servers = format!("--servers=127.0.0.1:{port}");
    const FILES: u64 = 20;
    let mut contents = Vec::new();
    for number in 0..FILES {
        let text: Vec<u8> = bytes(number, 40_000 * number as usize + 1)
            .iter()
            .map(|byte| b'a' + byte % 26)
            .collect();
        fs::write(directory.join(format!("file-{number}")), &text)?;
        contents.push(text);
    }
    let mut client = process::client("memccp")?;
    client.current_dir(&directory).args([&servers, "--binary"]);
    client.args((0..FILES).map(|number| format!("file-{number}")));
    process::run(&mut client, b"")?.success()?;
    for (number, text) in contents.iter().enumerate() {
        let mut client = process::client("memccat")?;
        client.args([&servers, "--binary", &format!("file-{number}")]);
        let output = process::run(&mut client, b"")?.success()?;
        if output.trim_end().as_bytes() != text {
            return Err(format!("memccat gave back another file-{number}").into());
        }
    }
    tally.checked(FILES, "files, by memccp and memccat");
    Ok(())
}

/// The server's clock is a libevent timer: a value that lives for two seconds must
/// go, but not at once, and one that lives long must stay.
struct Expiry {
    begun: Instant,
}

impl Expiry {
    fn begin(port: u16) -> Result<Expiry, Failed> {
        let begun = Instant::now();
        let mut client = Client::connect(port)?;
        for (key, seconds) in [("short", 2), ("long", 1000)] {
            client.send(format!("set {key} 0 {seconds} 2\r\nab\r\n").as_bytes())?;
            client.expect_line("STORED")?;
        }
        Ok(Expiry { begun })
    }

    fn finish(self, port: u16, tally: &mut Tally) -> Result<(), Failed> {
        let mut client = Client::connect(port)?;
        while client.has_short()? {
            if self.begun.elapsed() > process::LIMIT {
                return Err("a value outlived its time: the clock event does not run".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        // The clock ticks once a second, so that the first one may be short.
        if self.begun.elapsed() < Duration::from_secs(1) {
            return Err("a value has gone before its time".into());
        }
        client.send_get("long")?;
        client.expect_value("long", b"ab")?;
        tally.checked(3, "values expired, or not, when they should");
        Ok(())
    }
}

/// A server that stops listening while it is full, and listens again when clients
/// have left.
fn more_clients_than_allowed(
    stage: &Stage,
    flavour: Flavour,
    tally: &mut Tally,
) -> Result<(), Failed> {
    const ALLOWED: u64 = 30;
    const CLIENTS: u64 = 45;
    let port = process::free_port()?;
    let directory = stage.directory("memcached-full")?;
    let mut command = stage.command("memcached", flavour)?;
    command
        .args(["-l", "127.0.0.1", "-t", "2", "-o", "no_maxconns_fast", "-c"])
        .arg(ALLOWED.to_string())
        .arg(format!("--port={port}"));
    let mut daemon = Daemon::start(&mut command, "memcached", &directory)?;
    daemon.wait_for_port(port)?;
    let (begun, full) = (Instant::now(), AtomicBool::new(false));
    // Those who find it full are let in at the kernel's next try, a second later.
    on_threads(CLIENTS, |_| {
        let mut client = Client::connect(port)?;
        while !full.load(Ordering::Relaxed) {
            if client.statistic("listen_disabled_num")? != "0" {
                full.store(true, Ordering::Relaxed);
            }
            if begun.elapsed() > process::LIMIT {
                return Err("the server was never full".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        client.send(b"verbosity 1\r\n")?;
        client.expect_line("OK")?;
        client.send(b"quit\r\n")?;
        Ok(1)
    })?;
    tally.checked(
        CLIENTS,
        format!("clients served by a server that allows {ALLOWED} at a time"),
    );
    daemon.stop(libc::SIGTERM)
}

/// Under valgrind: no invalid access, no use of undefined memory, no leak.
pub fn valgrind_trial(stage: &Arc<Stage>) -> Trial {
    const CONNECTIONS: u32 = 500;
    let stage = Arc::clone(stage);
    let body = move || {
        let memcached = process::find("memcached")?;
        // What memcached itself allocates and loses is its own affair.
        let suppressions = stage.directory("valgrind")?.join("suppressions");
        fs::write(
            &suppressions,
            format!(
                "{{\nown\nMemcheck:Leak\nfun:*alloc\nobj:{}\n...\n}}\n",
                memcached.display()
            ),
        )?;
        // valgrind allows a program to set no other limit on its descriptors
        // than the one that it was started with.
        let mut command = process::client("sh")?;
        command
            .args([
                "-c",
                &format!("ulimit -Sn {CONNECTIONS}; exec \"$@\""),
                "sh",
            ])
            .arg(process::find("valgrind")?)
            .args(["--error-exitcode=99", "--leak-check=full"])
            .args([
                "--errors-for-leak-kinds=definite",
                "--show-leak-kinds=definite",
                "--quiet",
            ])
            .arg(format!("--suppressions={}", suppressions.display()))
            .arg(memcached)
            .env("LD_LIBRARY_PATH", stage.prefix()?.join("lib/libevent_rs"));
        let (mut daemon, port) = start(&stage, &mut command, CONNECTIONS)?;
        daemon.wait_for_port(port)?;
        evidence::check_mapped(&stage, Library::Soname, &daemon)?;
        let mut tally = Tally::default();
        protocols(port, &mut tally)?;
        many_connections(port, 50, 4, &mut tally)?;
        large_values(port, &mut tally)?;
        one_counter(port, 100, &mut tally)?;
        daemon.stop(libc::SIGTERM)
    };
    Trial::test("memcached::valgrind", body).with_ignored_flag(true)
}

/// Runs `work` on several threads and adds up what it counted.
fn on_threads(
    threads: u64,
    work: impl Fn(u64) -> Result<u64, Failed> + Sync,
) -> Result<u64, Failed> {
    Ok(at_once::each(0..threads, work)?.iter().sum())
}

/// A client of the ASCII protocol.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(port: u16) -> Result<Client, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        stream.set_write_timeout(Some(process::LIMIT))?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    fn send(&mut self, request: &[u8]) -> Result<(), Failed> {
        Ok(self.stream.get_mut().write_all(request)?)
    }

    fn send_set(&mut self, key: &str, value: &[u8]) -> Result<(), Failed> {
        let head = format!("set {key} 0 0 {}\r\n", value.len());
        self.send(&[head.as_bytes(), value, b"\r\n"].concat())
    }

    fn send_get(&mut self, key: &str) -> Result<(), Failed> {
        self.send(format!("get {key}\r\n").as_bytes())
    }

    /// Whether the value that lives briefly is there.
    fn has_short(&mut self) -> Result<bool, Failed> {
        self.send_get("short")?;
        if self.line()? == "END" {
            return Ok(false);
        }
        self.expect_line("ab")?;
        self.expect_line("END")?;
        Ok(true)
    }

    /// One line of `stats`.
    fn statistic(&mut self, name: &str) -> Result<String, Failed> {
        self.send(b"stats\r\n")?;
        let prefix = format!("STAT {name} ");
        let mut value = None;
        loop {
            let line = self.line()?;
            if line == "END" {
                break;
            }
            value = value.or(line.strip_prefix(&prefix).map(str::to_owned));
        }
        value.ok_or_else(|| format!("stats has no {name}").into())
    }

    fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(format!("the connection ended after {line:?}").into()),
        }
    }

    fn expect_line(&mut self, expected: &str) -> Result<(), Failed> {
        let line = self.line()?;
        if line == expected {
            return Ok(());
        }
        Err(format!("the answer was {line:?} and not {expected:?}").into())
    }

    fn expect_value(&mut self, key: &str, value: &[u8]) -> Result<(), Failed> {
        self.expect_line(&format!("VALUE {key} 0 {}", value.len()))?;
        let mut answer = vec![0; value.len() + 2];
        self.stream.read_exact(&mut answer)?;
        if &answer[..value.len()] != value || !answer.ends_with(b"\r\n") {
            return Err(format!("the value of {key} came back changed").into());
        }
        self.expect_line("END")
    }
}
