/*
 * Making and freeing listeners: flags, backlogs, errors.
 */
#include "listeners.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/un.h>

static int
option(int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	if (getsockopt(evconnlistener_get_fd(listener), level, name, &value,
	        &size))
		return -errno;
	return value;
}

/* The descriptor that comes next: the same as before if none leaked. */
static int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void
trace_socket(const char *name)
{
	int fd = evconnlistener_get_fd(listener);

	trace("%s: reuse %d, port %d, alive %d, deferred %d, nonblocking %d, "
	      "on exec %d, listening %d", name,
	    option(SOL_SOCKET, SO_REUSEADDR), option(SOL_SOCKET, SO_REUSEPORT),
	    option(SOL_SOCKET, SO_KEEPALIVE),
	    option(IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0,
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0,
	    fcntl(fd, F_GETFD) & FD_CLOEXEC, option(SOL_SOCKET, SO_ACCEPTCONN));
}

TEST(flags_reach_the_socket)
{
	static const struct {
		unsigned flag;
		const char *name;
	} flags[] = {
	    {0, "none"},
	    {LEV_OPT_LEAVE_SOCKETS_BLOCKING, "leave blocking"},
	    {LEV_OPT_CLOSE_ON_FREE, "close on free"},
	    {LEV_OPT_CLOSE_ON_EXEC, "close on exec"},
	    {LEV_OPT_REUSEABLE, "reuseable"},
	    {LEV_OPT_THREADSAFE, "threadsafe"},
	    {LEV_OPT_DISABLED, "disabled"},
	    {LEV_OPT_DEFERRED_ACCEPT, "deferred"},
	    {LEV_OPT_REUSEABLE_PORT, "reuseable port"},
	    {0x800000, "unknown"},
	    {0xff, "all"},
	};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int fd;

		listen_on(flags[i].flag, take);
		trace_socket(flags[i].name);
		trace("events %d", events());
		fd = evconnlistener_get_fd(listener);
		evconnlistener_free(listener);
		trace("open after free %d", fcntl(fd, F_GETFD) != -1);
		close(fd);
	}
}

static void
trace_bind(const char *name, unsigned flags, const void *address, int len)
{
	int before = next_fd(), error;

	errno = 0;
	listener = evconnlistener_new_bind(base, take, NULL,
	    flags | LEV_OPT_CLOSE_ON_FREE, -1, address, len);
	error = errno;
	if (!listener) {
		trace("%s: errno %d", name, error);
		ck_assert_int_eq(next_fd(), before);
	} else {
		trace("%s: made", name);
	}
}

TEST(binding_fails)
{
	struct sockaddr_in taken = loopback(0);
	struct sockaddr strange = {.sa_family = 77};
	struct evconnlistener *first;

	listen_on(LEV_OPT_REUSEABLE, take);
	first = listener;
	taken.sin_port = htons(port_of(evconnlistener_get_fd(listener)));
	trace_bind("in use", 0, &taken, sizeof(taken));
	trace_bind("in use, reuseable", LEV_OPT_REUSEABLE, &taken,
	    sizeof(taken));
	trace_bind("in use, port", LEV_OPT_REUSEABLE_PORT, &taken,
	    sizeof(taken));
	trace_bind("short", 0, &taken, 4);
	trace_bind("negative length", 0, &taken, -1);
	trace_bind("none", 0, NULL, 0);
	trace_bind("none with a length", 0, NULL, 16);
	trace_bind("strange family", 0, &strange, sizeof(strange));
	taken.sin_addr.s_addr = htonl(0x01020304);
	taken.sin_port = 0;
	trace_bind("somebody else's", 0, &taken, sizeof(taken));
	evconnlistener_free(first);
}

TEST(binding_with_room_behind_the_address)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in address = loopback(0);

	base = event_base_new();
	memcpy(&storage, &address, sizeof(address));
	trace_bind("storage", 0, &storage, sizeof(storage));
	evconnlistener_free(listener);
}

