//! Programs of another architecture.

use std::env;
use std::path::Path;
use std::process::Command;

/// The command that runs a program that a test has compiled: of another architecture, if
/// `CAPI_EMULATOR` says by what.
pub fn command(binary: &Path) -> Command {
    let emulator = env::var("CAPI_EMULATOR").unwrap_or_default();
    let mut words = emulator.split_whitespace();
    let Some(program) = words.next() else {
        return Command::new(binary);
    };
    let mut command = Command::new(program);
    command.args(words).arg(binary);
    command
}
