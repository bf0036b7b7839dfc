/*
 * Answers that are not what was asked for, or not from whom: they change nothing.
 */
// runs: one-backend
#include "dns.h"

#include <pthread.h>

static evutil_socket_t elsewhere;

static void
begin_with(answer_fn answer)
{
	struct sockaddr_in address;

	begin_asking(answer);
	elsewhere = bound_socket(SOCK_DGRAM, &address);
}

static void
expect_the_real_one(void)
{
	struct result r = lookup("host.test", TYPE_A);

	ck_assert_int_eq(r.error, 0);
	ck_assert_str_eq(r.text, "10.0.0.1");
	close(elsewhere);
	end_dns();
}

/* An answer with the address 9.9.9.9. */
static void
forge(struct answer *a, struct question *q, int flags)
{
	answer_begin(a, q, flags);
	add_record(a, 0, NULL, q->type, 60, "\11\11\11\11", 4);
}

static void
wrong_ids_first(struct question *q)
{
	struct answer a;

	forge(&a, q, 0);
	for (int i = 1; i < 100; i++) {
		put16(a.bytes, (q->bytes[0] << 8 | q->bytes[1]) ^ i);
		answer_send(&a);
	}
	say_number(q);
}

TEST(another_id)
{
	begin_with(wrong_ids_first);
	expect_the_real_one();
}

static void
wrong_name_first(struct question *q)
{
	struct answer a;

	forge(&a, q, 0);
	a.bytes[13] ^= 1;
	answer_send(&a);
	say_number(q);
}

TEST(another_name)
{
	begin_with(wrong_name_first);
	expect_the_real_one();
}

static void
wrong_type_first(struct question *q)
{
	struct answer a;

	forge(&a, q, 0);
	a.bytes[q->end - 3] = TYPE_AAAA;
	answer_send(&a);
	a.bytes[q->end - 3] = TYPE_A;
	a.bytes[q->end - 1] = 3;
	answer_send(&a);
	say_number(q);
}

TEST(another_type_or_class)
{
	begin_with(wrong_type_first);
	expect_the_real_one();
}

static void
no_question_first(struct question *q)
{
	struct answer a;

	for (int code = 0; code <= NXDOMAIN; code += NXDOMAIN) {
		forge(&a, q, code);
		put16(a.bytes + 4, 0);
		a.len = 12;
		answer_send(&a);
	}
	say_number(q);
}

TEST(no_question)
{
	begin_with(no_question_first);
	expect_the_real_one();
}

static void
wrong_opcode_first(struct question *q)
{
	struct answer a;

	forge(&a, q, 0);
	a.bytes[2] |= 0x20;
	answer_send(&a);
	/* A question. */
	forge(&a, q, 0);
	a.bytes[2] &= 0x7f;
	answer_send(&a);
	say_number(q);
}

TEST(another_opcode_and_no_answer_at_all)
{
	begin_with(wrong_opcode_first);
	expect_the_real_one();
}

static void
from_elsewhere_first(struct question *q)
{
	struct answer a;

	forge(&a, q, 0);
	sendto(elsewhere, a.bytes, (size_t)a.len, 0, (struct sockaddr *)&q->from,
	    sizeof(q->from));
	say_number(q);
}

TEST(from_another_port)
{
	begin_with(from_elsewhere_first);
	expect_the_real_one();
}

static void
wrong_case_first(struct question *q)
{
	struct answer a;

	if (q->server->asked == 1) {
		forge(&a, q, 0);
		for (int i = 13; i < q->end - 5; i++)
			if (isalpha(a.bytes[i]))
				a.bytes[i] ^= 0x20;
		answer_send(&a);
	}
	say_number(q);
}

TEST(the_case_of_letters)
{
	begin_with(wrong_case_first);
	expect_the_real_one();
}

static void
fold_case(struct question *q)
{
	for (int i = 13; i < q->end - 5; i++)
		q->bytes[i] = (unsigned char)tolower(q->bytes[i]);
	say_number(q);
}

TEST(a_server_that_folds_case_is_put_up_with)
{
	for (int on = 0; on < 2; on++) {
		begin_with(fold_case);
		set_option("randomize-case", on ? "1" : "0");
		expect_the_real_one();
	}
}

static void
unrelated_owner(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_record(&a, 0, "other.test", TYPE_A, 60, "\11\11\11\11", 4);
	answer_send(&a);
}

TEST(records_of_another_name)
{
	struct result r;

	begin_with(unrelated_owner);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.error, DNS_ERR_NODATA);
	end_dns();
}

static void
garbage(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_record(&a, 0, NULL, TYPE_A, 60, "\1\2\3", 3);
	answer_send(&a);
}

