/*
 * Running out of memory where no function is there to fail: the event callback
 * tells the program, or things go on all the same.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include "fault_memory.h"

#include <event2/buffer_compat.h>

static char block[20000];

/* From now on there is no memory for what begins to wait. */
static void
starve(void)
{
	refuse(0, 1);
}

static void
a_socket(void)
{
	hook_memory();
	begin_bev(0);
}

/* No more timers can be added: as many as there is room for wait already. */
static void
fill_timers(void)
{
	static struct event fill[200];
	struct timeval later = {100, 0};
	int i = 0;

	starve();
	do {
		ck_assert_int_lt(i, 200);
		evtimer_assign(&fill[i], base, note_name, "late");
	} while (evtimer_add(&fill[i++], &later) == 0);
}

TEST(output_that_cannot_wait)
{
	struct timeval soon = {10, 0};

	a_socket();
	bufferevent_set_timeouts(bev, NULL, &soon);
	ck_assert_int_eq(evbuffer_expand(bufferevent_get_output(bev), 100), 0);
	fill_timers();
	ck_assert_int_eq(bufferevent_write(bev, "text", 4), 0);
	turn();
	ck_notes("error+writing(ENOMEM)");
	ck_assert_int_eq(bufferevent_get_enabled(bev), 0);
	refuse_nothing();
	/* Nothing is lost. */
	ck_assert_int_eq(bufferevent_enable(bev, EV_WRITE), 0);
	turn();
	ck_assert_str_eq(got(pair[1]), "text");
	ck_notes("w0");
}

TEST(reading_stops_at_the_mark_and_goes_on)
{
	char byte;

	a_socket();
	bufferevent_enable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	turn();
	starve();
	bufferevent_setwatermark(bev, EV_READ, 0, 2);
	refuse_nothing();
	put(pair[1], "text");
	turn();
	ck_assert_uint_eq(in(bev), 2);
	ck_assert_int_eq(bufferevent_read(bev, &byte, 1), 1);
	turn();
	ck_assert_uint_eq(in(bev), 2);
	ck_notes("");
}

/* Programs can take all callbacks off a buffer. */
TEST(the_mark_comes_back_after_evbuffer_setcb)
{
	char byte;

	a_socket();
	bufferevent_enable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	bufferevent_setwatermark(bev, EV_READ, 0, 2);
	evbuffer_setcb(bufferevent_get_input(bev), NULL, NULL);
	bufferevent_setwatermark(bev, EV_READ, 0, 3);
	put(pair[1], "text");
	turn();
	ck_assert_uint_eq(in(bev), 3);
	ck_assert_int_eq(bufferevent_read(bev, &byte, 1), 1);
	turn();
	ck_assert_uint_eq(in(bev), 3);
	evbuffer_setcb(bufferevent_get_input(bev), NULL, NULL);
	bufferevent_free(bev);
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(reading_that_cannot_go_on)
{
	struct timeval soon = {10, 0};
	char byte;

	a_socket();
	bufferevent_setwatermark(bev, EV_READ, 0, 2);
	bufferevent_set_timeouts(bev, &soon, NULL);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "text");
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	turn();
	ck_assert_uint_eq(in(bev), 2);
	fill_timers();
	ck_assert_int_eq(bufferevent_read(bev, &byte, 1), 1);
	turn();
	ck_notes("error+reading(ENOMEM)");
	refuse_nothing();
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	turn();
	ck_assert_uint_eq(in(bev), 2);
	ck_notes("");
}

