/*
 * Bytes asked for and not given back, with one object or its share of many.
 * The figure stands where the other workers print nanoseconds.
 */
#include "worker.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stddef.h>

static long held;

/* The size goes before the block, which stays aligned. */
#define HEAD sizeof(max_align_t)

static void *
hold(size_t size)
{
	char *memory = malloc(size + HEAD);

	if (!memory)
		return NULL;
	*(size_t *)memory = size;
	held += size;
	return memory + HEAD;
}

static void
release(void *block)
{
	char *memory = block;

	if (!memory)
		return;
	held -= *(size_t *)(memory - HEAD);
	free(memory - HEAD);
}

static void *
resize(void *block, size_t size)
{
	void *fresh = hold(size);

	if (fresh && block) {
		size_t old = *(size_t *)((char *)block - HEAD);

		memcpy(fresh, block, old < size ? old : size);
		release(block);
	}
	return fresh;
}

static void
a_base(void)
{
	must(event_base_new());
}

static void
a_buffer(void)
{
	must(evbuffer_new());
}

static const struct {
	const char *name;
	void (*make)(void);
} objects[] = {
    {"memory-base", a_base},
    {"memory-buffer", a_buffer},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		if (argc == 2 && strcmp(argv[1], "list") == 0)
			puts(objects[i].name);
		if (argc != 3 || strcmp(argv[1], "time") != 0 ||
		    strcmp(argv[2], objects[i].name) != 0)
			continue;
		event_set_mem_functions(hold, resize, release);
		objects[i].make();
		printf("%s %ld\n", objects[i].name, held);
	}
	return 0;
}
