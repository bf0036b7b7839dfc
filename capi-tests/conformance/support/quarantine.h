/*
 * Memory hooks that never give a freed block back: it is filled with a pattern
 * and kept, so that whoever writes to it later is found out, the kernel too.
 */
#ifndef CAPI_QUARANTINE_H
#define CAPI_QUARANTINE_H

#include <pthread.h>

#define QUARANTINE_BLOCKS 100000
#define QUARANTINE_PATTERN 0xa5

struct kept {
	size_t size;
	unsigned char bytes[] __attribute__((aligned(16)));
};

static struct {
	pthread_mutex_t lock;
	struct kept *freed[QUARANTINE_BLOCKS];
	int count;
	long outstanding;
} quarantine = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *
quarantine_malloc(size_t size)
{
	struct kept *block = malloc(sizeof(*block) + size);

	block->size = size;
	__atomic_add_fetch(&quarantine.outstanding, 1, __ATOMIC_SEQ_CST);
	return block->bytes;
}

static void
quarantine_free(void *memory)
{
	struct kept *block = (struct kept *)((char *)memory - sizeof(*block));

	if (!memory)
		return;
	memset(block->bytes, QUARANTINE_PATTERN, block->size);
	__atomic_sub_fetch(&quarantine.outstanding, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&quarantine.lock);
	if (quarantine.count < QUARANTINE_BLOCKS)
		quarantine.freed[quarantine.count++] = block;
	pthread_mutex_unlock(&quarantine.lock);
}

static void *
quarantine_realloc(void *memory, size_t size)
{
	struct kept *block = (struct kept *)((char *)memory - sizeof(*block));
	void *fresh = quarantine_malloc(size);

	if (memory)
		memcpy(fresh, memory, block->size < size ? block->size : size);
	quarantine_free(memory);
	return fresh;
}

static inline void
quarantine_begin(void)
{
	event_set_mem_functions(
	    quarantine_malloc, quarantine_realloc, quarantine_free);
}

/* Nobody has written to freed memory. */
static inline void
quarantine_check(void)
{
	for (int i = 0; i < quarantine.count; i++) {
		const struct kept *block = quarantine.freed[i];
		size_t n = 0;

		/* An assertion for each byte would take minutes under valgrind. */
		while (n < block->size && block->bytes[n] == QUARANTINE_PATTERN)
			n++;
		ck_assert_msg(n == block->size, "block %d of %zu bytes was "
		    "written to at %zu after it was freed", i, block->size, n);
	}
}

#endif
