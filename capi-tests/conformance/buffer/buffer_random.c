/*
 * Long random sequences of all operations on three buffers. After every step
 * the buffers must hold what a plain array of bytes holds; and everything that
 * the library said - results, callback figures, cleanups, extents - goes into
 * a hash, which must be the same on every library.
 *
 * runs: one-backend
 *
 * BUFFER_STEPS=N runs N steps for each seed, BUFFER_SEED=S only that seed, and
 * BUFFER_SHOW=1 prints each step instead of hashing it.
 */
#include "buffer_steps.h"

#include <event2/buffer_compat.h>

static void
changed(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	(void)buffer;
	said("%s: %zu +%zu -%zu", (const char *)arg, info->orig_size,
	    info->n_added, info->n_deleted);
}

static void
changed_old(struct evbuffer *buffer, size_t before, size_t after, void *arg)
{
	(void)buffer;
	said("%s old: %zu %zu", (const char *)arg, before, after);
}

static void
check_bytes(struct model *m)
{
	static unsigned char copy[MOST];

	ck_assert_uint_eq(evbuffer_get_length(m->buffer), m->length);
	if (m->frozen_start)
		return;
	ck_assert_int_eq(
	    evbuffer_copyout(m->buffer, copy, MOST), (ev_ssize_t)m->length);
	ck_assert_mem_eq(copy, m->bytes, m->length);
}

static char names[BUFFERS][2] = {"a", "b", "c"};

static void
change_callbacks(struct model *m)
{
	char *name = names[m - models];

	switch (random_below(5)) {
	case 0:
		said("disable = %d", evbuffer_cb_clear_flags(m->buffer,
		    m->entry, EVBUFFER_CB_ENABLED));
		break;
	case 1:
		said("remove = %d", evbuffer_remove_cb(
		    m->buffer, changed, name));
		m->entry = evbuffer_add_cb(m->buffer, changed, name);
		break;
	case 2:
		said("setcb = %d", evbuffer_setcb(
		    m->buffer, changed_old, name));
		m->entry = evbuffer_add_cb(m->buffer, changed, name);
		break;
	case 3:
		said("only none = %d", evbuffer_setcb(m->buffer, NULL, NULL));
		m->entry = evbuffer_add_cb(m->buffer, changed, name);
		break;
	default:
		said("enable = %d", evbuffer_cb_set_flags(m->buffer, m->entry,
		    EVBUFFER_CB_ENABLED));
	}
}

static void
step(void)
{
	struct model *m = &models[random_below(BUFFERS)];
	struct model *other = &models[random_below(BUFFERS)];

	said("buffer %d", (int)(m - models));
	switch (random_below(18)) {
	case 0: case 1: case 2: add_something(m); break;
	case 3: add_printed(m); break;
	case 4: add_extents(m); break;
	case 5: case 6: take_something(m); break;
	case 7: take_from_position(m); break;
	case 8: pull_up(m); break;
	case 9: look(m); break;
	case 10: write_to_room(m); break;
	case 11: move(m, other); break;
	case 12: refer(m, other); break;
	case 13: add_file_part(m); break;
	case 14: find(m); break;
	case 15: lines(m); break;
	case 16: transfer(m); break;
	default:
		if (random_below(2))
			freeze(m);
		else
			change_callbacks(m);
	}
}

static void
run(uint64_t first_seed, int steps)
{
	char path[] = "/tmp/buffer_randomXXXXXX";
	int i, size = 1 << 20;

	seed = first_seed;
	hash = 14695981039346656037ULL;
	capi_pair(pair);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	file_fd = mkstemp(path);
	ck_assert_int_ge(file_fd, 0);
	unlink(path);
	fill(file_bytes, FILE_SIZE);
	ck_assert_int_eq(write(file_fd, file_bytes, FILE_SIZE), FILE_SIZE);
	segment = evbuffer_file_segment_new(
	    file_fd, FILE_SIZE / 2, FILE_SIZE / 2, 0);
	ck_assert_ptr_nonnull(segment);
	for (i = 0; i < BUFFERS; i++) {
		models[i].buffer = evbuffer_new();
		if (getenv("CAPI_THREADS"))
			ck_assert_int_eq(evbuffer_enable_locking(
			    models[i].buffer, NULL), 0);
		models[i].entry =
		    evbuffer_add_cb(models[i].buffer, changed, names[i]);
	}
	for (step_number = 0; step_number < steps; step_number++) {
		step();
		for (i = 0; i < BUFFERS; i++)
			check_bytes(&models[i]);
	}
	/* Buffers that share each other's bytes keep each other alive. */
	for (i = 0; i < BUFFERS; i++) {
		evbuffer_unfreeze(models[i].buffer, 1);
		evbuffer_drain(models[i].buffer, MOST);
	}
	for (i = 0; i < BUFFERS; i++)
		evbuffer_free(models[i].buffer);
	evbuffer_file_segment_free(segment);
	ck_assert_int_eq(cleanups, references);
	close(file_fd);
	close(pair[0]);
	close(pair[1]);
	trace("seed %llu: %016llx", (unsigned long long)first_seed,
	    (unsigned long long)hash);
}

static void
some_seeds(int first)
{
	const char *one = getenv("BUFFER_SEED"), *steps = getenv("BUFFER_STEPS");
	int i, n = steps ? atoi(steps) : 1500;

	show = getenv("BUFFER_SHOW") != NULL;
	if (one) {
		run(strtoull(one, NULL, 10), n);
		return;
	}
	for (i = 0; i < 12; i++) {
		memset(models, 0, sizeof(models));
		run((uint64_t)(first + i), n);
	}
}

TEST(random_steps_agree)
{
	some_seeds(1);
}

TEST(more_random_steps_agree)
{
	some_seeds(1000);
}