TEST(garbage_from_one_server)
{
	struct result r;

	begin_with(garbage);
	use_server(start_server(say_number));
	for (int i = 0; i < 4; i++) {
		r = lookup("host.test", TYPE_A);
		ck_assert_int_eq(r.error, 0);
		ck_assert_str_eq(r.text, "10.0.0.2");
	}
	end_dns();
}

TEST(garbage_from_all)
{
	struct result r;

	begin_with(garbage);
	r = lookup("host.test", TYPE_A);
	trace("error %d", r.error);
	end_dns();
}

static void
large_ttl(struct question *q)
{
	answer_number(q, 1, 0x80000000L);
}

TEST(a_ttl_is_never_negative)
{
	struct result r;

	begin_with(large_ttl);
	r = lookup("host.test", TYPE_A);
	ck_assert_int_eq(r.ttl, 0);
	end_dns();
}

static struct question flooded;
static pthread_t flooder;

static void *
flood(void *unused)
{
	struct answer a;

	(void)unused;
	forge(&a, &flooded, 0);
	for (int i = 1; i <= 10000; i++) {
		/* Most have another id, the others another name. */
		put16(a.bytes, (flooded.bytes[0] << 8 | flooded.bytes[1]) ^ (i % 4 ? i : 0));
		a.bytes[13] = flooded.bytes[13] ^ (i % 4 == 0);
		answer_send(&a);
		if (i == 5000)
			say_number(&flooded);
		if (i % 16 == 0)
			usleep(300);
	}
	return NULL;
}

static void
begin_to_flood(struct question *q)
{
	if (q->server->asked == 1) {
		flooded = *q;
		ck_assert_int_eq(pthread_create(&flooder, NULL, flood, NULL), 0);
	} else {
		/* So many may have had no room. */
		say_number(q);
	}
}

TEST(ten_thousand_forged_answers)
{
	struct result r;

	begin_with(begin_to_flood);
	set_option("timeout", "5");
	r = lookup("host.test", TYPE_A);
	pthread_join(flooder, NULL);
	ck_assert_int_eq(r.error, 0);
	ck_assert_str_eq(r.text, "10.0.0.1");
	close(elsewhere);
	end_dns();
}

TEST(each_question_has_an_id_and_a_port_of_its_own)
{
	static unsigned char seen[65536];
	int ports = 0, ids = 0;

	begin_with(say_number);
	for (int i = 0; i < 1000; i++)
		lookup("host.test", TYPE_A);
	ck_assert_int_eq(servers[0].asked, 1000);
	for (int i = 0; i < 1000; i++) {
		ports += !(seen[servers[0].ports[i]] & 1);
		seen[servers[0].ports[i]] |= 1;
		ids += !(seen[servers[0].ids[i]] & 2);
		seen[servers[0].ids[i]] |= 2;
	}
	ck_assert_int_ge(ports, 950);
	ck_assert_int_ge(ids, 980);
	end_dns();
}

static void
pointer_target(struct question *q)
{
	struct answer a;
	unsigned char data[64];

	answer_begin(&a, q, 0);
	/* A label with a dot, a backslash, a zero and a byte above 127. */
	memcpy(data, "\7a.\\\0\xff b\4test", 14);
	add_record(&a, 0, NULL, TYPE_PTR, 60, data, 14);
	answer_send(&a);
}

TEST(a_name_in_an_answer_is_one_text)
{
	struct in_addr v4 = {htonl(0x0a000007)};
	struct result r;

	begin_with(pointer_target);
	evdns_base_resolve_reverse(dns, &v4, 0, on_result, &r);
	await_results(1);
	ck_assert_int_eq(r.error, 0);
	ck_assert_str_eq(r.text, "a\\.\\\\\\000\\255\\032b.test");
	end_dns();
}

static void
long_pointer(struct question *q)
{
	char name[300];
	struct answer a;

	memset(name, 'a', sizeof(name));
	for (unsigned i = 30; i < 253; i += 31)
		name[i] = '.';
	name[253] = '\0';
	answer_begin(&a, q, 0);
	add_name_record(&a, NULL, TYPE_PTR, 60, name);
	answer_send(&a);
}

TEST(a_long_name_in_an_answer)
{
	struct in_addr v4 = {htonl(0x0a000007)};
	struct result r;

	begin_with(long_pointer);
	evdns_base_resolve_reverse(dns, &v4, 0, on_result, &r);
	await_results(1);
	ck_assert_int_eq(r.error, 0);
	ck_assert_uint_eq(strlen(r.text), 253);
	end_dns();
}
