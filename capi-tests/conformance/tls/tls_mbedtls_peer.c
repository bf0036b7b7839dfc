// links: openssl, mbedtls
// runs: one-backend
/* OpenSSL in a bufferevent against a peer that is a plain mbedTLS session, as in its own
 * example programs. */
#include "mbedtls.h"

#include <mbedtls/net_sockets.h>

enum { SIZE = 100000 };

static mbedtls_ssl_context session;
static mbedtls_net_context transport;
static unsigned char block[SIZE];

/* STATE is the bufferevent's. */
static void
open_against_mbedtls(enum bufferevent_ssl_state state, int filter)
{
	int accepts = state == BUFFEREVENT_SSL_ACCEPTING, shaken = -1;
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	begin_mbedtls();
	for (int i = 0; i < SIZE; i++)
		block[i] = (unsigned char)(i * 11 + i / 253);
	bev = filter ? bufferevent_openssl_filter_new(base,
			   bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE), new_ssl(),
			   state, BEV_OPT_CLOSE_ON_FREE)
		     : bufferevent_openssl_socket_new(base, pair[0], new_ssl(), state,
			   BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bev);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	mbedtls_ssl_init(&session);
	ck_assert_int_eq(mbedtls_ssl_setup(&session, accepts ? &client : &server), 0);
	transport.fd = pair[1];
	mbedtls_ssl_set_bio(&session, &transport, mbedtls_net_send, mbedtls_net_recv, NULL);
	while ((shaken || !connected) && capi_now_ms() < end) {
		turn();
		if (shaken)
			shaken = mbedtls_ssl_handshake(&session);
		ck_assert(shaken == 0 || shaken == MBEDTLS_ERR_SSL_WANT_READ ||
		    shaken == MBEDTLS_ERR_SSL_WANT_WRITE);
	}
	ck_notes("connected");
}

/* A block each way at the same time. */
static void
exchange(void)
{
	static unsigned char got[SIZE];
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	size_t sent = 0, received = 0;
	int n;

	ck_assert_int_eq(bufferevent_write(bev, block, SIZE), 0);
	while ((sent < SIZE || received < SIZE || in(bev) < SIZE) && capi_now_ms() < end) {
		n = sent < SIZE ? mbedtls_ssl_write(&session, block + sent, SIZE - sent) : 0;
		ck_assert(n >= 0 || n == MBEDTLS_ERR_SSL_WANT_WRITE);
		sent += n > 0 ? n : 0;
		turn();
		n = received < SIZE ? mbedtls_ssl_read(&session, got + received, SIZE - received) : 0;
		ck_assert(n > 0 || received == SIZE || n == MBEDTLS_ERR_SSL_WANT_READ);
		received += n > 0 ? n : 0;
	}
	ck_assert_uint_eq(received, SIZE);
	ck_assert_mem_eq(got, block, SIZE);
	ck_assert_uint_eq(in(bev), SIZE);
	ck_assert_mem_eq(evbuffer_pullup(bufferevent_get_input(bev), -1), block, SIZE);
	evbuffer_drain(bufferevent_get_input(bev), SIZE);
	ck_notes("");
}

static void
close_from(int from_mbedtls)
{
	char byte;

	if (from_mbedtls) {
		ck_assert_int_eq(mbedtls_ssl_close_notify(&session), 0);
		told_events = 0;
		run_until(&told_events, 1);
		ck_notes("eof+reading");
	} else {
		ck_assert_int_eq(SSL_shutdown(bufferevent_openssl_get_ssl(bev)), 0);
		turn();
		ck_assert_int_eq(mbedtls_ssl_read(&session, (unsigned char *)&byte, 1),
		    MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
	}
	bufferevent_free(bev);
	turn();
	turn();
	ck_assert(!is_open(pair[0]));
	mbedtls_ssl_free(&session);
}

TEST(a_client_of_mbedtls)
{
	open_against_mbedtls(BUFFEREVENT_SSL_ACCEPTING, 0);
	exchange();
	exchange();
	close_from(1);
}

TEST(a_client_of_mbedtls_and_a_filter)
{
	open_against_mbedtls(BUFFEREVENT_SSL_ACCEPTING, 1);
	exchange();
	close_from(1);
}

TEST(a_server_of_mbedtls)
{
	open_against_mbedtls(BUFFEREVENT_SSL_CONNECTING, 0);
	exchange();
	close_from(0);
}

TEST(a_server_of_mbedtls_and_a_filter)
{
	open_against_mbedtls(BUFFEREVENT_SSL_CONNECTING, 1);
	exchange();
	close_from(1);
}
