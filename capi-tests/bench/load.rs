//! HTTP over loopback: wrk asks, on a processor of its own, what serves on another.
//!
//! What is measured is the time from one reply to the next: a billion by the requests per second.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::library::{Problem, project, run};
use super::worker::{self, Contestant};

/// The program of the rows that are measured here.
pub const PROGRAM: &str = "server";

/// How long wrk asks: it connects first, all of that time if they are many.
fn seconds(connections: u32) -> u32 {
    if connections < 5000 { 1 } else { 4 }
}

/// Connections for which nothing comes, in the row that has such.
const IDLE: usize = 10_000;

/// How long a server may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections the growing work has.
pub const SIZES: [u32; 5] = [1, 10, 100, 1000, 10_000];

/// The growing work's name, without its size.
pub const GROWING: &str = "load";

fn problem(error: impl std::fmt::Display) -> Problem {
    error.to_string()
}

/// A server, ended with the value.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that only runs on the given processor, if there is more than one.
fn on_processor(number: usize, program: &Path) -> Command {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut command = Command::new("taskset");
    command.arg("-c").arg((number % processors).to_string());
    command.arg(program);
    command
}

/// A place for files, and in it a file of 1 MiB, which nginx serves by its name.
fn directory() -> Result<PathBuf, Problem> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench/load");
    fs::create_dir_all(&directory).map_err(problem)?;
    let file = directory.join("file");
    if fs::metadata(&file).is_ok_and(|data| data.len() == 1 << 20) {
        return Ok(directory);
    }
    fs::write(file, vec![b'x'; 1 << 20]).map_err(problem)?;
    Ok(directory)
}

fn nginx(directory: &Path) -> Result<Server, Problem> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(problem)?;
    let port = listener.local_addr().map_err(problem)?.port();
    drop(listener);
    let place = directory.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!(" {kind}_temp_path {place}/temporary;\n"))
        .concat();
    let configuration = format!(
        "pid {place}/pid;\nerror_log {place}/log;\nworker_processes 1;\ndaemon off;\n\
         master_process off;\nworker_rlimit_nofile 20000;\n\
         events {{\n worker_connections 16384;\n}}\n\
         http {{\n access_log off;\n keepalive_requests 1000000000;\n sendfile on;\n{temporary}\
         server {{\n  listen 127.0.0.1:{port} backlog=4096;\n  root {place};\n\
         location = / {{\n   default_type text/plain;\n   return 200 \"Hello, world!\\n\";\n  }}\n\
         }}\n}}\n"
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration).map_err(problem)?;
    let mut command = on_processor(0, Path::new("/usr/sbin/nginx"));
    command.arg("-e").arg(directory.join("log"));
    command.arg("-p").arg(directory).arg("-c").arg(file);
    let child = command.spawn().map_err(problem)?;
    let mut server = Server { child, port };
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if server.child.try_wait().map_err(problem)?.is_some() || Instant::now() > end {
            let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
            return Err(format!("nginx does not start: {log}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(server)
}

fn serve(contestant: Contestant, binary: &Path) -> Result<Server, Problem> {
    let directory = directory()?;
    if contestant == Contestant::Nginx {
        return nginx(&directory);
    }
    let command = worker::on(contestant, binary, on_processor(0, binary))?;
    let mut command = command;
    command.arg(directory.join("file")).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(problem)?;
    let output = child.stdout.take();
    let mut server = Server { child, port: 0 };
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(problem)?;
    }
    server.port = line
        .trim()
        .parse()
        .map_err(|_| "the server does not start")?;
    Ok(server)
}

/// What wrk is told for a work, besides how long, and how many idle connections are there.
fn plan(work: &str) -> Result<(u32, bool, &'static str, usize), Problem> {
    Ok(match work {
        "wrk" => (64, false, "/", 0),
        "wrk-pipelined" => (64, true, "/", 0),
        "wrk-file" => (8, false, "/file", 0),
        "wrk-busy" => (100, false, "/", 0),
        "wrk-idle" => (100, false, "/", IDLE),
        _ => {
            let size = work.split_once('/').and_then(|(_, size)| size.parse().ok());
            (size.ok_or_else(|| format!("{work}?"))?, false, "/", 0)
        }
    })
}

/// Nanoseconds from reply to reply.
pub fn time(contestant: Contestant, binary: &Path, work: &str) -> Result<f64, Problem> {
    let (connections, pipelined, path, idle) = plan(work)?;
    let server = serve(contestant, binary)?;
    let idle: Result<Vec<_>, _> = (0..idle)
        .map(|_| TcpStream::connect(("127.0.0.1", server.port)))
        .collect();
    let idle = idle.map_err(|error| format!("idle connections: {error}"))?;
    let mut wrk = on_processor(1, Path::new("wrk"));
    wrk.args(["-t1", "--timeout", "30s"]);
    wrk.args([
        format!("-c{connections}"),
        format!("-d{}s", seconds(connections)),
    ]);
    if pipelined {
        wrk.arg("-s")
            .arg(project().join("capi-tests/bench/pipeline.lua"));
    }
    wrk.arg(format!("http://127.0.0.1:{}{path}", server.port));
    let output = run(&mut wrk)?;
    drop(idle);
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate: Option<f64> = rate.and_then(|rate| rate.trim().parse().ok());
    match rate {
        Some(rate) if rate > 0.0 && !text.contains("Non-2xx") => Ok(1e9 / rate),
        _ => Err(format!("{work}: {text}")),
    }
}
