//! An echo server whose connections come and go, for as long as it is told.
//!
//! `SOAK_SECONDS` (2) is the time for each trial, `soak::library::backend::locks`.
//! The server (`server.c`) accounts for every byte; clients check what they get.
//! Between waves of connections there are none: then the server must have what it
//! had after the first wave, of memory and of descriptors. At last connections do
//! nothing, and so must the server.

mod client;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fmt};

use libtest_mimic::{Failed, Trial};

use super::runner::build;
use super::runner::harness::{Backend, Library};
use super::runner::library::Problem;
use client::Tally;

/// Open at a time; select has no room for many more.
const MOST: usize = 400;
const IDLE: usize = 200;

pub fn trials() -> Vec<Trial> {
    let runs = [
        (Library::Reference, Backend::Epoll, false),
        (Library::Linked, Backend::Epoll, false),
        (Library::Linked, Backend::Epoll, true),
        (Library::Linked, Backend::Poll, false),
        (Library::Linked, Backend::Select, true),
    ];
    runs.into_iter()
        .map(|(library, backend, locks)| {
            let suffix = if locks { "locks" } else { "nolocks" };
            let name = format!("soak::{library:?}::{backend:?}::{suffix}").to_lowercase();
            Trial::test(name, move || soak(library, backend, locks))
        })
        .collect()
}

/// Makes a structure of numbers, which are in lines in the order of their names here.
macro_rules! account {
    ($($figure:ident),*) => {
        /// The numbers of one of the server's lines.
        #[derive(Clone, Copy)]
        struct Account {
            $($figure: u64),*
        }

        impl Account {
            fn parse(line: &str) -> Option<Self> {
                let mut words = line.split(' ');
                let account = Account {
                    $($figure: words.next()?.parse().ok()?),*
                };
                words.next().is_none().then_some(account)
            }
        }
    };
}

account!(
    connections,
    served,
    received,
    sent,
    left,
    blocks,
    descriptors,
    resident_kib,
    cpu_us,
    waits
);

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} blocks, {} descriptors, {} KiB resident",
            self.blocks, self.descriptors, self.resident_kib
        )
    }
}

struct Server {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(library: Library, backend: Backend, locks: bool) -> Result<Self, Failed> {
        let binary = build::soak("server", library.against())?;
        let mut command = Command::new(&binary);
        library.load_into(&mut command, &binary)?;
        for variable in backend.variables() {
            command.env(variable, "1");
        }
        if locks {
            command.env("CAPI_THREADS", "1");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take();
        let output = child.stdout.take().expect("a pipe");
        let mut server = Server {
            child,
            questions,
            answers: BufReader::new(output),
            port: 0,
        };
        server.port = server.line()?.parse().map_err(|_| "no port was printed")?;
        Ok(server)
    }

    fn line(&mut self) -> Result<String, Problem> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .map_err(|error| format!("the server says nothing: {error}"))?;
        Ok(line.trim().to_owned())
    }

    fn account(&mut self) -> Result<Account, Problem> {
        let mut questions = self.questions.as_ref().expect("still asked");
        questions
            .write_all(b"?\n")
            .map_err(|error| format!("the server does not listen: {error}"))?;
        let line = self.line()?;
        Account::parse(&line).ok_or_else(|| format!("the server's account is `{line}`"))
    }

    /// The account when the server has noticed that all clients have gone.
    fn account_at_rest(&mut self, served: u64) -> Result<Account, Problem> {
        let end = Instant::now() + client::PATIENCE;
        loop {
            let account = self.account()?;
            if account.connections == 0 && account.served == served {
                // The last are really freed at the end of a turn: ask in another.
                return self.account();
            }
            if Instant::now() > end {
                return Err(format!(
                    "{} connections are left of {}, and {served} were made",
                    account.connections, account.served
                ));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the server, which must have given everything back.
    fn stop(mut self) -> Result<(), Failed> {
        self.questions = None;
        match self.child.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("the server ended with {status}").into()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when `stop` has seen it end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No byte was lost, and none came from nowhere.
fn check_bytes(account: &Account, tally: &Tally) -> Result<(), Problem> {
    let Account {
        received,
        sent,
        left,
        ..
    } = *account;
    // What a client that went away had sent may never have arrived.
    let plausible = received <= tally.sent && tally.received <= sent;
    if received == sent + left && plausible && (tally.cut > 0 || received == tally.sent) {
        return Ok(());
    }
    Err(format!(
        "clients sent {} bytes and got {}; the server got {received}, sent {sent} and kept {left}",
        tally.sent, tally.received
    ))
}

/// Nothing has grown.
fn check_level(library: Library, first: &Account, now: &Account) -> Result<(), Problem> {
    // The C library's allocator gives back what it likes.
    const SLACK_KIB: u64 = 4096;
    // The reference keeps a block for each descriptor that there ever was. Of the arrays of a base a
    // small first wave, on a busy machine, may have needed some not yet.
    let slack = match library {
        Library::Reference => MOST as u64,
        _ => 3,
    };
    let level = now.blocks <= first.blocks + slack
        && now.descriptors == first.descriptors
        && now.resident_kib <= first.resident_kib + SLACK_KIB;
    match level {
        true => Ok(()),
        false => Err(format!("after the first wave: {first}; now: {now}")),
    }
}

/// With connections that do nothing, the server does nothing.
fn check_idle(server: &mut Server) -> Result<(), Problem> {
    let clients: Vec<_> = (0..IDLE)
        .map(|_| TcpStream::connect(("127.0.0.1", server.port)))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("connecting: {error}"))?;
    let end = Instant::now() + client::PATIENCE;
    while server.account()?.connections < IDLE as u64 {
        if Instant::now() > end {
            return Err("idle connections are not accepted".into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    // A machine that gives its time to others may count it for the server, but not
    // again and again.
    let mut outcome = Ok(());
    for _ in 0..5 {
        let before = server.account()?;
        thread::sleep(Duration::from_millis(1500));
        let after = server.account()?;
        // Answering takes a little.
        let (cpu_us, waits) = (after.cpu_us - before.cpu_us, after.waits - before.waits);
        if cpu_us < 10_000 && waits < 5 {
            outcome = Ok(());
            break;
        }
        outcome = Err(format!("idle for 1.5 s: {cpu_us} us of CPU, {waits} waits"));
    }
    drop(clients);
    outcome
}

fn soak(library: Library, backend: Backend, locks: bool) -> Result<(), Failed> {
    let seconds: f64 = match env::var("SOAK_SECONDS") {
        Ok(text) => text.parse()?,
        Err(_) => 2.0,
    };
    let total = Duration::from_secs_f64(seconds);
    // The first wave shows what the server needs, the others that it needs no more.
    let waves = (seconds as u32 / 10).max(4);
    let mut server = Server::start(library, backend, locks)?;
    let mut tally = Tally::default();
    let mut seeds = 0;
    let mut first = None;
    for _ in 0..waves {
        let end = Instant::now() + total / waves;
        client::wave(server.port, MOST, &mut seeds, end, &mut tally)?;
        let account = server.account_at_rest(tally.connections)?;
        check_bytes(&account, &tally)?;
        check_level(library, first.get_or_insert(account), &account)?;
    }
    check_idle(&mut server)?;
    let last = server.account_at_rest(tally.connections + IDLE as u64)?;
    check_level(library, first.get_or_insert(last), &last)?;
    println!(
        "{library:?} {backend:?}: {} connections, {} cut off, {} MB received; {last}",
        tally.connections,
        tally.cut,
        last.received / 1_000_000
    );
    server.stop()
}
