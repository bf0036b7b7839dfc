/*
 * Name servers that fail, and return: how long a lookup takes then, and what comes of it.
 */
// runs: one-backend
#include "dns.h"

static char messages[16][200];
static int nmessages;

/* Keeps what is told of servers. */
static void
keep_message(int warning, const char *text)
{
	const char *rest = strstr(text, " has failed");

	(void)warning;
	if (!rest)
		rest = strstr(text, " is back up");
	if (strncmp(text, "Nameserver ", 11) == 0 && rest)
		snprintf(messages[nmessages++ % 16], 200, "Nameserver%s", rest);
	else if (strcmp(text, "All nameservers have failed") == 0)
		snprintf(messages[nmessages++ % 16], 200, "%s", text);
}

static void
begin_with(const char *timeout)
{
	begin_dns(0);
	nmessages = 0;
	evdns_set_log_fn(keep_message);
	set_option("timeout", timeout);
}

static long
time_of(const char *name, struct result *r)
{
	long long start = capi_now_ms();

	*r = lookup(name, TYPE_A);
	return (long)(r->at - start);
}

TEST(a_dead_server_costs_no_more_than_a_few_lookups)
{
	int slow = 0;

	begin_with("0.3");
	use_server(start_server(say_nothing));
	use_server(start_server(say_number));
	for (int i = 0; i < 20; i++) {
		struct result r;

		slow += time_of("host.test", &r) >= 250;
		ck_assert_int_eq(r.error, 0);
		ck_assert_str_eq(r.text, "10.0.0.2");
	}
	ck_assert_int_le(slow, 3);
	end_dns();
}

TEST(a_server_that_nobody_is_costs_no_time)
{
	struct name_server *dead;

	begin_with("5");
	dead = start_server(say_nothing);
	use_server(dead);
	stop_server(dead);
	use_server(start_server(say_number));
	for (int i = 0; i < 20; i++) {
		struct result r;

		ck_assert_int_lt(time_of("host.test", &r), 2000);
		ck_assert_str_eq(r.text, "10.0.0.2");
	}
	end_dns();
}

static void
broken_name(struct question *q)
{
	if (strncmp(q->name, "broken", 6) == 0)
		answer_code(q, SERVFAIL);
	else
		say_number(q);
}

TEST(a_broken_name_is_told_soon_and_hurts_no_server)
{
	struct result r;

	begin_with("5");
	use_server(start_server(broken_name));
	ck_assert_int_lt(time_of("broken.test", &r), 1500);
	ck_assert_int_eq(r.error, DNS_ERR_SERVERFAILED);
	ck_assert_int_lt(time_of("host.test", &r), 1500);
	ck_assert_int_eq(r.error, 0);
	ck_assert_int_eq(nmessages, 0);
	end_dns();
}

TEST(when_a_server_fails_others_are_asked_at_once)
{
	struct result r;

	begin_with("5");
	use_server(start_server(say_servfail));
	use_server(start_server(say_number));
	for (int i = 0; i < 5; i++) {
		ck_assert_int_lt(time_of("host.test", &r), 1500);
		ck_assert_str_eq(r.text, "10.0.0.2");
	}
	end_dns();
}

TEST(when_a_server_refuses_others_are_asked_at_once)
{
	struct result r;

	begin_with("5");
	use_server(start_server(say_refused));
	use_server(start_server(say_number));
	for (int i = 0; i < 5; i++) {
		ck_assert_int_lt(time_of("host.test", &r), 1500);
		ck_assert_str_eq(r.text, "10.0.0.2");
	}
	end_dns();
}

TEST(refused_by_all)
{
	struct result r;

	begin_with("5");
	use_server(start_server(say_refused));
	r = lookup("host.test", TYPE_A);
	trace("error %d, count %d", r.error, r.count);
	end_dns();
}

TEST(nobody_answers)
{
	struct result r;

	begin_with("0.1");
	use_server(start_server(say_nothing));
	r = lookup("host.test", TYPE_A);
	trace("error %d, asked %d", r.error, servers[0].asked);
	for (int i = 0; i < nmessages; i++)
		trace("%s", messages[i]);
	end_dns();
}

static int silent;

static void
say_number_unless_silent(struct question *q)
{
	if (!silent)
		say_number(q);
}

