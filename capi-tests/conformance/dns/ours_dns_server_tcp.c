/* A server port on a listener: its clients come by TCP. */
// runs: one-backend
#include "dns.h"

#include <event2/dns_struct.h>
#include <event2/listener.h>

static struct evdns_server_request *held[100];
static int nheld;

static void
on_question(struct evdns_server_request *request, void *argument)
{
	if (argument) {
		held[nheld++] = request;
		return;
	}
	evdns_server_request_add_a_reply(request, request->questions[0]->name, 1, "\1\2\3\4", 60);
	ck_assert_int_eq(evdns_server_request_get_requesting_addr(request, NULL, 0), 0);
	ck_assert_int_eq(evdns_server_request_respond(request, 0), 0);
}

static struct evdns_server_port *
tcp_port(struct sockaddr_in *address, void *argument)
{
	evutil_socket_t fd = bound_socket(SOCK_STREAM, address);
	struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE, 10, fd);

	ck_assert_ptr_nonnull(listener);
	return evdns_add_server_port_with_listener(base, listener, 0, on_question, argument);
}

TEST(our_server_over_tcp)
{
	struct sockaddr_in address;
	struct evdns_server_port *port;
	struct result r[20] = {{0}};

	begin_dns(0);
	port = tcp_port(&address, NULL);
	ck_assert_ptr_nonnull(port);
	ck_assert_int_eq(evdns_server_port_set_option(port, EVDNS_SOPT_TCP_MAX_CLIENTS, 2), 0);
	ck_assert_int_eq(evdns_server_port_set_option(port, EVDNS_SOPT_TCP_IDLE_TIMEOUT, 5), 0);
	ck_assert_int_eq(evdns_server_port_set_option(port, 7, 5), -1);
	set_option("use-vc", "");
	ck_assert_int_eq(evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&address,
	                     sizeof(address), 0),
	    0);
	for (int i = 0; i < 20; i++)
		evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[i]);
	await_results(20);
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(r[i].text, "1.2.3.4");
	evdns_close_server_port(port);
	end_dns();
}

TEST(more_clients_than_may_be)
{
	struct sockaddr_in address;
	struct evdns_server_port *port;
	evutil_socket_t fd[3];
	char byte;

	begin_dns(0);
	port = tcp_port(&address, NULL);
	evdns_server_port_set_option(port, EVDNS_SOPT_TCP_MAX_CLIENTS, 2);
	for (int i = 0; i < 3; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&address, sizeof(address)), 0);
	}
	run_until_closed(fd[2]);
	ck_assert_int_eq(recv(fd[0], &byte, 1, MSG_DONTWAIT), -1);
	evdns_close_server_port(port);
	run_until_closed(fd[0]);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	end_dns();
}

TEST(a_client_that_does_not_wait)
{
	struct sockaddr_in address;
	struct evdns_server_port *port;
	unsigned char question[64] = {0};
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM, 0);
	int len;

	begin_dns(0);
	nheld = 0;
	port = tcp_port(&address, &nheld);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	put16(question + 2 + 4, 1);
	len = 12 + put_name(question + 14, "a.test") + 4;
	put16(question, len);
	put16(question + 2 + len - 4, 1);
	put16(question + 2 + len - 2, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(write(fd, question, (size_t)len + 2), len + 2);
	run_until(&nheld, 2);
	close(fd);
	run_for(30);
	ck_assert_int_eq(evdns_server_request_respond(held[0], 0), 0);
	evdns_close_server_port(port);
	run_for(30);
	ck_assert_int_eq(evdns_server_request_drop(held[1]), 0);
	end_dns();
}
