/*
 * A TLS session between two bufferevents in one loop: tls_session() returns 0
 * when an answer has come back through it. With -DMAIN it is a program, with
 * -DMBEDTLS on mbedTLS, with -DSANDBOX the process is killed if it opens a file
 * once the program's own part is ready.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int tls_session(void);

enum { CLIENT, SERVER };

#ifdef MBEDTLS
#include <mbedtls/ssl.h>

static mbedtls_ssl_config configs[2];

static int
random_bytes(void *arg, unsigned char *out, size_t size)
{
	(void)arg;
	evutil_secure_rng_get_bytes(out, size);
	return 0;
}

static void
configure(void)
{
	for (int side = CLIENT; side <= SERVER; side++) {
		mbedtls_ssl_config *config = &configs[side];

		mbedtls_ssl_config_init(config);
		mbedtls_ssl_config_defaults(config,
		    side == CLIENT ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
		    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
		mbedtls_ssl_conf_rng(config, random_bytes, NULL);
		mbedtls_ssl_conf_psk(config, (const unsigned char *)"a key: 16 bytes.",
		    16, (const unsigned char *)"name", 4);
	}
}

static void
forget_configuration(void)
{
	for (int side = CLIENT; side <= SERVER; side++)
		mbedtls_ssl_config_free(&configs[side]);
}

#define NEW_SESSION(side) bufferevent_mbedtls_dyncontext_new(&configs[side])
#define ON_SOCKET bufferevent_mbedtls_socket_new
#define ON_BUFFEREVENT bufferevent_mbedtls_filter_new
#else
#include <openssl/ssl.h>
#include <openssl/x509.h>

static SSL_CTX *ctx;

static void
configure(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	ctx = SSL_CTX_new(TLS_method());
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
forget_configuration(void)
{
	SSL_CTX_free(ctx);
}

#define NEW_SESSION(side) SSL_new(ctx)
#define ON_SOCKET bufferevent_openssl_socket_new
#define ON_BUFFEREVENT bufferevent_openssl_filter_new
#endif

#ifdef SANDBOX
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int
forbid(int number)
{
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int
enter_sandbox(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
#ifdef SYS_open
	if (forbid(SYS_open))
		return -1;
#endif
	return forbid(SYS_openat);
}
#else
static int
enter_sandbox(void)
{
	return 0;
}
#endif

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
	struct bufferevent *ends[3];
	int pair[2], wrong = 1;

	configure();
	if (enter_sandbox())
		return 4;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
		return 2;
	/* One end on a socket, the other on top of a bufferevent. */
	ends[0] = ON_SOCKET(base, pair[0], NEW_SESSION(CLIENT),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	ends[2] = bufferevent_socket_new(base, pair[1], BEV_OPT_CLOSE_ON_FREE);
	ends[1] = ON_BUFFEREVENT(base, ends[2], NEW_SESSION(SERVER),
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
	forget_configuration();
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
