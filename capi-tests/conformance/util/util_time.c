/* Monotonic timers and the arithmetic of struct timeval. */
// runs: one-backend, one-locking
#include "capi.h"

static long long
micros(const struct timeval *tv)
{
	ck_assert_int_ge(tv->tv_usec, 0);
	ck_assert_int_lt(tv->tv_usec, 1000000);
	return tv->tv_sec * 1000000LL + tv->tv_usec;
}

static long long
read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long
read_timer(struct evutil_monotonic_timer *timer)
{
	struct timeval tv;

	ck_assert_int_eq(evutil_gettime_monotonic(timer, &tv), 0);
	return micros(&tv);
}

/* The timer goes by CLOCK, and may lag by SLACK microseconds. */
static void
check_timer(int flags, clockid_t clock, long long slack)
{
	struct evutil_monotonic_timer *timer = evutil_monotonic_timer_new();
	long long last = 0, now, before;
	int i;

	ck_assert_ptr_nonnull(timer);
	ck_assert_int_eq(evutil_configure_monotonic_time(timer, flags), 0);
	for (i = 0; i < 20000; i++) {
		before = read_clock(clock) - slack;
		now = read_timer(timer);
		ck_assert_int_ge(now, last);
		ck_assert_int_ge(now, before);
		ck_assert_int_le(now, read_clock(clock));
		last = now;
	}
	capi_sleep_ms(30);
	ck_assert_int_ge(read_timer(timer) - last, 30000 - slack);
	evutil_monotonic_timer_free(timer);
}

TEST(the_fast_clock_is_a_few_milliseconds_late)
{
	check_timer(0, CLOCK_MONOTONIC, 20000);
}

TEST(the_precise_clock_is_not)
{
	check_timer(EV_MONOT_PRECISE, CLOCK_MONOTONIC, 0);
}

TEST(the_fallback_follows_the_wall_clock)
{
	check_timer(EV_MONOT_FALLBACK, CLOCK_REALTIME, 0);
	check_timer(EV_MONOT_FALLBACK | EV_MONOT_PRECISE, CLOCK_REALTIME, 0);
}

TEST(unknown_flags_are_ignored)
{
	check_timer(0x100, CLOCK_MONOTONIC, 20000);
	check_timer(0x100 | EV_MONOT_PRECISE, CLOCK_MONOTONIC, 0);
}

/* Programs that embed a timer configure what they have not set to zero. */
TEST(configuring_sets_all_of_a_timer)
{
	struct evutil_monotonic_timer *timer = evutil_monotonic_timer_new();
	struct timeval tv;

	memset(timer, 0x5a, 40);
	ck_assert_int_eq(
	    evutil_configure_monotonic_time(timer, EV_MONOT_FALLBACK), 0);
	ck_assert_int_eq(evutil_gettime_monotonic(timer, &tv), 0);
	ck_assert_int_le(llabs(micros(&tv) - read_clock(CLOCK_REALTIME)), 60000000);
	evutil_monotonic_timer_free(timer);
}

TEST(timers_are_independent)
{
	struct evutil_monotonic_timer *a = evutil_monotonic_timer_new();
	struct evutil_monotonic_timer *b = evutil_monotonic_timer_new();

	evutil_configure_monotonic_time(a, EV_MONOT_PRECISE);
	evutil_configure_monotonic_time(b, EV_MONOT_FALLBACK);
	ck_assert_int_lt(
	    llabs(read_timer(a) - read_clock(CLOCK_MONOTONIC)), 10000000);
	ck_assert_int_lt(
	    llabs(read_timer(b) - read_clock(CLOCK_REALTIME)), 10000000);
	evutil_configure_monotonic_time(b, EV_MONOT_PRECISE);
	ck_assert_int_lt(
	    llabs(read_timer(b) - read_clock(CLOCK_MONOTONIC)), 10000000);
	evutil_monotonic_timer_free(a);
	evutil_monotonic_timer_free(b);
	evutil_monotonic_timer_free(NULL);
}

static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

