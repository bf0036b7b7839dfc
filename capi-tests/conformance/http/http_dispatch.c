/* Which callback gets a request: paths, methods, virtual hosts; bound sockets. */
// runs: one-backend
#include "requests.h"
#include <event2/listener.h>

REQUEST(named)
{
	trace("%s gets %s", (const char *)arg, evhttp_request_get_uri(req));
	answer(req, 200, "OK", NULL);
}

static void
ask(const char *method, const char *target, const char *host)
{
	char text[500];
	int fd = dial();

	forget();
	snprintf(text, sizeof(text),
	    "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n",
	    method, target, host);
	say(fd, text);
	settle_to_end(fd);
	trace("%s %s %s: %.*s", method, target, host,
	    (int)strcspn(heard, "\r"), heard);
	close(fd);
}

static int
on(struct evhttp *of, const char *path, const char *name)
{
	return evhttp_set_cb(of, path, named, (void *)name);
}

TEST(paths)
{
	serve();
	ck_assert_int_eq(on(http, "/a", "a"), 0);
	ck_assert_int_eq(on(http, "/a/", "a/"), 0);
	ck_assert_int_eq(on(http, "/b c", "b c"), 0);
	ck_assert_int_eq(on(http, "/b+c", "b+c"), 0);
	ck_assert_int_eq(on(http, "/\xc3\xa4", "umlaut"), 0);
	ck_assert_int_eq(on(http, "*", "star"), 0);
	ck_assert_int_eq(on(http, "/A?x", "never"), 0);
	ck_assert_int_eq(on(http, "/a", "second"), -1);
	ask("GET", "/a", "h");
	ask("GET", "/a?b=c", "h");
	ask("GET", "/a/", "h");
	ask("GET", "/A", "h");
	ask("GET", "/%61", "h");
	ask("GET", "/b%20c", "h");
	ask("GET", "/b+c", "h");
	ask("GET", "/%c3%a4", "h");
	ask("GET", "/\xc3\xa4", "h");
	ask("GET", "http://h/a", "h");
	ask("GET", "/a//", "h");
	ask("GET", "/A?x", "h");
	ck_assert_int_eq(evhttp_del_cb(http, "/a"), 0);
	ck_assert_int_eq(evhttp_del_cb(http, "/a"), -1);
	ck_assert_int_eq(evhttp_del_cb(http, "/none"), -1);
	ask("GET", "/a", "h");
	evhttp_set_gencb(http, named, "any");
	ask("GET", "/a", "h");
	ask("GET", "/a/", "h");
	evhttp_set_allowed_methods(http, EVHTTP_REQ_OPTIONS | EVHTTP_REQ_GET);
	ask("OPTIONS", "*", "h");
	ask("OPTIONS", "/", "h");
	evhttp_set_gencb(http, NULL, NULL);
	ask("GET", "/", "h");
	serve_no_more();
}

/* A byte 0 in a path is not its end. */
TEST(nul_in_a_path)
{
	serve();
	on(http, "/a", "a");
	ask("GET", "/a%00", "h");
	ask("GET", "/a%00b", "h");
	serve_no_more();
}

REQUEST(remove_itself)
{
	ck_assert_int_eq(evhttp_del_cb(http, "/once"), 0);
	answer(req, 200, "OK", NULL);
}

TEST(a_callback_removes_itself)
{
	serve();
	evhttp_set_cb(http, "/once", remove_itself, NULL);
	ask("GET", "/once", "h");
	ask("GET", "/once", "h");
	serve_no_more();
}

TEST(many_paths)
{
	static char names[300][20];

	serve();
	for (int i = 0; i < 300; i++) {
		sprintf(names[i], "/path/%d", i);
		ck_assert_int_eq(on(http, names[i], names[i]), 0);
	}
	for (int i = 0; i < 300; i += 2)
		ck_assert_int_eq(evhttp_del_cb(http, names[i]), 0);
	for (int i = 0; i < 300; i += 23)
		ask("GET", names[i], "h");
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(on(http, names[i], names[i]), -(i % 2));
	serve_no_more();
}

