/*
 * What the TLS programs share on top of bufferevents.h: contexts with a
 * certificate made on the spot, a peer that is a plain SSL without bufferevent,
 * and a handshake between the two.
 *
 * A program needs a line `// links: openssl`.
 */
#ifndef CAPI_TLS_H
#define CAPI_TLS_H

#include "bufferevents.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* The other end, on pair[1]. */
static UNUSED SSL *peer;
static UNUSED int connected, told_events, told_reads;

/* One context for both roles: a new key and a certificate by itself. */
static UNUSED SSL_CTX *
new_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	ck_assert_ptr_nonnull(ctx);
	ck_assert_ptr_nonnull(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static UNUSED SSL_CTX *
context(void)
{
	static SSL_CTX *ctx;

	if (!ctx)
		ctx = new_context();
	return ctx;
}

static UNUSED SSL *
new_ssl(void)
{
	SSL *ssl = SSL_new(context());

	ck_assert_ptr_nonnull(ssl);
	return ssl;
}

/* As note_event, counted. */
EVENT_CALLBACK(tls_event)
{
	note_event(b, what, arg);
	told_events++;
	if (what & BEV_EVENT_CONNECTED)
		connected++;
}

DATA_CALLBACK(tls_read)
{
	note_read(b, arg);
	told_reads++;
}

/* The errors that the bufferevent has kept, first come first: "294 1". The small
 * numbers are OpenSSL's classes, the others its reasons. */
static UNUSED const char *
errors_of(struct bufferevent *b)
{
	static char text[128];
	unsigned long error;

	text[0] = '\0';
	while ((error = bufferevent_get_openssl_error(b)) != 0)
		sprintf(text + strlen(text), "%s%d", text[0] ? " " : "",
		    error < 256 ? (int)error : ERR_GET_REASON(error));
	return text[0] ? text : "none";
}

/* New base and pair; bev is a TLS bufferevent on pair[0] that connects, peer
 * accepts on pair[1]. */
static UNUSED void
begin_tls(int options)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	bev = bufferevent_openssl_socket_new(base, pair[0], new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, options);
	ck_assert_ptr_nonnull(bev);
	bufferevent_setcb(bev, tls_read, note_write, tls_event, "");
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
}

/* Both ends take turns until *DONE is COUNT. */
static UNUSED void
pump_until(const int *done, int count)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	char byte;

	while (*done < count && capi_now_ms() < end) {
		turn();
		if (!SSL_is_init_finished(peer))
			SSL_do_handshake(peer);
		else
			SSL_peek(peer, &byte, 1);
	}
	ERR_clear_error();
	ck_assert_int_ge(*done, count);
	turn();
}

/* Ends the handshake of begin_tls(), and throws the notes away. */
static UNUSED void
shake(void)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	pump_until(&connected, 1);
	while (!SSL_is_init_finished(peer) && capi_now_ms() < end) {
		turn();
		SSL_do_handshake(peer);
	}
	ck_assert(SSL_is_init_finished(peer));
	ERR_clear_error();
	turn();
	capi_log[0] = '\0';
}

/* begin_tls() and shake(), both directions enabled. */
static UNUSED void
open_tls(int options)
{
	begin_tls(options);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	shake();
}

static UNUSED void
peer_says(const void *data, size_t size)
{
	ck_assert_int_eq(SSL_write(peer, data, (int)size), (int)size);
}

/* What the peer can read now, or "nothing", "closed", "broken". */
static UNUSED const char *
peer_got(void)
{
	static char text[65536];
	int size = SSL_read(peer, text, sizeof(text) - 1);

	if (size > 0) {
		text[size] = '\0';
		return text;
	}
	switch (SSL_get_error(peer, size)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return "nothing";
	case SSL_ERROR_ZERO_RETURN:
		return "closed";
	default:
		ERR_clear_error();
		return "broken";
	}
}

/* Throws away what the peer can read now; how much that was. */
static UNUSED size_t
peer_discards(void)
{
	static char block[16384];
	size_t total = 0;
	int size;

	while ((size = SSL_read(peer, block, sizeof(block))) > 0)
		total += size;
	ERR_clear_error();
	return total;
}

#endif
