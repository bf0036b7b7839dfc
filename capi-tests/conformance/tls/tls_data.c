// links: openssl
// runs: one-backend
/* Data: watermarks, limits, what is inside of the session, records cut up. */
#include "tls.h"

static size_t received;
static size_t portion;

DATA_CALLBACK(take_portion)
{
	struct evbuffer *input = bufferevent_get_input(b);
	size_t size = evbuffer_get_length(input);

	if (portion && size > portion)
		size = portion;
	received += size;
	evbuffer_drain(input, size);
}

static void
run_until_received(size_t count)
{
	long long end = capi_now_ms() + 5000;

	while (received < count && capi_now_ms() < end) {
		turn();
		if (received < count)
			capi_sleep_ms(1);
	}
}

static char block[1000000];

/* The rest of a record that the session has decrypted is delivered although
 * the peer is silent. */
TEST(a_record_larger_than_the_high_mark)
{
	open_tls(0);
	bufferevent_setcb(bev, take_portion, NULL, tls_event, "");
	portion = 500;
	bufferevent_setwatermark(bev, EV_READ, 0, 1000);
	peer_says(block, 16000);
	/* The last 500 are below the mark, and nothing comes behind them. */
	run_until_received(15500);
	ck_assert_uint_eq(received + in(bev), 16000);
}

TEST(the_high_mark_is_not_exceeded)
{
	open_tls(0);
	bufferevent_setwatermark(bev, EV_READ, 0, 1000);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	peer_says(block, 16000);
	turn();
	turn();
	ck_assert_uint_eq(in(bev), 1000);
}

/* The last bytes fill the input up to the mark, and then there is silence. */
TEST(silence_at_the_high_mark)
{
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_setwatermark(bev, EV_READ, 0, 1024);
	for (int i = 0; i < 4; i++)
		peer_says(block, 576);
	turn();
	while (in(bev) > 0) {
		received += in(bev);
		evbuffer_drain(bufferevent_get_input(bev), in(bev));
		turn();
	}
	ck_assert_uint_eq(received, 4 * 576);
}

DATA_CALLBACK(take_and_disable)
{
	take_portion(b, arg);
	bufferevent_disable(b, EV_READ);
}

TEST(disabled_in_the_middle_of_a_record)
{
	open_tls(0);
	bufferevent_setwatermark(bev, EV_READ, 0, 1000);
	bufferevent_setcb(bev, take_and_disable, NULL, tls_event, "");
	peer_says(block, 5000);
	for (size_t before = 0; before < 5000; before = received) {
		bufferevent_enable(bev, EV_READ);
		turn();
		ck_assert_uint_gt(received, before);
	}
	ck_assert_uint_eq(received, 5000);
}

/* Without a mark: ten small records are ten times some bytes, in order. */
TEST(small_records)
{
	char text[101];

	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "record %02d.", i);
		peer_says(text, 10);
	}
	turn();
	turn();
	ck_assert_uint_eq(bufferevent_read(bev, text, 100), 100);
	text[100] = '\0';
	trace("%s", text);
}

TEST(a_thousand_records_of_one_byte)
{
	open_tls(0);
	bufferevent_setcb(bev, take_portion, NULL, tls_event, "");
	for (int i = 0; i < 1000; i++) {
		peer_says("x", 1);
		if (i % 50 == 0)
			turn();
	}
	run_until_received(1000);
	ck_assert_uint_eq(received, 1000);
}

/* Ciphertext that comes in pieces of every size is the same plaintext. */
TEST(records_cut_at_every_byte)
{
	unsigned char record[600];
	evutil_socket_t relay[2];
	int size;

	open_tls(0);
	capi_pair(relay);
	bufferevent_setcb(bev, take_portion, NULL, tls_event, "");
	SSL_set_fd(peer, relay[1]);
	for (int cut = 1; cut < 130; cut++) {
		peer_says("a hundred and one bytes less ninety", 35);
		size = read(relay[0], record, sizeof(record));
		ck_assert_int_gt(size, 35);
		if (cut >= size)
			break;
		ck_assert_int_eq(write(pair[1], record, cut), cut);
		turn();
		ck_assert_int_eq(
		    write(pair[1], record + cut, size - cut), size - cut);
		turn();
		ck_assert_uint_eq(received, 35 * cut);
	}
	ck_notes("");
}

