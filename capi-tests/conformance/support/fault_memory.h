/*
 * Running out of memory: hooks that count, and refuse the n-th request.
 */
#ifndef CAPI_FAULT_MEMORY_H
#define CAPI_FAULT_MEMORY_H

#include "faults.h"

/* Blocks that were not given back. */
static UNUSED long blocks;
/* Requests since refuse(). */
static UNUSED long requests;
/* How many of them got nothing. */
static UNUSED long refused;
static long refuse_from = -1;
static int refuse_all;

static int
is_refused(void)
{
	long n = requests++;

	if (refuse_from < 0 || n < refuse_from ||
	    (n > refuse_from && !refuse_all))
		return 0;
	refused++;
	return 1;
}

/* They leave errno to the library. */
static void *
counting_malloc(size_t size)
{
	if (is_refused())
		return NULL;
	blocks++;
	return malloc(size);
}

static void *
counting_realloc(void *block, size_t size)
{
	if (is_refused())
		return NULL;
	blocks += block == NULL;
	return realloc(block, size);
}

static void
counting_free(void *block)
{
	blocks -= block != NULL;
	free(block);
}

/* Before the locks, which take memory too, if the program sets them up itself. */
static UNUSED void
hook_memory(void)
{
	event_set_mem_functions(
	    counting_malloc, counting_realloc, counting_free);
	event_set_log_callback(count_warnings);
#ifdef CAPI_OWN_LOCKS
	capi_use_threads();
#endif
}

/* Request N fails, counted from 0, and all that follow if ONWARDS. */
static UNUSED void
refuse(long n, int onwards)
{
	requests = refused = 0;
	refuse_from = n;
	refuse_all = onwards;
}

static UNUSED void
refuse_nothing(void)
{
	refuse_from = -1;
}

#endif
