#!/bin/sh
# deb.sh VERSION DIRECTORY [ARCH BUILT] - Debian packages of what is built, for this machine's
# architecture, or for ARCH from the directory BUILT with the compiler CC.
#
#   libevent-rs1         the library, the objects with libevent's sonames beside it, libevent_rs-run
#   libevent-rs-dev      headers, what to link with, pkg-config and CMake files, event_rpcgen
#   libevent-rs-default  has the loader find these objects first, for every program of the system
#   libevent-rs-2.1-7    takes the place of libevent's packages, for systems without them
#
# Of the first three nothing replaces anything of libevent's: removing libevent-rs-default is the way
# back. From the last one it is installing libevent again. That package says that it is libevent of
# the version LIBEVENT_VERSION, by default the one that this system has, or would install. The same
# sources and SOURCE_DATE_EPOCH (by default the last commit's time) give the same packages.
set -eu
cd "$(dirname "$0")/../.."
upstream=$1 directory=$2
version=$upstream-1
maintainer=${DEBFULLNAME:-libevent_rs maintainers}' <'${DEBEMAIL:-libevent_rs@packages.debian.org}'>'
native=$(dpkg --print-architecture)
architecture=${3:-$native} built=${4:-}
triplet=$(dpkg-architecture -a"$architecture" -qDEB_HOST_MULTIARCH 2>/dev/null)
cc=${CC:-cc}
# tool NAME - the one that goes with the compiler.
tool() {
    $cc -print-prog-name="$1"
}
# On armhf from trixie on, time_t has 64 bits; this library's struct timeval has 32.
if [ "$architecture" = armhf ] && apt-cache show libevent-2.1-7t64 >/dev/null 2>&1; then
    echo "deb.sh: this release has a time_t of 64 bits on armhf, which the library has not" >&2
    exit 1
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
all=$work/all
libdir=usr/lib/$triplet
${MAKE:-make} --silent --no-print-directory install DESTDIR="$all" PREFIX=/usr LIBDIR="/$libdir" \
    ${built:+OUT="$built"}
