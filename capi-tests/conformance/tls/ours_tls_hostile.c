// links: openssl
// runs: one-backend
/* A peer that means no good, callbacks that change what calls them, and an OpenSSL of before 3. */
#include "tls.h"

#include <dlfcn.h>

static int as_before_3;

/* OpenSSL 1.1.1 calls the end of the transport an error of the system's, with
 * nothing in its queue and no errno. */
int
SSL_get_error(const SSL *ssl, int result)
{
	static int (*real)(const SSL *, int);
	int class;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "SSL_get_error");
	class = real(ssl, result);
	if (as_before_3 && class == SSL_ERROR_SSL &&
	    ERR_GET_REASON(ERR_peek_error()) ==
		SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return SSL_ERROR_SYSCALL;
	}
	return class;
}

static void
truncate_as_before_3(int allowed)
{
	as_before_3 = 1;
	open_tls(0);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, allowed);
	peer_says("bye", 3);
	/* What is answered arrives, and leaves no errno. */
	shutdown(pair[1], SHUT_WR);
	turn();
	turn();
}

TEST(truncated_for_an_old_openssl)
{
	truncate_as_before_3(0);
	ck_notes("r3 error+reading(0)");
	ck_assert_str_eq(errors_of(bev), "5");
}

TEST(truncated_for_an_old_openssl_with_dirty_allowed)
{
	truncate_as_before_3(1);
	ck_notes("r3 eof+reading");
}

static void
until(const int *done, int count)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (*done < count && capi_now_ms() < end)
		turn();
	ck_assert_int_ge(*done, count);
}

/* A flood of updates is answered; data come through behind it. */
TEST(a_flood_of_key_updates)
{
	int sent = 0;

	open_tls(0);
	for (int i = 0; i < 500; i++) {
		ck_assert_int_eq(
		    SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED), 1);
		sent += SSL_do_handshake(peer) == 1;
		turn();
		peer_discards();
	}
	ck_assert_int_eq(sent, 500);
	told_reads = 0;
	peer_says("alive", 5);
	until(&told_reads, 1);
	say(bev, "yes");
	turn();
	ck_assert_str_eq(peer_got(), "yes");
}

/* The handshake, cut off after each number of bytes. */
TEST(closed_at_every_byte_of_the_handshake)
{
	static unsigned char hello[65536];
	BIO *from, *to;
	int size, cut;

	for (cut = 0;; cut += cut < 8 ? 1 : 37) {
		told_events = connected = 0;
		begin_tls(BEV_OPT_CLOSE_ON_FREE);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		turn();
		size = read(pair[1], hello, sizeof(hello));
		ck_assert_int_gt(size, 100);
		from = BIO_new(BIO_s_mem());
		to = BIO_new(BIO_s_mem());
		BIO_write(from, hello, size);
		SSL_set_bio(peer, from, to);
		SSL_do_handshake(peer);
		ERR_clear_error();
		size = BIO_read(to, hello, sizeof(hello));
		ck_assert_int_gt(size, 300);
		if (cut >= size) {
			SSL_free(peer);
			break;
		}
		if (cut)
			ck_assert_int_eq(write(pair[1], hello, cut), cut);
		turn();
		ck_assert_int_eq(told_events, 0);
		close(pair[1]);
		until(&told_events, 1);
		turn();
		ck_assert_int_eq(told_events, 1);
		ck_assert_int_eq(connected, 0);
		SSL_free(peer);
		bufferevent_free(bev);
		turn();
		event_base_free(base);
	}
}

/* Bytes of the stream are changed: the data before are delivered, one error
 * is told, and nothing of the changed record. */
TEST(a_changed_byte_anywhere_in_a_record)
{
	unsigned char record[200];
	int size;

	for (int at = 0; at < 40; at++) {
		evutil_socket_t relay[2];

		told_events = told_reads = connected = 0;
		open_tls(BEV_OPT_CLOSE_ON_FREE);
		told_events = 0;
		capi_pair(relay);
		SSL_set_fd(peer, relay[1]);
		peer_says("good", 4);
		size = read(relay[0], record, sizeof(record));
		ck_assert_int_eq(write(pair[1], record, size), size);
		peer_says("evil", 4);
		size = read(relay[0], record, sizeof(record));
		if (at < size) {
			record[at] ^= 0x40;
			ck_assert_int_eq(write(pair[1], record, size), size);
			shutdown(pair[1], SHUT_WR);
			until(&told_events, 1);
			turn();
			ck_assert_int_eq(told_events, 1);
			ck_assert_uint_eq(in(bev), 4);
		}
		SSL_free(peer);
		bufferevent_free(bev);
		turn();
		event_base_free(base);
		close(pair[1]);
		close(relay[0]);
		close(relay[1]);
	}
}

