//! Questions to DNS servers, many at a time, by dig.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Failed;

use super::at_once;
use super::process;

/// How dig carries its questions.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    Udp,
    /// A connection for every question.
    Tcp,
    /// One connection for all questions.
    KeptTcp,
}

pub struct Question {
    pub name: String,
    pub kind: &'static str,
    /// The records of the right answer, `TYPE DATA` each.
    pub expected: Vec<String>,
}

/// One answer as dig prints it.
#[derive(Default)]
pub struct Answer {
    pub status: String,
    pub flags: String,
    pub records: Vec<String>,
}

/// Asks all questions, from several digs at once, and checks every answer.
pub fn check(port: u16, transport: Transport, questions: &[Question]) -> Result<u64, Failed> {
    const CLIENTS: usize = 4;
    let size = questions.len().div_ceil(CLIENTS);
    at_once::each(questions.chunks(size), |part| {
        check_part(port, transport, part)
    })?;
    Ok(questions.len() as u64)
}

fn check_part(port: u16, transport: Transport, questions: &[Question]) -> Result<(), Failed> {
    let list: String = questions
        .iter()
        .map(|question| format!("{} {}\n", question.name, question.kind))
        .collect();
    let mut dig = dig(port)?;
    dig.args(match transport {
        Transport::Udp => &["+notcp"][..],
        Transport::Tcp => &["+tcp"],
        Transport::KeptTcp => &["+tcp", "+keepopen"],
    });
    dig.args(["+noall", "+comments", "+answer", "-f", "-"]);
    let output = process::run(&mut dig, list.as_bytes())?.success()?;
    let answers = parse(&output);
    if answers.len() != questions.len() {
        let (asked, got) = (questions.len(), answers.len());
        let errors: Vec<_> = output
            .lines()
            .filter(|line| line.contains("error") || line.contains("reached"))
            .collect();
        return Err(
            format!("{got} answers to {asked} questions by {transport:?}: {errors:?}").into(),
        );
    }
    for (question, answer) in questions.iter().zip(&answers) {
        let expected: BTreeSet<_> = question.expected.iter().collect();
        let records: BTreeSet<_> = answer.records.iter().collect();
        let status = if expected.is_empty() {
            "NXDOMAIN"
        } else {
            "NOERROR"
        };
        if records != expected
            || answer.records.len() != question.expected.len()
            || answer.status != status
        {
            return Err(format!(
                "{} {} by {transport:?}: {} {records:?}, expected {expected:?}",
                question.name, question.kind, answer.status,
            )
            .into());
        }
    }
    Ok(())
}

/// One question with dig options of one's own.
pub fn ask(port: u16, arguments: &[&str]) -> Result<Answer, Failed> {
    let mut dig = dig(port)?;
    dig.args(["+noall", "+comments", "+answer"]).args(arguments);
    let output = process::run(&mut dig, b"")?.success()?;
    parse(&output)
        .pop()
        .ok_or_else(|| format!("no answer to dig {arguments:?}:\n{output}").into())
}

/// A whole zone by AXFR: `NAME TYPE DATA` of each record, with the SOA record
/// that stands at both ends.
pub fn transfer(port: u16, zone: &str) -> Result<Vec<String>, Failed> {
    let mut dig = dig(port)?;
    dig.args(["+noall", "+answer", zone, "AXFR"]);
    let output = process::run(&mut dig, b"")?.success()?;
    Ok(output
        .lines()
        .filter_map(|line| record(line).map(|(name, rest)| format!("{name} {rest}")))
        .collect())
}

fn dig(port: u16) -> Result<Command, Failed> {
    let mut dig = process::client("dig")?;
    // No settings of the user's, no second try: a lost answer is an error.
    dig.args(["-r", "@127.0.0.1", "-p"]).arg(port.to_string());
    dig.args(["+tries=1", "+time=60"]);
    // dig shares its ports with whoever wants them too: another dig would now
    // and then get its answer, had they not different addresses.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 60_000;
    let address = format!("127.1.{}.{}", number / 250, 1 + number % 250);
    dig.args(["-b", &address]);
    Ok(dig)
}

fn parse(output: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for line in output.lines() {
        if let Some((_, status)) = line.split_once("status: ") {
            answers.push(Answer {
                status: status.split(',').next().unwrap_or_default().to_owned(),
                ..Answer::default()
            });
        } else if let Some(answer) = answers.last_mut() {
            if let Some(flags) = line.strip_prefix(";; flags: ") {
                answer.flags = flags.split(';').next().unwrap_or_default().to_owned();
            } else if let Some((_, record)) = record(line) {
                answer.records.push(record);
            }
        }
    }
    answers
}

/// `NAME TTL CLASS TYPE DATA` as (NAME, `TYPE DATA`).
fn record(line: &str) -> Option<(&str, String)> {
    if line.starts_with(';') {
        return None;
    }
    let words: Vec<_> = line.split_whitespace().collect();
    (words.len() >= 5).then(|| (words[0], words[3..].join(" ")))
}
