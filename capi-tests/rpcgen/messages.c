/*
 * What the code does that event_rpcgen makes of messages.rpc. It is part of this
 * program, so that its memory can be counted and can run out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The allocation after which there is no memory; none if negative. */
static long fail_at = -1;
/* Blocks that nobody has freed. */
static long live;

static int
no_memory(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

static void *
test_malloc(size_t size)
{
	void *block = no_memory() ? NULL : malloc(size);

	live += block != NULL;
	return block;
}

static void *
test_calloc(size_t count, size_t size)
{
	void *block = test_malloc(count * size);

	if (block)
		memset(block, 0, count * size);
	return block;
}

static void *
test_realloc(void *old, size_t size)
{
	void *block = no_memory() ? NULL : realloc(old, size);

	live += block != NULL && old == NULL;
	return block;
}

static void
test_free(void *block)
{
	live -= block != NULL;
	free(block);
}

#define malloc test_malloc
#define calloc test_calloc
#define realloc test_realloc
#define free test_free
#include "messages.gen.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

#define CHECK(condition)                                                     \
	do {                                                                 \
		if (!(condition)) {                                          \
			fprintf(stderr, "line %d: %s\n", __LINE__,           \
			    #condition);                                     \
			exit(1);                                             \
		}                                                            \
	} while (0)

static void
be_quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

static const ev_uint8_t bytes[4] = {0xde, 0xad, 0, 0xef};

/* 0, or -1 for want of memory. */
static int
fill(struct every *msg)
{
	struct part *part = NULL, *added;

	if (EVTAG_ASSIGN(msg, number, 0x12) == -1 ||
	    EVTAG_ASSIGN(msg, maybe_number, 0) == -1 ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, numbers, 1) ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, numbers, 0x100) ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, numbers, 3) ||
	    EVTAG_ASSIGN(msg, long_number, (ev_uint64_t)1 << 32) == -1 ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, longs, 5) ||
	    EVTAG_ASSIGN(msg, text, "hi") == -1 ||
	    EVTAG_ASSIGN(msg, maybe_text, "") == -1 ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, texts, "a") ||
	    !EVTAG_ARRAY_ADD_VALUE(msg, texts, "") ||
	    EVTAG_ASSIGN_WITH_LEN(msg, data, bytes, 3) == -1 ||
	    EVTAG_ASSIGN_WITH_LEN(msg, maybe_data, NULL, 0) == -1 ||
	    EVTAG_ASSIGN(msg, hash, bytes) == -1 ||
	    EVTAG_GET(msg, part, &part) == -1 ||
	    EVTAG_ASSIGN(part, value, 9) == -1 ||
	    EVTAG_ASSIGN(msg, maybe_part, part) == -1 ||
	    EVTAG_ASSIGN(part, name, "p") == -1 ||
	    (added = EVTAG_ARRAY_ADD(msg, parts)) == NULL ||
	    EVTAG_ASSIGN(added, value, 1) == -1 ||
	    (added = EVTAG_ARRAY_ADD(msg, parts)) == NULL ||
	    EVTAG_ASSIGN(added, value, 2) == -1)
		return -1;
	return 0;
}

/* What fill() makes, as the wire format has it. */
static const char filled[] =
    "01021210" "020100" "030101" "03022001" "030103"
    "04058000000001" "060105"
    "07026869" "0800" "090161" "0900"
    "0a03dead00" "0b00" "0c04dead00ef"
    "0e06" "010109" "020170"
    "802003" "010109"
    "1003" "010101" "1003" "010102";

static int
is_hex(struct evbuffer *buf, const char *hex)
{
	size_t n = evbuffer_get_length(buf), i;
	const unsigned char *data = evbuffer_pullup(buf, -1);
	unsigned value;

	if (strlen(hex) != 2 * n)
		return 0;
	for (i = 0; i < n; i++)
		if (sscanf(hex + 2 * i, "%2x", &value) != 1 || value != data[i])
			return 0;
	return 1;
}

