#!/bin/sh
# packages.sh DIRECTORY WORK - installs the packages in DIRECTORY with the real dpkg, in a copy of
# this system that nobody else sees (an overlay in a mount namespace of its own, below WORK), and
# tells in lines `step: which libevent a program maps` what became of it.
set -eu
debs=$1 work=$2
if [ "${PACKAGES_INSIDE:-}" != yes ]; then
    PACKAGES_INSIDE=yes exec unshare --mount --pid --fork --propagation private "$0" "$@"
fi

# The upper layer must not be on an overlay itself.
mount -t tmpfs none "$work"
mkdir "$work/upper" "$work/work" "$work/root"
root=$work/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
mkdir "$root/tmp/debs"
cp "$debs"/*.deb "$root/tmp/debs"
# tmux's socket and the set-user-id program are used by another user.
chmod 1777 "$root/tmp"

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

# maps PID - the libraries of libevent's family in a process, the drop-in objects left out.
maps() {
    # The process may not have got that far yet: libc's start-up code comes after all libraries.
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        found=$(sed -n 's|.*/\(libevent[^/]*\)$|\1|p' "$root/proc/$1/maps" | sort -u)
        [ -n "$found" ] && [ "$found" = "${before:-}" ] && break
        before=$found
        sleep 0.2
    done
    if echo "$found" | grep -q '^libevent_rs'; then
        found=$(echo "$found" | grep '^libevent_rs')
    fi
    echo "$found" | tr '\n' ' ' | sed 's/ $//'
}

# report STEP - starts memcached, a set-user-id copy of it and tmux, and says what they run on.
report() {
    chroot "$root" memcached -u nobody -l 127.0.0.1 -p 0 -s /tmp/memcached.$$ >/dev/null 2>&1 &
    server=$!
    echo "$1, memcached: $(maps "$server")"
    kill "$server"
    wait "$server" 2>/dev/null || true
    rm -f "$root/tmp/memcached.$$"

    cp "$root/usr/bin/memcached" "$root/usr/bin/memcached-setuid"
    chmod 4755 "$root/usr/bin/memcached-setuid"
    chroot --userspec=nobody "$root" memcached-setuid -u nobody -s /tmp/setuid.$$ >/dev/null 2>&1 &
    server=$!
    echo "$1, set-user-id program: $(maps "$server")"
    kill "$server"
    wait "$server" 2>/dev/null || true
    rm -f "$root/usr/bin/memcached-setuid" "$root/tmp/setuid.$$"

    inside tmux -f /dev/null -S /tmp/tmux.$$ new-session -d 'sleep 60'
    server=$(inside tmux -S /tmp/tmux.$$ display-message -p '#{pid}')
    echo "$1, tmux: $(maps "$server")"
    inside tmux -S /tmp/tmux.$$ kill-server
}

# What dpkg prints goes to standard error.
package() {
    echo "$root/tmp/debs/libevent-rs$1"_*.deb | sed "s|^$root||"
}

report 'before'
inside dpkg -i "$(package 1)" >&2
report 'library installed'
inside dpkg -i "$(package -default)" >&2
report 'default installed'

# The same version once more, as a security update would come.
mkdir "$root/tmp/libevent"
for name in '' -core -extra -openssl -pthreads; do
    name=libevent$name-2.1-7
    tree=/tmp/libevent/$name
    mkdir -p "$root$tree/DEBIAN"
    for file in $(inside dpkg-query -L "$name"); do
        if [ -f "$root$file" ] || [ -L "$root$file" ]; then
            mkdir -p "$root$tree$(dirname "$file")"
            cp -a "$root$file" "$root$tree$file"
        fi
    done
    inside dpkg-query -s "$name" | grep -v '^Status:' >"$root$tree/DEBIAN/control"
    echo 'activate-noawait ldconfig' >"$root$tree/DEBIAN/triggers"
    inside dpkg-deb -Zgzip -b "$tree" "$tree.deb" >&2
done
inside dpkg -i /tmp/libevent/libevent-2.1-7.deb >&2
report 'libevent reinstalled'

inside dpkg -i "$(package -dev)" >&2
echo "files of libevent-dev replaced: $(inside dpkg --verify libevent-dev | wc -l)"
inside dpkg -r libevent-rs-dev libevent-rs-default >&2
report 'default removed'

# What the others need is there all the time.
inside dpkg -i "$(package -2.1-7)" >&2
report 'libevent replaced'
inside apt-get check >&2
echo "packages of libevent beside the replacement: $(inside dpkg -l 'libevent*-2.1-7' | grep -c '^ii  libevent-[^r]' || true)"
# By apt, which knows of no other source for them.
mkdir "$root/tmp/lists"
inside sh -c 'exec apt-get install -y -o Dir::State::lists=/tmp/lists \
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null /tmp/libevent/*.deb' >&2 </dev/null
report 'libevent brought back'
inside apt-get check >&2
inside dpkg -P libevent-rs-dev libevent-rs-default libevent-rs-2.1-7 libevent-rs1 >&2
report 'all purged'
left=$(find "$root/etc" "$root/usr" "$root/var/lib/dpkg/info" -name '*libevent[-_]rs*' -newer "$root/tmp/debs" |
    sed "s|^$root||" | tr '\n' ' ')
echo "left behind: $left"
