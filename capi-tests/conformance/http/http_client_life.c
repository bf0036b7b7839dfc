/* A client's connections: reuse, failures, requests that wait, and who frees what. */
// runs: one-backend
#include "clients.h"
#include "faults.h"
#include <event2/dns.h>
#include <event2/http_compat.h>

/* Reuse and queues. */

TEST(connections_are_used_again)
{
	begin_client();
	get("a");
	take();
	reply(OK);
	get("b");
	ck_assert(!comes_again());
	settle(peer);
	reply(OK);
	ck_notes("a:200 b:200");
	/* Closed while nothing is asked: the next request connects again. */
	close(peer);
	peer = -1;
	settle(-1);
	ck_notes("lost");
	get("c");
	take();
	reply(OK);
	ck_notes("c:200");
	end_client();
	ck_notes("lost");
}

TEST(requests_wait_for_their_turn)
{
	begin_client();
	get("a");
	get("b");
	get("c");
	take();
	reply(OK);
	reply(OK);
	reply(OK);
	ck_notes("a:200 b:200 c:200");
	end_client();
}

TEST(closed_between_requests)
{
	begin_client();
	get("a");
	get("b");
	get("c");
	take();
	reply_and_close(OK_CLOSE);
	take();
	reply_and_close(OK_CLOSE);
	take();
	reply(OK);
	ck_notes("lost a:200 lost b:200 c:200");
	end_client();
}

TEST(stray_bytes_on_an_idle_connection)
{
	begin_client();
	get("a");
	take();
	reply(OK);
	ck_notes("a:200");
	reply("stray");
	ck_notes("lost");
	get("b");
	take();
	reply(OK);
	ck_notes("b:200");
	end_client();
}

REQUEST(ask_again)
{
	done(req, arg);
	get("again");
}

TEST(asked_in_the_callback)
{
	struct evhttp_request *req = evhttp_request_new(ask_again, "first");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	settle(peer);
	reply(OK);
	ck_notes("first:200 again:200");
	end_client();
}

REQUEST(free_connection)
{
	done(req, arg);
	evhttp_connection_free(evcon);
	evcon = NULL;
}

TEST(freed_in_the_callback)
{
	struct evhttp_request *req = evhttp_request_new(free_connection, "a");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	get("b");
	take();
	reply(OK);
	settle(-1);
	ck_notes("a:200 lost");
	end_client();
}

TEST(freed_while_asking)
{
	begin_client();
	get("a");
	get("b");
	take();
	end_client();
	ck_notes("lost");
}

static struct evhttp_request *kept;

REQUEST(keep)
{
	evhttp_request_own(req);
	kept = req;
	done(req, arg);
}

TEST(owned_requests_stay)
{
	struct evhttp_request *req = evhttp_request_new(keep, "a");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	ck_notes("a:200");
	end_client();
	ck_assert_int_eq(evhttp_request_get_response_code(kept), 200);
	ck_assert_int_eq(
	    evbuffer_get_length(evhttp_request_get_input_buffer(kept)), 2);
	ck_assert_ptr_nonnull(evhttp_find_header(
	    evhttp_request_get_input_headers(kept), "content-length"));
	evhttp_request_free(kept);
}

/* Failures. */

TEST(refused)
{
	int descriptors;

	begin_client();
	close(listening);
	descriptors = open_descriptors();
	get("a");
	get("b");
	settle(-1);
	ck_notes("a:0 b:0");
	ck_assert_int_eq(open_descriptors(), descriptors);
	end_client();
	ck_notes("");
}

TEST(closed_before_the_reply)
{
	begin_client();
	get("a");
	get("b");
	take();
	close(peer);
	peer = -1;
	take();
	ck_notes("lost error:1,a a:null");
	reply(OK);
	ck_notes("b:200");
	end_client();
}

