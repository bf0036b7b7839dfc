//! Objects that programs know by pointer only; each is a type of the core behind the pointer.
//!
//! The structs and callback types of this room name them, and the room that
//! owns an object casts: nothing else may be done with such a pointer.

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            private: [u8; 0],
        }
    )*};
}

opaque! {
    /// `base::EventBase`.
    event_base;
    /// `base::watch::Watch`.
    evwatch;
    /// `buffer::Buffer`.
    evbuffer;
    /// `buffer::file::Segment`.
    evbuffer_file_segment;
    /// `bufferevent::ops::Ops`.
    bufferevent_ops;
    /// `net::listener::Listener`.
    evconnlistener;
    /// `http::server::Server`.
    evhttp;
    /// `http::sockets::Bound`.
    evhttp_bound_socket;
    /// `http::connection::Connection`.
    evhttp_connection;
    /// `http::uri::Uri`.
    evhttp_uri;
    /// `http::ws::session::Session`.
    evws_connection;
    /// `rpc::server::Base`.
    evrpc_base;
    /// `rpc::server::Call`.
    evrpc_req_generic;
}
