//! A terminal for tmux clients: a window of another tmux, on the reference
//! library. Its keys reach the client through a pseudoterminal, and what the
//! client draws ends up on a screen that can be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;

use super::server::Server;
use crate::programs::process;

/// No window of its own shows, and it hands on every key.
const SETTINGS: &str = r#"
set -g status off
set -g prefix None
set -g default-size 100x30
"#;

pub struct Terminals {
    server: Server,
    directory: PathBuf,
}

pub struct Terminal<'a> {
    server: &'a Server,
    pane: String,
    /// Has the status with which the client has ended.
    ended: PathBuf,
}

impl Terminals {
    pub fn start(directory: &Path) -> Result<Terminals, Failed> {
        let server = Server::start(process::client("tmux")?, "terminals", directory, SETTINGS)?;
        server.run(&["new-session", "-d", "-s", "all"])?;
        Ok(Terminals {
            server,
            directory: directory.to_owned(),
        })
    }

    /// A terminal in which `command` runs.
    pub fn open(&self, name: &str, command: &Command) -> Result<Terminal<'_>, Failed> {
        let ended = self.directory.join(format!("{name}.ended"));
        let line = shell_command(command, &ended)?;
        let pane = self.server.open("all", name, Some(&line))?;
        Ok(Terminal {
            server: &self.server,
            pane,
            ended,
        })
    }

    pub fn close(self) -> Result<(), Failed> {
        self.server.kill()
    }
}

impl Terminal<'_> {
    pub fn press(&self, keys: &[&str]) -> Result<(), Failed> {
        self.server.press(&self.pane, keys)
    }

    /// Characters, whatever keys have such names.
    pub fn write(&self, text: &str) -> Result<(), Failed> {
        self.server
            .run(&["send-keys", "-l", "-t", &self.pane, text])?;
        Ok(())
    }

    /// What is on the screen, with all attributes, and where the cursor is.
    pub fn screen(&self) -> Result<String, Failed> {
        self.server.run(&[
            "capture-pane",
            "-p",
            "-e",
            "-t",
            &self.pane,
            ";",
            "display-message",
            "-p",
            "-t",
            &self.pane,
            "cursor #{cursor_x},#{cursor_y} #{cursor_flag} #{pane_width}x#{pane_height}",
        ])
    }

    pub fn resize(&self, width: &str, height: &str) -> Result<(), Failed> {
        self.server
            .run(&["resize-window", "-t", &self.pane, "-x", width, "-y", height])?;
        Ok(())
    }

    /// The client's process, the only child of the shell that started it.
    pub fn pid(&self) -> Result<u32, Failed> {
        let shell = self.ask("#{pane_pid}")?;
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))?;
        Ok(children.trim().parse()?)
    }

    /// The status with which the client has ended.
    pub fn status(&self) -> Option<String> {
        let status = fs::read_to_string(&self.ended).ok()?;
        Some(status.trim_end().to_owned())
    }

    fn ask(&self, format: &str) -> Result<String, Failed> {
        let answer = self
            .server
            .run(&["display-message", "-p", "-t", &self.pane, format])?;
        Ok(answer.trim_end().to_owned())
    }
}

/// A command with its environment for a shell that stays when it has ended, and tells of that in a
/// file: tmux may declare a pane dead before the last words that were written there have come, and
/// misses the SIGCHLD of a pane's process while libutempter runs its helper.
fn shell_command(command: &Command, ended: &Path) -> Result<String, Failed> {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        let name = text(name)?;
        line += &match value {
            Some(value) => format!("export {name}={}; ", quote(text(value)?)),
            None => format!("unset {name}; "),
        };
    }
    for word in [command.get_program()]
        .into_iter()
        .chain(command.get_args())
    {
        line += &quote(text(word)?);
        line += " ";
    }
    let ended = ended.display();
    line += &format!("; echo $? >{ended}.part; mv {ended}.part {ended}; exec sleep 1000");
    Ok(line)
}

fn text(word: &std::ffi::OsStr) -> Result<&str, Failed> {
    Ok(word.to_str().ok_or("not UTF-8")?)
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
