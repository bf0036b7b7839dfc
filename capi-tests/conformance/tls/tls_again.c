// links: openssl
// runs: one-backend
/* One bufferevent on one connection after the other, of which most break in the handshake. */
#include "random.h"
#include "tls.h"

enum { CONNECTIONS = 5, ROUNDS = 12 };

static BIO *from, *to;
static int ends;

EVENT_CALLBACK(count_end)
{
	connected += (what & BEV_EVENT_CONNECTED) != 0;
	ends += (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0;
}

static void
new_peer(int accepts)
{
	if (peer)
		SSL_free(peer);
	peer = new_ssl();
	if (accepts)
		SSL_set_accept_state(peer);
	else
		SSL_set_connect_state(peer);
	from = BIO_new(BIO_s_mem());
	to = BIO_new(BIO_s_mem());
	SSL_set_bio(peer, from, to);
}

/* The peer takes a step, and sends no more than *BUDGET bytes. */
static void
peer_steps(int *budget)
{
	char bytes[16384];
	int n;

	n = (int)read(pair[1], bytes, sizeof(bytes));
	if (n > 0)
		BIO_write(from, bytes, n);
	if (!SSL_is_init_finished(peer))
		SSL_do_handshake(peer);
	else
		SSL_peek(peer, bytes, 1);
	ERR_clear_error();
	n = (int)sizeof(bytes) < *budget ? (int)sizeof(bytes) : *budget;
	if (n > 0 && (n = BIO_read(to, bytes, n)) > 0) {
		ck_assert_int_eq(write(pair[1], bytes, n), n);
		*budget -= n;
	}
}

/* Another pair, with a new peer at its far end. */
static void
connect_again(int accepts)
{
	capi_pair(pair);
	new_peer(accepts);
	connected = ends = 0;
	ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ | EV_WRITE), 0);
}

static void
leave(void)
{
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
	close(pair[0]);
}

/* Broken off after so many bytes, in the handshake or just behind it. */
static void
breaks(int budget)
{
	for (int i = random_below(6) + 1; i > 0 && !ends; i--) {
		peer_steps(&budget);
		turn();
	}
	close(pair[1]);
	run_until(&ends, 1);
	ck_assert_int_eq(ends, 1);
	ck_assert_int_le(connected, 1);
	leave();
}

static void
stands(void)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	int budget = 1 << 20;

	while ((!connected || !SSL_is_init_finished(peer)) && capi_now_ms() < end) {
		turn();
		peer_steps(&budget);
	}
	ck_assert_int_eq(connected, 1);
	ck_assert_int_eq(SSL_write(peer, "whole", 5), 5);
	while (in(bev) < 5 && capi_now_ms() < end) {
		peer_steps(&budget);
		turn();
	}
	ck_assert_mem_eq(evbuffer_pullup(bufferevent_get_input(bev), 5), "whole", 5);
	evbuffer_drain(bufferevent_get_input(bev), 5);
	ck_assert_int_eq(ends, 0);
	close(pair[1]);
	leave();
}

static void
again_and_again(enum bufferevent_ssl_state state)
{
	int accepts = state == BUFFEREVENT_SSL_CONNECTING;

	base = event_base_new();
	signal(SIGPIPE, SIG_IGN);
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(), state, BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bev);
	bufferevent_setcb(bev, NULL, NULL, count_end, NULL);
	for (unsigned round = 0; round < ROUNDS; round++) {
		random_state = round;
		for (int i = 0; i < CONNECTIONS; i++) {
			connect_again(accepts);
			breaks((int)random_below(1600));
		}
		connect_again(accepts);
		stands();
	}
	bufferevent_free(bev);
	turn();
}

TEST(a_client_again_and_again)
{
	again_and_again(BUFFEREVENT_SSL_CONNECTING);
}

TEST(a_server_again_and_again)
{
	again_and_again(BUFFEREVENT_SSL_ACCEPTING);
}
