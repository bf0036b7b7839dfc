//! bitlbee: a server of IRC, by libevent's functions of old, whose users talk to its control channel.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use libtest_mimic::Failed;

use super::at_once;
use super::evidence;
use super::process::{self, Daemon};
use super::stage::{Flavour, Stage};
use super::tally::Tally;

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    let version = process::run(process::client("bitlbee")?.arg("-V"), b"")?;
    let version = version.stdout + &version.stderr;
    tally.program = version.lines().next().unwrap_or_default().to_owned();
    let port = process::free_port()?;
    let directory = stage.directory("bitlbee")?;
    let settings = directory.join("bitlbee.conf");
    fs::write(
        &settings,
        "[settings]\nMotdFile = /dev/null\nHostName = localhost\n",
    )?;
    let mut command = stage.command("bitlbee", flavour)?;
    // One process for all users.
    command.args(["-n", "-v", "-D", "-i", "127.0.0.1", "-p", &port.to_string()]);
    command.arg("-c").arg(settings);
    command.arg("-d").arg(format!("{}/", directory.display()));
    let mut daemon = Daemon::start(&mut command, "bitlbee", &directory)?;
    daemon.wait_for_port(port)?;
    evidence::check(stage, flavour, &daemon, tally)?;
    daemon.explain(converse(port, tally))?;
    daemon.stop(libc::SIGTERM)
}

/// A user, who reads line by line.
struct User {
    stream: BufReader<TcpStream>,
}

impl User {
    fn sign_on(port: u16, name: &str) -> Result<User, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(process::LIMIT))?;
        let mut user = User {
            stream: BufReader::new(stream),
        };
        user.say(&format!("NICK {name}\r\nUSER {name} h s :A user"))?;
        user.until(&format!(" 001 {name} "))?;
        user.until(" 366 ")?;
        Ok(user)
    }

    fn say(&mut self, line: &str) -> Result<(), Failed> {
        Ok(write!(self.stream.get_mut(), "{line}\r\n")?)
    }

    /// Reads up to a line that has this in it.
    fn until(&mut self, part: &str) -> Result<String, Failed> {
        let mut heard = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(format!("no {part:?} in {heard}").into());
            }
            heard.push_str(&line);
            if line.contains(part) {
                return Ok(heard);
            }
        }
    }

    /// Says a line, and reads up to what has to be answered.
    fn ask(&mut self, line: &str, part: &str) -> Result<(), Failed> {
        self.say(line)?;
        self.until(part).map(drop)
    }
}

fn converse(port: u16, tally: &mut Tally) -> Result<(), Failed> {
    const USERS: u64 = 8;
    const ROUNDS: u64 = 20;
    at_once::each(0..USERS, |number| -> Result<(), Failed> {
        let name = format!("user{number}");
        let mut user = User::sign_on(port, &name)?;
        let root = "PRIVMSG &bitlbee :";
        user.ask(
            &format!("{root}register secret{number}"),
            "Account successfully created",
        )?;
        for round in 0..ROUNDS {
            user.ask(
                &format!("PING :{round}"),
                &format!("PONG localhost :{round}"),
            )?;
            user.ask(&format!("{root}set ops root"), "ops = `root'")?;
            user.ask(&format!("{root}set ops both"), "ops = `both'")?;
            user.ask(&format!("{root}nonsense{round}"), "Unknown command")?;
            user.ask("WHO &bitlbee", " 315 ")?;
        }
        user.ask(&format!("{root}save"), "Configuration saved")?;
        user.ask("QUIT :bye", "ERROR :Closing link")?;
        // What was saved is there for another connection.
        let mut again = User::sign_on(port, &name)?;
        again.ask(&format!("{root}identify wrong"), "Incorrect password")?;
        again.ask(
            &format!("{root}identify secret{number}"),
            "Password accepted",
        )
    })?;
    tally.checked(
        USERS * (5 * ROUNDS + 5),
        format!("answers to {USERS} users at once"),
    );
    Ok(())
}
