//! The parts of the runner.

pub mod build;
pub mod differences;
pub mod harness;
#[path = "../library.rs"]
pub mod library;
pub mod tool;
pub mod work;
