//! The client of evdns against the distribution's name servers: what each of them says of names that
//! exist or don't, too much for a datagram, and how each of them refuses, fails or keeps silent.
//!
//! A small program looks names up on our library; the servers run on nobody's. Another program
//! answers, also on our library, what dig asks in each of its ways.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Failed, Trial};

use super::dig;
use super::nsd;
use super::process::{self, Daemon};
use super::stage::Stage;
use super::unbound;

/// Addresses of `big.data.test`, too many for a datagram.
const MANY: u32 = 60;
/// Aliases of `chain.data.test`.
const CHAIN: u32 = 8;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let stage = Arc::clone(stage);
    vec![Trial::test("name_servers", move || check(&stage))]
}

/// The results of `evdns`, as `event2/dns.h` has them.
mod result {
    pub const FORMAT: u32 = 1;
    pub const SERVERFAILED: u32 = 2;
    pub const NOTEXIST: u32 = 3;
    pub const NOTIMPL: u32 = 4;
    pub const REFUSED: u32 = 5;
    pub const TIMEOUT: u32 = 67;
    pub const NODATA: u32 = 70;
}

/// What a lookup must come to.
enum Expected {
    Found(Vec<String>),
    Error(u32),
}

fn found(addresses: &[&str]) -> Expected {
    Expected::Found(addresses.iter().map(|&text| text.to_owned()).collect())
}

