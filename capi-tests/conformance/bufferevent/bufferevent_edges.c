/*
 * Every function of bufferevents with arguments at their edges, on bufferevents
 * of every kind and state: what it answers, and what has become of them.
 */
// runs: one-backend
#include "bufferevents.h"
#include <event2/bufferevent_compat.h>

static const int values[] = {
    0, 1, -1, 2, 3, 4, 6, 7, 0x10, 0x20, 0x80, 255, 32767, INT_MAX, INT_MIN};
#define VALUES (sizeof(values) / sizeof(*values))

static const char *const kinds[] = {"fresh", "no descriptor", "reading",
    "input", "output", "marks", "timeouts", "pair", "fed pair", "lonely",
    "filter", "filter on a pair"};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static struct bufferevent *lower;

static int calls;

/* At a high watermark there is always another callback. */
DATA_CALLBACK(note_some)
{
	note_read(b, arg);
	if (++calls > 3)
		event_base_loopbreak(base);
}

static void
go(void)
{
	calls = 0;
	turn();
}

static enum bufferevent_filter_result
double_it(struct evbuffer *from, struct evbuffer *to,
    ev_ssize_t limit UNUSED, enum bufferevent_flush_mode mode UNUSED,
    void *arg UNUSED)
{
	size_t size = evbuffer_get_length(from);

	if (!size)
		return BEV_NEED_MORE;
	evbuffer_add_printf(to, "%zu", size);
	evbuffer_add_buffer(to, from);
	return BEV_OK;
}

static void
make_pair(void)
{
	struct bufferevent *both[2];

	ck_assert_int_eq(bufferevent_pair_new(base, 0, both), 0);
	bev = both[0];
	partner = both[1];
	take_notes(partner, "p:");
}

