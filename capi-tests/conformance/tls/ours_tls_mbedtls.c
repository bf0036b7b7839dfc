// links: openssl, mbedtls
// runs: one-backend
/* TLS by mbedTLS, against OpenSSL and against itself. */
#include "mbedtls.h"

/* A client on pair[0], whose peer is an SSL of OpenSSL. */
static void
open_mbedtls(int filter)
{
	struct mbedtls_ssl_context *session;

	begin_mbedtls();
	session = bufferevent_mbedtls_dyncontext_new(&client);
	ck_assert_ptr_nonnull(session);
	if (filter)
		bev = bufferevent_mbedtls_filter_new(base,
		    bufferevent_socket_new(
			base, pair[0], BEV_OPT_CLOSE_ON_FREE),
		    session, BUFFEREVENT_SSL_CONNECTING,
		    BEV_OPT_CLOSE_ON_FREE);
	else
		bev = bufferevent_mbedtls_socket_new(base, pair[0], session,
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bev);
	ck_assert_ptr_eq(bufferevent_mbedtls_get_ssl(bev), session);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	shake();
	ck_assert_int_eq(connected, 1);
}

static void
talk(void)
{
	static char block[100000];
	size_t total = 0;

	peer_says("hello", 5);
	turn();
	ck_notes("r5");
	evbuffer_drain(bufferevent_get_input(bev), 5);
	say(bev, "well?");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(peer_got(), "well?");
	bufferevent_setcb(bev, tls_read, NULL, tls_event, "");
	bufferevent_write(bev, block, sizeof(block));
	for (int i = 0; i < 10000 && total < sizeof(block); i++) {
		turn();
		total += peer_discards();
	}
	ck_assert_uint_eq(total, sizeof(block));
}

TEST(on_a_socket)
{
	open_mbedtls(0);
	talk();
	bufferevent_free(bev);
	turn();
	turn();
	ck_assert(!is_open(pair[0]));
}

TEST(as_a_filter)
{
	open_mbedtls(1);
	talk();
	bufferevent_free(bev);
	turn();
	turn();
	ck_assert(!is_open(pair[0]));
}

TEST(close_notify)
{
	open_mbedtls(0);
	peer_says("last words", 10);
	SSL_shutdown(peer);
	close(pair[1]);
	turn();
	turn();
	ck_notes("r10 eof+reading");
	ck_assert_uint_eq(bufferevent_get_mbedtls_error(bev), 0);
}

TEST(truncated)
{
	open_mbedtls(0);
	close(pair[1]);
	turn();
	ck_notes("error+reading(0)");
	ck_assert_uint_eq(bufferevent_get_mbedtls_error(bev),
	    -MBEDTLS_ERR_SSL_CONN_EOF);
	ck_assert_uint_eq(bufferevent_get_mbedtls_error(bev), 0);
}

TEST(truncated_with_dirty_allowed)
{
	open_mbedtls(0);
	ck_assert_int_eq(bufferevent_mbedtls_get_allow_dirty_shutdown(bev), 0);
	bufferevent_mbedtls_set_allow_dirty_shutdown(bev, 1);
	ck_assert_int_eq(bufferevent_mbedtls_get_allow_dirty_shutdown(bev), 1);
	ck_assert_int_eq(bufferevent_openssl_get_allow_dirty_shutdown(bev), -1);
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
}

TEST(the_peer_is_no_tls)
{
	open_mbedtls(0);
	put(pair[1], "this is no record at all");
	turn();
	ck_assert_ptr_nonnull(strstr(capi_log, "error+reading"));
	ck_assert_uint_ne(bufferevent_get_mbedtls_error(bev), 0);
}

TEST(a_record_larger_than_the_high_mark)
{
	static char block[16000];
	size_t received = 0;

	open_mbedtls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_setwatermark(bev, EV_READ, 0, 1000);
	peer_says(block, sizeof(block));
	turn();
	while (in(bev) > 0) {
		ck_assert_uint_le(in(bev), 1000);
		received += in(bev);
		evbuffer_drain(bufferevent_get_input(bev), in(bev));
		turn();
	}
	ck_assert_uint_eq(received, sizeof(block));
}

TEST(limits_count)
{
	struct timeval tick = capi_ms(1000000);
	struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(
	    100000, 100000, 100000, 100000, &tick);
	char bytes[1000] = "";

	open_mbedtls(0);
	bufferevent_set_rate_limit(bev, cfg);
	bufferevent_write(bev, bytes, sizeof(bytes));
	turn();
	ck_assert_int_le(bufferevent_get_write_limit(bev), 99000);
	ck_assert_int_ge(bufferevent_get_write_limit(bev), 98900);
	peer_says(bytes, sizeof(bytes));
	turn();
	ck_assert_int_le(bufferevent_get_read_limit(bev), 99000);
	ck_assert_int_ge(bufferevent_get_read_limit(bev), 98900);
}

