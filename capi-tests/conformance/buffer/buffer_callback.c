/*
 * Callbacks of evbuffers: figures, order, removal and freeing from inside,
 * flags, the old kind, deferral, cleanups.
 */
#include "figures.h"

#include <event2/buffer_compat.h>

static struct evbuffer *buf, *other;
static struct event_base *base;

static void
old_figures(struct evbuffer *b, size_t before, size_t after, void *arg)
{
	(void)b;
	note("%s:%zu>%zu", (char *)arg, before, after);
}

static void
set_up(void)
{
	buf = evbuffer_new();
	other = evbuffer_new();
	evbuffer_add_cb(buf, figures, "b");
	evbuffer_add_cb(other, figures, "o");
}

TEST(figures_of_every_change)
{
	struct evbuffer_iovec room[2], extents[2] = {{"abc", 3}, {"de", 2}};
	char out[10];

	set_up();
	evbuffer_add(buf, "hello", 5);
	ck_notes("b:0+5-0=5");
	evbuffer_prepend(buf, "xy", 2);
	ck_notes("b:5+2-0=7");
	evbuffer_drain(buf, 1);
	ck_notes("b:7+0-1=6");
	evbuffer_remove(buf, out, 2);
	ck_notes("b:6+0-2=4");
	evbuffer_copyout(buf, out, 2);
	evbuffer_pullup(buf, -1);
	evbuffer_expand(buf, 1000);
	ck_notes("");
	evbuffer_add_printf(buf, "%d", 42);
	ck_notes("b:4+2-0=6");
	evbuffer_add_printf(buf, "%s", "");
	ck_notes("");
	evbuffer_reserve_space(buf, 10, room, 2);
	room[0].iov_len = 3;
	memcpy(room[0].iov_base, "rst", 3);
	evbuffer_commit_space(buf, room, 1);
	ck_notes("b:6+3-0=9");
	evbuffer_add_iovec(buf, extents, 2);
	ck_notes("b:9+3-0=12 b:12+2-0=14");
	evbuffer_add_reference(buf, "ref", 3, NULL, NULL);
	ck_notes("b:14+3-0=17");
	evbuffer_add_buffer(other, buf);
	ck_notes("b:17+0-17=0 o:0+17-0=17");
	evbuffer_prepend_buffer(buf, other);
	ck_notes("o:17+0-17=0 b:0+17-0=17");
	evbuffer_remove_buffer(buf, other, 5);
	ck_notes("o:0+5-0=5 b:17+0-5=12");
	evbuffer_add_buffer_reference(other, buf);
	ck_notes("o:5+12-0=17");
	evbuffer_drain(buf, 100);
	ck_notes("b:12+0-12=0");
	evbuffer_drain(buf, 100);
	evbuffer_add(buf, "", 0);
	evbuffer_prepend(buf, "", 0);
	evbuffer_add_buffer(other, buf);
	evbuffer_remove_buffer(buf, other, 3);
	ck_notes("");
	evbuffer_free(buf);
	evbuffer_free(other);
	ck_notes("");
}

