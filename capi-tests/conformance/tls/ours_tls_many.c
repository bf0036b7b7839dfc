// links: openssl
// runs: one-backend, one-locking
/* A thousand connections in one loop, all bytes counted, beside one whose peer never stops sending. */
#include "tls.h"
#include "fault_calls.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { MOST = 1000, LARGEST = 65536, SIZES = 11, ROUNDS = 8 };

struct connection {
	struct bufferevent *client, *server;
	size_t size, got;
	int connected, rounds;
};

static struct connection all[MOST];
static int many, wanted_rounds, ready, finished;
static unsigned char block[LARGEST];

/* What came from the process that never stops sending, in all and in this iteration. */
static size_t poured, poured_now, poured_most;

EVENT_CALLBACK(on_connected)
{
	struct connection *c = arg;

	ck_assert_int_eq(what, BEV_EVENT_CONNECTED);
	if (c && ++c->connected == 2)
		ready++;
}

DATA_CALLBACK(give_back)
{
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

DATA_CALLBACK(compare)
{
	struct connection *c = arg;
	struct evbuffer *input = bufferevent_get_input(b);
	size_t size;

	while ((size = evbuffer_get_contiguous_space(input)) > 0) {
		ck_assert_uint_le(c->got + size, c->size);
		ck_assert_mem_eq(evbuffer_pullup(input, (ev_ssize_t)size), block + c->got, size);
		evbuffer_drain(input, size);
		c->got += size;
	}
	if (c->got < c->size)
		return;
	c->got = 0;
	if (++c->rounds == wanted_rounds)
		finished++;
	else
		bufferevent_write(b, block, c->size);
}

static void
connect_ends(struct bufferevent *ends[2], void *arg)
{
	int fds[2];

	capi_pair(fds);
	for (int i = 0; i < 2; i++) {
		ends[i] = bufferevent_openssl_socket_new(base, fds[i], new_ssl(),
		    i ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
		    BEV_OPT_CLOSE_ON_FREE);
		ck_assert_ptr_nonnull(ends[i]);
		bufferevent_setcb(ends[i], NULL, NULL, on_connected, arg);
		bufferevent_enable(ends[i], EV_READ | EV_WRITE);
	}
}

DATA_CALLBACK(swallow)
{
	poured += in(b);
	poured_now += in(b);
	evbuffer_drain(bufferevent_get_input(b), in(b));
}

/* A process that sends without end, and the bufferevent that it sends to. */
static struct bufferevent *
open_hose(pid_t *process)
{
	struct bufferevent *b;
	int fds[2], flags;
	SSL *ssl;

	capi_pair(fds);
	*process = fork();
	ck_assert_int_ge(*process, 0);
	if (*process == 0) {
		ssl = new_ssl();
		flags = fcntl(fds[1], F_GETFL, 0);
		syscall(SYS_fcntl, fds[1], F_SETFL, flags & ~O_NONBLOCK);
		SSL_set_fd(ssl, fds[1]);
		if (SSL_accept(ssl) == 1)
			while (SSL_write(ssl, block, LARGEST) > 0)
				;
		_exit(0);
	}
	syscall(SYS_close, fds[1]);
	b = bufferevent_openssl_socket_new(base, fds[0], new_ssl(), BUFFEREVENT_SSL_CONNECTING,
	    BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(b);
	bufferevent_setcb(b, swallow, NULL, on_connected, NULL);
	bufferevent_enable(b, EV_READ | EV_WRITE);
	return b;
}

static void
run(const int *done, int count)
{
	long long end = capi_now_ms() + 4 * CAPI_PATIENCE_MS;

	while (*done < count && capi_now_ms() < end) {
		poured_now = 0;
		once();
		if (poured_now > poured_most)
			poured_most = poured_now;
	}
	ck_assert_int_eq(*done, count);
}

static void
begin_many(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	many = MOST;
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < 2 * MOST + 100)
		many = ((int)limit.rlim_cur - 100) / 2;
	ck_assert_int_gt(many, 100);
	for (int i = 0; i < LARGEST; i++)
		block[i] = (unsigned char)(i * 13 + i / 241);
	base = event_base_new();
	for (int i = 0; i < many; i++) {
		struct bufferevent *ends[2];

		connect_ends(ends, &all[i]);
		all[i].client = ends[0];
		all[i].server = ends[1];
	}
	run(&ready, many);
	for (int i = 0; i < many; i++) {
		bufferevent_setcb(all[i].client, compare, NULL, on_connected, &all[i]);
		bufferevent_setcb(all[i].server, give_back, NULL, on_connected, &all[i]);
	}
}

static void
echo(int rounds)
{
	wanted_rounds = rounds;
	finished = 0;
	for (int i = 0; i < many; i++) {
		all[i].rounds = 0;
		bufferevent_write(all[i].client, block, all[i].size);
	}
	run(&finished, many);
}

static void
end_many(void)
{
	for (int i = 0; i < many; i++) {
		ck_assert_int_eq(all[i].connected, 2);
		bufferevent_free(all[i].client);
		bufferevent_free(all[i].server);
	}
	turn();
	turn();
	event_base_free(base);
}

/* Each message is written and read, with a share of the wait. */
TEST(a_thousand_with_few_calls)
{
	begin_many();
	for (int i = 0; i < many; i++)
		all[i].size = 64;
	fail_call(NO_CALL, 0, 0, 0);
	echo(ROUNDS);
	trace("%ld calls for %d messages", all_made, 2 * ROUNDS * many);
	ck_assert_int_le(all_made, 7L * ROUNDS * many);
	end_many();
}

/* An iteration of the loop takes little of it, however much there is. */
TEST(a_thousand_beside_one_that_never_stops)
{
	struct bufferevent *hose;
	pid_t process;

	signal(SIGPIPE, SIG_IGN);
	begin_many();
	for (int i = 0; i < many; i++)
		all[i].size = (size_t)64 << i % SIZES;
	hose = open_hose(&process);
	echo(2);
	trace("%zu bytes of it, at most %zu at once", poured, poured_most);
	ck_assert_uint_gt(poured, 0);
	/* Each read of a record that is followed by another counts as a deferred callback. */
	ck_assert_uint_le(poured_most, 40 * 16384);
	bufferevent_free(hose);
	end_many();
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}