struct Servers {
    nsd: u16,
    unbound: u16,
    dnsdist: u16,
    knot: u16,
    /// Each with the switch that it was started with.
    named: Vec<(&'static str, u16)>,
    daemons: Vec<Daemon>,
}

fn check(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("name-servers")?;
    let program = compile(stage, &directory, "lookups")?;
    check_server(&compile(stage, &directory, "answers")?, &directory)?;
    let mut servers = start(&directory)?;
    let outcome = check_all(&program, &servers);
    for daemon in servers.daemons.drain(..) {
        daemon.explain(
            outcome
                .as_ref()
                .map(drop)
                .map_err(|error| Failed::from(error.message().unwrap_or("failed").to_owned())),
        )?;
    }
    outcome
}

fn check_all(program: &Path, servers: &Servers) -> Result<(), Failed> {
    let Servers {
        nsd,
        unbound,
        dnsdist,
        knot,
        ..
    } = *servers;
    let www = || found(&["10.0.0.1"]);
    let big = || {
        let all = (1..=MANY).map(|number| format!("10.1.0.{number}"));
        Expected::Found(all.collect())
    };
    let ask = |ports: &[u16], options: &[&str], question: &str, expected: Expected| {
        lookup(program, ports, options, question, &expected)
    };
    // An authority.
    ask(&[nsd], &[], "www.data.test A", www())?;
    ask(
        &[nsd],
        &[],
        "www.data.test AAAA",
        Expected::Error(result::NODATA),
    )?;
    ask(&[nsd], &[], "six.data.test AAAA", found(&["2001:db8::6"]))?;
    ask(&[nsd], &[], "any.wild.data.test A", found(&["10.0.0.2"]))?;
    ask(
        &[nsd],
        &[],
        "none.data.test A",
        Expected::Error(result::NOTEXIST),
    )?;
    ask(
        &[nsd],
        &[],
        "elsewhere.test A",
        Expected::Error(result::REFUSED),
    )?;
    ask(&[nsd], &[], "chain.data.test A", www())?;
    ask(&[nsd], &[], "www.old.data.test A", www())?;
    ask(&[nsd], &[], "10.0.0.1 PTR", found(&["www.data.test"]))?;
    ask(&[nsd], &[], "big.data.test A", big())?;
    ask(&[nsd], &["edns-udp-size=4096"], "big.data.test A", big())?;
    ask(&[nsd], &["use-vc="], "www.data.test A", www())?;
    // One that answers over TCP only.
    ask(&[knot], &[], "www.data.test A", www())?;
    ask(&[knot], &[], "big.data.test A", big())?;
    ask(
        &[nsd],
        &[],
        "x.broken.test A",
        Expected::Error(result::SERVERFAILED),
    )?;
    // A resolver with zones that it treats in different ways.
    let quick = &["timeout=0.4", "attempts=2"][..];
    ask(
        &[unbound],
        &[],
        "x.refused.test A",
        Expected::Error(result::REFUSED),
    )?;
    ask(
        &[unbound],
        &[],
        "x.gone.test A",
        Expected::Error(result::NOTEXIST),
    )?;
    ask(
        &[unbound],
        &[],
        "x.empty.test A",
        Expected::Error(result::NODATA),
    )?;
    ask(
        &[unbound],
        quick,
        "x.silent.test A",
        Expected::Error(result::TIMEOUT),
    )?;
    // One that delays, drops, truncates and refuses.
    let begun = Instant::now();
    ask(&[dnsdist], &[], "slow.data.test A", www())?;
    if begun.elapsed().as_millis() < 300 {
        return Err("dnsdist delayed nothing".into());
    }
    ask(&[dnsdist], &[], "cut.data.test A", www())?;
    ask(
        &[dnsdist],
        &[],
        "formerr.data.test A",
        Expected::Error(result::FORMAT),
    )?;
    ask(
        &[dnsdist],
        &[],
        "notimp.data.test A",
        Expected::Error(result::NOTIMPL),
    )?;
    ask(
        &[dnsdist],
        quick,
        "drop.data.test A",
        Expected::Error(result::TIMEOUT),
    )?;
    // What one of them can't say, the other does, and with the default timeout of five seconds only
    // silence costs that.
    for name in ["servfail", "refused", "notimp"] {
        let begun = Instant::now();
        ask(
            &[dnsdist, nsd],
            &["timeout=60"],
            &format!("{name}.data.test A"),
            www(),
        )?;
        ask(
            &[nsd, dnsdist],
            &["timeout=60"],
            &format!("{name}.data.test A"),
            www(),
        )?;
        if begun.elapsed().as_secs() >= 60 {
            return Err(format!("{name} cost a timeout").into());
        }
    }
    ask(&[dnsdist, nsd], &["timeout=0.4"], "drop.data.test A", www())?;
    // Those that don't know EDNS, each in its way: only one that refuses for good is believed.
    for &(switch, port) in &servers.named {
        let options = ["edns-udp-size=4096", "timeout=0.4", "attempts=10"];
        let expected = match switch {
            "ednsrefused" => Expected::Error(result::REFUSED),
            _ => www(),
        };
        ask(&[port], &options, "www.data.test A", expected)
            .map_err(|error| format!("named -T {switch}: {}", error.message().unwrap_or("")))?;
    }
    Ok(())
}

/// Looks one name up, in a process of its own.
fn lookup(
    program: &Path,
    ports: &[u16],
    options: &[&str],
    question: &str,
    expected: &Expected,
) -> Result<(), Failed> {
    let servers: Vec<_> = ports
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let mut command = process::client(&program.display().to_string())?;
    command.arg(servers.join(",")).args(options);
    let output = process::run(&mut command, format!("{question}\n").as_bytes())?.success()?;
    let mut words = output.split_whitespace().skip(2);
    let error: Option<u32> = words.next().and_then(|word| word.parse().ok());
    let mut addresses: Vec<_> = words.skip(1).map(str::to_owned).collect();
    addresses.sort();
    let right = match expected {
        Expected::Error(code) => error == Some(*code) && addresses.is_empty(),
        Expected::Found(all) => {
            let mut all = all.clone();
            all.sort();
            error == Some(0) && addresses == all
        }
    };
    if right {
        return Ok(());
    }
    let expected = match expected {
        Expected::Error(code) => format!("error {code}"),
        Expected::Found(all) => format!("{all:?}"),
    };
    Err(format!("{question} of {servers:?} {options:?}: {output}expected {expected}").into())
}

/// What dig makes of the server of evdns.
fn check_server(program: &Path, directory: &Path) -> Result<(), Failed> {
    let port = process::free_port()?;
    let mut command = process::client(&program.display().to_string())?;
    command.arg(port.to_string());
    let mut daemon = Daemon::start(&mut command, "answers", directory)?;
    daemon.wait_for_port(port)?;
    let outcome = check_answers(port);
    daemon.explain(outcome)
}

fn check_answers(port: u16) -> Result<(), Failed> {
    // Options and name, status, and how many records; up to 30 addresses have room in 512 bytes.
    let rows: [(&[&str], &str, usize); 12] = [
        (&["+notcp", "+noedns", "1.test", "A"], "NOERROR", 1),
        (&["+notcp", "+edns=0", "1.test", "A"], "NOERROR", 1),
        (&["+notcp", "+noedns", "30.test", "A"], "NOERROR", 30),
        (&["+notcp", "+bufsize=4096", "60.test", "A"], "NOERROR", 60),
        (
            &["+notcp", "+bufsize=512", "+noignore", "60.test", "A"],
            "NOERROR",
            60,
        ),
        (&["+notcp", "+noedns", "1000.test", "A"], "NOERROR", 1000),
        (&["+tcp", "1000.test", "A"], "NOERROR", 1000),
        (&["+tcp", "+noedns", "alias.test", "A"], "NOERROR", 2),
        (&["+notcp", "1.test", "AAAA"], "NOERROR", 0),
        (&["+notcp", "none.test", "A"], "NXDOMAIN", 0),
        (&["+notcp", "+opcode=NOTIFY", "1.test", "A"], "NOTIMP", 0),
        (&["+tcp", "+opcode=UPDATE", "1.test", "A"], "NOTIMP", 0),
    ];
    for (arguments, status, count) in rows {
        let answer = dig::ask(port, arguments)?;
        if answer.status != status || answer.records.len() != count {
            let (status, count) = (&answer.status, answer.records.len());
            return Err(format!("dig {arguments:?}: {status}, {count} records").into());
        }
    }
    // What has no room is cut between records, and said to be.
    let cut = dig::ask(port, &["+notcp", "+noedns", "+ignore", "60.test", "A"])?;
    if cut.records.len() != 30 || !cut.flags.split(' ').any(|flag| flag == "tc") {
        return Err(format!("{} records, flags {}", cut.records.len(), cut.flags).into());
    }
    Ok(())
}

/// Compiles a program of this directory.
fn compile(stage: &Stage, directory: &Path, name: &str) -> Result<PathBuf, Failed> {
    let program = directory.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("capi-tests/programs")
        .join(format!("{name}.c"));
    let prefix = stage.prefix()?;
    let libraries = prefix.join("lib");
    let mut compiler = process::client("cc")?;
    compiler
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-I")
        .arg(prefix.join("include/libevent_rs"))
        .arg("-L")
        .arg(&libraries)
        .arg("-levent_rs")
        .arg(format!("-Wl,-rpath,{}", libraries.display()));
    process::run(&mut compiler, b"")?.success()?;
    Ok(program)
}

/// Starts them all, then waits for each.
fn start(directory: &Path) -> Result<Servers, Failed> {
    write_zones(directory)?;
    let mut servers = Servers {
        nsd: process::free_port()?,
        unbound: process::free_port()?,
        dnsdist: process::free_port()?,
        knot: process::free_port()?,
        named: Vec::new(),
        daemons: Vec::new(),
    };
    let here = directory.display();
    let mut run = |name: &str, program: &str, settings: String, arguments: &[&str]| {
        let file = format!("{name}.conf");
        fs::write(directory.join(&file), settings)?;
        let mut command = process::client(program)?;
        command.args(arguments).arg(file);
        servers
            .daemons
            .push(Daemon::start(&mut command, name, directory)?);
        Ok::<_, Failed>(())
    };
    run(
        "nsd",
        "nsd",
        nsd_settings(directory, servers.nsd),
        &["-d", "-c"],
    )?;
    run(
        "unbound",
        "unbound",
        unbound_settings(directory, servers.unbound),
        &["-d", "-c"],
    )?;
    run(
        "dnsdist",
        "dnsdist",
        dnsdist_settings(servers.dnsdist, servers.nsd),
        &["--supervised", "--disable-syslog", "-C"],
    )?;
    run(
        "knot",
        "knotd",
        format!(
            "server:\n    rundir: \"{here}\"\n    listen: 127.0.0.1@{}\n\
             log:\n  - target: stderr\n    any: info\n\
             database:\n    storage: \"{here}/knot\"\n\
             zone:\n  - domain: data.test\n    storage: \"{here}\"\n    file: data\n    \
             journal-content: none\n    zonefile-load: whole\n    module: mod-noudp\n",
            servers.knot
        ),
        &["-c"],
    )?;
    for switch in ["ednsformerr", "ednsnotimp", "ednsrefused", "dropedns"] {
        let port = process::free_port()?;
        servers.named.push((switch, port));
        run(
            switch,
            "named",
            format!(
                "options {{ directory \"{here}\"; listen-on port {port} {{ 127.0.0.1; }}; \
                 listen-on-v6 {{ none; }}; pid-file none; recursion no; session-keyfile none; \
                 lock-file none; dnssec-validation no; }};\ncontrols {{}};\n\
                 zone \"data.test\" {{ type primary; file \"data\"; }};\n"
            ),
            &["-g", "-n", "1", "-T", switch, "-c"],
        )?;
    }
    let ports = [servers.nsd, servers.unbound, servers.dnsdist, servers.knot]
        .into_iter()
        .chain(servers.named.iter().map(|&(_, port)| port));
    for (port, daemon) in ports.zip(&mut servers.daemons) {
        daemon.wait_for_port(port)?;
        let name = match daemon.name() {
            "unbound" => "x.gone.test",
            _ => "www.data.test",
        };
        daemon.wait_until("answering", || {
            dig::ask(port, &["+tcp", "+noedns", name, "A"])
                .is_ok_and(|answer| matches!(answer.status.as_str(), "NOERROR" | "NXDOMAIN"))
        })?;
    }
    Ok(servers)
}

/// `data.test`, and the names of its addresses.
fn write_zones(directory: &Path) -> Result<(), Failed> {
    let start = "$TTL 300\n@ IN SOA ns.data.test. root.data.test. 1 3600 600 86400 300\n\
                 @ IN NS ns.data.test.\n";
    let mut data = format!(
        "{start}ns IN A 127.0.0.1\nwww IN A 10.0.0.1\nsix IN AAAA 2001:db8::6\n\
         *.wild IN A 10.0.0.2\nold IN DNAME data.test.\n"
    );
    for name in [
        "slow", "cut", "formerr", "notimp", "drop", "servfail", "refused",
    ] {
        writeln!(data, "{name} IN A 10.0.0.1")?;
    }
    for number in 1..=MANY {
        writeln!(data, "big IN A 10.1.0.{number}")?;
    }
    writeln!(data, "chain IN CNAME chain-1")?;
    for number in 1..CHAIN {
        writeln!(data, "chain-{number} IN CNAME chain-{}", number + 1)?;
    }
    writeln!(data, "chain-{CHAIN} IN CNAME www")?;
    fs::write(directory.join("data"), data)?;
    let names = format!("{start}1.0.0 IN PTR www.data.test.\n");
    fs::write(directory.join("names"), names)?;
    for path in ["data", "names"] {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(directory.join(path), fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn nsd_settings(directory: &Path, port: u16) -> String {
    let server = nsd::server_settings(directory, port);
    format!(
        r#"{server}
remote-control:
    control-enable: no
zone:
    name: "data.test"
    zonefile: "data"
zone:
    name: "10.in-addr.arpa"
    zonefile: "names"
zone:
    name: "broken.test"
    zonefile: "missing"
"#
    )
}

fn unbound_settings(directory: &Path, port: u16) -> String {
    let server = unbound::server_settings(directory, port);
    format!(
        r#"{server}
    local-zone: "refused.test." refuse
    local-zone: "gone.test." always_nxdomain
    local-zone: "empty.test." always_nodata
    local-zone: "silent.test." deny
remote-control:
    control-enable: no
"#
    )
}

fn dnsdist_settings(port: u16, behind: u16) -> String {
    format!(
        "setSecurityPollSuffix('')\n\
         setLocal('127.0.0.1:{port}')\n\
         newServer({{address='127.0.0.1:{behind}', checkName='www.data.test.'}})\n\
         addAction('slow.data.test.', DelayAction(300))\n\
         addAction('drop.data.test.', DropAction())\n\
         addAction(AndRule({{QNameRule('cut.data.test.'), TCPRule(false)}}), TCAction())\n\
         addAction('formerr.data.test.', RCodeAction(DNSRCode.FORMERR))\n\
         addAction('notimp.data.test.', RCodeAction(DNSRCode.NOTIMP))\n\
         addAction('servfail.data.test.', RCodeAction(DNSRCode.SERVFAIL))\n\
         addAction('refused.data.test.', RCodeAction(DNSRCode.REFUSED))\n"
    )
}
