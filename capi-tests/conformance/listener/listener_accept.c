/*
 * Listeners: what their callbacks get, and what callbacks may do to them.
 */
#include "listeners.h"

#include <pthread.h>
#include <sys/un.h>

TEST(a_connection_reaches_the_callback)
{
	struct sockaddr_in local;
	socklen_t len = sizeof(local);
	int client;

	listen_on(LEV_OPT_CLOSE_ON_FREE, take);
	client = dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
	ck_assert_int_eq(peer.ss_family, AF_INET);
	ck_assert_int_eq(peer_len, sizeof(struct sockaddr_in));
	ck_assert_int_eq(getsockname(client, (void *)&local, &len), 0);
	ck_assert_int_eq(((struct sockaddr_in *)&peer)->sin_port, local.sin_port);
	ck_assert_ptr_eq(evconnlistener_get_base(listener), base);
	evconnlistener_free(listener);
}

TEST(flags_of_accepted_sockets)
{
	static const unsigned flags[] = {0, LEV_OPT_LEAVE_SOCKETS_BLOCKING,
	    LEV_OPT_CLOSE_ON_EXEC,
	    LEV_OPT_LEAVE_SOCKETS_BLOCKING | LEV_OPT_CLOSE_ON_EXEC};

	for (unsigned i = 0; i < 4; i++) {
		listen_on(flags[i] | LEV_OPT_CLOSE_ON_FREE, take);
		dial();
		ck_assert_int_eq(once(), 0);
		trace("%x: blocking %d, close on exec %d", flags[i],
		    !(fcntl(accepted, F_GETFL) & O_NONBLOCK),
		    fcntl(accepted, F_GETFD) & FD_CLOEXEC);
		evconnlistener_free(listener);
		close(accepted);
	}
}

TEST(connections_come_in_a_burst)
{
	listen_on(0, take);
	for (int i = 0; i < 20; i++)
		dial();
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(connections, 20);
	ck_assert_int_eq(turn(), 0);
	ck_assert_int_eq(connections, 20);
}

TEST(disabled_from_the_start)
{
	listen_on(LEV_OPT_DISABLED, take);
	dial();
	ck_assert_int_eq(events(), 0);
	ck_assert_int_eq(turn(), 1);
	ck_assert_int_eq(evconnlistener_disable(listener), 0);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	ck_assert_int_eq(events(), 1);
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
}

ACCEPT(take_and_disable)
{
	take(of, fd, address, length, arg);
	note("disable:%d", evconnlistener_disable(of));
}

TEST(disabled_by_its_callback)
{
	listen_on(0, take_and_disable);
	for (int i = 0; i < 3; i++)
		dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take disable:0");
	ck_assert_int_eq(turn(), 1);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	ck_assert_int_eq(once(), 0);
	ck_notes("take disable:0");
}

ACCEPT(take_and_rest)
{
	take(of, fd, address, length, arg);
	evconnlistener_disable(of);
	evconnlistener_enable(of);
}

TEST(disabled_and_enabled_by_its_callback)
{
	listen_on(0, take_and_rest);
	for (int i = 0; i < 3; i++)
		dial();
	ck_assert_int_eq(turn(), 0);
	ck_notes("take take take");
	ck_assert_int_eq(events(), 1);
}

/* The socket is closed when the callback has returned, not before. */
ACCEPT(take_and_free)
{
	int socket = evconnlistener_get_fd(of);

	take(of, fd, address, length, arg);
	evconnlistener_free(of);
	ck_assert_int_ne(fcntl(socket, F_GETFD), -1);
}

TEST(freed_by_its_callback)
{
	static const unsigned flags[] = {LEV_OPT_CLOSE_ON_FREE,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_THREADSAFE, LEV_OPT_THREADSAFE, 0};
	int fd;

	for (int i = 0; i < 4; i++) {
		listen_on(flags[i], take_and_free);
		fd = evconnlistener_get_fd(listener);
		for (int j = 0; j < 3; j++)
			dial();
		ck_assert_int_eq(once(), 0);
		ck_notes("take");
		ck_assert_int_eq(events(), 0);
		ck_assert_int_eq(fcntl(fd, F_GETFD) == -1,
		    (flags[i] & LEV_OPT_CLOSE_ON_FREE) != 0);
		close(fd);
	}
}

ACCEPT(take_other)
{
	(void)of;
	(void)address;
	(void)length;
	close(fd);
	note("%s", (const char *)arg);
}

ACCEPT(take_and_replace)
{
	take(of, fd, address, length, arg);
	evconnlistener_set_cb(of, take_other, (void *)"other");
}

TEST(replaced_by_its_callback)
{
	listen_on(0, take_and_replace);
	for (int i = 0; i < 3; i++)
		dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take other other");
}

ACCEPT(take_the_last)
{
	take(of, fd, address, length, arg);
	evconnlistener_set_cb(of, NULL, NULL);
}

