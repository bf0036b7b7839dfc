#!/bin/sh
# sysroot.sh ARCH - makes target/arch/ARCH ready for building and testing for a Debian architecture,
# without root and without touching the system: its C library and libevent from Debian's packages
# (sysroot/). The Rust compiler is the usual one, with the standard library of that architecture by
# rustup; where rustup is not there, one by Debian's packages (rustc). Then prints, for `eval`,
# what a build needs to know.
set -eu
cd "$(dirname "$0")/../.."
arch=$1
case $arch in
arm64) target=aarch64-unknown-linux-gnu gnu=aarch64-linux-gnu qemu=qemu-aarch64-static ;;
armhf) target=armv7-unknown-linux-gnueabihf gnu=arm-linux-gnueabihf qemu=qemu-arm-static ;;
i386) target=i686-unknown-linux-gnu gnu=i686-linux-gnu qemu=qemu-i386-static ;;
s390x) target=s390x-unknown-linux-gnu gnu=s390x-linux-gnu qemu=qemu-s390x-static ;;
*)
    echo "sysroot.sh: $arch is none of arm64, armhf, i386, s390x" >&2
    exit 2
    ;;
esac
native=$(dpkg --print-architecture)
place=$PWD/target/arch/$arch

# Has the compiler the standard library, or does it get it now?
standard() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] ||
        timeout 120 rustup --quiet target add "$target" >&2
}

# fetch COMMAND... - apt with a state of its own, in which nothing is installed: it fetches everything.
fetch() {
    APT_CONFIG=$place/apt.conf apt-get "$@" -qq -y --no-install-recommends >&2
}

# unpack ARCHITECTURE DIRECTORY PACKAGE... - with what they depend on.
unpack() {
    architecture=$1 directory=$2
    shift 2
    fetch install --download-only "$@"
    for package in "$place"/apt/archives/*_"$architecture".deb; do
        dpkg -x "$package" "$directory"
    done
    rm "$place"/apt/archives/*.deb
}

if [ ! -e "$place/ready" ]; then
    rm -rf "$place"
    mkdir -p "$place/apt/lists/partial" "$place/apt/archives/partial" "$place/sysroot"
    cat >"$place/apt.conf" <<END
APT::Architectures { "$native"; "$arch"; };
APT::Sandbox::User "";
Dir::State "$place/apt";
Dir::State::status "/dev/null";
Dir::Cache "$place/apt";
END
    # Of several lists one may just be changing: what is wanted may be in the others.
    fetch update || echo "sysroot.sh: not every list of packages could be had" >&2
    unpack "$arch" "$place/sysroot" "libevent-dev:$arch" "check:$arch" "libssl-dev:$arch" \
        "libmbedtls-dev:$arch" "libc6-dev:$arch" "libgcc-12-dev:$arch" "zlib1g:$arch"
    # The compiler looks for the loader and the C library from the sysroot's root.
    [ -e "$place/sysroot/lib" ] || ln -s usr/lib "$place/sysroot/lib"
    rustc=rustc
    if ! standard; then
        mkdir "$place/host"
        unpack "$arch" "$place/sysroot" "libstd-rust-web-dev:$arch"
        # The compiler must be of the same version.
        version=$(APT_CONFIG=$place/apt.conf apt-cache show "libstd-rust-web-dev:$arch" |
            sed -n 's/^Version: //p' | head -n 1)
        unpack "$native" "$place/host" "rustc-web=$version"
        mv "$place/sysroot/usr/lib/rustlib/$target" "$place/host/usr/lib/rustlib/"
        rustc=$place/rustc
        cat >"$rustc" <<END
#!/bin/sh
LD_LIBRARY_PATH=$place/host/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH):$place/host/usr/lib
export LD_LIBRARY_PATH
exec $place/host/usr/bin/rustc "\$@"
END
        chmod 755 "$rustc"
    fi
    echo "$rustc" >"$place/ready"
elif [ "$(cat "$place/ready")" = rustc ]; then
    # The toolchain may be another by now.
    standard
fi

upper=$(echo "$target" | tr a-z- A-Z_)
lower=$(echo "$target" | tr - _)
cat <<END
target=$target gnu=$gnu qemu=$qemu place='$place'
export RUSTC='$(cat "$place/ready")' CARGO_TARGET_${upper}_LINKER=$gnu-gcc CC_$lower=$gnu-gcc
export CFLAGS_$lower='--sysroot=$place/sysroot'
export CARGO_TARGET_${upper}_RUSTFLAGS='-Clink-arg=--sysroot=$place/sysroot'
END
