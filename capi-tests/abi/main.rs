//! The gate for the binary and the source interface of the library.
//!
//! The facts about libevent 2.1.12 stand in `facts/`. `make headers` runs this with `ABI_UPDATE=1`:
//! then `include/` is written instead of being compared.

mod compiler;
mod constants;
mod declarations;
mod elf;
#[path = "../emulator.rs"]
mod emulator;
mod exports;
mod facts;
mod headers;
mod include;
mod installed;
mod layouts;
#[path = "../library.rs"]
mod library;
mod links;
mod macros;
mod missing;
mod prototypes;
mod symbols;

use std::path::Path;
use std::{env, fs};

/// Whether generated files are to be written rather than compared.
fn updating() -> bool {
    env::var_os("ABI_UPDATE").is_some()
}

/// Compares a generated file of the project with what it should be, or makes it so.
fn expect_file(path: &Path, wanted: &str) {
    if updating() {
        fs::create_dir_all(path.parent().expect("below the project")).expect("writable");
        fs::write(path, wanted).expect("writable");
    }
    compare_file(path, wanted);
}

fn compare_file(path: &Path, wanted: &str) {
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is not what its sources say: run `make headers` and look at the difference",
        path.display()
    );
}
