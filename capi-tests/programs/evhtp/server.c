/*
 * A server by libevhtp, an HTTP library of its own above libevent's base, buffers, listeners and
 * bufferevents, in several threads: plain, or with TLS when a certificate is named.
 *
 *   server PORT THREADS [CERTIFICATE]
 */
#include <evhtp.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
say_header(evhtp_request_t *req, const char *name, const char *value)
{
	evhtp_headers_add_header(
	    req->headers_out, evhtp_header_new(name, value, 1, 1));
}

/* The body comes back. */
static void
echo(evhtp_request_t *req, void *arg)
{
	(void)arg;
	say_header(req, "Content-Type", "application/octet-stream");
	evbuffer_add_buffer(req->buffer_out, req->buffer_in);
	evhtp_send_reply(req, EVHTP_RES_OK);
}

/* As many bytes as the query says, in chunks. */
static void
chunks(evhtp_request_t *req, void *arg)
{
	const char *n = evhtp_kv_find(req->uri->query, "n");
	size_t left = n ? strtoul(n, NULL, 10) : 0;
	struct evbuffer *part = evbuffer_new();
	char text[1000];

	(void)arg;
	memset(text, 'c', sizeof(text));
	evhtp_send_reply_chunk_start(req, EVHTP_RES_OK);
	while (left > 0) {
		size_t now = left < sizeof(text) ? left : sizeof(text);

		evbuffer_add(part, text, now);
		evhtp_send_reply_chunk(req, part);
		evbuffer_drain(part, evbuffer_get_length(part));
		left -= now;
	}
	evhtp_send_reply_chunk_end(req);
	evbuffer_free(part);
}

/* The request rests, and goes on by a timer of its thread. */
static void
go_on(evutil_socket_t fd, short what, void *arg)
{
	evhtp_request_t *req = arg;

	(void)fd;
	(void)what;
	evhtp_request_resume(req);
	evbuffer_add_printf(req->buffer_out, "later\n");
	evhtp_send_reply(req, EVHTP_RES_OK);
}

static void
later(evhtp_request_t *req, void *arg)
{
	static const struct timeval soon = {0, 10000};

	(void)arg;
	evhtp_request_pause(req);
	event_base_once(req->conn->evbase, -1, EV_TIMEOUT, go_on, req, &soon);
}

static void
describe(evhtp_request_t *req, void *arg)
{
	evbuffer_add_printf(req->buffer_out, "%s %s\n", (const char *)arg,
	    req->uri->path->full);
	evhtp_send_reply(req, EVHTP_RES_OK);
}

static void
stop(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

int
main(int argc, char **argv)
{
	struct event_base *base;
	struct event *term;
	evhtp_ssl_cfg_t tls;
	evhtp_t *htp;

	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	evthread_use_pthreads();
	base = event_base_new();
	term = evsignal_new(base, SIGTERM, stop, base);
	event_add(term, NULL);
	htp = evhtp_new(base, NULL);
	if (argc > 3) {
		memset(&tls, 0, sizeof(tls));
		tls.pemfile = tls.privfile = argv[3];
		if (evhtp_ssl_init(htp, &tls) != 0)
			return 3;
	}
	evhtp_set_cb(htp, "/echo", echo, NULL);
	evhtp_set_cb(htp, "/chunks", chunks, NULL);
	evhtp_set_cb(htp, "/later", later, NULL);
	evhtp_set_glob_cb(htp, "/glob/*", describe, (void *)"glob");
	evhtp_set_gencb(htp, describe, (void *)"any");
	if (atoi(argv[2]) > 0)
		evhtp_use_threads_wexit(htp, NULL, NULL, atoi(argv[2]), NULL);
	if (evhtp_bind_socket(htp, "127.0.0.1", (uint16_t)atoi(argv[1]), 128))
		return 4;
	event_base_loop(base, 0);
	evhtp_unbind_socket(htp);
	evhtp_free(htp);
	event_free(term);
	event_base_free(base);
	return 0;
}
