/* Connecting: what is told, when, and what is left afterwards. */
#include "bufferevents.h"
#include <event2/dns.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct sockaddr_in address;
static int told;

EVENT_CALLBACK(tell)
{
	note_event(b, what, arg);
	told++;
}

static void
begin_connect(evutil_socket_t fd)
{
	base = event_base_new();
	signal(SIGPIPE, SIG_IGN);
	bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, note_read, note_write, tell, "");
}

static int
connect_to(const void *to, size_t size)
{
	return bufferevent_socket_connect(bev, to, (int)size);
}

/* A port that nobody listens on, nor will. */
static void
closed_port(void)
{
	bind_to_loopback(&address);
}

TEST(to_an_ipv4_address)
{
	evutil_socket_t listener = listen_on_loopback(&address), peer;

	begin_connect(-1);
	ck_assert_int_eq(connect_to(&address, sizeof(address)), 0);
	ck_assert_int_ge(bufferevent_getfd(bev), 0);
	ck_assert_int_ne(
	    fcntl(bufferevent_getfd(bev), F_GETFL) & O_NONBLOCK, 0);
	trace("close-on-exec %d",
	    fcntl(bufferevent_getfd(bev), F_GETFD) & FD_CLOEXEC);
	ck_notes("");
	run_until(&told, 1);
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
	capi_log[0] = '\0';
	peer = accept(listener, NULL, NULL);
	say(bev, "hello");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(peer), "hello");
}

TEST(to_an_ipv6_address)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(six);
	evutil_socket_t listener = socket(AF_INET6, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&six, size) == -1)
		return;
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&six, &size);
	begin_connect(-1);
	ck_assert_int_eq(connect_to(&six, sizeof(six)), 0);
	run_until(&told, 1);
	ck_notes("connected");
}

TEST(to_a_unix_socket)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	evutil_socket_t listener = socket(AF_UNIX, SOCK_STREAM, 0);

	/* An abstract name leaves no file behind. */
	snprintf(local.sun_path + 1, sizeof(local.sun_path) - 1,
	    "bufferevent_connect.%d", (int)getpid());
	ck_assert_int_eq(
	    bind(listener, (struct sockaddr *)&local, sizeof(local)), 0);
	listen(listener, 1);
	begin_connect(-1);
	trace("%d", connect_to(&local, sizeof(local)));
	trace("at once: %s", capi_log);
	run_until(&told, 1);
	ck_notes("w0 connected");
	close(listener);
	/* Refused at once. */
	bufferevent_free(bev);
	begin_connect(-1);
	trace("refused %d", connect_to(&local, sizeof(local)));
	turn();
	trace("%s, descriptor %s", capi_log,
	    bufferevent_getfd(bev) == -1 ? "none" : "some");
}

TEST(refused)
{
	closed_port();
	begin_connect(-1);
	ck_assert_int_eq(connect_to(&address, sizeof(address)), 0);
	run_until(&told, 1);
	ck_notes("error(ECONNREFUSED)");
	trace("enabled %x, descriptor %s",
	    (unsigned)bufferevent_get_enabled(bev),
	    bufferevent_getfd(bev) == -1 ? "none" : "some");
	turn();
	ck_notes("");
}

TEST(refused_while_reading_with_output)
{
	closed_port();
	begin_connect(-1);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	say(bev, "hello");
	ck_assert_int_eq(connect_to(&address, sizeof(address)), 0);
	run_until(&told, 1);
	turn();
	trace("%s, out %zu, enabled %x", capi_log, out(bev),
	    (unsigned)bufferevent_get_enabled(bev));
}

TEST(output_and_reading_before_it_is_connected)
{
	evutil_socket_t listener = listen_on_loopback(&address), peer;

	begin_connect(-1);
	say(bev, "hello");
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(connect_to(&address, sizeof(address)), 0);
	peer = accept(listener, NULL, NULL);
	put(peer, "welcome");
	run_until(&told, 1);
	while (in(bev) < 7)
		once();
	turn();
	ck_assert_str_eq(got(peer), "hello");
	ck_assert_int_eq(strncmp(capi_log, "connected ", 10), 0);
}

