//! WebSocket, the server's side: RFC 6455.
//!
//! | module | what |
//! | --- | --- |
//! | [`handshake`] | what a request must say, and what is answered |
//! | [`frame`], [`message`] | what a client sends, put together |

pub mod frame;
pub mod handshake;
pub mod message;
