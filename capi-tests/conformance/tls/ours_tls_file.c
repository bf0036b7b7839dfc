// links: openssl
// runs: one-backend, one-locking
/*
 * Files in the output. Where the kernel encrypts, OpenSSL has it send them; few kernels of those
 * that run tests can, so that here OpenSSL only says so, and the program does the kernel's work.
 */
#include "tls.h"

#include <dlfcn.h>
#include <sys/mman.h>

#define GET_KTLS_SEND 73

static int by_kernel, blocked, calls;
static size_t sent, most;

/* Only the library is told so: OpenSSL itself would leave the encrypting to the kernel. */
long
BIO_ctrl(BIO *bio, int command, long number, void *arg)
{
	static long (*real)(BIO *, int, long, void *);
	Dl_info caller;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "BIO_ctrl");
	if (command == GET_KTLS_SEND &&
	    dladdr(__builtin_return_address(0), &caller) && caller.dli_fname &&
	    strstr(caller.dli_fname, "libevent"))
		return by_kernel;
	return real(bio, command, number, arg);
}

static int would_block;

ossl_ssize_t
SSL_sendfile(SSL *ssl, int fd, off_t offset, size_t size, int flags)
{
	static char bytes[65536];
	ssize_t n;
	int done;

	ck_assert_int_eq(flags, 0);
	ck_assert_uint_le(size, sizeof(bytes));
	calls++;
	if (most < size)
		most = size;
	would_block = blocked && calls % 2;
	if (would_block)
		return -1;
	n = pread(fd, bytes, size < 10000 ? size : 10000, offset);
	if (n <= 0)
		return n;
	done = SSL_write(ssl, bytes, (int)n);
	if (done > 0)
		sent += done;
	else
		would_block = 1;
	return done;
}

int
SSL_get_error(const SSL *ssl, int result)
{
	static int (*real)(const SSL *, int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "SSL_get_error");
	if (would_block) {
		would_block = 0;
		return SSL_ERROR_WANT_WRITE;
	}
	return real(ssl, result);
}

#define SIZE 100000

static char content[SIZE], arrived[SIZE + 100];

static int
new_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	for (int i = 0; i < SIZE; i++)
		content[i] = (char)(i * 7 + i / 1000);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, SIZE), SIZE);
	return fd;
}

static void
receive(size_t count)
{
	size_t total = 0;
	int size;

	for (int i = 0; i < 10000 && total < count; i++) {
		turn();
		while ((size = SSL_read(peer, arrived + total,
			    (int)(sizeof(arrived) - total))) > 0)
			total += size;
		ERR_clear_error();
	}
	ck_assert_uint_eq(total, count);
}

/* A head, a part of a file, and what follows. */
static void
send_all(void)
{
	open_tls(0);
	bufferevent_setcb(bev, tls_read, NULL, tls_event, "");
	say(bev, "head");
	ck_assert_int_eq(evbuffer_add_file(bufferevent_get_output(bev),
	    new_file(), 1000, SIZE - 1000), 0);
	say(bev, "tail");
	receive(SIZE - 1000 + 8);
	ck_assert(memcmp(arrived, "head", 4) == 0);
	ck_assert(memcmp(arrived + 4, content + 1000, SIZE - 1000) == 0);
	ck_assert(memcmp(arrived + SIZE - 996, "tail", 4) == 0);
	ck_assert_uint_eq(out(bev), 0);
	ck_assert_int_eq(told_events, 1);
}

TEST(encrypted_here)
{
	send_all();
	ck_assert_int_eq(calls, 0);
}

TEST(by_the_kernel)
{
	by_kernel = 1;
	send_all();
	ck_assert_uint_eq(sent, SIZE - 1000);
	ck_assert_uint_gt(most, 16384);
}

TEST(by_the_kernel_when_it_can)
{
	by_kernel = blocked = 1;
	send_all();
	ck_assert_uint_eq(sent, SIZE - 1000);
}

/* A limit holds for files, too. */
TEST(no_more_than_is_allowed)
{
	by_kernel = 1;
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_set_max_single_write(bev, 3000);
	ck_assert_int_eq(evbuffer_add_file(
	    bufferevent_get_output(bev), new_file(), 0, SIZE), 0);
	receive(SIZE);
	ck_assert_uint_eq(most, 3000);
	ck_assert(memcmp(arrived, content, SIZE) == 0);
}

TEST(limits_count_files)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *limit =
	    ev_token_bucket_cfg_new(100000, 100000, 40000, 40000, &hour);

	by_kernel = 1;
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	bufferevent_set_rate_limit(bev, limit);
	ck_assert_int_eq(evbuffer_add_file(
	    bufferevent_get_output(bev), new_file(), 0, SIZE), 0);
	for (int i = 0; i < 50; i++) {
		turn();
		peer_discards();
	}
	ck_assert_uint_ge(sent, 10000);
	ck_assert_uint_le(sent, 40000);
	bufferevent_set_rate_limit(bev, NULL);
	ev_token_bucket_cfg_free(limit);
}

/* What was meant for the kernel is encrypted here after all. */
TEST(the_kernel_stops)
{
	by_kernel = 1;
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	ck_assert_int_eq(evbuffer_add_file(
	    bufferevent_get_output(bev), new_file(), 0, SIZE), 0);
	by_kernel = 0;
	receive(SIZE);
	ck_assert_int_eq(calls, 0);
	ck_assert(memcmp(arrived, content, SIZE) == 0);
}

/* A file that has become shorter ends the connection. */
TEST(a_shorter_file)
{
	int fd = new_file();

	by_kernel = 1;
	open_tls(0);
	bufferevent_setcb(bev, NULL, NULL, tls_event, "");
	ck_assert_int_eq(evbuffer_add_file(
	    bufferevent_get_output(bev), dup(fd), 0, SIZE), 0);
	ck_assert_int_eq(ftruncate(fd, 30000), 0);
	for (int i = 0; i < 50; i++) {
		turn();
		peer_discards();
	}
	ck_notes("error+writing(EIO)");
	ck_assert_uint_eq(sent, 30000);
	close(fd);
}

TEST(as_a_filter)
{
	struct bufferevent *below;

	by_kernel = 1;
	begin();
	below = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bev = bufferevent_openssl_filter_new(base, below, new_ssl(),
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, tls_read, NULL, tls_event, "");
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	peer = new_ssl();
	SSL_set_accept_state(peer);
	SSL_set_fd(peer, pair[1]);
	shake();
	ck_assert_int_eq(evbuffer_add_file(
	    bufferevent_get_output(bev), new_file(), 0, SIZE), 0);
	receive(SIZE);
	ck_assert_int_eq(calls, 0);
	ck_assert(memcmp(arrived, content, SIZE) == 0);
}
