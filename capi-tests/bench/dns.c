/*
 * Lookups by evdns, one after the other and many at a time.
 */
#include "dns_server.h"

#include <event2/dns.h>
#include <event2/event.h>

struct lookups {
	struct dns_server server;
	struct event_base *base;
	struct evdns_base *dns;
	int at_a_time;
	int to_start, to_end;
	unsigned number;
};

static void start(struct lookups *it);

static void
answered(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct lookups *it = arg;

	(void)ttl;
	must(result == DNS_ERR_NONE && type == DNS_IPv4_A && count == 1);
	must(*(uint32_t *)addresses == htonl(0xc0000201));
	if (--it->to_end == 0)
		event_base_loopbreak(it->base);
	else if (it->to_start > 0)
		start(it);
}

static void
start(struct lookups *it)
{
	char name[64];

	it->to_start--;
	sprintf(name, "host-%u.example.com", it->number++);
	must(evdns_base_resolve_ipv4(it->dns, name, DNS_QUERY_NO_SEARCH, answered, it));
}

static void *
begin(int at_a_time)
{
	struct lookups *it = worker_memory(sizeof(*it));
	char address[64];

	dns_server_begin(&it->server);
	it->at_a_time = at_a_time;
	it->base = event_base_new();
	it->dns = evdns_base_new(it->base, 0);
	must(it->base && it->dns);
	sprintf(address, "127.0.0.1:%d", it->server.port);
	must(evdns_base_nameserver_ip_add(it->dns, address) == 0);
	must(evdns_base_set_option(it->dns, "randomize-case", "0") == 0);
	must(evdns_base_set_option(it->dns, "max-inflight", "64") == 0);
	return it;
}

static void
run(void *state, int n)
{
	struct lookups *it = state;

	it->to_start = it->to_end = n;
	for (int i = 0; i < it->at_a_time; i++)
		start(it);
	event_base_dispatch(it->base);
}

static void
end(void *state)
{
	struct lookups *it = state;

	evdns_base_free(it->dns, 0);
	event_base_free(it->base);
	dns_server_end(&it->server);
	free(it);
}

static const struct work works[] = {
	{ "lookup/1", begin, run, end, 20000, 1 },
	{ "lookup/64", begin, run, end, 20000, 64 },
};

WORKER(works)
