//! transmission-daemon: its web pages and the RPC behind them, by requests whose
//! fields it reads without any function of the library, and replies that come
//! later, out of its own thread's work.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::evidence;
use super::http::{Client, curl};
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

/// Where Debian has the pages.
const PAGES: &str = "/usr/share/transmission/web";

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let port = process::free_port()?;
    let directory = stage.directory("transmission")?;
    let mut command = stage.command("transmission-daemon", flavour)?;
    command
        .args(["--foreground", "--no-auth", "--allowed=127.0.0.1"])
        .args(["--no-dht", "--no-lpd", "--no-portmap", "--no-utp"])
        .arg(format!("--port={port}"))
        .arg(format!("--peerport={}", process::free_port()?))
        .arg(format!(
            "--config-dir={}",
            directory.join("config").display()
        ))
        .arg(format!("--download-dir={}", directory.display()))
        .env("HOME", &directory);
    let mut daemon = Daemon::start(&mut command, "transmission", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(converse(port, &directory, tally))?;
    daemon.stop(libc::SIGINT)
}

fn version() -> Result<String, Failed> {
    let mut command = process::client("transmission-daemon")?;
    let finished = process::run(command.arg("--version"), b"")?;
    let told = finished.stdout + &finished.stderr;
    let words: Vec<&str> = told.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

fn converse(port: u16, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    pages(port, tally)?;
    let mut client = Client::connect(port)?;
    let refused = client.ask("POST", RPC, b"{}")?.expect(409)?;
    let session = refused
        .header("X-Transmission-Session-Id")
        .ok_or("no session")?
        .to_owned();
    client.headers = format!("X-Transmission-Session-Id: {session}\r\n");
    settings(&mut client, tally)?;
    torrent(&mut client, directory, tally)?;
    pipelined(&mut client, tally)?;
    by_curl(port, &session, tally)?;
    client.headers += "Connection: close\r\n";
    client.send("POST", RPC, b"{\"method\":\"session-stats\"}")?;
    client.receive("POST")?.expect(200)?;
    match client.rest()?.is_empty() {
        true => Ok(()),
        false => Err("something came behind the last reply".into()),
    }
}

const RPC: &str = "/transmission/rpc";

fn call(client: &mut Client, text: &str) -> Result<String, Failed> {
    let reply = client.ask("POST", RPC, text.as_bytes())?.expect(200)?;
    Ok(reply.containing("\"result\":\"success\"")?.to_owned())
}

/// Every file of the web client, over connections that are used again.
fn pages(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    let mut directories = vec![Path::new(PAGES).to_owned()];
    let mut client = Client::connect(port)?;
    let mut files = 0;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(PAGES)?.display().to_string();
            let target = format!("/transmission/web/{}", name.replace(' ', "%20"));
            let reply = client.ask("GET", &target, b"")?.expect(200)?;
            if reply.body != fs::read(&path)? {
                return Err(format!("{name} came changed").into());
            }
            files += 1;
        }
    }
    client
        .ask("GET", "/transmission/web/none", b"")?
        .expect(404)?;
    client
        .ask("GET", "/transmission/web/../../none", b"")?
        .expect(404)?;
    client.ask("GET", "/elsewhere", b"")?.expect(301)?;
    tally.checked(files + 3, "files of the web client");
    Ok(())
}

fn settings(client: &mut Client, tally: &mut Tally) -> Result<(), Failed> {
    const ROUNDS: u64 = 100;
    for round in 0..ROUNDS {
        let limit = 100 + round;
        let text = format!(
            "{{\"method\":\"session-set\",\"arguments\":{{\"speed-limit-down\":{limit}}}}}"
        );
        call(client, &text)?;
        let got = call(client, "{\"method\":\"session-get\"}")?;
        if !got.contains(&format!("\"speed-limit-down\":{limit},")) {
            return Err(format!("the setting was lost: {got}").into());
        }
    }
    tally.checked(2 * ROUNDS, "settings changed and read back by RPC");
    Ok(())
}

/// A torrent of a file, made by transmission's own program and added by RPC in base64.
fn torrent(client: &mut Client, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    let file = directory.join("shared-file");
    fs::write(&file, vec![b's'; 300_000])?;
    let torrent = directory.join("shared.torrent");
    let mut maker = process::client("transmission-create")?;
    maker.arg("-o").arg(&torrent).arg(&file);
    maker.env("HOME", directory);
    process::run(&mut maker, b"")?.success()?;
    let encoded = process::run(process::client("base64")?.arg("-w0").arg(&torrent), b"")?;
    let added = call(
        client,
        &format!(
            "{{\"method\":\"torrent-add\",\"arguments\":{{\"metainfo\":\"{}\",\"paused\":true}}}}",
            encoded.success()?
        ),
    )?;
    if !added.contains("\"name\":\"shared-file\"") {
        return Err(format!("nothing was added: {added}").into());
    }
    let listed = call(
        client,
        "{\"method\":\"torrent-get\",\"arguments\":{\"fields\":[\"name\",\"totalSize\"]}}",
    )?;
    if !listed.contains("\"totalSize\":300000") {
        return Err(format!("the torrent is not listed: {listed}").into());
    }
    // The reply waits for the disk.
    call(
        client,
        "{\"method\":\"free-space\",\"arguments\":{\"path\":\"/tmp\"}}",
    )?;
    tally.checked(3, "replies about a torrent");
    Ok(())
}

fn pipelined(client: &mut Client, tally: &mut Tally) -> Result<(), Failed> {
    const REQUESTS: u64 = 300;
    for tag in 0..REQUESTS {
        let text = format!("{{\"method\":\"session-stats\",\"tag\":{tag}}}");
        client.send("POST", RPC, text.as_bytes())?;
    }
    for tag in 0..REQUESTS {
        let reply = client.receive("POST")?.expect(200)?;
        reply.containing(&format!("\"tag\":{tag}}}"))?;
    }
    tally.checked(REQUESTS, "requests sent without waiting for replies");
    Ok(())
}

fn by_curl(port: u16, session: &str, tally: &mut Tally) -> Result<(), Failed> {
    let header = format!("X-Transmission-Session-Id: {session}");
    // A body that is large enough for curl to ask first whether it may come.
    let comment = "x".repeat(2 << 20);
    let text = format!("{{\"method\":\"session-get\",\"comment\":\"{comment}\"}}");
    let directory = std::env::temp_dir();
    let file = directory.join(format!("libevent_rs-curl.{}.{port}", process::id()));
    fs::write(&file, text)?;
    let data = format!("@{}", file.display());
    let asked = [
        &["--header", &header, "--data-binary", &data][..],
        &[
            "--header",
            &header,
            "--data-binary",
            &data,
            "--header",
            "Transfer-Encoding: chunked",
        ],
        &["--header", &header, "--data-binary", &data, "--http1.0"],
        &[
            "--header",
            &header,
            "--data-binary",
            &data,
            "--header",
            "Expect: 100-continue",
        ],
    ]
    .map(|arguments| curl(port, RPC, arguments));
    fs::remove_file(&file)?;
    let count = asked.len();
    for answer in asked {
        if !answer?.contains("\"result\":\"success\"") {
            return Err("curl was answered otherwise".into());
        }
    }
    tally.checked(count as u64, "uploads by curl, with a length and in chunks");
    Ok(())
}
