/* Options of socket bufferevents: deferred and unlocked callbacks, locks. */
#include "bufferevents.h"
#include <pthread.h>

#define ALL (BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS |                  \
    BEV_OPT_UNLOCK_CALLBACKS)

TEST(every_combination_reads_and_writes)
{
	for (int options = 0; options < 16; options++) {
		begin();
		bev = bufferevent_socket_new(base, pair[0], options);
		if (!bev) {
			trace("%x: refused", (unsigned)options);
			continue;
		}
		take_notes(bev, "");
		bufferevent_enable(bev, EV_READ);
		put(pair[1], "in");
		turn();
		say(bev, "out");
		turn();
		shutdown(pair[1], SHUT_WR);
		turn();
		trace("%x: %s, %s", (unsigned)options, capi_log, got(pair[1]));
		capi_log[0] = '\0';
		bufferevent_free(bev);
		turn();
		trace("%x: %s", (unsigned)options,
		    is_open(pair[0]) ? "left open" : "closed");
		event_base_free(base);
	}
}

TEST(locking_is_harmless_without_locks)
{
	begin_bev(0);
	bufferevent_lock(bev);
	bufferevent_lock(bev);
	say(bev, "x");
	bufferevent_unlock(bev);
	bufferevent_unlock(bev);
	turn();
	ck_notes("w0");
}

DATA_CALLBACK(read_and_write)
{
	note_read(b, arg);
	say(b, "answer");
	note("returned");
}

TEST(deferred_callbacks_come_after_the_work)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_setcb(bev, read_and_write, note_write, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "question");
	shutdown(pair[1], SHUT_WR);
	turn();
	trace("%s", capi_log);
	ck_assert_str_eq(got(pair[1]), "answer");
}

TEST(deferred_reads_are_told_once)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "abc");
	event_active(&bev->ev_read, EV_READ, 1);
	turn();
	put(pair[1], "def");
	turn();
	ck_notes("r3 r6");
}

TEST(deferred_error_keeps_its_errno)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	close(pair[1]);
	say(bev, "lost");
	turn();
	ck_notes("error+writing(EPIPE)");
}

DATA_CALLBACK(free_reading)
{
	note_read(b, arg);
	bufferevent_free(b);
}

TEST(freed_by_a_deferred_callback)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_setcb(bev, free_reading, note_write, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	say(bev, "y");
	shutdown(pair[1], SHUT_WR);
	turn();
	ck_notes("r1");
	ck_assert(!is_open(pair[0]));
}

TEST(freed_with_a_deferred_callback_waiting)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_trigger(bev, EV_READ, 0);
	bufferevent_free(bev);
	turn();
	ck_notes("");
	ck_assert(!is_open(pair[0]));
}

DATA_CALLBACK(answer_and_free)
{
	say(b, "never sent");
	bufferevent_trigger_event(b, BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
	if (arg)
		event_base_loopbreak(base);
	bufferevent_free(b);
}

/* The loop has references yet, of the callback that is on its way, or of the output's. */
TEST(freed_with_output_and_a_deferred_callback)
{
	for (int stop = 0; stop < 2; stop++)
		for (int of_output = 0; of_output < 2; of_output++) {
			begin_bev(0);
			bufferevent_setcb(bev, answer_and_free, NULL, note_event,
			    stop ? base : NULL);
			if (of_output)
				evbuffer_defer_callbacks(
				    bufferevent_get_output(bev), base);
			bufferevent_enable(bev, EV_READ);
			put(pair[1], "x");
			turn();
			turn();
			ck_assert_str_eq(got(pair[1]), "eof");
			ck_notes("");
			event_base_free(base);
		}
}

TEST(reading_disabled_before_the_deferred_callback)
{
	begin_bev(BEV_OPT_DEFER_CALLBACKS);
	bufferevent_enable(bev, EV_READ);
	bufferevent_trigger(bev, EV_READ | EV_WRITE, 0);
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	turn();
	ck_notes("r0 w0");
}

/* Whether another thread can have the lock while a callback runs. */
static _Atomic int taken;

static void *
take_the_lock(void *arg)
{
	bufferevent_lock(arg);
	taken = 1;
	bufferevent_unlock(arg);
	return NULL;
}

static pthread_t taker;
static long patience_ms;

DATA_CALLBACK(let_another_thread_try)
{
	long long end = capi_now_ms() + patience_ms;

	pthread_create(&taker, NULL, take_the_lock, b);
	while (!taken && capi_now_ms() < end)
		capi_sleep_ms(2);
	note("%s", taken ? "free" : "held");
}

static void
who_holds_the_lock(int options)
{
	/* Who can have it may be long in coming. */
	patience_ms = options & BEV_OPT_UNLOCK_CALLBACKS ? CAPI_PATIENCE_MS : 100;
	begin_bev(options);
	bufferevent_setcb(bev, let_another_thread_try, NULL, NULL, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "x");
	turn();
	pthread_join(taker, NULL);
	ck_assert_int_eq(taken, 1);
}

TEST(callbacks_run_under_the_lock)
{
	if (!getenv("CAPI_THREADS"))
		return;
	who_holds_the_lock(BEV_OPT_THREADSAFE);
	ck_notes("held");
}

TEST(deferred_callbacks_run_under_the_lock)
{
	if (!getenv("CAPI_THREADS"))
		return;
	who_holds_the_lock(BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS);
	ck_notes("held");
}

TEST(unlocked_callbacks_run_without_it)
{
	if (!getenv("CAPI_THREADS"))
		return;
	who_holds_the_lock(ALL);
	ck_notes("free");
}

TEST(the_buffers_share_the_lock)
{
	if (!getenv("CAPI_THREADS"))
		return;
	begin_bev(BEV_OPT_THREADSAFE);
	evbuffer_lock(bufferevent_get_input(bev));
	pthread_create(&taker, NULL, take_the_lock, bev);
	capi_sleep_ms(50);
	ck_assert_int_eq(taken, 0);
	evbuffer_unlock(bufferevent_get_input(bev));
	pthread_join(taker, NULL);
	ck_assert_int_eq(taken, 1);
}
