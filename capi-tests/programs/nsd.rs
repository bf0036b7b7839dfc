//! nsd: processes that fork from one another, each with a base of its own, and
//! zone transfers with their timers.
//!
//! Two run: a primary, and a secondary that takes the zone from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::dig::{self, Question, Transport};
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const ZONE: &str = "served.example";
const NAMES: u32 = 1000;
/// Processes that answer questions.
const SERVERS: usize = 2;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let (primary_port, secondary_port) = (process::free_port()?, process::free_port()?);
    let mut primary = Server::start(
        stage,
        flavour,
        "primary",
        primary_port,
        &format!("provide-xfr: 127.0.0.0/8 NOKEY\n    notify: 127.0.0.1@{secondary_port} NOKEY"),
        Some(1),
    )?;
    primary.wait_for_serial(1)?;
    evidence::check(stage, flavour, &primary.daemon, tally)?;

    let first = questions(1);
    for (what, transport) in [
        ("answers by UDP", Transport::Udp),
        ("answers by TCP, one connection each", Transport::Tcp),
        ("answers by TCP, one connection for all", Transport::KeptTcp),
    ] {
        tally.checked(dig::check(primary_port, transport, &first)?, what);
    }
    transfer(primary_port, 1, tally)?;

    let mut secondary = Server::start(
        stage,
        flavour,
        "secondary",
        secondary_port,
        &format!(
            "request-xfr: AXFR 127.0.0.1@{primary_port} NOKEY\n    \
             allow-notify: 127.0.0.1 NOKEY\n    provide-xfr: 127.0.0.0/8 NOKEY"
        ),
        None,
    )?;
    secondary.wait_for_serial(1)?;
    evidence::check(stage, flavour, &secondary.daemon, tally)?;
    tally.checked(
        dig::check(secondary_port, Transport::Udp, &first)?,
        "answers from the secondary",
    );

    // A changed zone: the primary reads it again, tells the secondary, and
    // that fetches it.
    let second = questions(2);
    write_zone(primary.daemon.directory(), 2)?;
    primary.control("reload")?;
    primary.wait_for_serial(2)?;
    tally.checked(
        dig::check(primary_port, Transport::Udp, &second)?,
        "answers from the changed zone",
    );
    secondary.wait_for_serial(2)?;
    tally.checked(
        dig::check(secondary_port, Transport::KeptTcp, &second)?,
        "answers from the secondary after it was notified",
    );
    transfer(secondary_port, 2, tally)?;
    secondary.daemon.stop(libc::SIGTERM)?;
    primary.daemon.stop(libc::SIGTERM)
}

/// The whole zone by AXFR: each record once, the SOA record at both ends.
fn transfer(port: u16, serial: u32, tally: &mut Tally) -> Result<(), Failed> {
    let records = dig::transfer(port, ZONE)?;
    let mut expected = BTreeSet::from([
        format!("{ZONE}. {}", soa(serial)),
        format!("{ZONE}. NS ns.{ZONE}."),
    ]);
    for question in questions(serial) {
        for record in question.expected {
            expected.insert(format!("{}. {record}", question.name));
        }
    }
    let got: BTreeSet<_> = records.iter().cloned().collect();
    if got != expected || records.len() != expected.len() + 1 || records.first() != records.last() {
        let difference: Vec<_> = got.symmetric_difference(&expected).take(5).collect();
        let (records, expected) = (records.len(), expected.len() + 1);
        return Err(format!("{records} records, expected {expected}: {difference:?}").into());
    }
    tally.checked(records.len() as u64, "records by zone transfer");
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
        port: u16,
        transfers: &str,
        serial: Option<u32>,
    ) -> Result<Server, Failed> {
        let directory = stage.directory("nsd")?;
        if let Some(serial) = serial {
            write_zone(&directory, serial)?;
        }
        fs::write(
            directory.join("nsd.conf"),
            settings(&directory, port, transfers),
        )?;
        let mut command = stage.command("nsd", flavour)?;
        command.args(["-d", "-c", "nsd.conf"]);
        let mut daemon = Daemon::start(&mut command, name, &directory)?;
        daemon.wait_for_port(port)?;
        Ok(Server { daemon, port })
    }

    /// Waits until the zone with this serial number is answered, and by all: those
    /// who know no other go on until those who know it run.
    fn wait_for_serial(&mut self, serial: u32) -> Result<(), Failed> {
        let (port, leader) = (self.port, self.daemon.pid());
        let expected = [soa(serial)];
        self.daemon
            .wait_until(&format!("answering serial {serial}"), || {
                dig::ask(port, &[ZONE, "SOA"]).is_ok_and(|answer| answer.records == expected)
            })?;
        // The one that does zone transfers, and the one that all others come from.
        self.daemon
            .wait_until("the end of those with another zone", || {
                evidence::same_program(leader).len() <= SERVERS + 2
            })
    }

    fn control(&self, what: &str) -> Result<(), Failed> {
        let mut command = process::client("nsd-control")?;
        command
            .current_dir(self.daemon.directory())
            .args(["-c", "nsd.conf", what]);
        process::run(&mut command, b"")?.success()?;
        Ok(())
    }
}

fn version() -> Result<String, Failed> {
    let output = process::run(process::client("nsd")?.arg("-v"), b"")?;
    let first = output.stderr.lines().next().unwrap_or_default();
    Ok(first.replace("NSD version", "nsd"))
}

/// A server that keeps all its files in `directory`.
pub fn server_settings(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    // No rate limit: the test asks faster than strangers may.
    format!(
        r#"
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: "{directory}"
    database: ""
    pidfile: "{directory}/nsd.pid"
    xfrdfile: "{directory}/xfrd.state"
    zonelistfile: "{directory}/zone.list"
    xfrdir: "{directory}"
    rrl-ratelimit: 0
"#
    )
}

fn settings(directory: &Path, port: u16, transfers: &str) -> String {
    let server = server_settings(directory, port);
    let directory = directory.display();
    format!(
        r#"{server}
    server-count: {SERVERS}
    tcp-count: 200
    xfrd-reload-timeout: 0
remote-control:
    control-enable: yes
    control-interface: "{directory}/control"
zone:
    name: "{ZONE}"
    zonefile: "{directory}/zone"
    {transfers}
"#
    )
}

fn soa(serial: u32) -> String {
    format!("SOA ns.{ZONE}. hostmaster.{ZONE}. {serial} 3600 600 86400 300")
}

fn write_zone(directory: &Path, serial: u32) -> Result<(), Failed> {
    let mut zone = format!("$TTL 300\n@ IN {}\n@ IN NS ns.{ZONE}.\n", soa(serial));
    for question in questions(serial) {
        for record in question.expected {
            writeln!(zone, "{}. IN {record}", question.name)?;
        }
    }
    Ok(fs::write(directory.join("zone"), zone)?)
}

/// Two questions for each name of the zone with this serial number; every tenth
/// name does not exist.
fn questions(serial: u32) -> Vec<Question> {
    let mut questions = vec![Question {
        name: format!("ns.{ZONE}"),
        kind: "A",
        expected: vec!["A 127.0.0.1".to_owned()],
    }];
    for number in 0..NAMES {
        let name = format!("host-{number}.{ZONE}");
        let (high, low) = (number / 256, number % 256);
        let known = number % 10 != 9;
        for (kind, record) in [
            ("A", format!("A 10.{serial}.{high}.{low}")),
            ("TXT", format!("TXT \"text {number} of {serial}\"")),
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
