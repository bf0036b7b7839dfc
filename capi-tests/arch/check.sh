#!/bin/sh
# check.sh ARCH [compile|build] - builds for a Debian architecture and runs the conformance programs
# under qemu against Debian's libevent of that architecture, and what of the ABI gate is true of it.
# `compile` only checks that the code compiles; `build` makes what `make install` and `make deb` want
# and prints the directory. FILTER chooses trials, and leaves out the gate. What qemu can't do is
# left out, and what differs on the machine: see qemu.txt, 32.txt and s390x.txt.
set -eu
cd "$(dirname "$0")/../.."
arch=$1 task=${2:-test}
cargo=${CARGO:-cargo}
environment=$(capi-tests/arch/sysroot.sh "$arch")
# rust TASK... - cargo with the compiler for the architecture.
rust() (
    eval "$environment"
    "$cargo" "$@" --quiet --target "$target" --target-dir "$place/target"
)
if [ "$task" = compile ]; then
    rust check --lib
    exit
fi

# The runner is a program of this machine, which compiles and starts programs of the other.
eval "$(echo "$environment" | sed -n 1p)"
library=$place/target/$target/release
compiler=$place/cc
printf '#!/bin/sh\nexec %s-gcc --sysroot=%s "$@"\n' "$gnu" "$place/sysroot" >"$compiler"
chmod 755 "$compiler"
if [ "$task" = build ]; then
    rust build --release --lib --bins
    CC=$compiler src/dropin/stubs.sh run "$library/libevent_rs.so" "$library/dropin" '$ORIGIN/..'
    CC=$compiler src/dropin/stubs.sh link "$library/libevent_rs.so" "$library/dropin/link"
    echo "$library"
    exit
fi

rust build --release --lib
ln -sf libevent_rs.so "$library/libevent_rs.so.1"
pkgconfig=$place/sysroot/usr/lib/$(dpkg-architecture -a"$arch" -qDEB_HOST_MULTIARCH 2>/dev/null)/pkgconfig
case $arch in
i386 | armhf) lists='qemu.txt 32.txt' ;;
s390x) lists='qemu.txt s390x.txt' ;;
*) lists=qemu.txt ;;
esac
# shellcheck disable=SC2086 # a list of files
left=$(cd capi-tests/arch && sed -n 's/^\([a-z_0-9]*: .*\)/\1/p' $lists)
echo "$left" | sed 's/^/left out: /'
skip=$(echo "$left" | sed 's/:.*/::/; s/^/--skip /')
export CC=$compiler HOST_CC=cc LIBEVENT_RS_LIB=$library
export PKG_CONFIG_LIBDIR=$pkgconfig PKG_CONFIG_SYSROOT_DIR=$place/sysroot
export CAPI_EMULATOR="$qemu -L $place/sysroot"
# The runner itself, in a place of its own: it must not come between the usual one's programs.
here() {
    CARGO_TARGET_DIR=$place/tests "$cargo" test "$@"
}
if [ -z "${FILTER:-}" ]; then
    case $arch in
    arm64 | s390x) numbers= ;;
    # The facts are those of machines with 64 bits; `installed` asks the headers of this one.
    *) numbers='--skip layouts:: --skip constants::a_wrong --skip constants_have_their_values' ;;
    esac
    # shellcheck disable=SC2086 # a list of arguments
    here --test abi -- --skip headers_compile $numbers
fi
# The examples are driven by programs of this machine, and select beyond 1024 descriptors ends the
# emulator, not the program.
skip="$skip --skip example_ --skip event_io::linked::select"
# Everything is slower by far: a test that is true of a machine that keeps up is given more time.
# shellcheck disable=SC2086 # a list of arguments
CK_TIMEOUT_MULTIPLIER=10 here --test conformance -- $skip "${FILTER:-}"
