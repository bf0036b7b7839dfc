//! tmux: a bufferevent for every pane and job, buffers for its messages and
//! its terminals, signals, and a timer here and there; on poll, which it asks
//! for itself.
//!
//! One script drives it, and whatever it shows has to be what it shows on the
//! reference library.

mod client;
mod control;
mod server;
mod terminal;
mod transcript;

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Failed;

use super::evidence;
use super::noise;
use super::stage::{Flavour, Library, Method, Stage};
use super::tally::Tally;
use server::Server;
use transcript::{Sight, Transcript, wait_until};

/// It sets EVENT_NOEPOLL itself.
pub const FLAVOURS: [Flavour; 5] = [
    Flavour::new(Library::Reference, Method::Poll),
    Flavour::new(Library::Reference, Method::Select),
    Flavour::new(Library::Soname, Method::Poll),
    Flavour::new(Library::Soname, Method::Select),
    Flavour::new(Library::Preload, Method::Poll),
];

const SESSIONS: [(&str, &str, &str); 3] = [
    ("alpha", "100", "29"),
    ("beta", "80", "24"),
    ("gamma", "61", "21"),
];
const WINDOWS: [&str; 3] = ["one", "two", "three"];

pub fn drive(stage: &Stage, flavour: Flavour, tally: &mut Tally) -> Result<(), Failed> {
    static REFERENCE: OnceLock<Result<Vec<Sight>, String>> = OnceLock::new();
    let reference = REFERENCE.get_or_init(|| {
        let mut script = Script::new(stage, FLAVOURS[0], None);
        script
            .run(&mut Tally::default())
            .and_then(|()| script.transcript.finish())
            .map_err(|error| format!("{error:?}"))
    });
    let reference = reference.as_deref().map_err(|error| error.clone())?;
    let mut script = Script::new(stage, flavour, Some(reference));
    script.run(tally)?;
    let sights = script.transcript.finish()?.len() as u64;
    tally.checked(sights, "screens and reports that are as on libevent itself");
    Ok(())
}

struct Script<'a> {
    stage: &'a Stage,
    flavour: Flavour,
    transcript: Transcript<'a>,
}

impl<'a> Script<'a> {
    fn new(stage: &'a Stage, flavour: Flavour, reference: Option<&'a [Sight]>) -> Self {
        Script {
            stage,
            flavour,
            transcript: Transcript::new(reference),
        }
    }

    /// tmux on the library in question.
    fn command(&self) -> Result<Command, Failed> {
        self.stage.command("tmux", self.flavour)
    }

    fn run(&mut self, tally: &mut Tally) -> Result<(), Failed> {
        let directory = self.stage.directory("tmux")?;
        let server = Server::start(self.command()?, "server", &directory, "")?;
        let version = server.run(&["display-message", "-p", "#{version}"])?;
        tally.program = format!("tmux {}", version.trim_end());
        evidence::check(self.stage, self.flavour, &server.daemon, tally)?;
        let outcome = self.converse(&server, &directory, tally);
        server.daemon.explain(outcome)?;
        server.kill()
    }

    fn converse(
        &mut self,
        server: &Server,
        directory: &Path,
        tally: &mut Tally,
    ) -> Result<(), Failed> {
        self.keys(server, tally)?;
        self.sizes(server, tally)?;
        self.client(server, directory, tally)?;
        self.control(server, tally)?;
        output(server, directory, tally)?;
        input(server, directory, tally)?;
        ends(server, tally)
    }

