/*
 * evdns_getaddrinfo(): what is known without asking, both families side by side, cancelling.
 */
// runs: one-backend
#include "dns.h"

#include <event2/bufferevent.h>
#include <net/if.h>

struct outcome {
	int calls, error;
	long long at;
};

static const char *
kind_name(int kind)
{
	return kind == SOCK_STREAM ? "stream" : kind == SOCK_DGRAM ? "dgram" : "other";
}

static void
on_list(int error, struct evutil_addrinfo *list, void *argument)
{
	struct evutil_addrinfo *info;
	struct outcome *outcome = argument;

	outcome->calls++;
	outcome->error = error;
	outcome->at = capi_now_ms();
	for (info = list; info; info = info->ai_next) {
		char text[INET6_ADDRSTRLEN];
		struct sockaddr_in *v4 = (struct sockaddr_in *)info->ai_addr;
		const void *at = info->ai_family == AF_INET
		    ? (void *)&v4->sin_addr
		    : (void *)&((struct sockaddr_in6 *)info->ai_addr)->sin6_addr;

		note("%s:%d/%s/%d", inet_ntop(info->ai_family, at, text, sizeof(text)),
		    ntohs(v4->sin_port), kind_name(info->ai_socktype), info->ai_protocol);
		if (info->ai_canonname)
			note("(%s)", info->ai_canonname);
	}
	if (list)
		evutil_freeaddrinfo(list);
	results++;
}

static struct outcome
ask(const char *node, const char *service, const struct evutil_addrinfo *hints)
{
	struct outcome outcome = {0};
	int before = results;
	void *request = evdns_getaddrinfo(dns, node, service, hints, on_list, &outcome);

	ck_assert_int_eq(outcome.calls, request == NULL);
	await_results(before + 1);
	return outcome;
}

static void
trace_ask(const char *what, const char *node, const char *service, int family, int socktype,
    int protocol, int flags)
{
	struct evutil_addrinfo hints = {.ai_family = family, .ai_socktype = socktype,
	    .ai_protocol = protocol, .ai_flags = flags};
	int asked = servers[0].asked;
	struct outcome outcome = ask(node, service, &hints);

	trace("%s: %d, asked %d: %s", what, outcome.error, servers[0].asked - asked, capi_log);
	capi_log[0] = '\0';
}

static void
begin_with(answer_fn answer)
{
	begin_dns(0);
	use_server(start_server(answer));
}

