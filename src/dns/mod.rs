//! evdns: looking names up without blocking, and answering such questions.
//!
//! | module | what |
//! | --- | --- |
//! | [`name`], [`wire`] | names and messages as bytes, read and written without allocating |
//! | [`answer`] | whether a message answers a question, and what it says |
//! | [`search`], [`resolv_conf`], [`hosts`] | what the system's files say |

pub mod answer;
pub mod hosts;
pub mod log;
pub mod name;
pub mod options;
pub mod random;
pub mod resolv_conf;
pub mod search;
pub mod timers;
pub mod wire;
