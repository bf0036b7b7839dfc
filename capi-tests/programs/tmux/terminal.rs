//! A terminal for tmux clients: a window of another tmux, on the reference
//! library. Its keys reach the client through a pseudoterminal, and what the
//! client draws ends up on a screen that can be read.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;

use super::server::Server;
use crate::programs::process;

/// No window of its own shows, and it hands on every key.
const SETTINGS: &str = r#"
set -g status off
set -g prefix None
set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g default-size 100x30
"#;

pub struct Terminals {
    server: Server,
}

pub struct Terminal<'a> {
    server: &'a Server,
    pane: String,
}

impl Terminals {
    pub fn start(directory: &Path) -> Result<Terminals, Failed> {
        let server = Server::start(process::client("tmux")?, "terminals", directory, SETTINGS)?;
        server.run(&["new-session", "-d", "-s", "all"])?;
        Ok(Terminals { server })
    }

    /// A terminal in which `command` runs.
    pub fn open(&self, command: &Command) -> Result<Terminal<'_>, Failed> {
        let line = shell_command(command)?;
        let pane = self.server.open("all", "client", Some(&line))?;
        Ok(Terminal {
            server: &self.server,
            pane,
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
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))?;
        Ok(children.trim().parse()?)
    }

    /// The status with which the client has ended.
    pub fn status(&self) -> Result<Option<String>, Failed> {
        let status = self.ask("#{pane_dead} #{pane_dead_status}")?;
        Ok(status.strip_prefix("1 ").map(str::to_owned))
    }

    fn ask(&self, format: &str) -> Result<String, Failed> {
        let answer = self
            .server
            .run(&["display-message", "-p", "-t", &self.pane, format])?;
        Ok(answer.trim_end().to_owned())
    }
}

/// A command with its environment for a shell that outlives it: a terminal whose process ends just
/// after its last words may lose them.
fn shell_command(command: &Command) -> Result<String, Failed> {
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
    line += "; status=$?; sleep 0.5; exit $status";
    Ok(line)
}

fn text(word: &std::ffi::OsStr) -> Result<&str, Failed> {
    Ok(word.to_str().ok_or("not UTF-8")?)
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
