/*
 * A server and clients of HTTP, and a WebSocket session, while the n-th system call of a kind fails:
 * every request is told of exactly once, what is told as good is whole, every connection and session
 * says once that it is closed, nothing leaks, and nobody waits for ever.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "fault_calls.h"
#include "fault_memory.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/ws.h>
#include <netinet/in.h>
#include <sys/un.h>

enum { ECHOED = 300000, FILE_SIZE = 50000, MOST = 16 };

static struct evhttp *http;
static struct sockaddr_storage address;
static socklen_t address_length;
/* TCP takes real time. */
static int over_tcp;
static char directory[] = "/tmp/ours_fault_http.XXXXXX", path[80], file_path[80];
static char large[ECHOED];
/* Of the server. */
static int served, complete, sessions, sessions_closed, messages;
/* Of the clients. */
static int made_requests, told, good, descriptors;
static long runs_done;

/* The server. */

/* Connections that have to say once that they are closed. */
static struct evhttp_connection *standing[MOST];

static void
connection_gone(struct evhttp_connection *evcon, void *arg UNUSED)
{
	int i = 0;

	while (standing[i] != evcon)
		ck_assert_int_lt(++i, MOST);
	standing[i] = NULL;
}

/* A streamed reply, which the program has to end even if nobody hears it. */
struct parts {
	struct evhttp_request *req;
	int left;
};

static void
parts_gone(struct evhttp_connection *evcon, void *arg)
{
	struct parts *parts = arg;

	connection_gone(evcon, NULL);
	evhttp_send_reply_end(parts->req);
	free(parts);
}

static void
reply_complete(struct evhttp_request *req, void *arg UNUSED)
{
	complete++;
	ck_assert_ptr_nonnull(evhttp_request_get_connection(req));
}

static void
take(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	int i = 0, empty = -1;

	served++;
	evhttp_request_set_on_complete_cb(req, reply_complete, NULL);
	evhttp_connection_set_closecb(evcon, connection_gone, NULL);
	for (; i < MOST && standing[i] != evcon; i++)
		if (!standing[i])
			empty = i;
	if (i == MOST)
		standing[empty] = evcon;
}

static void
serve_small(struct evhttp_request *req, void *arg UNUSED)
{
	struct evbuffer *body = evbuffer_new();

	take(req);
	evbuffer_add(body, "abc", 3);
	evhttp_send_reply(req, 200, NULL, body);
	evbuffer_free(body);
}

static void
serve_echo(struct evhttp_request *req, void *arg UNUSED)
{
	take(req);
	evhttp_send_reply(
	    req, 200, NULL, evhttp_request_get_input_buffer(req));
}

static void
serve_file(struct evhttp_request *req, void *arg UNUSED)
{
	struct evbuffer *body = evbuffer_new();
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file_path, O_RDONLY, 0);

	take(req);
	if (evbuffer_add_file(body, fd, 0, FILE_SIZE) == -1)
		syscall(SYS_close, fd);
	evhttp_send_reply(req, 200, NULL, body);
	evbuffer_free(body);
}

static void
next_part(struct evhttp_connection *evcon, void *arg)
{
	struct parts *parts = arg;
	struct evbuffer *part;

	if (parts->left-- == 0) {
		struct evhttp_request *req = parts->req;

		evhttp_connection_set_closecb(evcon, connection_gone, NULL);
		free(parts);
		evhttp_send_reply_end(req);
		return;
	}
	part = evbuffer_new();
	evbuffer_add(part, "part", 4);
	evhttp_send_reply_chunk_with_cb(parts->req, part, next_part, parts);
	evbuffer_free(part);
}

static void
serve_parts(struct evhttp_request *req, void *arg UNUSED)
{
	struct parts *parts = malloc(sizeof(*parts));
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	take(req);
	parts->req = req;
	parts->left = 3;
	evhttp_connection_set_closecb(evcon, parts_gone, parts);
	evhttp_send_reply_start(req, 200, NULL);
	next_part(evcon, parts);
}

static void
reply_late(evutil_socket_t fd UNUSED, short what UNUSED, void *req)
{
	evhttp_send_reply(req, 200, NULL, NULL);
}