TEST(default_methods)
{
	static const char *const methods[] = {"GET", "POST", "HEAD", "PUT",
	    "DELETE", "PATCH", "get"};

	serve();
	evhttp_set_gencb(http, named, "any");
	for (size_t i = 0; i < 5; i++)
		ask(methods[i], "/", "h");
	serve_no_more();
}

TEST(virtual_hosts)
{
	struct evhttp *one, *inner, *star, *alone;

	serve();
	one = evhttp_new(base);
	inner = evhttp_new(base);
	star = evhttp_new(base);
	alone = evhttp_new(NULL);
	ck_assert_int_eq(evhttp_add_virtual_host(http, "one.example", one), 0);
	ck_assert_int_eq(evhttp_add_virtual_host(http, "*.many.example", star), 0);
	ck_assert_int_eq(evhttp_add_virtual_host(one, "*.inner", inner), 0);
	ck_assert_int_eq(evhttp_add_server_alias(one, "x.inner"), 0);
	/* It is one already. */
	ck_assert_int_eq(evhttp_add_virtual_host(http, "again", one), -1);
	ck_assert_int_eq(evhttp_add_server_alias(http, "main.example"), 0);
	ck_assert_int_eq(evhttp_add_server_alias(star, "alias.example"), 0);
	ck_assert_int_eq(evhttp_add_server_alias(star, "alias.example"), 0);
	on(http, "/a", "http");
	on(one, "/a", "one");
	on(inner, "/a", "inner");
	on(star, "/a", "star");
	evhttp_set_gencb(star, named, "star's other");
	evhttp_set_gencb(http, named, "http's other");
	ask("GET", "/a", "h");
	ask("GET", "/a", "one.example");
	ask("GET", "/a", "ONE.example:80");
	ask("GET", "/a", "x.inner");
	ask("GET", "/a", "y.inner");
	ask("GET", "/a", "x.many.example");
	ask("GET", "/a", "x.y.MANY.example:1");
	ask("GET", "/a", "many.example");
	ask("GET", "/a", ".many.example");
	ask("GET", "/a", "alias.example");
	ask("GET", "/a", "Alias.Example:8");
	ask("GET", "/a", "main.example");
	ask("GET", "/b", "h");
	ask("GET", "/b", "one.example");
	ask("GET", "/b", "x.many.example");
	ask("GET", "http://one.example/a", "h");
	ask("GET", "http://x.many.example:9/b", "one.example");
	ck_assert_int_eq(evhttp_remove_server_alias(star, "none"), -1);
	ck_assert_int_eq(evhttp_remove_server_alias(star, "alias.example"), 0);
	ask("GET", "/a", "alias.example");
	ck_assert_int_eq(evhttp_remove_server_alias(star, "alias.example"), 0);
	ask("GET", "/a", "alias.example");
	ck_assert_int_eq(evhttp_remove_server_alias(star, "alias.example"), -1);
	ck_assert_int_eq(evhttp_remove_virtual_host(http, star), 0);
	ck_assert_int_eq(evhttp_remove_virtual_host(http, star), -1);
	ck_assert_int_eq(evhttp_remove_virtual_host(http, alone), -1);
	ask("GET", "/a", "x.many.example");
	evhttp_free(alone);
	evhttp_free(star);
	serve_no_more();
}

TEST(a_virtual_host_of_another_server)
{
	struct evhttp *host, *other;

	serve();
	host = evhttp_new(base);
	other = evhttp_new(base);
	ck_assert_int_eq(evhttp_add_virtual_host(http, "h", host), 0);
	trace("removed: %d", evhttp_remove_virtual_host(other, host));
	trace("removed: %d", evhttp_remove_virtual_host(http, host));
	evhttp_free(host);
	evhttp_free(other);
	serve_no_more();
}

