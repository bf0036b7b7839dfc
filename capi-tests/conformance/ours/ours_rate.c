/*
 * Rate limits where the reference divides by zero, overflows, or gives up.
 */
#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

static struct bufferevent *
make(void)
{
	base = event_base_new();
	capi_pair(pair);
	return bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
}

/* They would be divided by, or overflow. */
TEST(ticks_of_no_time)
{
	static const struct timeval ticks[] = {{0, 0}, {0, 999}, {-1, 0},
	    {0, -1}, {LONG_MAX, 0}, {LONG_MAX, -1}, {LONG_MIN, 0}};
	static const struct timeval least = {0, 1000};

	for (size_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++)
		ck_assert_ptr_null(
		    ev_token_bucket_cfg_new(5, 10, 5, 10, &ticks[i]));
	ck_assert_ptr_nonnull(ev_token_bucket_cfg_new(5, 10, 5, 10, &least));
}

TEST(levels_saturate)
{
	size_t most = EV_RATE_LIMIT_MAX;
	struct timeval tick = {0, 1000};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(most, most, most, most, &tick);
	struct bufferevent *bev = make();
	long long end;

	bufferevent_set_rate_limit(bev, cfg);
	capi_sleep_ms(5);
	ck_assert_int_eq(bufferevent_get_read_limit(bev), EV_SSIZE_MAX);
	bufferevent_decrement_read_limit(bev, EV_SSIZE_MIN);
	ck_assert_int_eq(bufferevent_get_read_limit(bev), EV_SSIZE_MAX);
	bufferevent_decrement_write_limit(bev, EV_SSIZE_MAX);
	bufferevent_decrement_write_limit(bev, EV_SSIZE_MAX);
	end = capi_now_ms() + CAPI_PATIENCE_MS;
	while (bufferevent_get_write_limit(bev) < EV_SSIZE_MAX && capi_now_ms() < end)
		capi_sleep_ms(5);
	capi_sleep_ms(5);
	ck_assert_int_eq(bufferevent_get_write_limit(bev), EV_SSIZE_MAX);
}

TEST(without_a_limit_there_is_nothing_to_take_from)
{
	struct bufferevent *bev = make();

	ck_assert_int_eq(bufferevent_decrement_read_limit(bev, 5), -1);
	ck_assert_int_eq(bufferevent_decrement_write_limit(bev, 5), -1);
}

TEST(a_group_is_freed_with_members)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(5, 10, 5, 10, &hour);
	struct bufferevent *bev = make();
	struct bufferevent_rate_limit_group *group =
	    bufferevent_rate_limit_group_new(base, cfg);

	bufferevent_add_to_rate_limit_group(bev, group);
	bufferevent_rate_limit_group_decrement_read(group, 100);
	ck_assert_int_eq(bufferevent_get_max_to_read(bev), 0);
	bufferevent_rate_limit_group_free(group);
	ck_assert_int_eq(bufferevent_get_max_to_read(bev), 16384);
	bufferevent_free(bev);
	event_base_free(base);
}

TEST(no_group_without_a_limit)
{
	make();
	ck_assert_ptr_null(bufferevent_rate_limit_group_new(base, NULL));
}

static struct bufferevent_rate_limit_group *limited;
static struct bufferevent *sides[2];

static void
free_the_group(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
    void *arg)
{
	(void)buffer, (void)info, (void)arg;
	if (!limited)
		return;
	bufferevent_remove_from_rate_limit_group(sides[1]);
	bufferevent_rate_limit_group_free(limited);
	limited = NULL;
}

/* Its tick resumes a member, whose buffer's callback frees it. */
TEST(a_group_is_freed_by_its_tick)
{
	struct timeval tick = {0, 5000}, end = {0, 50000};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(100, 1000, 100, 1000, &tick);

	base = event_base_new();
	limited = bufferevent_rate_limit_group_new(base, cfg);
	ck_assert_int_eq(bufferevent_pair_new(base, 0, sides), 0);
	bufferevent_add_to_rate_limit_group(sides[1], limited);
	bufferevent_enable(sides[1], EV_READ);
	bufferevent_rate_limit_group_decrement_read(limited, 300);
	bufferevent_write(sides[0], "hello", 5);
	evbuffer_add_cb(bufferevent_get_input(sides[1]), free_the_group, NULL);
	event_base_loopexit(base, &end);
	event_base_dispatch(base);
	ck_assert_ptr_null(limited);
	ck_assert_uint_eq(
	    evbuffer_get_length(bufferevent_get_input(sides[1])), 5);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	bufferevent_free(sides[0]);
	bufferevent_free(sides[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
}
