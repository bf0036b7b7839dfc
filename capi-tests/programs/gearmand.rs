//! gearmand: a listening thread that hands connections to others by pipes, jobs
//! with time limits, workers that sleep until they are woken.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let port = process::free_port()?;
    let directory = stage.directory("gearmand")?;
    let mut command = stage.command("gearmand", flavour)?;
    command
        .args(["--listen=127.0.0.1", "--threads=4", "--log-file=stderr"])
        .arg(format!("--port={port}"))
        .arg(format!("--pid-file={}/pid", directory.display()));
    let mut daemon = Daemon::start(&mut command, "gearmand", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;

    daemon.explain(converse(port, &directory, tally))?;
    daemon.stop(libc::SIGTERM)
}

fn converse(port: u16, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    let context = |what: &'static str| {
        move |error: Failed| Failed::from(format!("{what}: {}", error.message().unwrap_or("")))
    };
    by_programs(port, directory, tally).map_err(context("the gearman program"))?;
    many_jobs(port, tally).map_err(context("many jobs"))?;
    background_jobs(port, tally).map_err(context("background jobs"))?;
    time_limit(port, tally).map_err(context("a time limit"))?;
    lost_worker(port, tally).map_err(context("a lost worker"))
}

fn version() -> Result<String, Failed> {
    let output = process::run(process::client("gearmand")?.arg("--version"), b"")?.success()?;
    Ok(output.split(" - ").next().unwrap_or_default().trim().into())
}

/// The `gearman` program as workers and as clients.
fn by_programs(port: u16, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    const CLIENTS: usize = 4;
    const LINES: usize = 40;
    let workers = (0..2)
        .map(|number| {
            let mut command = gearman(port)?;
            command.args(["-w", "-f", "upper", "--", "tr", "a-z", "A-Z"]);
            Daemon::start(&mut command, &format!("worker-{number}"), directory)
        })
        .collect::<Result<Vec<_>, _>>()?;
    at_once::each(0..CLIENTS, |client| {
        let input: BTreeSet<_> = (0..LINES)
            .map(|line| format!("client {client} line {line}"))
            .collect();
        let text: String = input.iter().map(|line| format!("{line}\n")).collect();
        // A job for each line.
        let mut command = gearman(port)?;
        command.args(["-n", "-f", "upper"]);
        let output = process::run(&mut command, text.as_bytes())?.success()?;
        let expected: BTreeSet<_> = input.iter().map(|line| line.to_uppercase()).collect();
        let got: BTreeSet<_> = output.lines().map(str::to_owned).collect();
        if got != expected || output.lines().count() != LINES {
            return Err(format!("gearman answered:\n{output}").into());
        }
        Ok(())
    })?;
    for worker in workers {
        worker.stop(libc::SIGTERM)?;
    }
    tally.checked(
        (CLIENTS * LINES) as u64,
        "jobs of the gearman program, for two workers that run tr",
    );
    Ok(())
}

fn gearman(port: u16) -> Result<Command, Failed> {
    let mut command = process::client("gearman")?;
    command
        .args(["-h", "127.0.0.1", "-p"])
        .arg(port.to_string());
    Ok(command)
}

/// Several workers and clients, jobs from one byte to a megabyte.
fn many_jobs(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const CLIENTS: u32 = 4;
    const WORKERS: usize = 3;
    const JOBS: u32 = 500;
    let data = |client: u32, job: u32| {
        let size = match job {
            0 => 1 << 20,
            _ => 1 + (job * 37 % 5000) as usize,
        };
        let mut data = format!("{client}:{job}:").into_bytes();
        data.resize(data.len() + size, (client + job) as u8);
        data
    };
    thread::scope(|scope| -> Result<(), Failed> {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                scope.spawn(move || -> Result<(), Failed> {
                    let mut worker = Peer::connect(port)?;
                    worker.send(CAN_DO, &[b"reverse"])?;
                    worker.send(CAN_DO, &[b"finish"])?;
                    loop {
                        let job = worker.next_job()?;
                        let result: Vec<u8> = job.data.iter().rev().copied().collect();
                        worker.send(WORK_COMPLETE, &[&job.handle, &result])?;
                        if job.function == b"finish" {
                            return Ok(());
                        }
                    }
                })
            })
            .collect();
        let outcome = at_once::each(0..CLIENTS, |number| {
            let mut client = Peer::connect(port)?;
            for job in 0..JOBS {
                let data = data(number, job);
                let result = client.job(b"reverse", &data)?;
                if !result.iter().rev().eq(data.iter()) {
                    return Err(format!("job {job} came back changed").into());
                }
            }
            Ok(())
        });
        let mut client = Peer::connect(port)?;
        for _ in 0..WORKERS {
            client.job(b"finish", b"x")?;
        }
        for worker in workers {
            worker.join().expect("workers report errors")?;
        }
        outcome.map(drop)
    })?;
    tally.checked(
        u64::from(CLIENTS * JOBS),
        format!("jobs of {CLIENTS} clients for {WORKERS} workers"),
    );
    Ok(())
}