    /// Sessions of several windows of several panes each, and a shell in every
    /// pane that answers to keys.
    fn keys(&mut self, server: &Server, tally: &mut Tally) -> Result<(), Failed> {
        for (session, width, height) in SESSIONS {
            let size = ["-x", width, "-y", height];
            let new = ["new-session", "-d", "-s", session, "-n", WINDOWS[0]];
            server.run(&[&new[..], &size].concat())?;
            for window in WINDOWS {
                if window != WINDOWS[0] {
                    server.open(session, window, None)?;
                }
                let (left, right) = (
                    format!("{session}:{window}.0"),
                    format!("{session}:{window}.1"),
                );
                server.run(&["split-window", "-d", "-h", "-t", &left])?;
                server.run(&["split-window", "-d", "-v", "-t", &right])?;
            }
        }
        let panes = panes(server, &["-a"])?;
        self.transcript.see(
            "panes",
            || layout(server, &["-a"]),
            |text| text.lines().count() == SESSIONS.len() * WINDOWS.len() * 3,
        )?;
        let prompts = |screens: &str| lines_with(screens, "$");
        self.transcript.see(
            "prompts",
            || server.screens(&panes),
            |screens| prompts(screens) == panes.len(),
        )?;
        for (number, pane) in panes.iter().enumerate() {
            server.press(pane, &[&format!("echo =$(({number}*1001))"), "Enter"])?;
        }
        self.transcript.see(
            "answers",
            || server.screens(&panes),
            |screens| {
                let answered = |number| lines_with(screens, &format!("={}", number * 1001)) == 1;
                (0..panes.len()).all(answered) && prompts(screens) == panes.len()
            },
        )?;
        let (number, sessions, windows) = (panes.len(), SESSIONS.len(), WINDOWS.len());
        tally.checked(
            number as u64,
            format!("panes of {sessions} sessions of {windows} windows, each a shell that answers to keys"),
        );
        Ok(())
    }

