// links: openssl
// runs: one-backend
/* Making a TLS bufferevent: what it is like then, and what is refused. */
#include "tls.h"

static void
begin_new(void)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
}

static struct bufferevent *
on(evutil_socket_t fd, SSL *ssl, int options)
{
	return bufferevent_openssl_socket_new(
	    base, fd, ssl, BUFFEREVENT_SSL_CONNECTING, options);
}

/* The descriptors of the SSL and of the bufferevent, relative to pair[0]. */
static void
trace_fds(SSL *ssl)
{
	trace("SSL on %s and %s, bufferevent on %s",
	    SSL_get_rfd(ssl) == pair[0] ? "pair[0]" :
	    SSL_get_rfd(ssl) == -1	? "none" :
					  "other",
	    SSL_get_wfd(ssl) == pair[0] ? "pair[0]" :
	    SSL_get_wfd(ssl) == -1	? "none" :
					  "other",
	    bufferevent_getfd(bev) == pair[0] ? "pair[0]" :
	    bufferevent_getfd(bev) == -1      ? "none" :
						"other");
}

TEST(what_a_new_one_is_like)
{
	SSL *ssl = new_ssl();

	begin_new();
	bev = on(pair[0], ssl, 0);
	trace("enabled %x, dirty %d, ssl %d, base %d, underlying %d",
	    (unsigned)bufferevent_get_enabled(bev),
	    bufferevent_openssl_get_allow_dirty_shutdown(bev),
	    bufferevent_openssl_get_ssl(bev) == ssl,
	    bufferevent_get_base(bev) == base,
	    bufferevent_get_underlying(bev) != NULL);
	trace("single read %d, single write %d, priority %d",
	    (int)bufferevent_get_max_single_read(bev),
	    (int)bufferevent_get_max_single_write(bev),
	    bufferevent_get_priority(bev));
	trace("error %lu", bufferevent_get_openssl_error(bev));
	trace_fds(ssl);
	trace("BIO type %x, close %d", BIO_method_type(SSL_get_wbio(ssl)),
	    BIO_get_close(SSL_get_wbio(ssl)));
	trace("moving buffers %d, partial writes %d, read ahead %d, ex data %d",
	    !!(SSL_get_mode(ssl) & SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER),
	    !!(SSL_get_mode(ssl) & SSL_MODE_ENABLE_PARTIAL_WRITE),
	    SSL_get_read_ahead(ssl), SSL_get_ex_data(ssl, 0) != NULL);
}

TEST(neither_buffer_is_frozen)
{
	begin_new();
	bev = on(pair[0], new_ssl(), 0);
	trace("%d %d %d %d",
	    evbuffer_add(bufferevent_get_input(bev), "abc", 3),
	    evbuffer_drain(bufferevent_get_input(bev), 1),
	    evbuffer_prepend(bufferevent_get_output(bev), "abc", 3),
	    evbuffer_drain(bufferevent_get_output(bev), 1));
}

TEST(the_descriptor_of_the_ssl_is_taken)
{
	SSL *ssl = new_ssl();

	begin_new();
	SSL_set_fd(ssl, pair[0]);
	BIO_set_close(SSL_get_wbio(ssl), BIO_CLOSE);
	bev = on(-1, ssl, 0);
	trace_fds(ssl);
	trace("close %d", BIO_get_close(SSL_get_wbio(ssl)));
}

TEST(the_same_descriptor_is_fine)
{
	SSL *ssl = new_ssl();

	begin_new();
	SSL_set_fd(ssl, pair[0]);
	bev = on(pair[0], ssl, 0);
	trace_fds(ssl);
}

TEST(another_descriptor_is_refused)
{
	SSL *ssl = new_ssl();

	begin_new();
	SSL_set_fd(ssl, pair[0]);
	trace("%d", on(pair[1], ssl, 0) != NULL);
	/* The SSL is as it was. */
	ck_assert_int_eq(SSL_get_fd(ssl), pair[0]);
	SSL_free(ssl);
}

