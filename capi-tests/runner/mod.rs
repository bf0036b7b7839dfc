//! The parts of the runner.

pub mod build;
pub mod differences;
#[path = "../emulator.rs"]
pub mod emulator;
pub mod harness;
#[path = "../library.rs"]
pub mod library;
pub mod tool;
pub mod work;
