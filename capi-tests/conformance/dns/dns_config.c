/*
 * Configuring a resolver: options, name servers, resolv.conf, searching.
 */
// runs: one-backend
#include "dns.h"

static char path[] = "/tmp/dns_config_XXXXXX";

static void
write_file(const char *text)
{
	static int made;
	FILE *file;

	if (!made) {
		close(mkstemp(path));
		made = 1;
	}
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void
trace_servers(void)
{
	int count = evdns_base_count_nameservers(dns);

	trace("%d servers", count);
}

TEST(options)
{
	static const char *const names[] = {"ndots", "ndots:", "ndots:x", "ndotsx", "timeout",
	    "attempts", "max-timeouts", "max-inflight", "randomize-case", "bind-to",
	    "initial-probe-timeout", "getaddrinfo-allow-skew", "so-rcvbuf", "so-sndbuf",
	    "rotate", ""};
	static const char *const values[] = {"1", "x", "", "1 ", " 1", "-1", "-2", "1.5", "1e3",
	    "0.0001", "99999999999", "127.0.0.1", "127.0.0.1:5"};

	begin_dns(0);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int results[13];

		for (unsigned j = 0; j < 13; j++)
			results[j] = evdns_base_set_option(dns, names[i], values[j]);
		trace("%s: %d %d %d %d %d %d %d %d %d %d %d %d %d", names[i], results[0],
		    results[1], results[2], results[3], results[4], results[5], results[6],
		    results[7], results[8], results[9], results[10], results[11], results[12]);
	}
	end_dns();
}

TEST(addresses_of_servers)
{
	static const char *const texts[] = {"1.2.3.4", "1.2.3.4", "1.2.3.4:53", "1.2.3.4:5353",
	    "1.2.3.4:54x", "::1", "[::1]", "[::1]:5", "[::1", "1.2.3.4:0", "1.2.3.4:99999", "",
	    "localhost", "1.2.3"};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(7)};

	begin_dns(0);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		trace("%s: %d", texts[i], evdns_base_nameserver_ip_add(dns, texts[i]));
	trace("number: %d", evdns_base_nameserver_add(dns, htonl(0x01020305)));
	trace("again: %d", evdns_base_nameserver_add(dns, htonl(0x01020305)));
	v4.sin_addr.s_addr = htonl(0x7f000001);
	trace("sockaddr: %d", evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&v4,
	    sizeof(v4), 0));
	trace("too long: %d", evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&v4,
	    1000, 0));
	trace_servers();
	trace("clear: %d", evdns_base_clear_nameservers_and_suspend(dns));
	trace_servers();
	end_dns();
}

TEST(asking_for_an_address)
{
	struct sockaddr_storage storage;
	struct sockaddr *sa = (struct sockaddr *)&storage;

	begin_dns(0);
	trace("none: %d", evdns_base_get_nameserver_addr(dns, 0, sa, sizeof(storage)));
	evdns_base_nameserver_ip_add(dns, "[::1]:5");
	memset(&storage, 0, sizeof(storage));
	trace("length 4: %d, family %d", evdns_base_get_nameserver_addr(dns, 0, sa, 4),
	    sa->sa_family);
	trace("no room: %d", evdns_base_get_nameserver_addr(dns, 0, NULL, 0));
	trace("room: %d, family %d", evdns_base_get_nameserver_addr(dns, 0, sa, sizeof(storage)),
	    sa->sa_family == AF_INET6);
	trace("-1: %d, 1: %d", evdns_base_get_nameserver_addr(dns, -1, sa, sizeof(storage)),
	    evdns_base_get_nameserver_addr(dns, 1, sa, sizeof(storage)));
	end_dns();
}

TEST(servers_are_numbered_and_asked_in_the_order_of_adding)
{
	struct result r;

	begin_dns(0);
	for (int i = 0; i < 4; i++)
		use_server(start_server(say_number));
	for (int i = 0; i < 8; i++) {
		struct sockaddr_in address;

		ck_assert_int_eq(evdns_base_get_nameserver_addr(dns, i % 4,
		                     (struct sockaddr *)&address, sizeof(address)),
		    (int)sizeof(address));
		ck_assert_int_eq(address.sin_port, servers[i % 4].address.sin_port);
		r = lookup("host.test", TYPE_A);
		ck_assert_int_eq(r.text[7], '1' + i % 4);
	}
	end_dns();
}

