/*
 * Much at a time: lookups that are suspended, a limit of one in flight, long chains of aliases, and
 * files as large as clusters and block lists make them.
 */
// runs: one-backend, one-locking
#include "dns.h"
#include <event2/dns_struct.h>
#include <sys/syscall.h>

static int sends, refuses;

ssize_t
sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
    socklen_t to_len)
{
	sends++;
	if (refuses) {
		errno = EPERM;
		return -1;
	}
	return syscall(SYS_sendto, fd, bytes, len, flags, to, to_len);
}

#define FLYING 5000
#define ALL (2 * FLYING)

static int calls[ALL], order[ALL], norder;

static void
counted(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	(void)type;
	(void)ttl;
	(void)addresses;
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(count, 1);
	calls[(int *)argument - calls]++;
	results++;
}

static void
note_order(struct question *q)
{
	int number = -1;

	sscanf(q->name, "n%d.", &number);
	ck_assert_int_lt(norder, ALL);
	order[norder++] = number;
	say_number(q);
}

/* What was in flight is asked again before what had waited behind it. */
TEST(suspended_with_ten_thousand)
{
	char name[32];

	begin_dns(0);
	use_server(start_server(say_nothing));
	set_option("max-inflight", "5000");
	set_option("timeout", "30");
	for (int i = 0; i < ALL; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		ck_assert_ptr_nonnull(
		    evdns_base_resolve_ipv4(dns, name, 0, counted, &calls[i]));
		if (i % 100 == 0)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	ck_assert_int_eq(evdns_base_clear_nameservers_and_suspend(dns), 0);
	run_for(10);
	ck_assert_int_eq(results, 0);
	use_server(start_server(note_order));
	/* A server's socket holds less than 5,000 datagrams. */
	set_option("max-inflight", "50");
	ck_assert_int_eq(evdns_base_resume(dns), 0);
	await_results(ALL);
	for (int i = 0; i < ALL; i++)
		ck_assert_int_eq(calls[i], 1);
	for (int i = 0; i < FLYING; i++)
		ck_assert_msg(order[i] < FLYING, "n%d is the question number %d", order[i], i);
	end_dns();
}

static int port_uses[65536], to_start;

static void
note_port(struct question *q)
{
	port_uses[ntohs(q->from.sin_port)]++;
	say_number(q);
}

static void one_more(int, char, int, int, void *, void *);

static void
start_more(void)
{
	char name[32];

	snprintf(name, sizeof(name), "n%d.test", to_start--);
	ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, name, 0, one_more, &calls[0]));
}

static void
one_more(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	counted(error, type, count, ttl, addresses, argument);
	if (to_start > 0)
		start_more();
}

/* Some lookups are always under way, and ports change all the same. */
TEST(ports_change_under_load)
{
	static const int flying[] = {64, 200};

	for (int round = 0; round < 2; round++) {
		int ports = 0, most = 0;
		char limit[16];

		results = 0;
		memset(port_uses, 0, sizeof(port_uses));
		begin_dns(0);
		use_server(start_server(note_port));
		snprintf(limit, sizeof(limit), "%d", flying[round]);
		set_option("max-inflight", limit);
		to_start = 3000;
		for (int i = 0; i < flying[round]; i++)
			start_more();
		await_results(3000);
		for (int i = 0; i < 65536; i++) {
			ports += port_uses[i] > 0;
			most = port_uses[i] > most ? port_uses[i] : most;
		}
		/* Each eight times, or 25 times; the system may give one out again. */
		ck_assert_msg(ports > 3000 / flying[round], "%d ports", ports);
		ck_assert_msg(most <= flying[round], "a port is used %d times", most);
		end_dns();
	}
}

static int found;

static void
both_found(int error, struct evutil_addrinfo *list, void *argument)
{
	(void)argument;
	ck_assert_int_eq(error, 0);
	ck_assert_ptr_nonnull(list->ai_next);
	evutil_freeaddrinfo(list);
	found++;
}

static void
only_in_second(struct question *q)
{
	if (strstr(q->name, ".second.test"))
		say_number(q);
	else
		say_nxdomain(q);
}

