/*
 * HTTP in several threads: servers with a base each that share a listening socket, and clients with
 * bases of their own.
 */
// runs: one-backend, one-locking
#define CAPI_OWN_LOCKS
#include "requests.h"
#include <pthread.h>

enum { SERVERS = 4, CLIENTS = 4, ROUNDS = 50 };

struct serving {
	struct event_base *base;
	struct evhttp *http;
	struct event *stop;
	pthread_t thread;
	int answered;
};

static struct serving servers[SERVERS];

struct client {
	struct event_base *base;
	struct evhttp_connection *evcon;
	pthread_t thread;
	int number, asked, good;
};

static struct client clients[CLIENTS];

REQUEST(send_back)
{
	struct serving *serving = arg;

	serving->answered++;
	evhttp_send_reply(
	    req, 200, "OK", evhttp_request_get_input_buffer(req));
}

REQUEST(send_back_and_close)
{
	evhttp_add_header(evhttp_request_get_output_headers(req),
	    "Connection", "close");
	send_back(req, arg);
}

static void
end_loop(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	event_base_loopbreak(arg);
}

static void *
run_server(void *arg)
{
	struct serving *serving = arg;

	event_base_dispatch(serving->base);
	return NULL;
}

static void ask_next(struct client *client);

REQUEST(take_reply)
{
	struct client *client = arg;
	struct evbuffer *body;
	char expected[40];
	int len = snprintf(expected, sizeof(expected), "client %d asks %d",
	    client->number, client->asked);

	ck_assert_ptr_nonnull(req);
	ck_assert_int_eq(evhttp_request_get_response_code(req), 200);
	body = evhttp_request_get_input_buffer(req);
	ck_assert_int_eq(evbuffer_get_length(body), len);
	ck_assert_mem_eq(evbuffer_pullup(body, -1), expected, len);
	client->good++;
	if (client->asked < ROUNDS)
		ask_next(client);
	else
		event_base_loopbreak(client->base);
}

static void
ask_next(struct client *client)
{
	struct evhttp_request *req = evhttp_request_new(take_reply, client);

	client->asked++;
	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Host", "h");
	/* Now and then over a new connection. */
	if (client->asked % 10 == 0)
		evhttp_add_header(evhttp_request_get_output_headers(req),
		    "Connection", "close");
	evbuffer_add_printf(evhttp_request_get_output_buffer(req),
	    "client %d asks %d", client->number, client->asked);
	ck_assert_int_eq(evhttp_make_request(client->evcon, req,
			     EVHTTP_REQ_POST, "/"), 0);
}

static void *
run_client(void *arg)
{
	struct client *client = arg;

	client->base = event_base_new();
	client->evcon = evhttp_connection_base_new(
	    client->base, NULL, "127.0.0.1", (unsigned short)port);
	ask_next(client);
	event_base_dispatch(client->base);
	evhttp_connection_free(client->evcon);
	event_base_free(client->base);
	return NULL;
}

/* Whether the servers listen on one descriptor, or on one each of the same socket. */
enum sharing { ONE_SOCKET, ONE_EACH };

static void
begin_servers(enum sharing sharing,
    void (*cb)(struct evhttp_request *, void *))
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	evutil_make_socket_nonblocking(fd);
	port = port_of(fd);
	for (int i = 0; i < SERVERS; i++) {
		struct serving *serving = &servers[i];

		serving->base = event_base_new();
		serving->http = evhttp_new(serving->base);
		serving->answered = 0;
		evhttp_set_gencb(serving->http, cb, serving);
		/* Each closes what it listens on: the first of them, if it is the same. */
		ck_assert_int_eq(evhttp_accept_socket(serving->http,
				     i && sharing == ONE_EACH ? dup(fd) : fd),
		    0);
		serving->stop = event_new(
		    serving->base, -1, 0, end_loop, serving->base);
		ck_assert_int_eq(pthread_create(&serving->thread, NULL,
				     run_server, serving), 0);
	}
}

/* How many requests were answered. */
static int
end_servers(void)
{
	int answered = 0;

	for (int i = 0; i < SERVERS; i++) {
		event_active(servers[i].stop, EV_READ, 1);
		pthread_join(servers[i].thread, NULL);
		answered += servers[i].answered;
	}
	for (int i = 0; i < SERVERS; i++) {
		evhttp_free(servers[i].http);
		event_free(servers[i].stop);
		event_base_free(servers[i].base);
	}
	return answered;
}

TEST(servers_and_clients_in_threads)
{
	/* A loop is ended from another thread. */
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_servers(ONE_EACH, send_back);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		ck_assert_int_eq(pthread_create(&clients[i].thread, NULL,
				     run_client, &clients[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		ck_assert_int_eq(clients[i].good, ROUNDS);
	}
	ck_assert_int_eq(end_servers(), CLIENTS * ROUNDS);
}

/* As programs are asked that close after each reply: every one is whole, no connection is reset. */
static void *
ask_and_hear_the_end(void *arg)
{
	struct client *client = arg;

	for (int i = 0; i < ROUNDS; i++) {
		char text[200], body[40], reply[1000];
		int len = sprintf(body, "client %d asks %d", client->number, i);
		int to = dial();
		size_t got = 0;
		ssize_t n;

		fcntl(to, F_SETFL, fcntl(to, F_GETFL) & ~O_NONBLOCK);
		sprintf(text,
		    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s",
		    len, body);
		say(to, text);
		while ((n = recv(to, reply + got, sizeof(reply) - 1 - got, 0)) > 0)
			got += n;
		reply[got] = '\0';
		ck_assert_msg(n == 0, "%s", strerror(errno));
		ck_assert_int_eq(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17), 0);
		ck_assert_int_gt(got, len);
		ck_assert_str_eq(reply + got - len, body);
		close(to);
		client->good++;
	}
	return NULL;
}

TEST(servers_that_close_one_socket)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_servers(ONE_SOCKET, send_back_and_close);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		ck_assert_int_eq(pthread_create(&clients[i].thread, NULL,
				     ask_and_hear_the_end, &clients[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		ck_assert_int_eq(clients[i].good, ROUNDS);
	}
	ck_assert_int_eq(end_servers(), CLIENTS * ROUNDS);
}
