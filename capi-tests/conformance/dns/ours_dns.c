/*
 * What 2.2 adds to evdns, and what is only here: EDNS, the cache, options.
 */
// runs: one-backend
#include "dns.h"

#include <event2/bufferevent.h>
#include <event2/dns_struct.h>

static void
trace_edns(struct question *q)
{
	note("%d", q->len > q->end && q->bytes[11] == 1
	        ? q->bytes[q->end + 3] << 8 | q->bytes[q->end + 4] : 0);
	say_number(q);
}

TEST(edns)
{
	begin_asking(trace_edns);
	lookup("host.test", TYPE_A);
	set_option("edns-udp-size", "4096");
	lookup("host.test", TYPE_A);
	set_option("edns-udp-size", "512");
	lookup("host.test", TYPE_A);
	ck_notes("0 4096 0");
	ck_assert_int_eq(evdns_base_set_option(dns, "edns-udp-size", "x"), -1);
	end_dns();
}

static void
no_edns(struct question *q)
{
	note("%d", q->len > q->end);
	if (q->len > q->end)
		answer_code(q, FORMERR);
	else
		say_number(q);
}

TEST(a_server_that_knows_no_edns)
{
	struct result r;

	begin_asking(no_edns);
	set_option("edns-udp-size", "4096");
	for (int i = 0; i < 3; i++) {
		r = lookup("host.test", TYPE_A);
		ck_assert_int_eq(r.error, 0);
	}
	ck_notes("1 0 0 0");
	end_dns();
}

static void
drop_edns(struct question *q)
{
	note("%d", q->len > q->end);
	if (q->len == q->end)
		say_number(q);
}

TEST(a_server_that_drops_edns)
{
	struct result r;

	begin_asking(drop_edns);
	set_option("edns-udp-size", "4096");
	set_option("timeout", "0.4");
	for (int i = 0; i < 3; i++) {
		r = lookup("host.test", TYPE_A);
		ck_assert_int_eq(r.error, 0);
	}
	/* Two are lost, and that is remembered. */
	ck_notes("1 1 0 0 0");
	end_dns();
}

static void
large_answer(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_addresses(&a, 230);
	answer_send(&a);
}

TEST(large_datagrams_are_received_whole)
{
	struct result r;

	begin_asking(large_answer);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.count, 230);
	end_dns();
}

static void
on_alias(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	(void)error;
	(void)argument;
	if (type == DNS_CNAME)
		note("cname %d %d %s", count, ttl, (char *)addresses);
	else
		note("type %d %d", type, count);
	results++;
}

static void
alias(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_name_record(&a, NULL, TYPE_CNAME, 5, "middle.test");
	add_name_record(&a, "middle.test", TYPE_CNAME, 5, "End.test");
	add_record(&a, 0, "end.test", TYPE_A, 70, "\1\2\3\4", 4);
	answer_send(&a);
}

TEST(the_canonical_name)
{
	begin_asking(alias);
	evdns_base_resolve_ipv4(dns, "host.test", DNS_CNAME_CALLBACK, on_alias, NULL);
	await_results(2);
	ck_notes("type 1 1 cname 1 70 End.test");
	end_dns();
}

TEST(the_socket_of_a_server)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	int fd;

	begin_asking(say_number);
	ck_assert_int_eq(evdns_base_get_nameserver_fd(dns, 1), -1);
	fd = evdns_base_get_nameserver_fd(dns, 0);
	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 5; i++) {
		lookup("host.test", TYPE_A);
		ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &size), 0);
		ck_assert_int_eq(ntohs(own.sin_port), servers[0].ports[i]);
	}
	end_dns();
}

TEST(ports_that_are_shared)
{
	int changes = 0;

	begin_asking(say_number);
	set_option("queries-per-port", "10");
	for (int i = 0; i < 100; i++) {
		lookup("host.test", TYPE_A);
		changes += i > 0 && servers[0].ports[i] != servers[0].ports[i - 1];
	}
	ck_assert_int_ge(changes, 9);
	ck_assert_int_le(changes, 14);
	end_dns();
}

static void
note_origin(struct question *q)
{
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &q->from.sin_addr, address, sizeof(address));
	note("%s", address);
	say_number(q);
}

/* A server on this machine that is not named by its loopback address, which needs no other. */
static void
use_any_address(struct name_server *server)
{
	struct sockaddr_in any = server->address;

	any.sin_addr.s_addr = htonl(INADDR_ANY);
	ck_assert_int_eq(evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&any,
	                     sizeof(any), 0),
	    0);
}

