/*
 * HTTP in several threads: servers with a base each that share a listening socket, and clients with
 * bases of their own.
 */
// runs: one-backend, one-locking
#define CAPI_OWN_LOCKS
#include "requests.h"
#include <pthread.h>

enum { SERVERS = 2, CLIENTS = 4, ROUNDS = 50 };

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

static void
begin_servers(void)
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
		evhttp_set_gencb(serving->http, send_back, serving);
		/* Each closes its own. */
		ck_assert_int_eq(
		    evhttp_accept_socket(serving->http, i ? dup(fd) : fd), 0);
		serving->stop = event_new(
		    serving->base, -1, 0, end_loop, serving->base);
		ck_assert_int_eq(pthread_create(&serving->thread, NULL,
				     run_server, serving), 0);
	}
}

TEST(servers_and_clients_in_threads)
{
	int answered = 0;

	/* A loop is ended from another thread. */
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_servers();
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		ck_assert_int_eq(pthread_create(&clients[i].thread, NULL,
				     run_client, &clients[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		ck_assert_int_eq(clients[i].good, ROUNDS);
	}
	for (int i = 0; i < SERVERS; i++) {
		event_active(servers[i].stop, EV_READ, 1);
		pthread_join(servers[i].thread, NULL);
		answered += servers[i].answered;
		evhttp_free(servers[i].http);
		event_free(servers[i].stop);
		event_base_free(servers[i].base);
	}
	ck_assert_int_eq(answered, CLIENTS * ROUNDS);
}
