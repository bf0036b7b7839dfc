//! coturn: a relay whose clients come by TLS, and by DTLS, which is coturn's own, and the client that
//! comes with it.

use libtest_mimic::Failed;

use super::evidence;
use super::process::{self, Daemon};
use super::sslsplit::certificate;
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const MESSAGES: u64 = 10;
const CLIENTS: u64 = 2;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let directory = stage.directory("coturn")?;
    certificate(&directory, "server", "rsa:2048")?;
    let (port, tls_port) = (process::free_port()?, process::free_port()?);
    let mut command = stage.command("turnserver", flavour)?;
    command.args(["-n", "--no-cli", "--allow-loopback-peers", "--lt-cred-mech"]);
    command.args(["--log-file", "stdout", "--pidfile", "pid", "--db", "users"]);
    command.args(["--user", "user:secret", "--realm", "test.example"]);
    command.args(["--cert", "server.pem", "--pkey", "server.key"]);
    command.args(["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"]);
    command.args(["--listening-port", &port.to_string()]);
    command.args(["--tls-listening-port", &tls_port.to_string()]);
    let mut daemon = Daemon::start(&mut command, "turnserver", &directory)?;
    daemon.wait_for_port(tls_port)?;
    evidence::check(stage, flavour, &daemon, tally)?;

    for (how, flags) in [
        ("TLS", &["-t", "-S"][..]),
        ("TCP", &["-t"][..]),
        ("DTLS", &["-S"][..]),
    ] {
        let port = if how == "TCP" { port } else { tls_port };
        let mut client = stage.command("turnutils_uclient", flavour)?;
        client.args(flags).args(["-p", &port.to_string()]);
        client.args(["-u", "user", "-w", "secret", "-c", "-y"]);
        client.args([
            "-n",
            &MESSAGES.to_string(),
            "-m",
            &CLIENTS.to_string(),
            "127.0.0.1",
        ]);
        let finished = process::run(&mut client, b"")?;
        let report = finished.stdout + &finished.stderr;
        let received = relayed(&report);
        // Between its clients some of the first messages come before the other one listens.
        if received < MESSAGES * CLIENTS / 2 {
            return Err(daemon.complaint(&format!("relays {received} messages by {how}: {report}")));
        }
        tally.checked(received, format!("messages relayed by {how}"));
    }
    daemon.signal(libc::SIGKILL);
    Ok(())
}

fn version() -> Result<String, Failed> {
    let finished = process::run(process::client("turnserver")?.arg("--version"), b"")?;
    let text = finished.stdout + &finished.stderr;
    let version = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(char::is_numeric));
    Ok(format!("coturn {}", version.unwrap_or_default()))
}

/// How many messages the client says to have received.
fn relayed(report: &str) -> u64 {
    let mut counts = report.lines().filter_map(|line| {
        let (_, rest) = line.split_once("tot_recv_msgs=")?;
        let digits = rest
            .split(|character: char| !character.is_ascii_digit())
            .next()?;
        digits.parse().ok()
    });
    counts.next_back().unwrap_or(0)
}