TEST(a_socket_that_is_none)
{
	serve();
	trace("accepted: %d", evhttp_accept_socket(http, -1));
	serve_no_more();
}

/* A hundred, with hosts of their own and names besides. */
TEST(many_virtual_hosts)
{
	enum { HOSTS = 100 };
	static struct evhttp *hosts[HOSTS];
	static char names[HOSTS][30], inner_names[HOSTS][30];
	char host[60];

	serve();
	evhttp_set_gencb(http, named, "the server");
	for (int i = 0; i < HOSTS; i++) {
		hosts[i] = evhttp_new(base);
		sprintf(names[i], i % 3 ? "host%d.example" : "*.host%d.example",
		    i);
		evhttp_set_gencb(hosts[i], named, names[i]);
		ck_assert_int_eq(
		    evhttp_add_virtual_host(http, names[i], hosts[i]), 0);
		sprintf(host, "alias%d", i);
		ck_assert_int_eq(evhttp_add_server_alias(hosts[i], host), 0);
		if (i % 5 == 0) {
			struct evhttp *inner = evhttp_new(base);

			sprintf(inner_names[i], "in.*.host%d.example", i);
			evhttp_set_gencb(inner, named, inner_names[i]);
			ck_assert_int_eq(evhttp_add_virtual_host(hosts[i],
					     inner_names[i], inner),
			    0);
		}
	}
	for (int i = 0; i < HOSTS; i += 11) {
		sprintf(host, "host%d.example", i);
		ask("GET", "/", host);
		sprintf(host, "x.HOST%d.example:8080", i);
		ask("GET", "/", host);
		sprintf(host, "ALIAS%d:80", i);
		ask("GET", "/", host);
		sprintf(host, "in.x.host%d.example", i);
		ask("GET", "/", host);
		sprintf(host, "http://x.host%d.example:1/path", i);
		ask("GET", host, "other");
	}
	for (int i = 0; i < HOSTS; i += 2) {
		ck_assert_int_eq(evhttp_remove_virtual_host(http, hosts[i]), 0);
		evhttp_free(hosts[i]);
	}
	ask("GET", "/", "alias98");
	ask("GET", "/", "alias99");
	serve_no_more();
}

static void
try_patterns(const char *const *patterns)
{
	static const char *const hosts[] = {"a", "b", "ab", "a.b", "aXb", "xa",
	    "xab", "x.a", "a.x", "aa", "aab", "abab", "aba", "A.A.b"};

	serve();
	for (size_t i = 0; patterns[i]; i++) {
		struct evhttp *host = evhttp_new(base);

		evhttp_set_gencb(host, named, (void *)patterns[i]);
		ck_assert_int_eq(
		    evhttp_add_virtual_host(http, patterns[i], host), 0);
		for (size_t j = 0; j < sizeof(hosts) / sizeof(*hosts); j++)
			ask("GET", "/", hosts[j]);
		ck_assert_int_eq(evhttp_remove_virtual_host(http, host), 0);
		evhttp_free(host);
	}
	serve_no_more();
}

TEST(patterns_of_hosts)
{
	static const char *const patterns[] = {"a*b", "*a*b", "*.a", "", "?",
	    "a?", "*a", "A*.B", "**a", "a", NULL};

	try_patterns(patterns);
}

TEST(a_star_at_the_end_of_a_pattern)
{
	static const char *const patterns[] = {"*", "a*", "a.*", "*a*", NULL};

	try_patterns(patterns);
}

TEST(a_bound_server_is_no_virtual_host)
{
	struct evhttp *bound_too;

	serve();
	bound_too = evhttp_new(base);
	ck_assert_int_eq(evhttp_bind_socket(bound_too, "127.0.0.1", 0), 0);
	ck_assert_int_eq(evhttp_add_virtual_host(http, "x", bound_too), -1);
	evhttp_free(bound_too);
	serve_no_more();
}

