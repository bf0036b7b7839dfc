/*
 * What the programs about output share: a second bufferevent, a peer that
 * takes nothing, and the state of things in one line of the trace.
 */
#ifndef CAPI_OUTPUTS_H
#define CAPI_OUTPUTS_H

#include "bufferevents.h"

static UNUSED struct bufferevent *second;
static UNUSED evutil_socket_t more[2];

/* Another one, on a pair of its own. */
static UNUSED void
begin_second(const char *name)
{
	capi_pair(more);
	second = bufferevent_socket_new(base, more[0], BEV_OPT_CLOSE_ON_FREE);
	take_notes(second, name);
}

/* Leaves no room for output. */
static UNUSED void
fill(evutil_socket_t fd)
{
	static char block[4096];

	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
}

static UNUSED void
show(const char *when)
{
	trace("%s: [%s] left %zu, pending %x, enabled %x", when, capi_log,
	    out(bev), pending(&bev->ev_write), bufferevent_get_enabled(bev));
	capi_log[0] = '\0';
}

/* Everything is used up: the time between two ticks is an hour. */
static UNUSED struct ev_token_bucket_cfg *
hourly(size_t burst)
{
	static const struct timeval hour = {3600, 0};

	return ev_token_bucket_cfg_new(
	    EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, burst, burst, &hour);
}

#endif