TEST(questions_leave_from_the_address_that_is_wanted)
{
	struct sockaddr_in own;
	char text[64];
	int fd;

	begin_dns(0);
	set_option("bind-to", "127.0.0.2");
	use_any_address(start_server(note_origin));
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(lookup("host.test", TYPE_A).text, "10.0.0.1");
	ck_notes("127.0.0.2 127.0.0.2 127.0.0.2");
	ck_assert_int_ne(servers[0].ports[1], servers[0].ports[2]);
	end_dns();

	/* With a port there is one only. */
	fd = bound_socket(SOCK_DGRAM, &own);
	close(fd);
	begin_dns(0);
	snprintf(text, sizeof(text), "127.0.0.2:%d", ntohs(own.sin_port));
	set_option("bind-to", text);
	use_any_address(start_server(say_number));
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(lookup("host.test", TYPE_A).text, "10.0.0.1");
		ck_assert_int_eq(servers[0].ports[i], ntohs(own.sin_port));
	}
	end_dns();
}

/* The cache. */

static int list_error, list_count;

static void
on_list(int error, struct evutil_addrinfo *list, void *argument)
{
	struct evutil_addrinfo *info;

	(void)argument;
	list_error = error;
	list_count = 0;
	for (info = list; info; info = info->ai_next)
		list_count++;
	if (list)
		evutil_freeaddrinfo(list);
	results++;
}

static int
ask(const char *name, int family)
{
	struct evutil_addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	int before = results;
	int at_once = evdns_getaddrinfo(dns, name, "80", &hints, on_list, NULL) == NULL;

	await_results(before + 1);
	return at_once;
}

static void
cacheable(struct question *q)
{
	struct answer a;

	if (strcmp(q->name, "nx.test") == 0) {
		answer_begin(&a, q, NXDOMAIN);
		add_soa(&a, 60, 60);
		answer_send(&a);
	} else if (strcmp(q->name, "short.test") == 0) {
		answer_number(q, 1, 0);
	} else if (strcmp(q->name, "alias.test") == 0) {
		answer_begin(&a, q, 0);
		add_name_record(&a, NULL, TYPE_CNAME, 0, "end.test");
		add_record(&a, 0, "end.test", TYPE_A, 60, "\1\2\3\4", 4);
		answer_send(&a);
	} else {
		say_number(q);
	}
}

TEST(answers_are_cached_where_that_is_wanted)
{
	begin_asking(cacheable);
	ck_assert_int_eq(ask("host.test", AF_UNSPEC), 0);
	ck_assert_int_eq(ask("host.test", AF_UNSPEC), 0);
	set_option("cache", "1");
	ck_assert_int_eq(ask("host.test", AF_INET), 0);
	ck_assert_int_eq(ask("HOST.test", AF_INET), 1);
	ck_assert_int_eq(list_count, 1);
	ck_assert_int_eq(ask("host.test", AF_INET6), 0);
	ck_assert_int_eq(ask("host.test", AF_UNSPEC), 1);
	ck_assert_int_eq(list_count, 2);
	ck_assert_int_eq(ask("nx.test", AF_INET), 0);
	ck_assert_int_eq(ask("nx.test", AF_INET), 1);
	ck_assert_int_eq(list_error, EVUTIL_EAI_NONAME);
	ck_assert_int_eq(ask("short.test", AF_INET), 0);
	ck_assert_int_eq(ask("short.test", AF_INET), 0);
	/* Its address could be kept, but not the way there. */
	ck_assert_int_eq(ask("alias.test", AF_INET), 0);
	ck_assert_int_eq(ask("alias.test", AF_INET), 0);
	end_dns();
}

TEST(a_lookup_that_is_cancelled_leaves_the_cache_alone)
{
	struct evdns_getaddrinfo_request *request;
	int before;

	begin_asking(cacheable);
	set_option("cache", "1");
	ck_assert_int_eq(ask("host.test", AF_INET), 0);
	before = results;
	request = evdns_getaddrinfo(dns, "host.test", "80", NULL, on_list, NULL);
	ck_assert_ptr_nonnull(request);
	evdns_getaddrinfo_cancel(request);
	await_results(before + 1);
	ck_assert_int_eq(list_error, EVUTIL_EAI_CANCEL);
	ck_assert_int_eq(ask("host.test", AF_INET), 1);
	end_dns();
}

