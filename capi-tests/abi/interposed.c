/* Uses the library named by its argument through dlsym(), while another one that defines the same
 * functions comes first in the global scope. */
#include <dlfcn.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <stdio.h>
#include <stdlib.h>

static void *library;

static void *
find(const char *name)
{
	void *function = dlsym(library, name);
	if (function == NULL || dlsym(RTLD_DEFAULT, name) == NULL) {
		fprintf(stderr, "no %s\n", name);
		exit(1);
	}
	return function;
}

/* Our function of that name, with the type that the headers give it. */
#define OUR(name) (*(__typeof__(name) *)find(#name))

static int called;

static void
callback(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	called++;
}

static void
quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

int
main(int argc, char **argv)
{
	struct timeval soon = {0, 1000};
	struct event_config *config;
	struct event_base *base;
	struct event *timer, *input;
	evutil_socket_t pair[2];
	char text[32];

	library = dlopen(argc == 2 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	OUR(event_set_log_callback)(quiet);
	OUR(event_enable_debug_mode)();
	if (OUR(evthread_use_pthreads)() != 0)
		return 2;
	config = OUR(event_config_new)();
	base = OUR(event_base_new_with_config)(config);
	OUR(event_config_free)(config);
	if (base == NULL || OUR(evutil_socketpair)(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 3;
	OUR(evutil_make_socket_nonblocking)(pair[0]);
	timer = OUR(event_new)(base, -1, 0, callback, NULL);
	input = OUR(event_new)(base, pair[0], EV_WRITE, callback, NULL);
	OUR(event_add)(timer, &soon);
	OUR(event_add)(input, NULL);
	OUR(event_base_once)(base, -1, EV_TIMEOUT, callback, NULL, &soon);
	if (OUR(event_base_dispatch)(base) != 1 || called != 3)
		return 4;
	OUR(evutil_snprintf)(text, sizeof(text), "%d", called);
	if (OUR(evutil_ascii_strcasecmp)(text, "3") != 0)
		return 5;
	OUR(event_free)(timer);
	OUR(event_free)(input);
	OUR(evutil_closesocket)(pair[0]);
	OUR(evutil_closesocket)(pair[1]);
	OUR(event_base_free)(base);
	OUR(libevent_global_shutdown)();
	return 0;
}
