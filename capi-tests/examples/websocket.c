/*
 * A WebSocket server: sends each message back, and knows the orders "close",
 * "free", "later" and "stop" besides.
 */
#define EXAMPLE_HTTP
#include "example.h"
#include <event2/ws.h>

static int sessions;

static void
gone(struct evws_connection *evws, void *arg)
{
	(void)evws;
	(void)arg;
	sessions--;
}

static void
answer_later(evutil_socket_t fd, short what, void *evws)
{
	(void)fd;
	(void)what;
	evws_send_text(evws, "it is later");
}

static void
answer(struct evws_connection *evws, int type, const unsigned char *data,
    size_t len, void *arg)
{
	static const struct timeval soon = {0, 20000};
	char text[20];

	(void)arg;
	if (type == WS_BINARY_FRAME) {
		evws_send_binary(evws, (const char *)data, len);
		return;
	}
	if (len < sizeof(text)) {
		memcpy(text, data, len);
		text[len] = '\0';
		if (strcmp(text, "close") == 0) {
			evws_close(evws, WS_CR_NORMAL);
			return;
		}
		if (strcmp(text, "free") == 0) {
			evws_connection_free(evws);
			return;
		}
		if (strcmp(text, "later") == 0) {
			event_base_once(
			    base, -1, EV_TIMEOUT, answer_later, evws, &soon);
			return;
		}
		if (strcmp(text, "sessions") == 0) {
			snprintf(text, sizeof(text), "%d", sessions);
			evws_send_text(evws, text);
			return;
		}
	}
	/* evws_send_text() takes a string. */
	{
		char *copy = malloc(len + 1);

		memcpy(copy, data, len);
		copy[len] = '\0';
		evws_send_text(evws, copy);
		free(copy);
	}
}

static void
open_session(struct evhttp_request *req, void *arg)
{
	struct evws_connection *evws = evws_new_session(req, answer, NULL, 0);

	(void)arg;
	if (evws) {
		sessions++;
		evws_connection_set_closecb(evws, gone, NULL);
	}
}

int
main(void)
{
	struct event *terminate = begin();
	struct evhttp *http = evhttp_new(base);

	evhttp_set_gencb(http, open_session, NULL);
	listen_on_any_port(http);
	event_base_dispatch(base);
	evhttp_free(http);
	event_free(terminate);
	event_base_free(base);
	/* Each session has told its end. */
	return sessions != 0;
}
