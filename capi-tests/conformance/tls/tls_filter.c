// links: openssl
// runs: one-backend
/* TLS on top of another bufferevent. */
#include "tls.h"

static struct bufferevent *under;

static void
begin_filter(int options)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	under = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_filter_new(base, under, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE | options);
	ck_assert_ptr_nonnull(bev);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
}

static void
open_filter(int options)
{
	begin_filter(options);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
}

static void
trace_end(void)
{
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
	trace("errors %s", errors_of(bev));
}

TEST(connected_once)
{
	begin_filter(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&connected, 1);
	ck_notes("connected");
}

TEST(a_priority)
{
	open_filter(0);
	ck_assert_int_eq(event_base_priority_init(base, 3), 0);
	ck_assert_int_eq(bufferevent_priority_set(bev, 2), 0);
	ck_assert_int_eq(bufferevent_get_priority(bev), 2);
	ck_assert_int_eq(bufferevent_priority_set(bev, 3), -1);
	ck_assert_int_eq(bufferevent_priority_set(bev, -1), -1);
	ck_assert_int_eq(bufferevent_get_priority(bev), 2);
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
}

TEST(data_both_ways)
{
	open_filter(0);
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
	say(bev, "well?");
	ck_assert_uint_eq(out(bev), 0);
	turn();
	ck_notes("w0");
	ck_assert_str_eq(peer_got(), "well?");
}

TEST(ten_records_in_one_callback)
{
	open_filter(0);
	for (int i = 0; i < 10; i++)
		peer_says("0123456789", 10);
	turn();
	ck_notes("r100");
}