static void
trace_parse(const char *name, int flags, const char *text)
{
	write_file(text);
	begin_dns(0);
	trace("%s: %d", name, evdns_base_resolv_conf_parse(dns, flags, path));
	trace_servers();
	end_dns();
}

TEST(files)
{
	trace_parse("servers", DNS_OPTIONS_ALL,
	    "nameserver 1.2.3.4\n nameserver\t1.2.3.4:5353 x\nnameserver foo\nnameserver ::1\n"
	    "nameserver\n#nameserver 1.1.1.1\n;nameserver 1.1.1.1\nnameserver [::1]:5\n"
	    "Nameserver 1.1.1.1\nsortlist 1\nnameserver 1.2.3.4");
	trace_parse("empty", DNS_OPTIONS_ALL, "");
	trace_parse("empty, no default", DNS_OPTIONS_ALL | DNS_OPTION_NAMESERVERS_NO_DEFAULT, "");
	trace_parse("no servers wanted", DNS_OPTION_SEARCH, "nameserver 1.2.3.4\n");
	trace_parse("options", DNS_OPTIONS_ALL,
	    "nameserver 1.2.3.4\noptions timeout:x attempts:foo ndots:3 inet6 max-inflight:\n"
	    "options\noptions rotate edns0 trust-ad\n");
	begin_dns(0);
	trace("missing: %d", evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/nonexistent"));
	trace_servers();
	trace("directory: %d", evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/tmp"));
	trace("NULL: %d", evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, NULL));
	trace_servers();
	end_dns();
	begin_dns(0);
	trace("missing, no default: %d",
	    evdns_base_resolv_conf_parse(dns,
	        DNS_OPTIONS_ALL | DNS_OPTION_NAMESERVERS_NO_DEFAULT, "/nonexistent"));
	trace_servers();
	end_dns();
	unlink(path);
}

TEST(lines_may_end_like_on_windows)
{
	int result;

	write_file("nameserver 1.2.3.4\r\nsearch a.test\r\n");
	begin_dns(0);
	result = evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, path);
	unlink(path);
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(evdns_base_count_nameservers(dns), 1);
	end_dns();
}

static void
note_question(struct question *q)
{
	note("%s", q->name);
	answer_code(q, NXDOMAIN);
}

static void
trace_search(const char *name)
{
	struct result r = lookup(name, TYPE_A);

	trace("%s (%d): %s", name, r.error, capi_log);
	capi_log[0] = '\0';
}

TEST(searching)
{
	struct result r;

	write_file("search a.test .b.test\noptions ndots:2\n");
	begin_dns(0);
	use_server(start_server(note_question));
	trace_search("one");
	evdns_base_search_add(dns, "x.test");
	evdns_base_search_add(dns, "..y.test");
	trace_search("one");
	trace_search("one.two");
	evdns_base_search_ndots_set(dns, 2);
	trace_search("one.two");
	trace_search("one.two.three");
	evdns_base_search_clear(dns);
	trace_search("one.two");
	evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH, path);
	trace_search("one.two");
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, "one", DNS_QUERY_NO_SEARCH, on_result,
	    &r));
	await_results(results + 1);
	trace("not searched: %s", capi_log);
	end_dns();
	unlink(path);
}

static void
by_candidate(struct question *q)
{
	note("%s", q->name);
	if (strcmp(q->name, "one.nodata.test") == 0)
		answer_code(q, 0);
	else if (strcmp(q->name, "one.formerr.test") == 0)
		answer_code(q, FORMERR);
	else if (strcmp(q->name, "one.good.test") == 0)
		say_number(q);
	else
		answer_code(q, NXDOMAIN);
}

TEST(searching_ends_with_the_first_answer)
{
	begin_dns(0);
	use_server(start_server(by_candidate));
	evdns_base_search_add(dns, "other.test");
	evdns_base_search_add(dns, "good.test");
	evdns_base_search_add(dns, "formerr.test");
	evdns_base_search_add(dns, "nodata.test");
	trace_search("one");
	end_dns();
}

