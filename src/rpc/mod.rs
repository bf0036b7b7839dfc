//! Remote procedure calls over HTTP, and the encoding of their messages.
//!
//! | module | what |
//! | --- | --- |
//! | [`tag`] | fields of tag, length and payload in buffers |

pub mod tag;
