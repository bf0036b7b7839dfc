//! The parts of the runner.

pub mod build;
pub mod differences;
pub mod harness;
