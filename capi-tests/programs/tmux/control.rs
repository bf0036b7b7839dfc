//! Control mode: commands in, replies and notifications out, over pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use super::Script;
use super::server::Server;
use super::transcript::wait_until;
use crate::programs::evidence;
use crate::programs::process;
use crate::programs::tally::Tally;

impl Script<'_> {
    pub fn control(&mut self, server: &Server, tally: &mut Tally) -> Result<(), Failed> {
        let mut client = self.connect(server)?;
        self.changes(&mut client)?;
        pane_output(server, &mut client)?;
        let commands = many_commands(&mut client)?;
        client.send("detach-client")?;
        client.expect_end()?;
        // A client ends with its input, too.
        let mut client = self.connect(server)?;
        client.input = None;
        client.expect_end()?;
        tally.checked(
            commands,
            "commands in control mode, all sent before the first reply",
        );
        Ok(())
    }

    /// A client of the second session, on the library in question.
    fn connect(&self, server: &Server) -> Result<Client, Failed> {
        let mut command = server.client(self.command()?);
        command.args(["-C", "attach-session", "-t", "beta"]);
        let mut client = Client::start(command)?;
        client.reply()?.map_err(Failed::from)?;
        evidence::check_process(self.stage, self.flavour.library, client.child.id())?;
        Ok(client)
    }

    /// What the client is told about changes that it asks for.
    fn changes(&mut self, client: &mut Client) -> Result<(), Failed> {
        let mut report = String::new();
        for command in [
            "refresh-client -C 90x25",
            "new-window -n made",
            "split-window -h",
            "select-layout even-vertical",
            "rename-window remade",
            "list-windows -F '#{window_name} #{window_layout} #{window_active}'",
            "list-panes -s -F '#{pane_id} #{pane_width}x#{pane_height}'",
            "kill-pane",
            "no-such-command",
            "kill-window",
            "rename-session delta",
            "rename-session beta",
        ] {
            client.send(command)?;
            match client.reply()? {
                Ok(reply) => report += &format!("> {command}\n{reply}"),
                Err(refusal) => report += &format!("> {command}\nrefused: {refusal}"),
            }
        }
        // What is told of a command may follow later.
        client.send("display-message -p told")?;
        client.reply()?.map_err(Failed::from)?;
        let notifications: Vec<_> = client
            .notifications
            .drain(..)
            .filter(|line| !line.starts_with("%output "))
            .collect();
        report += &notifications.join("\n");
        if !report.contains("refused: parse error: unknown command") || notifications.len() < 10 {
            return Err(format!("control mode:\n{report}").into());
        }
        self.transcript
            .see("control mode", || Ok(report.clone()), |_| true)
    }
}

/// All that a pane writes, byte for byte.
fn pane_output(server: &Server, client: &mut Client) -> Result<(), Failed> {
    let pane = server.open("beta", "told", None)?;
    wait_until("a prompt", || {
        Ok(server.screens(&[&pane])?.starts_with('$'))
    })?;
    client.send(&format!("send-keys -t {pane} 'seq 1 3000' Enter"))?;
    client.reply()?.map_err(Failed::from)?;
    let mut expected = b"$ seq 1 3000\r\n".to_vec();
    for number in 1..=3000 {
        write!(expected, "{number}\r\n")?;
    }
    expected.extend_from_slice(b"$ ");
    let prefix = format!("%output {pane} ");
    let mut output = Vec::new();
    while output.len() < expected.len() {
        if client.notifications.is_empty() {
            let line = client.line()?;
            client.notifications.push(line);
        }
        for line in client.notifications.drain(..) {
            if let Some(escaped) = line.strip_prefix(&prefix) {
                unescape(escaped, &mut output);
            }
        }
    }
    if output != expected {
        return Err(format!("the pane's output: {}", String::from_utf8_lossy(&output)).into());
    }
    client.send(&format!("kill-window -t {pane}"))?;
    client.reply()?.map_err(Failed::from)?;
    Ok(())
}

fn many_commands(client: &mut Client) -> Result<u64, Failed> {
    const COMMANDS: u64 = 1000;
    let word = "x".repeat(200);
    let lines: Vec<_> = (0..COMMANDS)
        .map(|number| format!("display-message -p {number}-{word}"))
        .collect();
    client.send(&lines.join("\n"))?;
    for number in 0..COMMANDS {
        let reply = client.reply()?.map_err(Failed::from)?;
        if reply != format!("{number}-{word}\n") {
            return Err(format!("the reply to command {number}: {reply}").into());
        }
    }
    Ok(COMMANDS)
}

/// `\ooo` is the byte with that octal number.
fn unescape(escaped: &str, bytes: &mut Vec<u8>) {
    let mut rest = escaped.as_bytes();
    while let [first, after @ ..] = rest {
        let number = after
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match number {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
}

struct Client {
    child: Child,
    /// To a thread: the client may have stopped reading.
    input: Option<Sender<String>>,
    lines: Receiver<String>,
    /// Those that came while replies were waited for.
    notifications: Vec<String>,
}

impl Client {
    fn start(mut command: Command) -> Result<Client, Failed> {
        process::as_unprivileged(&mut command);
        let mut child = process::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let mut stdin = child.stdin.take().expect("piped above");
        let (input, to_write) = mpsc::channel::<String>();
        thread::spawn(move || {
            for commands in to_write {
                if stdin.write_all(commands.as_bytes()).is_err() {
                    // The missing replies tell.
                    break;
                }
            }
        });
        let output = BufReader::new(child.stdout.take().expect("piped above"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens any more when this fails.
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Client {
            child,
            input: Some(input),
            lines,
            notifications: Vec::new(),
        })
    }

    fn send(&mut self, commands: &str) -> Result<(), Failed> {
        let input = self.input.as_ref().ok_or("the input was closed")?;
        Ok(input.send(format!("{commands}\n"))?)
    }

    fn line(&mut self) -> Result<String, Failed> {
        let line = self.lines.recv_timeout(process::LIMIT);
        Ok(line.map_err(|error| format!("no line in control mode: {error}"))?)
    }

    /// What the next command printed, or why it was refused.
    fn reply(&mut self) -> Result<Result<String, String>, Failed> {
        loop {
            let line = self.line()?;
            if line.starts_with("%begin ") {
                break;
            }
            self.notifications.push(line);
        }
        let mut reply = String::new();
        loop {
            let line = self.line()?;
            if line.starts_with("%end ") {
                return Ok(Ok(reply));
            }
            if line.starts_with("%error ") {
                return Ok(Err(reply));
            }
            reply += &line;
            reply.push('\n');
        }
    }

    /// Waits for the last line and the end of the process.
    fn expect_end(&mut self) -> Result<(), Failed> {
        while self.line()? != "%exit" {}
        let deadline = Instant::now() + process::LIMIT;
        while Instant::now() < deadline {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("control mode ended with {status}").into()),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
        Err("control mode does not end".into())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It has ended already unless something went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
