/*
 * <evdns.h>: the functions of 1.4, and one resolver for the whole process.
 */
// runs: one-backend
#include <evdns.h>

#include "dns.h"

TEST(without_a_resolver)
{
	trace("%d", evdns_get_global_base() != NULL);
}

TEST(made_when_it_is_needed)
{
	base = event_init();
	evdns_set_log_fn(ignore_log);
	trace("add %d", evdns_nameserver_ip_add("1.2.3.4"));
	trace("again %d", evdns_nameserver_add(htonl(0x01020304)));
	trace("count %d", evdns_count_nameservers());
	trace("option %d", evdns_set_option("timeout:", "0.1", 0));
	trace("bad option %d", evdns_set_option("timeout:", "x", DNS_OPTIONS_ALL));
	trace("clear %d", evdns_clear_nameservers_and_suspend());
	trace("count %d", evdns_count_nameservers());
	trace("resume %d", evdns_resume());
	trace("file %d", evdns_resolv_conf_parse(DNS_OPTIONS_ALL, "/nonexistent"));
	trace("base %d", evdns_get_global_base() != NULL);
	evdns_search_clear();
	evdns_search_add("a.test");
	evdns_search_ndots_set(2);
	evdns_shutdown(0);
	trace("base %d", evdns_get_global_base() != NULL);
	event_base_free(base);
}

TEST(lookups)
{
	struct in_addr v4 = {htonl(0x0a000007)};
	struct in6_addr v6 = {{{0x20, 1}}};
	struct result r[4] = {{0}};

	base = event_init();
	nservers = 0;
	start_server(say_number);
	evdns_set_log_fn(ignore_log);
	evdns_set_option("timeout", "5", 0);
	dns = evdns_get_global_base();
	use_server(&servers[0]);
	trace("%d", evdns_resolve_ipv4("a.test", 0, on_result, &r[0]));
	trace("%d", evdns_resolve_ipv6("a.test", DNS_NO_SEARCH, on_result, &r[1]));
	trace("%d", evdns_resolve_reverse(&v4, 0, on_result, &r[2]));
	trace("%d", evdns_resolve_reverse_ipv6(&v6, 0, on_result, &r[3]));
	trace("%d", evdns_resolve_ipv4("0123456789012345678901234567890123456789012345678901234567890123.test",
	    0, on_result, &r[0]));
	await_results(4);
	for (int i = 0; i < 4; i++)
		trace("%d %s", r[i].error, r[i].text);
	evdns_set_transaction_id_fn(NULL);
	evdns_set_random_bytes_fn(NULL);
	evdns_shutdown(1);
	dns = NULL;
	end_dns();
}

TEST(configured_by_the_system)
{
	base = event_init();
	evdns_set_log_fn(ignore_log);
	trace("init %d", evdns_init());
	trace("servers %d", evdns_count_nameservers() > 0);
	evdns_shutdown(1);
	event_base_free(base);
}
