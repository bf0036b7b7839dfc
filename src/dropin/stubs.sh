#!/bin/sh
# stubs.sh run LIBRARY DIRECTORY RUNPATH  - objects with libevent's sonames that need libevent_rs.so.1
# stubs.sh link LIBRARY DIRECTORY         - objects to link new programs with
#
# A symbolic link with an old soname is found through LD_LIBRARY_PATH, but never enters the loader's
# cache, which goes by the soname inside, and is no library of that name for rpm or apk. So each old
# soname is a small object of its own. Run-time stubs have no symbols: the loader follows their only
# DT_NEEDED to libevent_rs.so.1, and finds every name there. The linker does not look that far, so
# link-time stubs have the names that the original has, with what 2.2 adds, and its soname: what is
# linked with -levent_core here records libevent_core-2.1.so.7 and runs on both libraries.
#
# OPENSSL_LIBS='-lssl -lcrypto' gives the run-time stub of libevent_openssl these dependencies.
set -eu

family='libevent libevent_core libevent_extra libevent_pthreads libevent_openssl'
kind=$1 library=$2 directory=$3
cc=${CC:-cc}
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# Builds the stub $1 with the soname $2 from the source and linker arguments that follow.
build() {
    output=$directory/$1 soname=$2
    shift 2
    rm -f "$output"
    "$cc" -shared -nostdlib -Wl,-soname,"$soname" -Wl,-z,noexecstack -Wl,-z,relro \
        -Wl,--build-id=none -o "$output" "$@"
}

case $kind in
run)
    runpath=$4
    # What DT_NEEDED records is the soname inside the library.
    for name in $family; do
        extra=
        [ "$name" = libevent_openssl ] && extra=${OPENSSL_LIBS:-}
        # shellcheck disable=SC2086 # a list of arguments
        build "$name-2.1.so.7" "$name-2.1.so.7" -x c /dev/null -x none -Wl,--no-as-needed \
            "$library" $extra -lc ${runpath:+-Wl,--enable-new-dtags "-Wl,-rpath,$runpath"}
    done
    ;;
link)
    # Sections don't matter: nothing runs or reads them.
    names() {
        LC_ALL=C "$($cc -print-prog-name=nm)" -D --defined-only --format=posix "$library" | awk -v of="$1" '
        { sub(/@.*/, "", $1); home = "libevent_core" }
        $1 ~ /^evthread_use_pthreads/ { home = "libevent_pthreads" }
        $1 ~ /^bufferevent_.*(ssl|mbedtls)/ { home = "libevent_openssl" }
        $1 ~ /^ev(http|dns|rpc|tag|ws)_/ { home = "libevent_extra" }
        home != of && !(of == "libevent" && home ~ /core|extra/) { next }
        $2 == "T" || $2 == "W" {
            printf "\t.text\n\t.globl %s\n\t.type %s, %%function\n%s:\n", $1, $1, $1 }
        $2 == "D" || $2 == "B" || $2 == "V" || $2 == "R" {
            printf "\t.data\n\t.balign 16\n\t.globl %s\n\t.type %s, %%object\n", $1, $1
            printf "\t.size %s, 0x%s\n%s:\n\t.zero 0x%s\n", $1, $4, $1, $4 }
        END { print "\t.section .note.GNU-stack,\"\",%progbits" }'
    }
    for name in $family; do
        names "$name" >"$work/names.s"
        build "$name.so" "$name-2.1.so.7" "$work/names.s"
    done
    ;;
*)
    echo "stubs.sh: unknown kind $kind" >&2
    exit 2
    ;;
esac
