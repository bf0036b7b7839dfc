#!/bin/sh
# need-packages.sh PACKAGE... - make sure that these Debian packages are there.
#
# All there: does nothing, asks nothing of the network. Some missing: installs
# them when run by root, otherwise names them and fails. A package's services
# are kept from starting while it is installed: the tests start their own.
set -eu

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c2)" = i ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "need-packages: not a Debian system; what Debian calls these is needed: $*" >&2
    exit 0
fi

missing=
for package in "$@"; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "Debian packages are missing; as root:  apt-get install$missing" >&2
    exit 1
fi

# invoke-rc.d and deb-systemd-invoke ask this program whether they may start a
# service; status 101 says no. A policy that stands there already comes back.
policy=/usr/sbin/policy-rc.d
aside=
restore() {
    rm -f "$policy"
    [ -z "$aside" ] || mv "$aside" "$policy"
}
if [ -e "$policy" ] || [ -L "$policy" ]; then
    aside=$policy.aside-$$
    mv "$policy" "$aside"
fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "installing Debian packages:$missing" >&2
# shellcheck disable=SC2086 # a list of words
install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 $missing </dev/null >&2
}
# Package lists may be absent or older than the archive: refresh them first.
apt-get update -qq </dev/null >&2
install
