/*
 * A resolver and the name servers that it asks: plain sockets on the loopback, whose answers each
 * test makes itself, down to the last byte.
 */
#ifndef SUPPORT_DNS_H
#define SUPPORT_DNS_H

#include "events.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

#include <event2/dns.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41 };
enum { FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5 };
#define TRUNCATED_FLAG 0x0200

struct name_server;

/* A question that has arrived. */
struct question {
	struct name_server *server;
	struct sockaddr_in from;
	unsigned char bytes[1500];
	int len;
	/* In lower case. */
	char name[300];
	int type;
	/* Where the question ends. */
	int end;
};

typedef void (*answer_fn)(struct question *);

struct name_server {
	int number;
	evutil_socket_t fd;
	/* Holds the TCP port of the same number, which refuses until somebody listens. */
	evutil_socket_t tcp;
	struct sockaddr_in address;
	struct event *event;
	answer_fn answer;
	int asked;
	/* The source port of each question. */
	unsigned short ports[4096];
	unsigned short ids[4096];
};

static struct evdns_base *dns;
static struct name_server servers[8];
static int nservers;

/* What the bytes of a question ask for. */
static inline void
read_question(struct question *q)
{
	int at = 12, used = 0;

	while (at < q->len && q->bytes[at]) {
		int len = q->bytes[at++];

		if (used)
			q->name[used++] = '.';
		while (len-- && at < q->len)
			q->name[used++] = (char)tolower(q->bytes[at++]);
	}
	q->type = q->bytes[at + 1] << 8 | q->bytes[at + 2];
	q->end = at + 5;
}

static inline void
server_read(evutil_socket_t fd, short what, void *argument)
{
	struct question q;
	socklen_t size;

	(void)what;
	for (;;) {
		memset(&q, 0, sizeof(q));
		q.server = argument;
		size = sizeof(q.from);
		q.len = (int)recvfrom(fd, q.bytes, sizeof(q.bytes), 0,
		    (struct sockaddr *)&q.from, &size);
		if (q.len < 12)
			return;
		read_question(&q);
		q.server->ports[q.server->asked % 4096] = ntohs(q.from.sin_port);
		q.server->ids[q.server->asked % 4096] =
		    (unsigned short)(q.bytes[0] << 8 | q.bytes[1]);
		q.server->asked++;
		if (q.server->answer)
			q.server->answer(&q);
	}
}

/* A socket on a free port. */
static inline evutil_socket_t
bound_socket(int type, struct sockaddr_in *address)
{
	evutil_socket_t fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*address);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &size), 0);
	return fd;
}

/* Starts a name server; without ANSWER it says nothing. */
static inline struct name_server *
start_server(answer_fn answer)
{
	struct name_server *server = &servers[nservers];

	memset(server, 0, sizeof(*server));
	server->number = nservers++;
	server->answer = answer;
	for (;;) {
		server->fd = bound_socket(SOCK_DGRAM, &server->address);
		server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(server->tcp, 0);
		if (bind(server->tcp, (struct sockaddr *)&server->address,
		        sizeof(server->address)) == 0)
			break;
		/* Some other process has it. */
		close(server->fd);
		close(server->tcp);
	}
	server->event = event_new(base, server->fd, EV_READ | EV_PERSIST, server_read, server);
	event_priority_set(server->event, 0);
	ck_assert_int_eq(event_add(server->event, NULL), 0);
	return server;
}

static inline void
use_server(struct name_server *server)
{
	ck_assert_int_eq(evdns_base_nameserver_sockaddr_add(dns,
	                     (struct sockaddr *)&server->address,
	                     sizeof(server->address), 0),
	    0);
}

/* Nobody listens there any more. */
static inline void
stop_server(struct name_server *server)
{
	if (server->event) {
		event_free(server->event);
		close(server->fd);
		server->event = NULL;
	}
}

static inline void
ignore_log(int warning, const char *text)
{
	(void)warning;
	(void)text;
}