static void
serve_late(struct evhttp_request *req, void *arg UNUSED)
{
	struct timeval soon = {0, 2000};

	take(req);
	/* It may lose its connection meanwhile, and is freed by the reply. */
	ck_assert_int_eq(event_base_once(
	    evhttp_connection_get_base(evhttp_request_get_connection(req)),
	    -1, EV_TIMEOUT, reply_late, req, &soon), 0);
}

static void
session_gone(struct evws_connection *evws UNUSED, void *arg UNUSED)
{
	sessions_closed++;
}

static void
serve_message(struct evws_connection *evws, int type UNUSED,
    const unsigned char *data, size_t len, void *arg UNUSED)
{
	messages++;
	evws_send_binary(evws, (const char *)data, len);
}

static void
serve_session(struct evhttp_request *req, void *arg UNUSED)
{
	struct evws_connection *evws =
	    evws_new_session(req, serve_message, NULL, 0);

	if (evws) {
		sessions++;
		evws_connection_set_closecb(evws, session_gone, NULL);
	}
}

/* False if there is none. */
static int
start_server(struct event_base *base)
{
	http = evhttp_new(base);
	ck_assert_ptr_nonnull(http);
	evhttp_set_cb(http, "/first", serve_small, NULL);
	evhttp_set_cb(http, "/echo", serve_echo, NULL);
	evhttp_set_cb(http, "/file", serve_file, NULL);
	evhttp_set_cb(http, "/parts", serve_parts, NULL);
	evhttp_set_cb(http, "/late", serve_late, NULL);
	evhttp_set_cb(http, "/session", serve_session, NULL);
	address_length = sizeof(address);
	if (over_tcp) {
		struct evhttp_bound_socket *bound =
		    evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);

		return bound &&
		    getsockname(evhttp_bound_socket_get_fd(bound),
			(void *)&address, &address_length) == 0;
	} else {
		struct sockaddr_un *un = (struct sockaddr_un *)&address;
		int fd = (int)syscall(
		    SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		memset(un, 0, sizeof(*un));
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, path);
		address_length = sizeof(*un);
		unlink(path);
		ck_assert_int_eq(
		    syscall(SYS_bind, fd, un, address_length), 0);
		ck_assert_int_eq(syscall(SYS_listen, fd, 16), 0);
		if (evhttp_accept_socket(http, fd) == 0)
			return 1;
		syscall(SYS_close, fd);
		return 0;
	}
}

/* The clients. */

struct asked {
	const char *uri, *body;
	size_t length;
	int told;
};

static struct asked asked[MOST];
static int n_asked;

static void
on_reply(struct evhttp_request *req, void *arg)
{
	struct asked *a = arg;
	struct evbuffer *body;

	ck_assert_msg(a->told++ == 0, "%s is told of again", a->uri);
	told++;
	if (!req || evhttp_request_get_response_code(req) == 0)
		return;
	ck_assert_int_eq(evhttp_request_get_response_code(req), 200);
	body = evhttp_request_get_input_buffer(req);
	ck_assert_msg(evbuffer_get_length(body) == a->length,
	    "%s has %zu bytes", a->uri, evbuffer_get_length(body));
	if (a->length > 0)
		ck_assert_mem_eq(
		    evbuffer_pullup(body, -1), a->body, a->length);
	good++;
}

static void
ask(struct evhttp_connection *evcon, enum evhttp_cmd_type type,
    const char *uri, const char *body, size_t length)
{
	struct asked *a = &asked[n_asked++];
	struct evhttp_request *req = evhttp_request_new(on_reply, a);
	int result;

	ck_assert_int_le(n_asked, MOST);
	*a = (struct asked){uri, body, length, 0};
	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Host", "h");
	if (type == EVHTTP_REQ_POST)
		evbuffer_add_reference(evhttp_request_get_output_buffer(req),
		    body, length, NULL, NULL);
	result = evhttp_make_request(evcon, req, type, uri);
	made_requests += result == 0;
}

