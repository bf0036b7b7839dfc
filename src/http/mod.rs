//! `evhttp`: messages, server and client.
//!
//! | module | what |
//! | --- | --- |
//! | [`connection`], [`request`] | what servers and clients have in common |
//! | [`server`], [`reply`] | servers, and what they send |
//! | [`client`] | clients |
//! | [`keyval`], [`store`], [`date`] | lists of headers, memory for them, the `Date` |
//! | [`head`], [`start_line`], [`field`] | a message's head, in place |
//! | [`text`] | heads that are written |
//! | [`piecewise`] | heads line by line, for test programs |
//! | [`framing`], [`chunked`] | how long its body is |
//! | [`method`], [`status`] | names and meanings |
//! | [`limits`] | what the other end may not exceed |
//! | [`ws`] | WebSocket |
//! | [`uri`], [`query`], [`escape`] | URIs and the escapes in them, and those of HTML |

pub mod chunked;
pub mod client;
pub mod connection;
pub mod date;
pub mod escape;
pub mod field;
pub mod framing;
pub mod head;
pub mod keyval;
pub mod limits;
pub mod method;
pub mod piecewise;
pub mod query;
pub mod reply;
pub mod request;
pub mod server;
pub mod start_line;
pub mod status;
pub mod store;
pub mod text;
pub mod uri;
pub mod ws;

/// `enum evhttp_cmd_type`, as a set.
pub type Bits = u32;