static struct evbuffer *
of_hex(const char *hex)
{
	struct evbuffer *buf = evbuffer_new();
	unsigned value;
	unsigned char byte;

	for (; sscanf(hex, "%2x", &value) == 1; hex += 2) {
		byte = (unsigned char)value;
		evbuffer_add(buf, &byte, 1);
	}
	return buf;
}

static void
a_message_survives(void)
{
	struct every *msg = every_new(), *copy = every_new_with_arg(NULL);
	struct evbuffer *buf = evbuffer_new();
	struct part *part;
	ev_uint32_t number, length;
	ev_uint64_t long_number;
	ev_uint8_t *data;
	char *text;

	CHECK(every_complete(msg) == -1);
	CHECK(fill(msg) == 0);
	CHECK(every_complete(msg) == 0);
	every_marshal(buf, msg);
	CHECK(is_hex(buf, filled));
	CHECK(every_unmarshal(copy, buf) == 0);
	CHECK(evbuffer_get_length(buf) == 0);

	CHECK(EVTAG_HAS(copy, maybe_number) && !EVTAG_HAS(copy, maybe_long));
	CHECK(EVTAG_GET(copy, maybe_number, &number) == 0 && number == 0);
	CHECK(EVTAG_GET(copy, maybe_long, &long_number) == -1);
	CHECK(EVTAG_ARRAY_LEN(copy, numbers) == 3);
	CHECK(EVTAG_ARRAY_GET(copy, numbers, 1, &number) == 0);
	CHECK(number == 0x100);
	CHECK(EVTAG_ARRAY_GET(copy, numbers, 3, &number) == -1);
	CHECK(EVTAG_ARRAY_GET(copy, numbers, -1, &number) == -1);
	CHECK(EVTAG_ARRAY_GET(copy, texts, 1, &text) == 0 && !*text);
	CHECK(EVTAG_GET(copy, text, &text) == 0 && !strcmp(text, "hi"));
	CHECK(EVTAG_GET_WITH_LEN(copy, data, &data, &length) == 0);
	CHECK(length == 3 && !memcmp(data, bytes, 3));
	CHECK(EVTAG_GET_WITH_LEN(copy, maybe_data, &data, &length) == 0);
	CHECK(length == 0 && data != NULL);
	CHECK(EVTAG_GET(copy, hash, &data) == 0 && !memcmp(data, bytes, 4));
	CHECK(EVTAG_GET(copy, maybe_hash, &data) == -1);
	CHECK(EVTAG_ARRAY_GET(copy, parts, 1, &part) == 0);
	CHECK(EVTAG_GET(part, value, &number) == 0 && number == 2);
	CHECK(EVTAG_GET(part, name, &text) == -1);

	every_marshal(buf, copy);
	CHECK(is_hex(buf, filled));
	every_clear(copy);
	CHECK(!EVTAG_HAS(copy, part) && EVTAG_ARRAY_LEN(copy, parts) == 0);
	CHECK(every_complete(copy) == -1);
	CHECK(every_unmarshal(copy, buf) == 0);
	every_free(msg);
	every_free(copy);
	every_free(NULL);
	evbuffer_free(buf);
	CHECK(live == 0);
}