TEST(early_output)
{
	begin_filter(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	say(bev, "early");
	shake();
	turn();
	ck_assert_str_eq(peer_got(), "early");
	ck_assert_uint_eq(out(bev), 0);
}

static size_t received;

DATA_CALLBACK(take_all)
{
	received += in(b);
	evbuffer_drain(bufferevent_get_input(b), in(b));
}

static char block[300000];

TEST(much_to_write)
{
	size_t total = 0;

	open_filter(0);
	bufferevent_write(bev, block, sizeof(block));
	for (int i = 0; i < 10000 && total < sizeof(block); i++) {
		turn();
		total += peer_discards();
	}
	ck_assert_uint_eq(total, sizeof(block));
}

TEST(much_to_read)
{
	size_t sent = 0;

	open_filter(0);
	bufferevent_setcb(bev, take_all, NULL, tls_event, "");
	SSL_set_mode(peer, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	for (int i = 0; i < 10000 && received < sizeof(block); i++) {
		int size = sent < sizeof(block) ? SSL_write(peer, block + sent,
		    (int)(sizeof(block) - sent)) : 0;

		if (size > 0)
			sent += size;
		turn();
	}
	ck_assert_uint_eq(received, sizeof(block));
	ck_notes("");
}

TEST(the_high_mark_of_reading)
{
	open_filter(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_setwatermark(bev, EV_READ, 0, 1000);
	peer_says(block, 16000);
	turn();
	while (in(bev) > 0) {
		received += in(bev);
		evbuffer_drain(bufferevent_get_input(bev), in(bev));
		turn();
	}
	ck_assert_uint_eq(received, 16000);
}

TEST(reading_is_off)
{
	open_filter(0);
	bufferevent_disable(bev, EV_READ);
	peer_says("hello", 5);
	turn();
	ck_notes("");
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("r5");
}

/* The write watermark of the underlying bufferevent bounds what is there. */
TEST(the_high_mark_below)
{
	size_t total = 0;

	open_filter(0);
	bufferevent_setwatermark(under, EV_WRITE, 0, 30000);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_write(bev, block, sizeof(block));
	ck_assert_uint_le(out(under), 30000);
	ck_assert_uint_gt(out(bev), 0);
	for (int i = 0; i < 10000 && total < sizeof(block); i++) {
		turn();
		ck_assert_uint_le(out(under), 30000);
		total += peer_discards();
	}
	ck_assert_uint_eq(total, sizeof(block));
}

TEST(close_notify)
{
	open_filter(0);
	SSL_shutdown(peer);
	turn();
	trace_end();
}

TEST(data_and_close_notify)
{
	open_filter(0);
	peer_says("last words", 10);
	SSL_shutdown(peer);
	close(pair[1]);
	turn();
	turn();
	trace_end();
}

TEST(truncated)
{
	open_filter(0);
	close(pair[1]);
	turn();
	trace_end();
}

TEST(truncated_with_dirty_allowed)
{
	open_filter(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	close(pair[1]);
	turn();
	trace_end();
}

TEST(data_and_truncated)
{
	open_filter(0);
	peer_says("last words", 10);
	close(pair[1]);
	turn();
	turn();
	trace_end();
}

TEST(data_and_truncated_while_reading_is_off)
{
	open_filter(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	bufferevent_disable(bev, EV_READ);
	peer_says("last words", 10);
	close(pair[1]);
	turn();
	ck_notes("");
	bufferevent_enable(bev, EV_READ);
	turn();
	trace_end();
}

TEST(closed_in_the_handshake)
{
	begin_filter(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	turn();
	close(pair[1]);
	turn();
	trace_end();
}

static void
refuse(int dirty)
{
	struct sockaddr_in address;

	close(bind_to_loopback(&address));
	begin();
	under = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_filter_new(base, under, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_openssl_set_allow_dirty_shutdown(bev, dirty);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	ck_assert_int_eq(bufferevent_socket_connect(under,
	    (struct sockaddr *)&address, sizeof(address)), 0);
	run_until(&told_events, 1);
	turn();
	trace_end();
}

TEST(refused)
{
	refuse(0);
}

TEST(refused_with_dirty_allowed)
{
	refuse(1);
}

TEST(the_peer_is_no_tls)
{
	begin_filter(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	put(pair[1], "220 mail.example ESMTP\r\n");
	turn();
	turn();
	trace_end();
}

TEST(the_certificate_is_rejected)
{
	begin_filter(0);
	SSL_set_verify(
	    bufferevent_openssl_get_ssl(bev), SSL_VERIFY_PEER, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&told_events, 1);
	turn();
	trace_end();
}

TEST(timeouts)
{
	struct timeval tv = capi_ms(50);

	open_filter(0);
	bufferevent_set_timeouts(bev, &tv, NULL);
	told_events = 0;
	run_until(&told_events, 1);
	run_for(150);
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
}

/* Both ends in one loop, on the two ends of a pair. */
static void
open_on_pair(void)
{
	struct bufferevent *ends[2];

	begin();
	ck_assert_int_eq(bufferevent_pair_new(base, 0, ends), 0);
	partner = bufferevent_openssl_filter_new(base, ends[1], new_ssl(),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_filter_new(base, ends[0], new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(partner, tls_read, note_write, tls_event, "s:");
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "c:");
	bufferevent_enable(partner, EV_READ | EV_WRITE);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

TEST(on_a_pair)
{
	open_on_pair();
	run_until(&connected, 2);
	capi_log[0] = '\0';
	say(bev, "hello");
	run_until(&told_reads, 1);
	ck_assert_uint_eq(in(partner), 5);
	bufferevent_free(bev);
	bufferevent_free(partner);
	turn();
}

/* A client that speaks at once is heard after it has connected. */
TEST(data_right_behind_the_handshake)
{
	open_on_pair();
	say(bev, "hello");
	run_until(&told_reads, 1);
	ck_assert_ptr_nonnull(strstr(capi_log, "s:connected"));
	ck_assert(strstr(capi_log, "s:connected") < strstr(capi_log, "s:r5"));
}

/* TLS in TLS. */
TEST(two_layers)
{
	struct bufferevent *ends[2], *outer[2];

	begin();
	for (int i = 0; i < 2; i++) {
		int state = i ? BUFFEREVENT_SSL_ACCEPTING :
				BUFFEREVENT_SSL_CONNECTING;

		ends[i] = bufferevent_openssl_socket_new(base, pair[i],
		    new_ssl(), state, BEV_OPT_CLOSE_ON_FREE);
		outer[i] = bufferevent_openssl_filter_new(base, ends[i],
		    new_ssl(), state, BEV_OPT_CLOSE_ON_FREE);
		bufferevent_setcb(outer[i], tls_read, NULL, tls_event, "");
		bufferevent_enable(outer[i], EV_READ | EV_WRITE);
	}
	run_until(&connected, 2);
	say(outer[0], "hello");
	run_until(&told_reads, 1);
	ck_assert_uint_eq(in(outer[1]), 5);
	bufferevent_write(outer[1], block, sizeof(block));
	bufferevent_setcb(outer[0], take_all, NULL, tls_event, "");
	run_until((int *)&received, sizeof(block));
	bufferevent_free(outer[0]);
	bufferevent_free(outer[1]);
	turn();
}

TEST(on_a_limited_socket)
{
	struct timeval tick = capi_ms(10);
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(20000, 20000, 20000, 20000, &tick);
	size_t total = 0;

	open_filter(0);
	bufferevent_set_rate_limit(under, cfg);
	bufferevent_write(bev, block, sizeof(block));
	for (int i = 0; i < 10000 && total < sizeof(block); i++) {
		turn();
		total += peer_discards();
		capi_sleep_ms(1);
	}
	ck_assert_uint_eq(total, sizeof(block));
}
