/*
 * Rate limits of bufferevents and of groups. What depends on the clock is
 * compared with bounds that a slow machine keeps.
 */
// runs: one-backend
#include "rates.h"

#define MANY 4

static struct bufferevent *bevs[MANY];
static int peers[MANY];
static size_t got[MANY];

/* Fills bevs[i] with more to read than any test lets through. */
static struct bufferevent *
make(int i)
{
	static char bytes[100000];
	evutil_socket_t fds[2];

	if (!base)
		base = event_base_new();
	capi_pair(fds);
	bevs[i] = bufferevent_socket_new(base, fds[0], BEV_OPT_CLOSE_ON_FREE);
	ck_assert_ptr_nonnull(bevs[i]);
	bufferevent_setcb(bevs[i], read_all, NULL, NULL, &got[i]);
	peers[i] = fds[1];
	ck_assert_int_eq(write(fds[1], bytes, sizeof(bytes)), sizeof(bytes));
	return bevs[i];
}

static void
run_ms(long ms)
{
	struct timeval tv = capi_ms(ms);

	event_base_loopexit(base, &tv);
	ck_assert_int_eq(event_base_dispatch(base), 0);
}

static void
trace_config(size_t rr, size_t rb, size_t wr, size_t wb)
{
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(rr, rb, wr, wb, NULL);

	trace("%zx of %zx, %zx of %zx: %d", rr, rb, wr, wb, cfg != NULL);
	if (cfg)
		ev_token_bucket_cfg_free(cfg);
}

TEST(configurations)
{
	size_t most = EV_RATE_LIMIT_MAX;

	trace_config(0, 0, 1, 1);
	trace_config(0, 1, 1, 1);
	trace_config(1, 0, 1, 1);
	trace_config(1, 1, 1, 0);
	trace_config(2, 1, 1, 1);
	trace_config(1, 1, 2, 1);
	trace_config(1, 1, 1, 1);
	trace_config(most, most, most, most);
	trace_config(most + 1, most + 1, 1, 1);
	trace_config(1, most + 1, 1, 1);
	trace_config(1, 1, 1, most + 1);
}

static void
trace_limits(const char *name)
{
	trace("%s: limits %zd %zd, at once %zd %zd", name,
	    bufferevent_get_read_limit(bevs[0]),
	    bufferevent_get_write_limit(bevs[0]),
	    bufferevent_get_max_to_read(bevs[0]),
	    bufferevent_get_max_to_write(bevs[0]));
}

/* With ticks that don't come while the test runs. */
TEST(limits_are_told_and_changed)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *large =
	    ev_token_bucket_cfg_new(1000, 3000, 500, 700, &hour);
	struct ev_token_bucket_cfg *small =
	    ev_token_bucket_cfg_new(10, 20, 30, 40, &hour);
	struct bufferevent *bev = make(0);

	trace_limits("none");
	ck_assert_ptr_null(bufferevent_get_token_bucket_cfg(bev));
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, NULL), 0);
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, large), 0);
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, large), 0);
	ck_assert_ptr_eq(bufferevent_get_token_bucket_cfg(bev), large);
	trace_limits("large");
	bufferevent_decrement_read_limit(bev, 400);
	bufferevent_decrement_write_limit(bev, 100);
	trace_limits("less");
	bufferevent_decrement_read_limit(bev, 700);
	trace_limits("overdrawn");
	bufferevent_decrement_read_limit(bev, -2000);
	trace_limits("more");
	bufferevent_decrement_write_limit(bev, -8000);
	trace_limits("more than the burst");
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, large), 0);
	trace_limits("the same again");
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, small), 0);
	trace_limits("small");
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, large), 0);
	trace_limits("large again");
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, NULL), 0);
	ck_assert_ptr_null(bufferevent_get_token_bucket_cfg(bev));
	trace_limits("none again");
	bufferevent_free(bev);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ev_token_bucket_cfg_free(large);
	ev_token_bucket_cfg_free(small);
}

static void
count_writes(struct bufferevent *bev UNUSED, void *arg)
{
	++*(int *)arg;
}

