//! WebSocket frames of any bytes: what they make is the same however they arrive.

use crate::http::ws::frame::Fault;
use crate::http::ws::message::{Complete, Most, Reader};

/// The most bytes of a message.
const MOST: Most = Most {
    bytes: 200,
    frames: 20,
};

/// What was complete, or wrong.
type Event = Result<(Complete, Vec<u8>), Fault>;

pub fn run(input: &[u8]) {
    let Some((&size, bytes)) = input.split_first() else {
        return;
    };
    let whole = read(bytes, bytes.len().max(1));
    for size in [1, 2, usize::from(size).max(1)] {
        assert_eq!(read(bytes, size), whole, "in pieces of {size}");
    }
}

fn read(bytes: &[u8], size: usize) -> Vec<Event> {
    let mut reader = Reader::new(MOST);
    let mut events = Vec::new();
    for mut piece in bytes.chunks(size) {
        while !piece.is_empty() {
            let (used, complete) = match reader.take(piece) {
                Ok(taken) => taken,
                Err(fault) => {
                    events.push(Err(fault));
                    return events;
                }
            };
            piece = &piece[used..];
            let Some(complete) = complete else {
                assert!(piece.is_empty());
                break;
            };
            let payload = match complete {
                Complete::Message(_) => {
                    let message = reader.take_message();
                    let copy = message.to_vec();
                    reader.recycle(message);
                    copy
                }
                _ => reader.control().to_vec(),
            };
            assert!(payload.len() as u64 <= MOST.bytes);
            if matches!(complete, Complete::Message(kind) if kind == crate::http::ws::message::Kind::Text)
            {
                assert!(core::str::from_utf8(&payload).is_ok());
            }
            events.push(Ok((complete, payload)));
        }
    }
    events
}
