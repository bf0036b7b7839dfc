//! `event_base`.

pub struct EventBase {}