/* Taking a limit away tells the program that it can write, whether there is one or was one. */
TEST(limits_that_are_taken_away_twice)
{
	struct ev_token_bucket_cfg *cfg = config(1000, 1000, 100000);
	struct bufferevent_rate_limit_group *group;
	int told = 0;

	make(0);
	bufferevent_setcb(bevs[0], NULL, count_writes, NULL, &told);
	for (int i = 0; i < 5; i++) {
		if (i == 1)
			bufferevent_set_rate_limit(bevs[0], cfg);
		bufferevent_set_rate_limit(bevs[0], NULL);
		turn();
		trace("%d: told %d", i, told);
	}
	make(1);
	told = 0;
	bufferevent_setcb(bevs[1], NULL, count_writes, NULL, &told);
	group = bufferevent_rate_limit_group_new(base, cfg);
	bufferevent_add_to_rate_limit_group(bevs[1], group);
	turn();
	trace("a member: told %d", told);
	bufferevent_set_rate_limit(bevs[1], NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	trace("of a group: told %d", told);
}

TEST(both_the_limit_and_the_most_at_once_hold)
{
	struct bufferevent *bev = make(0);

	bufferevent_set_max_single_read(bev, 300);
	bufferevent_set_rate_limit(bev, config(1000, 1000, 1000));
	ck_assert_int_eq(bufferevent_get_max_to_read(bev), 300);
}

TEST_TIMED(reading_stops_at_the_limit_and_goes_on)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(1000, 1000, 1000, 1000, &hour);
	struct bufferevent *bev = make(0);

	bufferevent_set_rate_limit(bev, cfg);
	bufferevent_enable(bev, EV_READ);
	run_ms(50);
	ck_assert_uint_eq(got[0], 1000);
	ck_assert_int_eq(bufferevent_get_read_limit(bev), 0);
	ck_assert_int_eq(bufferevent_get_enabled(bev) & EV_READ, EV_READ);
	bufferevent_decrement_read_limit(bev, -500);
	run_ms(50);
	ck_assert_uint_eq(got[0], 1500);
	/* Enabling is no way around it. */
	bufferevent_disable(bev, EV_READ);
	bufferevent_enable(bev, EV_READ);
	run_ms(50);
	ck_assert_uint_eq(got[0], 1500);
	bufferevent_disable(bev, EV_READ);
	bufferevent_decrement_read_limit(bev, -500);
	run_ms(50);
	ck_assert_uint_eq(got[0], 1500);
	bufferevent_enable(bev, EV_READ);
	run_ms(50);
	ck_assert_uint_eq(got[0], 2000);
	bufferevent_set_rate_limit(bev, NULL);
	run_ms(100);
	ck_assert_uint_eq(got[0], 100000);
}

TEST_TIMED(reading_keeps_its_rate)
{
	struct bufferevent *bev = make(0);

	bufferevent_set_rate_limit(bev, config(1000, 1000, 50));
	bufferevent_enable(bev, EV_READ);
	run_ms(1000);
	/* 20 ticks and the one at the start, or far fewer on a busy machine. */
	ck_assert_uint_le(got[0], 22000);
	ck_assert_uint_ge(got[0], 5000);
	ck_assert_uint_eq(got[0] % 1000, 0);
}

