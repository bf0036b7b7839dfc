/*
 * Answering questions: what the callback sees, and what is sent.
 */
// runs: one-backend
#include "dns.h"

#include <event2/dns_struct.h>

typedef void (*serve_fn)(struct evdns_server_request *);

static struct evdns_server_port *port;
static struct sockaddr_in address;
static evutil_socket_t client;
static serve_fn serve;
static int served;

static void
on_question(struct evdns_server_request *request, void *argument)
{
	(void)argument;
	served++;
	serve(request);
}

static void
begin_with(serve_fn fn)
{
	evutil_socket_t fd;
	struct sockaddr_in own;

	begin_dns(0);
	serve = fn;
	served = 0;
	fd = bound_socket(SOCK_DGRAM, &address);
	port = evdns_add_server_port_with_base(base, fd, 0, on_question, NULL);
	ck_assert_ptr_nonnull(port);
	client = bound_socket(SOCK_DGRAM, &own);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void
finish(void)
{
	if (port)
		evdns_close_server_port(port);
	port = NULL;
	close(client);
	end_dns();
}

/* Sends a question, and returns the length of what comes back. */
static int
exchange(const void *question, int len, unsigned char *answer, int room)
{
	int got = -1;

	ck_assert_int_eq(send(client, question, (size_t)len, 0), len);
	for (int i = 0; i < 20 && got < 0; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		got = (int)recv(client, answer, (size_t)room, 0);
		if (got < 0)
			usleep(1000);
	}
	return got;
}

/* A question for NAME. */
static int
make_question(unsigned char *at, const char *name, int type, int flags)
{
	int len = 12;

	memset(at, 0, 12);
	put16(at, 0x1234);
	put16(at + 2, flags);
	put16(at + 4, 1);
	len += put_name(at + len, name);
	put16(at + len, type);
	put16(at + len + 2, 1);
	return len + 4;
}

static void
trace_bytes(const char *what, const unsigned char *bytes, int len)
{
	char text[4000];
	int used = 0;

	for (int i = 0; i < len && used < 3900; i++)
		used += sprintf(text + used, "%02x", bytes[i]);
	trace("%s: %d bytes %s", what, len, len > 0 ? text : "");
}

static void
trace_exchange(const char *what, const char *name, int type, int flags)
{
	unsigned char question[600], answer[4096];
	int len = make_question(question, name, type, flags);

	len = exchange(question, len, answer, sizeof(answer));
	trace_bytes(what, answer, len);
}

static void
see_and_drop(struct evdns_server_request *request)
{
	for (int i = 0; i < request->nquestions; i++)
		trace("question %d: %s type %d class %d", i, request->questions[i]->name,
		    request->questions[i]->type, request->questions[i]->dns_question_class);
	trace("flags %x", request->flags);
	trace("drop %d", evdns_server_request_drop(request));
}

TEST(what_the_callback_sees)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(see_and_drop);
	trace_exchange("plain", "WWW.example.test", 1, 0);
	trace_exchange("recursive", "www.example.test", 28, 0x0100);
	trace_exchange("checking disabled", "www.example.test", 255, 0x0110);
	trace_exchange("root", "", 2, 0);
	/* Two questions. */
	len = make_question(question, "a.test", 1, 0);
	len += put_name(question + len, "b.test");
	put16(question + len, 28);
	put16(question + len + 2, 3);
	put16(question + 4, 2);
	trace_bytes("two", answer, exchange(question, len + 4, answer, sizeof(answer)));
	finish();
}

TEST(what_is_no_question)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(see_and_drop);
	len = make_question(question, "a.test", 1, 0x8000);
	exchange(question, len, answer, sizeof(answer));
	put16(question + 2, 0);
	put16(question + 4, 0);
	exchange(question, len, answer, sizeof(answer));
	trace("served %d", served);
	finish();
}

TEST(questions_that_are_cut_short)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(see_and_drop);
	len = make_question(question, "a.test", 1, 0);
	while (--len >= 0)
		exchange(question, len, answer, sizeof(answer));
	ck_assert_int_eq(served, 0);
	finish();
}

