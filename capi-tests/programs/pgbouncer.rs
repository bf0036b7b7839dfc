//! pgbouncer: each connection is an event that is deleted and added all the
//! time, in front of a PostgreSQL server of the test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let (postgres, server_port) = start_postgres(stage)?;
    let port = process::free_port()?;
    let directory = stage.directory("pgbouncer")?;
    fs::write(directory.join("users"), "\"postgres\" \"\"\n")?;
    fs::write(
        directory.join("settings"),
        settings(port, server_port, &postgres, &directory),
    )?;
    let mut command = stage.command("pgbouncer", flavour)?;
    let mut daemon = Daemon::start(command.arg("settings"), "pgbouncer", &directory)?;
    daemon.wait_for_port(port)?;
    let pool = Pool { port, server_port };
    tally.program = pool.console("SHOW VERSION")?.to_lowercase();
    evidence::check(stage, flavour, &daemon, tally)?;

    let outcome = pool.converse(&mut daemon, tally);
    daemon.explain(outcome)?;
    daemon.stop(libc::SIGINT)?;
    postgres.stop(libc::SIGINT)
}

struct Pool {
    port: u16,
    server_port: u16,
}

impl Pool {
    fn converse(&self, daemon: &mut Daemon, tally: &mut Tally) -> Result<(), Failed> {
        self.results(tally)?;
        self.transactions(tally)?;
        self.churn(tally)?;
        self.cancel(daemon.directory(), tally)?;
        self.waiting(tally)?;
        self.reload_and_pause(daemon, tally)?;
        self.idle_servers(tally)
    }

    /// One SQL command on the server behind, through the pool.
    fn sql(&self, sql: &str) -> Result<String, Failed> {
        query(self.port, "bench", sql)
    }

    /// One command on pgbouncer's own console.
    fn console(&self, command: &str) -> Result<String, Failed> {
        query(self.port, "pgbouncer", command)
    }

    fn pgbench(&self, arguments: &[&str]) -> Result<(), Failed> {
        let mut pgbench = Command::new(tools()?.join("pgbench"));
        pgbench
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
            .arg(self.port.to_string())
            .args(arguments)
            .arg("bench");
        process::run(&mut pgbench, b"")?.success()?;
        Ok(())
    }

    /// A result of several megabytes: the same through the pool and directly,
    /// over TCP and over a Unix socket.
    fn results(&self, tally: &mut Tally) -> Result<(), Failed> {
        const ROWS: u64 = 30_000;
        let sql = format!("SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, {ROWS}) i");
        let direct = query(self.server_port, "postgres", &sql)?;
        for database in ["bench", "socket"] {
            let pooled = query(self.port, database, &sql)?;
            if pooled != direct || pooled.lines().count() as u64 != ROWS {
                return Err(format!("{database}: another result than from the server").into());
            }
        }
        tally.checked(2 * ROWS, "rows of two results, over TCP and a Unix socket");
        Ok(())
    }

    /// pgbench's bank: the balances and the history must agree afterwards.
    fn transactions(&self, tally: &mut Tally) -> Result<(), Failed> {
        const CLIENTS: u64 = 20;
        const EACH: u64 = 25;
        self.pgbench(&["--initialize", "--quiet"])?;
        let (clients, each) = (CLIENTS.to_string(), EACH.to_string());
        self.pgbench(&["-n", "-j", "2", "-c", &clients, "-t", &each])?;
        let sums = self.sql(
            "SELECT (SELECT sum(abalance) FROM pgbench_accounts), \
             (SELECT sum(tbalance) FROM pgbench_tellers), \
             (SELECT sum(bbalance) FROM pgbench_branches), \
             (SELECT sum(delta) FROM pgbench_history), \
             (SELECT count(*) FROM pgbench_history)",
        )?;
        let sums: Vec<_> = sums.split('|').collect();
        let transactions = CLIENTS * EACH;
        if sums[..4].iter().any(|sum| *sum != sums[0]) || sums[4] != transactions.to_string() {
            return Err(format!("after {transactions} transactions: {sums:?}").into());
        }
        tally.checked(
            transactions,
            format!("transactions of {CLIENTS} clients over 5 server connections"),
        );
        Ok(())
    }

    /// A new connection for every transaction.
    fn churn(&self, tally: &mut Tally) -> Result<(), Failed> {
        self.pgbench(&["-n", "-C", "-S", "-j", "2", "-c", "8", "-t", "50"])?;
        tally.checked(400, "connections for one query each");
        Ok(())
    }

