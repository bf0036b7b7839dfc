#!/bin/sh
# check.sh ARCH [compile] - builds for a Debian architecture and runs the conformance programs under
# qemu against Debian's libevent of that architecture; `compile` only checks that the code compiles.
# FILTER chooses trials.
set -eu
cd "$(dirname "$0")/../.."
arch=$1
cargo=${CARGO:-cargo}
environment=$(capi-tests/arch/sysroot.sh "$arch")
(
    eval "$environment"
    if [ "${2:-}" = compile ]; then
        exec "$cargo" check --quiet --lib --target "$target" --target-dir "$place/target"
    fi
    exec "$cargo" build --quiet --release --lib --target "$target" --target-dir "$place/target"
)
[ "${2:-}" != compile ] || exit 0

# The runner is a program of this machine, which compiles and starts programs of the other.
eval "$(echo "$environment" | sed -n 1p)"
library=$place/target/$target/release
ln -sf libevent_rs.so "$library/libevent_rs.so.1"
compiler=$place/cc
printf '#!/bin/sh\nexec %s-gcc --sysroot=%s "$@"\n' "$gnu" "$place/sysroot" >"$compiler"
chmod 755 "$compiler"
pkgconfig=$place/sysroot/usr/lib/$(dpkg-architecture -a"$arch" -qDEB_HOST_MULTIARCH 2>/dev/null)/pkgconfig
# Everything is slower by far: a test that is true of a machine that keeps up is given more time.
CC=$compiler HOST_CC=cc CAPI_EMULATOR="$qemu -L $place/sysroot" CK_TIMEOUT_MULTIPLIER=10 \
    PKG_CONFIG_LIBDIR=$pkgconfig PKG_CONFIG_SYSROOT_DIR=$place/sysroot LIBEVENT_RS_LIB=$library \
    "$cargo" test --test conformance -- "${FILTER:-}"
