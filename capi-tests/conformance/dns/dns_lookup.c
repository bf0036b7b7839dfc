/*
 * Looking names up: results, errors, cancelling, freeing.
 */
// runs: one-backend
#include "dns.h"

static void
trace_result(const char *what, const struct result *r)
{
	trace("%s: error %d, count %d, ttl %d, %s", what, r->error, r->count, r->ttl, r->text);
}

static void
one_server(answer_fn answer)
{
	begin_dns(0);
	use_server(start_server(answer));
}

TEST(each_type_has_its_result)
{
	struct in_addr v4 = {htonl(0x0a000007)};
	struct in6_addr v6 = {{{0x20, 1}}};
	struct result r;

	one_server(say_number);
	r = lookup("host.test", TYPE_A);
	trace_result("ipv4", &r);
	trace("type %d", r.type);
	r = lookup("host.test", TYPE_AAAA);
	trace_result("ipv6", &r);
	trace("type %d", r.type);
	ck_assert_ptr_nonnull(evdns_base_resolve_reverse(dns, &v4, 0, on_result, &r));
	await_results(3);
	trace_result("reverse", &r);
	trace("type %d", r.type);
	ck_assert_ptr_nonnull(evdns_base_resolve_reverse_ipv6(dns, &v6, 0, on_result, &r));
	await_results(4);
	trace_result("reverse ipv6", &r);
	end_dns();
}

static void
trace_question(struct question *q)
{
	trace("%s type %d, flags %02x%02x", q->name, q->type, q->bytes[2], q->bytes[3]);
	say_number(q);
}

TEST(what_is_asked)
{
	struct in_addr v4 = {htonl(0x01020304)};
	struct in6_addr v6 = {{{0x20, 1, 0xd, 0xb8, [15] = 0xf1}}};
	struct result r;

	one_server(trace_question);
	lookup("Host.Test", TYPE_A);
	lookup("host.test", TYPE_AAAA);
	lookup("", TYPE_A);
	evdns_base_resolve_reverse(dns, &v4, 0, on_result, &r);
	evdns_base_resolve_reverse_ipv6(dns, &v6, 0, on_result, &r);
	await_results(5);
	end_dns();
}

static void
by_name(struct question *q)
{
	unsigned char address[4] = {10, 0, 0, 1};
	struct answer a;

	if (strcmp(q->name, "nx-soa.test") == 0) {
		answer_begin(&a, q, NXDOMAIN);
		add_soa(&a, 300, 40);
	} else if (strcmp(q->name, "nodata-soa.test") == 0) {
		answer_begin(&a, q, 0);
		add_soa(&a, 30, 400);
	} else if (strcmp(q->name, "nx.test") == 0) {
		answer_begin(&a, q, NXDOMAIN);
	} else if (strcmp(q->name, "nodata.test") == 0) {
		answer_begin(&a, q, 0);
	} else if (strcmp(q->name, "formerr.test") == 0) {
		answer_begin(&a, q, FORMERR);
	} else if (strcmp(q->name, "rcode11.test") == 0) {
		answer_begin(&a, q, 11);
	} else if (strcmp(q->name, "alias.test") == 0) {
		answer_begin(&a, q, 0);
		add_name_record(&a, NULL, TYPE_CNAME, 5, "real.test");
		add_record(&a, 0, "real.test", TYPE_A, 70, address, 4);
	} else if (strcmp(q->name, "only-alias.test") == 0) {
		answer_begin(&a, q, 0);
		add_name_record(&a, NULL, TYPE_CNAME, 5, "real.test");
	} else if (strcmp(q->name, "three.test") == 0) {
		answer_begin(&a, q, 0);
		for (address[3] = 1; address[3] <= 3; address[3]++)
			add_record(&a, 0, NULL, TYPE_A, 60 - address[3], address, 4);
		add_record(&a, 0, NULL, TYPE_A, 90, address, 4);
		add_record(&a, 0, NULL, TYPE_A, 90, address, 4);
	} else {
		say_number(q);
		return;
	}
	answer_send(&a);
}

