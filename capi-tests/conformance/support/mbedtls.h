/*
 * What the programs share that use mbedTLS besides OpenSSL. A program needs a line
 * `// links: openssl, mbedtls`.
 */
#ifndef CAPI_MBEDTLS_H
#define CAPI_MBEDTLS_H

#include "tls.h"

#include <mbedtls/ssl.h>
#include <openssl/pem.h>

static UNUSED mbedtls_ssl_config client, server;
static mbedtls_x509_crt certificate;
static mbedtls_pk_context key;

static int
random_bytes(void *arg UNUSED, unsigned char *out, size_t size)
{
	evutil_secure_rng_get_bytes(out, size);
	return 0;
}

static void
configure(mbedtls_ssl_config *config, int side)
{
	mbedtls_ssl_config_init(config);
	ck_assert_int_eq(mbedtls_ssl_config_defaults(config, side,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), 0);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_rng(config, random_bytes, NULL);
}

/* Both configurations, with the certificate of context(). */
static UNUSED void
configure_mbedtls(void)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *text;
	long size;

	PEM_write_bio_X509(memory, SSL_CTX_get0_certificate(context()));
	BIO_write(memory, "", 1);
	size = BIO_get_mem_data(memory, &text);
	ck_assert_int_eq(mbedtls_x509_crt_parse(
	    &certificate, (unsigned char *)text, size), 0);
	BIO_reset(memory);
	PEM_write_bio_PrivateKey(memory, SSL_CTX_get0_privatekey(context()),
	    NULL, NULL, 0, NULL, NULL);
	BIO_write(memory, "", 1);
	size = BIO_get_mem_data(memory, &text);
	ck_assert_int_eq(mbedtls_pk_parse_key(
	    &key, (unsigned char *)text, size, NULL, 0), 0);
	BIO_free(memory);
	configure(&client, MBEDTLS_SSL_IS_CLIENT);
	configure(&server, MBEDTLS_SSL_IS_SERVER);
	ck_assert_int_eq(
	    mbedtls_ssl_conf_own_cert(&server, &certificate, &key), 0);
}

static UNUSED void
begin_mbedtls(void)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	configure_mbedtls();
}

#endif
