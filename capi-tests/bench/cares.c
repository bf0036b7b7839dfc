/*
 * The lookups of dns.c by c-ares and poll(): addresses as they come, without the sorting by which
 * ares_gethostbyname() makes a socket for each of them.
 */
#include "dns_server.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>

struct lookups {
	struct dns_server server;
	ares_channel channel;
	int at_a_time;
	int to_start, to_end;
	unsigned number;
};

static void start(struct lookups *it);

static void
answered(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct ares_addrttl found[32];
	struct lookups *it = arg;
	int count = 32;

	(void)timeouts;
	must(status == ARES_SUCCESS);
	must(ares_parse_a_reply(message, len, NULL, found, &count) == ARES_SUCCESS && count == 1);
	must(found[0].ipaddr.s_addr == htonl(0xc0000201));
	it->to_end--;
	if (it->to_start > 0)
		start(it);
}

static void
start(struct lookups *it)
{
	char name[64];

	it->to_start--;
	sprintf(name, "host-%u.example.com", it->number++);
	ares_query(it->channel, name, 1, 1, answered, it);
}

static void *
begin(int at_a_time)
{
	struct lookups *it = worker_memory(sizeof(*it));
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH };
	char address[64];

	dns_server_begin(&it->server);
	it->at_a_time = at_a_time;
	must(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
	options.lookups = (char *)"b";
	must(ares_init_options(&it->channel, &options, ARES_OPT_FLAGS | ARES_OPT_LOOKUPS) == ARES_SUCCESS);
	sprintf(address, "127.0.0.1:%d", it->server.port);
	must(ares_set_servers_ports_csv(it->channel, address) == ARES_SUCCESS);
	return it;
}

static void
run(void *state, int n)
{
	struct lookups *it = state;

	it->to_start = it->to_end = n;
	for (int i = 0; i < it->at_a_time; i++)
		start(it);
	while (it->to_end > 0) {
		ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
		struct pollfd fds[ARES_GETSOCK_MAXNUM];
		int which = ares_getsock(it->channel, sockets, ARES_GETSOCK_MAXNUM), count = 0;
		struct timeval most = { 1, 0 }, room, *wait;

		for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
			if (ARES_GETSOCK_READABLE(which, i))
				fds[count++] = (struct pollfd){ .fd = sockets[i], .events = POLLIN };
		}
		wait = ares_timeout(it->channel, &most, &room);
		must(poll(fds, count, wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1) >= 0);
		for (int i = 0; i < count; i++) {
			if (fds[i].revents)
				ares_process_fd(it->channel, fds[i].fd, ARES_SOCKET_BAD);
		}
	}
}

static void
end(void *state)
{
	struct lookups *it = state;

	ares_destroy(it->channel);
	ares_library_cleanup();
	dns_server_end(&it->server);
	free(it);
}

static const struct work works[] = {
	{ "lookup/1", begin, run, end, 20000, 1 },
	{ "lookup/64", begin, run, end, 20000, 64 },
};

WORKER(works)