TEST(errors_and_their_ttl)
{
	static const char *const names[] = {"nx.test", "nx-soa.test", "nodata.test",
	    "nodata-soa.test", "formerr.test", "rcode11.test", "alias.test", "only-alias.test",
	    "three.test"};

	one_server(by_name);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct result r = lookup(names[i], TYPE_A);

		trace_result(names[i], &r);
	}
	end_dns();
}

TEST(errors_tell_the_type_that_was_asked_for)
{
	struct result r;

	one_server(by_name);
	r = lookup("nx.test", TYPE_A);
	ck_assert_int_eq(r.type, DNS_IPv4_A);
	r = lookup("nx.test", TYPE_AAAA);
	ck_assert_int_eq(r.type, DNS_IPv6_AAAA);
	end_dns();
}

static void
forty(struct question *q)
{
	unsigned char address[4] = {10, 0, 1, 0};
	struct answer a;

	answer_begin(&a, q, 0);
	for (address[3] = 0; address[3] < 80; address[3]++)
		add_record(&a, 0, NULL, TYPE_A, 60, address, 4);
	answer_send(&a);
}

TEST(all_addresses_arrive)
{
	struct result r;

	one_server(forty);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.count, 80);
	ck_assert_ptr_nonnull(strstr(r.text, "10.0.1.79"));
	end_dns();
}

TEST(names_that_cannot_be_asked_for)
{
	char label[80], name[400];
	struct result r;
	unsigned len;

	one_server(say_number);
	memset(label, 'x', sizeof(label));
	label[64] = '\0';
	trace("label of 64: %d", evdns_base_resolve_ipv4(dns, label, 0, on_result, &r) != NULL);
	label[63] = '\0';
	trace("label of 63: %d", evdns_base_resolve_ipv4(dns, label, 0, on_result, &r) != NULL);
	for (len = 252; len <= 300; len += len < 253 ? 1 : 47) {
		memset(name, 'a', sizeof(name));
		for (unsigned i = 30; i < len; i += 31)
			name[i] = '.';
		name[len] = '\0';
		trace("name of %u: %d", len,
		    evdns_base_resolve_ipv4(dns, name, 0, on_result, &r) != NULL);
	}
	await_results(3);
	end_dns();
}

TEST(names_that_make_no_message)
{
	char name[400];
	struct result r;

	one_server(say_number);
	ck_assert_ptr_null(evdns_base_resolve_ipv4(dns, "a..b", 0, on_result, &r));
	ck_assert_ptr_null(evdns_base_resolve_ipv4(dns, ".a", 0, on_result, &r));
	memset(name, 'a', sizeof(name));
	for (unsigned i = 30; i < 254; i += 31)
		name[i] = '.';
	name[254] = '\0';
	ck_assert_ptr_null(evdns_base_resolve_ipv4(dns, name, 0, on_result, &r));
	end_dns();
}

TEST(cancelled)
{
	struct result one = {0}, two = {0};
	struct evdns_request *first, *second;

	one_server(say_nothing);
	first = evdns_base_resolve_ipv4(dns, "a.test", 0, on_result, &one);
	second = evdns_base_resolve_ipv6(dns, "b.test", 0, on_result, &two);
	evdns_cancel_request(dns, first);
	evdns_cancel_request(dns, first);
	evdns_cancel_request(NULL, second);
	ck_assert_int_eq(one.calls + two.calls, 0);
	await_results(2);
	run_for(20);
	trace("%d call, error %d; %d call, error %d", one.calls, one.error, two.calls, two.error);
	end_dns();
}

static struct evdns_request *other_lookup;

static void
cancel_other(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	evdns_cancel_request(dns, other_lookup);
	on_result(error, type, count, ttl, addresses, argument);
}

static void
only_a(struct question *q)
{
	if (strcmp(q->name, "a.test") == 0)
		say_number(q);
}

TEST(a_callback_cancels_another_lookup)
{
	struct result one = {0}, two = {0};

	one_server(only_a);
	evdns_base_resolve_ipv4(dns, "a.test", 0, cancel_other, &one);
	other_lookup = evdns_base_resolve_ipv4(dns, "b.test", 0, on_result, &two);
	await_results(2);
	trace("%d, then %d", one.error, two.error);
	end_dns();
}