static int rounds;

DATA_CALLBACK(echo)
{
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

DATA_CALLBACK(again)
{
	evbuffer_drain(bufferevent_get_input(b), in(b));
	if (++rounds < 50)
		bufferevent_write(b, "hello", 5);
}

TEST(both_ends)
{
	begin_mbedtls();
	partner = bufferevent_mbedtls_socket_new(base, pair[1],
	    bufferevent_mbedtls_dyncontext_new(&server),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_mbedtls_socket_new(base, pair[0],
	    bufferevent_mbedtls_dyncontext_new(&client),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(partner, echo, NULL, tls_event, "s:");
	bufferevent_setcb(bev, again, NULL, tls_event, "c:");
	bufferevent_enable(partner, EV_READ | EV_WRITE);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	bufferevent_write(bev, "hello", 5);
	run_until(&rounds, 50);
	ck_assert_int_eq(connected, 2);
	bufferevent_free(bev);
	bufferevent_free(partner);
	turn();
}

/* The context is the program's: nothing of the bufferevent's is left in it. */
TEST(the_context_stays)
{
	mbedtls_ssl_context session;
	char byte;

	begin_mbedtls();
	mbedtls_ssl_init(&session);
	ck_assert_int_eq(mbedtls_ssl_setup(&session, &client), 0);
	bev = bufferevent_mbedtls_socket_new(
	    base, pair[0], &session, BUFFEREVENT_SSL_CONNECTING, 0);
	turn();
	bufferevent_free(bev);
	turn();
	turn();
	ck_assert(is_open(pair[0]));
	ck_assert_int_lt(
	    mbedtls_ssl_read(&session, (unsigned char *)&byte, 1), 0);
	mbedtls_ssl_free(&session);
}

TEST(what_is_refused)
{
	struct mbedtls_ssl_context *session;

	begin_mbedtls();
	ck_assert_ptr_null(bufferevent_mbedtls_socket_new(
	    base, pair[0], NULL, BUFFEREVENT_SSL_CONNECTING, 0));
	session = bufferevent_mbedtls_dyncontext_new(&client);
	ck_assert_ptr_null(
	    bufferevent_mbedtls_socket_new(base, pair[0], session, 7, 0));
	ck_assert_ptr_null(bufferevent_mbedtls_filter_new(
	    base, NULL, session, BUFFEREVENT_SSL_OPEN, 0));
	bufferevent_mbedtls_dyncontext_free(session);
	bufferevent_mbedtls_dyncontext_free(NULL);
}

/* The flags that both engines share. */
TEST(flags_of_the_engines)
{
	ev_uint64_t none = ~(ev_uint64_t)0;

	open_mbedtls(0);
	ck_assert_uint_eq(bufferevent_ssl_get_flags(bev), 0);
	ck_assert_uint_eq(bufferevent_ssl_set_flags(
	    bev, BUFFEREVENT_SSL_DIRTY_SHUTDOWN), 0);
	ck_assert_uint_eq(bufferevent_ssl_set_flags(
	    bev, BUFFEREVENT_SSL_BATCH_WRITE), 1);
	ck_assert_uint_eq(bufferevent_ssl_get_flags(bev), 3);
	ck_assert_uint_eq(bufferevent_ssl_clear_flags(
	    bev, BUFFEREVENT_SSL_DIRTY_SHUTDOWN), 3);
	ck_assert_int_eq(bufferevent_mbedtls_get_allow_dirty_shutdown(bev), 0);
	ck_assert_uint_eq(bufferevent_ssl_set_flags(bev, 0), none);
	ck_assert_uint_eq(bufferevent_ssl_set_flags(bev, 64), none);
	bev = bufferevent_socket_new(base, -1, 0);
	ck_assert_uint_eq(bufferevent_ssl_get_flags(bev), none);
	ck_assert_uint_eq(bufferevent_ssl_set_flags(bev, 1), none);
	ck_assert_ptr_null(bufferevent_mbedtls_get_ssl(bev));
	ck_assert_int_eq(bufferevent_mbedtls_renegotiate(bev), -1);
	ck_assert_uint_eq(bufferevent_get_mbedtls_error(bev), 0);
}
