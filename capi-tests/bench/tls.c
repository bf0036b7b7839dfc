/*
 * TLS 1.3 between two bufferevents in one loop, over a socket pair.
 */
#include "exchange.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

struct tls {
	struct exchange exchange;
	SSL_CTX *context;
	struct bufferevent *client, *server;
};

static SSL_CTX *
context_new(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	must(context && key && certificate);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	must(X509_sign(certificate, key, EVP_sha256()) > 0);
	must(SSL_CTX_use_certificate(context, certificate) == 1);
	must(SSL_CTX_use_PrivateKey(context, key) == 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return context;
}

static void
shaken(struct bufferevent *bev, short what, void *arg)
{
	struct tls *it = arg;

	(void)bev;
	must(what == BEV_EVENT_CONNECTED);
	exchange_done(&it->exchange, 1);
}

static struct bufferevent *
end_new(struct tls *it, int fd, enum bufferevent_ssl_state state, int filter)
{
	struct bufferevent *bev = NULL;
	SSL *ssl = SSL_new(it->context);

	must(ssl);
	if (filter) {
		bev = bufferevent_socket_new(it->exchange.base, fd, BEV_OPT_CLOSE_ON_FREE);
		must(bev);
		bev = bufferevent_openssl_filter_new(it->exchange.base, bev, ssl, state,
		    BEV_OPT_CLOSE_ON_FREE);
	} else {
		bev = bufferevent_openssl_socket_new(it->exchange.base, fd, ssl, state,
		    BEV_OPT_CLOSE_ON_FREE);
	}
	must(bev);
	bufferevent_setcb(bev, NULL, NULL, shaken, it);
	must(bufferevent_enable(bev, EV_READ | EV_WRITE) == 0);
	return bev;
}

/* Both ends, until the handshake is over. */
static void
connect_ends(struct tls *it, int filter)
{
	int pair[2];

	worker_pair(pair);
	it->client = end_new(it, pair[0], BUFFEREVENT_SSL_CONNECTING, filter);
	it->server = end_new(it, pair[1], BUFFEREVENT_SSL_ACCEPTING, filter);
	exchange_run(it, 2);
}

static struct tls *
tls_new(void)
{
	struct tls *it = worker_memory(sizeof(*it));

	it->exchange.base = event_base_new();
	it->context = context_new();
	must(it->exchange.base);
	return it;
}

static void
free_ends(struct tls *it)
{
	bufferevent_free(it->client);
	bufferevent_free(it->server);
	event_base_loop(it->exchange.base, EVLOOP_NONBLOCK);
}

static void
end_only(void *state)
{
	struct tls *it = state;

	event_base_free(it->exchange.base);
	SSL_CTX_free(it->context);
	free(it);
}

static void
end(void *state)
{
	free_ends(state);
	end_only(state);
}

static void *
echo_begin(size_t message, int filter)
{
	struct tls *it = tls_new();

	it->exchange.message = message;
	connect_ends(it, filter);
	exchange_echo(&it->exchange, it->client, it->server);
	return it;
}

static void *
echo(int size)
{
	return echo_begin(size, 0);
}

static void *
echo_filter(int size)
{
	return echo_begin(size, 1);
}

/* 64 KiB in pieces, each of its own in the output. */
static void
refill(struct bufferevent *bev, void *arg)
{
	struct exchange *it = arg;
	struct evbuffer *output = bufferevent_get_output(bev);

	for (size_t done = 0; done < sizeof(block); done += it->message)
		must(evbuffer_add_reference(output, block, it->message, NULL, NULL) == 0);
}

static void *
bulk_begin(int size)
{
	struct tls *it = tls_new();

	it->exchange.message = size;
	connect_ends(it, 0);
	exchange_bulk(&it->exchange, it->client, it->server, refill);
	return it;
}

static void *
handshake_begin(int size)
{
	(void)size;
	return tls_new();
}

static void
handshake(void *state, int n)
{
	while (n-- > 0) {
		connect_ends(state, 0);
		free_ends(state);
	}
}

static const struct work works[] = {
	{ "tls-echo", echo, exchange_run, end, 10000, 64 },
	{ "tls-echo-8k", echo, exchange_run, end, 4000, 8192 },
	{ "tls-filter", echo_filter, exchange_run, end, 10000, 64 },
	{ "tls-filter-8k", echo_filter, exchange_run, end, 4000, 8192 },
	{ "tls-bulk-64k", bulk_begin, exchange_run_bulk, end, 65536, 65536 },
	{ "tls-bulk-512", bulk_begin, exchange_run_bulk, end, 16384, 512 },
	{ "tls-handshake", handshake_begin, handshake, end_only, 100, 0 },
};

WORKER(works)