static size_t
arrived(int fd)
{
	char bytes[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		all += n;
	return all;
}

TEST_TIMED(writing_keeps_its_rate)
{
	static char bytes[50000];
	struct bufferevent *bev = make(0);

	bufferevent_set_rate_limit(bev, config(1000, 2000, 50));
	bufferevent_write(bev, bytes, sizeof(bytes));
	run_ms(1000);
	ck_assert_uint_le(arrived(peers[0]), 23000);
	ck_assert_uint_ge(
	    sizeof(bytes) - evbuffer_get_length(bufferevent_get_output(bev)),
	    5000);
	bufferevent_set_rate_limit(bev, NULL);
	run_ms(100);
	ck_assert_uint_eq(evbuffer_get_length(bufferevent_get_output(bev)), 0);
}

TEST(what_is_saved_comes_in_a_burst)
{
	struct bufferevent *bev = make(0);

	bufferevent_set_rate_limit(bev, config(100, 2500, 10));
	capi_sleep_ms(600);
	ck_assert_int_eq(bufferevent_get_read_limit(bev), 2500);
	ck_assert_int_eq(bufferevent_get_max_to_read(bev), 2500);
	bufferevent_enable(bev, EV_READ);
	run_ms(1);
	ck_assert_uint_ge(got[0], 2500);
}

TEST_TIMED(freed_while_suspended)
{
	struct bufferevent *bev = make(0);

	bufferevent_set_rate_limit(bev, config(100, 100, 20));
	bufferevent_enable(bev, EV_READ);
	bufferevent_decrement_read_limit(bev, 10000);
	bufferevent_decrement_write_limit(bev, 10000);
	run_ms(50);
	bufferevent_free(bev);
	run_ms(50);
	ck_assert_uint_eq(got[0], 0);
}

static void
free_it(struct bufferevent *bev, void *arg)
{
	read_all(bev, arg);
	bufferevent_free(bev);
}

TEST(freed_by_its_callback)
{
	struct ev_token_bucket_cfg *cfg = config(100, 100, 20);
	struct bufferevent_rate_limit_group *group;

	make(0);
	group = bufferevent_rate_limit_group_new(base, cfg);
	bufferevent_setcb(bevs[0], free_it, NULL, NULL, &got[0]);
	bufferevent_set_rate_limit(bevs[0], cfg);
	bufferevent_add_to_rate_limit_group(bevs[0], group);
	bufferevent_enable(bevs[0], EV_READ);
	run_ms(100);
	ck_assert_uint_eq(got[0], 100);
	bufferevent_rate_limit_group_free(group);
	event_base_free(base);
}

/* ---- Groups ---- */

static struct bufferevent_rate_limit_group *group;

static struct bufferevent_rate_limit_group *
group_of(int members, struct ev_token_bucket_cfg *cfg)
{
	base = event_base_new();
	group = bufferevent_rate_limit_group_new(base, cfg);
	ck_assert_ptr_nonnull(group);
	for (int i = 0; i < members; i++) {
		make(i);
		ck_assert_int_eq(
		    bufferevent_add_to_rate_limit_group(bevs[i], group), 0);
	}
	return group;
}

static void
trace_group(const char *name)
{
	trace("%s: limits %zd %zd, a member's %zd, at once %zd %zd", name,
	    bufferevent_rate_limit_group_get_read_limit(group),
	    bufferevent_rate_limit_group_get_write_limit(group),
	    bufferevent_get_read_limit(bevs[0]),
	    bufferevent_get_max_to_read(bevs[0]),
	    bufferevent_get_max_to_write(bevs[0]));
}

TEST(shares_of_a_group)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *large =
	    ev_token_bucket_cfg_new(1000, 3000, 500, 700, &hour);
	struct ev_token_bucket_cfg *small =
	    ev_token_bucket_cfg_new(10, 20, 30, 40, &hour);

	group_of(1, large);
	trace_group("one member");
	for (int i = 1; i < MANY; i++)
		bufferevent_add_to_rate_limit_group(make(i), group);
	trace_group("four");
	bufferevent_rate_limit_group_decrement_read(group, 900);
	trace_group("the least share");
	bufferevent_rate_limit_group_decrement_read(group, 100);
	trace_group("nothing left");
	bufferevent_rate_limit_group_decrement_read(group, 50);
	trace_group("overdrawn");
	bufferevent_rate_limit_group_decrement_read(group, -51);
	trace_group("one byte");
	trace("least %d", bufferevent_rate_limit_group_set_min_share(group, 7));
	trace_group("least share 7");
	trace("least %d",
	    bufferevent_rate_limit_group_set_min_share(group, 5000));
	trace_group("least share 5000");
	trace("least %d", bufferevent_rate_limit_group_set_min_share(group,
	    (size_t)EV_SSIZE_MAX + 1));
	bufferevent_rate_limit_group_set_min_share(group, 64);
	trace("config %d", bufferevent_rate_limit_group_set_cfg(group, small));
	trace_group("small");
	trace("config %d", bufferevent_rate_limit_group_set_cfg(group, large));
	trace_group("large again");
	trace("config %d", bufferevent_rate_limit_group_set_cfg(group, NULL));
	bufferevent_rate_limit_group_decrement_write(group, -10000);
	trace_group("much to write");
	bufferevent_set_rate_limit(bevs[0], small);
	trace_group("a limit of its own");
}

TEST_TIMED(a_group_limits_all_its_members)
{
	ev_uint64_t read_total = 1, written = 1;
	size_t all = 0;

	group_of(MANY, config(1000, 1000, 50));
	for (int i = 0; i < MANY; i++)
		bufferevent_enable(bevs[i], EV_READ);
	run_ms(1000);
	for (int i = 0; i < MANY; i++)
		all += got[i];
	ck_assert_uint_le(all, 22000 + 64);
	ck_assert_uint_ge(all, 5000);
	/* Nobody starves. */
	for (int i = 0; i < MANY; i++)
		ck_assert_uint_ge(got[i], all / MANY / 4);
	bufferevent_rate_limit_group_get_totals(group, &read_total, &written);
	ck_assert_uint_eq(read_total, all);
	ck_assert_uint_eq(written, 0);
	bufferevent_rate_limit_group_reset_totals(group);
	bufferevent_rate_limit_group_get_totals(group, &read_total, NULL);
	ck_assert_uint_eq(read_total, 0);
	bufferevent_rate_limit_group_get_totals(group, NULL, &written);
}

