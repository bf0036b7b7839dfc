// links: openssl
// runs: one-backend
/* How a TLS connection can end, and what is told of it. */
#include "tls.h"
#include <sys/ioctl.h>

/* Where the reference and ours differ on purpose is in differences.txt. */

static void
trace_end(void)
{
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
	trace("errors %s", errors_of(bev));
}

TEST(close_notify)
{
	open_tls(0);
	SSL_shutdown(peer);
	turn();
	trace_end();
}

TEST(close_notify_with_dirty_allowed)
{
	open_tls(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	SSL_shutdown(peer);
	turn();
	trace_end();
}

TEST(data_and_close_notify)
{
	open_tls(0);
	peer_says("last words", 10);
	SSL_shutdown(peer);
	close(pair[1]);
	turn();
	turn();
	trace_end();
}

TEST(data_and_close_notify_deferred)
{
	open_tls(BEV_OPT_DEFER_CALLBACKS);
	peer_says("last words", 10);
	SSL_shutdown(peer);
	close(pair[1]);
	turn();
	turn();
	trace_end();
}

TEST(truncated)
{
	open_tls(0);
	close(pair[1]);
	turn();
	trace_end();
}

TEST(truncated_with_dirty_allowed)
{
	open_tls(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	close(pair[1]);
	turn();
	trace_end();
}

TEST(truncated_in_tls_12_with_dirty_allowed)
{
	begin_tls(0);
	SSL_set_max_proto_version(peer, TLS1_2_VERSION);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	close(pair[1]);
	turn();
	trace_end();
}

TEST(data_and_truncated)
{
	open_tls(0);
	peer_says("last words", 10);
	close(pair[1]);
	turn();
	turn();
	trace_end();
}

TEST(closed_in_the_handshake)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	turn();
	close(pair[1]);
	turn();
	trace_end();
}

TEST(closed_in_the_handshake_with_dirty_allowed)
{
	begin_tls(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
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
	signal(SIGPIPE, SIG_IGN);
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_openssl_set_allow_dirty_shutdown(bev, dirty);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	ck_assert_int_eq(bufferevent_socket_connect(bev,
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

static void
write_to_closed(int dirty)
{
	open_tls(0);
	bufferevent_disable(bev, EV_READ);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, dirty);
	close(pair[1]);
	say(bev, "hello?");
	turn();
	turn();
	trace_end();
}

TEST(written_to_a_closed_peer)
{
	write_to_closed(0);
}

TEST(written_to_a_closed_peer_with_dirty_allowed)
{
	write_to_closed(1);
}

TEST(the_peer_is_no_tls)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	put(pair[1], "220 mail.example ESMTP\r\n");
	turn();
	turn();
	trace_end();
}

TEST(garbage_after_the_handshake)
{
	open_tls(0);
	put(pair[1], "this is no record at all");
	turn();
	turn();
	trace_end();
}

TEST(the_certificate_is_rejected)
{
	begin_tls(0);
	SSL_set_verify(
	    bufferevent_openssl_get_ssl(bev), SSL_VERIFY_PEER, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&told_events, 1);
	trace_end();
}

TEST(an_alert_in_mid_stream)
{
	unsigned char bytes[] = {21, 3, 3, 0, 2, 2, 40};

	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	turn();
	ck_assert_int_eq(write(pair[1], bytes, 7), 7);
	turn();
	trace_end();
}

TEST(half_close)
{
	open_tls(0);
	SSL_shutdown(peer);
	turn();
	ck_notes("eof+reading");
	say(bev, "still here");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(peer_got(), "still here");
}

TEST(half_close_with_output_waiting)
{
	static char block[2000000];
	size_t total = 0;

	open_tls(0);
	bufferevent_write(bev, block, sizeof(block));
	turn();
	ck_assert_uint_gt(out(bev), 0);
	SSL_shutdown(peer);
	for (int i = 0; i < 2000 && total < sizeof(block); i++) {
		turn();
		total += peer_discards();
	}
	ck_assert_uint_eq(total, sizeof(block));
}

/* The queue keeps three; what is not asked for stays. */
TEST(errors_that_nobody_asks_for)
{
	evutil_socket_t second[2];

	open_tls(0);
	close(pair[1]);
	turn();
	capi_log[0] = '\0';
	capi_pair(second);
	bufferevent_setfd(bev, second[0]);
	put(second[1], "220 mail.example ESMTP\r\n");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	turn();
	turn();
	trace_end();
}

TEST(five_errors_at_once)
{
	open_tls(0);
	for (int i = 0; i < 5; i++)
		ERR_raise(ERR_LIB_USER, 600 + i);
	put(pair[1], "this is no record at all");
	turn();
	turn();
	trace_end();
	trace("left %lu", ERR_peek_error());
}

TEST(enabled_again_after_the_end)
{
	open_tls(0);
	SSL_shutdown(peer);
	turn();
	ck_notes("eof+reading");
	trace("pending %x", (unsigned)event_pending(&bev->ev_read,
	    EV_READ, NULL));
	turn();
	ck_notes("");
}

TEST(timeouts_repeat)
{
	struct timeval tv = capi_ms(50);

	open_tls(0);
	bufferevent_set_timeouts(bev, &tv, NULL);
	run_until(&told_events, 4);
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
}

TEST(timeouts_of_the_handshake)
{
	struct timeval tv = capi_ms(50);

	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	bufferevent_set_timeouts(bev, &tv, &tv);
	run_until(&told_events, 3);
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
}

TEST(timeouts_of_writing)
{
	static char block[2000000];
	struct timeval tv = capi_ms(50);

	open_tls(0);
	bufferevent_set_timeouts(bev, NULL, &tv);
	bufferevent_write(bev, block, sizeof(block));
	told_events = 0;
	run_until(&told_events, 3);
	trace("%s, enabled %x", capi_log,
	    (unsigned)bufferevent_get_enabled(bev));
}

TEST(no_timeout_of_writing_without_output)
{
	struct timeval tv = capi_ms(30);

	open_tls(0);
	bufferevent_set_timeouts(bev, NULL, &tv);
	run_for(100);
	ck_notes("");
}
