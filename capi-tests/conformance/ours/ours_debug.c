/* Misuse that debug mode of libevent 2.1 misses, because it asks the memory of the event. */
// runs: one-backend
#include "events.h"

static int errors_logged;

static void
log_errors(int severity, const char *message UNUSED)
{
	errors_logged += severity == EVENT_LOG_ERR;
}

static void
fatal(int code UNUSED)
{
	exit(errors_logged == 1 ? 42 : 99);
}

struct block {
	size_t size;
	unsigned char bytes[] __attribute__((aligned(16)));
};

static void *
clean_malloc(size_t size)
{
	struct block *block = malloc(sizeof(*block) + size);

	block->size = size;
	return block->bytes;
}

/* Nothing is left of what it held; the block itself is never given back. */
static void
clean_free(void *memory)
{
	struct block *block = (struct block *)((char *)memory - sizeof(*block));

	if (memory)
		memset(memory, 0, block->size);
}

static void *
clean_realloc(void *memory, size_t size)
{
	struct block *block = (struct block *)((char *)memory - sizeof(*block));
	void *fresh = clean_malloc(size);

	if (memory)
		memcpy(fresh, memory, block->size < size ? block->size : size);
	clean_free(memory);
	return fresh;
}

static void
begin_debugging(void)
{
	event_set_mem_functions(clean_malloc, clean_realloc, clean_free);
	event_set_log_callback(log_errors);
	event_set_fatal_callback(fatal);
	event_enable_debug_mode();
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
}

TEST_EXITS(freed_twice, 42)
{
	begin_debugging();
	event_free(ev);
	event_free(ev);
}

TEST_EXITS(freed_after_it_was_finalized_and_freed, 42)
{
	begin_debugging();
	ck_assert_int_eq(event_free_finalize(0, ev, NULL), 0);
	ck_assert_int_ge(turn(), 0);
	event_free(ev);
}

/* As on memory that never held an event. */
TEST(deleting_what_is_clean_is_harmless)
{
	begin_debugging();
	event_free(ev);
	ck_assert_int_eq(event_del(ev), -1);
	ck_assert_int_eq(pending(ev), 0);
	ck_assert_int_eq(event_initialized(ev), 0);
	ck_assert_int_eq(errors_logged, 0);
}