static struct evhttp_connection *
dial_in(struct event_base *base)
{
	struct timeval soon = {0, 5000};
	struct evhttp_connection *evcon = over_tcp
	    ? evhttp_connection_base_new(base, NULL, "127.0.0.1",
		  ntohs(((struct sockaddr_in *)&address)->sin_port))
	    : evhttp_connection_base_bufferevent_unix_new(base, NULL, path);

	ck_assert_ptr_nonnull(evcon);
	evhttp_connection_set_initial_retry_tv(evcon, &soon);
	return evcon;
}

/* A WebSocket client, which says all at once and hangs up. */
static int
talk(void)
{
	static const char words[] =
	    "GET /session HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	    "\x82\x85\0\0\0\0hello\x89\x81\0\0\0\0p\x01\x81\0\0\0\0a"
	    "\x80\x81\0\0\0\0b";
	int fd = (int)syscall(SYS_socket, address.ss_family, SOCK_STREAM, 0);

	ck_assert_int_eq(
	    syscall(SYS_connect, fd, &address, address_length), 0);
	ck_assert_int_eq(
	    sendto(fd, words, sizeof(words) - 1, MSG_NOSIGNAL, NULL, 0),
	    sizeof(words) - 1);
	shutdown(fd, SHUT_WR);
	return fd;
}

/* Whether the server has hung up. */
static int
is_over(int fd)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return n == 0 || errno != EAGAIN;
}

static void
converse(struct event_base *base)
{
	struct evhttp_connection *one = dial_in(base), *two = dial_in(base);
	int talker = talk(), turns = 0, over = 0;
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	evhttp_connection_set_retries(two, 2);
	ask(one, EVHTTP_REQ_GET, "/first", "abc", 3);
	ask(one, EVHTTP_REQ_POST, "/echo", large, ECHOED);
	ask(one, EVHTTP_REQ_GET, "/parts", "partpartpart", 12);
	ask(one, EVHTTP_REQ_HEAD, "/echo", NULL, 0);
	ask(two, EVHTTP_REQ_GET, "/late", NULL, 0);
	ask(two, EVHTTP_REQ_GET, "/file", large, FILE_SIZE);
	while (!stuck && (told < made_requests || !(over = is_over(talker)))) {
		if (event_base_loop(base, EVLOOP_ONCE) == -1 && turns++ > 5)
			break;
		ck_assert_msg(over_tcp ? capi_now_ms() < end : !stuck,
		    "told of %d of %d, session %d", told, made_requests, over);
	}
	evhttp_connection_free(one);
	evhttp_connection_free(two);
	syscall(SYS_close, talker);
}

static void
run_and_check(void)
{
	struct event_base *base = event_base_new();

	served = complete = sessions = sessions_closed = 0;
	made_requests = told = good = messages = n_asked = stuck = 0;
	http = NULL;
	if (base) {
		jumping = !over_tcp;
		if (start_server(base))
			converse(base);
		if (http)
			evhttp_free(http);
		/* The late reply may still come. */
		while (event_base_get_num_events(base,
			   EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) > 0)
			event_base_loop(base, EVLOOP_ONCE);
		event_base_free(base);
		jumping = 0;
	}
	fail_no_call();
	runs_done++;
	for (int i = 0; i < MOST; i++)
		ck_assert_ptr_null(standing[i]);
	ck_assert_int_eq(sessions_closed, sessions);
	ck_assert_int_ge(served, good);
	ck_assert_int_eq(open_descriptors(), descriptors);
	ck_assert_int_eq(closed_twice, 0);
}

/* After a failure that passes everything still has to arrive. */
enum { PASSES = 1 << 16 };
#define EVERYTHING (good == 6 && sessions == 1 && messages == 2 && complete == 6)

static void
set_up(void)
{
	FILE *file;

	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	snprintf(file_path, sizeof(file_path), "%s/file", directory);
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i % 251);
	file = fopen(file_path, "w");
	ck_assert_uint_eq(fwrite(large, 1, FILE_SIZE, file), FILE_SIZE);
	fclose(file);
	descriptors = open_descriptors();
	hook_memory();
	run_and_check();
	ck_assert_msg(EVERYTHING, "good %d, sessions %d, messages %d, complete %d",
	    good, sessions, messages, complete);
	ck_assert_int_eq(warnings, 0);
}

