//! `<event2/http.h>`: HTTP servers and clients.

pub mod escape;
pub mod uri;