TEST_TIMED(a_limit_that_cannot_wait_for_its_tick)
{
	struct timeval tick = capi_ms(100);
	struct ev_token_bucket_cfg *limit =
	    ev_token_bucket_cfg_new(2, 2, 2, 2, &tick);

	a_socket();
	ck_assert_int_eq(bufferevent_set_rate_limit(bev, limit), 0);
	bufferevent_enable(bev, EV_READ);
	bufferevent_setcb(bev, NULL, NULL, note_event, "");
	put(pair[1], "text");
	ck_assert_int_eq(evbuffer_expand(bufferevent_get_input(bev), 100), 0);
	fill_timers();
	turn();
	ck_assert_uint_eq(in(bev), 2);
	ck_notes("error+reading(ENOMEM)");
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), -1);
	refuse_nothing();
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	for (int i = 0; i < 100 && in(bev) < 4; i++)
		run_for(20);
	ck_assert_uint_eq(in(bev), 4);
	ev_token_bucket_cfg_free(limit);
}

/* A part of a chain takes memory to move. */
TEST(a_pair_that_cannot_move_a_part)
{
	struct bufferevent *both[2];

	hook_memory();
	begin();
	ck_assert_int_eq(bufferevent_pair_new(base, 0, both), 0);
	take_notes(both[0], "a:");
	take_notes(both[1], "b:");
	bufferevent_setwatermark(both[1], EV_READ, 0, 700);
	bufferevent_write(both[0], block, 3000);
	starve();
	bufferevent_enable(both[1], EV_READ);
	turn();
	ck_notes("a:error+writing(ENOMEM)");
	ck_assert_uint_eq(out(both[0]), 3000);
	refuse_nothing();
	bufferevent_enable(both[0], EV_WRITE);
	ck_assert_uint_eq(out(both[0]), 2300);
	ck_assert_uint_eq(in(both[1]), 700);
}

TEST(a_filter_that_cannot_move_a_part)
{
	struct bufferevent *filter;

	a_socket();
	filter = bufferevent_filter_new(bev, NULL, NULL, 0, NULL, NULL);
	bufferevent_setcb(filter, NULL, NULL, note_event, "");
	bufferevent_enable(filter, EV_READ | EV_WRITE);
	bufferevent_setwatermark(filter, EV_READ, 0, 700);
	ck_assert_int_eq(write(pair[1], block, 3000), 3000);
	ck_assert_int_eq(evbuffer_expand(bufferevent_get_input(bev), 4000), 0);
	turn();
	ck_assert_uint_eq(in(filter), 700);
	ck_assert_uint_eq(in(bev), 2300);
	starve();
	evbuffer_drain(bufferevent_get_input(filter), 700);
	turn();
	ck_notes("error+reading(ENOMEM)");
	refuse_nothing();
	bufferevent_enable(filter, EV_READ);
	/* What was read before comes with the next. */
	put(pair[1], "x");
	turn();
	ck_assert_uint_eq(in(filter), 700);
}

static void
connect_by_name(void)
{
	struct sockaddr_in address;
	int server = listen_on_loopback(&address);
	int result = -1, error, turns = 0;

	base = event_base_new();
	bev = base ? bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE)
		   : NULL;
	capi_log[0] = '\0';
	if (bev) {
		take_notes(bev, "");
		errno = 0;
		result = bufferevent_socket_connect_hostname(bev, NULL,
		    AF_INET, "127.0.0.1", ntohs(address.sin_port));
		error = errno;
		if (result == -1)
			ck_assert_int_eq(error, ENOMEM);
		for (; turns < 1000 && !capi_log[0] && result == 0; turns++) {
			turn();
			capi_sleep_ms(capi_log[0] ? 0 : 1);
		}
		if (!refused)
			ck_notes("connected");
		else if (result == 0)
			ck_assert(strstr(capi_log, "ENOMEM") ||
			    strcmp(capi_log, "connected") == 0);
		bufferevent_free(bev);
	}
	if (base) {
		turn();
		event_base_free(base);
	}
	close(server);
}

TEST(each_allocation_of_a_connection_by_name)
{
	int descriptors = open_descriptors();

	hook_memory();
	for (int onwards = 0; onwards < 2; onwards++)
		for (long n = 0;; n++) {
			refuse(n, onwards);
			connect_by_name();
			refuse_nothing();
			ck_assert_int_eq(open_descriptors(), descriptors);
			if (!refused)
				break;
		}
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}