TEST(a_dot_at_the_end_makes_a_name_complete)
{
	struct result r;

	begin_dns(0);
	use_server(start_server(note_question));
	evdns_base_search_add(dns, "a.test");
	r = lookup("one.", TYPE_A);
	ck_assert_int_eq(r.error, DNS_ERR_NOTEXIST);
	ck_notes("one");
	end_dns();
}

TEST(options_hold_for_domains_that_follow)
{
	struct result r;

	write_file("options ndots:2\nsearch a.test # c\n");
	begin_dns(0);
	use_server(start_server(note_question));
	evdns_base_resolv_conf_parse(dns, DNS_OPTION_SEARCH, path);
	unlink(path);
	r = lookup("one.two", TYPE_A);
	ck_assert_int_eq(r.error, DNS_ERR_NOTEXIST);
	ck_notes("one.two.a.test one.two");
	end_dns();
}

static void
on_address(int error, struct evutil_addrinfo *list, void *argument)
{
	struct evutil_addrinfo *info;

	note("%s: %d", (const char *)argument, error);
	for (info = list; info; info = info->ai_next) {
		char text[INET6_ADDRSTRLEN];
		const void *at = info->ai_family == AF_INET
		    ? (void *)&((struct sockaddr_in *)info->ai_addr)->sin_addr
		    : (void *)&((struct sockaddr_in6 *)info->ai_addr)->sin6_addr;

		note("%s", inet_ntop(info->ai_family, at, text, sizeof(text)));
	}
	if (list)
		evutil_freeaddrinfo(list);
}

static void
trace_host(const char *name, int family)
{
	struct evutil_addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	void *request = evdns_getaddrinfo(dns, name, NULL, &hints, on_address, (void *)name);

	trace("%s, at once %d", capi_log, request == NULL);
	capi_log[0] = '\0';
	if (request) {
		evdns_getaddrinfo_cancel(request);
		event_base_loop(base, EVLOOP_NONBLOCK);
		capi_log[0] = '\0';
	}
}

TEST(hosts)
{
	write_file("# comment\n1.2.3.4\tOne uno # eins\n ::1 one x#y\n1.2.3.4:5 port\nnonsense a\n"
	           "1.2.3.5 one\n1.2.3.6\n");
	begin_dns(0);
	trace("load %d", evdns_base_load_hosts(dns, path));
	trace_host("ONE", AF_UNSPEC);
	trace_host("one", AF_INET);
	trace_host("one", AF_INET6);
	trace_host("uno", AF_UNSPEC);
	trace_host("x", AF_UNSPEC);
	trace_host("eins", AF_UNSPEC);
	trace_host("port", AF_UNSPEC);
	trace_host("a", AF_UNSPEC);
	trace_host("one.", AF_UNSPEC);
	trace("again %d", evdns_base_load_hosts(dns, path));
	trace_host("one", AF_INET);
	evdns_base_clear_host_addresses(dns);
	trace_host("one", AF_UNSPEC);
	trace("missing %d", evdns_base_load_hosts(dns, "/nonexistent"));
	trace_host("localhost", AF_UNSPEC);
	evdns_base_clear_host_addresses(dns);
	trace("NULL %d", evdns_base_load_hosts(dns, NULL));
	trace_host("localhost", AF_INET6);
	end_dns();
	unlink(path);
}

TEST(a_host_without_an_address_of_the_family)
{
	struct evutil_addrinfo hints = {.ai_family = AF_INET6};

	write_file("1.2.3.4 one\n");
	begin_dns(0);
	evdns_base_load_hosts(dns, path);
	unlink(path);
	ck_assert_ptr_null(evdns_getaddrinfo(dns, "one", NULL, &hints, on_address, "one"));
	ck_notes("one: -9");
	end_dns();
}

TEST(unknown_flags_mean_one)
{
	base = event_base_new();
	evdns_set_log_fn(ignore_log);
	for (int flags = 2; flags >= -1; flags -= 3) {
		dns = evdns_base_new(base, flags);
		trace("%d: servers %d", flags, dns && evdns_base_count_nameservers(dns) > 0);
		evdns_base_free(dns, 0);
	}
	dns = NULL;
	end_dns();
}