TEST(no_descriptor_at_all)
{
	SSL *ssl = new_ssl();

	begin_new();
	bev = on(-1, ssl, 0);
	trace_fds(ssl);
	trace("BIO %d", SSL_get_wbio(ssl) != NULL);
	trace("setfd %d", bufferevent_setfd(bev, pair[0]));
	trace_fds(ssl);
	trace("setfd %d", bufferevent_setfd(bev, -1));
	trace_fds(ssl);
	trace("BIO %d", SSL_get_wbio(ssl) != NULL);
}

TEST(an_unknown_state_is_refused)
{
	SSL *ssl = new_ssl();

	begin_new();
	trace("%d %d",
	    bufferevent_openssl_socket_new(base, pair[0], ssl, 3, 0) != NULL,
	    bufferevent_openssl_socket_new(base, pair[0], ssl, -1, 0) != NULL);
	SSL_free(ssl);
	turn();
}

/* Both are the bufferevent's to free, and nothing is left for the loop. */
TEST(an_unknown_state_that_closes)
{
	begin_new();
	ck_assert_ptr_null(bufferevent_openssl_socket_new(
	    base, pair[0], new_ssl(), 3, BEV_OPT_CLOSE_ON_FREE));
	turn();
	turn();
}

TEST(a_filter_needs_something_below)
{
	SSL *ssl = new_ssl();

	begin_new();
	trace("%d", bufferevent_openssl_filter_new(base, NULL, ssl,
	    BUFFEREVENT_SSL_CONNECTING, 0) != NULL);
	SSL_free(ssl);
}

TEST(what_a_new_filter_is_like)
{
	SSL *ssl = new_ssl();
	struct bufferevent *under;

	begin_new();
	under = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setwatermark(under, EV_READ, 5, 50);
	bev = bufferevent_openssl_filter_new(
	    base, under, ssl, BUFFEREVENT_SSL_CONNECTING, 0);
	trace("enabled %x, dirty %d, ssl %d, underlying %d",
	    (unsigned)bufferevent_get_enabled(bev),
	    bufferevent_openssl_get_allow_dirty_shutdown(bev),
	    bufferevent_openssl_get_ssl(bev) == ssl,
	    bufferevent_get_underlying(bev) == under);
	trace_fds(ssl);
	trace("BIO type %x", BIO_method_type(SSL_get_wbio(ssl)) & 0xff);
	trace("name %s", BIO_method_name(SSL_get_wbio(ssl)));
	trace("underlying: enabled %x, marks %d %d",
	    (unsigned)bufferevent_get_enabled(under),
	    (int)under->wm_read.low, (int)under->wm_read.high);
}

TEST(of_others_nothing_is_known)
{
	begin_bev(0);
	trace("ssl %d, error %lu, dirty %d, renegotiate %d",
	    bufferevent_openssl_get_ssl(bev) != NULL,
	    bufferevent_get_openssl_error(bev),
	    bufferevent_openssl_get_allow_dirty_shutdown(bev),
	    bufferevent_ssl_renegotiate(bev));
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
}

TEST(dirty_shutdown_is_a_switch)
{
	begin_new();
	bev = on(pair[0], new_ssl(), 0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 5);
	trace("%d", bufferevent_openssl_get_allow_dirty_shutdown(bev));
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 0);
	trace("%d", bufferevent_openssl_get_allow_dirty_shutdown(bev));
}

TEST(nothing_begins_in_the_constructor)
{
	SSL *ssl = new_ssl();

	begin_new();
	SSL_set_tlsext_host_name(ssl, "name.example");
	bev = on(pair[0], ssl, 0);
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	ck_assert_str_eq(
	    SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), "name.example");
	turn();
	ck_assert_int_eq(got(pair[1])[0], 22);
}