for object in "$all/$libdir"/libevent_rs.so.?.* "$all/$libdir"/libevent_rs/*.so*; do
    "$(tool strip)" --strip-unneeded "$object"
    chmod 644 "$object"
done
"$(tool strip)" "$all/usr/bin/event_rpcgen"
"$(tool strip)" --strip-debug --enable-deterministic-archives "$all/$libdir/libevent_rs.a"

# take PACKAGE PATH... - what of the installed tree goes into a package.
take() {
    package=$1
    shift
    for path; do
        mkdir -p "$work/$package/$(dirname "$path")"
        mv "$all/$path" "$work/$package/$path"
    done
}

# finish PACKAGE SECTION MULTIARCH DEPENDS SUMMARY - documents and control file (whose long
# description comes from standard input), then the package.
finish() {
    package=$1 root=$work/$1
    documents=$root/usr/share/doc/$package
    mkdir -p "$documents" "$root/DEBIAN"
    {
        echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
        echo 'Upstream-Name: libevent_rs'
        echo
        echo 'Files: *'
        sed -n 's/^Copyright/Copyright: Copyright/p' LICENSE | head -n 1
        echo 'License: BSD-3-clause'
        sed '/^Copyright/d; /./!s/^/./; s/^/ /' LICENSE | sed -n '/[[:alnum:]]/,$p'
    } >"$documents/copyright"
    {
        echo "libevent-rs ($version) unstable; urgency=medium"
        echo
        echo "  * Release $upstream."
        echo
        echo " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$documents/changelog.Debian.gz"
    {
        echo "Package: $package"
        echo "Source: libevent-rs"
        echo "Version: $version"
        echo "Architecture: $architecture"
        echo "Maintainer: $maintainer"
        echo "Installed-Size: $(du -k -s --apparent-size "$root" | cut -f1)"
        [ -z "$4" ] || echo "Depends: $4"
        # What else a package says of others.
        [ -z "${6:-}" ] || echo "$6"
        echo "Section: $2"
        echo "Priority: optional"
        echo "Multi-Arch: $3"
        echo "Description: $5"
        sed 's/^$/./; s/^/ /'
    } >"$root/DEBIAN/control"
    (cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -Zxz --build "$root" "$directory" >/dev/null
    echo "$directory/${package}_${version}_$architecture.deb"
}

mkdir -p "$directory"

find "$all/usr/share/man" -type f -exec gzip -9n {} +
take libevent-rs1 "$libdir/libevent_rs.so.1" usr/bin/libevent_rs-run \
    usr/share/man/man1/libevent_rs-run.1.gz usr/share/man/man7/libevent_rs.7.gz
for path in "$all/$libdir"/libevent_rs.so.?.* "$all/$libdir"/libevent_rs/*.so.7; do
    take libevent-rs1 "${path#"$all/"}"
done
root=$work/libevent-rs1
mkdir -p "$root/DEBIAN" "$work/source/debian"
# dpkg-shlibdeps and dpkg-gensymbols want a source package around them.
printf 'Source: libevent-rs\n\nPackage: libevent-rs1\nArchitecture: any\n' >"$work/source/debian/control"
if [ "$architecture" = "$native" ]; then
    depends=$(cd "$work/source" && dpkg-shlibdeps -O -e"$root/$libdir/libevent_rs.so.1" \
        -e"$all/usr/bin/event_rpcgen" | sed -n 's/^shlibs:Depends=//p')
else
    # The other architecture's packages are not installed: the versions of symbols tell as much.
    newest=$("$(tool objdump)" -T "$root/$libdir/libevent_rs.so.1" "$all/usr/bin/event_rpcgen" |
        grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n 1)
    depends="libc6 (>= $newest), libgcc-s1 (>= 4.2)"
fi
(cd "$work/source" && dpkg-gensymbols -q -a"$architecture" -plibevent-rs1 -P"$root" -v"$upstream" -O"$root/DEBIAN/symbols" \
    -e"$root/$libdir/libevent_rs.so.1" >/dev/null)
printf 'libevent_rs 1 libevent-rs1 (>= %s)\n' "$upstream" >"$root/DEBIAN/shlibs"
echo 'activate-noawait ldconfig' >"$root/DEBIAN/triggers"
finish libevent-rs1 libs no "$depends" 'event notification library with the interface of libevent 2.1' <<END
Programs that were built for libevent 2.1 run on it as they are: one at a time
by libevent_rs-run, or all of them once libevent-rs-default is installed.
Libevent itself stays where it is.
END

mkdir -p "$work/libevent-rs-default/usr/share/libevent-rs" "$work/libevent-rs-default/etc/ld.so.conf.d" \
    "$work/libevent-rs-default/DEBIAN"
root=$work/libevent-rs-default
printf '# The objects with the sonames of libevent 2.1 that lead to libevent_rs.\n/%s/libevent_rs\n' \
    "$libdir" >"$root/usr/share/libevent-rs/ld.so.conf"
# A link: a file here would be a configuration file, which stays when the package is removed.
ln -s /usr/share/libevent-rs/ld.so.conf "$root/etc/ld.so.conf.d/00-libevent-rs.conf"
echo 'activate-noawait ldconfig' >"$root/DEBIAN/triggers"
mkdir -p "$root/usr/share/lintian/overrides"
for tag in package-modifies-ld.so-search-path package-has-unnecessary-activation-of-ldconfig-trigger; do
    echo "# This is what the package is for."
    echo "libevent-rs-default: $tag"
done >"$root/usr/share/lintian/overrides/libevent-rs-default"
finish libevent-rs-default libs no "libevent-rs1 (= $version)" 'run all programs that use libevent 2.1 on libevent_rs' <<END
Has the loader find the objects of libevent-rs1 before the libraries of
libevent, for services and set-user-id programs too. Removing this package
brings the programs back to libevent when they are started the next time.
END

# How Debian's packages of libevent are called here, if apt knows them.
name=
for suffix in '' t64; do
    known=$(dpkg-query -W -f '${Version}' "libevent-2.1-7$suffix" 2>/dev/null) ||
        known=$(apt-cache policy "libevent-2.1-7$suffix" 2>/dev/null | sed -n 's/^  Candidate: \([0-9].*\)/\1/p')
    [ -z "$known" ] || name=$suffix reference=${LIBEVENT_VERSION:-$known}
done
if [ -n "${reference:-}" ]; then
    root=$work/libevent-rs-2.1-7
    mkdir -p "$root/DEBIAN"
    # Beside the library, which needs no path to be found then.
    src/dropin/stubs.sh run "$work/libevent-rs1/$libdir/libevent_rs.so.1" "$root/$libdir" ''
    provides= conflicts=
    for object in "$root/$libdir"/*-2.1.so.7; do
        "$(tool strip)" --strip-unneeded "$object"
        chmod 644 "$object"
        soname=$(basename "$object")
        part=$(basename "$soname" -2.1.so.7 | tr _ -)
        for suffix in "" ${name:+"$name"}; do
            provides="$provides${provides:+, }$part-2.1-7$suffix (= $reference)"
            conflicts="$conflicts${conflicts:+, }$part-2.1-7$suffix"
        done
        # What is built here runs with Debian's packages as well.
        echo "${soname%.so.7} 7 $part-2.1-7$name (>= 2.1.8-stable)"
    done >"$root/DEBIAN/shlibs"
    echo 'activate-noawait ldconfig' >"$root/DEBIAN/triggers"
    finish libevent-rs-2.1-7 libs no "libevent-rs1 (= $version), ${depends%%,*}" 'libevent_rs in place of the packages of libevent 2.1' \
        "Provides: $provides
Conflicts: $conflicts
Replaces: $conflicts" <<END
Has the files under which the loader finds libevent 2.1, and takes the place of
its packages, for systems that shall not have both. Where both may be
installed, libevent-rs-default is the better way: libevent's updates reach the
system then, and nothing is replaced.
END
fi

mkdir -p "$work/libevent-rs-dev"
(cd "$all" && tar -cf - usr) | tar -xf - -C "$work/libevent-rs-dev"
finish libevent-rs-dev libdevel no "libevent-rs1 (= $version), $depends, python3:any" 'event notification library with libevent 2.1 interface (development)' <<END
Headers, the archive, pkg-config and CMake files of libevent_rs. They stand
beside those of libevent-dev: see pkg-config libevent_rs, or the directory
libevent_rs below the libraries for projects that ask for libevent.
END
