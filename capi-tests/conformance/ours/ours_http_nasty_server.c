/*
 * What servers can do to our HTTP client: replies that are none, that go on for ever, that end
 * anywhere, that nobody asked for. Each request is told of its end once, what is no good is said to
 * be so, and the next request gets its own reply.
 */
// runs: one-backend
#include "raw_server.h"
#include "memory_held.h"
#include "random.h"

struct reply {
	/* -1 if it is none. */
	int code;
	const char *text, *body;
	size_t len;
};

#define R(code, text, body) {code, text, body, sizeof(text) - 1}
#define H "HTTP/1.1 200 OK\r\n"
#define C H "Transfer-Encoding: chunked\r\n\r\n"

static int flags;

/* With one that nobody asked for behind it, in pieces of STEP bytes. Two requests wait. */
static void
reply_with(const struct reply *reply, size_t step)
{
	size_t len = reply->len;
	char text[1000];

	/* Behind a good reply in pieces, it would come after the next request. */
	if (step > 1 || reply->code == -1)
		len += sizeof(EVIL) - 1;
	memcpy(text, reply->text, reply->len);
	memcpy(text + reply->len, EVIL, sizeof(EVIL) - 1);
	begin_client();
	ck_assert_int_eq(evhttp_connection_set_flags(evcon, flags), 0);
	ask(0);
	ask(1);
	await_request();
	for (size_t at = 0; at < len; at += step) {
		(void)!send(peer, text + at, step < len - at ? step : len - at,
		    MSG_NOSIGNAL);
		turn();
	}
	if (told == 0) {
		/* It may end with the connection. */
		hang_up();
	}
	be_good(2);
	ck_assert_msg(codes[0] == reply->code, "%s: %d, in steps of %zu",
	    reply->text, codes[0], step);
	if (reply->code != -1 && reply->body)
		ck_assert_str_eq(bodies[0], reply->body);
	ck_assert_msg(codes[1] == 200 && strcmp(bodies[1], "good") == 0,
	    "%s: the next is %d %s, in steps of %zu", reply->text, codes[1],
	    bodies[1], step);
	end_client();
}

static void
check(const struct reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		reply_with(&replies[i], 1000);
		reply_with(&replies[i], 1);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof(*(table)))

