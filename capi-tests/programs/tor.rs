//! tor: its DNSPort is an evdns server. No network: names that the configuration maps to addresses
//! are answered without one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::dig::{self, Question, Transport};
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const NAMES: u32 = 500;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let port = process::free_port()?;
    let directory = stage.directory("tor")?;
    fs::write(directory.join("torrc"), settings(port, &directory))?;
    let mut command = stage.command("tor", flavour)?;
    command.args(["-f", "torrc"]);
    let mut daemon = Daemon::start(&mut command, "tor", &directory)?;
    daemon.wait_until("answering", || {
        dig::ask(port, &["n1.mapped", "A"]).is_ok_and(|answer| answer.status == "NOERROR")
    })?;
    let log = daemon.log();
    let version = log
        .split("Tor ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    tally.program = format!("tor {}", version.unwrap_or("of an unknown version"));
    evidence::check(stage, flavour, &daemon, tally)?;

    let outcome = converse(port, tally);
    daemon.explain(outcome)?;
    daemon.stop(libc::SIGINT)
}

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let questions: Vec<_> = (0..NAMES)
        .map(|number| Question {
            name: format!("n{number}.mapped"),
            kind: "A",
            expected: vec![format!("A {}", address(number))],
        })
        .collect();
    let answers = dig::check(port, Transport::Udp, &questions)?;
    tally.checked(answers, "addresses of mapped names by DNSPort");
    // Names that it maps by itself: an address out of its own network, always the same.
    let first = dig::ask(port, &["any.onion", "A"])?;
    let again = dig::ask(port, &["ANY.onion", "A"])?;
    let virtual_one = first
        .records
        .iter()
        .all(|record| record.starts_with("A 10.2"));
    if first.records.len() != 1 || !virtual_one || first.records != again.records {
        return Err(format!("{:?}, then {:?}", first.records, again.records).into());
    }
    tally.checked(2, "addresses out of a network of its own");
    // What it does not do.
    for (kind, status) in [("MX", "NOTIMP"), ("TXT", "NOTIMP")] {
        let answer = dig::ask(port, &["+noedns", "n1.mapped", kind])?;
        if answer.status != status || !answer.records.is_empty() {
            return Err(format!("{kind}: {}", answer.status).into());
        }
        tally.checked(1, format!("question of type {kind} refused"));
    }
    Ok(())
}

fn address(number: u32) -> String {
    format!("10.1.{}.{}", number / 256, number % 256)
}

fn settings(port: u16, directory: &Path) -> String {
    let mut settings = format!(
        "DataDirectory {}\nSocksPort 0\nDNSPort 127.0.0.1:{port}\n\
         DirAuthority none orport=1 127.0.0.1:1 0000000000000000000000000000000000000001\n\
         AutomapHostsOnResolve 1\nAutomapHostsSuffixes .onion\n\
         VirtualAddrNetworkIPv4 10.200.0.0/13\nLog notice stdout\n",
        directory.join("data").display()
    );
    for number in 0..NAMES {
        let _ = writeln!(settings, "MapAddress n{number}.mapped {}", address(number));
    }
    settings
}
