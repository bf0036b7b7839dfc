# libevent_rs. `make help` lists the targets.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
# A directory of their own: libevent's headers and names may be on the system.
INCLUDEDIR ?= $(PREFIX)/include/libevent_rs
DROPINDIR ?= $(LIBDIR)/libevent_rs
MANDIR ?= $(PREFIX)/share/man
CARGO ?= cargo

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The soname's number, which build.rs sets, then the release within it.
SOVERSION := 1
REALNAME := libevent_rs.so.$(SOVERSION).$(shell echo $(VERSION) | cut -d. -f2-)
# The version whose binary interface this is.
ABI := 2.1.12-stable

OUT := $(or $(CARGO_TARGET_DIR),target)/release
ABSOUT = $(abspath $(OUT))
DEB ?= $(abspath $(OUT)/../deb)
FAMILY := libevent libevent_core libevent_extra libevent_pthreads libevent_openssl
SONAMES := $(FAMILY:%=%-2.1.so.7)
MAN := $(notdir $(wildcard docs/man/*))
HEADERS := $(patsubst include/%,%,$(wildcard include/*.h include/event2/*.h))
CMAKE_FILES := LibeventConfig.cmake LibeventConfigVersion.cmake
# What a static link needs besides: rustc --print native-static-libs, without -lgcc_s. The compiler
# adds that by itself, and what takes its place with -static.
PRIVATE_LIBS := -lutil -lrt -lpthread -lm -ldl -lc

# The same as a list of CMake's.
space := $() $()
CMAKE_PRIVATE := $(subst $(space),;,$(PRIVATE_LIBS))

PACKAGES := capi-tests/tools/need-packages.sh
DEMO_PACKAGES := memcached tor libmemcached-tools unbound nsd gearman-job-server \
	gearman-tools pgbouncer postgresql bind9-dnsutils openbsd-inetd tmux \
	fstrm-bin redsocks curl transmission-daemon transmission-cli ustreamer \
	litecoind sslsplit coturn openssl groonga-bin groonga-plugin-suggest libevhtp-dev \
	webdis redis-server bitlbee links2 apt-cacher-ng \
	build-essential pkg-config
CHECK_PACKAGES := $(DEMO_PACKAGES) libevent-dev check \
	libssl-dev libmbedtls-dev bind9 knot dnsdist apache2-utils wrk nginx-light python3-websockets \
	cmake meson autoconf dpkg-dev lintian valgrind $(call CROSS,arm64)
# The C compiler for a Debian architecture.
CROSS = $(if $(filter $(1),arm64),gcc-aarch64-linux-gnu,$(if $(filter $(1),armhf),\
	gcc-arm-linux-gnueabihf,gcc-$(if $(filter $(1),i386),i686,$(1))-linux-gnu))
BENCH_PACKAGES := build-essential libevent-dev libev-dev libuv1-dev libc-ares-dev wrk nginx-light libssl-dev

RUN := src/dropin/libevent_rs-run.in
STUBS := src/dropin/stubs.sh
STATIC := src/dropin/static.sh
RPCGEN_PY := src/dropin/event_rpcgen.py.in
PC := src/dropin/libevent_rs.pc.in
DROPIN_PC := src/dropin/libevent.pc.in

.PHONY: all lib headers docs check quick check-long check-arch bench bench-publish fuzz demo deb install uninstall clean help
all: lib $(OUT)/libevent_rs-run

# Cargo knows whether there is anything to do.
lib:
	@command -v $(CARGO) >/dev/null || { echo 'cargo is missing: Rust 1.95 or newer is needed' >&2; exit 1; }
	@command -v cc >/dev/null || $(PACKAGES) build-essential
	$(CARGO) build --release
	@ln -sf libevent_rs.so $(OUT)/libevent_rs.so.$(SOVERSION)
	@$(STUBS) run $(OUT)/libevent_rs.so $(OUT)/dropin '$$ORIGIN/..'
	@$(STUBS) link $(OUT)/libevent_rs.so $(OUT)/dropin/link
	@sed 's|@bindir@|$(ABSOUT)|' $(RPCGEN_PY) >$(OUT)/event_rpcgen.py
	@chmod 755 $(OUT)/event_rpcgen.py

$(OUT)/libevent_rs-run: $(RUN) Makefile Cargo.toml | lib
	@sed -e 's|@dropin@|$(ABSOUT)/dropin|' -e 's|@version@|$(VERSION)|' $(RUN) >$@
	@chmod 755 $@

# Writes include/ from src/ctypes and src/abi.
headers:
	ABI_UPDATE=1 $(CARGO) test --quiet --test abi -- headers_are_up_to_date

check:
	@$(PACKAGES) $(CHECK_PACKAGES)
	@capi-tests/tools/check.sh

# Before each commit: no programs, one backend, no locks.
quick:
	@$(PACKAGES) build-essential pkg-config libevent-dev check
	@capi-tests/tools/check.sh quick

# SECONDS is the time for each trial of the long run.
check-long: SECONDS ?= 60
check-long:
	@$(PACKAGES) $(CHECK_PACKAGES) clang
	@SOAK_SECONDS=$(SECONDS) capi-tests/tools/check.sh long

# Another architecture under qemu: arm64, armhf, i386 or s390x; FILTER chooses trials.
check-arch: ARCH ?= arm64
check-arch:
	@$(PACKAGES) $(CHECK_PACKAGES) $(call CROSS,$(ARCH)) qemu-user-static
	@capi-tests/arch/check.sh $(ARCH)

# ROUNDS=9 measures longer, WORK='timer once' only works with such names; see
# capi-tests/bench/main.rs.
bench:
	@$(PACKAGES) $(BENCH_PACKAGES)
	@$(CARGO) bench --quiet --bench bench -- $(WORK)

# With the tables of docs/performance.md and the picture.
bench-publish:
	@PUBLISH=1 $(MAKE) --no-print-directory bench

# Needs Rust's nightly toolchain; FUZZ_TIME is the seconds for each target.
fuzz:
	@$(PACKAGES) clang libclang-rt-dev
	@capi-tests/fuzz/run.sh

demo:
	@$(PACKAGES) $(DEMO_PACKAGES)
	@$(MAKE) --no-print-directory all
	@$(CARGO) test --test programs -- demo

# What is built is installed as it is: root may have no cargo. `lib` makes this last.
BUILT := $(OUT)/dropin/link/libevent_openssl.so
$(BUILT):
	@$(MAKE) --no-print-directory lib

install: $(BUILT)
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(INCLUDEDIR)/event2"
	install -d "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(DROPINDIR)/pkgconfig" \
		"$(DESTDIR)$(DROPINDIR)/cmake" "$(DESTDIR)$(DROPINDIR)/bin"
	install -m 755 $(OUT)/libevent_rs.so "$(DESTDIR)$(LIBDIR)/$(REALNAME)"
	ln -sf $(REALNAME) "$(DESTDIR)$(LIBDIR)/libevent_rs.so.$(SOVERSION)"
	ln -sf libevent_rs.so.$(SOVERSION) "$(DESTDIR)$(LIBDIR)/libevent_rs.so"
	@$(STATIC) $(OUT)/libevent_rs.a "$(DESTDIR)$(LIBDIR)/libevent_rs.a"
	@for header in $(HEADERS); do \
		install -m 644 include/$$header "$(DESTDIR)$(INCLUDEDIR)/$$header" || exit 1; \
	done
	@sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
		-e 's|@version@|$(VERSION)|' -e 's|@private@|$(PRIVATE_LIBS)|' \
		$(PC) >"$(DESTDIR)$(LIBDIR)/pkgconfig/libevent_rs.pc"
	@for name in $(FAMILY); do \
		install -m 755 $(OUT)/dropin/$$name-2.1.so.7 "$(DESTDIR)$(DROPINDIR)" || exit 1; \
		install -m 755 $(OUT)/dropin/link/$$name.so "$(DESTDIR)$(DROPINDIR)" || exit 1; \
		ln -sf ../libevent_rs.a "$(DESTDIR)$(DROPINDIR)/$$name.a"; \
		sed -e 's|@prefix@|$(PREFIX)|' -e 's|@dropin@|$(DROPINDIR)|' \
			-e 's|@includedir@|$(INCLUDEDIR)|' -e 's|@abi@|$(ABI)|' \
			-e "s|@name@|$$name|" -e "s|@libs@|-l$${name#lib}|" \
			-e 's|@private@|$(PRIVATE_LIBS)|' \
			$(DROPIN_PC) >"$(DESTDIR)$(DROPINDIR)/pkgconfig/$$name.pc"; \
	done
	@for page in $(MAN); do \
		directory="$(DESTDIR)$(MANDIR)/man$${page##*.}"; install -d "$$directory"; \
		sed -e 's|@dropin@|$(DROPINDIR)|' -e 's|@version@|$(VERSION)|' docs/man/$$page \
			>"$$directory/$$page" || exit 1; \
	done
	@for name in $(CMAKE_FILES); do \
		sed -e 's|@dropin@|$(DROPINDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
			-e 's|@abi_number@|$(ABI:%-stable=%)|' -e "s|@private_list@|$(CMAKE_PRIVATE)|" \
			src/dropin/$$name.in >"$(DESTDIR)$(DROPINDIR)/cmake/$$name" || exit 1; \
	done
	@sed -e 's|@dropin@|$(DROPINDIR)|' -e 's|@version@|$(VERSION)|' $(RUN) \
		>"$(DESTDIR)$(BINDIR)/libevent_rs-run"
	@chmod 755 "$(DESTDIR)$(BINDIR)/libevent_rs-run"
	install -m 755 $(OUT)/event_rpcgen "$(DESTDIR)$(BINDIR)/event_rpcgen"
	@sed 's|@bindir@|$(BINDIR)|' $(RPCGEN_PY) >"$(DESTDIR)$(DROPINDIR)/bin/event_rpcgen.py"
	@chmod 755 "$(DESTDIR)$(DROPINDIR)/bin/event_rpcgen.py"

# An HTML reference and man3 pages, in target/docs.
docs:
	@$(PACKAGES) doxygen
	@mkdir -p target/docs && doxygen docs/Doxyfile
	@DOCS_UPDATE=1 $(CARGO) test --quiet --test docs

# Debian packages for this machine's architecture, or for ARCH, in target/deb.
ifneq ($(filter-out $(shell dpkg --print-architecture 2>/dev/null),$(ARCH)),)
deb:
	@$(PACKAGES) dpkg-dev binutils $(call CROSS,$(ARCH))
	@built=$$(capi-tests/arch/check.sh $(ARCH) build | tail -n 1) && \
		CC=$(CURDIR)/target/arch/$(ARCH)/cc src/dropin/deb.sh $(VERSION) $(DEB) $(ARCH) $$built
else
deb: $(BUILT)
	@$(PACKAGES) dpkg-dev binutils
	@src/dropin/deb.sh $(VERSION) $(DEB)
endif

# Takes away what install brought, and directories that are empty then.
uninstall:
	rm -f "$(DESTDIR)$(BINDIR)/libevent_rs-run" "$(DESTDIR)$(LIBDIR)/pkgconfig/libevent_rs.pc"
	rm -f "$(DESTDIR)$(BINDIR)/event_rpcgen" "$(DESTDIR)$(DROPINDIR)/bin/event_rpcgen.py"
	rm -f "$(DESTDIR)$(LIBDIR)/libevent_rs.a" "$(DESTDIR)$(LIBDIR)/libevent_rs.so" \
		"$(DESTDIR)$(LIBDIR)/libevent_rs.so.$(SOVERSION)" "$(DESTDIR)$(LIBDIR)/$(REALNAME)"
	rm -f $(FAMILY:%="$(DESTDIR)$(DROPINDIR)/%-2.1.so.7") $(FAMILY:%="$(DESTDIR)$(DROPINDIR)/%.so") \
		$(FAMILY:%="$(DESTDIR)$(DROPINDIR)/%.a") $(FAMILY:%="$(DESTDIR)$(DROPINDIR)/pkgconfig/%.pc")
	@for page in $(MAN); do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page"; done
	rm -f $(CMAKE_FILES:%="$(DESTDIR)$(DROPINDIR)/cmake/%")
	rm -f $(HEADERS:%="$(DESTDIR)$(INCLUDEDIR)/%")
	-@rmdir "$(DESTDIR)$(DROPINDIR)/pkgconfig" "$(DESTDIR)$(DROPINDIR)/cmake" \
		"$(DESTDIR)$(DROPINDIR)/bin" "$(DESTDIR)$(DROPINDIR)" \
		"$(DESTDIR)$(INCLUDEDIR)/event2" "$(DESTDIR)$(INCLUDEDIR)" 2>/dev/null

clean:
	$(CARGO) clean

help:
	@echo 'make             the library, target/release/dropin with the old names, libevent_rs-run'
	@echo 'make demo        unmodified Debian programs doing real work on the library (2 minutes)'
	@echo 'make check       all tests; the last line is "N passed, N failed" (20 minutes)'
	@echo 'make quick       the checks that need no whole programs, on one backend (90 seconds)'
	@echo 'make check-long  the slow tests besides: sanitizers, valgrind, SECONDS (60) of a long run'
	@echo 'make check-arch  builds for ARCH (arm64) and runs the conformance programs under qemu'
	@echo 'make bench       times against libevent, libev, libuv, nginx (8 minutes); tables in target/bench'
	@echo 'make bench-publish  the same, and writes them into docs/performance.md'
	@echo 'make fuzz        a search for inputs that break the library, 30 s a target (nightly Rust)'
	@echo 'make docs        HTML reference and man3 pages, in target/docs; docs/differences.md'
	@echo 'make headers     include/ from src/ctypes and src/abi, after a change there'
	@echo 'make install     to DESTDIR, PREFIX ($(PREFIX)), LIBDIR ($(LIBDIR))'
	@echo 'make deb         Debian packages, in $(DEB)'
	@echo 'make uninstall   takes the same away again'
	@echo 'make clean       everything that was built'
