#!/bin/sh
# miri.sh - unit tests under Miri, which stops at undefined behaviour: parsers, containers, timers,
# buffers. Left out is what calls the system in ways that it does not know, and what takes
# it minutes, or more memory than there is. Needs a nightly Rust with the components miri and rust-src.
cd "$(dirname "$0")/../.." || exit
export CARGO_TARGET_DIR=target/miri
# Objects lie in memory that C programs own, and programs keep pointers to them as numbers.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"
exec "${CARGO:-cargo}" +nightly miri test --quiet --lib -- \
    --skip it_does_not_grow_for_ever \
    base::time buffer::tests dns::name dns::search dns::wire http::chunked http::escape \
    http::field http::head http::keyval http::query http::start_line http::uri rpc::tag \
    support::intrusive support::shared support::thunk
