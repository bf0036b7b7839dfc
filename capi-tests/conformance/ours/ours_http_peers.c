/* What no peer can do to a server. */
// runs: one-backend
#include "serving.h"
#include "memory_held.h"
#include <event2/http_rs.h>
#include <sys/resource.h>

/* What peers can do. */

static struct evhttp_request *waiting;

REQUEST(keep)
{
	waiting = req;
}

/* How much the server takes of what is sent to it. */
static size_t
flood(int to, const char *bytes, size_t len)
{
	size_t taken = 0;

	for (int quiet = 0; quiet < 50 && taken < 64 << 20;) {
		ssize_t n = send(to, bytes, len, MSG_NOSIGNAL);

		if (n > 0) {
			taken += n;
			quiet = 0;
		} else {
			quiet++;
		}
		turn();
	}
	return taken;
}

TEST(a_flood_behind_a_request_that_waits)
{
	static char bytes[65536];
	int small = 65536;

	begin_server();
	evhttp_set_gencb(http, keep, NULL);
	fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	say(fd, GET);
	settle(fd);
	memset(bytes, 'f', sizeof(bytes));
	/* The system's buffers and a little more. */
	ck_assert_int_lt(flood(fd, bytes, sizeof(bytes)), 16 << 20);
	answer(waiting, 200, "OK", NULL);
	close(fd);
	settle(-1);
	serve_no_more();
}

TEST(a_flood_behind_a_reply_that_is_not_read)
{
	static char requests[35 * 1000 + 1];
	int small = 4096;
	size_t taken;

	begin_server();
	for (int i = 0; i < 1000; i++)
		strcat(requests + 27 * i, GET);
	fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	taken = flood(fd, requests, strlen(requests));
	/* The system's buffers and a little more. */
	ck_assert_int_lt(taken, 16 << 20);
	close(fd);
	settle(-1);
	serve_no_more();
}

TEST(a_million_chunks)
{
	static char chunks[6 * 1000 + 1];
	watch_memory();
	begin_server();
	for (int i = 0; i < 1000; i++)
		strcpy(chunks + 6 * i, "1\r\nc\r\n");
	fd = dial();
	say(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 1000; i++) {
		size_t at = 0;
		while (at < 6000) {
			ssize_t n = send(
			    fd, chunks + at, 6000 - at, MSG_NOSIGNAL);
			at += n > 0 ? n : 0;
			turn();
		}
	}
	say(fd, "0\r\n\r\n");
	settle(fd);
	ck_assert(has_status("200"));
	ck_assert_int_lt(held_most, 4 << 20);
	close(fd);
	serve_no_more();
}

/* Pieces of a body take no more memory than the body. */
TEST(a_body_byte_by_byte)
{
	enum { SIZE = 30000 };

	watch_memory();
	begin_server();
	fd = dial();
	say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n");
	for (int i = 0; i < SIZE; i++) {
		say_bytes(fd, "b", 1);
		turn();
	}
	settle(fd);
	ck_assert(has_status("200"));
	ck_assert_int_lt(held_most, 10 * SIZE);
	close(fd);
	serve_no_more();
}

TEST(extensions_without_end)
{
	static char extension[1 << 20];

	begin_server();
	memset(extension, 'e', sizeof(extension));
	extension[0] = '1';
	extension[1] = ';';
	fd = dial();
	say(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	(void)flood(fd, extension, sizeof(extension));
	settle(fd);
	ck_assert(ended || has_status("400"));
	ck_notes("");
	close(fd);
	serve_no_more();
}

TEST(a_head_without_end)
{
	static char line[1 << 20];

	begin_server();
	memset(line, 'h', sizeof(line));
	fd = dial();
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	ck_assert_int_lt(flood(fd, line, sizeof(line)), 64 << 20);
	settle(fd);
	ck_assert(ended);
	close(fd);
	fd = dial();
	forget();
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 3000 && !ended; i++) {
		(void)!send(fd, "A: b\r\n", 6, MSG_NOSIGNAL);
		turn();
		listen_once(fd);
	}
	settle(fd);
	ck_assert(has_status("431"));
	ck_notes("");
	close(fd);
	serve_no_more();
}

static void
run_for(long ms)
{
	struct timeval tv = capi_ms(ms);

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

TEST(no_descriptor_is_left)
{
	struct rlimit limit, few;
	struct rusage before, after;
	int clients[10], spare;

	begin_server();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 10; i++)
		clients[i] = dial();
	few = limit;
	few.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	getrusage(RUSAGE_SELF, &before);
	run_for(300);
	getrusage(RUSAGE_SELF, &after);
	/* It rests, and does not try again and again. */
	ck_assert_int_lt(after.ru_utime.tv_sec * 1000 +
		after.ru_utime.tv_usec / 1000 -
		before.ru_utime.tv_sec * 1000 - before.ru_utime.tv_usec / 1000,
	    200);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	spare = clients[9];
	forget();
	say(spare, GET);
	for (int i = 0; i < 100 && !has_status("200"); i++) {
		run_for(20);
		listen_once(spare);
	}
	ck_assert(has_status("200"));
	for (int i = 0; i < 10; i++)
		close(clients[i]);
	serve_no_more();
}