TEST(a_server_that_returns_is_back)
{
	struct result r;

	begin_with("0.1");
	set_option("attempts", "1");
	set_option("max-timeouts", "1");
	set_option("initial-probe-timeout", "0.2");
	use_server(start_server(say_number_unless_silent));
	silent = 1;
	for (int i = 0; i < 2; i++) {
		r = lookup("host.test", TYPE_A);
		trace("error %d", r.error);
	}
	silent = 0;
	r = lookup("host.test", TYPE_A);
	trace("error %d, %s", r.error, r.text);
	for (int i = 0; i < nmessages; i++)
		trace("%s", messages[i]);
	end_dns();
}

static void
trace_probe(struct question *q)
{
	if (strcmp(q->name, "google.com") == 0) {
		note("probe");
		say_number(q);
	}
}

TEST(a_probe_finds_a_server_that_returns)
{
	struct result r;

	begin_with("0.1");
	set_option("attempts", "1");
	set_option("max-timeouts", "1");
	set_option("initial-probe-timeout", "0.2");
	use_server(start_server(trace_probe));
	for (int i = 0; i < 2; i++)
		r = lookup("host.test", TYPE_A);
	run_for(500);
	trace("error %d, %s", r.error, capi_log);
	for (int i = 0; i < nmessages; i++)
		trace("%s", messages[i]);
	end_dns();
}

TEST(no_server_is_a_reason_to_wait_but_not_for_ever)
{
	struct result r = {0};

	begin_with("0.1");
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r));
	run_for(1000);
	ck_assert_int_eq(r.calls, 1);
	ck_assert_int_eq(r.error, DNS_ERR_TIMEOUT);
	end_dns();
}

TEST(suspended_lookups_end_in_time)
{
	struct result r = {0};

	begin_with("0.1");
	use_server(start_server(say_nothing));
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r));
	run_for(50);
	evdns_base_clear_nameservers_and_suspend(dns);
	run_for(1000);
	ck_assert_int_eq(r.calls, 1);
	ck_assert_int_eq(r.error, DNS_ERR_TIMEOUT);
	end_dns();
}

TEST(more_than_may_fly_end_in_time)
{
	struct result r[20] = {{0}};

	begin_with("0.1");
	set_option("max-inflight", "1");
	use_server(start_server(say_nothing));
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(
		    evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[i]));
	run_for(1000);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(r[i].calls, 1);
	end_dns();
}

static struct question kept;

static void
keep_first(struct question *q)
{
	if (q->server->asked == 1) {
		kept = *q;
	} else if (kept.len) {
		answer_number(&kept, 77, 60);
		kept.len = 0;
	}
}

TEST(a_late_answer_is_an_answer)
{
	struct result r;

	begin_with("0.1");
	use_server(start_server(keep_first));
	r = lookup("host.test", TYPE_A);
	trace("error %d, %s", r.error, r.text);
	end_dns();
}

static struct question early, later;

static void
keep_one_each(struct question *q)
{
	struct question *place = q->server->number == 0 ? &early : &later;

	if (place->len == 0)
		*place = *q;
}

static void
refuse_then_answer(evutil_socket_t fd, short what, void *argument)
{
	int *rounds = argument;

	(void)fd;
	(void)what;
	if (early.len == 0 || later.len == 0)
		return;
	if (++*rounds == 1)
		answer_code(&early, REFUSED);
	else if (*rounds == 10)
		answer_number(&later, 2, 60);
}

TEST(a_late_refusal_ends_nothing_that_another_is_asked)
{
	struct timeval often = {0, 10000};
	struct event *event;
	struct result r;
	int rounds = 0;

	begin_with("1");
	use_server(start_server(keep_one_each));
	use_server(start_server(keep_one_each));
	event = event_new(base, -1, EV_PERSIST, refuse_then_answer, &rounds);
	event_add(event, &often);
	r = lookup("host.test", TYPE_A);
	trace("error %d, %s", r.error, r.text);
	event_free(event);
	end_dns();
}

TEST(ten_thousand_lookups)
{
	static struct result r[10000];
	long long start = capi_now_ms();
	int good = 0;

	begin_with("5");
	set_option("max-inflight", "256");
	use_server(start_server(say_number));
	results = 0;
	for (int i = 0; i < 10000; i++)
		ck_assert_ptr_nonnull(
		    evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r[i]));
	await_results(10000);
	for (int i = 0; i < 10000; i++)
		good += r[i].calls == 1 && r[i].error == 0;
	ck_assert_int_eq(good, 10000);
	ck_assert_int_lt(capi_now_ms() - start, 20000);
	end_dns();
}
