//! `event_rpcgen`: makes C code from descriptions of messages (`.rpc` files).
//!
//! It takes the place of libevent's `event_rpcgen.py`: same command line, same language, same
//! functions and structs in C, same bytes on the wire. `docs/rpc-format.md` describes the language
//! and what is generated.
//!
//! [`source`] reads lines, [`parse`] makes a [`schema`] of them, [`emit`] writes C.

mod arguments;
mod emit;
mod parse;
mod schema;
mod source;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, Command};

const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let done = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => print(arguments::HELP),
        Ok(Command::Version) => print(concat!("event_rpcgen ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Generate(arguments)) => generate(&arguments),
        Err(message) => {
            eprintln!("{}event_rpcgen: {message}", arguments::USAGE);
            return ExitCode::from(USAGE_ERROR);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// print!() panics where nothing can be written.
fn print(text: &str) -> Result<(), String> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("standard output: {error}"))
}

fn generate(arguments: &Arguments) -> Result<(), String> {
    let Arguments {
        quiet,
        input,
        header,
        code,
    } = arguments;
    let bytes =
        fs::read(input).map_err(|error| format!("{}: cannot be read: {error}", input.display()))?;
    // Comments may be in any encoding.
    let schema = parse::schema(&String::from_utf8_lossy(&bytes))
        .map_err(|error| format!("{}:{}: {}", input.display(), error.line, error.message))?;
    let included =
        emit::path_from(code, header).map_err(|error| format!("{}: {error}", header.display()))?;
    write(header, &emit::header(input, &schema))?;
    write(code, &emit::code(input, &included, &schema)).inspect_err(|_| {
        // A build system must not take the half for the whole.
        remove(header);
    })?;
    if *quiet {
        return Ok(());
    }
    let mut report = format!("Read {}\n", input.display());
    for message in &schema.messages {
        let fields = message.fields.len();
        report += &format!("  struct {}: {fields} fields\n", message.name);
    }
    report += &format!("Wrote {} and {}\n", header.display(), code.display());
    print(&report)
}

/// Leaves the path alone if it cannot be opened: what is there is whole.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error| format!("{}: cannot be written: {error}", path.display());
    let mut file = File::create(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(|error| {
        remove(path);
        failed(error)
    })
}

/// Removes a file, but no device.
fn remove(path: &Path) {
    if fs::metadata(path).is_ok_and(|found| found.is_file()) {
        let _ = fs::remove_file(path);
    }
}
