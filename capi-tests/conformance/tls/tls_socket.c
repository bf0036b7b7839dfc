// links: openssl
/* A TLS bufferevent on a descriptor: the handshake, data both ways. */
#include "tls.h"

TEST(the_handshake_of_a_client)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&connected, 1);
	ck_notes("connected");
}

TEST(with_nothing_enabled)
{
	begin_tls(0);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_enable(bev, EV_WRITE);
	bufferevent_disable(bev, EV_READ);
	pump_until(&connected, 1);
	ck_notes("connected");
}

TEST(only_reading_enabled)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ);
	pump_until(&connected, 1);
	ck_notes("connected");
}

TEST(a_disabled_one_waits)
{
	begin_tls(0);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	for (int i = 0; i < 20; i++) {
		turn();
		SSL_do_handshake(peer);
	}
	ck_assert_int_eq(connected, 0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&connected, 1);
	ck_notes("connected");
}

TEST(the_handshake_of_a_server)
{
	begin();
	peer = new_ssl();
	SSL_set_connect_state(peer);
	SSL_set_fd(peer, pair[1]);
	bev = bufferevent_openssl_socket_new(base, pair[0], new_ssl(),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	ck_assert_int_eq(connected, 1);
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
	say(bev, "well?");
	turn();
	ck_assert_str_eq(peer_got(), "well?");
	ck_notes("w0");
}

TEST(tls_12)
{
	begin_tls(0);
	SSL_set_max_proto_version(peer, TLS1_2_VERSION);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pump_until(&connected, 1);
	ck_notes("connected");
	trace("%s", SSL_get_version(bufferevent_openssl_get_ssl(bev)));
}

TEST(deferred)
{
	begin_tls(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
	say(bev, "well?");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(peer_got(), "well?");
}

TEST(what_was_written_before_waits_for_the_end)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	say(bev, "early");
	pump_until(&connected, 1);
	shake();
	turn();
	ck_assert_str_eq(peer_got(), "early");
	ck_assert_int_eq(out(bev), 0);
}

TEST(early_output_and_the_callbacks)
{
	begin_tls(0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	say(bev, "early");
	pump_until(&connected, 1);
	ck_notes("connected w0");
}

/* All bytes arrive, in however many records and callbacks. */
static size_t received;

DATA_CALLBACK(take_all)
{
	struct evbuffer *input = bufferevent_get_input(b);

	received += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
}

TEST(much_to_read)
{
	static char block[200000];
	size_t sent = 0;

	open_tls(0);
	bufferevent_setcb(bev, take_all, NULL, tls_event, "");
	SSL_set_mode(peer, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	while (received < sizeof(block)) {
		int size = SSL_write(
		    peer, block + sent, (int)(sizeof(block) - sent));

		if (size > 0)
			sent += size;
		turn();
		if (sent == sizeof(block))
			break;
	}
	turn();
	ck_assert_uint_eq(received, sizeof(block));
	ck_notes("");
}

TEST(much_to_write)
{
	static char block[400000];
	size_t total = 0;
	struct evbuffer *output;

	open_tls(0);
	output = bufferevent_get_output(bev);
	for (int i = 0; i < 100; i++)
		evbuffer_add_reference(
		    output, block + i * 4000, 4000, NULL, NULL);
	for (int i = 0; i < 1000 && total < sizeof(block); i++) {
		turn();
		total += peer_discards();
	}
	ck_assert_uint_eq(total, sizeof(block));
	ck_assert_uint_eq(out(bev), 0);
}

TEST(the_low_mark_of_writing)
{
	open_tls(0);
	bufferevent_setwatermark(bev, EV_WRITE, 0, 0);
	say(bev, "one");
	ck_notes("");
	turn();
	ck_notes("w0");
}

TEST(the_low_mark_of_reading)
{
	open_tls(0);
	bufferevent_setwatermark(bev, EV_READ, 8, 0);
	peer_says("hello", 5);
	turn();
	ck_notes("");
	peer_says("again", 5);
	turn();
	ck_notes("r10");
}

TEST(reading_is_off)
{
	open_tls(0);
	bufferevent_disable(bev, EV_READ);
	peer_says("hello", 5);
	turn();
	turn();
	ck_notes("");
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("r5");
}

TEST(writing_is_off)
{
	open_tls(0);
	bufferevent_disable(bev, EV_WRITE);
	say(bev, "hello");
	turn();
	ck_assert_str_eq(peer_got(), "nothing");
	bufferevent_enable(bev, EV_WRITE);
	turn();
	ck_assert_str_eq(peer_got(), "hello");
	ck_notes("w0");
}

/* Two bufferevents talk to each other in one loop. */
DATA_CALLBACK(echo)
{
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

static int rounds;

DATA_CALLBACK(again)
{
	char text[16];

	if (in(b) < 5)
		return;
	ck_assert_uint_eq(bufferevent_read(b, text, 5), 5);
	if (++rounds < 50)
		bufferevent_write(b, "hello", 5);
}

TEST(two_in_one_loop)
{
	struct bufferevent *server;

	begin();
	server = bufferevent_openssl_socket_new(base, pair[1], new_ssl(),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_socket_new(base, pair[0], new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(server, echo, NULL, tls_event, "s:");
	bufferevent_setcb(bev, again, NULL, tls_event, "c:");
	bufferevent_enable(server, EV_READ | EV_WRITE);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	bufferevent_write(bev, "hello", 5);
	run_until(&rounds, 50);
	ck_assert_int_eq(connected, 2);
	bufferevent_free(bev);
	bufferevent_free(server);
	turn();
	ck_assert(!is_open(pair[0]));
	ck_assert(!is_open(pair[1]));
}

TEST(connecting_by_address)
{
	struct sockaddr_in address;
	evutil_socket_t listener = listen_on_loopback(&address);

	begin();
	bev = bufferevent_openssl_socket_new(base, -1, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	trace("%d", bufferevent_socket_connect(
	    bev, (struct sockaddr *)&address, sizeof(address)));
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pair[1] = accept(listener, NULL, NULL);
	evutil_make_socket_nonblocking(pair[1]);
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	pump_until(&connected, 1);
	ck_notes("connected");
	trace("SSL on the socket %d",
	    SSL_get_fd(bufferevent_openssl_get_ssl(bev)) ==
	    bufferevent_getfd(bev));
}

TEST(another_connection_on_the_same_bufferevent)
{
	evutil_socket_t second[2];

	open_tls(0);
	SSL_free(peer);
	capi_pair(second);
	trace("%d", bufferevent_setfd(bev, -1));
	trace("%d", bufferevent_setfd(bev, second[0]));
	pair[1] = second[1];
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	connected = 0;
	shake();
	peer_says("hello", 5);
	turn();
	ck_notes("r5");
}