static void
tear_down(void)
{
	unlink(path);
	unlink(file_path);
	rmdir(directory);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

static void
sweep(enum call call, const int *codes)
{
	long usual, before, n;

	set_up();
	fail_call(NO_CALL, 0, 0, 0);
	run_and_check();
	usual = all_made;
	before = blocks;
	for (; *codes; codes++)
		for (n = 0;; n++) {
			fail_call(call, n, 0, *codes & ~PASSES);
			run_and_check();
			ck_assert_int_eq(blocks, before);
			if (made[call] <= n)
				break;
			if (*codes & PASSES)
				ck_assert_msg(EVERYTHING, "code %d, call %ld",
				    *codes & ~PASSES, n);
			/* It does not try for ever. */
			if (!over_tcp)
				ck_assert_int_le(all_made, 2 * usual + 50);
		}
	ck_assert_msg(EVERYTHING, "without a failure");
	tear_down();
	trace("%ld runs", runs_done);
}

#define SWEEP_ON(name, call, tcp, ...)                                       \
	TEST(name)                                                           \
	{                                                                    \
		static const int codes[] = {__VA_ARGS__, 0};                 \
		over_tcp = tcp;                                              \
		sweep(call, codes);                                          \
	}
#define SWEEP(name, call, ...) SWEEP_ON(name, call, 0, __VA_ARGS__)
#define SWEEP_TCP(name, call, ...) SWEEP_ON(name, call, 1, __VA_ARGS__)

SWEEP(accept_fails, ACCEPT4, EINTR | PASSES, EAGAIN | PASSES,
    ECONNABORTED | PASSES, EMFILE | PASSES, ENFILE | PASSES, ENOMEM | PASSES)
SWEEP(close_fails, CLOSE, EINTR | PASSES, EIO | PASSES)
SWEEP(connect_fails, CONNECT, EINTR | PASSES, EAGAIN, ECONNREFUSED)
SWEEP(epoll_ctl_fails, EPOLL_CTL, ENOMEM, ENOSPC)
SWEEP(epoll_wait_fails, EPOLL_WAIT, EINTR | PASSES, EBADF)
SWEEP(fcntl_fails, FCNTL, EINTR, EPERM)
SWEEP(getsockopt_fails, GETSOCKOPT, ENOBUFS)
SWEEP(setsockopt_fails, SETSOCKOPT, ENOMEM, ENOPROTOOPT)
SWEEP(recv_fails, RECV, ENOTSOCK | PASSES, EPERM | PASSES, EINTR | PASSES,
    EAGAIN | PASSES, ECONNRESET, ENOMEM)
SWEEP(readv_fails, READV, EINTR | PASSES, EAGAIN | PASSES, ECONNRESET, ENOMEM)
SWEEP(sendfile_fails, SENDFILE, EINTR | PASSES, EAGAIN | PASSES, EPIPE, EIO)
SWEEP(socket_fails, SOCKET, EMFILE, ENOMEM)
SWEEP(send_fails, SEND, ENOTSOCK | PASSES, ENOSYS | PASSES, EINTR | PASSES,
    EAGAIN | PASSES, EPIPE, ENOBUFS)
SWEEP(writev_fails, WRITEV, EINTR | PASSES, EAGAIN | PASSES, EPIPE, ENOBUFS)

SWEEP_TCP(accept_over_tcp_fails, ACCEPT4, EAGAIN | PASSES, EMFILE | PASSES)
SWEEP_TCP(bind_fails, BIND, EADDRINUSE, EACCES)
SWEEP_TCP(listen_fails, LISTEN, EADDRINUSE)
SWEEP_TCP(connect_over_tcp_fails, CONNECT, EINTR | PASSES, ECONNREFUSED,
    ENETUNREACH, EADDRNOTAVAIL)
SWEEP_TCP(getsockopt_over_tcp_fails, GETSOCKOPT, ENOBUFS)
SWEEP_TCP(setsockopt_over_tcp_fails, SETSOCKOPT, ENOPROTOOPT)
