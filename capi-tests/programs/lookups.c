/*
 * Looks names up, one after the other: lookups SERVER[,SERVER...] [OPTION=VALUE...]
 * reads `NAME TYPE` lines (A, AAAA or PTR, whose name is an IPv4 address) and prints
 * `NAME TYPE ERROR MILLISECONDS ADDRESS...` for each.
 */
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct event_base *base;
static struct evdns_base *dns;
static char name[300], type[10];
static double begun;
static int called;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void
on_result(int error, char kind, int count, int ttl, void *addresses, void *arg)
{
	(void)ttl;
	(void)arg;
	if (called++)
		abort();
	printf("%s %s %d %.0f", name, type, error, now() - begun);
	for (int i = 0; error == 0 && i < count; i++) {
		char text[INET6_ADDRSTRLEN];

		if (kind == DNS_PTR)
			printf(" %s", ((char **)addresses)[i]);
		else if (kind == DNS_IPv4_A)
			printf(" %s", inet_ntop(AF_INET, (struct in_addr *)addresses + i, text, sizeof(text)));
		else
			printf(" %s", inet_ntop(AF_INET6, (struct in6_addr *)addresses + i, text, sizeof(text)));
	}
	printf("\n");
	fflush(stdout);
	event_base_loopbreak(base);
}

int
main(int argc, char **argv)
{
	base = event_base_new();
	dns = evdns_base_new(base, 0);
	if (argc < 2 || dns == NULL)
		return 2;
	for (char *server = strtok(argv[1], ","); server; server = strtok(NULL, ",")) {
		if (evdns_base_nameserver_ip_add(dns, server) != 0)
			return 2;
	}
	for (int i = 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		*value++ = '\0';
		if (evdns_base_set_option(dns, argv[i], value) != 0)
			return 2;
	}
	while (scanf("%299s %9s", name, type) == 2) {
		struct evdns_request *request;
		struct in_addr address;

		begun = now();
		called = 0;
		if (strcmp(type, "PTR") == 0 && inet_pton(AF_INET, name, &address) == 1)
			request = evdns_base_resolve_reverse(dns, &address, 0, on_result, NULL);
		else if (strcmp(type, "AAAA") == 0)
			request = evdns_base_resolve_ipv6(dns, name, 0, on_result, NULL);
		else
			request = evdns_base_resolve_ipv4(dns, name, 0, on_result, NULL);
		if (request == NULL)
			return 3;
		event_base_dispatch(base);
	}
	evdns_base_free(dns, 0);
	event_base_free(base);
	return 0;
}
