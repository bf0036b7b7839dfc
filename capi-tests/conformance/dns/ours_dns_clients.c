/*
 * Clients over TCP that hold a place among the few: one that never finishes its question, and one
 * that asks and takes no answer.
 */
// runs: one-backend, one-locking
#include "dns.h"
#include <event2/dns_struct.h>
#include <event2/listener.h>

static char much[60000];

static void
answer(struct evdns_server_request *request, void *argument)
{
	const char *name = request->questions[0]->name;

	(void)argument;
	if (strncmp(name, "much", 4) == 0)
		evdns_server_request_add_reply(request, EVDNS_ANSWER_SECTION, name, 16, 1, 60,
		    sizeof(much), 0, much);
	ck_assert_int_eq(evdns_server_request_respond(request, 0), 0);
}

static struct evdns_server_port *
port_for_one(struct sockaddr_in *address)
{
	evutil_socket_t fd = bound_socket(SOCK_STREAM, address);
	struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE, 10, fd);
	struct evdns_server_port *port = evdns_add_server_port_with_listener(base, listener, 0,
	    answer, NULL);

	ck_assert_int_eq(evdns_server_port_set_option(port, EVDNS_SOPT_TCP_MAX_CLIENTS, 1), 0);
	ck_assert_int_eq(evdns_server_port_set_option(port, EVDNS_SOPT_TCP_IDLE_TIMEOUT, 1), 0);
	return port;
}

static evutil_socket_t
client(const struct sockaddr_in *address)
{
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM, 0);
	int small = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return fd;
}

static int
make_question(unsigned char *question, const char *name)
{
	int len = 12 + put_name(question + 14, name) + 4;

	memset(question, 0, 14);
	put16(question + 2 + 4, 1);
	put16(question, len);
	put16(question + 2 + len - 4, 1);
	put16(question + 2 + len - 2, 1);
	return len + 2;
}

/* Others get their turn, sooner or later. */
static void
await_turn(const struct sockaddr_in *address)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	unsigned char bytes[64];
	int len = make_question(bytes, "a.test"), got = -1;

	while (got <= 0) {
		evutil_socket_t fd = client(address);

		ck_assert_msg(capi_now_ms() < end, "the other client still has its place");
		send(fd, bytes, (size_t)len, MSG_NOSIGNAL);
		run_for(50);
		got = (int)recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		close(fd);
		run_for(10);
	}
}

TEST(a_question_byte_by_byte)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	struct sockaddr_in address;
	struct evdns_server_port *port;
	evutil_socket_t fd;
	int sent = 1;

	begin_dns(0);
	port = port_for_one(&address);
	fd = client(&address);
	/* It says that 257 bytes follow. */
	while (sent == 1) {
		ck_assert_msg(capi_now_ms() < end, "it may go on for ever");
		sent = (int)send(fd, "\1", 1, MSG_NOSIGNAL);
		run_for(100);
	}
	await_turn(&address);
	evdns_close_server_port(port);
	close(fd);
	end_dns();
}

/* A client that has asked for more than it takes. */
static evutil_socket_t
greedy_client(const struct sockaddr_in *address)
{
	unsigned char question[64];
	evutil_socket_t fd = client(address);
	int len = make_question(question, "much.test");

	for (int i = 0; i < 50; i++) {
		/* It may have been disconnected already, where the machine stood still. */
		if (send(fd, question, (size_t)len, MSG_NOSIGNAL) != len)
			break;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	return fd;
}

static void
nobody_takes_answers(int and_asks_no_more)
{
	struct sockaddr_in address;
	struct evdns_server_port *port;
	evutil_socket_t fd;

	begin_dns(0);
	port = port_for_one(&address);
	fd = greedy_client(&address);
	if (and_asks_no_more)
		shutdown(fd, SHUT_WR);
	await_turn(&address);
	evdns_close_server_port(port);
	close(fd);
	end_dns();
}

TEST(answers_that_nobody_takes)
{
	nobody_takes_answers(0);
}

TEST(answers_that_nobody_takes_who_asks_no_more)
{
	nobody_takes_answers(1);
}

/* The port ends when its clients have, and this one has so much time. */
TEST(answers_that_nobody_takes_of_a_port_that_is_closed)
{
	struct sockaddr_in address;
	struct evdns_server_port *port;
	evutil_socket_t fd;

	base = event_base_new();
	port = port_for_one(&address);
	fd = greedy_client(&address);
	evdns_close_server_port(port);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	event_base_free(base);
	close(fd);
}