/// Jobs that nobody waits for: queued while there is no worker, each done once.
fn background_jobs(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const JOBS: u32 = 500;
    let mut client = Peer::connect(port)?;
    for job in 0..JOBS {
        client.send(SUBMIT_JOB_BG, &[b"later", b"", &job.to_be_bytes()])?;
        client.expect(JOB_CREATED)?;
    }
    let status = admin(port, "status")?;
    if !status
        .lines()
        .any(|line| line == format!("later\t{JOBS}\t0\t0"))
    {
        return Err(format!("{JOBS} jobs wait, but the status is\n{status}").into());
    }
    let mut worker = Peer::connect(port)?;
    worker.send(CAN_DO, &[b"later"])?;
    let mut done = BTreeSet::new();
    for _ in 0..JOBS {
        let job = worker.next_job()?;
        worker.send(WORK_COMPLETE, &[&job.handle, b""])?;
        done.insert(job.data);
    }
    worker.send(GRAB_JOB, &[])?;
    worker.expect(NO_JOB)?;
    if done.len() != JOBS as usize {
        return Err(format!("{} different jobs of {JOBS} were done", done.len()).into());
    }
    tally.checked(u64::from(JOBS), "jobs in the background");
    Ok(())
}

/// A worker that takes longer than it said: the server's timer gives its job to
/// another.
fn time_limit(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let mut client = Peer::connect(port)?;
    client.send(SUBMIT_JOB, &[b"slow", b"", b"data"])?;
    client.expect(JOB_CREATED)?;
    let mut worker = Peer::connect(port)?;
    worker.send(CAN_DO_TIMEOUT, &[b"slow", b"1"])?;
    let begun = Instant::now();
    let first = worker.next_job()?.handle;
    let mut other = Peer::connect(port)?;
    other.send(CAN_DO_TIMEOUT, &[b"slow", b"1"])?;
    // It asks again and again: gearmand does not always wake a worker that
    // sleeps for a job that comes back this way.
    let second = loop {
        other.send(GRAB_JOB, &[])?;
        match other.receive()? {
            (JOB_ASSIGN, body) => break split(body)?.0,
            _ if begun.elapsed() > process::LIMIT => return Err("not taken back".into()),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    };
    if first != second || begun.elapsed() < Duration::from_millis(900) {
        return Err(format!("another job, or after {:?}", begun.elapsed()).into());
    }
    other.send(WORK_COMPLETE, &[&second, b"result"])?;
    client.expect(WORK_COMPLETE)?;
    tally.checked(
        1,
        "job that ran out of time and was given to another worker",
    );
    Ok(())
}

/// A worker whose connection breaks: another gets its job.
fn lost_worker(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let mut client = Peer::connect(port)?;
    client.send(SUBMIT_JOB, &[b"again", b"", b"data"])?;
    client.expect(JOB_CREATED)?;
    for _ in 0..3 {
        let mut worker = Peer::connect(port)?;
        worker.send(CAN_DO, &[b"again"])?;
        worker.next_job()?;
    }
    let mut worker = Peer::connect(port)?;
    worker.send(CAN_DO, &[b"again"])?;
    let job = worker.next_job()?;
    worker.send(WORK_COMPLETE, &[&job.handle, &job.data])?;
    let (_, result) = split(client.expect(WORK_COMPLETE)?)?;
    if result != b"data" {
        return Err("the job came back changed".into());
    }
    tally.checked(1, "job whose workers were lost");
    Ok(())
}

/// An answer of the administrative protocol, which ends with a full stop.
fn admin(port: u16, command: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(process::LIMIT))?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\n.\n") {
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    Ok(String::from_utf8(answer)?)
}

