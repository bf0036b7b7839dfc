/*
 * Running out of memory in the functions of bufferevents: each says so, leaves
 * everything as it was, and works the next time.
 */
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include "fault_memory.h"

static struct event_base *elsewhere;
static struct bufferevent *under;
static struct ev_token_bucket_cfg *limit;
static struct bufferevent_rate_limit_group *group, *second;
static char block[20000];
static struct sockaddr_in address;
static evutil_socket_t listening = -1;

/* Everything about a bufferevent that a program can ask. */
static void
describe(char *to, size_t room, struct bufferevent *b)
{
	struct timeval *r = &b->timeout_read, *w = &b->timeout_write;
	bufferevent_data_cb reader, writer;
	bufferevent_event_cb events;
	size_t low[2], high[2];

	bufferevent_getwatermark(b, EV_READ, &low[0], &high[0]);
	bufferevent_getwatermark(b, EV_WRITE, &low[1], &high[1]);
	bufferevent_getcb(b, &reader, &writer, &events, NULL);
	snprintf(to, room,
	    "fd %d enabled %x in %zu out %zu\n"
	    "reads %x timeout %ld.%06ld marks %zu %zu most %zd\n"
	    "writes %x timeout %ld.%06ld marks %zu %zu most %zd\n"
	    "callbacks %p %p %p base %d limit %d\n",
	    bufferevent_getfd(b),
	    (unsigned)bufferevent_get_enabled(b), in(b), out(b),
	    (unsigned)pending(&b->ev_read), (long)r->tv_sec, (long)r->tv_usec,
	    low[0], high[0], bufferevent_get_max_to_read(b),
	    (unsigned)pending(&b->ev_write), (long)w->tv_sec,
	    (long)w->tv_usec, low[1], high[1], bufferevent_get_max_to_write(b),
	    (void *)(size_t)reader, (void *)(size_t)writer,
	    (void *)(size_t)events, bufferevent_get_base(b) == base,
	    bufferevent_get_token_bucket_cfg(b) != NULL);
}