TEST(flags_for_other_families)
{
	struct sockaddr_in v4 = loopback(0);
	struct sockaddr_un path = {.sun_family = AF_UNIX};

	base = event_base_new();
	trace_bind("IPv6 only, IPv4", LEV_OPT_BIND_IPV6ONLY, &v4, sizeof(v4));
	snprintf(path.sun_path, sizeof(path.sun_path), "/tmp/capi-%d",
	    getpid());
	trace_bind("deferred, UNIX", LEV_OPT_DEFERRED_ACCEPT, &path,
	    sizeof(path));
	trace_bind("IPv6 only, UNIX", LEV_OPT_BIND_IPV6ONLY, &path,
	    sizeof(path));
	ck_assert_int_eq(access(path.sun_path, F_OK), -1);
	trace_bind("UNIX", LEV_OPT_REUSEABLE, &path, sizeof(path));
	trace_bind("UNIX again", LEV_OPT_REUSEABLE, &path, sizeof(path));
	unlink(path.sun_path);
}

TEST(ipv6_only)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = loopback(0);
	struct evconnlistener *both = NULL;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd == -1)
		return;
	close(fd);
	base = event_base_new();
	/* Another program may have the same port of the other family. */
	for (int tries = 0; !both && tries < 20; tries++) {
		listener = evconnlistener_new_bind(base, take, NULL,
		    LEV_OPT_BIND_IPV6ONLY | LEV_OPT_REUSEABLE, -1,
		    (void *)&any, sizeof(any));
		if (!listener)
			return;
		ck_assert_int_eq(option(IPPROTO_IPV6, IPV6_V6ONLY), 1);
		v4.sin_port =
		    htons(port_of(evconnlistener_get_fd(listener)));
		both = evconnlistener_new_bind(base, take, NULL,
		    LEV_OPT_REUSEABLE, -1, (void *)&v4, sizeof(v4));
	}
	ck_assert_ptr_nonnull(both);
	ck_assert_ptr_nonnull(listener = evconnlistener_new_bind(base, take,
	    NULL, 0, -1, (void *)&any, sizeof(any)));
	ck_assert_int_eq(option(IPPROTO_IPV6, IPV6_V6ONLY), 0);
}

TEST(several_share_a_port)
{
	struct sockaddr_in address = loopback(0);

	listen_on(LEV_OPT_REUSEABLE_PORT, take);
	address.sin_port = htons(port_of(evconnlistener_get_fd(listener)));
	trace_bind("second", LEV_OPT_REUSEABLE_PORT, &address,
	    sizeof(address));
	trace_bind("without the flag", 0, &address, sizeof(address));
}

static unsigned
capacity(int backlog)
{
	struct sockaddr_in address = loopback(0);

	listener = evconnlistener_new_bind(base, NULL, NULL, 0, backlog,
	    (void *)&address, sizeof(address));
	ck_assert_ptr_nonnull(listener);
	return queue_size(evconnlistener_get_fd(listener));
}

TEST(backlogs)
{
	base = event_base_new();
	trace("default %u", capacity(-1));
	trace("another negative %u", capacity(-7));
	trace("one %u", capacity(1));
	trace("many %u", capacity(1000));
}

TEST(no_backlog_for_a_new_socket)
{
	struct sockaddr_in address = loopback(0);
	int before = next_fd();

	base = event_base_new();
	before = next_fd();
	ck_assert_ptr_null(evconnlistener_new_bind(base, take, NULL, 0, 0,
	    (void *)&address, sizeof(address)));
	ck_assert_int_eq(next_fd(), before);
}

/* ---- Sockets that the program brings ---- */

static int
bound_socket(void)
{
	struct sockaddr_in address = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_eq(bind(fd, (void *)&address, sizeof(address)), 0);
	return fd;
}

TEST(a_socket_of_the_programs)
{
	int fd = bound_socket();

	base = event_base_new();
	listener = evconnlistener_new(base, take, NULL,
	    LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DEFERRED_ACCEPT,
	    7, fd);
	ck_assert_int_eq(evconnlistener_get_fd(listener), fd);
	trace_socket("mine");
	dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
	evconnlistener_free(listener);
	ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
}

TEST(a_socket_that_listens_already)
{
	int fd = bound_socket();

	base = event_base_new();
	listen(fd, 3);
	listener = evconnlistener_new(base, take, NULL, LEV_OPT_CLOSE_ON_FREE,
	    0, fd);
	dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
	evconnlistener_free(listener);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}

