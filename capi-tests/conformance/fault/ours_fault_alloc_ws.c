/*
 * A WebSocket session of which the n-th allocation fails: nothing leaks, the close
 * callback runs once for each session, and the server goes on.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include "requests.h"
#include <event2/ws.h>

static int opened, closed, messages;

static void
gone(struct evws_connection *evws UNUSED, void *arg UNUSED)
{
	closed++;
}

static void
on_message(struct evws_connection *evws, int type, const unsigned char *data,
    size_t len, void *arg UNUSED)
{
	messages++;
	if (type == WS_TEXT_FRAME)
		evws_send_text(evws, "some text");
	else
		evws_send_binary(evws, (const char *)data, len);
	if (messages == 3)
		evws_close(evws, WS_CR_NORMAL);
}

REQUEST(open_session)
{
	struct evws_connection *evws =
	    evws_new_session(req, on_message, NULL, BEV_OPT_THREADSAFE);

	if (evws) {
		opened++;
		evws_connection_set_closecb(evws, gone, NULL);
	}
}

/* A handshake, a message, a ping, a message of 3 fragments with 600 bytes, a message. */
static size_t
conversation(char *text)
{
	static const char handshake[] =
	    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: a, b\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	char *at = text + sizeof(handshake) - 1;

	memcpy(text, handshake, sizeof(handshake) - 1);
	/* The mask is zero. */
#define FRAME(first, len)                                                    \
	do {                                                                 \
		*at++ = (char)(first);                                       \
		*at++ = (char)(0x80 | 126);                                  \
		*at++ = (len) >> 8;                                          \
		*at++ = (char)(len);                                         \
		memset(at, 0, 4);                                            \
		memset(at + 4, 'x', len);                                    \
		at += 4 + (len);                                             \
	} while (0)
	FRAME(0x81, 130);
	memcpy(at, "\x89\x81\0\0\0\0p", 7);
	at += 7;
	FRAME(0x02, 200);
	FRAME(0x00, 200);
	FRAME(0x80, 200);
	FRAME(0x81, 300);
	return at - text;
}

static void
talk(void)
{
	char text[4000];
	size_t len = conversation(text);

	http = evhttp_new(base);
	if (!http)
		return;
	evhttp_set_gencb(http, open_session, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!bound)
		return;
	port = port_of(evhttp_bound_socket_get_fd(bound));
	for (int cut = 0; cut < 2; cut++) {
		int fd = dial();

		forget();
		messages = 0;
		say_bytes(fd, text, cut ? 250 : len);
		for (int i = 0; i < 6; i++) {
			turn();
			listen_once(fd);
		}
		if (cut)
			(void)!send(fd, text + 250, len - 250, MSG_NOSIGNAL);
		for (int i = 0; i < 6; i++) {
			turn();
			listen_once(fd);
		}
		close(fd);
		turn();
		turn();
	}
}

static void
run_once(void)
{
	opened = closed = 0;
	base = event_base_new();
	if (!base)
		return;
	talk();
	if (http)
		evhttp_free(http);
	turn();
	event_base_free(base);
	ck_assert_int_eq(opened, closed);
	http = NULL;
}

static void
sweep(int onwards)
{
	long n;

	hook_memory();
	capi_use_threads();
	run_once();
	ck_assert_int_eq(opened, 2);
	ck_assert_int_eq(messages, 3);
	for (n = 0;; n++) {
		refuse(n, onwards);
		run_once();
		if (!refused)
			break;
	}
	refuse_nothing();
	ck_assert_int_gt(n, 40);
	run_once();
	ck_assert_int_eq(opened, 2);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(one_allocation_fails)
{
	sweep(0);
}

TEST(all_allocations_fail_from_one_on)
{
	sweep(1);
}
