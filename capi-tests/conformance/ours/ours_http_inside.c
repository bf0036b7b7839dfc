/*
 * Callbacks that end what is just being received or sent: the exchange is over then, whatever else
 * arrives.
 */
// runs: one-backend
#include "serving.h"
#include "memory_held.h"
#include <event2/thread.h>
#include <event2/ws.h>
#include <pthread.h>

#define BREW (1u << 20)

enum { NEW, HEADER, CHUNK };

static int cancels_in, news;

static void
cancel_in(int where, struct evhttp_request *req)
{
	if (where == cancels_in)
		evhttp_cancel_request(req);
}

static int
on_header(struct evhttp_request *req, void *arg UNUSED)
{
	cancel_in(HEADER, req);
	return 0;
}

REQUEST(on_chunk)
{
	cancel_in(CHUNK, req);
}

static int
on_new(struct evhttp_request *req, void *arg UNUSED)
{
	news++;
	evhttp_request_set_header_cb(req, on_header);
	evhttp_request_set_chunked_cb(req, on_chunk);
	cancel_in(NEW, req);
	return 0;
}

/* What was refused is not served, and neither is what stands behind it. */
static void
cancelled(int where, const char *text)
{
	cancels_in = where;
	served = 0;
	begin_server();
	evhttp_set_newreqcb(http, on_new, NULL);
	fd = dial();
	forget();
	say(fd, text);
	settle_to_end(fd);
	ck_assert(has_status("400"));
	ck_assert_ptr_null(strstr(heard + 1, "HTTP/1.1 "));
	ck_assert_int_eq(served, 0);
	close(fd);
	serve_no_more();
}

TEST(a_request_is_cancelled_while_it_comes)
{
	static const char *const texts[] = {GET GET,
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" GET,
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n" GET};

	for (int text = 0; text < 3; text++)
		for (int where = NEW; where <= (text ? CHUNK : HEADER); where++)
			cancelled(where, texts[text]);
}

static int
end_server(struct evhttp_ext_method *method UNUSED)
{
	evhttp_free(http);
	http = NULL;
	return -1;
}

TEST(the_server_ends_while_a_method_is_looked_up)
{
	begin_server();
	evhttp_set_ext_method_cmp(http, end_server);
	fd = dial();
	forget();
	say(fd, "BREW / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
	settle_to_end(fd);
	ck_assert_int_eq(heard_len, 0);
	close(fd);
	event_base_free(base);
}

static struct evbuffer *locked_input;
static int input_was_free;
static pthread_t looker;

static struct bufferevent *
lock_input(struct event_base *of, void *arg UNUSED)
{
	struct bufferevent *bev = bufferevent_socket_new(of, -1, 0);

	locked_input = bufferevent_get_input(bev);
	ck_assert_int_eq(evbuffer_enable_locking(locked_input, NULL), 0);
	return bev;
}

static void *
look_at_input(void *arg UNUSED)
{
	evbuffer_lock(locked_input);
	__atomic_store_n(&input_was_free, 1, __ATOMIC_SEQ_CST);
	evbuffer_unlock(locked_input);
	return NULL;
}

/* Waits for another thread that wants the input. */
static int
wait_for_looker(struct evhttp_ext_method *method)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	input_was_free = 0;
	ck_assert_int_eq(pthread_create(&looker, NULL, look_at_input, NULL), 0);
	while (!__atomic_load_n(&input_was_free, __ATOMIC_SEQ_CST)) {
		ck_assert_int_lt(capi_now_ms(), end);
		capi_sleep_ms(1);
	}
	ck_assert_int_eq(pthread_join(looker, NULL), 0);
	if (strcmp(method->method, "BREW"))
		return -1;
	method->type = BREW;
	return 0;
}

/* In a head that comes at once, and in one that comes in two parts. */
TEST(no_buffer_is_locked_while_a_method_is_looked_up)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	begin_server();
	evhttp_set_bevcb(http, lock_input, NULL);
	evhttp_set_allowed_methods(http, BREW);
	evhttp_set_ext_method_cmp(http, wait_for_looker);
	served = 0;
	for (int parts = 1; parts <= 2; parts++) {
		fd = dial();
		forget();
		say(fd, "BREW / HTTP/1.1\r\nHo");
		if (parts == 2)
			settle(fd);
		say(fd, "st: h\r\nConnection: close\r\n\r\n");
		settle_to_end(fd);
		ck_assert(has_status("200"));
		ck_assert_int_eq(served, parts);
		close(fd);
	}
	serve_no_more();
}

