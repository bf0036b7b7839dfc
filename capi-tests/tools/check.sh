#!/bin/sh
# check.sh [quick|long] - what `make check`, `make quick` and `make check-long` run. Goes on after a
# failure, adds up what the runners counted, and ends with the reasons of what
# failed and the line `N passed, N failed`.
set -u
cd "$(dirname "$0")/../.." || exit
cargo=${CARGO:-cargo}
log=$(mktemp)
reasons=$(mktemp)
trap 'rm -f "$log" "$reasons"' EXIT
trap 'exit 130' INT TERM HUP

passed=0
failed=0
status=0

# step NAME COMMAND... - one check that passes or fails as a whole.
step() {
    name=$1
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "== $name: failed" >>"$reasons"
        failed=$((failed + 1))
    fi
}

# count NAME COMMAND... - a run of test programs, each of which ends with
# `test result: ok. N passed; N failed; ...`.
count() {
    name=$1
    shift
    echo "== $name"
    { "$@" 2>&1; echo "== status $?"; } | tee "$log"
    status=$(sed -n 's/^== status //p' "$log")
    totals=$(awk '/^test result: / { for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) p += $(i - 1)
            if ($i ~ /^failed/) f += $(i - 1) } }
        END { print p + 0, f + 0 }' "$log")
    passed=$((passed + ${totals% *}))
    failed=$((failed + ${totals#* }))
    # The first lines of each.
    awk '/^---- .* ----$/ { left = 20 }
        /^(failures:|test result:)/ { left = 0 }
        left-- > 0' "$log" >>"$reasons"
    # A runner that did not build or died has counted nothing.
    if [ "$status" -ne 0 ] && [ "${totals#* }" -eq 0 ]; then
        echo "== $name: failed" >>"$reasons"
        failed=$((failed + 1))
    fi
}

if [ "${1:-}" = long ]; then
    step "build" "${MAKE:-make}" --no-print-directory all
    count "programs" "$cargo" test --test programs -- --ignored
    count "tools" "$cargo" test --test conformance -- --ignored
    # Rust's interpreter checks every access to memory. Without it nothing is counted.
    if "$cargo" +nightly miri --version >/dev/null 2>&1; then
        count "Miri" capi-tests/tools/miri.sh
    else
        echo "== Miri: skipped; rustup +nightly component add miri rust-src"
    fi
    count "long run" "$cargo" test --test conformance -- --nocapture soak
elif [ "${1:-}" = quick ]; then
    step "formatting" "$cargo" fmt --check
    step "lints" "$cargo" clippy --quiet --all-targets -- -D warnings
    step "build" "$cargo" build --quiet --release
    count "unit tests" "$cargo" test --quiet --lib --bins
    count "interface" "$cargo" test --quiet --test abi
    count "conformance" "$cargo" test --quiet --test conformance -- \
        linked::epoll::nolocks --test-threads 10 --skip tls_ --skip thread_http \
        --skip ours_fault_http --skip ours_dns_syscall --skip ours_dns_tcp --skip ours_dns_soak --skip dns_recover \
        --skip ours_http_random --skip ours_http_nasty --skip ours_ws --skip http_strict
else
    step "formatting" "$cargo" fmt --check
    step "lints" "$cargo" clippy --all-targets -- -D warnings
    step "documentation" env RUSTDOCFLAGS=-Dwarnings "$cargo" doc --quiet --no-deps \
        --document-private-items
    step "build" "${MAKE:-make}" --no-print-directory all
    step "arm64" capi-tests/arch/check.sh arm64 compile
    if command -v clang >/dev/null; then
        step "clang" capi-tests/tools/clang.sh
    else
        echo "== clang: skipped; it is not installed"
    fi
    count "tests" "$cargo" test --no-fail-fast
fi

cat "$reasons"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
