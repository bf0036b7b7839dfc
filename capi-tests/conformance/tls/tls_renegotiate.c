// links: openssl
// runs: one-backend
/* Another handshake on the same connection. */
#include "tls.h"

static struct bufferevent *under;

static void
open_version(int version, int filter)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	peer = new_ssl();
	SSL_set_max_proto_version(peer, version);
	SSL_set_options(peer, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	if (filter) {
		under = bufferevent_socket_new(
		    base, pair[0], BEV_OPT_CLOSE_ON_FREE);
		bev = bufferevent_openssl_filter_new(base, under, new_ssl(),
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	} else {
		bev = bufferevent_openssl_socket_new(base, pair[0], new_ssl(),
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	}
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	connected = 0;
}

/* The peer works on whatever comes. */
static void
pump(int count)
{
	char bytes[100];
	int size;

	while (count-- > 0) {
		turn();
		if ((size = SSL_read(peer, bytes, sizeof(bytes))) > 0)
			note("peer%d", size);
		ERR_clear_error();
	}
}

TEST(in_tls_12)
{
	open_version(TLS1_2_VERSION, 0);
	trace("%d", bufferevent_ssl_renegotiate(bev));
	ck_notes("");
	pump(5);
	ck_notes("connected");
	say(bev, "hello");
	pump(2);
	ck_notes("w0 peer5");
}

TEST(in_tls_13)
{
	open_version(TLS1_3_VERSION, 0);
	trace("%d", bufferevent_ssl_renegotiate(bev));
	trace("%s", capi_log);
	capi_log[0] = '\0';
	pump(2);
	say(bev, "hello");
	pump(2);
	ck_notes("w0 peer5");
}

TEST(of_a_filter)
{
	open_version(TLS1_2_VERSION, 1);
	trace("%d", bufferevent_ssl_renegotiate(bev));
	pump(5);
	ck_notes("connected");
	say(bev, "hello");
	pump(2);
	ck_notes("w0 peer5");
}

TEST(of_a_plain_one)
{
	begin_bev(0);
	trace("%d", bufferevent_ssl_renegotiate(bev));
}

TEST(output_waits_for_it)
{
	open_version(TLS1_2_VERSION, 0);
	bufferevent_ssl_renegotiate(bev);
	say(bev, "hello");
	ck_notes("");
	pump(6);
	ck_assert_ptr_nonnull(strstr(capi_log, "peer5"));
	ck_assert_ptr_nonnull(strstr(capi_log, "connected"));
	ck_assert_uint_eq(out(bev), 0);
}

TEST(by_the_peer)
{
	open_version(TLS1_2_VERSION, 0);
	SSL_renegotiate(peer);
	SSL_do_handshake(peer);
	for (int i = 0; i < 6; i++) {
		turn();
		SSL_do_handshake(peer);
	}
	ck_notes("");
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
}

/* Data in both directions, and new keys again and again. */
static size_t received;

DATA_CALLBACK(take_all)
{
	received += in(b);
	evbuffer_drain(bufferevent_get_input(b), in(b));
}

static void
both_ways(int version, int small)
{
	static char block[200000], bytes[20000];
	size_t sent = 0, got = 0;
	int size = 2048;

	open_version(version, 0);
	if (small) {
		setsockopt(
		    pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		setsockopt(
		    pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	bufferevent_setcb(bev, take_all, NULL, tls_event, "");
	bufferevent_write(bev, block, sizeof(block));
	SSL_set_mode(peer, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	for (int i = 0; i < 20000 &&
	     (got < sizeof(block) || received < sizeof(block)); i++) {
		turn();
		if (version == TLS1_3_VERSION && i % 10 == 5)
			SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED);
		while (sent < sizeof(block) &&
		    (size = SSL_write(peer, block + sent, 1000)) > 0)
			sent += size;
		while ((size = SSL_read(peer, bytes, sizeof(bytes))) > 0)
			got += size;
		ERR_clear_error();
	}
	ck_assert_uint_eq(got, sizeof(block));
	ck_assert_uint_eq(received, sizeof(block));
	ck_notes("");
}

TEST(key_updates)
{
	both_ways(TLS1_3_VERSION, 0);
}

TEST(key_updates_in_narrow_sockets)
{
	both_ways(TLS1_3_VERSION, 1);
}

TEST(before_the_first_is_complete)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	ck_assert_int_eq(bufferevent_ssl_renegotiate(bev), 0);
	shake();
	ck_assert_int_eq(connected, 1);
}