// Packet types of the gearman protocol.
const CAN_DO: u32 = 1;
const PRE_SLEEP: u32 = 4;
const NOOP: u32 = 6;
const SUBMIT_JOB: u32 = 7;
const JOB_CREATED: u32 = 8;
const GRAB_JOB: u32 = 9;
const NO_JOB: u32 = 10;
const JOB_ASSIGN: u32 = 11;
const WORK_COMPLETE: u32 = 13;
const SUBMIT_JOB_BG: u32 = 18;
const CAN_DO_TIMEOUT: u32 = 23;

/// A connection that speaks the binary protocol, for workers and clients.
struct Peer {
    stream: TcpStream,
}

impl Peer {
    fn connect(port: u16) -> Result<Peer, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        Ok(Peer { stream })
    }

    fn send(&mut self, kind: u32, fields: &[&[u8]]) -> Result<(), Failed> {
        let body = fields.join(&0);
        let mut packet = b"\0REQ".to_vec();
        packet.extend_from_slice(&kind.to_be_bytes());
        packet.extend_from_slice(&(body.len() as u32).to_be_bytes());
        packet.extend_from_slice(&body);
        Ok(self.stream.write_all(&packet)?)
    }

    fn receive(&mut self) -> Result<(u32, Vec<u8>), Failed> {
        let mut head = [0; 12];
        self.stream.read_exact(&mut head)?;
        let number = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().expect("4 bytes"));
        if head[..4] != *b"\0RES" {
            return Err(format!("no packet begins with {head:?}").into());
        }
        let mut body = vec![0; number(8) as usize];
        self.stream.read_exact(&mut body)?;
        Ok((number(4), body))
    }

    fn expect(&mut self, kind: u32) -> Result<Vec<u8>, Failed> {
        let (got, body) = self.receive()?;
        if got == kind {
            return Ok(body);
        }
        Err(format!("a packet of type {got}, not {kind}").into())
    }

    /// A client's part: submits a job and waits for its result.
    fn job(&mut self, function: &[u8], data: &[u8]) -> Result<Vec<u8>, Failed> {
        self.send(SUBMIT_JOB, &[function, b"", data])?;
        let created = self.expect(JOB_CREATED)?;
        let (handle, result) = split(self.expect(WORK_COMPLETE)?)?;
        if handle != created {
            return Err("the result of another job".into());
        }
        Ok(result)
    }

    /// A worker's part: sleeps until there is a job.
    fn next_job(&mut self) -> Result<Job, Failed> {
        self.send(GRAB_JOB, &[])?;
        let mut asleep = false;
        loop {
            match self.receive()? {
                (JOB_ASSIGN, body) => {
                    let (handle, rest) = split(body)?;
                    let (function, data) = split(rest)?;
                    return Ok(Job {
                        function,
                        handle,
                        data,
                    });
                }
                (NO_JOB, _) => {
                    self.send(PRE_SLEEP, &[])?;
                    asleep = true;
                }
                (NOOP, _) if asleep => {
                    self.send(GRAB_JOB, &[])?;
                    asleep = false;
                }
                // A wake-up for a job that the worker has got already.
                (NOOP, _) => {}
                (kind, _) => return Err(format!("a packet of type {kind} for a worker").into()),
            }
        }
    }
}

struct Job {
    function: Vec<u8>,
    handle: Vec<u8>,
    data: Vec<u8>,
}

/// The first field of a packet's body, and the rest.
fn split(body: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), Failed> {
    let end = body
        .iter()
        .position(|&byte| byte == 0)
        .ok_or("a packet with a field too few")?;
    Ok((body[..end].to_vec(), body[end + 1..].to_vec()))
}
