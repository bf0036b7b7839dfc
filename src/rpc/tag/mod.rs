//! Tagged fields in buffers (`evtag`): a tag, the length of the payload, the payload.
//!
//! | module | what |
//! | --- | --- |
//! | [`code`] | numbers as bytes |
//! | [`read`] | fields at the front of a buffer |
//! | [`mod@write`] | fields behind the end |
//!
//! What a field announces is not trusted: nothing is allocated for a payload before its bytes are
//! there, and a length that an `int` cannot hold is refused.

pub mod code;
pub mod read;
pub mod write;