/* A connection that waits for another request goes, so that a new one comes. */
TEST(idle_connections_make_room)
{
	struct rlimit limit, few;
	int idle[3], fresh, next, last;

	begin_server();
	fresh = dial();
	turn();
	for (int i = 0; i < 3; i++) {
		idle[i] = dial();
		forget();
		say(idle[i], GET);
		settle(idle[i]);
		ck_assert(has_status("200"));
	}
	ck_assert_int_eq(evhttp_get_connection_count(http), 4);
	next = dial();
	last = dup(next);
	close(last);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	/* The connection would get the number of LAST. */
	few.rlim_cur = last;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	forget();
	say(next, GET);
	settle(next);
	ck_assert(has_status("200"));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* The first of them, and no other. */
	forget();
	settle(idle[0]);
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 4);
	for (int i = 1; i < 3; i++) {
		forget();
		say(idle[i], GET);
		settle(idle[i]);
		ck_assert(has_status("200"));
	}
	forget();
	say(fresh, GET);
	settle(fresh);
	ck_assert(has_status("200"));
	/* The same for a limit. */
	evhttp_set_max_connections(http, 4);
	last = dial();
	forget();
	say(last, GET);
	settle(last);
	ck_assert(has_status("200"));
	ck_assert_int_eq(evhttp_get_connection_count(http), 4);
	for (int i = 0; i < 3; i++)
		close(idle[i]);
	close(fresh);
	close(next);
	close(last);
	serve_no_more();
}

REQUEST(large)
{
	struct evbuffer *buffer = evbuffer_new();
	static char bytes[100 << 20];

	evbuffer_add_reference(buffer, bytes, sizeof(bytes), NULL, NULL);
	evhttp_send_reply(req, 200, "OK", buffer);
	evbuffer_free(buffer);
}

/* A download that takes longer than the timeout, and moves all the time. */
TEST(a_slow_reader_is_not_cut)
{
	struct timeval tv = capi_ms(300);
	static char bytes[64 << 10];
	int small = 256 << 10;
	size_t total = 0;
	long long begun;

	begin_server();
	evhttp_set_gencb(http, large, NULL);
	evhttp_set_timeout_tv(http, &tv);
	fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	begun = capi_now_ms();
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n == 0)
			break;
		if (n > 0)
			total += n;
		else
			ck_assert_int_eq(errno, EAGAIN);
		turn();
		if (capi_now_ms() - begun < 900 * capi_slowness)
			capi_sleep_ms(20);
	}
	ck_assert_int_gt(total, 100 << 20);
	close(fd);
	serve_no_more();
}

/* A client that takes nothing of its reply is let go. */
TEST(a_reader_that_stands_still)
{
	struct timeval tv = capi_ms(100);

	begin_server();
	evhttp_set_gencb(http, large, NULL);
	evhttp_set_timeout_tv(http, &tv);
	fd = dial();
	say(fd, GET);
	settle(-1);
	ck_assert_int_eq(evhttp_get_connection_count(http), 1);
	while (evhttp_get_connection_count(http) > 0)
		once();
	close(fd);
	serve_no_more();
}

#define POST "POST / HTTP/1.1\r\nHost: h\r\n"

/* Whatever a refused request is cut into, nothing of it is served. */
TEST(refused_in_pieces)
{
	static const char *const texts[] = {
	    POST "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc" GET,
	    POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n" GET,
	    POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" GET,
	    ("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n" GET)};

	begin_server();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = strlen(texts[i]);

		for (size_t cut = 1; cut < len; cut += 3) {
			int fd = dial();

			forget();
			served = 0;
			say_bytes(fd, texts[i], cut);
			turn();
			turn();
			(void)!send(
			    fd, texts[i] + cut, len - cut, MSG_NOSIGNAL);
			for (int n = 0; n < 4; n++)
				turn();
			ck_assert_msg(served == 0, "%s at %zu", texts[i],
			    cut);
			close(fd);
			turn();
		}
	}
	serve_no_more();
}

/* Clients that send a byte of their heads now and then: all are let go, and others are served. */
TEST(hundreds_of_slow_heads)
{
	enum { MANY = 500 };
	static int slow[MANY];
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	int left = MANY;

	begin_server();
	evhttp_set_limit(http, EVHTTP_LIMIT_HEAD_TIME, 300);
	for (int i = 0; i < MANY; i++) {
		slow[i] = dial();
		say(slow[i], "G");
		if (i % 50 == 0)
			turn();
	}
	while (left > 0) {
		ck_assert_msg(capi_now_ms() < end, "%d are left", left);
		for (int i = 0; i < MANY; i++) {
			char byte;

			if (slow[i] == -1 ||
			    send(slow[i], "x", 1, MSG_NOSIGNAL) == 1)
				continue;
			/* The page that says why, or the end. */
			while (recv(slow[i], &byte, 1, 0) == 1)
				;
			close(slow[i]);
			slow[i] = -1;
			left--;
		}
		fd = dial();
		forget();
		say(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
		settle_to_end(fd);
		ck_assert(has_status("200"));
		close(fd);
	}
	turn();
	ck_assert_int_le(evhttp_get_connection_count(http), 1);
	serve_no_more();
}