TEST(on_a_descriptor_of_the_program)
{
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	listen_on_loopback(&address);
	begin_connect(fd);
	ck_assert_int_eq(connect_to(&address, sizeof(address)), 0);
	ck_assert_int_eq(bufferevent_getfd(bev), fd);
	run_until(&told, 1);
	ck_notes("connected");
}

TEST(program_has_begun_to_connect)
{
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	listen_on_loopback(&address);
	connect(fd, (struct sockaddr *)&address, sizeof(address));
	begin_connect(fd);
	ck_assert_int_eq(bufferevent_socket_connect(bev, NULL, 0), 0);
	run_until(&told, 1);
	ck_notes("connected");
}

TEST(without_address_or_descriptor)
{
	begin_connect(-1);
	trace("%d", bufferevent_socket_connect(bev, NULL, 0));
	turn();
	trace("%s", capi_log);
}

TEST(to_an_unknown_family)
{
	struct sockaddr nonsense = {.sa_family = 200};

	begin_connect(-1);
	trace("%d", connect_to(&nonsense, sizeof(nonsense)));
	turn();
	trace("%s", capi_log);
}

EVENT_CALLBACK(free_in_event)
{
	tell(b, what, arg);
	bufferevent_free(b);
}

TEST(freed_when_told)
{
	listen_on_loopback(&address);
	begin_connect(-1);
	bufferevent_setcb(bev, NULL, NULL, free_in_event, "");
	bufferevent_enable(bev, EV_READ);
	connect_to(&address, sizeof(address));
	run_until(&told, 1);
	closed_port();
	begin_connect(-1);
	bufferevent_setcb(bev, NULL, NULL, free_in_event, "");
	connect_to(&address, sizeof(address));
	run_until(&told, 2);
	turn();
	ck_notes("connected error(ECONNREFUSED)");
}

TEST(freed_while_connecting)
{
	listen_on_loopback(&address);
	begin_connect(-1);
	connect_to(&address, sizeof(address));
	bufferevent_free(bev);
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
}

TEST(a_timeout_is_no_hindrance)
{
	struct timeval tv = {5, 0};

	listen_on_loopback(&address);
	begin_connect(-1);
	bufferevent_set_timeouts(bev, &tv, &tv);
	connect_to(&address, sizeof(address));
	run_until(&told, 1);
	ck_notes("connected");
}

static void
by_name(int family, const char *name)
{
	int result;

	begin_connect(-1);
	told = 0;
	result = bufferevent_socket_connect_hostname(
	    bev, NULL, family, name, ntohs(address.sin_port));
	if (!told)
		run_until(&told, 1);
	trace("%s: %d, %s, dns error %s", name, result, capi_log,
	    bufferevent_socket_get_dns_error(bev) ?
	    evutil_gai_strerror(bufferevent_socket_get_dns_error(bev)) :
	    "none");
	capi_log[0] = '\0';
	bufferevent_free(bev);
	turn();
}

TEST(by_host_name)
{
	listen_on_loopback(&address);
	by_name(AF_UNSPEC, "127.0.0.1");
	by_name(AF_INET, "127.0.0.1");
	by_name(AF_INET, "localhost");
}

TEST(by_unknown_host_name)
{
	closed_port();
	/* No server is asked for such a name. */
	by_name(AF_INET, "no..name");
	by_name(AF_INET6, "127.0.0.1");
	by_name(AF_UNSPEC, "127.0.0.1");
}

TEST(by_host_name_of_no_family)
{
	begin_connect(-1);
	trace("%d", bufferevent_socket_connect_hostname(
	    bev, NULL, AF_UNIX, "localhost", 80));
	trace("%d", bufferevent_socket_connect_hostname(
	    bev, NULL, AF_INET, "127.0.0.1", 0));
	trace("%d", bufferevent_socket_connect_hostname(
	    bev, NULL, AF_INET, "127.0.0.1", 65536));
	trace("%s", capi_log);
}