TEST(no_memory_is_no_timer)
{
	event_set_mem_functions(no_memory, realloc, free);
	ck_assert_ptr_null(evutil_monotonic_timer_new());
}

TEST(timeval_arithmetic)
{
	struct timeval a = {5, 600000}, b = {2, 700000}, c;

	evutil_timeradd(&a, &b, &c);
	ck_assert_int_eq(micros(&c), 8300000);
	evutil_timersub(&a, &b, &c);
	ck_assert_int_eq(micros(&c), 2900000);
	ck_assert(evutil_timercmp(&a, &b, >));
	ck_assert(evutil_timercmp(&a, &b, >=));
	ck_assert(evutil_timercmp(&a, &b, !=));
	ck_assert(!evutil_timercmp(&a, &b, <));
	ck_assert(!evutil_timercmp(&a, &b, ==));
	ck_assert(evutil_timercmp(&a, &a, <=));
	b.tv_sec = 5;
	ck_assert(evutil_timercmp(&a, &b, <));
	ck_assert(evutil_timerisset(&a));
	evutil_timerclear(&a);
	ck_assert(!evutil_timerisset(&a));
	ck_assert_int_eq(micros(&a), 0);
	a.tv_usec = 1;
	ck_assert(evutil_timerisset(&a));
	ck_assert_int_eq(evutil_gettimeofday(&a, NULL), 0);
	ck_assert_int_le(
	    llabs(micros(&a) - read_clock(CLOCK_REALTIME)), 10000000);
}

TEST(sizes_and_limits)
{
	struct pair {
		char a;
		int b;
	};

	ck_assert_uint_eq(sizeof(ev_uint64_t), 8);
	ck_assert_uint_eq(sizeof(ev_int64_t), 8);
	ck_assert_uint_eq(sizeof(ev_uint32_t), 4);
	ck_assert_uint_eq(sizeof(ev_int32_t), 4);
	ck_assert_uint_eq(sizeof(ev_uint16_t), 2);
	ck_assert_uint_eq(sizeof(ev_int16_t), 2);
	ck_assert_uint_eq(sizeof(ev_uint8_t), 1);
	ck_assert_uint_eq(sizeof(ev_int8_t), 1);
	ck_assert_uint_eq(sizeof(ev_uintptr_t), sizeof(void *));
	ck_assert_uint_eq(sizeof(ev_intptr_t), sizeof(void *));
	ck_assert_uint_eq(sizeof(ev_ssize_t), sizeof(size_t));
	ck_assert_uint_eq(sizeof(ev_off_t), 8);
	ck_assert_uint_eq(sizeof(ev_socklen_t), sizeof(socklen_t));
	ck_assert((ev_ssize_t)-1 < 0 && (ev_off_t)-1 < 0);
	ck_assert_uint_eq(EV_UINT64_MAX, UINT64_MAX);
	ck_assert_int_eq(EV_INT64_MAX, INT64_MAX);
	ck_assert_int_eq(EV_INT64_MIN, INT64_MIN);
	ck_assert_uint_eq(EV_UINT32_MAX, UINT32_MAX);
	ck_assert_int_eq(EV_INT32_MAX, INT32_MAX);
	ck_assert_int_eq(EV_INT32_MIN, INT32_MIN);
	ck_assert_uint_eq(EV_UINT16_MAX, 65535);
	ck_assert_int_eq(EV_INT16_MAX, 32767);
	ck_assert_int_eq(EV_INT16_MIN, -32768);
	ck_assert_uint_eq(EV_UINT8_MAX, 255);
	ck_assert_int_eq(EV_INT8_MAX, 127);
	ck_assert_int_eq(EV_INT8_MIN, -128);
	ck_assert_uint_eq(EV_SIZE_MAX, SIZE_MAX);
	ck_assert_int_eq(EV_SSIZE_MAX, SSIZE_MAX);
	ck_assert_int_eq(EV_SSIZE_MIN, -SSIZE_MAX - 1);
	ck_assert_int_eq((int)evutil_offsetof(struct pair, b), 4);
}