static const struct reply first_lines[] = {
    R(200, H "Content-Length: 1\r\n\r\na", "a"),
    R(404, "HTTP/1.0 404 \r\nContent-Length: 1\r\n\r\na", "a"),
    R(200, "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", "a"),
    R(299, "HTTP/1.9 299 x\r\nContent-Length: 1\r\n\r\na", "a"),
    R(204, "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", ""),
    R(304, "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", ""),
    R(-1, "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 200 OK\nContent-Length: 0\n\n", ""),
    R(-1, "HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n", ""),
    R(-1, "\r\n" H "Content-Length: 0\r\n\r\n", ""),
    R(-1, "220 mail.example ESMTP\r\n", ""),
    R(-1, "SSH-2.0-OpenSSH_9.2\r\n", ""),
    R(-1, "\x15\x03\x01\0\x02\x02\x28", ""),
    R(-1, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", ""),
};

TEST(first_lines_by_the_rules)
{
	CHECK(first_lines);
}

static const struct reply heads[] = {
    R(200, H "A:\tb\t\r\nA: \xe4\r\nB:\r\nContent-Length: 1\r\n\r\na", "a"),
    R(200, H "A: b\r\n c\r\nContent-Length: 1\r\n\r\na", "a"),
    R(-1, H "A : b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H " A: b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H ": b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A(: b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A: b\0c\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "\0: b\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A: b\rc\r\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A: b\nContent-Length: 1\r\n\r\na", ""),
    R(-1, H "A: \x01\r\nContent-Length: 1\r\n\r\na", ""),
};

TEST(header_lines_by_the_rules)
{
	CHECK(heads);
}

static const struct reply lengths[] = {
    R(200, H "Content-Length:\t3\r\n\r\nabc", "abc"),
    R(200, H "Content-Length: 0003\r\n\r\nabc", "abc"),
    R(-1, H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc", ""),
    R(-1, H "Content-Length: 3, 3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: +3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: -3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: 0x3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: 3 3\r\n\r\nabc", ""),
    R(-1, H "Content-Length:\r\n\r\n", ""),
    R(-1, H "Content-Length:\r\n 3\r\n\r\nabc", ""),
    R(-1, H "Content-Length: 99999999999999999999\r\n\r\n", ""),
    R(-1, H "Content-Length: 9223372036854775808\r\n\r\n", ""),
    /* More than ever comes. */
    R(-1, H "Content-Length: 9223372036854775807\r\n\r\n", ""),
    R(-1, H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	""),
    R(-1, H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	""),
    R(-1, H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", ""),
    R(-1,
	H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "0\r\n\r\n",
	""),
    R(-1, H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", ""),
    R(-1, H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", ""),
    R(-1, H "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", ""),
    R(-1, H "Transfer-Encoding:\r\n\r\n0\r\n\r\n", ""),
    R(-1, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""),
};

TEST(lengths_by_the_rules)
{
	CHECK(lengths);
}

static const struct reply chunks[] = {
    R(200, C "3\r\nabc\r\n0\r\n\r\n", "abc"),
    R(200, C "3;ext=\"\\\"\"\r\nabc\r\n0;x\r\nA: b\r\n\r\n", "abc"),
    R(200, C "0\r\nContent-Length: 33\r\n\r\n", ""),
    R(-1, C "0x3\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "+3\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "-3\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C " 3\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "3 junk\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "3\0\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "3\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "3\r\nabc\n0\r\n\r\n", ""),
    R(-1, C "3\r\nabcd\r\n0\r\n\r\n", ""),
    R(-1, C "\r\n3\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "00000000000000003\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "ffffffffffffffff\r\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "7fffffffffffffff\r\nabc", ""),
    R(-1, C "0\r\nA : b\r\n\r\n", ""),
    R(-1, C "0\r\nA: b\n\r\n", ""),
};

TEST(chunks_by_the_rules)
{
	CHECK(chunks);
}

static const struct reply lenient[] = {
    R(200, "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "a"),
    R(200, H "A: b\nContent-Length: 1\r\n\na", "a"),
    R(200, H "A: b\n c\nContent-Length: 1\r\n\r\na", "a"),
    /* Lengths are as strict as ever. */
    R(-1, H "Content-Length: 3\nContent-Length: 3\n\nabc", ""),
    R(-1, H "Content-Length:\n 3\n\nabc", ""),
    R(-1, H "Content-Length: 3\nTransfer-Encoding: chunked\n\n0\r\n\r\n", ""),
    R(-1, C "3\nabc\r\n0\r\n\r\n", ""),
    R(-1, C "3\r\nabc\n0\r\n\r\n", ""),
    R(-1, H "A : b\nContent-Length: 1\n\na", ""),
    R(-1, H "A: b\0c\nContent-Length: 1\n\na", ""),
    R(-1, H "A: b\rc\nContent-Length: 1\n\na", ""),
};

TEST(what_the_lenient_flag_allows)
{
	flags = EVHTTP_CON_LENIENT;
	CHECK(lenient);
}

/* The server closes or resets after each byte of good replies. */
TEST(cut_anywhere)
{
	static const char *const texts[] = {GOOD, "HTTP/1.1 100 C\r\n\r\n" GOOD,
	    C "3;x\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n",
	    "HTTP/1.0 200 OK\r\n\r\nup to the end"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = strlen(texts[i]);

		for (size_t cut = 0; cut < len; cut++) {
			struct linger now = {1, 0};
			/* A body up to the end may end anywhere. */
			int whole = i == 3 && cut >= 19 && cut % 3;

			begin_client();
			ask(0);
			ask(1);
			await_request();
			say_bytes(peer, texts[i], cut);
			if (cut % 2)
				turn();
			if (cut % 3 == 0)
				setsockopt(peer, SOL_SOCKET, SO_LINGER, &now,
				    sizeof(now));
			hang_up();
			be_good(2);
			ck_assert_msg(codes[0] == (whole ? 200 : -1),
			    "%s: %d, cut at %zu", texts[i], codes[0], cut);
			ck_assert_str_eq(bodies[1], "good");
			end_client();
		}
	}
}

/* What has no end. */

/* Sends FIRST, and then AGAIN until the client has enough. */
static void
without_end(const char *first, const char *again)
{
	static char block[1 << 16];
	size_t len = strlen(again), full = sizeof(block) / len * len;
	size_t at = 0, taken = 0;

	for (size_t i = 0; i < full; i += len)
		memcpy(block + i, again, len);
	begin_client();
	ask(0);
	await_request();
	say(peer, first);
	forget_memory();
	while (told == 0) {
		ssize_t n = send(peer, block + at, full - at, MSG_NOSIGNAL);

		if (n > 0) {
			taken += n;
			at = (at + n) % full;
		}
		ck_assert_msg(taken < 64 << 20, "%s%s", first, again);
		turn();
	}
	ck_assert_int_eq(codes[0], -1);
	/* The limit of a head is 256 KiB. */
	ck_assert_int_lt(held_most, 2 << 20);
	ask(1);
	be_good(2);
	ck_assert_str_eq(bodies[1], "good");
	end_client();
}

TEST(what_has_no_end)
{
	watch_memory();
	without_end("", "x");
	without_end("", "\r\n");
	without_end("HTTP/1.1 200 ", "x");
	without_end("HTTP/1.", "1");
	without_end("HTTP/1.1 200 OK\r\n", "A: b\r\n");
	without_end("HTTP/1.1 200 OK\r\nA: b\r\n", " c\r\n");
	without_end("HTTP/1.1 200 OK\r\nA: ", "b");
	without_end("HTTP/1.1 200 OK\r\n", "A");
	without_end("", "HTTP/1.1 100 Continue\r\n\r\n");
	without_end("", "HTTP/1.1 103 x\r\nA: b\r\n\r\n");
	without_end(H "Content-Length: ", "1");
	without_end(C, "0");
	without_end(C, "1;extension\r\na\r\n");
	without_end(C "1;", "e");
	without_end(C "0\r\n", "A: b\r\n");
	without_end(C "0\r\nA: ", "b");
	without_end(C "0\r\n", "A");
}

TEST(a_body_without_end_has_the_limit_of_the_program)
{
	static const char *const heads[] = {"HTTP/1.0 200 OK\r\n\r\n", C,
	    H "Content-Length: 9000000000\r\n\r\n"};

	watch_memory();
	for (int i = 0; i < 3; i++) {
		begin_client();
		forget_memory();
		evhttp_connection_set_max_body_size(evcon, 100000);
		ask(0);
		await_request();
		say(peer, heads[i]);
		while (told == 0) {
			(void)!send(peer, "4\r\nabcd\r\n", 9, MSG_NOSIGNAL);
			turn();
		}
		ck_assert_int_eq(codes[0], -1);
		ck_assert_int_lt(held_most, 1 << 20);
		end_client();
	}
}

/* Replies before there is a request, and between two. */
TEST(what_nobody_asked_for)
{
	static const char *const texts[] = {EVIL, "HTTP/1.1 100 C\r\n\r\n",
	    "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n", "\r\n", "x", ""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		begin_client();
		ask(0);
		be_good(1);
		/* It waits for nothing. */
		say(peer, texts[i]);
		if (!*texts[i])
			shutdown(peer, SHUT_WR);
		for (int n = 0; n < 3; n++)
			turn();
		ask(1);
		be_good(2);
		ck_assert_int_eq(codes[1], 200);
		ck_assert_str_eq(bodies[1], "good");
		end_client();
	}
}

/* A reply that is there before the request is sent. */
TEST(sooner_than_asked)
{
	begin_client();
	ask(0);
	while ((peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) == -1)
		turn();
	say(peer, EVIL);
	hang_up();
	be_good(1);
	for (int n = 0; n < 3; n++)
		turn();
	ask(1);
	be_good(2);
	ck_assert_str_eq(bodies[1], "good");
	end_client();
}

/* A reply to a long upload that is not read. */
TEST(refused_in_the_middle_of_an_upload)
{
	static char block[8 << 20];

	for (int i = 0; i < 3; i++) {
		struct evhttp_request *req = evhttp_request_new(done, NULL);

		begin_client();
		evbuffer_add_reference(evhttp_request_get_output_buffer(req),
		    block, sizeof(block), NULL, NULL);
		ck_assert_int_eq(evhttp_make_request(
				     evcon, req, EVHTTP_REQ_POST, "/"),
		    0);
		await_request();
		say(peer, "HTTP/1.1 413 Too Large\r\nConnection: close\r\n"
			  "Content-Length: 0\r\n\r\n");
		if (i == 0)
			shutdown(peer, SHUT_WR);
		else if (i == 1)
			hang_up();
		else
			evhttp_connection_set_flags(
			    evcon, EVHTTP_CON_READ_ON_WRITE_ERROR),
			    hang_up();
		ask(1);
		while (told < 2) {
			static char bytes[1 << 16];

			if (told == 0 && peer != -1)
				while (recv(peer, bytes, sizeof(bytes), 0) > 0)
					;
			else if (hears())
				say(peer, GOOD);
			turn();
		}
		ck_assert_int_eq(codes[1], 200);
		end_client();
	}
}

/* Replies with some bytes changed, cut into pieces of any size. */
TEST(noise)
{
	static const char *const texts[] = {GOOD GOOD,
	    "HTTP/1.1 100 C\r\nA: b\r\n\r\n" C
	    "3;x=\"y\"\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n",
	    "HTTP/1.0 200 OK\r\nA: b\r\n c\r\n\r\nup to the end"};
	static const char bytes[] = "\r\n: ,;0123456789aAfFxX\t\0\"\\\xff/.";

	for (int round = 0; round < 600; round++) {
		const char *text = texts[round % 3];
		size_t len = strlen(text), at = 0;
		char changed[300];

		memcpy(changed, text, len);
		for (int n = 1 + random_below(3); n > 0; n--) {
			size_t where = random_below(len);

			switch (random_below(3)) {
			case 0:
				changed[where] = bytes[random_below(sizeof(bytes))];
				break;
			case 1:
				memmove(changed + where, changed + where + 1,
				    len - where - 1);
				len--;
				break;
			default:
				memmove(changed + where + 1, changed + where,
				    len - where);
				changed[where] = bytes[random_below(sizeof(bytes))];
				len++;
			}
		}
		begin_client();
		ask(0);
		ask(1);
		await_request();
		while (at < len) {
			size_t n = 1 + random_below(40);

			n = n < len - at ? n : len - at;
			(void)!send(peer, changed + at, n, MSG_NOSIGNAL);
			at += n;
			turn();
		}
		if (told == 0)
			hang_up();
		be_good(2);
		end_client();
	}
}
