/*
 * Three name servers behind a bad line, for SOAK_SECONDS: a fifth of what is asked is lost, answers
 * come late and out of order, some with a wrong bit, and one server after the other starts again.
 */
// runs: one-backend, one-locking
#include "dns.h"
#include "memory_held.h"
#include "random.h"

#define PER_SECOND 200
#define WAVES 4

static int started, wrong, failed, twice;
static long latencies[60000];

/* What is on its way back. */
struct late {
	struct sockaddr_in to;
	struct name_server *server;
	unsigned char bytes[600];
	int len;
};

static void
arrive(evutil_socket_t fd, short what, void *argument)
{
	struct late *late = argument;

	(void)fd;
	(void)what;
	if (late->server->event)
		sendto(late->server->fd, late->bytes, (size_t)late->len, 0,
		    (struct sockaddr *)&late->to, sizeof(late->to));
	free(late);
}

/* The number in a name is also that of its address. */
static void
answer_badly(struct question *q)
{
	unsigned char address[16] = {10, 0, 0, 0};
	struct timeval delay = {0, random_below(100) * 1000};
	struct late *late;
	struct answer a;
	int number = 0;

	if (random_below(100) < 20)
		return;
	sscanf(q->name, "h%d.", &number);
	answer_begin(&a, q, 0);
	if (q->type == TYPE_AAAA) {
		address[0] = 0x20;
		address[15] = (unsigned char)number;
		add_record(&a, 0, NULL, TYPE_AAAA, 60, address, 16);
	} else {
		address[3] = (unsigned char)number;
		add_record(&a, 0, NULL, TYPE_A, 60, address, 4);
	}
	/* Not in the address, which only a checksum could tell from another. */
	if (random_below(100) == 0)
		a.bytes[random_below((unsigned)q->end)] ^= (unsigned char)(1 << random_below(8));
	late = calloc(1, sizeof(*late));
	late->to = q->from;
	late->server = q->server;
	late->len = a.len;
	memcpy(late->bytes, a.bytes, (size_t)a.len);
	event_base_once(base, -1, EV_TIMEOUT, arrive, late, &delay);
}

struct lookup {
	long long begun;
	int number, calls;
};

static void
ended_with(struct lookup *it, int error, int number)
{
	twice += it->calls++ != 0;
	failed += error != 0;
	wrong += error == 0 && number != it->number;
	latencies[results++] = (long)(capi_now_ms() - it->begun);
	/* `it` is kept, so that a second call is seen. */
}

static void
resolved(int error, char type, int count, int ttl, void *addresses, void *argument)
{
	unsigned char *bytes = addresses;

	(void)ttl;
	ended_with(argument, error,
	    error || count != 1 ? -1 : bytes[type == DNS_IPv6_AAAA ? 15 : 3]);
}

static void
found(int error, struct evutil_addrinfo *list, void *argument)
{
	int number = -1;

	if (error == 0)
		number = ((unsigned char *)&((struct sockaddr_in *)list->ai_addr)->sin_addr)[3];
	ended_with(argument, error, number);
	if (list)
		evutil_freeaddrinfo(list);
}

static void
start_one(struct lookup *it)
{
	struct evutil_addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	char name[32];

	it->number = started++ % 250;
	it->begun = capi_now_ms();
	snprintf(name, sizeof(name), "h%d.test", it->number);
	switch (random_below(3)) {
	case 0:
		ck_assert_ptr_nonnull(evdns_base_resolve_ipv4(dns, name, 0, resolved, it));
		break;
	case 1:
		ck_assert_ptr_nonnull(evdns_base_resolve_ipv6(dns, name, 0, resolved, it));
		break;
	default:
		evdns_getaddrinfo(dns, name, NULL, &hints, found, it);
	}
}

static void
restart(struct name_server *server)
{
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&server->address,
			     sizeof(server->address)),
	    0);
	server->event = event_new(base, server->fd, EV_READ | EV_PERSIST, server_read, server);
	ck_assert_int_eq(event_add(server->event, NULL), 0);
}

static int
compare(const void *a, const void *b)
{
	return (*(const long *)a > *(const long *)b) - (*(const long *)a < *(const long *)b);
}

TEST(lookups_over_a_bad_line)
{
	const char *text = getenv("SOAK_SECONDS");
	int seconds = text ? atoi(text) : 3, all;
	struct lookup *lookups;
	long level = 0;

	ck_assert_int_gt(seconds, 0);
	all = seconds * PER_SECOND;
	if (all > (int)(sizeof(latencies) / sizeof(*latencies)))
		all = sizeof(latencies) / sizeof(*latencies);
	all -= all % WAVES;
	lookups = calloc((size_t)all, sizeof(*lookups));
	watch_memory();
	begin_dns(EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	set_option("timeout", "0.3");
	set_option("attempts", "5");
	set_option("initial-probe-timeout", "0.3");
	for (int i = 0; i < 3; i++)
		use_server(start_server(answer_badly));
	for (int wave = 0; wave < WAVES; wave++) {
		long long begun = capi_now_ms(), late;

		for (int i = 0; i < all / WAVES; i++) {
			start_one(&lookups[started]);
			if (i == all / WAVES / 2)
				stop_server(&servers[wave % 3]);
			late = begun + i * 1000LL / PER_SECOND - capi_now_ms();
			if (late > 0)
				run_for(late);
			else
				event_base_loop(base, EVLOOP_NONBLOCK);
		}
		restart(&servers[wave % 3]);
		await_results(started);
		/* Until what is late has come, and the server is known to be up again. */
		run_for(800);
		if (wave == 0)
			level = held;
	}
	/* Tables may have had to grow once more; nothing is kept of a lookup. */
	ck_assert_int_le(held, level + 16384);
	ck_assert_int_eq(results, all);
	ck_assert_int_eq(twice, 0);
	ck_assert_int_eq(wrong, 0);
	/* Five attempts, of each of which a fifth is lost. */
	ck_assert_int_le(failed, all / 50);
	qsort(latencies, (size_t)all, sizeof(*latencies), compare);
	ck_assert_int_le(latencies[all / 2], 600);
	for (int i = 0; i < nservers; i++)
		stop_server(&servers[i]);
	/* A resolver that nobody waits for does not keep the loop. */
	ck_assert_int_eq(event_base_dispatch(base), 1);
	end_dns();
	ck_assert_int_eq(held, 0);
	free(lookups);
}
