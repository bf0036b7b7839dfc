//! Small servers of the kind that people write, driven by clients of ours.
//!
//! Each prints the port that it listens on and ends on SIGTERM, with status 0.
//! A trial is named `example_NAME::library::backend`.

mod debian;
mod nginx;
mod web;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use super::runner::build;
use super::runner::harness::{Backend, Library};

const PATIENCE: Duration = Duration::from_secs(120);

type Driver = fn(Library, Backend) -> Result<(), Failed>;

const EXAMPLES: [(&str, Driver); 3] = [("echo", echo), ("proxy", proxy), ("chat", chat)];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, driver) in EXAMPLES {
        for library in Library::ALL {
            for backend in Backend::ALL {
                let title = format!("example_{name}::{library:?}::{backend:?}").to_lowercase();
                trials.push(Trial::test(title, move || driver(library, backend)));
            }
        }
    }
    trials.extend(web::trials());
    trials
}

/// A running example; killed if a failed trial leaves it.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(
        name: &str,
        arguments: &[String],
        library: Library,
        backend: Backend,
    ) -> Result<Self, Failed> {
        let binary = build::example(name, library.against())?;
        let mut command = Command::new(&binary);
        command.args(arguments).stdout(Stdio::piped());
        library.load_into(&mut command, &binary)?;
        for variable in backend.variables() {
            command.env(variable, "1");
        }
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        // From here on the child is ended whatever happens.
        let mut server = Server { child, port: 0 };
        server.port = line.trim().parse().map_err(|_| "no port was printed")?;
        Ok(server)
    }

    fn connect(&self) -> Result<TcpStream, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// The orderly end, which everything has to survive.
    fn stop(mut self) -> Result<(), Failed> {
        // SAFETY: a signal to a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(format!("the server ended with {status}").into()),
                };
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err("the server did not end".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when `stop` has seen it end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that show where one is missing or out of place.
fn pattern(size: usize, seed: usize) -> Vec<u8> {
    (0..size)
        .map(|i| ((i * 31 + i / 251 + seed) % 256) as u8)
        .collect()
}

/// Sends `size` bytes and reads as many back, both at the same time.
fn exchange(stream: &TcpStream, size: usize, seed: usize) -> Result<(), Failed> {
    let sent = pattern(size, seed);
    let mut received = vec![0; size];
    let (mut reader, mut writer) = (stream.try_clone()?, stream.try_clone()?);
    thread::scope(|scope| {
        let sending = scope.spawn(|| writer.write_all(&sent));
        reader.read_exact(&mut received)?;
        sending.join().expect("does not panic")
    })?;
    match sent == received {
        true => Ok(()),
        false => Err("what came back is not what was sent".into()),
    }
}

fn expect_end(mut stream: TcpStream) -> Result<(), Failed> {
    match stream.read(&mut [0; 16])? {
        0 => Ok(()),
        _ => Err("data after the last byte".into()),
    }
}

/// What both the echo server and a proxy before it have to do.
fn echoes(server: &Server) -> Result<(), Failed> {
    let clients: Vec<_> = (0..20)
        .map(|_| server.connect())
        .collect::<Result<_, _>>()?;
    for (seed, client) in clients.iter().enumerate() {
        exchange(client, 1 + seed * 700, seed)?;
    }
    // More than all buffers on the way hold.
    exchange(&clients[0], 3 << 20, 7)?;
    // One that goes away with its answers unread does no harm.
    let mut rude = server.connect()?;
    rude.write_all(&pattern(100_000, 1))?;
    drop(rude);
    for client in clients {
        exchange(&client, 10, 0)?;
        client.shutdown(Shutdown::Write)?;
        expect_end(client)?;
    }
    Ok(())
}

fn echo(library: Library, backend: Backend) -> Result<(), Failed> {
    let server = Server::start("echo", &[], library, backend)?;
    echoes(&server)?;
    // The last bytes come although the client has finished.
    let mut client = server.connect()?;
    client.write_all(&pattern(50_000, 3))?;
    client.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer)?;
    if answer != pattern(50_000, 3) {
        return Err(format!("{} of 50000 bytes came back", answer.len()).into());
    }
    server.stop()
}

fn proxy(library: Library, backend: Backend) -> Result<(), Failed> {
    let target = Server::start("echo", &[], Library::Reference, backend)?;
    let server = Server::start("proxy", &[target.port.to_string()], library, backend)?;
    echoes(&server)?;
    target.stop()?;
    // Nobody listens any more: the client is let go.
    let stranded = server.connect()?;
    expect_end(stranded)?;
    server.stop()
}

struct Talker {
    lines: BufReader<TcpStream>,
}

impl Talker {
    fn enter(server: &Server, name: &str) -> Result<Self, Failed> {
        let mut talker = Talker {
            lines: BufReader::new(server.connect()?),
        };
        talker.say(name)?;
        talker.hears("welcome")?;
        Ok(talker)
    }

    fn say(&mut self, line: &str) -> Result<(), Failed> {
        Ok(self
            .lines
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())?)
    }

    fn hears(&mut self, expected: &str) -> Result<(), Failed> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        match line.trim_end() == expected {
            true => Ok(()),
            false => Err(format!("heard {line:?} instead of {expected:?}").into()),
        }
    }
}

fn chat(library: Library, backend: Backend) -> Result<(), Failed> {
    let server = Server::start("chat", &[], library, backend)?;
    let mut anna = Talker::enter(&server, "anna")?;
    let mut ben = Talker::enter(&server, "ben")?;
    anna.hears("ben has come")?;
    let mut cleo = Talker::enter(&server, "cleo")?;
    anna.hears("cleo has come")?;
    ben.hears("cleo has come")?;
    for round in 0..50 {
        ben.say(&format!("line {round}"))?;
        anna.hears(&format!("ben: line {round}"))?;
        cleo.hears(&format!("ben: line {round}"))?;
    }
    // Several lines in one piece, and one in several.
    anna.say("one\r\ntwo\r\nthr")?;
    anna.say("ee")?;
    for line in ["one", "two", "thr", "ee"] {
        cleo.hears(&format!("anna: {line}"))?;
    }
    cleo.say("/quit")?;
    cleo.hears("")?;
    anna.hears("cleo has left")?;
    for line in ["one", "two", "thr", "ee"] {
        ben.hears(&format!("anna: {line}"))?;
    }
    ben.hears("cleo has left")?;
    drop(ben);
    anna.hears("ben has left")?;
    server.stop()
}
