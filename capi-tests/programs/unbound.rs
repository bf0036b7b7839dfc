//! unbound: UDP and TCP on both sides, timers for every query that is under
//! way, several threads, a control channel.
//!
//! Two run: one that knows a zone, and a resolver that gets it from there.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::thread;

use libtest_mimic::Failed;

use super::dig::{self, Question, Transport};
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const NAMES: u32 = 1000;
/// Enough text to need TCP.
const TEXTS: u32 = 60;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let authority = Server::start(stage, flavour, "authority", &authority_settings(), tally)?;
    let resolver = Server::start(
        stage,
        flavour,
        "resolver",
        &resolver_settings(authority.port, silent.local_addr()?.port()),
        tally,
    )?;

    let before = resolver.queries()?;
    let udp = questions("served.example");
    let tcp = questions("tcp.example");
    for (what, port, transport, questions) in [
        ("answers by UDP", authority.port, Transport::Udp, &udp),
        (
            "answers by TCP, one connection each",
            authority.port,
            Transport::Tcp,
            &tcp,
        ),
        (
            "answers by TCP, one connection for all",
            authority.port,
            Transport::KeptTcp,
            &udp,
        ),
        (
            "answers fetched by UDP from the other server",
            resolver.port,
            Transport::Udp,
            &udp,
        ),
        (
            "answers fetched by TCP from the other server",
            resolver.port,
            Transport::KeptTcp,
            &tcp,
        ),
        (
            "answers from the cache",
            resolver.port,
            Transport::Udp,
            &udp,
        ),
    ] {
        tally.checked(dig::check(port, transport, questions)?, what);
    }
    truncation(authority.port, tally)?;
    repetition(resolver.port, silent, tally)?;
    control(&authority, &resolver, before, tally)?;
    resolver.daemon.stop(libc::SIGTERM)?;
    authority.daemon.stop(libc::SIGTERM)
}

/// An answer too long for UDP: marked as cut off, and complete by TCP.
fn truncation(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let cut = dig::ask(
        port,
        &[
            "+notcp",
            "+ignore",
            "+bufsize=512",
            "big.served.example",
            "TXT",
        ],
    )?;
    let whole = dig::ask(port, &["+notcp", "big.served.example", "TXT"])?;
    let flagged = cut.flags.split(' ').any(|flag| flag == "tc");
    if !flagged || whole.records.len() != TEXTS as usize {
        let records = whole.records.len();
        return Err(format!("flags {}, then {records} records", cut.flags).into());
    }
    tally.checked(2, "long answers: cut off by UDP, whole by TCP");
    Ok(())
}

/// A server that stays silent twice: the resolver's timers make it ask again.
fn repetition(port: u16, silent: UdpSocket, tally: &mut Tally) -> Result<(), Failed> {
    silent.set_read_timeout(Some(process::LIMIT))?;
    let server = thread::spawn(move || -> std::io::Result<u32> {
        let mut query = [0; 512];
        for asked in 1.. {
            let (length, from) = silent.recv_from(&mut query)?;
            if asked == 3 {
                // The query itself is the answer: response, no such name.
                query[2] |= 0x80;
                query[3] = 3;
                silent.send_to(&query[..length], from)?;
                return Ok(asked);
            }
        }
        unreachable!("the loop ends by returning")
    });
    let answer = dig::ask(port, &["name.silent.example", "A"])?;
    let asked = server.join().expect("the server returns errors")?;
    if answer.status != "NXDOMAIN" {
        return Err(format!("asked {asked} times, the answer was {}", answer.status).into());
    }
    tally.checked(1, "answer from a server that was asked three times");
    Ok(())
}

/// The control channel: statistics agree with what was asked, data can be
/// added, and the server still answers after reading its settings again.
fn control(
    authority: &Server,
    resolver: &Server,
    before: u32,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let queries = resolver.queries()? - before;
    // Two rounds by UDP, one by TCP, one name of the silent server.
    let expected = 2 * NAMES * 2 + NAMES * 2 + 1;
    if queries != expected {
        return Err(format!("the resolver counted {queries} queries, not {expected}").into());
    }
    authority.control(&["local_data", "added.served.example. 300 IN A 10.9.9.9"])?;
    let answer = dig::ask(authority.port, &["added.served.example", "A"])?;
    if answer.records != ["A 10.9.9.9"] {
        return Err(format!("added data: {:?}", answer.records).into());
    }
    authority.control(&["reload"])?;
    let again = questions("served.example");
    dig::check(authority.port, Transport::Udp, &again[..100])?;
    tally.checked(102, "answers around control commands and a reload");
    Ok(())
}

