#!/bin/sh
# miri.sh - unit tests under Miri, which stops at undefined behaviour: parsers, containers, timers,
# locks, buffers. Left out is what calls the system in ways that it does not know, and what takes
# it minutes. Needs a nightly Rust with the components miri and rust-src.
cd "$(dirname "$0")/../.." || exit
export CARGO_TARGET_DIR=target/miri
# Chains and queues lie in memory that C programs own: their pointers are integers meanwhile.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"
exec "${CARGO:-cargo}" +nightly miri test --quiet --lib -- \