/* In TLS 1.0 each record follows an empty one, which is no data and no end. */
TEST(empty_records)
{
	const char *ciphers = "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0";
	SSL *ssl = new_ssl();

	begin();
	signal(SIGPIPE, SIG_IGN);
	peer = new_ssl();
	for (int i = 0; i < 2; i++) {
		SSL *end = i ? peer : ssl;

		SSL_set_min_proto_version(end, TLS1_VERSION);
		SSL_set_max_proto_version(end, TLS1_VERSION);
		ck_assert_int_eq(SSL_set_cipher_list(end, ciphers), 1);
		SSL_clear_options(end, SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS);
	}
	bev = bufferevent_openssl_socket_new(
	    base, pair[0], ssl, BUFFEREVENT_SSL_CONNECTING, 0);
	bufferevent_setcb(bev, tls_read, NULL, tls_event, "");
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	ck_assert_int_eq(SSL_version(ssl), TLS1_VERSION);
	for (int i = 0; i < 20; i++) {
		uint64_t before = BIO_number_written(SSL_get_wbio(peer));

		peer_says("x", 1);
		/* One of a byte has 37 bytes with its head. */
		ck_assert_uint_gt(
		    BIO_number_written(SSL_get_wbio(peer)) - before, 60);
		turn();
	}
	turn();
	ck_assert_uint_eq(in(bev), 20);
	ck_assert_int_eq(told_events, 1);
}

/* Filters upon filters, each a session of its own with its own peer's layer. */
TEST(three_layers_on_a_pair)
{
	struct bufferevent *ends[2];

	begin();
	ck_assert_int_eq(
	    bufferevent_pair_new(base, BEV_OPT_CLOSE_ON_FREE, ends), 0);
	for (int depth = 0; depth < 3; depth++) {
		for (int side = 0; side < 2; side++) {
			ends[side] = bufferevent_openssl_filter_new(base,
			    ends[side], new_ssl(),
			    side ? BUFFEREVENT_SSL_ACCEPTING
				 : BUFFEREVENT_SSL_CONNECTING,
			    BEV_OPT_CLOSE_ON_FREE);
			ck_assert_ptr_nonnull(ends[side]);
			bufferevent_enable(ends[side], EV_READ | EV_WRITE);
		}
	}
	bufferevent_setcb(ends[0], tls_read, NULL, tls_event, "");
	bufferevent_setcb(ends[1], tls_read, NULL, tls_event, "");
	until(&connected, 2);
	told_reads = 0;
	for (int i = 0; i < 5; i++)
		say(ends[0], "0123456789");
	until(&told_reads, 1);
	for (int i = 0; i < 10 && in(ends[1]) < 50; i++)
		turn();
	ck_assert_uint_eq(in(ends[1]), 50);
	for (int i = 0; i < 20; i++) {
		bufferevent_disable(ends[0], EV_READ);
		bufferevent_enable(ends[0], EV_READ);
	}
	say(ends[1], "back");
	for (int i = 0; i < 20 && in(ends[0]) < 4; i++)
		turn();
	ck_assert_uint_eq(in(ends[0]), 4);
	bufferevent_free(ends[0]);
	bufferevent_free(ends[1]);
	turn();
}

/* Another descriptor, given in each kind of callback. */
static int change_at, changes;
static evutil_socket_t second[2];

static void
change(struct bufferevent *b)
{
	changes++;
	capi_pair(second);
	ck_assert_int_eq(bufferevent_setfd(b, second[0]), 0);
}

DATA_CALLBACK(change_at_read)
{
	if (change_at == EV_READ && !changes)
		change(b);
}

DATA_CALLBACK(change_at_write)
{
	if (change_at == EV_WRITE && !changes)
		change(b);
}

EVENT_CALLBACK(change_at_event)
{
	tls_event(b, what, arg);
	if (what & change_at & (BEV_EVENT_CONNECTED | BEV_EVENT_EOF |
				   BEV_EVENT_ERROR) && !changes)
		change(b);
}

static void
another_descriptor(int at, int options)
{
	change_at = at;
	begin_tls(options);
	bufferevent_setcb(
	    bev, change_at_read, change_at_write, change_at_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	for (int i = 0; i < 200 && !changes; i++) {
		turn();
		if (!SSL_is_init_finished(peer))
			SSL_do_handshake(peer);
		else if (i == 20)
			SSL_write(peer, "data", 4);
		else if (i == 40)
			bufferevent_write(bev, "data", 4);
		else if (i == 60)
			SSL_shutdown(peer);
		ERR_clear_error();
	}
	ck_assert_int_eq(changes, 1);
	connected = 0;
	SSL_free(peer);
	close(pair[1]);
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, second[1]);
	pump_until(&connected, 1);
	bufferevent_setcb(bev, tls_read, NULL, tls_event, "");
	told_reads = 0;
	while (!SSL_is_init_finished(peer))
		SSL_do_handshake(peer);
	peer_says("again", 5);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	until(&told_reads, 1);
}

TEST(another_descriptor_when_connected)
{
	another_descriptor(BEV_EVENT_CONNECTED, 0);
}

TEST(another_descriptor_at_reading)
{
	another_descriptor(EV_READ, 0);
}

TEST(another_descriptor_at_writing)
{
	another_descriptor(EV_WRITE, 0);
}

TEST(another_descriptor_at_the_end)
{
	another_descriptor(BEV_EVENT_EOF, 0);
}

TEST(another_descriptor_at_the_end_deferred)
{
	another_descriptor(BEV_EVENT_EOF, BEV_OPT_DEFER_CALLBACKS);
}
