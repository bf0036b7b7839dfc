#!/bin/sh
# run.sh [TARGET...] - looks for inputs that break the library, guided by the
# code that they reach and under AddressSanitizer, FUZZ_TIME seconds (30) for
# each target of src/testing. Starts from corpus/TARGET. An input that fails is
# left in target/fuzz/failed.
#
# With FUZZ_KEEP=1, inputs that reach more than the corpus does are added to it.
set -eu
cd "$(dirname "$0")/../.."
time=${FUZZ_TIME:-30}
corpus=capi-tests/fuzz/corpus
work=target/fuzz
[ $# -gt 0 ] || set -- $(ls "$corpus")

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzz: needs Rust's nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

# What cargo fuzz passes. The library is linked with clang's libFuzzer, so no
# second package has to repeat its dependencies.
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cdebug-assertions -Coverflow-checks"
# --target keeps these flags from build scripts.
CARGO_PROFILE_RELEASE_LTO=false cargo +nightly rustc --quiet --release --lib \
    --crate-type staticlib --target "$host" --target-dir "$work"

mkdir -p "$work/failed"
status=0
for target in "$@"; do
    echo "== $target: $time s"
    program=$work/$target
    clang -fsanitize=fuzzer,address "$work/$host/release/libevent_rs.a" -o "$program" \
        "-Wl,-u,fuzz_$target,--defsym=LLVMFuzzerTestOneInput=fuzz_$target"
    found=$work/found/$target
    mkdir -p "$found"
    log=$work/$target.log
    if ! "$program" -max_total_time="$time" -max_len=1024 -timeout=10 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$work/failed/$target-" \
        "$found" "$corpus/$target" >"$log" 2>&1; then
        cat "$log" >&2
        status=1
        continue
    fi
    grep '^stat::' "$log"
    if [ "${FUZZ_KEEP:-0}" = 1 ]; then
        "$program" -set_cover_merge=1 -verbosity=0 "$corpus/$target" "$found"
    fi
done
exit "$status"
