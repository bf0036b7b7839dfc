/*
 * Rate limits where the reference divides by zero, overflows, or gives up.
 */
#include "events.h"

#include <event2/bufferevent.h>

static struct bufferevent *
make(void)
{
	base = event_base_new();
	capi_pair(pair);
	return bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
}

TEST(ticks_of_no_time)
{
	static const struct timeval ticks[] = {
	    {0, 0}, {0, 999}, {-1, 0}, {0, -1}, {LONG_MAX, 0}, {LONG_MAX, -1}};
	struct bufferevent *bev = make();

	for (int i = 0; i < 6; i++) {
		struct ev_token_bucket_cfg *cfg =
		    ev_token_bucket_cfg_new(5, 10, 5, 10, &ticks[i]);
		struct bufferevent_rate_limit_group *group;

		ck_assert_ptr_nonnull(cfg);
		ck_assert_int_eq(bufferevent_set_rate_limit(bev, cfg), 0);
		group = bufferevent_rate_limit_group_new(base, cfg);
		bufferevent_add_to_rate_limit_group(bev, group);
		ck_assert_int_ge(bufferevent_get_read_limit(bev), 5);
		bufferevent_decrement_read_limit(bev, 100);
		bufferevent_rate_limit_group_decrement_read(group, 100);
		event_base_loop(base, EVLOOP_NONBLOCK);
		bufferevent_set_rate_limit(bev, NULL);
		bufferevent_add_to_rate_limit_group(bev, NULL);
		bufferevent_rate_limit_group_free(group);
		ev_token_bucket_cfg_free(cfg);
	}
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