TEST(freed_with_and_without_a_word)
{
	struct result r[2] = {{0}};

	for (int fail = 0; fail < 2; fail++) {
		one_server(say_nothing);
		evdns_base_resolve_ipv4(dns, "a.test", 0, on_result, &r[fail]);
		event_base_loop(base, EVLOOP_NONBLOCK);
		evdns_base_free(dns, fail);
		dns = NULL;
		ck_assert_int_eq(r[fail].calls, 0);
		event_base_loop(base, EVLOOP_NONBLOCK);
		trace("fail %d: %d calls, error %d", fail, r[fail].calls, r[fail].error);
		end_dns();
	}
}

static void
free_dns(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	if (dns) {
		evdns_base_free(dns, 1);
		dns = NULL;
	}
	on_result(error, type, count, ttl, addresses, argument);
}

TEST(freed_by_a_callback)
{
	struct result one = {0}, two = {0}, three = {0};

	one_server(by_name);
	set_option("max-inflight", "1");
	evdns_base_resolve_ipv4(dns, "a.test", 0, free_dns, &one);
	evdns_base_resolve_ipv4(dns, "b.test", 0, on_result, &two);
	evdns_base_resolve_ipv6(dns, "c.test", 0, on_result, &three);
	await_results(3);
	trace("errors %d %d %d", one.error, two.error, three.error);
	end_dns();
}

TEST(freed_with_a_cancelled_lookup)
{
	struct result r = {0};

	one_server(say_nothing);
	evdns_cancel_request(dns, evdns_base_resolve_ipv4(dns, "a.test", 0, on_result, &r));
	evdns_base_free(dns, 0);
	dns = NULL;
	event_base_loop(base, EVLOOP_NONBLOCK);
	trace("%d calls, error %d", r.calls, r.error);
	end_dns();
}

TEST(a_base_that_goes_away_calls_nobody)
{
	struct result r = {0};

	one_server(say_nothing);
	evdns_base_resolve_ipv4(dns, "a.test", 0, on_result, &r);
	evdns_base_free(dns, 1);
	stop_server(&servers[0]);
	event_base_free(base);
	trace("%d calls", r.calls);
}

TEST(texts_of_errors)
{
	for (int error = -1; error < 80; error++)
		trace("%d %s", error, evdns_err_to_string(error));
}

TEST(servers_keep_the_loop_running_unless_told_otherwise)
{
	struct result r;

	one_server(say_number);
	lookup("a.test", TYPE_A);
	stop_server(&servers[0]);
	trace("a loop with a resolver: %d", event_base_loop(base, EVLOOP_NONBLOCK));
	ck_assert_int_gt(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	end_dns();

	begin_dns(EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	use_server(start_server(say_number));
	event_del(servers[0].event);
	trace("idle: %d", event_base_dispatch(base));
	event_add(servers[0].event, NULL);
	r = lookup("a.test", TYPE_A);
	trace_result("asked", &r);
	event_del(servers[0].event);
	trace("idle again: %d", event_base_dispatch(base));
	end_dns();
}

TEST(waiting_ones_start_in_their_order)
{
	struct result r[10] = {{0}};
	char name[16];

	one_server(trace_question);
	set_option("max-inflight", "2");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		evdns_base_resolve_ipv4(dns, name, 0, on_result, &r[i]);
	}
	await_results(10);
	end_dns();
}

TEST(suspended_and_resumed)
{
	struct result r[2] = {{0}};

	one_server(say_nothing);
	evdns_base_resolve_ipv4(dns, "a.test", 0, on_result, &r[0]);
	run_for(20);
	trace("asked %d", servers[0].asked);
	trace("clear %d", evdns_base_clear_nameservers_and_suspend(dns));
	trace("servers %d", evdns_base_count_nameservers(dns));
	evdns_base_resolve_ipv4(dns, "b.test", 0, on_result, &r[1]);
	run_for(20);
	use_server(start_server(trace_question));
	run_for(20);
	trace("resume %d", evdns_base_resume(dns));
	await_results(2);
	trace("%s %s", r[0].text, r[1].text);
	end_dns();
}
