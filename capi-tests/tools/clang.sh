#!/bin/sh
# clang.sh - has clang look at the C programs of the tests, with our headers, without compiling them.
# Two compilers warn of different things, and the sanitizers of `make check-long` need this one.
set -eu
cd "$(dirname "$0")/../.."
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
trap 'exit 130' INT TERM HUP
out=${CARGO_TARGET_DIR:-target}/release
for messages in capi-tests/conformance/*/*.rpc; do
    name=$(basename "$messages" .rpc)
    "$out/event_rpcgen" --quiet "$messages" "$generated/$name.gen.c"
done
clang -fsyntax-only -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
    -Icapi-tests/conformance/support -Iinclude -I"$generated" \
    capi-tests/conformance/*/*.c capi-tests/examples/*.c capi-tests/soak/*.c
