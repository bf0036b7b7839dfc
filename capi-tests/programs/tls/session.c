/*
 * A TLS session between two bufferevents in one loop: tls_session() returns 0
 * when an answer has come back through it. With -DMAIN it is a program.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int tls_session(void);

static SSL_CTX *
context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}

static void
check(struct bufferevent *bev, void *arg)
{
	char text[16] = "";

	if (evbuffer_get_length(bufferevent_get_input(bev)) < 5)
		return;
	bufferevent_read(bev, text, sizeof(text) - 1);
	event_base_loopexit(bufferevent_get_base(bev), NULL);
	*(int *)arg = strcmp(text, "hello");
}

int
tls_session(void)
{
	struct event_base *base = event_base_new();
	struct timeval limit = {20, 0};
	SSL_CTX *ctx = context();
	struct bufferevent *ends[3];
	int pair[2], wrong = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
		return 2;
	/* One end on a socket, the other on top of a bufferevent. */
	ends[0] = bufferevent_openssl_socket_new(base, pair[0], SSL_new(ctx),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	ends[2] = bufferevent_socket_new(base, pair[1], BEV_OPT_CLOSE_ON_FREE);
	ends[1] = bufferevent_openssl_filter_new(base, ends[2], SSL_new(ctx),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!ends[0] || !ends[1])
		return 3;
	bufferevent_setcb(ends[0], check, NULL, NULL, &wrong);
	bufferevent_setcb(ends[1], echo, NULL, NULL, NULL);
	bufferevent_enable(ends[0], EV_READ | EV_WRITE);
	bufferevent_enable(ends[1], EV_READ | EV_WRITE);
	bufferevent_write(ends[0], "hello", 5);
	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	bufferevent_free(ends[0]);
	bufferevent_free(ends[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	SSL_CTX_free(ctx);
	return wrong;
}

#ifdef MAIN
int
main(void)
{
	int result = tls_session();

	puts(result ? "failed" : "answered");
	return result;
}
#endif
