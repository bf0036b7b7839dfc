/* What libevent 2.2 adds to HTTP; other sockets, and objects that are freed in callbacks. */
// runs: one-backend
#include "serving.h"
#include <sys/un.h>

/* New requests, connections. */

static int
new_request(struct evhttp_request *req, void *arg)
{
	ck_assert_ptr_nonnull(evhttp_request_get_connection(req));
	note("new");
	return strcmp(arg, "refuse") == 0 ? -1 : 0;
}

TEST(told_of_new_requests)
{
	begin_server();
	evhttp_set_newreqcb(http, new_request, "take");
	fd = dial();
	settle(fd);
	ck_notes("new");
	say(fd, GET);
	settle(fd);
	ck_notes("request new");
	say(fd, GET GET);
	settle(fd);
	ck_notes("request new request new");
	close(fd);
	evhttp_set_newreqcb(http, new_request, "refuse");
	fd = dial();
	forget();
	settle(fd);
	ck_notes("new");
	ck_assert_int_ne(ended, 0);
	close(fd);
	serve_no_more();
}

static char streamed[100];

REQUEST(on_part)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(req);
	size_t len = strlen(streamed);

	len += evbuffer_remove(
	    input, streamed + len, sizeof(streamed) - 1 - len);
	streamed[len] = '|';
}

static int
stream_body(struct evhttp_request *req, void *arg UNUSED)
{
	evhttp_request_set_chunked_cb(req, on_part);
	return 0;
}

TEST(bodies_can_be_streamed)
{
	begin_server();
	evhttp_set_newreqcb(http, stream_body, NULL);
	fd = dial();
	say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
	settle(fd);
	say(fd, "abc");
	settle(fd);
	ck_assert_str_eq(streamed, "abc|");
	say(fd, "def");
	settle(fd);
	ck_assert_str_eq(streamed, "abc|def|");
	ck_notes("request");
	close(fd);
	serve_no_more();
}

TEST(no_more_connections_than_allowed)
{
	int first, second;

	begin_server();
	evhttp_set_max_connections(http, 2);
	first = dial();
	second = dial();
	settle(-1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 2);
	fd = dial();
	forget();
	settle_to_end(fd);
	ck_assert(has_status("503"));
	close(fd);
	settle(-1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 2);
	close(first);
	settle(-1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 1);
	fd = dial();
	forget();
	say(fd, GET);
	settle(fd);
	ck_assert(has_status("200"));
	close(fd);
	close(second);
	serve_no_more();
}

static int
write_page(struct evhttp_request *req, struct evbuffer *page, int code,
    const char *reason, void *arg)
{
	ck_assert_ptr_nonnull(req);
	note("page:%d,%s", code, reason ? reason : "-");
	if (arg)
		evbuffer_add_printf(page, "%s", (char *)arg);
	return arg && strcmp(arg, "refuse") == 0 ? -1 : 0;
}

TEST(error_pages_of_the_program)
{
	begin_server();
	evhttp_set_errorcb(http, write_page, "my own page");
	fd = dial();
	say(fd, "GARBAGE\r\n\r\n");
	settle(fd);
	ck_assert(has_status("400"));
	ck_assert_ptr_nonnull(strstr(heard, "\r\n\r\nmy own page"));
	ck_notes("page:400,-");
	close(fd);
	/* Without a page, the usual one. */
	for (int i = 0; i < 2; i++) {
		evhttp_set_errorcb(http, write_page, i ? "refuse" : NULL);
		fd = dial();
		forget();
		say(fd, "GARBAGE\r\n\r\n");
		settle(fd);
		ck_assert_ptr_nonnull(strstr(heard, "<H1>Bad Request</H1>"));
		close(fd);
		ck_notes("page:400,-");
	}
	serve_no_more();
}

static int
know_brew(struct evhttp_ext_method *method)
{
	if (method->method) {
		if (strcmp(method->method, "BREW") == 0) {
			method->type = 1 << 20;
			return 0;
		}
	} else if (method->type == 1 << 20) {
		method->method = "BREW";
		method->flags = EVHTTP_METHOD_HAS_BODY;
		return 0;
	}
	return -1;
}

TEST(methods_of_the_program)
{
	static const char brew[] =
	    "BREW /pot HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntea";

	begin_server();
	exchange(brew);
	ck_notes("");
	evhttp_set_ext_method_cmp(http, know_brew);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | 1 << 20);
	fd = dial();
	say(fd, brew);
	settle(fd);
	ck_assert(has_status("200"));
	ck_notes("request");
	close(fd);
	serve_no_more();
}

static struct bufferevent *
make(struct event_base *of, void *arg)
{
	note("make:%s", (const char *)arg);
	return bufferevent_socket_new(of, -1, BEV_OPT_CLOSE_ON_FREE);
}