static void
values_are_replaced(void)
{
	struct every *msg = every_new();
	struct named *named = named_new();
	struct part *part, *again;
	ev_uint32_t number;
	char *text, **element;

	CHECK(fill(msg) == 0);
	CHECK(EVTAG_ASSIGN(msg, text, "longer") == 0);
	CHECK(EVTAG_GET(msg, text, &text) == 0);
	/* A value may be part of what it replaces. */
	CHECK(EVTAG_ASSIGN(msg, text, text + 3) == 0);
	CHECK(EVTAG_GET(msg, text, &text) == 0 && !strcmp(text, "ger"));
	CHECK((*msg->base->numbers_assign)(msg, 2, 7) == 0);
	CHECK((*msg->base->numbers_assign)(msg, 3, 7) == -1);
	CHECK(EVTAG_ARRAY_GET(msg, numbers, 2, &number) == 0 && number == 7);
	CHECK((*msg->base->texts_assign)(msg, 0, "b") == 0);
	CHECK(EVTAG_ARRAY_GET(msg, texts, 0, &text) == 0 && *text == 'b');
	element = EVTAG_ARRAY_ADD_VALUE(msg, texts, text);
	CHECK(element && *element != text && !strcmp(*element, "b"));
	/* The struct stays where it is. */
	CHECK(EVTAG_GET(msg, part, &part) == 0);
	CHECK(EVTAG_ARRAY_GET(msg, parts, 1, &again) == 0);
	CHECK(EVTAG_ASSIGN(msg, part, again) == 0);
	CHECK(EVTAG_GET(msg, part, &again) == 0 && again == part);
	CHECK(EVTAG_GET(part, value, &number) == 0 && number == 2);
	CHECK(EVTAG_ASSIGN(msg, part, part) == 0);
	CHECK(EVTAG_GET(part, value, &number) == 0 && number == 2);
	CHECK((*msg->base->parts_assign)(msg, 0, part) == 0);
	CHECK((*msg->base->parts_assign)(msg, 2, part) == -1);
	/* One that isn't complete is no value. */
	CHECK(EVTAG_ASSIGN(msg, named, named) == -1);
	CHECK(!EVTAG_HAS(msg, named));
	CHECK(EVTAG_ASSIGN(named, name, "n") == 0);
	CHECK(EVTAG_ASSIGN(msg, named, named) == 0);
	CHECK(EVTAG_ARRAY_ADD(msg, nameds) != NULL);
	CHECK((*msg->base->nameds_assign)(msg, 0, named) == 0);
	named_clear(named);
	CHECK((*msg->base->nameds_assign)(msg, 0, named) == -1);
	named_free(named);
	every_free(msg);
	CHECK(live == 0);
}

static void
asking_for_a_struct_makes_it(void)
{
	struct every *msg = every_new();
	struct part *part;

	CHECK(fill(msg) == 0);
	CHECK(EVTAG_GET(msg, maybe_part, &part) == 0);
	CHECK(every_complete(msg) == 0);
	part_clear(part);
	CHECK(EVTAG_HAS(msg, maybe_part) && every_complete(msg) == -1);
	CHECK(EVTAG_ASSIGN(part, value, 1) == 0);
	CHECK(every_complete(msg) == 0);
	every_free(msg);
	CHECK(live == 0);
}

static int
reads(const char *hex)
{
	struct evbuffer *buf = of_hex(hex);
	struct every *msg = every_new();
	int result = every_unmarshal(msg, buf);

	every_free(msg);
	evbuffer_free(buf);
	return result == 0;
}

static void
wrong_messages_are_refused(void)
{
	char text[sizeof(filled) + 8], cut[sizeof(filled)];
	struct nothing *nothing = nothing_new();
	struct evbuffer *buf = evbuffer_new();
	size_t i;

	CHECK(reads(filled));
	/* A field that nobody knows, one that comes twice, one of another type. */
	snprintf(text, sizeof(text), "%s7f00", filled);
	CHECK(!reads(text));
	snprintf(text, sizeof(text), "010112%s", filled);
	CHECK(!reads(text));
	snprintf(text, sizeof(text), "%s030100", filled);
	CHECK(reads(text));
	snprintf(text, sizeof(text), "%s0300", filled);
	CHECK(!reads(text));
	/* No truncation is read, but where only elements of the last array lack. */
	for (i = 0; i < strlen(filled); i += 2) {
		snprintf(cut, sizeof(cut), "%.*s", (int)i, filled);
		CHECK(!reads(cut) || i == strlen(filled) - 10 ||
		    i == strlen(filled) - 20 || i == strlen(filled) - 32);
	}
	/* Nothing is a message if nothing is required. */
	CHECK(nothing_unmarshal(nothing, buf) == 0);
	evbuffer_free(buf);
	buf = of_hex("0101050101");
	CHECK(nothing_unmarshal(nothing, buf) == -1);
	nothing_free(nothing);
	evbuffer_free(buf);
	CHECK(live == 0);
}