/* A base and a resolver without servers. */
static inline void
begin_dns(int flags)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	evdns_set_log_fn(ignore_log);
	dns = evdns_base_new(base, flags);
	ck_assert_ptr_nonnull(dns);
	nservers = 0;
}

static inline void
end_dns(void)
{
	int i;

	if (dns)
		evdns_base_free(dns, 0);
	for (i = 0; i < nservers; i++) {
		stop_server(&servers[i]);
		if (servers[i].tcp >= 0)
			close(servers[i].tcp);
	}
	event_base_free(base);
}

static inline void
set_option(const char *name, const char *value)
{
	ck_assert_int_eq(evdns_base_set_option(dns, name, value), 0);
}

/* A resolver with one server. */
static inline void
begin_asking(answer_fn answer)
{
	begin_dns(0);
	set_option("timeout", "2");
	use_server(start_server(answer));
}

/* An answer under construction. */
struct answer {
	struct question *q;
	unsigned char bytes[65536];
	int len;
};

static inline void
put16(unsigned char *at, int value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

/* Begins with the header and the question. */
static inline void
answer_begin(struct answer *a, struct question *q, int flags)
{
	a->q = q;
	a->len = q->end;
	memcpy(a->bytes, q->bytes, (size_t)q->end);
	put16(a->bytes + 2, 0x8180 | flags);
	put16(a->bytes + 6, 0);
	put16(a->bytes + 8, 0);
	put16(a->bytes + 10, 0);
}

static inline int
put_name(unsigned char *at, const char *name)
{
	unsigned char *start = at;

	while (*name) {
		size_t len = strcspn(name, ".");

		*at++ = (unsigned char)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	*at++ = 0;
	return (int)(at - start);
}

/* Adds a record to a section, 0 for answers, 1 for authority. NULL stands for the question's name. */
static inline void
add_record(struct answer *a, int section, const char *owner, int type, long ttl,
    const void *data, int len)
{
	unsigned char *count = a->bytes + 6 + 2 * section;

	if (owner) {
		a->len += put_name(a->bytes + a->len, owner);
	} else {
		put16(a->bytes + a->len, 0xc00c);
		a->len += 2;
	}
	put16(a->bytes + a->len, type);
	put16(a->bytes + a->len + 2, 1);
	put16(a->bytes + a->len + 4, (int)(ttl >> 16 & 0xffff));
	put16(a->bytes + a->len + 6, (int)(ttl & 0xffff));
	put16(a->bytes + a->len + 8, len);
	memcpy(a->bytes + a->len + 10, data, (size_t)len);
	a->len += 10 + len;
	put16(count, (count[0] << 8 | count[1]) + 1);
}

/* The addresses from 10.1.0.0 on. */
static inline void
add_addresses(struct answer *a, int count)
{
	unsigned char address[4] = {10, 1, 0, 0};

	for (int i = 0; i < count; i++) {
		address[2] = (unsigned char)(i >> 8);
		address[3] = (unsigned char)i;
		add_record(a, 0, NULL, TYPE_A, 60, address, 4);
	}
}

static inline void
add_name_record(struct answer *a, const char *owner, int type, long ttl, const char *name)
{
	unsigned char data[300];

	add_record(a, 0, owner, type, ttl, data, put_name(data, name));
}

static inline void
add_soa(struct answer *a, long ttl, long minimum)
{
	unsigned char data[64] = {1, 'a', 0, 1, 'b', 0};

	put16(data + 6 + 16, (int)(minimum >> 16));
	put16(data + 6 + 18, (int)(minimum & 0xffff));
	add_record(a, 1, "test", TYPE_SOA, ttl, data, 26);
}

static inline void
answer_send(struct answer *a)
{
	sendto(a->q->server->fd, a->bytes, (size_t)a->len, 0,
	    (struct sockaddr *)&a->q->from, sizeof(a->q->from));
}

/* The address 10.0.0.N, or one that ends with N, or host-N.test. */
static inline void
answer_number(struct question *q, int number, long ttl)
{
	unsigned char address[16] = {10, 0, 0, (unsigned char)number};
	char name[32];
	struct answer a;

	answer_begin(&a, q, 0);
	if (q->type == TYPE_A) {
		add_record(&a, 0, NULL, TYPE_A, ttl, address, 4);
	} else if (q->type == TYPE_AAAA) {
		memset(address, 0, sizeof(address));
		address[0] = 0x20;
		address[1] = 0x01;
		address[15] = (unsigned char)number;
		add_record(&a, 0, NULL, TYPE_AAAA, ttl, address, 16);
	} else {
		snprintf(name, sizeof(name), "host-%d.test", number);
		add_name_record(&a, NULL, TYPE_PTR, ttl, name);
	}
	answer_send(&a);
}

/* An answer without records. */
static inline void
answer_code(struct question *q, int flags)
{
	struct answer a;

	answer_begin(&a, q, flags);
	answer_send(&a);
}

/* What most servers say: their own number. */
static inline void
say_number(struct question *q)
{
	answer_number(q, q->server->number + 1, 60);
}

static inline void say_servfail(struct question *q) { answer_code(q, SERVFAIL); }
static inline void say_refused(struct question *q) { answer_code(q, REFUSED); }
static inline void say_nxdomain(struct question *q) { answer_code(q, NXDOMAIN); }
static inline void say_nothing(struct question *q) { (void)q; }

/* Lookups and their results. */

struct result {
	int calls, error, type, count, ttl;
	/* Each address, or the name. */
	char text[8192];
	/* When it came. */
	long long at;
};

static int results;

static inline void
on_result(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	struct result *r = argument;
	size_t used = 0;
	int i;

	r->calls++;
	r->error = error;
	r->type = type;
	r->count = count;
	r->ttl = ttl;
	r->at = capi_now_ms();
	r->text[0] = '\0';
	for (i = 0; error == 0 && i < count && used < sizeof(r->text) - 100; i++) {
		char text[INET6_ADDRSTRLEN];

		if (type == DNS_PTR) {
			used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, "%s",
			    ((char **)addresses)[i]);
			continue;
		}
		if (type == DNS_IPv4_A)
			inet_ntop(AF_INET, (struct in_addr *)addresses + i, text, sizeof(text));
		else
			inet_ntop(AF_INET6, (struct in6_addr *)addresses + i, text, sizeof(text));
		used += (size_t)snprintf(r->text + used, sizeof(r->text) - used, "%s%s",
		    used ? " " : "", text);
	}
	results++;
}

static inline void
on_tick(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
}

/* Runs the loop until a counter has this value. */
static inline void
run_until(const int *counter, int value)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	struct timeval time = {0, 5000};
	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);

	event_add(tick, &time);
	while (*counter < value) {
		ck_assert_msg(capi_now_ms() < end, "%d of %d", *counter, value);
		event_base_loop(base, EVLOOP_ONCE);
	}
	event_free(tick);
}