struct Server {
    daemon: Daemon,
    port: u16,
}

impl Server {
    fn start(
        stage: &Stage,
        flavour: Flavour,
        name: &str,
        settings: &str,
        tally: &mut Tally,
    ) -> Result<Server, Failed> {
        let port = process::free_port()?;
        let directory = stage.directory("unbound")?;
        fs::write(
            directory.join("unbound.conf"),
            format!("{}{settings}", common_settings(&directory, port)),
        )?;
        let mut command = stage.command("unbound", flavour)?;
        command.args(["-d", "-c", "unbound.conf"]);
        let mut daemon = Daemon::start(&mut command, name, &directory)?;
        // Its threads start after it listens.
        daemon.wait_until("answering", || {
            dig::ask(port, &["localhost", "A"]).is_ok_and(|answer| answer.status == "NOERROR")
        })?;
        evidence::check(stage, flavour, &daemon, tally)?;
        Ok(Server { daemon, port })
    }

    /// How many queries it has been asked.
    fn queries(&self) -> Result<u32, Failed> {
        let statistics = self.control(&["stats_noreset"])?;
        let queries = statistics
            .lines()
            .find_map(|line| line.strip_prefix("total.num.queries="))
            .ok_or("no number of queries in the statistics")?;
        Ok(queries.parse()?)
    }

    fn control(&self, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = process::client("unbound-control")?;
        command
            .current_dir(self.daemon.directory())
            .args(["-c", "unbound.conf"])
            .args(arguments);
        process::run(&mut command, b"")?.success()
    }
}

fn version() -> Result<String, Failed> {
    let output = process::run(process::client("unbound")?.arg("-V"), b"")?.success()?;
    let number = output.lines().next().unwrap_or_default();
    Ok(number.replace("Version", "unbound"))
}

/// A server that keeps all its files in `directory`.
pub fn server_settings(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    format!(
        r#"
server:
    interface: 127.0.0.1@{port}
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: "{directory}/unbound.pid"
    use-syslog: no
    do-daemonize: no
    do-not-query-localhost: no
    module-config: "iterator"
"#
    )
}

fn common_settings(directory: &Path, port: u16) -> String {
    let server = server_settings(directory, port);
    let directory = directory.display();
    // With so many places for connections, those of slow clients are not cut off.
    format!(
        r#"{server}
    num-threads: 2
    incoming-num-tcp: 100
remote-control:
    control-enable: yes
    control-use-cert: no
    control-interface: "{directory}/control"
"#
    )
}

fn authority_settings() -> String {
    let mut settings = String::from("server:\n");
    for zone in ["served.example", "tcp.example"] {
        writeln!(settings, "    local-zone: \"{zone}.\" static").expect("a String takes all");
        for question in questions(zone) {
            for record in question.expected {
                let name = &question.name;
                writeln!(settings, "    local-data: \"{name}. 300 IN {record}\"")
                    .expect("a String takes all");
            }
        }
    }
    for number in 0..TEXTS {
        let text = format!("{number:0>100}");
        writeln!(
            settings,
            "    local-data: 'big.served.example. 300 IN TXT \"{text}\"'"
        )
        .expect("a String takes all");
    }
    settings
}

fn resolver_settings(authority: u16, silent: u16) -> String {
    format!(
        r#"
forward-zone:
    name: "served.example."
    forward-addr: 127.0.0.1@{authority}
forward-zone:
    name: "tcp.example."
    forward-addr: 127.0.0.1@{authority}
    forward-tcp-upstream: yes
forward-zone:
    name: "silent.example."
    forward-addr: 127.0.0.1@{silent}
"#
    )
}

/// Two questions for each name of a zone; every tenth name does not exist.
fn questions(zone: &str) -> Vec<Question> {
    let mut questions = Vec::new();
    for number in 0..NAMES {
        let name = format!("host-{number}.{zone}");
        let (high, low) = (number / 256, number % 256);
        let known = number % 10 != 9;
        for (kind, record) in [
            ("A", format!("A 10.0.{high}.{low}")),
            ("AAAA", format!("AAAA fd00::{:x}", number + 1)),
        ] {
            questions.push(Question {
                name: name.clone(),
                kind,
                expected: known.then_some(record).into_iter().collect(),
            });
        }
    }
    questions
}