    /// Windows and panes of other sizes and in other places: each terminal has
    /// to learn its own.
    fn sizes(&mut self, server: &Server, tally: &mut Tally) -> Result<(), Failed> {
        let changes = [
            "resize-window -x 120 -y 40",
            "resize-pane -x 31",
            "select-pane -D",
            "resize-pane -y 9",
            "resize-pane -Z",
            "resize-pane -Z",
            "resize-pane -U 4",
            "select-layout even-horizontal",
            "select-layout main-vertical",
            "rotate-window",
            "select-layout tiled",
            "swap-pane -U",
            "resize-window -x 47 -y 16",
            "resize-window -x 80 -y 24",
        ];
        let window = "beta:two";
        for change in changes {
            let words: Vec<_> = change.split(' ').collect();
            server.run(&[&words[..1], &["-t", window], &words[1..]].concat())?;
            let sized = || {
                let report = server.run(&[
                    "list-panes",
                    "-t",
                    window,
                    "-F",
                    "#{pane_tty} #{pane_height} #{pane_width}",
                ])?;
                for pane in report.lines() {
                    let (terminal, size) = pane.split_once(' ').ok_or("no terminal")?;
                    if terminal_size(terminal)? != size {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            wait_until(change, sized)?;
            let panes = panes(server, &["-t", window])?;
            self.transcript.see(
                change,
                || Ok(layout(server, &["-t", window])? + &server.screens(&panes)?),
                |_| true,
            )?;
        }
        tally.checked(
            changes.len() as u64,
            "changes of windows and panes that their terminals learned of",
        );
        Ok(())
    }
}

/// The panes that `list-panes` names, as other commands want them.
fn panes(server: &Server, which: &[&str]) -> Result<Vec<String>, Failed> {
    let report = server.run(&[&["list-panes", "-F", "#{pane_id}"], which].concat())?;
    Ok(report.lines().map(str::to_owned).collect())
}

fn layout(server: &Server, which: &[&str]) -> Result<String, Failed> {
    let format = "#{session_name}:#{window_name}#{window_flags} #{window_layout} #{pane_id} \
                  #{pane_left},#{pane_top} #{pane_width}x#{pane_height} #{pane_active}";
    server.run(&[&["list-panes", "-F", format], which].concat())
}

/// Rows and columns, as tmux writes them.
fn terminal_size(path: &str) -> Result<String, Failed> {
    let terminal = fs::File::options()
        .read(true)
        .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
        .open(path)?;
    let mut size = MaybeUninit::<libc::winsize>::uninit();
    // SAFETY: the descriptor is open, and there is room for what the request writes.
    let outcome = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, size.as_mut_ptr()) };
    if outcome != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: written just now.
    let size = unsafe { size.assume_init() };
    Ok(format!("{} {}", size.ws_row, size.ws_col))
}

fn lines_with(screen: &str, line: &str) -> usize {
    screen.lines().filter(|other| *other == line).count()
}

/// A pane whose lines all arrive, on the screen with what has left it and,
/// byte for byte, in a program that the pane is piped to.
fn output(server: &Server, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    const LINES: u64 = 20_000;
    let pane = server.open("alpha", "output", None)?;
    wait_until("a prompt", || {
        Ok(server.screens(&[&pane])?.starts_with('$'))
    })?;
    let file = directory.join("piped");
    let sink = format!("exec cat >{}", file.display());
    server.run(&["pipe-pane", "-t", &pane, &sink])?;
    let typed = format!("seq 1 {LINES}");
    server.press(&pane, &[&typed, "Enter"])?;

    let numbers = || (1..=LINES).map(|number| number.to_string());
    let mut lines = vec![format!("$ {typed}")];
    lines.extend(numbers());
    lines.push("$".to_owned());
    wait_until("all lines on the screen", || {
        let history = server.run(&["capture-pane", "-p", "-S", "-", "-t", &pane])?;
        Ok(history.trim_end().lines().eq(&lines))
    })?;
    let mut bytes = format!("{typed}\r\n");
    numbers().for_each(|number| bytes += &(number + "\r\n"));
    bytes += "$ ";
    wait_until("all bytes in the file", || {
        Ok(fs::read(&file).is_ok_and(|piped| piped == bytes.as_bytes()))
    })?;
    server.run(&["kill-window", "-t", &pane])?;
    tally.checked(LINES, "lines of output, on the screen and through a pipe");
    Ok(())
}

/// A buffer that is much larger than what a terminal takes at once.
fn input(server: &Server, directory: &Path, tally: &mut Tally) -> Result<(), Failed> {
    const KIBIBYTES: usize = 1024;
    let bytes = noise::bytes(7, KIBIBYTES * 1024);
    let (from, to) = (directory.join("pasted"), directory.join("received"));
    fs::write(&from, &bytes)?;
    let taker = format!(
        "stty raw -echo; echo ready; head -c {} >{}; sleep 1000",
        bytes.len(),
        to.display()
    );
    let pane = server.open("alpha", "input", Some(&taker))?;
    wait_until("a raw terminal", || {
        Ok(server.screens(&[&pane])?.contains("ready"))
    })?;
    server.run(&["load-buffer", "-b", "large", &from.display().to_string()])?;
    server.run(&["paste-buffer", "-r", "-b", "large", "-t", &pane])?;
    wait_until("the buffer in the file", || {
        Ok(fs::read(&to).is_ok_and(|received| received == bytes))
    })?;
    server.run(&[
        "kill-window",
        "-t",
        &pane,
        ";",
        "delete-buffer",
        "-b",
        "large",
    ])?;
    tally.checked(KIBIBYTES as u64, "kibibytes pasted into a program");
    Ok(())
}

/// Shells that end take their panes, windows and session along.
fn ends(server: &Server, tally: &mut Tally) -> Result<(), Failed> {
    let panes = panes(server, &["-s", "-t", "gamma"])?;
    for pane in &panes {
        server.press(pane, &["exit", "Enter"])?;
    }
    wait_until("the end of a session", || {
        Ok(server.run(&["list-sessions", "-F", "#{session_name}"])? == "alpha\nbeta\n")
    })?;
    tally.checked(panes.len() as u64, "shells that ended, with their panes");
    Ok(())
}
