//! The demonstration: every driver once, on our library, told in words, and in a table for
//! `capi-tests/tools/programs.sh`.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use super::stage::{Flavour, Library, Stage};
use super::tally::Tally;
use crate::Driver;

pub fn run(stage: &Stage, drivers: &[(&str, Driver, &[Flavour])]) -> ExitCode {
    let begun = Instant::now();
    match stage.library() {
        Ok(library) => println!(
            "The library, as `make install` put it: {}",
            library.display()
        ),
        Err(error) => return complain(&error),
    }
    println!("Programs as Debian built them, started by libevent_rs-run, driven by real clients:");
    let mut answers = 0;
    let mut failed = 0;
    let mut table = String::new();
    for (name, driver, flavours) in drivers {
        let flavour = flavours
            .iter()
            .find(|flavour| flavour.library == Library::Soname)
            .expect("every program runs on ours");
        let begun = Instant::now();
        let mut tally = Tally::default();
        let outcome = driver(stage, *flavour, &mut tally);
        let heading = match tally.program.as_str() {
            "" => name,
            program => program,
        };
        println!("\n{heading}");
        for line in &tally.evidence {
            println!("    {line}");
        }
        for (what, number) in &tally.work {
            println!("    {number:>7} {what}: all right");
        }
        let result = match outcome {
            Ok(()) => tally.answers().to_string(),
            Err(_) => "failed".to_owned(),
        };
        writeln!(table, "{name}\t{result}\t{heading}").expect("a string takes everything");
        let seconds = begun.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println!("    ended orderly when told to; {seconds:.1} s"),
            Err(error) => {
                failed += 1;
                complain(&error);
            }
        }
        answers += tally.answers();
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo.tsv");
    if let Err(error) = fs::write(&place, table) {
        println!("{}: {error}", place.display());
    }
    let (programs, seconds) = (drivers.len(), begun.elapsed().as_secs_f64());
    println!("\n{programs} programs, {failed} failed; {answers} answers checked; {seconds:.0} s");
    ExitCode::from(u8::from(failed != 0))
}

fn complain(error: &libtest_mimic::Failed) -> ExitCode {
    let message = error.message().unwrap_or("no reason given");
    println!("    FAILED: {message}");
    ExitCode::FAILURE
}