TEST(a_line_is_two_changes)
{
	set_up();
	evbuffer_add(buf, "one\r\n\ntwo", 9);
	ck_notes("b:0+9-0=9");
	free(evbuffer_readln(buf, NULL, EVBUFFER_EOL_CRLF));
	ck_notes("b:9+0-3=6 b:6+0-2=4");
	free(evbuffer_readln(buf, NULL, EVBUFFER_EOL_CRLF));
	ck_notes("b:4+0-1=3");
	ck_assert_ptr_null(evbuffer_readln(buf, NULL, EVBUFFER_EOL_CRLF));
	ck_notes("");
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
see_both(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	(void)b;
	(void)info;
	note("%s:%zu,%zu", (char *)arg, evbuffer_get_length(buf),
	    evbuffer_get_length(other));
}

/* libevent still counts them while it tells of their arrival. */
TEST(moved_bytes_have_left_when_they_arrive)
{
	buf = evbuffer_new();
	other = evbuffer_new();
	evbuffer_add(buf, "abcdef", 6);
	evbuffer_add_cb(buf, see_both, "from");
	evbuffer_add_cb(other, see_both, "to");
	evbuffer_remove_buffer(buf, other, 2);
	ck_notes("to:4,2 from:4,2");
	evbuffer_free(buf);
	evbuffer_free(other);
}

TEST(the_latest_callback_runs_first)
{
	set_up();
	evbuffer_add_cb(buf, figures, "c");
	evbuffer_add_cb(buf, figures, "d");
	evbuffer_add(buf, "x", 1);
	ck_notes("d:0+1-0=1 c:0+1-0=1 b:0+1-0=1");
	evbuffer_remove_cb(buf, figures, "c");
	evbuffer_add(buf, "x", 1);
	ck_notes("d:1+1-0=2 b:1+1-0=2");
	ck_assert_int_eq(evbuffer_remove_cb(buf, figures, "c"), -1);
	evbuffer_free(buf);
	evbuffer_free(other);
}

TEST(a_disabled_callback_sleeps)
{
	struct evbuffer_cb_entry *entry;

	set_up();
	entry = evbuffer_add_cb(buf, figures, "c");
	ck_assert_int_eq(
	    evbuffer_cb_clear_flags(buf, entry, EVBUFFER_CB_ENABLED), 0);
	evbuffer_add(buf, "x", 1);
	ck_notes("b:0+1-0=1");
	ck_assert_int_eq(
	    evbuffer_cb_set_flags(buf, entry, EVBUFFER_CB_ENABLED), 0);
	evbuffer_add(buf, "x", 1);
	ck_notes("c:1+1-0=2 b:1+1-0=2");
	ck_assert_int_eq(evbuffer_remove_cb_entry(buf, entry), 0);
	evbuffer_add(buf, "x", 1);
	ck_notes("b:2+1-0=3");
	evbuffer_free(buf);
	evbuffer_free(other);
}

TEST(changes_while_all_sleep_are_lost)
{
	struct evbuffer_cb_entry *entry;

	buf = evbuffer_new();
	entry = evbuffer_add_cb(buf, figures, "c");
	evbuffer_cb_clear_flags(buf, entry, EVBUFFER_CB_ENABLED);
	evbuffer_add(buf, "x", 1);
	evbuffer_cb_set_flags(buf, entry, EVBUFFER_CB_ENABLED);
	evbuffer_add(buf, "yz", 2);
	ck_notes("c:1+2-0=3");
	evbuffer_free(buf);
}

TEST(the_old_kind_replaces_all_others)
{
	set_up();
	ck_assert_int_eq(evbuffer_setcb(buf, old_figures, "old"), 0);
	evbuffer_add(buf, "xyz", 3);
	ck_notes("old:0>3");
	evbuffer_drain(buf, 2);
	ck_notes("old:3>1");
	evbuffer_add_cb(buf, figures, "new");
	evbuffer_add(buf, "x", 1);
	ck_notes("new:1+1-0=2 old:1>2");
	ck_assert_int_eq(evbuffer_setcb(buf, old_figures, "older"), 0);
	evbuffer_add(buf, "x", 1);
	ck_notes("older:2>3");
	ck_assert_int_eq(evbuffer_setcb(buf, NULL, NULL), 0);
	evbuffer_add(buf, "x", 1);
	ck_notes("");
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
leave(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	ck_assert_int_eq(evbuffer_remove_cb(b, leave, arg), 0);
}

TEST(a_callback_removes_itself)
{
	set_up();
	evbuffer_add_cb(buf, leave, "l");
	evbuffer_add_cb(buf, figures, "c");
	evbuffer_add(buf, "x", 1);
	ck_notes("c:0+1-0=1 l:0+1-0=1 b:0+1-0=1");
	evbuffer_add(buf, "x", 1);
	ck_notes("c:1+1-0=2 b:1+1-0=2");
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
remove_b(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	ck_assert_int_eq(evbuffer_remove_cb(b, figures, "b"), 0);
	evbuffer_remove_cb(b, remove_b, arg);
}

/* The documentation forbids what crashes libevent. */
TEST(a_callback_removes_the_next_one)
{
	buf = evbuffer_new();
	evbuffer_add_cb(buf, figures, "a");
	evbuffer_add_cb(buf, figures, "b");
	evbuffer_add_cb(buf, remove_b, "r");
	evbuffer_add(buf, "x", 1);
	ck_notes("r:0+1-0=1 a:0+1-0=1");
	evbuffer_add(buf, "x", 1);
	ck_notes("a:1+1-0=2");
	evbuffer_free(buf);
}

static void
add_another(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	evbuffer_add_cb(b, figures, "n");
	evbuffer_remove_cb(b, add_another, arg);
}

TEST(a_callback_adds_one)
{
	set_up();
	evbuffer_add_cb(buf, add_another, "a");
	evbuffer_add(buf, "x", 1);
	ck_notes("a:0+1-0=1 b:0+1-0=1");
	evbuffer_add(buf, "x", 1);
	ck_notes("n:1+1-0=2 b:1+1-0=2");
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
drain_it(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	if (info->n_added)
		evbuffer_drain(b, info->n_added);
}

TEST(a_callback_changes_the_buffer)
{
	set_up();
	evbuffer_add_cb(buf, drain_it, "d");
	evbuffer_add(buf, "abc", 3);
	ck_notes("d:0+3-0=3 d:3+0-3=0 b:3+0-3=0 b:0+3-0=0");
	ck_assert_uint_eq(evbuffer_get_length(buf), 0);
	evbuffer_free(buf);
	evbuffer_free(other);
}

static void
free_it(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	evbuffer_free(b);
}

/* What is freed is used by libevent afterwards; ours keeps it for as long. */
TEST(a_callback_frees_the_buffer)
{
	set_up();
	evbuffer_add_cb(buf, free_it, "f");
	evbuffer_add(buf, "abc", 3);
	ck_notes("f:0+3-0=3");
	evbuffer_add(other, "xyz", 3);
	ck_notes("o:0+3-0=3");
	buf = evbuffer_new();
	evbuffer_add(buf, "abc\n", 4);
	evbuffer_add_cb(buf, free_it, "f");
	free(evbuffer_readln(buf, NULL, EVBUFFER_EOL_LF));
	ck_notes("f:4+0-3=1");
	evbuffer_free(other);
}

static void
clean_up(const void *data, size_t length, void *arg)
{
	note("cleanup:%.*s", (int)length, (const char *)data);
	if (arg)
		evbuffer_add((struct evbuffer *)arg, "more", 4);
}

TEST(cleanups_come_before_callbacks)
{
	set_up();
	evbuffer_add_reference(buf, "abc", 3, clean_up, NULL);
	evbuffer_add_reference(buf, "def", 3, clean_up, NULL);
	ck_notes("b:0+3-0=3 b:3+3-0=6");
	evbuffer_drain(buf, 2);
	ck_notes("b:6+0-2=4");
	evbuffer_drain(buf, 3);
	ck_notes("cleanup:abc b:4+0-3=1");
	evbuffer_add_buffer(other, buf);
	ck_notes("b:1+0-1=0 o:0+1-0=1");
	evbuffer_free(other);
	ck_notes("cleanup:def");
	evbuffer_free(buf);
}

TEST(pulling_up_lets_references_go)
{
	set_up();
	evbuffer_add(buf, "1", 1);
	evbuffer_add_reference(buf, "abc", 3, clean_up, NULL);
	evbuffer_add_reference(buf, "def", 3, clean_up, NULL);
	ck_notes("b:0+1-0=1 b:1+3-0=4 b:4+3-0=7");
	ck_assert_mem_eq(evbuffer_pullup(buf, 5), "1abcd", 5);
	ck_notes("cleanup:abc");
	ck_assert_mem_eq(evbuffer_pullup(buf, -1), "1abcdef", 7);
	ck_notes("cleanup:def");
	evbuffer_free(buf);
	evbuffer_free(other);
}

TEST(a_shared_reference_is_cleaned_up_once)
{
	struct evbuffer *third = evbuffer_new();

	set_up();
	evbuffer_add_reference(buf, "abc", 3, clean_up, NULL);
	evbuffer_add_buffer_reference(other, buf);
	evbuffer_add_buffer_reference(third, buf);
	ck_notes("b:0+3-0=3 o:0+3-0=3");
	evbuffer_free(buf);
	evbuffer_drain(other, 3);
	ck_notes("o:3+0-3=0");
	ck_assert_mem_eq(evbuffer_pullup(third, 3), "abc", 3);
	evbuffer_free(third);
	ck_notes("cleanup:abc");
	evbuffer_free(other);
}

TEST(no_cleanup_on_failure)
{
	set_up();
	evbuffer_freeze(buf, 0);
	ck_assert_int_eq(
	    evbuffer_add_reference(buf, "abc", 3, clean_up, NULL), -1);
	evbuffer_free(buf);
	ck_notes("");
	evbuffer_free(other);
}

TEST(a_cleanup_adds_to_another_buffer)
{
	set_up();
	evbuffer_add_reference(buf, "abc", 3, clean_up, other);
	evbuffer_drain(buf, 3);
	ck_notes("b:0+3-0=3 cleanup:abc o:0+4-0=4 b:3+0-3=0");
	evbuffer_free(buf);
	evbuffer_free(other);
}

/* Deferred callbacks. */

static void
deferred_set_up(void)
{
	base = event_base_new();
	buf = evbuffer_new();
	if (getenv("CAPI_THREADS"))
		evbuffer_enable_locking(buf, NULL);
	evbuffer_add_cb(buf, figures, "b");
	ck_assert_int_eq(evbuffer_defer_callbacks(buf, base), 0);
}

TEST(deferred_changes_add_up)
{
	deferred_set_up();
	evbuffer_add(buf, "abcdef", 6);
	evbuffer_drain(buf, 2);
	evbuffer_add(buf, "xyz", 3);
	ck_notes("");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("b:0+9-2=7");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("");
	evbuffer_drain(buf, 100);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("b:7+0-7=0");
	evbuffer_free(buf);
	event_base_free(base);
}

TEST(a_freed_buffer_still_tells)
{
	deferred_set_up();
	evbuffer_add(buf, "abcdef", 6);
	evbuffer_free(buf);
	ck_notes("");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("b:0+6-0=6");
	event_base_free(base);
}

static void
drain_once(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	figures(b, info, arg);
	if (info->n_added)
		evbuffer_drain(b, 1);
}

TEST(a_deferred_callback_changes_the_buffer)
{
	deferred_set_up();
	evbuffer_add_cb(buf, drain_once, "d");
	evbuffer_add(buf, "abcdef", 6);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("d:0+6-0=6 b:0+6-0=5 d:6+0-1=5 b:6+0-1=5");
	evbuffer_free(buf);
	event_base_free(base);
}

TEST(callbacks_that_are_added_later_see_everything)
{
	deferred_set_up();
	evbuffer_add(buf, "abc", 3);
	evbuffer_add_cb(buf, figures, "late");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_notes("late:0+3-0=3 b:0+3-0=3");
	evbuffer_free(buf);
	event_base_free(base);
}
