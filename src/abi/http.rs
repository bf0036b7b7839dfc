//! `<event2/http.h>`: HTTP servers and clients.

pub mod server;

pub mod hosts;

pub mod connection;

pub mod timeouts;

pub mod request;

pub mod query;

pub mod uri;

pub mod escape;
