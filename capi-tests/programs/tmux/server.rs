//! A tmux server with settings of its own, and giving it commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;

use crate::programs::process::{self, Daemon};

/// What would make screens depend on the time, the machine or its user, or
/// would have the programs in the panes loaded as the server is.
const SETTINGS: &str = r#"
set -g default-shell /bin/sh
set -g default-command "exec /bin/sh"
set -g default-terminal screen
set -g status-left "[#S] "
set -g status-right ""
set -g status-interval 0
set -g automatic-rename off
set -g allow-rename off
set -g escape-time 0
set -g display-time 500
set -g history-limit 50000
set -g update-environment ""
set-environment -g PS1 "$ "
set-environment -g LC_ALL C.UTF-8
set-environment -gr ENV
set-environment -gr LD_LIBRARY_PATH
set-environment -gr LD_PRELOAD
set-environment -gr LD_BIND_NOW
set-environment -gr LD_DEBUG
set-environment -gr LD_DEBUG_OUTPUT
set-environment -gr EVENT_NOPOLL
"#;

pub struct Server {
    pub daemon: Daemon,
    socket: PathBuf,
}

impl Server {
    /// Starts a server by `command`, a tmux without arguments.
    pub fn start(
        mut command: Command,
        name: &str,
        directory: &Path,
        settings: &str,
    ) -> Result<Server, Failed> {
        let path = directory.join(format!("{name}.conf"));
        fs::write(&path, format!("{SETTINGS}{settings}"))?;
        let socket = directory.join(format!("{name}.socket"));
        command.arg("-D").arg("-f").arg(path);
        tame(&mut command, &socket);
        let mut daemon = Daemon::start(&mut command, name, directory)?;
        daemon.wait_until("accepting commands", || {
            give(&socket, &["show-options", "-g", "status-interval"]).is_ok()
        })?;
        Ok(Server { daemon, socket })
    }

    /// Has `command`, a tmux without arguments, be a client of this server.
    pub fn client(&self, mut command: Command) -> Command {
        tame(&mut command, &self.socket);
        command
    }

    /// Gives one command, or several with `;` between, from a client on the
    /// distribution's library; what the command prints.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<String, Failed> {
        give(&self.socket, arguments).map_err(|error| {
            let words: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
            let reason = error.message().unwrap_or("failed");
            format!("{}: {reason}", words.join(" ")).into()
        })
    }

    /// Presses keys in a pane: their names or, if there is none, characters.
    pub fn press(&self, pane: &str, keys: &[&str]) -> Result<(), Failed> {
        self.run(&[&["send-keys", "-t", pane], keys].concat())?;
        Ok(())
    }

    /// What is on the screens of these panes, one below the other.
    pub fn screens<S: AsRef<str>>(&self, panes: &[S]) -> Result<String, Failed> {
        let mut arguments = Vec::new();
        for pane in panes {
            arguments.extend(["capture-pane", "-p", "-t", pane.as_ref(), ";"]);
        }
        self.run(&arguments)
    }

    /// A new window in the background, in which a shell or the command runs; its
    /// pane.
    pub fn open(&self, session: &str, name: &str, command: Option<&str>) -> Result<String, Failed> {
        let target = format!("{session}:");
        let new = [
            "new-window",
            "-d",
            "-P",
            "-F",
            "#{pane_id}",
            "-t",
            &target,
            "-n",
            name,
        ];
        let pane = self.run(&[&new[..], command.as_slice()].concat())?;
        Ok(pane.trim_end().to_owned())
    }

    /// Has the server end as its users do.
    pub fn kill(self) -> Result<(), Failed> {
        self.run(&["kill-server"])?;
        self.daemon.expect_end("kill-server", None)
    }
}

/// What every tmux here is started with.
fn tame(command: &mut Command, socket: &Path) {
    command
        .arg("-u")
        .arg("-S")
        .arg(socket)
        .env("TERM", "screen")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("TMUX");
}

fn give<S: AsRef<str>>(socket: &Path, arguments: &[S]) -> Result<String, Failed> {
    let mut command = process::client("tmux")?;
    tame(&mut command, socket);
    process::as_unprivileged(&mut command);
    command.args(arguments.iter().map(AsRef::as_ref));
    process::run(&mut command, b"")?.success()
}
