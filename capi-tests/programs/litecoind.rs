//! litecoind: RPC whose replies come from worker threads by way of event_active(),
//! with limits and timeouts, and litecoin-cli, which asks by the library's client.

use std::process::Command;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::Client;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

/// What Debian's script of the same name runs.
const PROGRAM: &str = "/usr/lib/litecoin/litecoind";

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = process::run(process::client(PROGRAM)?.arg("-version"), b"")?.success()?;
    let version = version.lines().next().unwrap_or_default();
    tally.program = format!(
        "litecoind {}",
        version.rsplit(' ').next().unwrap_or_default()
    );
    let port = process::free_port()?;
    let directory = stage.directory("litecoind")?;
    let datadir = format!("-datadir={}", directory.display());
    let mut command = stage.command(PROGRAM, flavour)?;
    command
        .args([
            "-regtest",
            "-listen=0",
            "-dnsseed=0",
            "-disablewallet=1",
            "-dbcache=4",
        ])
        .args([
            "-rpcuser=u",
            "-rpcpassword=p",
            "-rpcthreads=4",
            "-rpcworkqueue=200",
        ])
        .args([&datadir, &format!("-rpcport={port}")])
        .env("HOME", &directory);
    let mut daemon = Daemon::start(&mut command, "litecoind", &directory)?;
    daemon.wait_until("answering", || call(port, "getblockcount", "").is_ok())?;
    evidence::check(stage, flavour, &daemon, tally)?;
    let cli = || -> Result<Command, Failed> {
        let mut command = stage.command("litecoin-cli", flavour)?;
        command
            .args(["-regtest", "-rpcuser=u", "-rpcpassword=p"])
            .args([&datadir, &format!("-rpcport={port}")])
            .env("HOME", &directory);
        Ok(command)
    };
    let outcome = converse(port, &cli, tally);
    daemon.explain(outcome)?;
    process::run(cli()?.arg("stop"), b"")?.success()?;
    daemon.expect_end("the command to stop", None)
}

/// `u:p` in base64.
const AUTHORIZED: &str = "Authorization: Basic dTpw\r\n";

fn client(port: u16) -> Result<Client, Failed> {
    let mut client = Client::connect(port)?;
    client.headers = AUTHORIZED.to_owned();
    Ok(client)
}

fn request(method: &str, parameters: &str) -> String {
    format!("{{\"method\":\"{method}\",\"params\":[{parameters}]}}")
}

fn call(port: u16, method: &str, parameters: &str) -> Result<String, Failed> {
    let text = request(method, parameters);
    let reply = client(port)?
        .ask("POST", "/", text.as_bytes())?
        .expect(200)?;
    Ok(reply.text()?.to_owned())
}

fn converse(
    port: u16,
    cli: &dyn Fn() -> Result<Command, Failed>,
    tally: &mut Tally,
) -> Result<(), Failed> {
    const BLOCKS: u64 = 50;
    let mined = call(
        port,
        "generatetodescriptor",
        &format!("{BLOCKS},\"raw(51)\""),
    )?;
    if mined.matches('"').count() < 2 * BLOCKS as usize {
        return Err(format!("not all blocks were made: {mined}").into());
    }
    tally.checked(BLOCKS, "blocks made by RPC");
    refusals(port, tally)?;
    load(port, BLOCKS, tally)?;
    lost_clients(port)?;
    for _ in 0..10 {
        let counted = process::run(cli()?.arg("getblockcount"), b"")?.success()?;
        if counted.trim() != BLOCKS.to_string() {
            return Err(format!("litecoin-cli counted {counted}").into());
        }
    }
    let unknown = process::run(cli()?.arg("nosuchcommand"), b"")?;
    if unknown.status.success() {
        return Err("litecoin-cli was told of no error".into());
    }
    tally.checked(11, "answers to litecoin-cli");
    Ok(())
}

fn refusals(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    Client::connect(port)?
        .ask("POST", "/", b"{}")?
        .expect(401)?;
    client(port)?.ask("GET", "/", b"")?.expect(405)?;
    client(port)?.ask("POST", "/nowhere", b"{}")?.expect(404)?;
    client(port)?.ask("POST", "/", b"no JSON")?.expect(500)?;
    tally.checked(4, "requests refused");
    Ok(())
}

/// Many clients at once keep all workers busy, with large requests among them.
fn load(port: u16, blocks: u64, tally: &mut Tally) -> Result<(), Failed> {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 100;
    let ask = |number: usize| -> Result<(), Failed> {
        let mut client = client(port)?;
        let counted = format!("\"result\":{blocks},");
        let filler = " ".repeat(20_000 * number);
        for round in 0..ROUNDS {
            let text = request("getblockcount", "") + &filler;
            let reply = client.ask("POST", "/", text.as_bytes())?.expect(200)?;
            reply.containing(&counted)?;
            let height = round as u64 % blocks;
            let text = request("getblockhash", &height.to_string());
            let reply = client.ask("POST", "/", text.as_bytes())?.expect(200)?;
            reply.containing("\"error\":null")?;
        }
        Ok(())
    };
    at_once::each(0..CLIENTS, ask)?;
    tally.checked(
        (CLIENTS * ROUNDS * 2) as u64,
        format!("calls by {CLIENTS} clients at once"),
    );
    Ok(())
}

/// Clients that go away before a worker has their reply.
fn lost_clients(port: u16) -> Result<(), Failed> {
    for _ in 0..50 {
        client(port)?.send("POST", "/", request("getblockchaininfo", "").as_bytes())?;
    }
    call(port, "getblockcount", "").map(drop)
}
