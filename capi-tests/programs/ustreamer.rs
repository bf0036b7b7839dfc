//! ustreamer: pages and pictures, and streams for which it takes the connection's
//! bufferevent over. Without a camera it sends a picture that says so.

use std::io::Read;
use std::thread;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::{Client, Reply, curl};
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = process::run(process::client("ustreamer")?.arg("--version"), b"")?.success()?;
    tally.program = format!("ustreamer {}", version.trim());
    let port = process::free_port()?;
    let directory = stage.directory("ustreamer")?;
    let mut command = stage.command("ustreamer", flavour)?;
    command
        .args([
            "--host=127.0.0.1",
            "--device=/dev/null",
            "--user=u",
            "--passwd=p",
        ])
        .args(["--allow-origin=*"])
        .arg(format!("--port={port}"));
    let mut daemon = Daemon::start(&mut command, "ustreamer", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(converse(port, tally))?;
    daemon.stop(libc::SIGTERM)
}

/// `u:p` in base64.
const AUTHORIZED: &str = "Authorization: Basic dTpw\r\n";

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let mut client = Client::connect(port)?;
    client.ask("GET", "/state", b"")?.expect(401)?;
    client.headers = AUTHORIZED.to_owned();
    const ROUNDS: u64 = 100;
    for _ in 0..ROUNDS {
        client
            .ask("GET", "/state", b"")?
            .expect(200)?
            .containing("\"ok\": true")?;
        picture(&client.ask("GET", "/snapshot", b"")?.expect(200)?)?;
    }
    client
        .ask("GET", "/", b"")?
        .expect(200)?
        .containing("<html>")?;
    client.ask("HEAD", "/snapshot", b"")?.expect(200)?;
    client.ask("GET", "/none", b"")?.expect(404)?;
    tally.checked(2 * ROUNDS + 3, "pages and pictures over one connection");
    curl(port, "/state", &["--user", "u:p"])?;
    streams(port, tally)
}

fn picture(reply: &Reply) -> Result<(), Failed> {
    match reply.body.starts_with(&[0xff, 0xd8]) && reply.body.ends_with(&[0xff, 0xd9]) {
        true => Ok(()),
        false => Err("that is no picture".into()),
    }
}

/// Several clients watch at the same time, and go away in the middle.
fn streams(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const WATCHERS: u64 = 8;
    const PICTURES: usize = 3;
    let watch = |number: u64| -> Result<(), Failed> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        let request = format!(
            "GET /stream?key={number}&extra_headers=1 HTTP/1.1\r\nHost: h\r\n{AUTHORIZED}\r\n"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes())?;
        let mut received = Vec::new();
        let mut buffer = [0; 16384];
        while count(&received, b"\xff\xd9") < PICTURES {
            let n = stream.read(&mut buffer)?;
            if n == 0 {
                return Err("the stream ended".into());
            }
            received.extend_from_slice(&buffer[..n]);
        }
        match count(&received, b"X-UStreamer-Online: false") >= PICTURES
            && received.starts_with(b"HTTP/1.0 200 OK\r\n")
        {
            true => Ok(()),
            false => Err("that is no stream of pictures".into()),
        }
    };
    at_once::each(0..WATCHERS, watch)?;
    // It notices that all have gone.
    let mut client = Client::connect(port)?;
    client.headers = AUTHORIZED.to_owned();
    let begun = std::time::Instant::now();
    loop {
        let reply = client.ask("GET", "/state", b"")?.expect(200)?;
        if reply.text()?.contains("\"clients\": 0") {
            break;
        }
        if begun.elapsed() > process::LIMIT {
            return Err("clients that have gone are still counted".into());
        }
        thread::sleep(std::time::Duration::from_millis(20));
    }
    tally.checked(
        WATCHERS * PICTURES as u64,
        format!("pictures in {WATCHERS} streams at once"),
    );
    Ok(())
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len())
        .filter(|window| *window == part)
        .count()
}
