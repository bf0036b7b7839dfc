//! Events that wait for descriptors.

pub mod interest;
pub mod slot;
