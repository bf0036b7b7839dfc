//! apt-cacher-ng: clients fetch packages through it, each as it comes from the server and again out of
//! its files.

use std::fs;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::http::Client;
use super::origin::{self, Origin};
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

const PACKAGES: u64 = 12;
const LENGTH: usize = 200_000;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    tally.program = "apt-cacher-ng".into();
    let origin = Origin::start(page)?;
    let port = process::free_port()?;
    let directory = stage.directory("apt-cacher-ng")?;
    let place = directory.display();
    // The machine's own settings may name a proxy.
    let settings = stage.directory("apt-cacher-ng-settings")?;
    fs::write(settings.join("acng.conf"), "")?;
    let mut command = stage.command("apt-cacher-ng", flavour)?;
    command.arg("-c").arg(settings);
    command
        .args(["ForeGround=1", "BindAddress:127.0.0.1", "AllowUserPorts:0"])
        .arg(format!("Port:{port}"))
        .arg(format!("CacheDir:{place}/cache"))
        .arg(format!("LogDir:{place}"))
        .arg(format!("SocketPath:{place}/socket"))
        .arg(format!("PidFile:{place}/pid"));
    let mut daemon = Daemon::start(&mut command, "apt-cacher-ng", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(fetch(port, &origin, tally))?;
    daemon.stop(libc::SIGTERM)
}

fn page(path: &str) -> Option<Vec<u8>> {
    let number = path.strip_prefix("/debian/pool/p")?;
    let number = number.strip_suffix("_1_all.deb")?.parse().ok()?;
    (number < PACKAGES).then(|| origin::bytes(number, LENGTH))
}

fn fetch(port: u16, origin: &Origin, tally: &mut Tally) -> Result<(), Failed> {
    let pool = format!("/127.0.0.1:{}/debian/pool", origin.port);
    let target = |number: u64| format!("{pool}/p{number}_1_all.deb");
    for how in ["from the server", "out of its files"] {
        at_once::each(0..PACKAGES, |number| -> Result<(), Failed> {
            // It may close between two requests, on libevent too.
            let reply = Client::connect(port)?
                .ask("GET", &target(number), b"")?
                .expect(200)?;
            if reply.body != origin::bytes(number, LENGTH) {
                return Err(format!("package {number} {how} is another one").into());
            }
            Ok(())
        })?;
        tally.checked(PACKAGES, format!("packages {how}"));
    }
    let asked = origin.requests();
    let mut client = Client::connect(port)?;
    client.ask("GET", &target(0), b"")?.expect(200)?;
    if origin.requests() != asked {
        return Err("it asks the server for what it has".into());
    }
    let mut client = Client::connect(port)?;
    client.ask("GET", &target(PACKAGES), b"")?.expect(404)?;
    tally.checked(2, "one that it has and one that nobody has");
    Ok(())
}