static void
silent(int severity, const char *message)
{
	(void)message;
	if (severity >= EVENT_LOG_WARN)
		note("warn");
}

static void
trace_new(const char *name, int backlog, int fd)
{
	int error;

	errno = 0;
	listener = evconnlistener_new(base, take, NULL, LEV_OPT_CLOSE_ON_FREE,
	    backlog, fd);
	error = listener ? 0 : errno;
	trace("%s: made %d, errno %d, open %d", name, listener != NULL, error,
	    fcntl(fd, F_GETFD) != -1);
	if (listener)
		evconnlistener_free(listener);
}

TEST(descriptors_that_cannot_listen)
{
	base = event_base_new();
	capi_pair(pair);
	event_set_log_callback(silent);
	trace_new("none", -1, -1);
	trace_new("closed", -1, 300);
	trace_new("connected", -1, pair[0]);
	trace_new("file", -1, open("/dev/null", O_RDWR));
	trace_new("closed, listening", 0, 300);
	trace_new("connected, listening", 0, pair[1]);
}

ACCEPT(never)
{
	ck_abort_msg("a connection from nowhere");
}

static void
on_error(struct evconnlistener *of, void *arg)
{
	int error = errno;

	ck_assert_ptr_eq(of, listener);
	note("error:%d%s", error, arg ? (char *)arg : "");
}

static void
on_error_disable(struct evconnlistener *of, void *arg)
{
	on_error(of, arg);
	evconnlistener_disable(of);
}

static void
on_error_free(struct evconnlistener *of, void *arg)
{
	on_error(of, arg);
	evconnlistener_free(of);
}

static void
not_listening(evconnlistener_errorcb callback)
{
	event_set_log_callback(silent);
	if (!base)
		base = event_base_new();
	listener = evconnlistener_new(base, never, (void *)"!",
	    LEV_OPT_CLOSE_ON_FREE, 0, bound_socket());
	ck_assert_ptr_nonnull(listener);
	evconnlistener_set_error_cb(listener, callback);
}

static int
short_turn(void)
{
	return event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

TEST(accepting_fails)
{
	not_listening(on_error);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("error:22!");
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("error:22!");
	evconnlistener_set_error_cb(listener, on_error_disable);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("error:22!");
	ck_assert_int_eq(short_turn(), 1);
	evconnlistener_free(listener);
}

TEST(accepting_fails_and_nobody_is_told)
{
	not_listening(NULL);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("warn");
	ck_assert_int_eq(events(), 1);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("warn");
}

TEST(freed_by_its_error_callback)
{
	not_listening(on_error_free);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("error:22!");
	ck_assert_int_eq(short_turn(), 1);
}

TEST(out_of_descriptors)
{
	struct rlimit limit, low;
	int fds[3];

	event_set_log_callback(silent);
	listen_on(0, take);
	for (int i = 0; i < 3; i++)
		fds[i] = dial();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	/* Room for one. */
	low.rlim_cur = next_fd() + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("take warn");
	evconnlistener_set_error_cb(listener, on_error_disable);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("error:24");
	ck_assert_int_eq(short_turn(), 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	ck_assert_int_eq(short_turn(), 0);
	ck_notes("take take");
	close(fds[0]);
}

/* ---- Memory ---- */

static int allocations, failing;

static void *
count_and_fail(size_t size)
{
	return ++allocations == failing ? NULL : malloc(size);
}

TEST(no_memory_for_a_listener)
{
	struct sockaddr_in address = loopback(0);
	int before, fd;

	event_set_mem_functions(count_and_fail, realloc, free);
	base = event_base_new();
	fd = bound_socket();
	before = next_fd();
	allocations = 0;
	failing = 1;
	errno = 0;
	ck_assert_ptr_null(evconnlistener_new_bind(base, take, NULL,
	    LEV_OPT_CLOSE_ON_FREE, -1, (void *)&address, sizeof(address)));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_eq(next_fd(), before);
	allocations = 0;
	ck_assert_ptr_null(evconnlistener_new(base, take, NULL,
	    LEV_OPT_CLOSE_ON_FREE, -1, fd));
	ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
	failing = 0;
	listener = evconnlistener_new(base, take, NULL, LEV_OPT_CLOSE_ON_FREE,
	    -1, fd);
	dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
}
