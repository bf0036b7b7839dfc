#!/bin/sh
# Writes docs/programs.md: every package of the distribution that depends on libevent, by apt's
# lists; what its programs take from libevent, where the package is installed here; and what drives
# it, where something in capi-tests/programs.rs does, with the result of the last `make demo`.
# Nothing is downloaded.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
demo=$here/target/tmp/demo.tsv
[ -e "$demo" ] || {
    echo "programs.sh: make demo first" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# The package of each driver in capi-tests/programs.rs. libevhtp0 is a library,
# with which evhtp's driver builds programs.
cat >"$work/drivers" <<'LIST'
memcached memcached
unbound unbound
nsd nsd
gearmand gearman-job-server
pgbouncer pgbouncer
inetd openbsd-inetd
fstrm_capture fstrm-bin
redsocks redsocks
tor tor
transmission transmission-daemon
tmux tmux
ustreamer ustreamer
litecoind litecoind
sslsplit sslsplit
coturn coturn
groonga groonga-plugin-suggest
evhtp libevhtp0
webdis webdis
bitlbee bitlbee
apt_cacher_ng apt-cacher-ng
links links2
LIST

# What was run by hand, on libevent and then on this library, with equal results: too large to
# download for a test, or in need of root, a fixed port or network namespaces.
cat >"$work/by-hand" <<'LIST'
firefox-esr|a page with a frame, a worker, a fetch and a canvas, headless: the pictures are equal to the last pixel, and every process runs on this library
opensmtpd|30 messages in 6 sessions at once, 60 deliveries to maildirs; refusals; its seven processes
lldpd|two daemons in network namespaces see each other and changes of description; 40 clients at once
openbgpd|bgplgd, its only program that uses libevent: FastCGI requests one after the other, replies of 1.3 MB; with 16 at once it closes descriptors that its events still watch, and loses replies, on libevent too
rtpengine-daemon|20 calls by the ng protocol with 2,000 packets relayed; CLI, HTTP
zabbix-proxy-sqlite3|4,100 values by the trapper through two preprocessing workers (multiplier, regular expression, JavaScript) into the database
libunbound8|a C program with ub_ctx_create_event: 300 lookups at nsd, some cancelled
libgetdns10|a C program with the libevent extension: 200 lookups each by UDP and TCP, some cancelled
libopenmpi3|a program with 3 ranks by TCP: Allreduce, 1 MB messages, Sendrecv
openmpi-bin|mpirun: ranks, input and output of theirs, exit codes
libpmix2|by openmpi-bin
dnsproxy|130 lookups in front of nsd, 30 of them at once
pgqd|ticks, retries and maintenance of a database with functions in place of pgq's
php8.2-http|40 requests by a client with `use_eventloop`, ten at a time
poolcounter|locks of 30 clients, queues, time limits, 300 connections
tcpbench|4 connections by TCP; UDP
trickle|two downloads at once through one trickled. On both libraries the client may abort with a corrupt heap: trickle's own library in it, which does not use libevent, leaves half of a length uninitialised and receives more than the client's buffer holds
crystal|a server and 40 clients of HTTP in one program (1,000 requests), channels, time limits, processes, pipes, signals, UDP
grok|the output of two commands against patterns. It ends with its commands and loses what it has not read by then: more on libevent, which reads less at once
lua-event|a server and 30 clients, 600 echoes; timers; buffers
ocproxy|SOCKS by address and by name, a forwarded port, 0.2 MB down and 0.7 MB up, with the kernel's IP stack at the other end; it stops after some ten connections in quick order, on libevent too
opencu|two terminals: 200 lines each way, then 300 kB in one piece
libreswan|two daemons in network namespaces: an IKE SA by a shared key, refused children of it, status 30 times, shutdown; there a helper thread may crash in NSPR's destructors, on libevent too
tmate|a session without a terminal; finds its server by evdns, is disconnected, tries again
nfs-common|rpc.idmapd and rpc.gssd start, wait, and end by a signal
libmemcached-tools|memcaslap: 40,000 operations, none failed
LIST

for part in '' core- extra- openssl- pthreads-; do
    for suffix in '' t64; do
        name=libevent-${part}2.1-7$suffix
        apt-cache showpkg "$name" 2>/dev/null |
            awk -v part="${part:-all }" '
                /^Reverse Depends:/ { on = 1; next }
                /^[A-Z]/ { on = 0 }
                on { sub(/,.*/, ""); gsub(/ /, ""); sub(/:.*/, ""); print $0, substr(part, 1, length(part) - 1) }'
    done
done | grep -v '^libevent-' | sort -u >"$work/needs"
# Which headers declare what the files of package $1 take from libevent.
headers() {
    dpkg -L "$1" 2>/dev/null | grep -E '/(s?bin|games)/|\.so|/lib(exec)?/' | while read -r file; do
        [ -f "$file" ] && [ ! -L "$file" ] || continue
        LC_ALL=C readelf -d "$file" 2>/dev/null | grep -q 'NEEDED.*\[libevent' || continue
        LC_ALL=C nm -D --undefined-only "$file" 2>/dev/null | awk '{ print $NF }'
    done | awk '
        { sub(/@.*/, "") }
        /^evhttp_/ { print "http"; next }
        /^evdns_/ { print "dns"; next }
        /^evws_/ { print "ws"; next }
        /^ev(tag|rpc)_/ { print "rpc"; next }
        /^bufferevent_.*ssl/ { print "bufferevent_ssl"; next }
        /^bufferevent_/ { print "bufferevent"; next }
        /^evbuffer_/ { print "buffer"; next }
        /^evconnlistener_/ { print "listener"; next }
        /^evthread_/ { print "thread"; next }
        /^evutil_/ { print "util"; next }
        /^event_(set|init|dispatch|loop|loopexit|once|base_set|priority_init)$/ { print "event_compat"; next }
        /^(event|evtimer|evsignal|libevent)_/ { print "event" }' | sort -u | tr '\n' ' ' | sed 's/ $//; s/ /, /g'
}

page=$here/docs/programs.md
cut -d' ' -f1 "$work/needs" | sort -u >"$work/packages"
{
    cat <<'TEXT'
# Programs

Debian's packages that depend on libevent, by apt's lists where
`capi-tests/tools/programs.sh` wrote this page.

- *libraries*: which of libevent's five packages it depends on; `all` is `libevent-2.1.so.7`, which has
  core and extra in it.
- *headers*: where the package was installed, the headers (`event2/NAME.h`) that declare the
  functions which its programs take from libevent. Empty says only that it was not installed.
- *driven by*: the driver in `capi-tests/programs` that has the unmodified program do real work, on libevent
  first and then on this library; `make check` runs all of them, and they must pass.
- *answers*: how many of the program's answers the driver checked in the last `make demo` before this
  page was written, all of them right.
- *by hand*: what was run by hand instead (November 2026), on libevent and on this library, on loopback
  only, with equal results where nothing else is said.
- Of the others nothing is claimed but that every function of libevent 2.1.12 is there
  (`libevent_rs-run --check COMMAND` looks at one).

TEXT
    driven=$(wc -l <"$work/drivers")
    by_hand=$(wc -l <"$work/by-hand")
    echo "$(wc -l <"$work/packages") packages, $driven of them driven and $by_hand more run by hand."
    echo
    echo '| package | libraries | headers | driven by | answers | by hand |'
    echo '| --- | --- | --- | --- | --- | --- |'
    while read -r package; do
        libraries=$(awk -v p="$package" '$1 == p { print $2 }' "$work/needs" | sort -u | tr '\n' ' ' | sed 's/ $//; s/ /, /g')
        driver=$(awk -v p="$package" '$2 == p { print "`" $1 "`" }' "$work/drivers")
        answers=
        if [ -n "$driver" ]; then
            answers=$(awk -v d="$driver" -F '\t' '"`" $1 "`" == d { print $2 }' "$demo")
        fi
        did=$(awk -F '|' -v p="$package" '$1 == p { print $2 }' "$work/by-hand")
        echo "| $package | $libraries | $(headers "$package") | $driver | $answers | $did |"
    done <"$work/packages"
} >"$work/page"
mv "$work/page" "$page"
