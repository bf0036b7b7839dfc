//! webdis: HTTP in front of redis, with a base for each of its threads, and redis' client on the same
//! bases.

use std::fs;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::{Client, curl};
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = "webdis".into();
    let directory = stage.directory("webdis")?;
    let (redis_port, port) = (process::free_port()?, process::free_port()?);
    let mut redis = process::client("redis-server")?;
    redis.args(["--bind", "127.0.0.1", "--save", "", "--port"]);
    redis.arg(redis_port.to_string());
    let mut redis = Daemon::start(&mut redis, "redis-server", &directory)?;
    redis.wait_for_port(redis_port)?;

    let settings = directory.join("webdis.json");
    fs::write(
        &settings,
        format!(
            "{{\"redis_host\": \"127.0.0.1\", \"redis_port\": {redis_port}, \"redis_auth\": null, \
             \"http_host\": \"127.0.0.1\", \"http_port\": {port}, \"threads\": 3, \"pool_size\": 4, \
             \"daemonize\": false, \"websockets\": false, \"database\": 0, \"verbosity\": 3, \
             \"logfile\": \"{}/webdis.out\"}}",
            directory.display()
        ),
    )?;
    let mut command = stage.command("webdis", flavour)?;
    command.arg(settings);
    let mut daemon = Daemon::start(&mut command, "webdis", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(converse(port, tally))?;
    // It knows no orderly end.
    daemon.stop(libc::SIGTERM)?;
    redis.stop(libc::SIGTERM)
}

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const CLIENTS: u64 = 8;
    const ROUNDS: u64 = 50;
    at_once::each(0..CLIENTS, |number| -> Result<(), Failed> {
        let mut client = Client::connect(port)?;
        let mut expect = |method: &str, target: &str, body: &[u8], answer: &str| {
            let reply = client.ask(method, target, body)?.expect(200)?;
            match reply.text()? == answer {
                true => Ok(()),
                false => Err(Failed::from(format!("{target}: {}", reply.text()?))),
            }
        };
        for round in 0..ROUNDS {
            let value = format!("{round}-").repeat(1 + 40 * round as usize);
            expect(
                "PUT",
                &format!("/SET/k{number}"),
                value.as_bytes(),
                "{\"SET\":[true,\"OK\"]}",
            )?;
            let target = format!("/GET/k{number}.txt");
            expect("GET", &target, b"", &value)?;
            let count = format!("{{\"INCR\":{}}}", round + 1);
            expect("POST", "/", format!("INCR/n{number}").as_bytes(), &count)?;
        }
        Ok(())
    })?;
    tally.checked(
        CLIENTS * ROUNDS * 3,
        format!("commands of {CLIENTS} clients at once, values up to 6 kB"),
    );
    Client::connect(port)?
        .ask("GET", "/GET/none.txt", b"")?
        .expect(404)?;
    let all = curl(port, "/MGET/n0/n1/n2", &[])?;
    if all != "{\"MGET\":[\"50\",\"50\",\"50\"]}" {
        return Err(all.into());
    }
    tally.checked(2, "a key that is not there, and curl");
    Ok(())
}