static void
answer_all_kinds(struct evdns_server_request *r)
{
	static const unsigned char v4[] = {1, 2, 3, 4}, v6[16] = {0x20, 1};
	struct in_addr in = {htonl(0x01020304)};

	trace("a %d", evdns_server_request_add_a_reply(r, "a.test", 1, v4, 100));
	trace("aaaa %d", evdns_server_request_add_aaaa_reply(r, "a.test", 1, v6, 200));
	trace("ptr %d", evdns_server_request_add_ptr_reply(r, &in, NULL, "host.a.test", 300));
	trace("ptr by name %d",
	    evdns_server_request_add_ptr_reply(r, NULL, "x.in-addr.arpa", "host.a.test", 300));
	trace("ptr by both %d", evdns_server_request_add_ptr_reply(r, &in, "x", "y", 300));
	trace("ptr by none %d", evdns_server_request_add_ptr_reply(r, NULL, NULL, "y", 300));
	trace("cname %d", evdns_server_request_add_cname_reply(r, "b.test", "a.test", 400));
	trace("ns %d", evdns_server_request_add_reply(r, EVDNS_AUTHORITY_SECTION, "test",
	    EVDNS_TYPE_NS, EVDNS_CLASS_INET, 500, -1, 1, "ns.test"));
	trace("txt %d", evdns_server_request_add_reply(r, EVDNS_ADDITIONAL_SECTION, "a.test",
	    EVDNS_TYPE_TXT, EVDNS_CLASS_INET, -1, 4, 0, "\3abc"));
	trace("nothing %d", evdns_server_request_add_reply(r, EVDNS_ADDITIONAL_SECTION, "a.test",
	    99, EVDNS_CLASS_INET, 0, 7, 0, NULL));
	trace("no section %d", evdns_server_request_add_reply(r, 3, "a.test", 99, 1, 0, 0, 0, NULL));
	evdns_server_request_set_flags(r, EVDNS_FLAGS_AA | EVDNS_FLAGS_RD);
	trace("flags %x", r->flags);
	evdns_server_request_set_flags(r, EVDNS_FLAGS_AA);
	trace("flags %x", r->flags);
	r->flags |= 0x80;
	trace("too large %d", evdns_server_request_respond(r, 16));
	trace("too small %d", evdns_server_request_respond(r, -1));
	trace("respond %d", evdns_server_request_respond(r, 0));
}

TEST(all_kinds_of_records)
{
	begin_with(answer_all_kinds);
	trace_exchange("answer", "A.test", 1, 0x0100);
	finish();
}

static int code;

static void
answer_code_only(struct evdns_server_request *r)
{
	trace("respond %d", evdns_server_request_respond(r, code));
}

TEST(codes)
{
	begin_with(answer_code_only);
	for (code = 0; code < 16; code += 3)
		trace_exchange("answer", "a.test", 1, 0x0100);
	finish();
}

