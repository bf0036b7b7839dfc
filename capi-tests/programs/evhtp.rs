//! libevhtp, a library for servers of HTTP that has its own parser above bufferevents and listeners:
//! a small server, compiled against Debian's, with one thread and with several, plain and with TLS.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::{Client, curl};
use super::process::{self, Daemon};
use super::stage::{Flavour, Library, Method, Stage};
use super::tally::Tally;

pub const FLAVOURS: [Flavour; 4] = [
    Flavour::new(Library::Reference, Method::Epoll),
    Flavour::new(Library::Soname, Method::Epoll),
    Flavour::new(Library::Soname, Method::Select),
    Flavour::new(Library::Preload, Method::Epoll),
];

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = pkg_config("--modversion")?;
    tally.program = format!("a server by libevhtp {}", version.join(""));
    let directory = stage.directory("evhtp")?;
    let server = compile(&directory)?;
    let certificate = certificate(&directory)?;
    for (name, threads, certificate) in [
        ("alone", "0", None),
        ("threads", "3", None),
        ("tls", "3", Some(certificate)),
    ] {
        let port = process::free_port()?;
        let mut command = stage.command(&server.display().to_string(), flavour)?;
        command.args([&port.to_string(), threads]);
        command.args(&certificate);
        let mut daemon = Daemon::start(&mut command, name, &directory)?;
        daemon.wait_for_port(port)?;
        evidence::check(stage, flavour, &daemon, tally)?;
        daemon.explain(match certificate {
            None => converse(port, tally),
            Some(_) => converse_with_tls(port, tally),
        })?;
        daemon.stop(libc::SIGTERM)?;
    }
    Ok(())
}

fn pkg_config(what: &str) -> Result<Vec<String>, Failed> {
    let mut command = process::client("pkg-config")?;
    let words = process::run(command.args([what, "evhtp"]), b"")?.success()?;
    Ok(words.split_whitespace().map(str::to_owned).collect())
}

fn compile(directory: &Path) -> Result<PathBuf, Failed> {
    let server = directory.join("server");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("capi-tests/programs/evhtp/server.c");
    let mut compiler = process::client("cc")?;
    compiler
        .arg(source)
        .arg("-o")
        .arg(&server)
        .args(pkg_config("--cflags")?)
        .args(pkg_config("--libs")?)
        .args(["-levent_openssl", "-levent_pthreads", "-levent"]);
    process::run(&mut compiler, b"")?.success()?;
    Ok(server)
}

/// A key and a certificate by itself in one file, which the server can read.
fn certificate(directory: &Path) -> Result<PathBuf, Failed> {
    let file = directory.join("certificate.pem");
    let mut openssl = process::client("openssl")?;
    openssl
        .args(["req", "-x509", "-nodes", "-newkey", "ec"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=h"])
        .arg("-keyout")
        .arg(&file)
        .arg("-out")
        .arg(directory.join("part.pem"));
    process::run(&mut openssl, b"")?.success()?;
    let key = std::fs::read_to_string(&file)?;
    let whole = key + &std::fs::read_to_string(directory.join("part.pem"))?;
    let readable = directory.join("whole.pem");
    std::fs::write(&readable, whole)?;
    Ok(readable)
}

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 30;
    let one = |number: usize| -> Result<(), Failed> {
        let mut client = Client::connect(port)?;
        for round in 0..ROUNDS {
            let body = vec![b'a' + number as u8; round * 3000];
            if client.ask("POST", "/echo", &body)?.expect(200)?.body != body {
                return Err("the body came back changed".into());
            }
            let size = number * 10_000 + round;
            let reply = client.ask("GET", &format!("/chunks?n={size}"), b"")?;
            if reply.expect(200)?.body.len() != size {
                return Err(format!("not {size} bytes in chunks").into());
            }
            let reply = client.ask("GET", "/glob/x?y", b"")?.expect(200)?;
            reply.containing("glob /glob/x\n")?;
        }
        for (target, answer) in [("/later", "later\n"), ("/first", "any /first\n")] {
            let reply = client.ask("GET", target, b"")?.expect(200)?;
            reply.containing(answer)?;
        }
        // One that goes away in the middle.
        let mut rude = Client::connect(port)?;
        rude.send("GET", "/chunks?n=3000000", b"")
    };
    at_once::each(0..CLIENTS, one)?;
    tally.checked(
        (CLIENTS * (3 * ROUNDS + 2)) as u64,
        format!("replies to {CLIENTS} clients at once"),
    );
    let comment = "x".repeat(100_000);
    for arguments in [
        &["--data", &comment][..],
        &["--data", &comment, "--header", "Expect: 100-continue"],
        &["--data", &comment, "--header", "Transfer-Encoding: chunked"],
    ] {
        if curl(port, "/echo", arguments)? != comment {
            return Err("curl got something else back".into());
        }
    }
    tally.checked(3, "uploads by curl");
    Ok(())
}

fn converse_with_tls(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let url = |target: &str| format!("https://127.0.0.1:{port}{target}");
    let mut curl = process::client("curl")?;
    curl.args(["--silent", "--show-error", "--fail", "--insecure"])
        .args(["--max-time", &process::LIMIT.as_secs().to_string()])
        .args(["--data", "secret", &url("/echo"), &url("/echo"), "--next"])
        .args(["--silent", "--insecure", &url("/chunks?n=300000")]);
    let got = process::run(&mut curl, b"")?.success()?;
    if got != "secretsecret".to_owned() + &"c".repeat(300_000) {
        return Err(format!("curl got {} bytes", got.len()).into());
    }
    tally.checked(3, "replies to curl with TLS");
    Ok(())
}
