/*
 * Questions over TCP: what had no room in a datagram, connections that end, hang or dribble.
 */
// runs: one-backend
#include "dns.h"

/* A server for TCP on the port of a name server. Its connections are served in the loop. */
static evutil_socket_t listening = -1, connection = -1;
static struct event *accepting, *reading;
static int tcp_connections, tcp_questions, close_after;
static answer_fn tcp_answer;

static void
tcp_send(struct answer *a)
{
	unsigned char length[2];

	put16(length, a->len);
	ck_assert_int_eq(write(connection, length, 2), 2);
	ck_assert_int_eq(write(connection, a->bytes, (size_t)a->len), a->len);
}

static int received;

static void
tcp_hang_up(void)
{
	received = 0;
	event_free(reading);
	reading = NULL;
	close(connection);
	connection = -1;
}

static void
tcp_read(evutil_socket_t fd, short what, void *argument)
{
	static unsigned char buffer[65536];
	int got = (int)read(fd, buffer + received, sizeof(buffer) - (size_t)received);

	(void)what;
	if (got <= 0) {
		tcp_hang_up();
		return;
	}
	received += got;
	while (received >= 2 && received >= 2 + (buffer[0] << 8 | buffer[1])) {
		struct question q = {.server = argument, .len = buffer[0] << 8 | buffer[1]};

		ck_assert_int_le(q.len, (int)sizeof(q.bytes));
		memcpy(q.bytes, buffer + 2, (size_t)q.len);
		received -= 2 + q.len;
		memmove(buffer, buffer + 2 + q.len, (size_t)received);
		read_question(&q);
		tcp_questions++;
		tcp_answer(&q);
		if (close_after && tcp_questions == close_after) {
			tcp_hang_up();
			return;
		}
	}
}

static void
tcp_accept(evutil_socket_t fd, short what, void *argument)
{
	(void)what;
	if (reading)
		tcp_hang_up();
	connection = accept(fd, NULL, NULL);
	evutil_make_socket_nonblocking(connection);
	tcp_connections++;
	reading = event_new(base, connection, EV_READ | EV_PERSIST, tcp_read, argument);
	event_add(reading, NULL);
}

static void
start_tcp(struct name_server *server, answer_fn answer)
{
	tcp_answer = answer;
	tcp_connections = tcp_questions = close_after = 0;
	listening = server->tcp;
	server->tcp = -1;
	ck_assert_int_eq(listen(listening, 5), 0);
	accepting = event_new(base, listening, EV_READ | EV_PERSIST, tcp_accept, server);
	event_add(accepting, NULL);
}

static void
finish(void)
{
	if (reading)
		tcp_hang_up();
	if (accepting)
		event_free(accepting);
	if (listening >= 0)
		close(listening);
	accepting = NULL;
	end_dns();
}

static void
say_truncated(struct question *q)
{
	answer_code(q, TRUNCATED_FLAG);
}

static void
many_by_tcp(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_addresses(&a, 4000);
	tcp_send(&a);
}

TEST(truncated_answers_are_asked_for_by_tcp)
{
	struct result r;

	begin_asking(say_truncated);
	start_tcp(&servers[0], many_by_tcp);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.error, 0);
	ck_assert_int_eq(r.count, 4000);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.count, 4000);
	ck_assert_int_eq(tcp_connections, 1);
	finish();
}

TEST(truncated_where_tcp_is_refused)
{
	long long start = capi_now_ms();
	struct result r;

	begin_asking(say_truncated);
	set_option("timeout", "20");
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.error, DNS_ERR_TRUNCATED);
	ck_assert_int_lt(capi_now_ms() - start, 5000);
	finish();
}

TEST(truncation_can_be_left_alone)
{
	struct result r = {0};

	begin_asking(say_truncated);
	start_tcp(&servers[0], many_by_tcp);
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, "host.test", DNS_QUERY_IGNTC, on_result,
	    &r));
	await_results(1);
	ck_assert_int_eq(r.error, DNS_ERR_TRUNCATED);
	ck_assert_int_eq(evdns_base_set_option(dns, "ignore-tc", ""), 0);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.error, DNS_ERR_TRUNCATED);
	ck_assert_int_eq(tcp_connections, 0);
	finish();
}

static void
one_by_tcp(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_record(&a, 0, NULL, TYPE_A, 60, "\12\2\2\2", 4);
	tcp_send(&a);
}

TEST(tcp_only)
{
	struct result r = {0}, many[50] = {{0}};

	begin_asking(say_number);
	start_tcp(&servers[0], one_by_tcp);
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, "host.test", DNS_QUERY_USEVC, on_result,
	    &r));
	await_results(1);
	ck_assert_str_eq(r.text, "10.2.2.2");
	ck_assert_int_eq(evdns_base_set_option(dns, "use-vc", NULL), 0);
	for (int i = 0; i < 50; i++)
		evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &many[i]);
	await_results(51);
	for (int i = 0; i < 50; i++)
		ck_assert_str_eq(many[i].text, "10.2.2.2");
	ck_assert_int_eq(tcp_connections, 1);
	ck_assert_int_eq(servers[0].asked, 0);
	finish();
}

