/*
 * WebSocket sessions over time: peers that are dead, or do not close; what programs send when, and
 * from which thread.
 */
// runs: one-backend
#include "requests.h"
#include <event2/ws.h>
#include <pthread.h>

static struct evws_connection *session;
static int fd, ends, messages, options;

static void
gone(struct evws_connection *evws, void *arg UNUSED)
{
	ck_assert_ptr_eq(evws, session);
	ends++;
}

static void
on_message(struct evws_connection *evws, int type, const unsigned char *data,
    size_t len, void *arg UNUSED)
{
	messages++;
	ck_assert_ptr_eq(evws, session);
	note("%s:%.*s", type == WS_TEXT_FRAME ? "text" : "binary", (int)len,
	    (const char *)data);
}

REQUEST(open_session)
{
	session = evws_new_session(req, on_message, NULL, options);
	ck_assert_ptr_nonnull(session);
	evws_connection_set_closecb(session, gone, NULL);
}

static void
begin_session(void)
{
	serve();
	evhttp_set_gencb(http, open_session, NULL);
}

static void
shake(void)
{
	ends = messages = 0;
	fd = dial();
	forget();
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	settle(fd);
	ck_assert_int_eq(strncmp(heard, "HTTP/1.1 101", 12), 0);
	forget();
}

static void
set_timeouts(const struct timeval *tv)
{
	struct bufferevent *bev = evws_connection_get_bufferevent(session);

	ck_assert_int_eq(bufferevent_set_timeouts(bev, tv, tv), 0);
}

static void
end_session(void)
{
	close(fd);
	for (int i = 0; i < 4; i++)
		turn();
	ck_assert_int_eq(ends, 1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
}

/* Runs the loop until so many bytes were heard. */
static void
hear(size_t len)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (heard_len < len) {
		ck_assert_msg(capi_now_ms() < end && !ended,
		    "%zu bytes were heard", heard_len);
		turn();
		if (!listen_once(fd))
			capi_sleep_ms(1);
	}
	ck_assert_int_eq(heard_len, len);
}

static void
pong(void)
{
	say_bytes(fd, "\x8a\x80\0\0\0", 6);
}

/* A client that is quiet is asked whether it lives, and lives as long as it answers. */
TEST_TIMED(a_quiet_peer)
{
	struct timeval tv = capi_ms(500);

	begin_session();
	evhttp_set_timeout_tv(http, &tv);
	shake();
	for (int i = 0; i < 2; i++) {
		hear(2);
		ck_assert_mem_eq(heard, "\x89\0", 2);
		ck_assert_int_eq(ends, 0);
		forget();
		pong();
	}
	/* So does one that says something else. */
	hear(2);
	forget();
	say_bytes(fd, "\x81\x82\0\0\0\0ab", 8);
	hear(2);
	ck_notes("text:ab");
	ck_assert_int_eq(ends, 0);
	end_session();
}

TEST(a_dead_peer)
{
	struct timeval tv = capi_ms(50);

	begin_session();
	shake();
	set_timeouts(&tv);
	settle_to_end(fd);
	/* It was asked once. */
	ck_assert_int_eq(heard_len, 2);
	ck_assert_mem_eq(heard, "\x89\0", 2);
	ck_assert_int_eq(ends, 1);
	end_session();
}

/* Half of a frame, and nothing more. */
TEST(a_peer_that_dies_in_a_message)
{
	struct timeval tv = capi_ms(50);

	begin_session();
	shake();
	set_timeouts(&tv);
	say_bytes(fd, "\x81\x85\0\0\0\0ab", 8);
	settle_to_end(fd);
	ck_assert_int_eq(ends, 1);
	ck_assert_int_eq(messages, 0);
	end_session();
}

/* A peer that takes nothing of what it is sent. */
TEST(a_peer_that_reads_nothing)
{
	struct timeval tv = capi_ms(50);
	static char bytes[8 << 20];
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	begin_session();
	shake();
	set_timeouts(&tv);
	evws_send_binary(session, bytes, sizeof(bytes));
	while (!ends) {
		ck_assert_int_lt(capi_now_ms(), end);
		once();
	}
	end_session();
}