    /// A query that is cancelled: another connection tells the pool, the pool
    /// tells the server.
    fn cancel(&self, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
        let mut psql = psql(self.port, "bench")?;
        psql.args(["-c", "SELECT pg_sleep(60)"]);
        let mut psql = Daemon::start(&mut psql, "psql", directory)?;
        psql.wait_until("sleeping in the server", || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
            query(self.server_port, "postgres", sql).is_ok_and(|count| count == "1")
        })?;
        psql.signal(libc::SIGINT);
        // The error is what is wanted: psql ends with status 1.
        let end = psql.wait_until("its query was cancelled", || false);
        if !psql
            .log()
            .contains("canceling statement due to user request")
        {
            return Err(end.err().unwrap_or("psql goes on".into()));
        }
        tally.checked(1, "query cancelled");
        Ok(())
    }

    /// More clients than a pool of one server connection: all get their turn.
    fn waiting(&self, tally: &mut Tally) -> Result<(), Failed> {
        const CLIENTS: u64 = 8;
        at_once::each(0..CLIENTS, |client| {
            let question = format!("SELECT {client} FROM pg_sleep(0.05)");
            let answer = query(self.port, "narrow", &question)?;
            match answer == client.to_string() {
                true => Ok(()),
                false => Err(format!("client {client} got {answer}").into()),
            }
        })?;
        tally.checked(CLIENTS, "clients taking turns on one server connection");
        Ok(())
    }

    /// Settings read again on SIGHUP; a pause holds clients back until resumed.
    fn reload_and_pause(&self, daemon: &mut Daemon, tally: &mut Tally) -> Result<(), Failed> {
        let path = daemon.directory().join("settings");
        let text = fs::read_to_string(&path)?;
        fs::write(
            &path,
            text.replace("max_client_conn = 300", "max_client_conn = 301"),
        )?;
        daemon.signal(libc::SIGHUP);
        daemon.wait_until("reading its settings again", || {
            self.console("SHOW CONFIG").is_ok_and(|config| {
                config
                    .lines()
                    .any(|line| line.starts_with("max_client_conn|301"))
            })
        })?;
        self.console("PAUSE")?;
        thread::scope(|scope| {
            let held = scope.spawn(|| self.sql("SELECT 7"));
            thread::sleep(Duration::from_millis(100));
            if held.is_finished() {
                return Err(Failed::from("a paused pool answers"));
            }
            self.console("RESUME")?;
            match held.join().expect("clients report errors")?.as_str() {
                "7" => Ok(()),
                other => Err(format!("the answer after the pause: {other}").into()),
            }
        })?;
        tally.checked(2, "settings read again on a signal, a pause");
        Ok(())
    }

    /// Server connections that nobody uses are closed by a timer.
    fn idle_servers(&self, tally: &mut Tally) -> Result<(), Failed> {
        let begun = Instant::now();
        while !self.console("SHOW SERVERS")?.is_empty() {
            if begun.elapsed() > process::LIMIT {
                return Err("idle server connections stay open".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        tally.checked(1, "idle server connections closed in time");
        Ok(())
    }
}

fn settings(port: u16, server_port: u16, postgres: &Daemon, directory: &Path) -> String {
    let sockets = postgres.directory().display();
    let server = format!("port={server_port} dbname=postgres user=postgres");
    let directory = directory.display();
    format!(
        r"
[databases]
bench = host=127.0.0.1 {server}
socket = host={sockets} {server}
narrow = host=127.0.0.1 {server} pool_size=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {directory}/users
admin_users = postgres
pool_mode = transaction
max_client_conn = 300
default_pool_size = 5
server_idle_timeout = 1
"
    )
}

fn psql(port: u16, database: &str) -> Result<Command, Failed> {
    let mut psql = Command::new(tools()?.join("psql"));
    psql.args(["-X", "-A", "-t", "-h", "127.0.0.1", "-U", "postgres", "-p"])
        .arg(port.to_string())
        .args(["-d", database]);
    Ok(psql)
}

fn query(port: u16, database: &str, sql: &str) -> Result<String, Failed> {
    let output = process::run(psql(port, database)?.args(["-c", sql]), b"")?.success()?;
    Ok(output.trim_end().to_owned())
}

/// The directory of PostgreSQL's programs, of the newest version there is.
fn tools() -> Result<PathBuf, Failed> {
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(version)
        .map(|path| path.join("bin"))
        .ok_or_else(|| "PostgreSQL is not installed (`make check` installs it)".into())
}

/// Starts a PostgreSQL server whose data is a copy of one made only once.
fn start_postgres(stage: &Stage) -> Result<(Daemon, u16), Failed> {
    static TEMPLATE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| initialise(stage).map_err(|error| format!("{error:?}")));
    let template = template.as_ref().map_err(String::as_str)?;
    let port = process::free_port()?;
    let directory = stage.directory("postgres")?;
    let mut copy = process::client("cp")?;
    copy.arg("-a").arg(template).arg(directory.join("data"));
    process::run(&mut copy, b"")?.success()?;

    let mut command = Command::new(tools()?.join("postgres"));
    command
        .args(["-D", "data", "-h", "127.0.0.1", "-F", "-p"])
        .arg(port.to_string())
        .arg("-k")
        .arg(&directory);
    let mut daemon = Daemon::start(&mut command, "postgres", &directory)?;
    daemon.wait_until("accepting connections", || {
        query(port, "postgres", "SELECT 1").is_ok()
    })?;
    Ok((daemon, port))
}

fn initialise(stage: &Stage) -> Result<PathBuf, Failed> {
    let directory = stage.directory("initdb")?;
    let mut initdb = Command::new(tools()?.join("initdb"));
    initdb
        .current_dir(&directory)
        .args(["-D", "data", "-U", "postgres", "-A", "trust"])
        .args(["--no-sync", "--no-locale", "--encoding=UTF8"]);
    process::as_unprivileged(&mut initdb);
    process::run(&mut initdb, b"")?.success()?;
    Ok(directory.join("data"))
}
