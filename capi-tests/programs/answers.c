/*
 * A server for names by evdns, over UDP and TCP: answers PORT. N.test has N addresses, and
 * alias.test is another name of 1.test.
 */
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
answer(struct evdns_server_request *request, void *arg)
{
	const struct evdns_server_question *question = request->questions[0];
	unsigned char addresses[4 * 1000];
	const char *name = question->name;
	int n = atoi(name), error = n > 0 && n <= 1000 ? 0 : 3;

	(void)arg;
	evdns_server_request_set_flags(request, EVDNS_FLAGS_AA);
	if (strcmp(name, "alias.test") == 0) {
		name = "1.test";
		n = 1;
		error = 0;
		evdns_server_request_add_cname_reply(request, question->name, name, 60);
	}
	for (int i = 0; i < n && error == 0; i++) {
		const unsigned char address[4] = {10, 0, (unsigned char)(i >> 8), (unsigned char)i};

		memcpy(addresses + 4 * i, address, 4);
	}
	if (error == 0 && question->type == EVDNS_TYPE_A &&
	    evdns_server_request_add_a_reply(request, name, n, addresses, 60) != 0)
		abort();
	if (evdns_server_request_respond(request, error) < 0)
		abort();
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct evconnlistener *listener;
	evutil_socket_t fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc < 2 || base == NULL)
		return 2;
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    evutil_make_socket_nonblocking(fd) != 0 ||
	    evdns_add_server_port_with_base(base, fd, 0, answer, NULL) == NULL)
		return 1;
	listener = evconnlistener_new_bind(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16, (struct sockaddr *)&address,
	    sizeof(address));
	if (listener == NULL ||
	    evdns_add_server_port_with_listener(base, listener, 0, answer, NULL) == NULL)
		return 1;
	return event_base_dispatch(base);
}
