/*
 * The resolver of glibc asks a server by evdns, over UDP and, for what has no room there, over TCP.
 */
// runs: one-backend
#include "dns.h"

#include <arpa/nameser.h>
#include <event2/dns_struct.h>
#include <event2/listener.h>
#include <pthread.h>
#include <resolv.h>

static struct sockaddr_in address;
static int asked, client_runs[2];

/* N.test has N addresses, 10.0.0.1 and so on; others do not exist. */
static void
serve(struct evdns_server_request *request, void *argument)
{
	const struct evdns_server_question *question = request->questions[0];
	int n = atoi(question->name), error = 0;

	(void)argument;
	asked++;
	evdns_server_request_set_flags(request, EVDNS_FLAGS_AA);
	if (question->type == EVDNS_TYPE_A && n > 0) {
		unsigned char addresses[4 * 1000];

		for (int i = 0; i < n; i++) {
			addresses[4 * i] = 10;
			addresses[4 * i + 1] = 0;
			put16(addresses + 4 * i + 2, i + 1);
		}
		ck_assert_int_eq(evdns_server_request_add_a_reply(request, question->name, n,
		                     addresses, 60),
		    0);
	} else if (question->type == EVDNS_TYPE_A) {
		error = DNS_ERR_NOTEXIST;
	}
	ck_assert_int_ge(evdns_server_request_respond(request, error), 0);
}

static const unsigned char *
behind_name(const unsigned char *at)
{
	while (*at && *at < 0xc0)
		at += *at + 1;
	return at + (*at ? 2 : 1);
}

/* How many addresses it finds; -1 for no such name, -2 for no data, less for other errors. */
static int
ask(struct __res_state *state, const char *name, int type)
{
	static unsigned char answer[65536];
	int len = res_nquery(state, name, ns_c_in, type, answer, sizeof(answer)), count;
	const unsigned char *at = behind_name(answer + 12) + 4;

	if (len < 0)
		return state->res_h_errno == HOST_NOT_FOUND ? -1
		    : state->res_h_errno == NO_DATA       ? -2
							  : -3;
	count = answer[6] << 8 | answer[7];
	for (int i = 0; i < count; i++) {
		unsigned char wanted[6] = {0, 4, 10, 0};

		put16(wanted + 4, i + 1);
		at = behind_name(at) + 8;
		if (memcmp(at, wanted, 6) != 0)
			return -4;
		at += 6;
		if (at > answer + len)
			return -5;
	}
	return count;
}

static void *
client(void *argument)
{
	int *found = argument;
	struct __res_state state;

	memset(&state, 0, sizeof(state));
	res_ninit(&state);
	state.nscount = 1;
	state.nsaddr_list[0] = address;
	state.retrans = 20;
	found[0] = ask(&state, "1.test", ns_t_a);
	found[1] = ask(&state, "28.test", ns_t_a);
	/* From here on there is no room in 512 bytes. */
	found[2] = ask(&state, "60.test", ns_t_a);
	found[3] = ask(&state, "1000.test", ns_t_a);
	found[4] = ask(&state, "none.test", ns_t_a);
	found[5] = ask(&state, "1.test", ns_t_aaaa);
	/* With EDNS, 60 have room, 1000 have not. */
	state.options |= RES_USE_EDNS0;
	found[6] = ask(&state, "60.test", ns_t_a);
	found[7] = ask(&state, "1000.test", ns_t_a);
	res_nclose(&state);
	/* The base may have no locks: another thread can't end its loop by a call. */
	close(client_runs[1]);
	return NULL;
}

static void
client_is_done(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	event_base_loopbreak(base);
}

TEST(glibc_finds_what_our_server_says)
{
	struct event *done;
	struct evdns_server_port *udp, *tcp;
	struct evconnlistener *listener;
	evutil_socket_t fd, listening;
	pthread_t thread;
	int found[8];

	base = event_base_new();
	ck_assert_int_eq(pipe2(client_runs, O_CLOEXEC), 0);
	done = event_new(base, client_runs[0], EV_READ, client_is_done, NULL);
	event_add(done, NULL);
	for (;;) {
		fd = bound_socket(SOCK_DGRAM, &address);
		listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (bind(listening, (struct sockaddr *)&address, sizeof(address)) == 0)
			break;
		close(fd);
		close(listening);
	}
	udp = evdns_add_server_port_with_base(base, fd, 0, serve, NULL);
	listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 16, listening);
	tcp = evdns_add_server_port_with_listener(base, listener, 0, serve, NULL);
	ck_assert_ptr_nonnull(udp);
	ck_assert_ptr_nonnull(tcp);
	ck_assert_int_eq(pthread_create(&thread, NULL, client, found), 0);
	event_base_dispatch(base);
	pthread_join(thread, NULL);
	event_free(done);
	close(client_runs[0]);
	ck_assert_int_eq(found[0], 1);
	ck_assert_int_eq(found[1], 28);
	ck_assert_int_eq(found[2], 60);
	ck_assert_int_eq(found[3], 1000);
	ck_assert_int_eq(found[4], -1);
	ck_assert_int_eq(found[5], -2);
	ck_assert_int_eq(found[6], 60);
	ck_assert_int_eq(found[7], 1000);
	/* Eight questions, and three of them again over TCP. */
	ck_assert_int_eq(asked, 11);
	evdns_close_server_port(udp);
	evdns_close_server_port(tcp);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
}