TEST(a_connection_that_closes_is_made_again)
{
	struct result many[20] = {{0}};

	begin_asking(say_truncated);
	start_tcp(&servers[0], one_by_tcp);
	close_after = 7;
	for (int i = 0; i < 20; i++)
		evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &many[i]);
	await_results(20);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(many[i].error, 0);
	ck_assert_int_eq(tcp_connections, 2);
	finish();
}

TEST(a_connection_that_is_not_used_is_closed)
{
	begin_asking(say_truncated);
	set_option("tcp-idle-timeout", "0.1");
	start_tcp(&servers[0], one_by_tcp);
	lookup("host.test", TYPE_A);
	ck_assert_ptr_nonnull(reading);
	run_for(400);
	ck_assert_ptr_null(reading);
	finish();
}

static unsigned char dribble[2 + 65536];
static int dribbled, dribble_len;
static struct event *dribbling;

static void
dribble_one(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	if (dribbled < dribble_len)
		ck_assert_int_eq(write(connection, dribble + dribbled++, 1), 1);
}

static void
answer_by_bytes(struct question *q)
{
	struct timeval time = {0, 1000};
	unsigned char address[4] = {10, 0, 0, 7};
	struct answer a;

	answer_begin(&a, q, 0);
	add_record(&a, 0, NULL, TYPE_A, 60, address, 4);
	put16(dribble, a.len);
	memcpy(dribble + 2, a.bytes, (size_t)a.len);
	dribble_len = a.len + 2;
	dribbled = 0;
	event_add(dribbling, &time);
}

TEST(tcp_that_sends_byte_by_byte)
{
	struct result r;

	begin_asking(say_nothing);
	set_option("timeout", "20");
	set_option("use-vc", "");
	dribbling = event_new(base, -1, EV_PERSIST, dribble_one, NULL);
	start_tcp(&servers[0], answer_by_bytes);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.error, 0);
	ck_assert_str_eq(r.text, "10.0.0.7");
	ck_assert_int_eq(dribbled, dribble_len);
	event_free(dribbling);
	finish();
}

/* The system takes its connections, and nobody answers. */
TEST(tcp_that_hangs_at_one_of_two_servers)
{
	struct result r;

	begin_asking(say_truncated);
	set_option("timeout", "0.3");
	set_option("attempts", "10");
	use_server(start_server(say_truncated));
	ck_assert_int_eq(listen(servers[0].tcp, 5), 0);
	start_tcp(&servers[1], one_by_tcp);
	for (int i = 0; i < 4; i++) {
		r = lookup("host.test", TYPE_A);
		ck_assert_int_eq(r.error, 0);
		ck_assert_str_eq(r.text, "10.2.2.2");
	}
	ck_assert_int_eq(tcp_questions, 4);
	finish();
}

/* The fifth answer of twenty is cut in the middle; who has got none asks again. */
static void
cut_once(struct question *q)
{
	unsigned char half[20] = {0, 200, q->bytes[0], q->bytes[1]};

	if (tcp_connections > 1 || tcp_questions < 5)
		one_by_tcp(q);
	else
		ck_assert_int_eq(write(connection, half, sizeof(half)), sizeof(half));
}

TEST(a_pipeline_that_is_cut_off)
{
	struct result many[20] = {{0}};

	begin_asking(say_nothing);
	set_option("use-vc", "");
	set_option("timeout", "20");
	start_tcp(&servers[0], cut_once);
	close_after = 5;
	for (int i = 0; i < 20; i++)
		evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &many[i]);
	await_results(20);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(many[i].calls, 1);
		ck_assert_int_eq(many[i].error, 0);
		ck_assert_str_eq(many[i].text, "10.2.2.2");
	}
	ck_assert_int_eq(tcp_connections, 2);
	ck_assert_int_eq(tcp_questions, 5 + 16);
	finish();
}

TEST(tcp_that_hangs_ends_in_time)
{
	struct result r;

	begin_asking(say_truncated);
	set_option("timeout", "0.2");
	start_tcp(&servers[0], say_nothing);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_ne(r.error, 0);
	finish();
}

TEST(freed_while_connecting)
{
	struct result r = {0};

	begin_asking(say_truncated);
	start_tcp(&servers[0], say_nothing);
	evdns_base_resolve_ipv4(dns, "host.test", 0, on_result, &r);
	run_for(30);
	evdns_base_free(dns, 1);
	dns = NULL;
	await_results(1);
	ck_assert_int_eq(r.error, DNS_ERR_SHUTDOWN);
	finish();
}
