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

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, Command};

const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            println!("event_rpcgen {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Command::Generate(arguments)) => match generate(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        },
        Err(message) => {
            eprintln!("{}event_rpcgen: {message}", arguments::USAGE);
            ExitCode::from(USAGE_ERROR)
        }
    }
}

fn generate(arguments: &Arguments) -> Result<(), String> {
    let Arguments {
        quiet,
        input,
        header,
        code,
    } = arguments;
    let tell = |message: String| {
        if !quiet {
            println!("{message}");
        }
    };
    tell(format!("Reading {}", input.display()));
    let text = fs::read_to_string(input)
        .map_err(|error| format!("{}: cannot be read: {error}", input.display()))?;
    let schema = parse::schema(&text)
        .map_err(|error| format!("{}:{}: {}", input.display(), error.line, error.message))?;
    for message in &schema.messages {
        tell(format!(
            "  struct {}: {} fields",
            message.name,
            message.fields.len()
        ));
    }
    let included =
        emit::path_from(code, header).map_err(|error| format!("{}: {error}", header.display()))?;
    write(header, &emit::header(input, &schema))?;
    write(code, &emit::code(input, &included, &schema)).inspect_err(|_| {
        // A build system must not take the half for the whole.
        let _ = fs::remove_file(header);
    })?;
    tell(format!("Wrote {} and {}", header.display(), code.display()));
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| {
        let _ = fs::remove_file(path);
        format!("{}: cannot be written: {error}", path.display())
    })
}