TEST_TIMED(leaving_a_group_that_has_nothing_left)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(1000, 1000, 1000, 1000, &hour);
	struct bufferevent_rate_limit_group *other_group;

	group_of(2, cfg);
	bufferevent_enable(bevs[0], EV_READ);
	bufferevent_enable(bevs[1], EV_READ);
	bufferevent_rate_limit_group_decrement_read(group, 1000);
	run_ms(50);
	ck_assert_uint_eq(got[0] + got[1], 0);
	/* The same once more, another, none. */
	ck_assert_int_eq(
	    bufferevent_add_to_rate_limit_group(bevs[0], group), 0);
	run_ms(50);
	ck_assert_uint_eq(got[0], 0);
	other_group = bufferevent_rate_limit_group_new(base, cfg);
	ck_assert_int_eq(
	    bufferevent_add_to_rate_limit_group(bevs[0], other_group), 0);
	run_ms(50);
	ck_assert_uint_eq(got[0], 1000);
	ck_assert_int_eq(bufferevent_remove_from_rate_limit_group(bevs[0]), 0);
	ck_assert_int_eq(bufferevent_remove_from_rate_limit_group(bevs[0]), 0);
	run_ms(100);
	ck_assert_uint_eq(got[0], 100000);
	ck_assert_uint_eq(got[1], 0);
	/* A newcomer is suspended like the others. */
	make(2);
	bufferevent_enable(bevs[2], EV_READ);
	bufferevent_add_to_rate_limit_group(bevs[2], group);
	run_ms(50);
	ck_assert_uint_eq(got[2], 0);
	bufferevent_free(bevs[1]);
	bufferevent_free(bevs[2]);
	run_ms(10);
	bufferevent_rate_limit_group_free(group);
	bufferevent_rate_limit_group_free(other_group);
	bufferevent_free(bevs[0]);
	event_base_free(base);
}

TEST_TIMED(a_group_that_gets_more)
{
	struct timeval hour = {3600, 0};

	group_of(2, ev_token_bucket_cfg_new(100, 100, 100, 100, &hour));
	bufferevent_enable(bevs[0], EV_READ);
	bufferevent_enable(bevs[1], EV_READ);
	run_ms(50);
	ck_assert_uint_ge(got[0] + got[1], 100);
	ck_assert_uint_le(got[0] + got[1], 164);
	bufferevent_rate_limit_group_decrement_read(group, -300000);
	run_ms(300);
	ck_assert_uint_eq(got[0] + got[1], 200000);
}

TEST(a_shorter_tick_of_a_group_counts_at_once)
{
	struct timeval hour = {3600, 0};

	group_of(1, ev_token_bucket_cfg_new(100, 100, 100, 100, &hour));
	bufferevent_enable(bevs[0], EV_READ);
	run_ms(50);
	bufferevent_rate_limit_group_set_cfg(group, config(2000, 2000, 20));
	for (int i = 0; i < 10 && got[0] < 10000; i++)
		run_ms(300);
	ck_assert_uint_ge(got[0], 10000);
}

TEST_TIMED(joining_no_group_is_leaving)
{
	struct timeval hour = {3600, 0};

	group_of(1, ev_token_bucket_cfg_new(100, 100, 100, 100, &hour));
	bufferevent_enable(bevs[0], EV_READ);
	bufferevent_rate_limit_group_decrement_read(group, 100);
	ck_assert_int_eq(
	    bufferevent_add_to_rate_limit_group(bevs[0], NULL), 0);
	run_ms(200);
	ck_assert_uint_eq(got[0], 100000);
}

TEST(a_group_keeps_the_loop_going)
{
	struct timeval hour = {3600, 0};

	group_of(0, ev_token_bucket_cfg_new(100, 100, 100, 100, &hour));
	ck_assert_int_eq(turn(), 0);
	bufferevent_rate_limit_group_free(group);
	ck_assert_int_eq(turn(), 1);
}
