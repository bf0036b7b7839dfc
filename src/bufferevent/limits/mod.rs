//! How much a bufferevent may move: token buckets of its own and of its group.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`token_bucket`] | a bucket's arithmetic |
//! | [`ratelimit`] | a bufferevent's own bucket, and how much it may read and write now |
//! | [`group`] | a bucket that several share |

pub mod group;
pub mod ratelimit;
pub mod token_bucket;