static inline void
await_results(int n)
{
	run_until(&results, n);
}

/* Runs the loop until the other end has closed a connection. */
static inline void
run_until_closed(evutil_socket_t fd)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	ssize_t n;
	char byte;

	while ((n = recv(fd, &byte, 1, MSG_DONTWAIT)) != 0) {
		ck_assert_int_eq(n, -1);
		ck_assert_int_eq(errno, EAGAIN);
		ck_assert(capi_now_ms() < end);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

/* Runs the loop for a while. */
static inline void
run_for(long milliseconds)
{
	struct timeval time = capi_ms(milliseconds);

	event_base_loopexit(base, &time);
	event_base_dispatch(base);
}

/* Looks a name up, and waits for the result. */
static inline struct result
lookup(const char *name, int type)
{
	struct result r;
	int before = results;
	void *request;

	memset(&r, 0, sizeof(r));
	request = type == TYPE_AAAA
	    ? evdns_base_resolve_ipv6(dns, name, 0, on_result, &r)
	    : evdns_base_resolve_ipv4(dns, name, 0, on_result, &r);
	ck_assert_ptr_nonnull(request);
	ck_assert_int_eq(r.calls, 0);
	await_results(before + 1);
	ck_assert_int_eq(r.calls, 1);
	return r;
}

#endif
