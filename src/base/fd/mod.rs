//! Events that wait for descriptors.

pub mod interest;
mod registration;
pub mod slot;
