/*
 * Running out of memory in evdns: what has begun ends with one call of its callback, what has not
 * is NULL, and nothing leaks.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "dns.h"
#include "fault_memory.h"

#include <event2/dns_struct.h>

static void
count_list(int error, struct evutil_addrinfo *list, void *argument)
{
	struct result *r = argument;

	r->calls++;
	r->error = error;
	if (list)
		evutil_freeaddrinfo(list);
}

static void
in_the_second_domain(struct question *q)
{
	if (strstr(q->name, ".two.test"))
		say_number(q);
	else
		answer_code(q, NXDOMAIN);
}

static void
truncate_all(struct question *q)
{
	answer_code(q, TRUNCATED_FLAG);
}

/* Does it all once, with the N-th request for memory refused. False when there were not so many. */
static int
attempt(int n, int onwards, answer_fn answer)
{
	struct result r[3];
	void *begun[3] = {NULL};
	struct timeval tick = {0, 2000};
	struct event *timer;
	int wanted = 0, called = 0;

	memset(r, 0, sizeof(r));
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(timer, &tick);
	nservers = 0;
	start_server(answer);
	refuse(n, onwards);
	dns = evdns_base_new(base, 0);
	if (dns) {
		evdns_base_set_option(dns, "timeout", "0.1");
		evdns_base_set_option(dns, "attempts", "2");
		evdns_base_search_add(dns, "two.test");
		evdns_base_search_add(dns, "one.test");
		evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&servers[0].address,
		    sizeof(servers[0].address), 0);
		begun[0] = evdns_base_resolve_ipv4(dns, "host", 0, on_result, &r[0]);
		begun[1] = evdns_base_resolve_ipv6(dns, "host", DNS_QUERY_NO_SEARCH, on_result, &r[1]);
		begun[2] = evdns_getaddrinfo(dns, "host", "80", NULL, count_list, &r[2]);
	}
	for (int i = 0; i < 3; i++)
		wanted += begun[i] != NULL;
	for (int i = 0; i < 1000 && called < wanted; i++) {
		event_base_loop(base, EVLOOP_ONCE);
		called = 0;
		for (int j = 0; j < 3; j++)
			called += begun[j] && r[j].calls;
	}
	refuse_from = -1;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(r[i].calls, begun[i] != NULL);
	ck_assert_int_eq(r[2].calls, dns != NULL);
	if (dns)
		evdns_base_free(dns, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_free(timer);
	stop_server(&servers[0]);
	event_base_free(base);
	ck_assert_int_eq(blocks, 0);
	return refused > 0;
}

static void
sweep(answer_fn answer)
{
	int n, most = 0;

	hook_memory();
	evdns_set_log_fn(ignore_log);
	for (int onwards = 0; onwards < 2; onwards++) {
		for (n = 0; attempt(n, onwards, answer); n++)
			ck_assert_int_lt(n, 1000);
		most = n > most ? n : most;
	}
	ck_assert_int_gt(most, 20);
}

TEST(a_lookup)
{
	sweep(in_the_second_domain);
}

TEST(a_lookup_over_tcp_that_is_refused)
{
	sweep(truncate_all);
}

static void
serve(struct evdns_server_request *request, void *argument)
{
	int *result = argument;

	*result = evdns_server_request_add_a_reply(request, "host.test", 2, "\1\2\3\4\5\6\7\10", 5);
	if (*result == 0)
		*result = evdns_server_request_add_cname_reply(request, "a.test", "host.test", 5);
	if (evdns_server_request_respond(request, 0) < 0)
		evdns_server_request_drop(request);
}

TEST(a_question)
{
	unsigned char question[64] = {0}, answer[512];
	struct sockaddr_in address, own;
	int n, len, more = 1;

	put16(question + 4, 1);
	len = 12 + put_name(question + 12, "host.test");
	put16(question + len, 1);
	put16(question + len + 2, 1);
	hook_memory();
	for (n = 0; more; n++) {
		evutil_socket_t fd = bound_socket(SOCK_DGRAM, &address);
		evutil_socket_t client = bound_socket(SOCK_DGRAM, &own);
		struct evdns_server_port *port;
		int result = 0;

		base = event_base_new();
		refuse(n, 0);
		port = evdns_add_server_port_with_base(base, fd, 0, serve, &result);
		sendto(client, question, (size_t)len + 4, 0, (struct sockaddr *)&address,
		    sizeof(address));
		event_base_loop(base, EVLOOP_NONBLOCK);
		more = refused > 0;
		refuse_from = -1;
		if (!more)
			ck_assert_int_gt(recv(client, answer, sizeof(answer), 0), 12);
		if (port)
			evdns_close_server_port(port);
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (!port)
			close(fd);
		close(client);
		event_base_free(base);
		ck_assert_int_eq(blocks, 0);
	}
	ck_assert_int_gt(n, 8);
}