TEST(one_in_flight)
{
	static const char *const limits[] = {"1", "65000", "1", "7"};
	struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	int n = 0;

	begin_dns(0);
	use_server(start_server(only_in_second));
	set_option("max-inflight", "1");
	evdns_base_search_clear(dns);
	evdns_base_search_add(dns, "second.test");
	evdns_base_search_add(dns, "first.test");
	for (int round = 0; round < 4; round++) {
		set_option("max-inflight", limits[round]);
		for (int i = 0; i < 50; i++, n++)
			evdns_getaddrinfo(dns, "host", "80", &hints, both_found, NULL);
		run_for(1);
	}
	run_until(&found, n);
	end_dns();
}

static int links;

/* c0 is an alias of c1, and so on; the last has an address. */
static void
chain(struct question *q)
{
	unsigned char address[4] = {10, 0, 0, 1};
	char owner[32], target[32];
	struct answer a;

	answer_begin(&a, q, 0);
	for (int i = 0; i < links; i++) {
		snprintf(owner, sizeof(owner), "c%d.test", i);
		snprintf(target, sizeof(target), "c%d.test", i + 1);
		add_name_record(&a, owner, TYPE_CNAME, 60, target);
	}
	snprintf(owner, sizeof(owner), "c%d.test", links);
	add_record(&a, 0, owner, TYPE_A, 60, address, 4);
	answer_send(&a);
}

/* The first name is an alias of itself by way of the second. */
static void
ring(struct question *q)
{
	struct answer a;

	answer_begin(&a, q, 0);
	add_name_record(&a, "c0.test", TYPE_CNAME, 60, "c1.test");
	add_name_record(&a, "c1.test", TYPE_CNAME, 60, "c0.test");
	answer_send(&a);
}

TEST(chains_of_aliases)
{
	static const int lengths[] = {1, 2, 8, 16};

	begin_dns(0);
	use_server(start_server(chain));
	for (int i = 0; i < 4; i++) {
		struct result r;

		links = lengths[i];
		r = lookup("c0.test", TYPE_A);
		ck_assert_msg(r.error == 0, "%d aliases: error %d", links, r.error);
		ck_assert_str_eq(r.text, "10.0.0.1");
	}
	servers[0].answer = ring;
	ck_assert_int_eq(lookup("c0.test", TYPE_A).error, DNS_ERR_UNKNOWN);
	end_dns();
}

enum { HELD = 6000 };

static struct evdns_server_request *held[HELD + 1];
static int nheld, warnings;

static void
hold(struct evdns_server_request *request, void *argument)
{
	(void)argument;
	held[nheld++] = request;
}

static void
count_warnings(int severity, const char *text)
{
	(void)severity;
	(void)text;
	warnings++;
}

