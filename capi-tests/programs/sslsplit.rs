//! sslsplit: between TLS clients and a TLS server, with a session of its own to either, both on
//! bufferevents. It uses its sessions after it has freed their bufferevents. Connections that begin
//! without TLS get filters in their midst.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::process::{self, Daemon, Finished};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const CLIENTS: u64 = 4;
const LINES: u32 = 100_000;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = version()?;
    let directory = stage.directory("sslsplit")?;
    certificate(&directory, "authority", "rsa:2048")?;
    certificate(&directory, "server", "rsa:2048")?;
    let text: String = (0..LINES)
        .map(|line| format!("line {line} of a file\n"))
        .collect();
    fs::write(directory.join("text"), &text)?;

    let (port, far_port) = (process::free_port()?, process::free_port()?);
    let mut command = process::client("openssl")?;
    command.args([
        "s_server",
        "-quiet",
        "-WWW",
        "-accept",
        &far_port.to_string(),
    ]);
    command.args(["-cert", "server.pem", "-key", "server.key"]);
    let mut server = Server::start(&mut command, &directory)?;

    let mut command = sslsplit(stage, flavour, "ssl", port, far_port)?;
    let mut daemon = Daemon::start(&mut command, "sslsplit", &directory)?;
    daemon.wait_for_port(port)?;
    server.wait_for_port(far_port)?;
    evidence::check(stage, flavour, &daemon, tally)?;

    for version in ["-tls1_3", "-tls1_2"] {
        daemon.explain(fetch_by_all(port, version, &text))?;
        tally.checked(
            CLIENTS * u64::from(LINES),
            format!(
                "lines through it by {}, {CLIENTS} clients at a time",
                &version[1..]
            ),
        );
    }
    let connections = fs::read_to_string(directory.join("connections"))?;
    let logged = connections
        .lines()
        .filter(|line| line.contains(" ssl 127.0.0.1 "))
        .count() as u64;
    if logged < 2 * CLIENTS {
        return Err(daemon.complaint(&format!("has logged {logged} connections")));
    }
    server.end();
    daemon.stop(libc::SIGTERM)?;
    upgrade(stage, flavour, &directory, &text, tally)
}

/// sslsplit for one kind of connections, from one port to another.
fn sslsplit(
    stage: &Stage,
    flavour: Flavour,
    kind: &str,
    port: u16,
    far_port: u16,
) -> Result<Command, Failed> {
    let mut command = stage.command("sslsplit", flavour)?;
    command.args(["-D", "-k", "authority.key", "-c", "authority.pem"]);
    command.args(["-l", "connections"]);
    command.args([kind, "127.0.0.1", &port.to_string()]);
    command.args(["127.0.0.1", &far_port.to_string()]);
    Ok(command)
}

/// Connections that go over to TLS when they have stood for a while.
fn upgrade(
    stage: &Stage,
    flavour: Flavour,
    directory: &Path,
    text: &str,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let (port, far_port) = (process::free_port()?, process::free_port()?);
    let script = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The system's own: another may belong to who runs this.
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script.join("capi-tests/programs/sslsplit/starttls.py"));
    command.arg(far_port.to_string());
    let mut server = Server::start(&mut command, directory)?;
    server.wait_for_port(far_port)?;
    let mut command = sslsplit(stage, flavour, "autossl", port, far_port)?;
    let mut daemon = Daemon::start(&mut command, "autossl", directory)?;
    daemon.wait_for_port(port)?;
    for version in ["-tls1_3", "-tls1_2"] {
        let answer = upgraded(&daemon, version, port)?;
        if !answer.stdout.contains(text) {
            let len = answer.stdout.len();
            return Err(daemon.complaint(&format!("{version} after STARTTLS: {len} bytes")));
        }
        tally.checked(
            u64::from(LINES),
            format!("lines by {} after STARTTLS", &version[1..]),
        );
    }
    server.end();
    daemon.stop(libc::SIGTERM)
}