TEST(closed_inside_of_the_reply)
{
	static const char *const texts[] = {"HTTP/1.1 200 OK\r\nConte",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"};

	begin_client();
	for (int i = 0; i < 3; i++) {
		get("a");
		take();
		reply_and_close(texts[i]);
		ck_notes("lost error:1,a a:null");
	}
	end_client();
}

TEST(too_much)
{
	begin_client();
	evhttp_connection_set_max_body_size(evcon, 4);
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
	ck_notes("lost error:5,a a:null");
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
	ck_notes("a:200");
	end_client();
}

TEST(too_large_a_head)
{
	begin_client();
	evhttp_connection_set_max_headers_size(evcon, 40);
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: 01234567890\r\n\r\n");
	settle(-1);
	trace("%s", capi_log);
	end_client();
}

TEST(no_answer_in_time)
{
	struct timeval tv = capi_ms(50);

	begin_client();
	evhttp_connection_set_timeout_tv(evcon, &tv);
	get("a");
	take();
	while (!*capi_log)
		once();
	settle(-1);
	ck_notes("lost error:0,a a:null");
	end_client();
}

TEST(cancelled)
{
	struct evhttp_request *a, *b;

	begin_client();
	a = get("a");
	b = get("b");
	get("c");
	take();
	evhttp_cancel_request(b);
	ck_notes("");
	evhttp_cancel_request(a);
	ck_notes("lost error:4,a");
	take();
	reply(OK);
	ck_notes("c:200");
	end_client();
}

TEST(tried_again)
{
	struct timeval soon = capi_ms(30);
	struct sockaddr_in address = {.sin_family = AF_INET};
	int on = 1;

	begin_client();
	close(listening);
	/* Holds the port, which refuses until somebody listens. */
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	send_at_once(listening);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(port);
	ck_assert_int_eq(bind(listening, (void *)&address, sizeof(address)), 0);
	evhttp_connection_set_initial_retry_tv(evcon, &soon);
	evhttp_connection_set_retries(evcon, 10);
	get("a");
	settle(-1);
	get("b");
	ck_notes("");
	ck_assert_int_eq(listen(listening, 10), 0);
	take();
	reply(OK);
	reply(OK);
	ck_notes("a:200 b:200");
	end_client();
}

TEST(tried_again_in_vain)
{
	struct timeval soon = capi_ms(10);

	begin_client();
	close(listening);
	evhttp_connection_set_initial_retry_tv(evcon, &soon);
	evhttp_connection_set_retries(evcon, 2);
	get("a");
	get("b");
	event_base_dispatch(base);
	ck_notes("a:0 b:0");
	end_client();
}

static struct evhttp_request *others[3];
static int victim;

REQUEST(cancel_another)
{
	done(req, arg);
	if (others[victim]) {
		evhttp_cancel_request(others[victim]);
		others[victim] = NULL;
	}
}

/* All have failed together; those that have not been told yet may be victim. */
TEST(cancelled_in_the_callback_of_another_that_failed)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	for (victim = 0; victim < 3; victim++) {
		begin_client();
		close(listening);
		for (int i = 0; i < 4; i++) {
			struct evhttp_request *req = evhttp_request_new(
			    i ? done : cancel_another, (void *)names[i]);

			if (i)
				others[i - 1] = req;
			evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
		}
		event_base_dispatch(base);
		ck_notes(victim == 0	    ? "a:0 c:0 d:0"
			     : victim == 1 ? "a:0 b:0 d:0"
					      : "a:0 b:0 c:0");
		end_client();
	}
}

/* The next connection can't be made, which its request is told. */
TEST(the_local_address_is_gone)
{
	begin_client();
	get("a");
	get("b");
	take();
	evhttp_connection_set_local_address(evcon, "192.0.2.1");
	reply(OK_CLOSE);
	ck_notes("lost a:200 b:0");
	end_client();
}

static void
host_has(struct evdns_base *dns, const char *address)
{
	char path[] = "/tmp/http_client_hosts_XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_gt(dprintf(fd, "%s host.test\n", address), 0);
	close(fd);
	evdns_base_clear_host_addresses(dns);
	ck_assert_int_eq(evdns_base_load_hosts(dns, path), 0);
	unlink(path);
}

static const char *
peer_of_client(void)
{
	static char text[INET_ADDRSTRLEN];
	const struct sockaddr *address = evhttp_connection_get_addr(evcon);

	return evutil_inet_ntop(AF_INET,
	    &((const struct sockaddr_in *)address)->sin_addr, text, sizeof(text));
}

TEST(the_address_is_that_of_the_connection_now)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	struct evdns_base *dns;

	base = event_base_new();
	dns = evdns_base_new(base, 0);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	send_at_once(listening);
	ck_assert_int_eq(bind(listening, (void *)&any, sizeof(any)), 0);
	ck_assert_int_eq(listen(listening, 10), 0);
	port = port_of(listening);
	evcon = evhttp_connection_base_new(base, dns, "host.test", port);
	for (int i = 1; i <= 2; i++) {
		char address[] = "127.0.0.1";

		address[8] = (char)('0' + i);
		host_has(dns, address);
		get("a");
		take();
		ck_assert_str_eq(peer_of_client(), address);
		reply(OK_CLOSE);
	}
	ck_notes("a:200 a:200");
	evdns_base_free(dns, 0);
	end_client();
}

/* Connections that free themselves. */

TEST(freed_on_completion)
{
	begin_client();
	get("a");
	get("b");
	evhttp_connection_free_on_completion(evcon);
	evcon = NULL;
	take();
	reply(OK);
	ck_notes("a:200");
	reply_and_close(OK_CLOSE);
	ck_notes("lost b:200");
	end_client();
	ck_notes("");
}

TEST(freed_on_completion_of_a_failure)
{
	begin_client();
	get("a");
	evhttp_connection_free_on_completion(evcon);
	evcon = NULL;
	take();
	close(peer);
	peer = -1;
	settle(-1);
	trace("%s", capi_log);
	end_client();
}