static struct evhttp_connection *evcon;
static struct evhttp_request *asked;
static int lookups, ends_at, cancels, told;

static int
end_client(struct evhttp_ext_method *method)
{
	if (method->method || method->type != BREW)
		return -1;
	method->method = "BREW";
	if (++lookups != ends_at)
		return 0;
	if (cancels)
		evhttp_cancel_request(asked);
	else
		evhttp_connection_free(evcon);
	return 0;
}

REQUEST(on_reply)
{
	told++;
}

static int
ask(void)
{
	asked = evhttp_request_new(on_reply, NULL);
	evhttp_add_header(
	    evhttp_request_get_output_headers(asked), "Host", "h");
	return evhttp_make_request(evcon, asked, BREW, "/");
}

static int
ask_first(void)
{
	lookups = 0;
	evcon = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	evhttp_connection_set_ext_method_cmp(evcon, end_client);
	return ask();
}

TEST(a_client_ends_while_its_method_is_looked_up)
{
	begin_server();
	cancels = 0;
	ends_at = 1;
	ck_assert_int_eq(ask_first(), -1);
	ends_at = 2;
	ck_assert_int_eq(ask_first(), 0);
	settle(-1);
	ck_assert_int_eq(lookups, 2);
	ck_assert_int_eq(told, 0);
	serve_no_more();
}

TEST(a_request_is_cancelled_while_its_method_is_looked_up)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	begin_server();
	cancels = 1;
	ends_at = 2;
	ck_assert_int_eq(ask_first(), 0);
	while (lookups < 2 && capi_now_ms() < end)
		turn();
	/* The next one is sent. */
	ck_assert_int_eq(ask(), 0);
	while (!told && capi_now_ms() < end)
		turn();
	ck_assert_int_eq(told, 1);
	evhttp_connection_free(evcon);
	serve_no_more();
}

static struct evhttp_request *kept;

REQUEST(keep)
{
	kept = req;
	/* So that the end is noticed. */
	bufferevent_enable(evhttp_connection_get_bufferevent(
			       evhttp_request_get_connection(req)),
	    EV_READ);
}

static void
no_message(struct evws_connection *evws UNUSED, int type UNUSED,
    const unsigned char *data UNUSED, size_t len UNUSED, void *arg UNUSED)
{
}

/* A request that a session is made of is used up, also when there is none. */
TEST(a_session_for_a_client_that_has_gone)
{
	long before;

	watch_memory();
	for (int i = 0; i < 2; i++) {
		before = held;
		kept = NULL;
		serve();
		evhttp_set_gencb(http, keep, NULL);
		fd = dial();
		say(fd, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
		forget();
		while (!kept)
			turn();
		close(fd);
		while (evhttp_request_get_connection(kept))
			turn();
		ck_assert_ptr_null(evws_new_session(kept, no_message, NULL, 0));
		serve_no_more();
	}
	/* The first time brings what stays. */
	ck_assert_int_eq(held, before);
}

static char large[6 << 20];

REQUEST(serve_large)
{
	served++;
	answer(req, 200, "OK", large);
}

/* The client ends its direction while the reply is written; half a request is none. */
TEST(half_a_request_behind_the_last)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	size_t got = 0;

	served = 0;
	memset(large, 'x', sizeof(large) - 1);
	serve();
	evhttp_set_gencb(http, serve_large, NULL);
	fd = dial();
	forget();
	say(fd, GET "GET / HT");
	shutdown(fd, SHUT_WR);
	while (!ended) {
		ck_assert_int_lt(capi_now_ms(), end);
		heard_len = 0;
		turn();
		if (!listen_once(fd))
			capi_sleep_ms(1);
		got += heard_len;
		ck_assert(got <= sizeof(large) + 1000);
	}
	ck_assert_uint_ge(got, sizeof(large) - 1);
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(served, 1);
	close(fd);
	serve_no_more();
}