static void
describe_all(char *to, size_t room)
{
	struct bufferevent *all[] = {bev, partner, under};

	to[0] = '\0';
	for (int i = 0; i < 3; i++)
		if (all[i])
			describe(to + strlen(to), room - strlen(to), all[i]);
	snprintf(to + strlen(to), room - strlen(to), "events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
}

static void
take_apart(void)
{
	for (int i = 0; i < 3; i++) {
		struct bufferevent **all[] = {&bev, &partner, &under};

		if (*all[i])
			bufferevent_free(*all[i]);
		*all[i] = NULL;
	}
	if (group)
		bufferevent_rate_limit_group_free(group);
	if (second)
		bufferevent_rate_limit_group_free(second);
	group = second = NULL;
	/* Deferred callbacks hold on to their bufferevents. */
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	if (limit)
		ev_token_bucket_cfg_free(limit);
	limit = NULL;
	if (elsewhere)
		event_base_free(elsewhere);
	elsewhere = base = NULL;
	if (listening >= 0)
		close(listening);
	listening = -1;
	close(pair[1]);
}

#include "fault_operation.h"

static int
options(void)
{
	return BEV_OPT_CLOSE_ON_FREE |
	    (getenv("CAPI_THREADS") ? BEV_OPT_THREADSAFE : 0);
}

static void
only_base(void)
{
	begin();
	close(pair[0]);
	pair[0] = -1;
}

static void
a_socket(void)
{
	begin();
	bev = bufferevent_socket_new(base, pair[0], options());
	take_notes(bev, "");
}

/* In its first turn the base finds out what it needs. */
static void
a_waiting_socket(void)
{
	a_socket();
	bufferevent_enable(bev, EV_READ);
	turn();
}

static void
two_pairs(void)
{
	struct bufferevent *both[2];

	only_base();
	ck_assert_int_eq(bufferevent_pair_new(base, options(), both), 0);
	bev = both[0];
	partner = both[1];
	take_notes(bev, "a");
	take_notes(partner, "b");
}

static void
a_timed_pair(void)
{
	struct timeval soon = {100, 0};

	two_pairs();
	bufferevent_set_timeouts(bev, &soon, &soon);
}

static void
a_reading_pair(void)
{
	two_pairs();
	bufferevent_enable(bev, EV_READ);
}

static void
a_filter(void)
{
	a_socket();
	under = bev;
	bev = bufferevent_filter_new(
	    under, NULL, NULL, options() & ~BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	take_notes(bev, "");
}

static void
a_timed_socket(void)
{
	struct timeval soon = {100, 0};

	a_socket();
	bufferevent_set_timeouts(bev, &soon, &soon);
}

static void
a_socket_without_descriptor(void)
{
	a_timed_socket();
	bufferevent_setfd(bev, -1);
	bufferevent_enable(bev, EV_READ);
}

static void
a_limited_socket(void)
{
	a_waiting_socket();
	limit = ev_token_bucket_cfg_new(1, 1, 1, 1, NULL);
}

static void
a_socket_in_a_group(void)
{
	a_limited_socket();
	group = bufferevent_rate_limit_group_new(base, limit);
	second = bufferevent_rate_limit_group_new(base, limit);
	bufferevent_add_to_rate_limit_group(bev, group);
}

static void
a_base_elsewhere(void)
{
	a_socket();
	elsewhere = event_base_new();
}

static void
a_server(void)
{
	only_base();
	listening = listen_on_loopback(&address);
	bev = bufferevent_socket_new(base, -1, options());
	take_notes(bev, "");
}

static void
a_timed_server(void)
{
	struct timeval soon = {100, 0};

	a_server();
	bufferevent_set_timeouts(bev, &soon, &soon);
}

static void
a_socket_with_input(void)
{
	a_waiting_socket();
	ck_assert_int_eq(write(pair[1], block, 3000), 3000);
	turn();
}

static void
a_pair_with_output(void)
{
	two_pairs();
	bufferevent_write(bev, block, sizeof(block));
}

/* Only the making is looked at. */
static int
freed(struct bufferevent *b)
{
	refuse_nothing();
	if (!b)
		return -1;
	bufferevent_free(b);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return 0;
}

OPERATION(new_on_a_socket, only_base, {
	return freed(bufferevent_socket_new(base, -1, options()));
})
OPERATION(new_deferred, only_base, {
	return freed(bufferevent_socket_new(base, -1, options() |
	    BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS));
})
OPERATION(new_pair, only_base, {
	struct bufferevent *both[2] = {NULL, NULL};

	bufferevent_pair_new(base, options(), both);
	freed(both[0]);
	return freed(both[1]);
})
OPERATION(new_filter, a_socket, {
	return freed(bufferevent_filter_new(bev, NULL, NULL,
	    options() & ~BEV_OPT_CLOSE_ON_FREE, NULL, NULL));
})
OPERATION(new_filter_on_a_timed_one, a_timed_socket, {
	return freed(bufferevent_filter_new(bev, NULL, NULL,
	    options() & ~BEV_OPT_CLOSE_ON_FREE, NULL, NULL));
})
OPERATION(enable, a_socket, return bufferevent_enable(bev, EV_READ);)
OPERATION(enable_both, a_timed_socket, {
	return bufferevent_enable(bev, EV_READ | EV_WRITE);
})
OPERATION(enable_a_pair, a_timed_pair, {
	return bufferevent_enable(bev, EV_READ);
})
OPERATION(enable_a_filter, a_filter, {
	return bufferevent_enable(bev, EV_READ | EV_WRITE);
})
OPERATION(write_much, a_waiting_socket, {
	return bufferevent_write(bev, block, sizeof(block));
})
OPERATION(write_to_the_other, two_pairs, {
	return bufferevent_write(bev, block, sizeof(block));
})
OPERATION(write_through_a_filter, a_filter, {
	return bufferevent_write(bev, block, sizeof(block));
})
OPERATION(timeouts, a_waiting_socket, {
	struct timeval soon = {10, 0};

	return bufferevent_set_timeouts(bev, &soon, &soon);
})
OPERATION(timeouts_of_a_pair, a_reading_pair, {
	struct timeval soon = {10, 0};

	return bufferevent_set_timeouts(bev, &soon, &soon);
})
OPERATION(watermark, a_waiting_socket, {
	bufferevent_setwatermark(bev, EV_READ, 1, 100);
	bufferevent_setwatermark(bev, EV_WRITE, 1, 100);
	return 0;
})
OPERATION(limit_the_rate, a_limited_socket, {
	return bufferevent_set_rate_limit(bev, limit);
})
OPERATION(configuration_of_limits, only_base, {
	struct ev_token_bucket_cfg *made =
	    ev_token_bucket_cfg_new(1, 1, 1, 1, NULL);

	if (!made)
		return -1;
	ev_token_bucket_cfg_free(made);
	return 0;
})
OPERATION(new_group, a_limited_socket, {
	struct bufferevent_rate_limit_group *made =
	    bufferevent_rate_limit_group_new(base, limit);

	if (!made)
		return -1;
	bufferevent_rate_limit_group_free(made);
	return 0;
})
OPERATION(join_another_group, a_socket_in_a_group, {
	return bufferevent_add_to_rate_limit_group(bev, second);
})
OPERATION(a_first_descriptor, a_socket_without_descriptor, {
	return bufferevent_setfd(bev, pair[0]);
})
OPERATION(replace_a_descriptor, a_timed_socket, {
	int fd = dup(pair[0]);
	int result = bufferevent_replacefd(bev, fd);

	if (result == -1)
		close(fd);
	return result;
})
OPERATION(set_another_limit, a_socket_in_a_group, {
	struct ev_token_bucket_cfg *slow;
	struct timeval tick = {5, 0};
	int result;

	slow = ev_token_bucket_cfg_new(2, 2, 2, 2, &tick);
	result = slow ? bufferevent_rate_limit_group_set_cfg(group, slow) : -1;
	if (slow)
		ev_token_bucket_cfg_free(slow);
	return result;
})
OPERATION(change_the_base, a_base_elsewhere, {
	return bufferevent_base_set(elsewhere, bev);
})
OPERATION(connect_by_address, a_server, {
	return bufferevent_socket_connect(
	    bev, (struct sockaddr *)&address, sizeof(address));
})
OPERATION(connect_a_timed_one, a_timed_server, {
	return bufferevent_socket_connect(
	    bev, (struct sockaddr *)&address, sizeof(address));
})
OPERATION(connect_what_connects_already, a_timed_socket, {
	return bufferevent_socket_connect(bev, NULL, 0);
})
OPERATION(read_to_a_buffer, a_socket_with_input, {
	struct evbuffer *to = evbuffer_new();
	int result = to ? bufferevent_read_buffer(bev, to) : -1;

	if (to)
		evbuffer_free(to);
	return result;
})
OPERATION(flush_a_pair, a_pair_with_output, {
	return bufferevent_flush(bev, EV_WRITE, BEV_FLUSH) == -1 ? -1 : 0;
})
