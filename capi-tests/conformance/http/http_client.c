/* A client: what it sends, which replies it takes, callbacks on the way. */
// runs: one-backend
#include "clients.h"
#include <event2/http_compat.h>

/* Traces the whole reply. */
REQUEST(show_reply)
{
	struct evbuffer *body;
	size_t len;

	if (!req) {
		trace("no reply");
		return;
	}
	trace("reply %d <%s> version %d.%d kind %d",
	    evhttp_request_get_response_code(req),
	    evhttp_request_get_response_code_line(req)
		? evhttp_request_get_response_code_line(req)
		: "-",
	    req->major, req->minor, (int)req->kind);
	trace_headers("header", evhttp_request_get_input_headers(req));
	body = evhttp_request_get_input_buffer(req);
	len = evbuffer_get_length(body);
	if (len)
		trace_line((char *)evbuffer_pullup(body, -1), len, 0);
	evbuffer_drain(body, len);
}

TEST(what_is_sent)
{
	static const enum evhttp_cmd_type types[] = {EVHTTP_REQ_GET,
	    EVHTTP_REQ_POST, EVHTTP_REQ_HEAD, EVHTTP_REQ_PUT,
	    EVHTTP_REQ_DELETE, EVHTTP_REQ_OPTIONS, EVHTTP_REQ_TRACE,
	    EVHTTP_REQ_CONNECT, EVHTTP_REQ_PATCH};

	begin_client();
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct evhttp_request *req = request("r");

		ck_assert_int_eq(evhttp_make_request(evcon, req, types[i],
				     i % 2 ? "/a b?c" : "http://h/x"),
		    0);
		take();
		trace_heard();
		reply_and_close("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n");
	}
	end_client();
}

TEST(headers_and_bodies_that_are_sent)
{
	begin_client();
	for (int i = 0; i < 6; i++) {
		struct evhttp_request *req = request("r");
		struct evkeyvalq *out = evhttp_request_get_output_headers(req);

		evhttp_add_header(out, "Host", "somewhere");
		evhttp_add_header(out, "X-A", "1");
		if (i % 2)
			evhttp_add_header(out, "Connection", "close");
		if (i == 4)
			evhttp_add_header(out, "Content-Length", "4");
		if (i == 5)
			req->minor = 0, req->major = 1;
		evbuffer_add(
		    evhttp_request_get_output_buffer(req), "body", 4);
		ck_assert_int_eq(evhttp_make_request(evcon, req,
				     i < 3 ? EVHTTP_REQ_POST : EVHTTP_REQ_PUT,
				     "/"),
		    0);
		take();
		trace_heard();
		reply_and_close("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n");
	}
	end_client();
}

static void
show_reply_to(enum evhttp_cmd_type type, const char *text)
{
	struct evhttp_request *req = evhttp_request_new(show_reply, NULL);

	ck_assert_int_eq(evhttp_make_request(evcon, req, type, "/"), 0);
	if (!comes_again())
		trace("on the same connection");
	forget();
	reply(text);
	/* What ends with the connection. */
	shutdown(peer, SHUT_WR);
	settle(-1);
	trace("--");
}

TEST(replies)
{
	static const char *const texts[] = {OK, OK_CLOSE,
	    "HTTP/1.0 200 OK\r\n\r\nto the end",
	    "HTTP/1.1 200 OK\r\n\r\nto the end",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nok\r\n0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1\r\no\r\n1\r\nk\r\n0\r\nTrailer: x\r\n\r\n",
	    "HTTP/1.1 299 What ever it is\r\nA: b\r\na:  c \r\n"
	    "Content-Length: 1\r\n\r\nx",
	    "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nfail",
	    "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"};

	begin_client();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		show_reply_to(EVHTTP_REQ_GET, texts[i]);
	end_client();
}

