//! `evhttp`: messages, server and client.
//!
//! | module | what |
//! | --- | --- |
//! | [`uri`], [`escape`] | URIs and the escapes in them, and those of HTML |

pub mod escape;
pub mod uri;