static void
messages_that_are_not_filled(void)
{
	struct every *msg = every_new();
	struct empty *empty = empty_new();
	struct evbuffer *buf = evbuffer_new();

	/* What is required is written as far as it has a value. */
	every_marshal(buf, msg);
	CHECK(is_hex(buf, "010100" "040100" "0a00" "0c0400000000"));
	every_free(msg);
	evbuffer_drain(buf, 100);
	empty_marshal(buf, empty);
	CHECK(evbuffer_get_length(buf) == 0);
	CHECK(empty_complete(empty) == 0);
	CHECK(empty_unmarshal(empty, buf) == 0);
	empty_clear(empty);
	empty_free(empty);
	evbuffer_free(buf);
	CHECK(live == 0);
}

static struct list *
nested(int depth)
{
	struct list *first = list_new(), *last = first;

	while (--depth > 0)
		CHECK(EVTAG_GET(last, next, &last) == 0);
	return first;
}

static void
depth_has_a_limit(void)
{
	struct list *list = nested(EVENT_RPCGEN_MAX_DEPTH);
	struct list *copy = list_new();
	struct evbuffer *buf = evbuffer_new();

	evtag_marshal_list(buf, 7, list);
	CHECK(evtag_unmarshal_list(buf, 7, copy) == 0);
	list_free(list);
	list = nested(EVENT_RPCGEN_MAX_DEPTH + 1);
	list_clear(copy);
	list_marshal(buf, list);
	CHECK(list_unmarshal(copy, buf) == -1);
	list_free(list);
	list_free(copy);
	evbuffer_free(buf);
	CHECK(live == 0);
}

/* A message within a field of another tag. */
static void
fields_of_messages(void)
{
	struct part *part = part_new();
	struct evbuffer *buf = evbuffer_new();

	CHECK(EVTAG_ASSIGN(part, value, 3) == 0);
	evtag_marshal_part(buf, 9, part);
	CHECK(is_hex(buf, "0903" "010103"));
	CHECK(evtag_unmarshal_part(buf, 8, part) == -1);
	part_clear(part);
	evtag_marshal_part(buf, 9, part);
	part_free(part);
	evbuffer_free(buf);
	CHECK(live == 0);
}

/* The n-th allocation fails, for all n: nothing leaks, and what was there stays. */
static void
memory_runs_out(void)
{
	struct every *msg, *copy;
	struct evbuffer *buf = of_hex(filled), *source;
	long n;
	int filled_in = 0, read_in = 0;

	for (n = 0; !filled_in; n++) {
		fail_at = n;
		msg = every_new();
		filled_in = msg && fill(msg) == 0;
		fail_at = -1;
		every_free(msg);
		CHECK(live == 0 && n < 1000);
	}
	for (n = 0; !read_in; n++) {
		copy = every_new();
		source = evbuffer_new();
		evbuffer_add_buffer_reference(source, buf);
		fail_at = n;
		read_in = every_unmarshal(copy, source) == 0;
		fail_at = -1;
		evbuffer_free(source);
		every_free(copy);
		CHECK(live == 0 && n < 1000);
	}
	evbuffer_free(buf);
}

int
main(void)
{
	event_set_log_callback(be_quiet);
	a_message_survives();
	values_are_replaced();
	asking_for_a_struct_makes_it();
	wrong_messages_are_refused();
	messages_that_are_not_filled();
	depth_has_a_limit();
	fields_of_messages();
	memory_runs_out();
	return 0;
}
