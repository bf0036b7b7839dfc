#!/bin/sh
# compare.sh PROGRAM [BENCHMARK] - builds PROGRAM.c with the system's libevent
# and runs it in turn on that and, by preloading, on libevent_rs. Prints
# nanoseconds, the least of all rounds (ROUNDS, 5), and the ratio.
set -eu
cd "$(dirname "$0")/../.."
program=$1
shift
library=${LIBEVENT_RS_LIB:-target/release}/libevent_rs.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -O2 -o "$work/bench" "capi-tests/bench/$program.c" -levent -levent_pthreads
for _ in $(seq "${ROUNDS:-5}"); do
    "$work/bench" "$@" | sed 's/^/libevent /' >>"$work/times"
    LD_PRELOAD="$library" "$work/bench" "$@" | sed 's/^/ours /' >>"$work/times"
done
awk '
    !(($1, $2) in least) || $3 < least[$1, $2] { least[$1, $2] = $3 }
    !($2 in seen) { seen[$2] = 1; names[++n] = $2 }
    END {
        printf "%-22s %12s %12s %7s\n", "benchmark", "libevent", "ours", "ratio"
        for (i = 1; i <= n; i++) {
            a = least["libevent", names[i]]
            b = least["ours", names[i]]
            printf "%-22s %12.1f %12.1f %7.3f\n", names[i], a, b, b / a
        }
    }' "$work/times"