static void
trace_from(struct evdns_server_request *r)
{
	struct sockaddr_in from, own;
	socklen_t size = sizeof(own);

	trace("short %d", evdns_server_request_get_requesting_addr(r, (struct sockaddr *)&from, 4));
	trace("length %d", evdns_server_request_get_requesting_addr(r, (struct sockaddr *)&from,
	    sizeof(from)));
	getsockname(client, (struct sockaddr *)&own, &size);
	ck_assert_int_eq(own.sin_port, from.sin_port);
	ck_assert_int_eq(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	evdns_server_request_drop(r);
}

TEST(who_asked)
{
	begin_with(trace_from);
	trace_exchange("dropped", "a.test", 1, 0);
	finish();
}

static struct evdns_server_request *held[10000];
static int nheld;

static void
hold(struct evdns_server_request *r)
{
	held[nheld++] = r;
}

TEST(answered_later)
{
	unsigned char answer[600];

	begin_with(hold);
	trace_exchange("at once", "a.test", 1, 0);
	trace_exchange("at once", "b.test", 1, 0);
	trace("%d", evdns_server_request_respond(held[1], 0));
	trace_bytes("second", answer, (int)recv(client, answer, sizeof(answer), 0));
	trace("%d", evdns_server_request_respond(held[0], 3));
	trace_bytes("first", answer, (int)recv(client, answer, sizeof(answer), 0));
	finish();
}

TEST(flags_of_a_port)
{
	struct sockaddr_in own;
	evutil_socket_t fd = bound_socket(SOCK_DGRAM, &own);

	begin_dns(0);
	trace("%d", evdns_add_server_port_with_base(base, fd, 1, on_question, NULL) != NULL);
	trace("open %d", fcntl(fd, F_GETFD) != -1);
	port = evdns_add_server_port_with_base(base, fd, 0, on_question, NULL);
	evdns_close_server_port(port);
	event_base_loop(base, EVLOOP_NONBLOCK);
	trace("open %d", fcntl(fd, F_GETFD) != -1);
	end_dns();
}

/* Goes through an answer; the number of records, or -1 if it is not well-formed. */
static int
count_records(const unsigned char *m, int len)
{
	int all = (m[6] << 8 | m[7]) + (m[8] << 8 | m[9]) + (m[10] << 8 | m[11]);
	int at = 12, records = 0;

	while (at < len && m[at])
		at += m[at] + 1;
	for (at += 5; all--; records++) {
		while (at < len && m[at] && m[at] < 0xc0)
			at += m[at] + 1;
		at += m[at] >= 0xc0 ? 2 : 1;
		if (at + 10 > len)
			return -1;
		at += 10 + (m[at + 8] << 8 | m[at + 9]);
	}
	return at == len ? records : -1;
}

static void
sixty_addresses(struct evdns_server_request *r)
{
	unsigned char v4[60][4] = {{0}};

	for (int i = 0; i < 60; i++)
		v4[i][3] = (unsigned char)i;
	ck_assert_int_eq(evdns_server_request_add_a_reply(r, "a.test", 60, v4, 100), 0);
	ck_assert_int_eq(evdns_server_request_respond(r, 0), 0);
}

TEST(each_address_is_a_record_and_what_has_no_room_is_left_out)
{
	unsigned char question[600], answer[4096];
	int len;

	begin_with(sixty_addresses);
	len = make_question(question, "a.test", 1, 0);
	len = exchange(question, len, answer, sizeof(answer));
	ck_assert_int_le(len, 512);
	ck_assert_int_gt(len, 490);
	ck_assert_int_eq(answer[2] & 2, 2);
	ck_assert_int_gt(count_records(answer, len), 25);
	finish();
}

TEST(the_size_that_the_question_allows)
{
	unsigned char question[600], answer[4096];
	int len;

	begin_with(sixty_addresses);
	len = make_question(question, "a.test", 1, 0);
	put16(question + 10, 1);
	memcpy(question + len, "\0\0\51\20\0\0\0\0\0\0\0", 11);
	len = exchange(question, len + 11, answer, sizeof(answer));
	ck_assert_int_gt(len, 512);
	ck_assert_int_eq(answer[2] & 2, 0);
	ck_assert_int_eq(count_records(answer, len), 61);
	finish();
}

static void
impossible_names(struct evdns_server_request *r)
{
	char label[65], name[300];

	memset(label, 'x', 64);
	label[64] = '\0';
	memset(name, 'a', sizeof(name));
	for (int i = 30; i < 280; i += 31)
		name[i] = '.';
	name[280] = '\0';
	ck_assert_int_eq(evdns_server_request_add_cname_reply(r, "a.test", label, 1), -1);
	ck_assert_int_eq(evdns_server_request_add_cname_reply(r, "a.test", name, 1), -1);
	ck_assert_int_eq(evdns_server_request_add_a_reply(r, label, 1, "\1\2\3\4", 1), -1);
	ck_assert_int_eq(evdns_server_request_respond(r, 2), 0);
}

TEST(names_that_can_not_be_sent_are_refused)
{
	unsigned char question[600], answer[4096];
	int len;

	begin_with(impossible_names);
	len = make_question(question, "a.test", 1, 0);
	len = exchange(question, len, answer, sizeof(answer));
	ck_assert_int_eq(count_records(answer, len), 0);
	finish();
}

static void
drop(struct evdns_server_request *r)
{
	evdns_server_request_drop(r);
}

TEST(other_opcodes_are_not_implemented)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(drop);
	len = make_question(question, "a.test", 6, 4 << 11);
	len = exchange(question, len, answer, sizeof(answer));
	ck_assert_int_eq(len, 12);
	ck_assert_int_eq(answer[2], 0x80 | 4 << 3);
	ck_assert_int_eq(answer[3] & 15, NOTIMP);
	ck_assert_int_eq(served, 0);
	finish();
}

static void
close_and_answer(struct evdns_server_request *r)
{
	evdns_close_server_port(port);
	port = NULL;
	ck_assert_int_eq(evdns_server_request_respond(r, 3), 0);
}

TEST(closed_by_its_callback)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(close_and_answer);
	len = make_question(question, "a.test", 1, 0);
	ck_assert_int_gt(exchange(question, len, answer, sizeof(answer)), 12);
	finish();
}

TEST(a_closed_port_takes_no_more_questions)
{
	unsigned char question[600], answer[600];
	int len;

	begin_with(hold);
	len = make_question(question, "a.test", 1, 0);
	exchange(question, len, answer, sizeof(answer));
	ck_assert_int_eq(nheld, 1);
	evdns_close_server_port(port);
	port = NULL;
	exchange(question, len, answer, sizeof(answer));
	ck_assert_int_eq(nheld, 1);
	ck_assert_int_eq(evdns_server_request_respond(held[0], 0), 0);
	ck_assert_int_gt(recv(client, answer, sizeof(answer), 0), 12);
	finish();
}

TEST(ten_thousand_held_and_answered_backwards)
{
	unsigned char question[600], answer[600];
	int len, got = 0;

	begin_with(hold);
	len = make_question(question, "a.test", 1, 0);
	while (nheld < 10000) {
		for (int i = 0; i < 50; i++)
			ck_assert_int_eq(send(client, question, (size_t)len, 0), len);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	while (nheld) {
		ck_assert_int_eq(evdns_server_request_respond(held[--nheld], 0), 0);
		if (nheld % 50 == 0)
			while (recv(client, answer, sizeof(answer), 0) > 0)
				got++;
	}
	trace("%d", got);
	finish();
}
