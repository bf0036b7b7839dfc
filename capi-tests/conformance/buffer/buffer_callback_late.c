/* What a callback that is added or enabled late learns of the changes before: nothing. */
#include "figures.h"

/* What changes a buffer, one way or the other. */
static void
change(int way, struct evbuffer *b, struct evbuffer *from, const int ends[2])
{
	struct evbuffer_iovec room;
	size_t length;
	char out[10];

	switch (way) {
	case 0:
		evbuffer_drain(b, 2);
		break;
	case 1:
		evbuffer_drain(b, 100);
		break;
	case 2:
		evbuffer_remove(b, out, 2);
		break;
	case 3:
		free(evbuffer_readln(b, &length, EVBUFFER_EOL_LF));
		break;
	case 4:
		evbuffer_remove_buffer(b, from, 3);
		break;
	case 5:
		evbuffer_remove_buffer(from, b, 2);
		break;
	case 6:
		evbuffer_add_buffer(from, b);
		break;
	case 7:
		evbuffer_prepend_buffer(b, from);
		break;
	case 8:
		evbuffer_write(b, ends[1]);
		break;
	case 9:
		evbuffer_write_atmost(b, ends[1], 2);
		break;
	case 10:
		evbuffer_read(b, ends[0], 3);
		break;
	case 11:
		ck_assert_int_eq(evbuffer_reserve_space(b, 10, &room, 1), 1);
		memset(room.iov_base, 'r', room.iov_len = 4);
		evbuffer_commit_space(b, &room, 1);
		break;
	case 12:
		evbuffer_add_printf(b, "xx");
		break;
	case 13:
		evbuffer_prepend(b, "p", 1);
		break;
	case 14:
		evbuffer_add_reference(b, "ref", 3, NULL, NULL);
		break;
	case 15:
		evbuffer_add_buffer_reference(b, from);
		break;
	case 16:
		evbuffer_pullup(b, -1);
		break;
	}
}

static void
trace_notes(int way)
{
	trace("%d %s", way, capi_log);
	capi_log[0] = '\0';
}

TEST(later_callbacks_learn_nothing_of_what_was)
{
	for (int way = 0; way <= 16; way++) {
		struct evbuffer *b = evbuffer_new(), *from = evbuffer_new();
		struct evbuffer_cb_entry *entry;
		int ends[2];

		ck_assert_int_eq(pipe(ends), 0);
		ck_assert_int_eq(write(ends[1], "pipe", 4), 4);
		evbuffer_add(b, "0123\n\n789", 9);
		evbuffer_add(from, "other", 5);
		change(way, b, from, ends);
		entry = evbuffer_add_cb(b, figures, "b");
		evbuffer_add_cb(from, figures, "from");
		evbuffer_add(b, "z", 1);
		evbuffer_add(from, "y", 1);
		trace_notes(way);
		/* The same while the callback is disabled. */
		evbuffer_add(b, "2345\n\n789", 9);
		trace_notes(way);
		evbuffer_cb_clear_flags(b, entry, EVBUFFER_CB_ENABLED);
		change(way, b, from, ends);
		evbuffer_cb_set_flags(b, entry, EVBUFFER_CB_ENABLED);
		evbuffer_add(b, "z", 1);
		trace_notes(way);
		evbuffer_free(b);
		evbuffer_free(from);
		close(ends[0]);
		close(ends[1]);
	}
}