/* What comes while there is none is accepted and closed. */
TEST(its_callback_takes_itself_away)
{
	int clients[3];
	char byte;

	listen_on(0, take_the_last);
	for (int i = 0; i < 3; i++)
		clients[i] = dial();
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(turn(), 0);
	ck_notes("take");
	ck_assert_int_eq(events(), 1);
	close(accepted);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(read(clients[i], &byte, 1), 0);
	evconnlistener_set_cb(listener, take, NULL);
	dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
}

TEST(without_a_callback_it_does_not_wait)
{
	listen_on(LEV_OPT_CLOSE_ON_FREE, NULL);
	dial();
	ck_assert_int_eq(events(), 0);
	ck_assert_int_eq(evconnlistener_enable(listener), 0);
	ck_assert_int_eq(events(), 0);
	evconnlistener_set_cb(listener, take, NULL);
	ck_assert_int_eq(events(), 1);
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
	evconnlistener_free(listener);
	listen_on(LEV_OPT_CLOSE_ON_FREE | LEV_OPT_DISABLED, NULL);
	evconnlistener_set_cb(listener, take, NULL);
	ck_assert_int_eq(events(), 0);
	evconnlistener_enable(listener);
	evconnlistener_set_cb(listener, NULL, NULL);
	ck_assert_int_eq(events(), 1);
	evconnlistener_disable(listener);
	evconnlistener_set_cb(listener, take, NULL);
	ck_assert_int_eq(events(), 0);
}

/* Other descriptors have their turn between bursts, and priorities count. */
TEST(its_event_has_the_middle_priority)
{
	base = event_base_new();
	event_base_priority_init(base, 3);
	capi_pair(pair);
	listen_on(0, take);
	ev = event_new(base, pair[0], EV_READ, consume, (void *)"first");
	event_priority_set(ev, 0);
	other = event_new(base, pair[1], EV_READ, consume, (void *)"last");
	event_priority_set(other, 2);
	event_add(other, NULL);
	event_add(ev, NULL);
	dial();
	feed(pair[0]);
	feed(pair[1]);
	ck_assert_int_eq(turn(), 0);
	ck_notes("first:2 take last:2");
}

/* ---- UNIX sockets ---- */

static struct sockaddr_un
path(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/tmp/capi-%d-%s", getpid(), name);
	unlink(address.sun_path);
	return address;
}

TEST(peers_of_unix_sockets)
{
	struct sockaddr_un address = path("server"), named = path("client");
	int client;

	base = event_base_new();
	listener = evconnlistener_new_bind(base, take, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1, (void *)&address,
	    sizeof(address));
	ck_assert_ptr_nonnull(listener);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(
	    connect(client, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(once(), 0);
	trace("nameless: family %d, length %d", peer.ss_family, peer_len);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(client, (void *)&named, sizeof(named)), 0);
	ck_assert_int_eq(
	    connect(client, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(peer.ss_family, AF_UNIX);
	ck_assert_str_eq(((struct sockaddr_un *)&peer)->sun_path,
	    named.sun_path);
	unlink(address.sun_path);
	unlink(named.sun_path);
}

/* ---- Several threads ---- */

static void *
look_at_the_listener(void *done)
{
	evconnlistener_set_error_cb(listener, NULL);
	evconnlistener_set_cb(listener, take, NULL);
	*(int *)done = 1;
	return NULL;
}

/* The lock is free while the callback runs. */
ACCEPT(take_beside_another_thread)
{
	pthread_t thread;
	int done = 0;

	take(of, fd, address, length, arg);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, look_at_the_listener, &done), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(done, 1);
}

TEST(another_thread_sets_callbacks_meanwhile)
{
	if (!getenv("CAPI_THREADS"))
		return;
	listen_on(LEV_OPT_THREADSAFE, take_beside_another_thread);
	dial();
	ck_assert_int_eq(once(), 0);
	dial();
	ck_assert_int_eq(once(), 0);
	ck_notes("take take");
}

static _Atomic int begun, returned;

static void *
disable_it(void *unused)
{
	begun = 1;
	evconnlistener_disable(listener);
	return unused;
}

static void *
free_it(void *unused)
{
	begun = 1;
	evconnlistener_free(listener);
	return unused;
}

static pthread_t helper;

ACCEPT(take_slowly)
{
	take(of, fd, address, length, arg);
	ck_assert_int_eq(
	    pthread_create(&helper, NULL, (void *(*)(void *))arg, NULL), 0);
	while (!begun)
		capi_sleep_ms(1);
	capi_sleep_ms(100);
	returned = 1;
}

static void
ended_by_another_thread(void *(*how)(void *))
{
	if (!getenv("CAPI_THREADS"))
		return;
	/* The end of a library that locks itself out. */
	alarm(10);
	listen_on(LEV_OPT_THREADSAFE, take_slowly);
	evconnlistener_set_cb(listener, take_slowly, (void *)how);
	dial();
	dial();
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(returned, 1);
	ck_assert_int_eq(pthread_join(helper, NULL), 0);
	ck_notes("take");
	ck_assert_int_eq(events(), 0);
}

TEST(disabled_by_another_thread_while_its_callback_runs)
{
	ended_by_another_thread(disable_it);
}

TEST(freed_by_another_thread_while_its_callback_runs)
{
	ended_by_another_thread(free_it);
}
