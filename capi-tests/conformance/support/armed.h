/*
 * A base with one of everything that a descriptor of the library's stands
 * behind, and one round of work for all of it.
 */
#ifndef CAPI_ARMED_H
#define CAPI_ARMED_H

#include "events.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <pthread.h>

enum work { READABLE, WRITABLE, TIMER, USR1, USR2, ECHO, ACCEPTED, WOKEN, KINDS };

static const char *const work_names[KINDS] = {"readable", "writable", "timer",
    "first signal", "second signal", "echo", "accepted", "woken"};
static int worked[KINDS];
static struct event *readable, *writable, *soon, *wakened;
static struct bufferevent *echo;
static evutil_socket_t echo_pair[2];
static struct evconnlistener *listener;
static struct sockaddr_in listens_at;

/* How many descriptors the process has; the one that counts is not among them. */
static UNUSED int
descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int found = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		found++;
	closedir(directory);
	return found - 3;
}

CALLBACK(read_one)
{
	char byte;

	worked[READABLE] += read(fd, &byte, 1) == 1;
}

static void
echo_back(struct bufferevent *bev, void *arg UNUSED)
{
	worked[ECHO]++;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}

static void
accept_one(struct evconnlistener *of UNUSED, evutil_socket_t fd,
    struct sockaddr *address UNUSED, int length UNUSED, void *arg UNUSED)
{
	worked[ACCEPTED]++;
	close(fd);
}

static struct event *
added(evutil_socket_t fd, short what, event_callback_fn call, int *counter)
{
	struct timeval never = {3600, 0};
	struct event *event = event_new(base, fd, what, call, counter);

	ck_assert_ptr_nonnull(event);
	ck_assert_int_eq(event_add(event, fd < 0 ? &never : NULL), 0);
	return event;
}

static inline void
arm(int flags)
{
	struct event_config *config = event_config_new();
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t length = sizeof(listens_at);

	ck_assert_int_eq(event_config_set_flag(config, flags), 0);
	base = event_base_new_with_config(config);
	event_config_free(config);
	ck_assert_ptr_nonnull(base);
	capi_pair(pair);
	capi_pair(echo_pair);
	readable = added(pair[0], EV_READ | EV_PERSIST, read_one, NULL);
	writable = event_new(base, pair[0], EV_WRITE, count, &worked[WRITABLE]);
	soon = added(-1, 0, count, &worked[TIMER]);
	added(SIGUSR1, EV_SIGNAL | EV_PERSIST, count, &worked[USR1]);
	added(SIGUSR2, EV_SIGNAL | EV_PERSIST, count, &worked[USR2]);
	wakened = added(-1, EV_PERSIST, count, &worked[WOKEN]);
	echo = bufferevent_socket_new(base, echo_pair[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(echo, echo_back, NULL, NULL, NULL);
	bufferevent_enable(echo, EV_READ);
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = evconnlistener_new_bind(base, accept_one, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 8,
	    (struct sockaddr *)&any, sizeof(any));
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(getsockname(evconnlistener_get_fd(listener),
	    (struct sockaddr *)&listens_at, &length), 0);
}

static UNUSED void *
wake_up(void *nothing)
{
	event_active(wakened, EV_READ, 1);
	return nothing;
}

static const char *
missing(void)
{
	for (int i = 0; i < KINDS; i++)
		if (worked[i] == 0)
			return work_names[i];
	return NULL;
}

/* Everything happens once. NULL, or what did not. */
static const char *
work_once(void)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	const char *problem;
	pthread_t thread;
	char answer[5];

	memset(worked, 0, sizeof(worked));
	feed(pair[1]);
	event_add(writable, NULL);
	add_ms(soon, 1);
	raise(SIGUSR1);
	raise(SIGUSR2);
	if (write(echo_pair[1], "ping", 4) != 4 ||
	    connect(client, (void *)&listens_at, sizeof(listens_at)) == -1)
		return "nothing can be sent";
	if (getenv("CAPI_THREADS"))
		pthread_create(&thread, NULL, wake_up, NULL);
	else
		wake_up(NULL);
	while ((problem = missing()) && capi_now_ms() < end)
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			return "the loop ended";
	if (getenv("CAPI_THREADS"))
		pthread_join(thread, NULL);
	/* What was heard of must not come again. */
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (int i = 0; i < KINDS && !problem; i++)
		if (worked[i] != 1)
			problem = work_names[i];
	if (!problem && read(echo_pair[1], answer, sizeof(answer)) != 4)
		problem = "answer";
	close(client);
	return problem;
}

#define ck_works()                                                           \
	do {                                                                 \
		const char *problem = work_once();                           \
                                                                             \
		ck_assert_msg(!problem, "%s", problem);                      \
	} while (0)

#endif
