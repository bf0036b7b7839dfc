/*
 * Clients whose servers and callbacks do anything at random, with many connections at a time: each
 * request is told of at most once, all that were not cancelled are told of, and nothing is left.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include "random.h"
#include "requests.h"

enum { CLIENTS = 8, WAITING = 64, PEERS = 24, REQUESTS = 3000 };

static struct client {
	struct evhttp_connection *evcon;
	int is_ending;
} clients[CLIENTS];

static struct ask {
	/* NULL once it can't be cancelled. */
	struct evhttp_request *req;
	struct client *client;
	int is_told, is_cancelled, has_no_connection;
} asks[REQUESTS];

static struct evhttp_request *owned[8];
static int listening, peers[PEERS];
static int begun, told, failed, waiting;

static void act(struct client *client);

static void
end(int *how)
{
	ck_assert_int_eq(*how, 0);
	*how = 1;
}

/* Its requests go without a word, but for one that is about to be told of. */
static void
free_client(struct client *client)
{
	struct evhttp_connection *evcon = client->evcon;

	if (!evcon || client->is_ending)
		return;
	client->is_ending = 1;
	for (int i = 0; i < begun; i++)
		if (asks[i].client == client && asks[i].req) {
			asks[i].req = NULL;
			end(&asks[i].has_no_connection);
			waiting--;
		}
	evhttp_connection_free(evcon);
	client->evcon = NULL;
	client->is_ending = 0;
}

static void
cancel_any(struct client *client)
{
	for (int i = begun - 1; i >= 0; i--) {
		struct evhttp_request *req = asks[i].req;

		if (!req || asks[i].client != client || random_below(3))
			continue;
		asks[i].req = NULL;
		end(&asks[i].is_cancelled);
		waiting--;
		evhttp_cancel_request(req);
		return;
	}
}

static void
own(struct evhttp_request *req)
{
	for (int i = 0; i < 8; i++) {
		if (owned[i])
			continue;
		evhttp_request_own(req);
		owned[i] = req;
		return;
	}
}

REQUEST(done)
{
	struct ask *ask = arg;

	ck_assert_int_eq(ask->is_cancelled, 0);
	end(&ask->is_told);
	ask->req = NULL;
	told++;
	waiting -= !ask->has_no_connection;
	failed += !req;
	if (req && random_below(8) == 0)
		own(req);
	act(ask->client);
}

static void
on_error(enum evhttp_request_error error UNUSED, void *arg)
{
	struct ask *ask = arg;

	ask->req = NULL;
	act(ask->client);
}

static int
on_header(struct evhttp_request *req UNUSED, void *arg)
{
	struct ask *ask = arg;

	act(ask->client);
	return random_below(20) ? 0 : -1;
}

REQUEST(on_chunk)
{
	struct ask *ask = arg;

	act(ask->client);
}

CONNECTION(lost)
{
	struct client *client = arg;

	if (!client->is_ending)
		act(client);
}

static void
ask_any(struct client *client)
{
	struct ask *ask = &asks[begun];
	struct evhttp_request *req;

	if (begun == REQUESTS || waiting == WAITING || client->is_ending)
		return;
	if (!client->evcon) {
		client->evcon = evhttp_connection_base_new(
		    base, NULL, "127.0.0.1", (unsigned short)port);
		evhttp_connection_set_closecb(client->evcon, lost, client);
		evhttp_connection_set_max_body_size(client->evcon, 50);
	}
	req = evhttp_request_new(done, ask);
	*ask = (struct ask){.req = req, .client = client};
	begun++;
	waiting++;
	if (random_below(2))
		evhttp_request_set_error_cb(req, on_error);
	if (random_below(2))
		evhttp_request_set_header_cb(req, on_header);
	if (random_below(3) == 0)
		evhttp_request_set_chunked_cb(req, on_chunk);
	if (random_below(3) == 0)
		evbuffer_add(
		    evhttp_request_get_output_buffer(req), "some body", 9);
	ck_assert_int_eq(
	    evhttp_make_request(client->evcon, req,
		random_below(4) ? EVHTTP_REQ_POST : EVHTTP_REQ_HEAD, "/"),
	    0);
}

/* What a callback may do. */
static void
act(struct client *client)
{
	switch (random_below(12)) {
	case 0:
		free_client(client);
		break;
	case 1:
		cancel_any(client);
		break;
	case 2:
	case 3:
		ask_any(client);
		break;
	case 4:
		ask_any(&clients[random_below(CLIENTS)]);
		break;
	case 5:
		cancel_any(&clients[random_below(CLIENTS)]);
		break;
	default:
		break;
	}
}

static void
serve_peer(int i, int good)
{
	static const char *const replies[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 204 No\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.0 200 OK\r\n\r\nto the end",
	    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
	    "GARBAGE\r\n\r\n", "HTTP/1.1 200 OK\r\nConte"};
	struct linger now = {1, 0};
	char bytes[2000];
	ssize_t n = recv(peers[i], bytes, sizeof(bytes), 0);
	const char *reply;

	if (n < 0 && errno == EAGAIN && (good || random_below(30)))
		return;
	if (n > 0 && (good || random_below(6))) {
		reply = replies[random_below(good ? 2 : 11)];
		n = strlen(reply);
		if (!good && random_below(4) == 0)
			n = random_below(n);
		(void)!send(peers[i], reply, n, MSG_NOSIGNAL);
		if (good || random_below(5))
			return;
	}
	if (random_below(3) == 0)
		setsockopt(
		    peers[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peers[i]);
	peers[i] = -1;
}

static void
serve_all(int good)
{
	for (int i = 0; i < PEERS; i++) {
		if (peers[i] == -1)
			peers[i] = accept4(
			    listening, NULL, NULL, SOCK_NONBLOCK);
		if (peers[i] != -1)
			serve_peer(i, good);
	}
}

static void
everything_at_random(unsigned seed)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	random_state = seed;
	begun = told = failed = waiting = 0;
	base = event_base_new();
	listening = listening_socket();
	port = port_of(listening);
	for (int i = 0; i < PEERS; i++)
		peers[i] = -1;
	while (begun < REQUESTS || waiting) {
		struct client *client = &clients[random_below(CLIENTS)];

		ck_assert_msg(capi_now_ms() < end, "%d wait", waiting);
		switch (random_below(20)) {
		default:
			ask_any(client);
			break;
		case 0:
			free_client(client);
			break;
		case 1:
			cancel_any(client);
			break;
		case 2:
			for (int i = 0; i < 8; i++) {
				if (owned[i])
					evhttp_request_free(owned[i]);
				owned[i] = NULL;
			}
			break;
		}
		/* At the end those that read to the end of a connection get it. */
		serve_all(begun >= REQUESTS && random_below(4));
		turn();
	}
	ck_assert_int_gt(told - failed, REQUESTS / 10);
	ck_assert_int_gt(failed, REQUESTS / 10);
	for (int i = 0; i < CLIENTS; i++)
		free_client(&clients[i]);
	for (int i = 0; i < 8; i++) {
		if (owned[i])
			evhttp_request_free(owned[i]);
		owned[i] = NULL;
	}
	for (int i = 0; i < PEERS; i++)
		if (peers[i] != -1)
			close(peers[i]);
	close(listening);
	turn();
	event_base_free(base);
}

TEST(nothing_is_left)
{
	signal(SIGPIPE, SIG_IGN);
	hook_memory();
	capi_use_threads();
	for (unsigned seed = 1; seed <= 3; seed++)
		everything_at_random(seed);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}
