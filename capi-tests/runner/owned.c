/*
 * Remembers what the library has made for the program and the program has not
 * given back: tests leave such objects to the end of their process. What a
 * leak checker then finds unreachable is what the library itself has lost.
 *
 * Part of the programs that a leak checker watches, whose calls then come here
 * first.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_compat.h>
#include <event2/event.h>
#include <event2/event_compat.h>
#include <event2/listener.h>
#include <event2/watch.h>

typedef struct event_base base_t;
typedef struct bufferevent bev_t;
typedef struct event_config config_t;
typedef struct evconnlistener listener_t;
typedef const struct ev_token_bucket_cfg limit_t;

#define PLACES (1u << 16)

/* A hash table; who has left marks the place, or those behind would not be found. */
static void *owned[PLACES];
static char left[1];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The place of FIRST, or of SECOND if that comes before it, or NULL. */
static void **
find(void *object, void *first, void *second)
{
	uint64_t at = (uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15) >> 48;

	for (unsigned i = 0; i < PLACES; i++, at++) {
		void **place = &owned[at % PLACES];

		if (*place == first || *place == second)
			return place;
	}
	return NULL;
}

static void
keep(void *object)
{
	void **place;

	if (!object)
		return;
	pthread_mutex_lock(&lock);
	place = find(object, NULL, left);
	if (!place)
		abort();
	*place = object;
	pthread_mutex_unlock(&lock);
}

static void
forget(void *object)
{
	void **place;

	if (!object)
		return;
	pthread_mutex_lock(&lock);
	place = find(object, object, NULL);
	if (place && *place)
		*place = left;
	pthread_mutex_unlock(&lock);
}

/* The library's own function. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define MAKES(type, name, parameters, ...)                                   \
	type *name parameters                                                \
	{                                                                    \
		type *made = NEXT(name)(__VA_ARGS__);                        \
                                                                             \
		keep((void *)made);                                          \
		return made;                                                 \
	}
#define FREES(type, name)                                                    \
	void name(type *object)                                              \
	{                                                                    \
		forget((void *)object);                                      \
		NEXT(name)(object);                                          \
	}

MAKES(base_t, event_init, (void))
MAKES(base_t, event_base_new, (void))
MAKES(base_t, event_base_new_with_config, (const config_t *c), c)
FREES(base_t, event_base_free)
FREES(base_t, event_base_free_nofinalize)

MAKES(config_t, event_config_new, (void))
FREES(config_t, event_config_free)

MAKES(struct event, event_new, (base_t *base, evutil_socket_t fd, short what,
    event_callback_fn call, void *arg), base, fd, what, call, arg)
FREES(struct event, event_free)

int
event_free_finalize(unsigned flags, struct event *event,
    event_finalize_callback_fn call)
{
	forget(event);
	return NEXT(event_free_finalize)(flags, event, call);
}

MAKES(struct evbuffer, evbuffer_new, (void))
FREES(struct evbuffer, evbuffer_free)

MAKES(bev_t, bufferevent_socket_new, (base_t *base, evutil_socket_t fd,
    int options), base, fd, options)
MAKES(bev_t, bufferevent_new, (evutil_socket_t fd, bufferevent_data_cb in,
    bufferevent_data_cb out, bufferevent_event_cb event, void *arg),
    fd, in, out, event, arg)
MAKES(bev_t, bufferevent_filter_new, (bev_t *below, bufferevent_filter_cb in,
    bufferevent_filter_cb out, int options, void (*done)(void *), void *arg),
    below, in, out, options, done, arg)
FREES(bev_t, bufferevent_free)

int
bufferevent_pair_new(base_t *base, int options, bev_t **made)
{
	int result = NEXT(bufferevent_pair_new)(base, options, made);

	if (result == 0) {
		keep(made[0]);
		keep(made[1]);
	}
	return result;
}

MAKES(struct ev_token_bucket_cfg, ev_token_bucket_cfg_new, (size_t read_rate,
    size_t read_burst, size_t write_rate, size_t write_burst,
    const struct timeval *tick), read_rate, read_burst, write_rate,
    write_burst, tick)
FREES(struct ev_token_bucket_cfg, ev_token_bucket_cfg_free)
MAKES(struct bufferevent_rate_limit_group, bufferevent_rate_limit_group_new,
    (base_t *base, limit_t *limit), base, limit)
FREES(struct bufferevent_rate_limit_group, bufferevent_rate_limit_group_free)

MAKES(listener_t, evconnlistener_new, (base_t *base, evconnlistener_cb call,
    void *arg, unsigned flags, int backlog, evutil_socket_t fd),
    base, call, arg, flags, backlog, fd)
MAKES(listener_t, evconnlistener_new_bind, (base_t *base,
    evconnlistener_cb call, void *arg, unsigned flags, int backlog,
    const struct sockaddr *address, int size),
    base, call, arg, flags, backlog, address, size)
FREES(listener_t, evconnlistener_free)

MAKES(struct evwatch, evwatch_prepare_new, (base_t *base, evwatch_prepare_cb
    call, void *arg), base, call, arg)
MAKES(struct evwatch, evwatch_check_new, (base_t *base, evwatch_check_cb
    call, void *arg), base, call, arg)
FREES(struct evwatch, evwatch_free)
