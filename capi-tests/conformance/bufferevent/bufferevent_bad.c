/* Bad moments: descriptors closed underneath, none left, no memory. */
#define CAPI_OWN_LOCKS
#include "bufferevents.h"
#include "fault_memory.h"
#include <sys/resource.h>

typedef struct bufferevent *(*maker)(int);

static struct bufferevent *
make_socket(int options)
{
	return bufferevent_socket_new(base, pair[0], options);
}

static struct bufferevent *
make_pair(int options)
{
	struct bufferevent *both[2];

	if (bufferevent_pair_new(base, options, both) == -1)
		return NULL;
	partner = both[1];
	return both[0];
}

static struct bufferevent *
make_filter(int options)
{
	return bufferevent_filter_new(
	    partner, NULL, NULL, options, NULL, NULL);
}

/* The n-th allocation fails for every n until it is made after all. */
static void
sweep(maker make, int options)
{
	long before, n;

	/* What the base keeps for its own use is there after the first. */
	bufferevent_free(make(options));
	if (make == make_pair)
		bufferevent_free(partner);
	turn();
	for (n = 1; n < 100; n++) {
		before = blocks;
		refuse(n - 1, 0);
		bev = make(options);
		refuse_nothing();
		if (bev)
			break;
		turn();
		ck_assert_int_eq(blocks, before);
	}
	ck_assert_int_gt(n, 1);
	ck_assert_int_lt(n, 100);
	bufferevent_free(bev);
	if (make == make_pair)
		bufferevent_free(partner);
	turn();
	ck_assert_int_eq(blocks, before);
}

static void
sweep_all(maker make)
{
	sweep(make, 0);
	sweep(make, BEV_OPT_DEFER_CALLBACKS);
	if (getenv("CAPI_THREADS"))
		sweep(make, BEV_OPT_THREADSAFE);
}

TEST(no_memory_for_a_socket)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	sweep_all(make_socket);
	ck_assert(is_open(pair[0]));
}

TEST(no_memory_for_a_pair)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	sweep_all(make_pair);
}

TEST(no_memory_for_a_filter)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	partner = make_socket(getenv("CAPI_THREADS") ? BEV_OPT_THREADSAFE : 0);
	sweep_all(make_filter);
	ck_assert_ptr_null(bufferevent_get_underlying(partner));
}

TEST(no_memory_for_output)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = make_socket(0);
	refuse(0, 0);
	ck_assert_int_eq(bufferevent_write(bev, "hello", 5), -1);
	ck_assert_uint_eq(out(bev), 0);
	ck_assert_int_eq(bufferevent_write(bev, "hello", 5), 0);
	turn();
	ck_assert_str_eq(got(pair[1]), "hello");
}

TEST(everything_goes_back)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = make_socket(BEV_OPT_CLOSE_ON_FREE);
	partner = bev;
	bev = make_filter(BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "in");
	say(bev, "out");
	turn();
	say(bev, "left");
	bufferevent_free(bev);
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(descriptor_closed_before_it_is_freed)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = make_socket(0);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	turn();
	close(pair[0]);
	turn();
	bufferevent_free(bev);
	turn();
	trace("survived");
}

TEST(descriptor_closed_before_output)
{
	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = make_socket(0);
	take_notes(bev, "");
	close(pair[0]);
	bufferevent_write(bev, "lost", 4);
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	bufferevent_free(bev);
	turn();
	trace("survived");
}

/* Only epoll says at once that it is none. */
TEST(what_fails_changes_nothing)
{
	evutil_socket_t closed;

	hook_memory();
	begin();
	closed = dup(pair[1]);
	close(closed);
	if (strcmp(event_base_get_method(base), "epoll") != 0)
		return;
	bev = make_socket(0);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	ck_assert_int_eq(bufferevent_setfd(bev, closed), -1);
	ck_assert_int_eq(bufferevent_getfd(bev), pair[0]);
	put(pair[1], "read");
	turn();
	ck_notes("r4");
	partner = bufferevent_socket_new(base, closed, 0);
	ck_assert_int_eq(bufferevent_enable(partner, EV_READ), -1);
	ck_assert_int_eq(bufferevent_get_enabled(partner), EV_WRITE);
}

TEST(reused_descriptor_reads_the_new_socket)
{
	evutil_socket_t more[2];

	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = make_socket(0);
	take_notes(bev, "");
	bufferevent_enable(bev, EV_READ);
	turn();
	bufferevent_setfd(bev, -1);
	capi_pair(more);
	ck_assert_int_eq(dup2(more[0], pair[0]), pair[0]);
	bufferevent_setfd(bev, pair[0]);
	bufferevent_enable(bev, EV_READ);
	put(more[1], "new");
	turn();
	ck_assert_uint_eq(in(bev), 3);
}

TEST(no_descriptor_left_for_connecting)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct rlimit limit = {0, 0}, none;

	hook_memory();
	signal(SIGPIPE, SIG_IGN);
	begin();
	bev = bufferevent_socket_new(base, -1, 0);
	take_notes(bev, "");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(bufferevent_socket_connect(
	    bev, (struct sockaddr *)&to, sizeof(to)), -1);
	trace("errno %s, descriptor %d", strerrorname_np(errno),
	    (int)bufferevent_getfd(bev));
	turn();
	trace("%s", capi_log);
	setrlimit(RLIMIT_NOFILE, &limit);
}