/* Sockets. */

static int seen;

static void
look(struct evhttp_bound_socket *socket, void *arg)
{
	ck_assert_ptr_eq(arg, &seen);
	ck_assert_int_ge(evhttp_bound_socket_get_fd(socket), 0);
	seen++;
}

static int
is_open(evutil_socket_t fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

TEST(bound_sockets)
{
	struct evhttp_bound_socket *second, *third;
	struct sockaddr_in address = {.sin_family = AF_INET};
	evutil_socket_t fd, first_fd;

	serve();
	evhttp_set_gencb(http, named, "any");
	first_fd = evhttp_bound_socket_get_fd(bound);
	ck_assert_int_eq(evconnlistener_get_fd(
			     evhttp_bound_socket_get_listener(bound)),
	    first_fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	second = evhttp_accept_socket_with_handle(http, fd);
	ck_assert_ptr_nonnull(second);
	ck_assert_int_eq(evhttp_bound_socket_get_fd(second), fd);
	third = evhttp_bind_listener(http,
	    evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 5,
		(void *)&address, sizeof(address)));
	ck_assert_ptr_nonnull(third);
	evhttp_foreach_bound_socket(http, look, &seen);
	ck_assert_int_eq(seen, 3);
	port = port_of(fd);
	ask("GET", "/second", "h");
	port = port_of(evhttp_bound_socket_get_fd(third));
	ask("GET", "/third", "h");
	evhttp_del_accept_socket(http, second);
	ck_assert(!is_open(fd));
	evhttp_foreach_bound_socket(http, look, &seen);
	ck_assert_int_eq(seen, 5);
	port = port_of(first_fd);
	ask("GET", "/first", "h");
	/* It can be stopped for a while. */
	evconnlistener_disable(evhttp_bound_socket_get_listener(bound));
	fd = dial();
	forget();
	say(fd, "GET /waiting HTTP/1.0\r\n\r\n");
	settle(fd);
	ck_assert_int_eq(heard_len, 0);
	evconnlistener_enable(evhttp_bound_socket_get_listener(bound));
	settle_to_end(fd);
	ck_assert_int_eq(strncmp(heard, "HTTP/1.0 200", 12), 0);
	close(fd);
	serve_no_more();
	ck_assert(!is_open(first_fd));
}

TEST(connections_outlive_their_listener)
{
	int fd;

	serve();
	evhttp_set_gencb(http, named, "any");
	fd = dial();
	say(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
	settle(fd);
	evhttp_del_accept_socket(http, bound);
	say(fd, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	settle(fd);
	trace_heard();
	close(fd);
	serve_no_more();
}

TEST(what_cannot_be_bound)
{
	serve();
	errno = 0;
	ck_assert_int_eq(evhttp_bind_socket(http, "127.0.0.1", port), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_ptr_null(
	    evhttp_bind_socket_with_handle(http, "127.0.0.1", port));
	evhttp_foreach_bound_socket(http, look, &seen);
	ck_assert_int_eq(seen, 1);
	serve_no_more();
}

TEST(bound_to_any_address)
{
	struct evhttp_bound_socket *any;
	int on = 0;
	socklen_t len = sizeof(on);

	serve();
	evhttp_set_gencb(http, named, "any");
	any = evhttp_bind_socket_with_handle(http, "0.0.0.0", 0);
	port = port_of(evhttp_bound_socket_get_fd(any));
	ask("GET", "/", "h");
	ck_assert_int_eq(getsockopt(evhttp_bound_socket_get_fd(any), SOL_SOCKET,
			     SO_REUSEADDR, &on, &len),
	    0);
	ck_assert_int_ne(on, 0);
	ck_assert_int_ne(
	    fcntl(evhttp_bound_socket_get_fd(any), F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(
	    fcntl(evhttp_bound_socket_get_fd(any), F_GETFL) & O_NONBLOCK, 0);
	serve_no_more();
}