TEST(one_byte_at_a_time)
{
	unsigned char record[20000];
	evutil_socket_t relay[2];
	int size;

	open_tls(0);
	capi_pair(relay);
	bufferevent_setcb(bev, take_portion, NULL, tls_event, "");
	SSL_set_fd(peer, relay[1]);
	peer_says(block, 3000);
	size = read(relay[0], record, sizeof(record));
	for (int i = 0; i < size; i++) {
		ck_assert_int_eq(write(pair[1], record + i, 1), 1);
		turn();
	}
	ck_assert_uint_eq(received, 3000);
}

/* Output, edited while the transport takes no more. */
static void
fill_up(void)
{
	int size = 4000;

	/* So small that records are cut. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 + i / 251);
	bufferevent_write(bev, block, sizeof(block));
	turn();
	turn();
	ck_assert_uint_gt(out(bev), 100000);
}

static size_t got_size;
static char got_bytes[2 * sizeof(block)];

static void
receive_all(void)
{
	int size;

	for (int i = 0; i < 20000; i++) {
		while ((size = SSL_read(peer, got_bytes + got_size,
			    (int)(sizeof(got_bytes) - got_size))) > 0)
			got_size += size;
		ERR_clear_error();
		if (out(bev) == 0)
			break;
		turn();
	}
	turn();
	while ((size = SSL_read(peer, got_bytes + got_size,
		    (int)(sizeof(got_bytes) - got_size))) > 0)
		got_size += size;
	ck_assert_uint_eq(out(bev), 0);
	ck_assert_str_eq(capi_log, "");
}

TEST(blocked)
{
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	fill_up();
	receive_all();
	ck_assert_uint_eq(got_size, sizeof(block));
	ck_assert_mem_eq(got_bytes, block, sizeof(block));
}

TEST(appended_while_blocked)
{
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	fill_up();
	say(bev, "behind");
	receive_all();
	ck_assert_uint_eq(got_size, sizeof(block) + 6);
	ck_assert_mem_eq(got_bytes, block, sizeof(block));
	ck_assert_mem_eq(got_bytes + sizeof(block), "behind", 6);
}

/* What has been encrypted goes out first, then what was put in front. */
TEST(prepended_while_blocked)
{
	char *at;
	size_t before;

	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	fill_up();
	evbuffer_prepend(bufferevent_get_output(bev), "<IN FRONT>", 10);
	turn();
	evbuffer_prepend(bufferevent_get_output(bev), "<FIRST>", 7);
	receive_all();
	ck_assert_uint_eq(got_size, sizeof(block) + 17);
	at = memmem(got_bytes, got_size, "<FIRST><IN FRONT>", 17);
	ck_assert_ptr_nonnull(at);
	before = at - got_bytes;
	ck_assert_mem_eq(got_bytes, block, before);
	ck_assert_mem_eq(at + 17, block + before, sizeof(block) - before);
}

TEST(drained_while_blocked)
{
	size_t left;

	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	fill_up();
	left = out(bev);
	evbuffer_drain(bufferevent_get_output(bev), left - 10);
	receive_all();
	ck_assert_uint_ge(got_size, sizeof(block) - left + 10);
	ck_assert_uint_le(got_size, sizeof(block) - left + 10 + 16384);
	ck_assert_mem_eq(got_bytes, block, sizeof(block) - left);
	ck_assert_mem_eq(got_bytes + got_size - 10,
	    block + sizeof(block) - 10, 10);
}

TEST(drained_and_prepended_while_blocked)
{
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	fill_up();
	evbuffer_drain(bufferevent_get_output(bev), 100);
	evbuffer_prepend(bufferevent_get_output(bev), "<IN FRONT>", 10);
	evbuffer_drain(bufferevent_get_output(bev), 4);
	receive_all();
	/* The record was on its way already. */
	ck_assert_uint_eq(got_size, sizeof(block) + 6);
	ck_assert_ptr_nonnull(memmem(got_bytes, got_size, "RONT>", 5));
	ck_assert_mem_eq(got_bytes + got_size - 1000,
	    block + sizeof(block) - 1000, 1000);
}

/* 20 KB in 100 ms: a long piece does not exceed that by more than a record. */
TEST_TIMED(the_limit_of_writing)
{
	struct timeval tick = capi_ms(1000);
	struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(
	    EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, 20000, 20000, &tick);
	size_t total;

	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_set_rate_limit(bev, cfg);
	evbuffer_add_reference(
	    bufferevent_get_output(bev), block, 150000, NULL, NULL);
	turn();
	turn();
	total = peer_discards();
	ck_assert_uint_gt(total, 0);
	ck_assert_uint_le(total, 20000 + 16384);
}

TEST_TIMED(the_limit_of_reading)
{
	struct timeval tick = capi_ms(100);
	struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(
	    20000, 20000, EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, &tick);

	open_tls(0);
	bufferevent_setcb(bev, take_portion, NULL, tls_event, "");
	bufferevent_set_rate_limit(bev, cfg);
	peer_says(block, 100000);
	turn();
	turn();
	ck_assert_uint_le(received, 20000 + 16384);
	run_until_received(100000);
	ck_assert_uint_eq(received, 100000);
}

/* The bytes that count are those of the transport, the handshake's too. */
TEST(what_counts)
{
	struct timeval tick = capi_ms(1000000);
	struct ev_token_bucket_cfg *cfg = ev_token_bucket_cfg_new(
	    100000, 100000, 100000, 100000, &tick);
	ev_ssize_t before;

	begin_tls(0);
	bufferevent_set_rate_limit(bev, cfg);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	trace("handshake written %d, read %d",
	    bufferevent_get_write_limit(bev) < 99800,
	    bufferevent_get_read_limit(bev) < 99400);
	before = bufferevent_get_write_limit(bev);
	bufferevent_write(bev, block, 1000);
	turn();
	trace("1000 bytes took %d",
	    (int)(before - bufferevent_get_write_limit(bev)));
	turn();
	before = bufferevent_get_read_limit(bev);
	peer_says(block, 1000);
	turn();
	trace("1000 bytes took %d",
	    (int)(before - bufferevent_get_read_limit(bev)));
}

/* A new bufferevent on a session that has bytes delivers them. */
TEST(a_session_with_bytes_is_taken_over)
{
	SSL *ssl;
	char byte;
	struct bufferevent *second;

	open_tls(0);
	ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_disable(bev, EV_READ);
	bufferevent_free(bev);
	turn();
	peer_says("0123456789", 10);
	ck_assert_int_eq(SSL_read(ssl, &byte, 1), 1);
	second = bufferevent_openssl_socket_new(
	    base, pair[0], ssl, BUFFEREVENT_SSL_OPEN, 0);
	ck_assert_ptr_nonnull(second);
	bufferevent_setcb(second, tls_read, NULL, tls_event, "second:");
	bufferevent_enable(second, EV_READ);
	turn();
	ck_notes("second:r9");
}

TEST(a_session_that_is_taken_over_writes)
{
	SSL *ssl;
	struct bufferevent *second;

	open_tls(0);
	ssl = bufferevent_openssl_get_ssl(bev);
	bufferevent_free(bev);
	turn();
	second = bufferevent_openssl_socket_new(
	    base, pair[0], ssl, BUFFEREVENT_SSL_OPEN, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(second, tls_read, note_write, tls_event, "second:");
	say(second, "hello");
	turn();
	ck_notes("second:w0");
	ck_assert_str_eq(peer_got(), "hello");
	bufferevent_free(second);
	turn();
}
