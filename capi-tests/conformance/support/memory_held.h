/*
 * How much memory the library holds, and how much it held at most, by its hooks: what a process has
 * resident depends on the tool that it runs under.
 */
#ifndef CAPI_MEMORY_HELD_H
#define CAPI_MEMORY_HELD_H

#include <malloc.h>

static UNUSED long held, held_most;

static void *
count_held(void *block)
{
	held += block ? malloc_usable_size(block) : 0;
	held_most = held > held_most ? held : held_most;
	return block;
}

static void *
holding_malloc(size_t size)
{
	return count_held(malloc(size));
}

static void
holding_free(void *block)
{
	held -= block ? malloc_usable_size(block) : 0;
	free(block);
}

static void *
holding_realloc(void *block, size_t size)
{
	held -= block ? malloc_usable_size(block) : 0;
	return count_held(realloc(block, size));
}

/* At the start of a test. */
static UNUSED void
watch_memory(void)
{
	event_set_mem_functions(holding_malloc, holding_realloc, holding_free);
}

/* What is held at most counts from here on. */
static UNUSED void
forget_memory(void)
{
	held_most = held;
}

#endif
