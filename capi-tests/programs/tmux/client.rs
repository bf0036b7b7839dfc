//! A client at a terminal: keys that are pressed there, what it draws, and
//! sizes that the terminal takes on.

use std::path::Path;

use libtest_mimic::Failed;

use super::Script;
use super::server::Server;
use super::terminal::{Terminal, Terminals};
use super::transcript::wait_until;
use crate::programs::evidence;
use crate::programs::tally::Tally;

impl Script<'_> {
    pub fn client(
        &mut self,
        server: &Server,
        directory: &Path,
        tally: &mut Tally,
    ) -> Result<(), Failed> {
        let before = self.transcript.len();
        let terminals = Terminals::start(directory)?;
        let first = self.attach(server, &terminals, "first")?;
        self.panes(&first)?;
        self.windows(&first)?;
        self.scrolling(&first)?;
        self.messages(server, &first)?;
        for (width, height) in [("120", "40"), ("43", "12"), ("100", "30")] {
            first.resize(width, height)?;
            let size = format!("{width}x{height}");
            wait_until("the client's new size", || {
                let format = "#{client_width}x#{client_height}";
                Ok(server.run(&["list-clients", "-F", format])?.trim_end() == size)
            })?;
            self.see(&format!("a terminal of {size}"), &first, |screen| {
                screen.trim_end().ends_with(&size)
            })?;
        }

        let second = self.attach(server, &terminals, "second")?;
        second.press(&["echo from the $((1+1))nd", "Enter"])?;
        for (label, terminal) in [("typed there", &second), ("seen here", &first)] {
            self.see(label, terminal, |screen| screen.contains("from the 2nd\n"))?;
        }
        // One client leaves, the other loses its terminal.
        first.press(&["C-b", "d"])?;
        self.see("detached", &first, |screen| {
            screen.contains("[detached (from session alpha)]")
        })?;
        wait_until("the end of a client", || {
            Ok(first.status().as_deref() == Some("0"))
        })?;
        terminals.close()?;
        wait_until("the end of the other client", || {
            Ok(server.run(&["list-clients"])?.is_empty())
        })?;
        tally.checked(
            (self.transcript.len() - before) as u64,
            "screens of clients at a terminal, after keys and changes of size",
        );
        Ok(())
    }

    /// A client of the first session, on the library in question.
    fn attach<'t>(
        &mut self,
        server: &Server,
        terminals: &'t Terminals,
        label: &str,
    ) -> Result<Terminal<'t>, Failed> {
        let mut command = server.client(self.command()?);
        command.args(["attach-session", "-t", "alpha"]);
        let terminal = terminals.open(label, &command)?;
        self.see(label, &terminal, |screen| screen.contains("[alpha]"))?;
        evidence::check_process(self.stage, self.flavour.library, terminal.pid()?)?;
        Ok(terminal)
    }

    fn see(
        &mut self,
        label: &str,
        terminal: &Terminal,
        ready: impl Fn(&str) -> bool,
    ) -> Result<(), Failed> {
        self.transcript.see(label, || terminal.screen(), ready)
    }

    fn panes(&mut self, terminal: &Terminal) -> Result<(), Failed> {
        terminal.press(&["echo typed $((6*7))", "Enter"])?;
        self.see("typed", terminal, |screen| screen.contains("typed 42"))?;
        terminal.press(&["C-b", "\""])?;
        self.see("split", terminal, |screen| prompts(screen) == 8)?;
        terminal.press(&["echo below", "Enter"])?;
        self.see("typed below", terminal, |screen| prompts(screen) == 9)?;
        terminal.press(&["C-b", "Right"])?;
        terminal.write("printf '\\033[1;32mgreen\\033[m %s\\n' žluť 漢字 ✓\n")?;
        self.see("colours and letters", terminal, |screen| {
            screen.contains("漢字\n") || screen.contains("✓\n")
        })?;
        terminal.press(&["C-b", "z"])?;
        self.see("one pane alone", terminal, |screen| screen.contains("Z"))?;
        terminal.press(&["C-b", "z"])?;
        self.see("all panes", terminal, |screen| !screen.contains("Z"))
    }

    fn windows(&mut self, terminal: &Terminal) -> Result<(), Failed> {
        terminal.press(&["C-b", "c"])?;
        self.see("a new window", terminal, |screen| prompts(screen) == 1)?;
        terminal.press(&["C-b", ","])?;
        self.see("asked for a name", terminal, |screen| {
            screen.contains("(rename-window)")
        })?;
        terminal.press(&["C-u", "named", "BSpace", "BSpace", "e", "Enter"])?;
        self.see("named", terminal, |screen| screen.contains("3:name*"))?;
        terminal.press(&["C-b", "w"])?;
        self.see("all windows", terminal, |screen| {
            screen.contains("gamma: 3 windows")
        })?;
        terminal.press(&["q"])?;
        self.see("back from there", terminal, |screen| prompts(screen) == 1)
    }

    fn scrolling(&mut self, terminal: &Terminal) -> Result<(), Failed> {
        terminal.press(&["seq 1 500", "Enter"])?;
        self.see("much output", terminal, |screen| {
            screen.contains("\n500\n$")
        })?;
        terminal.press(&["C-b", "PPage"])?;
        self.see("a page up", terminal, |screen| screen.contains("/"))?;
        terminal.press(&["C-r"])?;
        self.see("asked what to search", terminal, |screen| {
            screen.contains("(search up)")
        })?;
        terminal.press(&["123", "Enter"])?;
        self.see("found", terminal, |screen| screen.contains("123"))?;
        terminal.press(&["q"])?;
        self.see("at the end again", terminal, |screen| {
            screen.contains("\n500\n$")
        })
    }

    /// Messages that stay until a key, those that go after some time, and what
    /// a job wrote.
    fn messages(&mut self, server: &Server, terminal: &Terminal) -> Result<(), Failed> {
        let client = server.run(&["list-clients", "-F", "#{client_name}"])?;
        let show = |delay: &str, text: &str| {
            let client = client.trim_end();
            server.run(&["display-message", "-c", client, "-d", delay, text])
        };
        show("0", "until a key")?;
        self.see("a message", terminal, |screen| {
            screen.contains("until a key")
        })?;
        // The shell gets it, too.
        terminal.press(&["C-u"])?;
        self.see("the message went", terminal, |screen| {
            !screen.contains("until a key")
        })?;
        show("700", "for a time")?;
        self.see("a message went by itself", terminal, |screen| {
            !screen.contains("for a time")
        })?;
        server.run(&["set-option", "-g", "status-right", "#(echo by a job)"])?;
        self.see("a job's output", terminal, |screen| {
            screen.contains("by a job")
        })
    }
}

/// How many shells have asked for a command.
fn prompts(screen: &str) -> usize {
    screen.matches("$ ").count() + screen.matches("$\n").count()
}