TEST(closed_by_the_program)
{
	static const uint16_t reasons[] = {
	    WS_CR_NONE, WS_CR_NORMAL, WS_CR_PROTO_ERR, WS_CR_DATA_TOO_BIG, 4000};

	for (int i = 0; i < 5; i++) {
		size_t len = reasons[i] ? 4 : 2;

		begin_session();
		shake();
		evws_close(session, reasons[i]);
		/* It is too late for these. */
		evws_close(session, 1001);
		evws_send_text(session, "late");
		hear(len);
		ck_assert_mem_eq(heard, reasons[i] ? "\x88\2" : "\x88\0", 2);
		if (reasons[i])
			ck_assert_int_eq((unsigned char)heard[2] << 8 |
				(unsigned char)heard[3],
			    reasons[i]);
		ck_assert_int_eq(ends, 0);
		say_bytes(fd, "\x81\x81\0\0\0\0x\x88\x80\0\0\0", 13);
		settle_to_end(fd);
		ck_assert_int_eq(messages, 0);
		ck_assert_int_eq(ends, 1);
		end_session();
	}
}

/* It has 3 seconds to say that it closes, too. */
TEST(a_peer_that_does_not_close)
{
	long long begun;

	begin_session();
	shake();
	begun = capi_now_ms();
	evws_close(session, WS_CR_NORMAL);
	settle_to_end(fd);
	ck_assert_int_ge(capi_now_ms() - begun, 2900);
	ck_assert_int_eq(ends, 1);
	end_session();
}

TEST(a_peer_that_goes_without_closing)
{
	struct linger reset = {1, 0};

	for (int i = 0; i < 3; i++) {
		begin_session();
		shake();
		if (i == 0)
			shutdown(fd, SHUT_WR);
		if (i == 1)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		if (i == 2)
			evws_send_text(session, "nobody hears it");
		end_session();
	}
}

/* Sends from threads arrive whole. */

enum { THREADS = 4, EACH = 200 };

static void *
send_some(void *arg)
{
	char text[200];

	memset(text, 'a' + (int)(long)arg, sizeof(text));
	for (int i = 0; i < EACH; i++)
		evws_send_binary(session, text, 126 + i % 70);
	return NULL;
}

TEST(threads_send)
{
	pthread_t threads[THREADS];
	int count[THREADS] = {0};
	size_t expected = 0;

	options = BEV_OPT_THREADSAFE;
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_session();
	shake();
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, send_some, (void *)i);
	for (int i = 0; i < EACH; i++)
		expected += THREADS * (4 + 126 + i % 70);
	hear(expected);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t at = 0; at < heard_len;) {
		size_t len = (unsigned char)heard[at + 2] << 8 |
		    (unsigned char)heard[at + 3];
		char letter = heard[at + 4];

		ck_assert_mem_eq(heard + at, "\x82\x7e", 2);
		ck_assert_int_eq(len, 126 + count[letter - 'a'] % 70);
		for (size_t i = 0; i < len; i++)
			ck_assert_int_eq(heard[at + 4 + i], letter);
		count[letter - 'a']++;
		at += 4 + len;
	}
	end_session();
}

/* A session and plain requests beside each other. */
TEST(other_requests_beside_it)
{
	int other;

	begin_session();
	evhttp_set_cb(http, "/plain", show, NULL);
	shake();
	other = dial();
	for (int i = 0; i < 3; i++) {
		forget();
		say(other, "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n");
		settle(other);
		ck_assert_ptr_nonnull(strstr(heard, "\r\n\r\nshown"));
		say_bytes(fd, "\x81\x82\0\0\0\0ab", 8);
		settle(-1);
	}
	ck_notes("text:ab text:ab text:ab");
	close(other);
	end_session();
}
