/*
 * What the programs about rate limits share.
 */
#ifndef CAPI_RATES_H
#define CAPI_RATES_H

#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

static UNUSED struct ev_token_bucket_cfg *
config(size_t rate, size_t burst, long tick_ms)
{
	struct timeval tick = capi_ms(tick_ms);
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(rate, burst, rate, burst, &tick);

	ck_assert_ptr_nonnull(cfg);
	return cfg;
}

static UNUSED void
read_all(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);

	*(size_t *)arg += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
}

#endif
