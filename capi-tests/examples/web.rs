//! Web servers and their clients from outside: Python, curl, ab and wrk; for nginx see [`nginx`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::{Failed, Trial};

use super::{Backend, Library, PATIENCE, Server, debian, nginx};

type Driver = fn(&Server) -> Result<(), Failed>;

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    let drivers: [(&str, Driver); 5] = [
        ("python", |server| python("web.py", server.port)),
        ("curl", curl),
        ("ab", ab),
        ("wrk", wrk),
        ("nginx", nginx::in_front),
    ];
    for (name, driver) in drivers {
        for library in Library::ALL {
            let title = format!("example_web_{name}::{library:?}::epoll").to_lowercase();
            trials.push(Trial::test(title, move || {
                let server = Server::start("web", &[], library, Backend::Epoll)?;
                driver(&server)?;
                server.stop()
            }));
        }
    }
    for library in [Library::Reference, Library::Linked] {
        let title = format!("example_forward_nginx::{library:?}::epoll").to_lowercase();
        trials.push(Trial::test(title, move || nginx::behind(library)));
    }
    for library in [Library::Preloaded, Library::Sonames] {
        let title = format!("example_web_debian::{library:?}::epoll").to_lowercase();
        trials.push(Trial::test(title, move || {
            debian::alike(library, debian::server)
        }));
        let title = format!("example_https_debian::{library:?}::epoll").to_lowercase();
        trials.push(Trial::test(title, move || {
            debian::alike(library, debian::https_client)
        }));
    }
    // The reference has no WebSocket.
    for backend in Backend::ALL {
        let title = format!("example_websocket::linked::{backend:?}").to_lowercase();
        trials.push(Trial::test(title, move || {
            let server = Server::start("websocket", &[], Library::Linked, backend)?;
            python("websocket.py", server.port)?;
            server.stop()
        }));
    }
    trials
}

/// What a program printed, which has to succeed.
pub fn output(command: &mut Command) -> Result<String, Failed> {
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{text}\n{errors}", output.status).into())
}

/// A client in Python, which prints how much it has checked. Debian's Python has its packages.
pub fn python(script: &str, port: u16) -> Result<(), Failed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("capi-tests/examples")
        .join(script);
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string());
    command
        .arg("/usr/bin/python3")
        .arg(script)
        .arg(port.to_string());
    let checked: u32 = output(&mut command)?.trim().parse()?;
    match checked > 50 {
        true => Ok(()),
        false => Err(format!("only {checked} checks").into()),
    }
}

/// A directory that is gone at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Scratch, Failed> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("libevent_rs-web.{}.{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Scratch(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str, text: &[u8]) -> Result<PathBuf, Failed> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind, it does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn ask(port: u16, arguments: &[&str], targets: &[&str]) -> Result<String, Failed> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time"]);
    curl.arg(PATIENCE.as_secs().to_string()).args(arguments);
    curl.args(
        targets
            .iter()
            .map(|target| format!("http://127.0.0.1:{port}{target}")),
    );
    output(&mut curl)
}

pub fn expect(answer: &str, expected: &str) -> Result<(), Failed> {
    match answer.contains(expected) {
        true => Ok(()),
        false => Err(format!("{expected:?} is not in {answer:?}").into()),
    }
}

fn curl(server: &Server) -> Result<(), Failed> {
    let port = server.port;
    for (method, number) in [
        ("GET", 1),
        ("POST", 2),
        ("PUT", 8),
        ("DELETE", 16),
        ("OPTIONS", 32),
        ("PATCH", 256),
    ] {
        let answer = ask(port, &["--request", method, "--data", "abc"], &["/any?x=y"])?;
        expect(&answer, &format!("{number} /any?x=y 3\n"))?;
    }
    let scratch = Scratch::new()?;
    let large = scratch.file("large", &[b'u'; 3 << 20])?;
    let large = large.to_string_lossy();
    let data = format!("@{large}");
    for arguments in [
        &["--upload-file", &large][..],
        &[
            "--upload-file",
            &large,
            "--header",
            "Transfer-Encoding: chunked",
        ],
        &["--upload-file", &large, "--header", "Expect: 100-continue"],
        &["--data-binary", &data, "--http1.0"],
    ] {
        expect(&ask(port, arguments, &["/any"])?, " /any 3145728\n")?;
    }
    let form = format!("file=@{large}");
    expect(&ask(port, &["--form", &form], &["/any"])?, "2 /any 31459")?;
    // Several over one connection.
    let counted = ask(
        port,
        &["--write-out", "\nconnects: %{num_connects}\n"],
        &[
            "/size?10",
            "/parts",
            "/nothing",
            "/wait",
            "/echo",
            "/size?100000",
        ],
    )?;
    let connects = counted
        .lines()
        .filter_map(|line| line.strip_prefix("connects: "))
        .map(|number| number.parse().unwrap_or(9));
    if connects.clone().count() != 6 || connects.sum::<u32>() != 1 {
        return Err(format!("curl did not use one connection: {counted}").into());
    }
    let head = ask(port, &["--head"], &["/size?1000"])?;
    expect(&head, "Content-Length: 1000\r\n")?;
    expect(
        &ask(port, &["--include"], &["/nothing"])?,
        "HTTP/1.1 204 No Content\r\n",
    )?;
    expect(
        &ask(port, &["--include"], &["/refused"])?,
        "HTTP/1.1 403 Forbidden\r\n",
    )?;
    // As a proxy would be asked.
    let proxy = format!("http://127.0.0.1:{port}");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "60", "--proxy", &proxy]);
    let answer = output(curl.arg("http://elsewhere.example/any?z"))?;
    expect(&answer, "1 http://elsewhere.example/any?z 0\n")?;
    expect(&answer, "Host: elsewhere.example\n")
}

/// The number that follows `label` in a report.
fn number_after(report: &str, label: &str) -> Option<u64> {
    let rest = report.split_once(label)?.1.trim_start();
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

fn ab(server: &Server) -> Result<(), Failed> {
    let scratch = Scratch::new()?;
    let body = scratch.file("body", &[b'p'; 5000])?;
    let body = body.to_string_lossy();
    for (arguments, target) in [
        (&["-k"][..], "/size?100"),
        (&[], "/size?20000"),
        (&["-k", "-p", &body], "/echo"),
        (&["-i"], "/size?10"),
    ] {
        let mut ab = Command::new("ab");
        ab.args(["-q", "-n", "2000", "-c", "25", "-s", "60"])
            .args(arguments);
        let report = output(ab.arg(format!("http://127.0.0.1:{}{target}", server.port)))?;
        let complete = number_after(&report, "Complete requests:");
        let failed = number_after(&report, "Failed requests:");
        if (complete, failed) != (Some(2000), Some(0)) || report.contains("Non-2xx") {
            return Err(report.into());
        }
    }
    Ok(())
}

fn wrk(server: &Server) -> Result<(), Failed> {
    for target in ["/size?10", "/size?30000", "/parts"] {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c32", "-d1s", "--timeout", "30s"]);
        let report = output(wrk.arg(format!("http://127.0.0.1:{}{target}", server.port)))?;
        let wrong = report.contains("Socket errors") || report.contains("Non-2xx");
        if wrong || !report.contains(" requests in ") {
            return Err(report.into());
        }
    }
    Ok(())
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
