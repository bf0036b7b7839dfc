/* Secure random numbers. */
// runs: one-backend, one-locking
#include "capi.h"
#include <pthread.h>

TEST(everything_is_filled_and_nothing_else)
{
	static unsigned char bytes[100002];
	size_t size, i, zeros;

	for (size = 0; size <= 64; size++) {
		memset(bytes, 0xee, 66);
		evutil_secure_rng_get_bytes(bytes + 1, size);
		ck_assert_int_eq(bytes[0], 0xee);
		ck_assert_int_eq(bytes[size + 1], 0xee);
	}
	memset(bytes, 0, sizeof(bytes));
	evutil_secure_rng_get_bytes(bytes + 1, 100000);
	ck_assert_int_eq(bytes[0], 0);
	ck_assert_int_eq(bytes[100001], 0);
	/* 391 zeros are expected; 800 have a chance far below 10^-80. */
	for (i = zeros = 0; i < 100000; i++)
		zeros += bytes[i + 1] == 0;
	ck_assert_uint_gt(zeros, 100);
	ck_assert_uint_lt(zeros, 800);
	evutil_secure_rng_get_bytes(NULL, 0);
}

TEST(draws_differ)
{
	unsigned char a[32], b[32];

	evutil_secure_rng_get_bytes(a, sizeof(a));
	evutil_secure_rng_get_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}

static int child_pipe[2];

static void
draw_in_child(void *unused)
{
	unsigned char bytes[32];

	(void)unused;
	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	if (write(child_pipe[1], bytes, sizeof(bytes)) != sizeof(bytes))
		_exit(1);
}

TEST(parent_and_children_draw_different_numbers)
{
	unsigned char drawn[4][32];
	int i, j;

	ck_assert_int_eq(evutil_secure_rng_init(), 0);
	evutil_secure_rng_get_bytes(drawn[0], 32);
	ck_assert_int_eq(pipe(child_pipe), 0);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(capi_in_child(draw_in_child, NULL), 0);
		ck_assert_int_eq(read(child_pipe[0], drawn[i], 32), 32);
	}
	evutil_secure_rng_get_bytes(drawn[2], 32);
	evutil_secure_rng_get_bytes(drawn[3], 32);
	for (i = 0; i < 4; i++)
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(drawn[i], drawn[j], 32);
}

static void *
draw_much(void *result)
{
	int i;

	for (i = 0; i < 2000; i++)
		evutil_secure_rng_get_bytes(result, 32);
	return NULL;
}

TEST(threads_draw_different_numbers)
{
	unsigned char drawn[4][32];
	pthread_t threads[4];
	int i, j;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(
				     &threads[i], NULL, draw_much, drawn[i]),
		    0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < 4; i++)
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(drawn[i], drawn[j], 32);
}

TEST(init_and_added_bytes_are_accepted)
{
	static char entropy[5000];
	unsigned char a[32], b[32];

	ck_assert_int_eq(evutil_secure_rng_init(), 0);
	ck_assert_int_eq(evutil_secure_rng_init(), 0);
	evutil_secure_rng_add_bytes("", 0);
	evutil_secure_rng_add_bytes(entropy, sizeof(entropy));
	evutil_secure_rng_get_bytes(a, sizeof(a));
	evutil_secure_rng_add_bytes(entropy, sizeof(entropy));
	evutil_secure_rng_get_bytes(b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}

/* A chosen difference. */
TEST(the_device_file_can_be_set)
{
	static char device[] = "/dev/urandom", missing[] = "/no/such/file";

	ck_assert_int_eq(
	    evutil_secure_rng_set_urandom_device_file(device), 0);
	/* The file is only for kernels and sandboxes without getrandom. */
	ck_assert_int_eq(
	    evutil_secure_rng_set_urandom_device_file(missing), 0);
	ck_assert_int_eq(evutil_secure_rng_init(), 0);
	ck_assert_int_eq(evutil_secure_rng_set_urandom_device_file(NULL), 0);
}
