//! libevent_rs.