static void
ask_raw(int fd)
{
	static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1";
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	int before = nheld;

	ck_assert_int_gt(write(fd, question, sizeof(question) - 1), 0);
	while (nheld == before) {
		ck_assert(capi_now_ms() < end);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

/* A firewall refuses what a server sends: each answer is tried once more, and that is all. */
TEST(answers_that_can_not_be_sent)
{
	struct sockaddr_in address;
	struct evdns_server_port *server;
	char bytes[600];
	int fd, before, later = 0;

	base = event_base_new();
	fd = bound_socket(SOCK_DGRAM, &address);
	server = evdns_add_server_port_with_base(base, fd, 0, hold, NULL);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	for (int i = 0; i < HELD; i++)
		ask_raw(fd);
	event_set_log_callback(count_warnings);
	refuses = 1;
	before = sends;
	for (int i = 0; i < HELD; i++) {
		int result = evdns_server_request_respond(held[i], 0);

		later += result == 1;
		if (result < 0)
			evdns_server_request_drop(held[i]);
	}
	/* Not without a limit. */
	ck_assert_int_eq(later, 4096);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(sends - before, HELD + later);
	ck_assert_int_gt(warnings, 0);
	refuses = 0;
	ask_raw(fd);
	ck_assert_int_eq(evdns_server_request_respond(held[HELD], 0), 0);
	ck_assert_int_gt(recv(fd, bytes, sizeof(bytes), 0), 12);
	evdns_close_server_port(server);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	close(fd);
}

static void
answer_in_log(int severity, const char *text)
{
	(void)severity;
	(void)text;
	if (!refuses)
		return;
	ck_assert_int_eq(evdns_server_request_respond(held[1], 0), 1);
	refuses = 0;
}

/* It is sent later, too, although the loop was about to be done with such. */
TEST(an_answer_that_the_log_gives)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	struct sockaddr_in address;
	struct evdns_server_port *server;
	char bytes[600];
	int fd;

	base = event_base_new();
	fd = bound_socket(SOCK_DGRAM, &address);
	server = evdns_add_server_port_with_base(base, fd, 0, hold, NULL);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	ask_raw(fd);
	ask_raw(fd);
	refuses = 1;
	ck_assert_int_eq(evdns_server_request_respond(held[0], 0), 1);
	event_set_log_callback(answer_in_log);
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0) {
		ck_assert_msg(capi_now_ms() < end, "it is not sent");
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	evdns_close_server_port(server);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	close(fd);
}

static char path[64];

static FILE *
new_file(void)
{
	strcpy(path, "/tmp/dns-many-XXXXXX");
	return fdopen(mkstemp(path), "w");
}

static void
address_is(int error, struct evutil_addrinfo *list, void *argument)
{
	char text[INET_ADDRSTRLEN];

	ck_assert_int_eq(error, 0);
	inet_ntop(AF_INET, &((struct sockaddr_in *)list->ai_addr)->sin_addr, text, sizeof(text));
	ck_assert_str_eq(text, argument);
	evutil_freeaddrinfo(list);
	found++;
}

TEST(a_hosts_file_of_100000_lines)
{
	struct evutil_addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	FILE *file = new_file();

	for (int i = 0; i < 100000; i++)
		fprintf(file, "10.%d.%d.%d h%d.hosts\r\n", i >> 16, i >> 8 & 255, i & 255, i);
	fclose(file);
	begin_dns(0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(evdns_base_load_hosts(dns, path), 0);
	unlink(path);
	for (int i = 0; i < 100000; i += 33333) {
		char name[32], want[32];

		snprintf(name, sizeof(name), "H%d.hosts", i);
		snprintf(want, sizeof(want), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		ck_assert_ptr_null(evdns_getaddrinfo(dns, name, NULL, &hints, address_is, want));
	}
	ck_assert_int_eq(found, 4);
	end_dns();
}

/* A device has no end; it is not read for ever. */
TEST(files_without_an_end)
{
	begin_dns(0);
	ck_assert_int_eq(evdns_base_load_hosts(dns, "/dev/zero"), -1);
	ck_assert_int_eq(evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/dev/zero"), 2);
	end_dns();
}

static void
note_question(struct question *q)
{
	note("%s", q->name);
	say_nxdomain(q);
}

/* As clusters write it, behind a comment of a megabyte, with more servers than one needs. */
TEST(a_resolv_conf_of_a_cluster)
{
	FILE *file = new_file();
	struct name_server *server;
	int most;

	fprintf(file, "# ");
	for (int i = 0; i < 1 << 20; i++)
		fputc('x', file);
	fprintf(file, "\r\noptions ndots:5 timeout:1\r\nsearch ns.svc.cluster.local "
		"svc.cluster.local\tcluster.local\r\noptions attempts:2\r\n");
	for (int i = 1; i <= 40; i++)
		fprintf(file, "nameserver 127.0.1.%d\n", i);
	fclose(file);
	begin_dns(0);
	ck_assert_int_eq(evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, path), 0);
	unlink(path);
	most = evdns_base_count_nameservers(dns);
	ck_assert_int_eq(most, 40);
	ck_assert_int_eq(evdns_base_clear_nameservers_and_suspend(dns), 0);
	server = start_server(note_question);
	use_server(server);
	ck_assert_int_eq(evdns_base_resume(dns), 0);
	capi_log[0] = '\0';
	ck_assert_int_eq(lookup("a.b.c", TYPE_A).error, NXDOMAIN);
	ck_notes("a.b.c.ns.svc.cluster.local a.b.c.svc.cluster.local a.b.c.cluster.local a.b.c");
	end_dns();
}