TEST(the_cache_by_hand)
{
	struct evutil_addrinfo hints = {0}, info = {0}, *found = NULL;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	char name[] = "by.hand.test";

	begin_asking(say_number);
	v4.sin_addr.s_addr = htonl(0x01020304);
	info.ai_family = AF_INET;
	info.ai_addr = (struct sockaddr *)&v4;
	info.ai_addrlen = sizeof(v4);
	ck_assert_int_eq(evdns_cache_lookup(dns, name, &hints, 80, &found), -1);
	evdns_cache_write(dns, name, &info, 60);
	hints.ai_socktype = SOCK_STREAM;
	ck_assert_int_eq(evdns_cache_lookup(dns, "BY.hand.test", &hints, 80, &found), 0);
	ck_assert_int_eq(((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr, htonl(0x01020304));
	ck_assert_int_eq(((struct sockaddr_in *)found->ai_addr)->sin_port, htons(80));
	ck_assert_ptr_null(found->ai_next);
	evutil_freeaddrinfo(found);
	hints.ai_family = AF_INET6;
	ck_assert_int_eq(evdns_cache_lookup(dns, name, &hints, 80, &found), EVUTIL_EAI_ADDRFAMILY);
	evdns_cache_write(dns, name, NULL, 60);
	hints.ai_family = AF_UNSPEC;
	ck_assert_int_eq(evdns_cache_lookup(dns, name, &hints, 80, &found), -1);
	evdns_cache_write(dns, name, &info, 0);
	ck_assert_int_eq(evdns_cache_lookup(dns, name, &hints, 80, &found), -1);
	end_dns();
}

/* The end, in unusual places. */

static void
free_in_log(int warning, const char *text)
{
	(void)warning;
	if (strstr(text, "has failed") && dns) {
		struct evdns_base *old = dns;

		dns = NULL;
		evdns_base_free(old, 1);
	}
}

static void
only_ipv4(struct question *q)
{
	unsigned char address[4] = {127, 0, 0, 1};
	struct answer a;

	if (q->type != TYPE_A)
		return;
	answer_begin(&a, q, 0);
	add_record(&a, 0, NULL, TYPE_A, 60, address, 4);
	answer_send(&a);
}

static void
on_connected(struct bufferevent *bev, short what, void *argument)
{
	(void)bev;
	*(short *)argument = what;
	event_base_loopbreak(base);
}

/* Who connects does not wait for addresses that don't come. */
TEST(connecting_with_one_family_of_addresses)
{
	struct sockaddr_in address;
	evutil_socket_t fd = bound_socket(SOCK_STREAM, &address);
	long long begun = capi_now_ms();
	struct bufferevent *bev;
	short what = 0;

	begin_asking(only_ipv4);
	ck_assert_int_eq(listen(fd, 1), 0);
	set_option("timeout", "60");
	set_option("getaddrinfo-allow-skew", "60");
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, NULL, NULL, on_connected, &what);
	ck_assert_int_eq(bufferevent_socket_connect_hostname(bev, dns, AF_UNSPEC, "host.test",
	                     ntohs(address.sin_port)),
	    0);
	event_base_dispatch(base);
	ck_assert_int_eq(what, BEV_EVENT_CONNECTED);
	ck_assert_int_lt(capi_now_ms() - begun, 30000);
	ck_assert_int_eq(servers[0].asked, 2);
	bufferevent_free(bev);
	close(fd);
	end_dns();
}

TEST(freed_by_the_log)
{
	struct result r = {0};

	begin_asking(say_nothing);
	set_option("timeout", "0.05");
	evdns_set_log_fn(free_in_log);
	evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r);
	await_results(1);
	ck_assert_int_eq(r.error, DNS_ERR_TIMEOUT);
	ck_assert_ptr_null(dns);
	end_dns();
}

static void
child(void *argument)
{
	struct result r;

	ck_assert_int_eq(event_reinit(base), 0);
	servers[0].asked = 0;
	for (int i = 0; i < 20; i++)
		r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(write(*(int *)argument, servers[0].ids, 40), 40);
	_exit(r.error);
}

TEST(a_child_has_other_ids_than_its_parent)
{
	unsigned short ids[20];
	int pipes[2], same = 0;

	begin_asking(say_number);
	lookup("host.test", TYPE_A);
	ck_assert_int_eq(pipe(pipes), 0);
	capi_in_child(child, &pipes[1]);
	ck_assert_int_eq(read(pipes[0], ids, sizeof(ids)), 40);
	servers[0].asked = 0;
	for (int i = 0; i < 20; i++)
		lookup("host.test", TYPE_A);
	for (int i = 0; i < 20; i++)
		same += ids[i] == servers[0].ids[i];
	ck_assert_int_lt(same, 3);
	end_dns();
}
