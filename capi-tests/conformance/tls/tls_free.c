// links: openssl
// runs: one-backend
/* The end of a TLS bufferevent, and of what belongs to it. */
#include "tls.h"

static SSL *ssl;

DATA_CALLBACK(free_it)
{
	note("%sread", (const char *)arg);
	bufferevent_free(b);
}

EVENT_CALLBACK(free_at_event)
{
	note("%s%s", (const char *)arg, flags(what));
	bufferevent_free(b);
}

static void
turns(int count)
{
	while (count-- > 0)
		turn();
}

TEST(without_closing)
{
	open_tls(0);
	ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_free(bev);
	turns(3);
	ck_assert(is_open(pair[0]));
	/* The session goes on by itself. */
	ck_assert_int_eq(SSL_get_fd(ssl), pair[0]);
	ck_assert_int_eq(SSL_write(ssl, "alone", 5), 5);
	ck_assert_str_eq(peer_got(), "alone");
	trace("read ahead %d", SSL_get_read_ahead(ssl));
	SSL_free(ssl);
	ck_assert(is_open(pair[0]));
}

TEST(with_closing)
{
	open_tls(BEV_OPT_CLOSE_ON_FREE);
	ssl = bufferevent_openssl_get_ssl(bev);
	SSL_up_ref(ssl);
	bufferevent_free(bev);
	ck_assert(is_open(pair[0]));
	turns(3);
	ck_assert(!is_open(pair[0]));
	/* Nobody said goodbye. */
	ck_assert_str_eq(peer_got(), "broken");
}

/* As coturn does: everything in a row, and the loop comes later. */
TEST(session_and_socket_end_before_the_loop)
{
	open_tls(0);
	say(bev, "on its way");
	ssl = bufferevent_openssl_get_ssl(bev);
	trace("flush %d", bufferevent_flush(
	    bev, EV_READ | EV_WRITE, BEV_FLUSH));
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_free(bev);
	SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
	trace("shutdown %d", SSL_shutdown(ssl));
	SSL_free(ssl);
	close(pair[0]);
	turns(100);
	trace("peer %s", peer_got());
}

/* As sslsplit does with a filter. */
TEST(session_and_underlying_end_before_the_loop)
{
	struct bufferevent *under;

	begin();
	signal(SIGPIPE, SIG_IGN);
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	under = bufferevent_socket_new(base, pair[0], 0);
	ssl = new_ssl();
	bev = bufferevent_openssl_filter_new(
	    base, under, ssl, BUFFEREVENT_SSL_CONNECTING, 0);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	say(bev, "on its way");
	SSL_shutdown(ssl);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_setfd(under, -1);
	bufferevent_free(under);
	bufferevent_free(bev);
	SSL_free(ssl);
	close(pair[0]);
	turns(100);
	trace("peer %s", peer_got());
}

TEST(the_filter_first)
{
	struct bufferevent *under;

	begin();
	under = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	ssl = new_ssl();
	bev = bufferevent_openssl_filter_new(
	    base, under, ssl, BUFFEREVENT_SSL_CONNECTING, 0);
	turns(2);
	bufferevent_free(bev);
	turns(3);
	/* The underlying one is the program's again. */
	bufferevent_setcb(under, note_read, NULL, note_event, "under:");
	bufferevent_enable(under, EV_READ);
	ck_assert_int_eq(write(pair[1], "hello", 5), 5);
	turns(1);
	ck_notes("under:r5");
	SSL_free(ssl);
	bufferevent_free(under);
	turns(2);
	ck_assert(!is_open(pair[0]));
}

