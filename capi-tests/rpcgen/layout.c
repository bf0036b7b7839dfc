/*
 * The struct of a message is part of the interface: macros and programs that were
 * compiled elsewhere reach its members.
 */
#include <stddef.h>

#include "messages.gen.h"

struct expected {
	struct every_access_ *base;
	ev_uint32_t number_data, maybe_number_data, *numbers_data;
	int numbers_length, numbers_num_allocated;
	ev_uint64_t long_number_data, maybe_long_data, *longs_data;
	int longs_length, longs_num_allocated;
	char *text_data, *maybe_text_data, **texts_data;
	int texts_length, texts_num_allocated;
	ev_uint8_t *data_data;
	ev_uint32_t data_length;
	ev_uint8_t *maybe_data_data;
	ev_uint32_t maybe_data_length;
	ev_uint8_t hash_data[4], maybe_hash_data[3];
	struct part *part_data, *maybe_part_data, **parts_data;
	int parts_length, parts_num_allocated;
	struct named *named_data, **nameds_data;
	int nameds_length, nameds_num_allocated;
	ev_uint8_t number_set, maybe_number_set, numbers_set, long_number_set,
	    maybe_long_set, longs_set, text_set, maybe_text_set, texts_set,
	    data_set, maybe_data_set, hash_set, maybe_hash_set, part_set,
	    maybe_part_set, parts_set, named_set, nameds_set;
};

#define SAME(member)                                                         \
	_Static_assert(offsetof(struct every, member) ==                     \
	    offsetof(struct expected, member) &&                             \
	    sizeof(((struct every *)0)->member) ==                           \
	    sizeof(((struct expected *)0)->member), #member)
SAME(base);
SAME(number_data);
SAME(maybe_number_data);
SAME(numbers_data);
SAME(numbers_length);
SAME(numbers_num_allocated);
SAME(long_number_data);
SAME(maybe_long_data);
SAME(longs_data);
SAME(longs_length);
SAME(text_data);
SAME(maybe_text_data);
SAME(texts_data);
SAME(texts_length);
SAME(data_data);
SAME(data_length);
SAME(maybe_data_data);
SAME(maybe_data_length);
SAME(hash_data);
SAME(maybe_hash_data);
SAME(part_data);
SAME(maybe_part_data);
SAME(parts_data);
SAME(parts_length);
SAME(named_data);
SAME(nameds_data);
SAME(nameds_num_allocated);
SAME(number_set);
SAME(numbers_set);
SAME(text_set);
SAME(data_set);
SAME(maybe_hash_set);
SAME(parts_set);
SAME(nameds_set);
_Static_assert(sizeof(struct every) == sizeof(struct expected), "size");

struct expected_access {
	int (*number_assign)(struct every *, const ev_uint32_t);
	int (*number_get)(struct every *, ev_uint32_t *);
	int (*maybe_number_assign)(struct every *, const ev_uint32_t);
	int (*maybe_number_get)(struct every *, ev_uint32_t *);
	int (*numbers_assign)(struct every *, int, const ev_uint32_t);
	int (*numbers_get)(struct every *, int, ev_uint32_t *);
	ev_uint32_t *(*numbers_add)(struct every *, const ev_uint32_t);
};
_Static_assert(offsetof(struct every_access_, numbers_add) ==
    offsetof(struct expected_access, numbers_add), "order");

/* The tags, and the prototypes that differ most. */
_Static_assert(EVERY_NUMBER == 1 && EVERY_MAYBE_PART == 0x1000 &&
    EVERY_MAX_TAGS == 19 && EMPTY_MAX_TAGS == 0, "tags");
int every_data_get(struct every *, ev_uint8_t **, ev_uint32_t *);
int every_hash_assign(struct every *, const ev_uint8_t *);
int every_part_assign(struct every *, const struct part *);
struct part *every_parts_add(struct every *);
char **every_texts_add(struct every *, const char *);
int every_texts_get(struct every *, int, char **);
