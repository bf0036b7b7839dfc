#!/bin/sh
# static.sh ARCHIVE OUTPUT - the archive for static programs, which finds TLS libraries there, too.
#
# The library's weak references take nothing out of libssl.a or libmbedtls.a that nobody else needs.
# So the functions that take a session come from objects of their own here, one for each TLS library,
# with strong references to what of that the library can't do without. A program that calls none of
# them gets none of this.
set -eu
archive=$1 output=$2
cc=${CC:-cc}
directory=$(dirname "$0")
table=$directory/../bufferevent/tls
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# tool NAME - the one that goes with the compiler.
tool() {
    $cc -print-prog-name="$1"
}

# quietly COMMAND... - what it says, only if it fails: the standard library's members are bitcode
# besides, which a plugin for another LLVM complains about.
quietly() {
    "$@" >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        return 1
    }
}

objects=
for engine in openssl mbedtls; do
    # The functions that table.rs requires.
    needed=$(sed -n '/^    required {/,/^    }/s/^        \([A-Za-z]\w*\):.*/\1/p' "$table/$engine/table.rs")
    [ -n "$needed" ]
    $cc -O2 -fPIC -Wall -Wextra -Werror -D"USES_$engine" -c -o "$work/part.o" "$directory/static.c"
    # shellcheck disable=SC2046 # a list of arguments
    "$(tool ld)" -r -o "$work/event_rs_$engine.o" "$work/part.o" $(printf -- '-u %s ' $needed)
    objects="$objects $work/event_rs_$engine.o"
done
# What they define is what the library has under another name.
# shellcheck disable=SC2086 # a list of files
"$(tool nm)" -g --defined-only $objects | awk '$2 == "T" { print $3 " event_rs_" $3 }' >"$work/names"
quietly "$(tool objcopy)" --redefine-syms="$work/names" "$archive" "$work/out.a"
# shellcheck disable=SC2086 # a list of files
quietly "$(tool ar)" rsD "$work/out.a" $objects
install -m 644 "$work/out.a" "$output"
