// links: openssl
// runs: one-backend, one-locking
/*
 * Running out of memory in a TLS session, for the library and for OpenSSL: the
 * session works, or its end is told, and nothing is left behind.
 */
#define CAPI_OWN_LOCKS
#include "tls.h"
#include "fault_memory.h"

static int answered, over;
static char block[40000];

DATA_CALLBACK(give_back)
{
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

DATA_CALLBACK(count_answer)
{
	struct evbuffer *input = bufferevent_get_input(b);

	answered += (int)evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
}

EVENT_CALLBACK(count_end)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		over++;
}

/* One session: a socket against a filter. False if an end was not to be made. */
static int
session(void)
{
	struct bufferevent *ends[2] = {NULL, NULL}, *below;
	int sent = -1, made;

	answered = over = 0;
	ends[0] = bufferevent_openssl_socket_new(base, pair[0], new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	below = bufferevent_socket_new(base, pair[1], BEV_OPT_CLOSE_ON_FREE);
	if (below) {
		ends[1] = bufferevent_openssl_filter_new(base, below,
		    new_ssl(), BUFFEREVENT_SSL_ACCEPTING,
		    BEV_OPT_CLOSE_ON_FREE);
		if (!ends[1])
			bufferevent_free(below);
	}
	if (ends[0])
		bufferevent_setcb(
		    ends[0], count_answer, NULL, count_end, NULL);
	else
		close(pair[0]);
	if (ends[1])
		bufferevent_setcb(ends[1], give_back, NULL, count_end, NULL);
	else if (!below)
		close(pair[1]);
	made = ends[0] && ends[1];
	if (made) {
		bufferevent_enable(ends[0], EV_READ | EV_WRITE);
		bufferevent_enable(ends[1], EV_READ | EV_WRITE);
		sent = bufferevent_write(ends[0], block, sizeof(block));
		for (int i = 0; i < 400 && !over &&
		     answered < (int)sizeof(block); i++)
			turn();
	}
	for (int i = 0; i < 2; i++)
		if (ends[i])
			bufferevent_free(ends[i]);
	turn();
	turn();
	return made && sent == 0;
}

/* A refused request costs a session at most, never a byte without a word: the
 * answer is complete, an end was told, or a function of the program's failed. */
TEST(the_library_runs_out)
{
	long n = 0;
	int complete;

	hook_memory();
	context();
	do {
		begin();
		signal(SIGPIPE, SIG_IGN);
		refuse(n++, 0);
		complete = session();
		refuse_nothing();
		event_base_free(base);
		ck_assert_int_eq(blocks, 0);
		ck_assert(!is_open(pair[0]) && !is_open(pair[1]));
		if (complete && !over)
			ck_assert_int_eq(answered, sizeof(block));
	} while (refused);
	ck_assert_int_gt(n, 20);
	ck_assert_int_eq(answered, sizeof(block));
}

/* OpenSSL's own memory. */
static long openssl_requests, openssl_refuse = -1;

static int
openssl_refuses(void)
{
	return openssl_requests++ == openssl_refuse;
}

static void *
openssl_malloc(size_t size, const char *file UNUSED, int line UNUSED)
{
	return openssl_refuses() ? NULL : malloc(size);
}

static void *
openssl_realloc(void *at, size_t size, const char *file UNUSED, int line UNUSED)
{
	return openssl_refuses() ? NULL : realloc(at, size);
}

static void
openssl_free(void *at, const char *file UNUSED, int line UNUSED)
{
	free(at);
}

TEST(openssl_runs_out)
{
	long wanted;

	ck_assert_int_eq(CRYPTO_set_mem_functions(
	    openssl_malloc, openssl_realloc, openssl_free), 1);
	hook_memory();
	context();
	begin();
	openssl_requests = 0;
	session();
	wanted = openssl_requests;
	event_base_free(base);
	/* Not all of them: there are thousands. */
	for (long n = 5; n < wanted; n += 1 + wanted / 150) {
		SSL *probe;

		/* Without the sessions themselves, which are made first. */
		begin();
		signal(SIGPIPE, SIG_IGN);
		openssl_requests = 0;
		probe = SSL_new(context());
		openssl_refuse = openssl_requests * 2 + n;
		SSL_free(probe);
		openssl_requests = 0;
		session();
		openssl_refuse = -1;
		event_base_free(base);
		ck_assert_int_eq(blocks, 0);
		ck_assert(!is_open(pair[0]) && !is_open(pair[1]));
	}
}
