//! `evhttp`: messages, server and client.
//!
//! | module | what |
//! | --- | --- |
//! | [`head`], [`start_line`], [`field`] | a message's head, in place |
//! | [`framing`], [`chunked`] | how long its body is |
//! | [`method`], [`status`] | names and meanings |
//! | [`ws`] | WebSocket |
//! | [`uri`], [`escape`] | URIs and the escapes in them, and those of HTML |

#![allow(dead_code, reason = "the connection comes next")]

pub mod chunked;
pub mod escape;
pub mod field;
pub mod framing;
pub mod head;
pub mod method;
pub mod start_line;
pub mod status;
pub mod uri;
pub mod ws;

/// `enum evhttp_cmd_type`, as a set.
pub type Bits = u32;