TEST(what_needs_no_question)
{
	begin_with(say_number);
	trace_ask("v4", "1.2.3.4", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("v6", "::1", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("v4 as v4", "1.2.3.4", NULL, AF_INET, SOCK_DGRAM, 0, 0);
	trace_ask("v6 as v6", "::1", "80", AF_INET6, 0, IPPROTO_TCP, 0);
	trace_ask("udp", "1.2.3.4", "80", AF_UNSPEC, 0, IPPROTO_UDP, 0);
	trace_ask("all kinds", "1.2.3.4", "80", AF_UNSPEC, 0, 0, 0);
	trace_ask("nobody", NULL, "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("anybody", NULL, "80", AF_UNSPEC, SOCK_STREAM, 0, EVUTIL_AI_PASSIVE);
	trace_ask("nobody v6", NULL, "80", AF_INET6, SOCK_STREAM, 0, 0);
	trace_ask("nothing", NULL, NULL, AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("family", "1.2.3.4", "80", AF_UNIX, SOCK_STREAM, 0, 0);
	trace_ask("service", "1.2.3.4", "http", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("no service", "1.2.3.4", "nonsuch", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("number wanted", "1.2.3.4", "http", AF_UNSPEC, SOCK_STREAM, 0,
	    EVUTIL_AI_NUMERICSERV);
	trace_ask("numeric host", "1.2.3.4", "80", AF_UNSPEC, SOCK_STREAM, 0,
	    EVUTIL_AI_NUMERICHOST);
	trace_ask("no numeric host", "host.test", "80", AF_UNSPEC, SOCK_STREAM, 0,
	    EVUTIL_AI_NUMERICHOST);
	end_dns();
}

/* A port is a number up to 65535, whatever the system makes of others. */
TEST(services)
{
	static const char *const texts[] = {"80", "+80", " 80", "080", "65535", "65536",
	    "99999999999", "99999999999999999999999", "-1", "", " ", "+", "80 ", "80x", "0x50",
	    "http", "tftp", "no such service"};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 0};
	char what[64];

	begin_with(say_number);
	for (int type = 0; type < 4; type++)
		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
			for (int flags = 0; flags < 2; flags++) {
				/* Which of these services it has is up to the system. */
				if (types[type] != SOCK_STREAM && strcmp(texts[i], "http") == 0)
					continue;
				snprintf(what, sizeof(what), "type %d, \"%s\"%s", type, texts[i],
				    flags ? ", numeric" : "");
				trace_ask(what, "127.0.0.1", texts[i], AF_INET, types[type], 0,
				    flags ? EVUTIL_AI_NUMERICSERV : 0);
			}
	trace_ask("raw and a name", "127.0.0.1", "domain", AF_INET, SOCK_RAW, 0, 0);
	trace_ask("SCTP", "127.0.0.1", "80", AF_INET, 0, 132, 0);
	end_dns();
}

static unsigned scope;

static void
note_scope(int error, struct evutil_addrinfo *list, void *argument)
{
	(void)argument;
	ck_assert_int_eq(error, 0);
	scope = ((struct sockaddr_in6 *)list->ai_addr)->sin6_scope_id;
	evutil_freeaddrinfo(list);
	results++;
}

/* Addresses of one link say by which interface it is reached, also in a hosts file. */
TEST(scopes)
{
	static const char *const nodes[] = {"fe80::1%lo", "fe80::1%1", "link"};
	struct evutil_addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
	char path[] = "/tmp/dns-scopes-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	fputs("fe80::2%lo link\n", file);
	fclose(file);
	begin_with(say_number);
	ck_assert_int_eq(evdns_base_load_hosts(dns, path), 0);
	unlink(path);
	for (int i = 0; i < 3; i++) {
		scope = 99;
		ck_assert_ptr_null(evdns_getaddrinfo(dns, nodes[i], "80", &hints, note_scope, NULL));
		ck_assert_int_eq(scope, if_nametoindex("lo"));
	}
	trace_ask("no such interface", "fe80::1%nosuchif", "80", AF_INET6, SOCK_STREAM, 0, 0);
	end_dns();
}

TEST(what_is_asked)
{
	struct outcome outcome;

	begin_with(say_number);
	trace_ask("both", "host.test", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("v4", "host.test", "80", AF_INET, SOCK_STREAM, 0, 0);
	trace_ask("v6", "host.test", "80", AF_INET6, SOCK_STREAM, 0, 0);
	trace_ask("all kinds", "host.test", "80", AF_INET, 0, 0, 0);
	trace_ask("v4 text as v6", "1.2.3.4", "80", AF_INET6, SOCK_STREAM, 0, 0);
	outcome = ask("host.test", NULL, NULL);
	trace("no hints: %d %s", outcome.error, capi_log);
	end_dns();
}

TEST(brackets_around_an_address)
{
	struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct outcome outcome;

	begin_with(say_number);
	outcome = ask("[::1]", "80", &hints);
	ck_assert_int_eq(outcome.error, 0);
	ck_notes("::1:80/stream/6");
	ck_assert_int_eq(servers[0].asked, 0);
	end_dns();
}

TEST(no_resolver)
{
	struct outcome outcome = {0};

	begin_dns(0);
	ck_assert_ptr_null(evdns_getaddrinfo(NULL, "host.test", NULL, NULL, on_list, &outcome));
	trace("%d %d", outcome.calls, outcome.error);
	end_dns();
}

static void
by_name(struct question *q)
{
	struct answer a;

	if (strncmp(q->name, "nx", 2) == 0)
		answer_code(q, NXDOMAIN);
	else if (strncmp(q->name, "nodata", 6) == 0)
		answer_code(q, 0);
	else if (strncmp(q->name, "formerr", 7) == 0)
		answer_code(q, FORMERR);
	else if (strncmp(q->name, "only4", 5) == 0 && q->type == TYPE_AAAA)
		answer_code(q, 0);
	else if (strncmp(q->name, "nx6", 3) == 0 && q->type == TYPE_AAAA)
		answer_code(q, NXDOMAIN);
	else if (strncmp(q->name, "alias", 5) == 0) {
		answer_begin(&a, q, 0);
		add_name_record(&a, NULL, TYPE_CNAME, 60, "real.test");
		if (q->type == TYPE_A)
			add_record(&a, 0, "real.test", TYPE_A, 60, "\1\2\3\4", 4);
		answer_send(&a);
	} else
		say_number(q);
}

TEST(errors)
{
	begin_with(by_name);
	trace_ask("no name", "nx.test", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("no name v4", "nx.test", "80", AF_INET, SOCK_STREAM, 0, 0);
	trace_ask("no data", "nodata.test", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("format", "formerr.test", "80", AF_INET, SOCK_STREAM, 0, 0);
	trace_ask("one family", "only4.test", "80", AF_UNSPEC, SOCK_STREAM, 0, 0);
	trace_ask("alias", "alias.test", "80", AF_INET, SOCK_STREAM, 0, EVUTIL_AI_CANONNAME);
	trace_ask("no alias", "host.test", "80", AF_INET, SOCK_STREAM, 0, EVUTIL_AI_CANONNAME);
	trace_ask("long", "0123456789012345678901234567890123456789012345678901234567890123.test",
	    "80", AF_INET, SOCK_STREAM, 0, 0);
	end_dns();
}

TEST(cancelled)
{
	struct outcome outcome = {0};
	struct evdns_getaddrinfo_request *request;

	begin_with(say_nothing);
	request = evdns_getaddrinfo(dns, "host.test", NULL, NULL, on_list, &outcome);
	ck_assert_ptr_nonnull(request);
	evdns_getaddrinfo_cancel(request);
	ck_assert_int_eq(outcome.calls, 0);
	await_results(1);
	run_for(20);
	trace("%d %d", outcome.calls, outcome.error);
	end_dns();
}

static struct evdns_getaddrinfo_request *own;

static void
cancel_own(int error, struct evutil_addrinfo *list, void *argument)
{
	evdns_getaddrinfo_cancel(own);
	on_list(error, list, argument);
}

TEST(cancelled_by_its_own_callback)
{
	struct outcome outcome = {0};

	begin_with(say_number);
	own = evdns_getaddrinfo(dns, "host.test", NULL, NULL, cancel_own, &outcome);
	await_results(1);
	run_for(20);
	trace("%d %d", outcome.calls, outcome.error);
	end_dns();
}

TEST(freed)
{
	struct outcome outcome = {0};

	begin_with(say_nothing);
	evdns_getaddrinfo(dns, "host.test", NULL, NULL, on_list, &outcome);
	evdns_base_free(dns, 1);
	dns = NULL;
	await_results(1);
	trace("%d %d", outcome.calls, outcome.error);
	end_dns();
}

static void
slow_v6(struct question *q)
{
	if (q->type == TYPE_A)
		say_number(q);
}

TEST(one_family_does_not_wait_for_the_other_for_ever)
{
	struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct outcome outcome;
	long long start = capi_now_ms();

	begin_with(slow_v6);
	set_option("getaddrinfo-allow-skew", "0.3");
	outcome = ask("host.test", "80", &hints);
	ck_assert_int_lt(outcome.at - start, 3000);
	ck_assert_int_ge(outcome.at - start, 290);
	trace("%d %s", outcome.error, capi_log);
	end_dns();
}

static void
in_different_domains(struct question *q)
{
	/* In the first domain it has an IPv4 address, in the second one of each. */
	if (strcmp(q->name, "host.one.test") == 0) {
		if (q->type == TYPE_A)
			answer_number(q, 1, 60);
		else
			answer_code(q, NXDOMAIN);
	} else if (strcmp(q->name, "host.two.test") == 0) {
		answer_number(q, 2, 60);
	} else {
		answer_code(q, NXDOMAIN);
	}
}

TEST(all_addresses_are_of_one_name)
{
	struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct outcome outcome;

	begin_with(in_different_domains);
	evdns_base_search_add(dns, "two.test");
	evdns_base_search_add(dns, "one.test");
	outcome = ask("host", "80", &hints);
	ck_assert_int_eq(outcome.error, 0);
	ck_notes("10.0.0.1:80/stream/6");
	end_dns();
}

TEST(a_name_that_one_family_denies)
{
	struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct outcome outcome;

	begin_with(by_name);
	outcome = ask("nx6.test", "80", &hints);
	trace("%d %s", outcome.error, capi_log);
	end_dns();
}

static char bev_log[100];

static void
on_event(struct bufferevent *bev, short what, void *argument)
{
	(void)argument;
	snprintf(bev_log, sizeof(bev_log), "events %x, dns error %d", what,
	    bufferevent_socket_get_dns_error(bev));
	results++;
}

TEST(bufferevents_connect_by_name)
{
	struct sockaddr_in address;
	evutil_socket_t fd = bound_socket(SOCK_STREAM, &address);
	char path[] = "/tmp/dns_getaddrinfo_XXXXXX";
	struct bufferevent *bev;
	int hosts;

	ck_assert_int_eq(listen(fd, 5), 0);
	hosts = mkstemp(path);
	ck_assert_int_eq(write(hosts, "127.0.0.1 here.test\n", 20), 20);
	close(hosts);
	begin_with(by_name);
	evdns_base_load_hosts(dns, path);
	unlink(path);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, NULL, NULL, on_event, NULL);
	trace("%d", bufferevent_socket_connect_hostname(bev, dns, AF_UNSPEC, "here.test",
	    ntohs(address.sin_port)));
	await_results(1);
	trace("%s", bev_log);
	bufferevent_free(bev);

	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, NULL, NULL, on_event, NULL);
	trace("%d", bufferevent_socket_connect_hostname(bev, dns, AF_UNSPEC, "nx.test",
	    ntohs(address.sin_port)));
	await_results(2);
	trace("%s", bev_log);
	bufferevent_free(bev);
	close(fd);
	end_dns();
}

static struct question kept;

static void
keep(struct question *q)
{
	kept = *q;
}

TEST(a_bufferevent_that_is_freed_connects_to_nobody)
{
	struct sockaddr_in address;
	evutil_socket_t fd = bound_socket(SOCK_STREAM, &address);
	struct answer a;
	struct bufferevent *bev;

	ck_assert_int_eq(listen(fd, 5), 0);
	begin_with(keep);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	ck_assert_int_eq(bufferevent_socket_connect_hostname(bev, dns, AF_INET, "host.test",
	                     ntohs(address.sin_port)),
	    0);
	run_for(30);
	bufferevent_free(bev);
	answer_begin(&a, &kept, 0);
	add_record(&a, 0, NULL, TYPE_A, 60, "\177\0\0\1", 4);
	answer_send(&a);
	run_for(50);
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	close(fd);
	end_dns();
}

TEST(a_resolver_that_is_freed_fails_its_bufferevents)
{
	struct bufferevent *bev;

	begin_with(say_nothing);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, NULL, NULL, on_event, NULL);
	ck_assert_int_eq(bufferevent_socket_connect_hostname(bev, dns, AF_INET, "host.test", 80), 0);
	run_for(30);
	evdns_base_free(dns, 1);
	dns = NULL;
	await_results(1);
	trace("%s", bev_log);
	bufferevent_free(bev);
	end_dns();
}