TEST(bufferevents_for_one_socket)
{
	struct evhttp_bound_socket *other;

	begin_server();
	evhttp_set_bevcb(http, make, "any");
	other = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	evhttp_bound_set_bevcb(other, make, "other");
	fd = dial();
	settle(fd);
	close(fd);
	ck_notes("make:any");
	port = port_of(evhttp_bound_socket_get_fd(other));
	fd = dial();
	settle(fd);
	close(fd);
	ck_notes("make:other");
	serve_no_more();
}

/* Clients on other sockets. */

REQUEST(done)
{
	note("done:%d", req ? evhttp_request_get_response_code(req) : -1);
}

static void
ask(struct evhttp_connection *evcon)
{
	struct evhttp_request *req = evhttp_request_new(done, NULL);

	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Host", "h");
	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
	settle(-1);
}

TEST(unix_sockets)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char directory[] = "/tmp/ours_http.XXXXXX";
	struct evhttp_connection *evcon;
	int listening;

	begin_server();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
	    directory);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(
	    bind(listening, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listening, 5), 0);
	ck_assert_int_eq(evhttp_accept_socket(http, listening), 0);
	evcon = evhttp_connection_base_bufferevent_unix_new(
	    base, NULL, address.sun_path);
	ck_assert_ptr_nonnull(evcon);
	ask(evcon);
	ck_notes("request done:200");
	ask(evcon);
	ck_notes("request done:200");
	evhttp_connection_free(evcon);
	/* A client whose own name is as long as a name can be. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memset(name.sun_path, 'n', sizeof(name.sun_path));
	name.sun_path[0] = '\0';
	sprintf(name.sun_path + 1, "%d", (int)getpid());
	ck_assert_int_eq(bind(fd, (void *)&name, sizeof(name)), 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	forget();
	say(fd, GET);
	settle(fd);
	ck_assert(has_status("200"));
	close(fd);
	memset(name.sun_path, 'x', sizeof(name.sun_path));
	ck_assert_ptr_null(evhttp_connection_base_bufferevent_unix_new(base,
	    NULL,
	    "/a/path/that/does/not/fit/into/an/address/of/a/socket/of/the/unix/"
	    "domain/because/it/has/more/than/one/hundred/and/eight/characters"));
	serve_no_more();
	unlink(address.sun_path);
	rmdir(directory);
}

TEST(a_connection_that_stands_already)
{
	struct evhttp_connection *evcon;
	struct bufferevent *bev;

	begin_server();
	bev = bufferevent_socket_new(base, dial(), BEV_OPT_CLOSE_ON_FREE);
	evcon = evhttp_connection_base_bufferevent_reuse_new(base, NULL, bev);
	ck_assert_ptr_nonnull(evcon);
	ask(evcon);
	ck_notes("request done:200");
	ask(evcon);
	ck_notes("request done:200");
	evhttp_connection_free(evcon);
	serve_no_more();
}

/* Objects that are freed in callbacks. */

REQUEST(free_server)
{
	note("request");
	evhttp_free(http);
	http = NULL;
}

TEST(the_server_is_freed_in_a_callback)
{
	begin_server();
	evhttp_set_gencb(http, free_server, NULL);
	fd = dial();
	say(fd, GET GET);
	settle(fd);
	ck_assert_int_ne(ended, 0);
	ck_notes("request");
	close(fd);
	event_base_free(base);
}

REQUEST(free_connection)
{
	note("%s", arg ? "complete" : "chunk");
	evhttp_connection_free(evhttp_request_get_connection(req));
}

REQUEST(reply_and_free_when_complete)
{
	evhttp_request_set_on_complete_cb(req, free_connection, "");
	answer(req, 200, "OK", "x");
}

TEST(the_connection_is_freed_when_a_reply_is_complete)
{
	begin_server();
	evhttp_set_gencb(http, reply_and_free_when_complete, NULL);
	fd = dial();
	say(fd, GET GET);
	settle(fd);
	ck_assert_int_ne(ended, 0);
	ck_notes("complete");
	close(fd);
	serve_no_more();
}

REQUEST(free_in_chunk)
{
	free_connection(req, NULL);
}

static int
free_at_the_first_chunk(struct evhttp_request *req, void *arg UNUSED)
{
	evhttp_request_set_chunked_cb(req, free_in_chunk);
	return 0;
}

TEST(the_connection_is_freed_at_a_chunk)
{
	begin_server();
	evhttp_set_newreqcb(http, free_at_the_first_chunk, NULL);
	fd = dial();
	say(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
	settle(fd);
	ck_assert_int_ne(ended, 0);
	ck_notes("chunk");
	close(fd);
	serve_no_more();
}
