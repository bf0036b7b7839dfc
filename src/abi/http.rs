//! `<event2/http.h>`: HTTP servers and clients.

pub mod connection;
pub mod escape;
pub mod hosts;
pub mod query;
pub mod request;
pub mod server;
pub mod timeouts;
pub mod uri;