TEST(a_filter_with_closing)
{
	struct bufferevent *under;

	begin();
	under = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_filter_new(base, under, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	turns(2);
	bufferevent_free(bev);
	turns(3);
	ck_assert(!is_open(pair[0]));
}

/* In each callback, with the options of real programs. */
static const int options[] = {0, BEV_OPT_CLOSE_ON_FREE,
    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS,
    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE,
    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS |
	BEV_OPT_UNLOCK_CALLBACKS};
#define NOPTIONS (sizeof(options) / sizeof(*options))

static void
after(size_t i, SSL *session)
{
	if (!(options[i] & BEV_OPT_CLOSE_ON_FREE))
		SSL_free(session);
	turns(5);
	ck_assert_int_eq(
	    is_open(pair[0]), !(options[i] & BEV_OPT_CLOSE_ON_FREE));
	SSL_free(peer);
	close(pair[1]);
	event_base_free(base);
	connected = 0;
}

TEST(in_the_read_callback)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		open_tls(options[i]);
		ssl = bufferevent_openssl_get_ssl(bev);
		bufferevent_setcb(bev, free_it, NULL, free_at_event, "");
		peer_says("hello", 5);
		SSL_shutdown(peer);
		turn();
		ck_notes("read");
		after(i, ssl);
	}
}

TEST(in_the_write_callback)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		open_tls(options[i]);
		ssl = bufferevent_openssl_get_ssl(bev);
		bufferevent_setcb(bev, NULL, free_it, free_at_event, "");
		say(bev, "hello");
		turn();
		ck_notes("read");
		after(i, ssl);
	}
}

TEST(when_connected)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		begin_tls(options[i]);
		ssl = bufferevent_openssl_get_ssl(bev);
		bufferevent_setcb(bev, free_it, NULL, free_at_event, "");
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		for (int n = 0; n < 10; n++) {
			turn();
			SSL_do_handshake(peer);
		}
		ck_notes("connected");
		after(i, ssl);
	}
}

TEST(at_an_error)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		open_tls(options[i]);
		ssl = bufferevent_openssl_get_ssl(bev);
		bufferevent_setcb(bev, free_it, NULL, free_at_event, "");
		put(pair[1], "this is no record");
		turn();
		ck_notes("error+reading(0)");
		after(i, ssl);
	}
}

TEST(at_a_timeout)
{
	struct timeval tv = capi_ms(20);

	for (size_t i = 0; i < NOPTIONS; i++) {
		open_tls(options[i]);
		ssl = bufferevent_openssl_get_ssl(bev);
		bufferevent_setcb(bev, free_it, NULL, free_at_event, "");
		bufferevent_set_timeouts(bev, &tv, NULL);
		event_base_loop(base, EVLOOP_ONCE);
		ck_notes("timeout+reading");
		after(i, ssl);
	}
}

/* The session goes, with the bufferevent, while the session is at work. */
DATA_CALLBACK(free_both)
{
	note("read");
	bufferevent_free(b);
	SSL_free(ssl);
	ssl = NULL;
	close(pair[0]);
}

TEST(session_and_all_in_the_read_callback)
{
	open_tls(0);
	ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_setcb(bev, free_both, NULL, tls_event, "");
	peer_says("hello", 5);
	peer_says("again", 5);
	SSL_shutdown(peer);
	turns(10);
	ck_notes("read");
}

/* Another reference keeps the memory, not the session. */
TEST(somebody_else_has_a_reference)
{
	open_tls(0);
	ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_incref(bev);
	peer_says("hello", 5);
	bufferevent_free(bev);
	turns(2);
	bufferevent_decref(bev);
	turns(2);
	SSL_free(ssl);
}

TEST(the_base_first)
{
	open_tls(BEV_OPT_CLOSE_ON_FREE);
	say(bev, "hello");
	bufferevent_free(bev);
	event_base_free(base);
}

/* Replaced descriptors: nothing of the old connection is left. */
TEST(five_connections)
{
	open_tls(BEV_OPT_CLOSE_ON_FREE);
	for (int i = 0; i < 5; i++) {
		evutil_socket_t fresh[2];

		capi_pair(fresh);
		say(bev, "lost or not");
		if (i % 2)
			turn();
		evbuffer_drain(bufferevent_get_output(bev), 100);
		ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
		close(pair[0]);
		close(pair[1]);
		SSL_free(peer);
		pair[0] = fresh[0];
		pair[1] = fresh[1];
		peer = new_ssl();
		SSL_set_accept_state(peer);
		SSL_set_fd(peer, pair[1]);
		ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
		if (i == 2)
			continue;
		connected = 0;
		shake();
		peer_says("hello", 5);
		turn();
		ck_assert_uint_eq(in(bev), 5);
		evbuffer_drain(bufferevent_get_input(bev), 5);
		capi_log[0] = '\0';
	}
}