/// What a client gets that goes over to TLS.
///
/// sslsplit connects to the server in its first thread, with a bufferevent without a lock on the base
/// of another thread. If that one is told of the connection while the first is not yet done, nobody is:
/// with libevent this befalls a tenth of the connections on a busy machine, the first most of all. Such
/// a connection has not been reported, as any other is in the log, and is opened once more.
fn upgraded(daemon: &Daemon, version: &str, port: u16) -> Result<Finished, Failed> {
    const ATTEMPTS: u32 = 12;
    const PATIENCE: Duration = Duration::from_secs(3);
    for _ in 0..ATTEMPTS {
        let own_port = process::free_port()?;
        let reported = format!("TCP connected from [127.0.0.1]:{own_port}\n");
        let mut command = process::client("openssl")?;
        command.args(["s_client", "-quiet", version, "-starttls", "postgres"]);
        command.args(["-bind", &format!("127.0.0.1:{own_port}")]);
        command.args(["-connect", &format!("127.0.0.1:{port}")]);
        let mut connected = false;
        let answer = process::run_unless(&mut command, b"send it\n", |elapsed| {
            connected |= elapsed > PATIENCE && daemon.log().contains(&reported);
            elapsed > PATIENCE && !connected
        });
        if let Some(answer) = daemon.explain(answer)? {
            return Ok(answer);
        }
    }
    Err(daemon.complaint(&format!("has lost {ATTEMPTS} connections")))
}

fn version() -> Result<String, Failed> {
    let finished = process::run(process::client("sslsplit")?.arg("-V"), b"")?;
    let text = finished.stdout + &finished.stderr;
    let first = text.lines().next().unwrap_or_default();
    Ok(first.split(" (").next().unwrap_or_default().to_lowercase())
}

/// A key and a certificate by itself, `NAME.key` and `NAME.pem`.
pub fn certificate(directory: &Path, name: &str, key: &str) -> Result<(), Failed> {
    let mut command = process::client("openssl")?;
    command.current_dir(directory);
    command.args(["req", "-x509", "-newkey", key, "-nodes", "-days", "2"]);
    command.args(["-subj", "/CN=localhost", "-keyout", &format!("{name}.key")]);
    command.args(["-out", &format!("{name}.pem")]);
    process::run(&mut command, b"")?.success()?;
    // For a server that runs as another user.
    let key = directory.join(format!("{name}.key"));
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    Ok(fs::set_permissions(key, permissions)?)
}

/// The server behind it, which is not under test.
struct Server(Option<Daemon>);

impl Server {
    fn start(command: &mut Command, directory: &Path) -> Result<Server, Failed> {
        Daemon::start(command, "server", directory).map(|daemon| Server(Some(daemon)))
    }

    fn wait_for_port(&mut self, port: u16) -> Result<(), Failed> {
        self.0
            .as_mut()
            .map_or(Ok(()), |daemon| daemon.wait_for_port(port))
    }

    fn end(&mut self) {
        if let Some(daemon) = self.0.take() {
            daemon.signal(libc::SIGKILL);
        }
    }
}

/// Has all clients fetch the file at a time.
fn fetch_by_all(port: u16, version: &str, text: &str) -> Result<(), Failed> {
    at_once::each(0..CLIENTS, |_| fetch(port, version, text))?;
    Ok(())
}

fn fetch(port: u16, version: &str, text: &str) -> Result<(), Failed> {
    let mut command = process::client("openssl")?;
    command.args([
        "s_client",
        "-quiet",
        version,
        "-connect",
        &format!("127.0.0.1:{port}"),
    ]);
    let answer = process::run(&mut command, b"GET /text HTTP/1.0\r\n\r\n")?;
    let body = answer.stdout.split_once("\r\n\r\n").map(|(_, body)| body);
    if body != Some(text) {
        let len = answer.stdout.len();
        return Err(format!(
            "{version}: {len} bytes instead of {}\n{}",
            text.len(),
            answer.stderr
        )
        .into());
    }
    Ok(())
}