/* A new base with a bufferevent in it. */
static void
make_kind(size_t kind)
{
	struct timeval hour = {3600, 0};

	base = event_base_new();
	capi_pair(pair);
	bev = partner = lower = NULL;
	capi_log[0] = '\0';
	switch (kind) {
	case 7:
	case 8:
	case 9:
		make_pair();
		break;
	case 10:
		lower = bufferevent_socket_new(
		    base, pair[0], BEV_OPT_CLOSE_ON_FREE);
		break;
	case 11:
		make_pair();
		lower = bev;
		break;
	default:
		bev = bufferevent_socket_new(
		    base, kind == 1 ? -1 : pair[0], BEV_OPT_CLOSE_ON_FREE);
	}
	if (lower)
		bev = bufferevent_filter_new(lower, double_it, double_it,
		    BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	take_notes(bev, "");
	bufferevent_setcb(bev, note_some, note_write, note_event, "");
	if (kind == 2 || kind == 3 || kind == 10)
		bufferevent_enable(bev, EV_READ);
	if (kind == 3 || kind == 10) {
		put(pair[1], "hello");
		go();
	}
	if (kind == 4)
		bufferevent_write(bev, "output", 6);
	if (kind == 5) {
		bufferevent_setwatermark(bev, EV_READ | EV_WRITE, 2, 4);
		bufferevent_enable(bev, EV_READ);
		put(pair[1], "hello");
		go();
	}
	if (kind == 6) {
		bufferevent_set_timeouts(bev, &hour, &hour);
		bufferevent_enable(bev, EV_READ);
	}
	if (kind == 8 || kind == 11) {
		bufferevent_write(partner, "hello", 5);
		bufferevent_enable(partner, EV_READ);
	}
	if (kind == 9) {
		bufferevent_free(partner);
		go();
	}
	capi_log[0] = '\0';
}

static void
free_kind(size_t kind)
{
	bufferevent_free(bev);
	if (partner && kind != 9)
		bufferevent_free(partner);
	go();
	event_base_free(base);
	if (kind == 1 || kind == 7 || kind == 8 || kind == 9 || kind == 11)
		close(pair[0]);
	close(pair[1]);
}

static void
show(const char *what, size_t kind, long value, long answer)
{
	char now[sizeof(capi_log)];

	strcpy(now, capi_log);
	capi_log[0] = '\0';
	go();
	trace("%s of %s, %ld: %ld [%s] then [%s] in %zu out %zu enabled %x "
	    "pending %x %x",
	    what, kinds[kind], value, answer, now, capi_log, in(bev),
	    out(bev), (unsigned short)bufferevent_get_enabled(bev),
	    pending(&bev->ev_read), pending(&bev->ev_write));
}

/* What is done with the value V decides what is traced. */
#define EDGES(name, expression)                                              \
	TEST(name)                                                           \
	{                                                                    \
		for (size_t kind = 0; kind < KINDS; kind++)                  \
			for (size_t i = 0; i < VALUES; i++) {                \
				int v = values[i];                           \
				long answer;                                 \
                                                                             \
				make_kind(kind);                             \
				answer = (expression);                       \
				show(#name, kind, v, answer);                \
				free_kind(kind);                             \
			}                                                    \
	}

EDGES(enable, bufferevent_enable(bev, v))
EDGES(disable, bufferevent_disable(bev, v))
EDGES(flush_directions, bufferevent_flush(bev, v, BEV_FLUSH))
EDGES(flush_reading, bufferevent_flush(bev, EV_READ, v & 3))
EDGES(flush_writing, bufferevent_flush(bev, EV_WRITE, v & 3))
EDGES(priority_set, bufferevent_priority_set(bev, v))
EDGES(max_single_read, (bufferevent_set_max_single_read(bev, v),
    bufferevent_get_max_single_read(bev)))
EDGES(max_single_write, (bufferevent_set_max_single_write(bev, v),
    bufferevent_get_max_single_write(bev)))
EDGES(max_to_read, (bufferevent_set_max_single_read(bev, v),
    bufferevent_get_max_to_read(bev)))
EDGES(max_to_write, (bufferevent_set_max_single_write(bev, v),
    bufferevent_get_max_to_write(bev)))
EDGES(trigger_directions, (bufferevent_trigger(bev, v, 0), 0))
EDGES(trigger_deferred,
    (bufferevent_trigger(bev, v, BEV_TRIG_DEFER_CALLBACKS), 0))
EDGES(trigger_options, (bufferevent_trigger(bev, EV_READ | EV_WRITE, v), 0))
EDGES(trigger_event, (errno = 0, bufferevent_trigger_event(bev, v, 0), 0))
EDGES(trigger_event_deferred, (errno = 0,
    bufferevent_trigger_event(bev, v, BEV_TRIG_DEFER_CALLBACKS), 0))
EDGES(base_set, bufferevent_base_set(base, bev) * 0 + v * 0)
EDGES(decrement_without_a_limit, bufferevent_get_read_limit(bev) == EV_SSIZE_MAX)
EDGES(getfd, (bufferevent_getfd(bev) >= 0) + 2 * !bufferevent_get_base(bev) +
    4 * !bufferevent_get_underlying(bev) +
    8 * !bufferevent_pair_get_partner(bev) + v * 0)
EDGES(priority_of_a_new_one, bufferevent_get_priority(bev))
EDGES(incref, (bufferevent_incref(bev), bufferevent_decref(bev)))

static long
watermarks_of(short which)
{
	size_t low = 77, high = 78;
	long result = bufferevent_getwatermark(bev, which, &low, &high);

	return result * 1000000 + low * 1000 + high;
}

EDGES(getwatermark, watermarks_of(v))
EDGES(setwatermark_directions, (bufferevent_setwatermark(bev, v, 1, 3),
    watermarks_of(EV_READ) + watermarks_of(EV_WRITE)))
EDGES(low_watermark, (bufferevent_setwatermark(bev, EV_READ | EV_WRITE,
    v, 0), bufferevent_enable(bev, EV_READ)))
EDGES(high_watermark, (bufferevent_setwatermark(bev, EV_READ | EV_WRITE,
    0, v), bufferevent_enable(bev, EV_READ)))

static long
read_and_show(size_t size)
{
	static char space[8];
	size_t got = bufferevent_read(bev, space, size > 8 ? 8 : size);

	note("\"%.*s\"", (int)got, space);
	return got;
}

EDGES(read_some, read_and_show((unsigned)v))
EDGES(write_some, bufferevent_write(bev, "abcdefgh", v < 0 || v > 8 ? 8 : v))
EDGES(write_too_much, bufferevent_write(bev, "", v < 0 ? SIZE_MAX : 0))

static long
move_buffer(int to)
{
	struct evbuffer *buffer = evbuffer_new();
	long result;

	evbuffer_add(buffer, "123", 3);
	result = to & 1 ? bufferevent_read_buffer(bev, buffer)
			: bufferevent_write_buffer(bev, buffer);
	result += 100 * evbuffer_get_length(buffer);
	evbuffer_free(buffer);
	return result;
}

EDGES(buffers, move_buffer(v))

static long
timeouts(long seconds, long microseconds)
{
	struct timeval tv = {seconds, microseconds}, hour = {3600, 0};

	bufferevent_set_timeouts(bev, &tv, NULL);
	bufferevent_set_timeouts(bev, NULL, &tv);
	return bufferevent_set_timeouts(bev, &hour, NULL);
}

EDGES(timeouts_in_seconds, timeouts(v < 0 ? 0 : v, 0))
EDGES(timeouts_in_microseconds, timeouts(0, v < 0 ? 0 : v & 0xfffff))

static long
limit(int decrement)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(100, 200, 100, 200, &hour);
	long result = bufferevent_set_rate_limit(bev, cfg);

	result += bufferevent_decrement_read_limit(bev, decrement);
	result += bufferevent_decrement_write_limit(bev, decrement);
	note("%zd %zd ", bufferevent_get_read_limit(bev),
	    bufferevent_get_write_limit(bev));
	result += bufferevent_set_rate_limit(bev, NULL);
	ev_token_bucket_cfg_free(cfg);
	return result;
}

EDGES(rate_limit, limit(v))

static long
group(int value)
{
	struct timeval hour = {3600, 0};
	struct ev_token_bucket_cfg *cfg =
	    ev_token_bucket_cfg_new(100, 200, 100, 200, &hour);
	struct bufferevent_rate_limit_group *group =
	    bufferevent_rate_limit_group_new(base, cfg);
	ev_uint64_t read = 1, written = 1;
	long result = bufferevent_rate_limit_group_set_min_share(group, value);

	result += bufferevent_add_to_rate_limit_group(bev, group);
	result += bufferevent_add_to_rate_limit_group(bev, group);
	result += bufferevent_rate_limit_group_decrement_read(group, value);
	result += bufferevent_rate_limit_group_decrement_write(group, value);
	bufferevent_rate_limit_group_get_totals(group, &read, &written);
	note("%zd %zd %d %d ", bufferevent_rate_limit_group_get_read_limit(group),
	    bufferevent_rate_limit_group_get_write_limit(group), (int)read,
	    (int)written);
	result += bufferevent_remove_from_rate_limit_group(bev);
	result += bufferevent_remove_from_rate_limit_group(bev);
	bufferevent_rate_limit_group_free(group);
	ev_token_bucket_cfg_free(cfg);
	return result;
}

EDGES(rate_limit_group, group(v))

TEST(options_of_a_socket)
{
	for (int options = 0; options < 64; options++) {
		base = event_base_new();
		bev = bufferevent_socket_new(base, -1, options);
		trace("socket %x: %d", options, bev != NULL);
		if (bev)
			bufferevent_free(bev);
		go();
		event_base_free(base);
	}
}

TEST(options_of_a_pair)
{
	for (int options = 0; options < 64; options++) {
		struct bufferevent *both[2] = {NULL, NULL};

		base = event_base_new();
		trace("pair %x: %d", options,
		    bufferevent_pair_new(base, options, both));
		if (both[0]) {
			bufferevent_free(both[0]);
			bufferevent_free(both[1]);
		}
		go();
		event_base_free(base);
	}
}

TEST(options_of_a_filter)
{
	for (int options = 0; options < 64; options++) {
		struct bufferevent *filter;

		base = event_base_new();
		bev = bufferevent_socket_new(base, -1, 0);
		filter = bufferevent_filter_new(
		    bev, NULL, NULL, options, NULL, NULL);
		trace("filter %x: %d", options, filter != NULL);
		if (filter)
			bufferevent_free(filter);
		if (!filter || !(options & BEV_OPT_CLOSE_ON_FREE))
			bufferevent_free(bev);
		go();
		event_base_free(base);
	}
}

/* The descriptor that a bufferevent is given, and what it makes of an address. */
TEST(descriptors)
{
	static const int given[] = {-1, -2, 100000, INT_MIN};

	for (size_t kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < 2; i++) {
			make_kind(kind);
			show("setfd", kind, given[i],
			    bufferevent_setfd(bev, given[i]));
			close(pair[0]);
			free_kind(kind);
		}
}

TEST(connecting_to_nothing)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	for (size_t kind = 0; kind < KINDS; kind++) {
		make_kind(kind);
		if (kind != 1 && kind < 7) {
			free_kind(kind);
			continue;
		}
		show("no address", kind, 0,
		    bufferevent_socket_connect(bev, NULL, 0));
		free_kind(kind);
		make_kind(kind);
		show("short address", kind, 2,
		    bufferevent_socket_connect(bev, (void *)&address, 2));
		free_kind(kind);
	}
}

TEST(hosts_and_ports)
{
	static const int ports[] = {0, -1, 65536, INT_MAX, INT_MIN};

	for (size_t i = 0; i < 5; i++) {
		make_kind(1);
		show("port", 1, ports[i], bufferevent_socket_connect_hostname(
		    bev, NULL, AF_INET, "127.0.0.1", ports[i]));
		free_kind(1);
	}
	for (size_t i = 0; i < VALUES; i++) {
		if (values[i] == AF_INET || values[i] == AF_UNSPEC)
			continue;
		make_kind(1);
		show("family", 1, values[i], bufferevent_socket_connect_hostname(
		    bev, NULL, values[i], "127.0.0.1", 1));
		free_kind(1);
	}
}