TEST(replies_to_head)
{
	begin_client();
	show_reply_to(EVHTTP_REQ_HEAD,
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	show_reply_to(EVHTTP_REQ_HEAD,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	end_client();
}

TEST(replies_that_are_none)
{
	static const char *const texts[] = {"GARBAGE\r\n\r\n",
	    "HTTP/1.1\r\n\r\n", "HTTP/x 200 OK\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	     "Content-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n")};

	begin_client();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		get("r");
		take();
		reply(texts[i]);
		shutdown(peer, SHUT_WR);
		settle(-1);
		trace("%s", capi_log);
		capi_log[0] = '\0';
	}
	end_client();
}

TEST(chunks_that_are_none)
{
	begin_client();
	get("r");
	take();
	reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
	ck_notes("lost error:2,r r:null");
	end_client();
}

TEST(a_reply_byte_by_byte)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nok\r\n3\r\nyes\r\n0\r\nX: y\r\n\r\n";
	struct evhttp_request *req = evhttp_request_new(show_reply, NULL);

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	for (const char *at = text; *at; at++) {
		say_bytes(peer, at, 1);
		turn();
	}
	settle(-1);
	end_client();
}

/* Callbacks on the way. */

static int
on_header(struct evhttp_request *req, void *arg)
{
	note("header:%s,%d", (const char *)arg,
	    evhttp_request_get_response_code(req));
	return strcmp(arg, "refuse") == 0 ? -1 : 0;
}

REQUEST(on_chunk)
{
	note("chunk:%zu",
	    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
}

REQUEST(on_complete)
{
	note("complete");
}

REQUEST(done_empty)
{
	done(req, arg);
	note("left:%zu",
	    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
}

TEST(told_of_parts)
{
	begin_client();
	for (int i = 0; i < 2; i++) {
		struct evhttp_request *req =
		    evhttp_request_new(done_empty, "a");

		evhttp_request_set_header_cb(req, on_header);
		evhttp_request_set_chunked_cb(req, on_chunk);
		evhttp_request_set_on_complete_cb(req, on_complete, NULL);
		evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
		if (i == 0)
			take();
		if (i == 0) {
			reply("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
			reply("abc");
			reply("def");
		} else {
			reply("HTTP/1.1 200 OK\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n");
			reply("3\r\nabc\r\n4\r\nde");
			reply("fg\r\n0\r\n\r\n");
		}
		trace("%s", capi_log);
		capi_log[0] = '\0';
	}
	end_client();
}

TEST(refused_by_the_header_callback)
{
	struct evhttp_request *req = request("refuse");

	begin_client();
	evhttp_request_set_header_cb(req, on_header);
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	ck_notes("header:refuse,200 lost error:1,refuse refuse:null");
	end_client();
}

REQUEST(cancel_in_chunk)
{
	note("chunk");
	evhttp_cancel_request(req);
}

TEST(cancelled_in_the_chunk_callback)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_request_set_chunked_cb(req, cancel_in_chunk);
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
	settle(-1);
	trace("%s", capi_log);
	end_client();
}

TEST(a_body_that_waits_for_100)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_add_header(evhttp_request_get_output_headers(req), "Expect",
	    "100-continue");
	evbuffer_add(evhttp_request_get_output_buffer(req), "body", 4);
	evhttp_make_request(evcon, req, EVHTTP_REQ_POST, "/");
	take();
	trace_heard();
	reply("HTTP/1.1 100 Continue\r\n\r\n");
	trace_heard();
	reply(OK);
	ck_notes("a:200");
	end_client();
}

TEST(a_body_that_is_not_wanted)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_add_header(evhttp_request_get_output_headers(req), "Expect",
	    "100-continue");
	evbuffer_add(evhttp_request_get_output_buffer(req), "body", 4);
	evhttp_make_request(evcon, req, EVHTTP_REQ_POST, "/");
	take();
	forget();
	reply("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	/* What comes next would be taken for the body. */
	ck_notes("lost a:417");
	ck_assert_int_eq(heard_len, 0);
	end_client();
}

/* Interim replies are passed over. */
TEST(interim_replies)
{
	begin_client();
	get("a");
	take();
	reply("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	      "HTTP/1.1 102 Processing\r\n\r\n" OK);
	ck_notes("a:200");
	end_client();
}

TEST(peers)
{
	char *address = NULL;
	ev_uint16_t to = 0;

	begin_client();
	evhttp_connection_get_peer(evcon, &address, &to);
	ck_assert_str_eq(address, "127.0.0.1");
	ck_assert_int_eq(to, port);
	ck_assert_int_eq(
	    evhttp_connection_get_addr(evcon)->sa_family, AF_UNSPEC);
	get("a");
	take();
	ck_assert_int_eq(evhttp_connection_get_addr(evcon)->sa_family, AF_INET);
	reply(OK);
	end_client();
}

TEST(a_method_that_is_none)
{
	struct evhttp_request *req;

	begin_client();
	req = evhttp_request_new(NULL, NULL);
	trace("made: %d", evhttp_make_request(evcon, req, 0, "/"));
	end_client();
}

TEST(local_addresses)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	begin_client();
	evhttp_connection_set_local_address(evcon, "127.0.0.7");
	get("a");
	take();
	ck_assert_int_eq(getpeername(peer, (void *)&address, &len), 0);
	ck_assert_str_eq(inet_ntoa(address.sin_addr), "127.0.0.7");
	reply(OK);
	ck_notes("a:200");
	end_client();
}

TEST(flags)
{
	begin_client();
	ck_assert_int_eq(evhttp_connection_set_flags(evcon,
			     EVHTTP_CON_REUSE_CONNECTED_ADDR),
	    0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon,
			     EVHTTP_CON_READ_ON_WRITE_ERROR),
	    0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon, 0), 0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon, 1 << 30), 1);
	end_client();
}

TEST(names)
{
	begin_client();
	evhttp_connection_free(evcon);
	evcon = evhttp_connection_base_new(base, NULL, "localhost", port);
	evhttp_connection_set_family(evcon, AF_INET);
	evhttp_connection_set_closecb(evcon, lost, NULL);
	get("a");
	take();
	reply(OK);
	ck_notes("a:200");
	evhttp_connection_free(evcon);
	ck_notes("lost");
	evcon = evhttp_connection_base_new(base, NULL, "host.invalid", port);
	get("b");
	settle(-1);
	ck_notes("error:1,b b:null");
	end_client();
}
