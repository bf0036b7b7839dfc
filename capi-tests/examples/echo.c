/* Sends back what it is sent, and closes when everything has been sent. */
#include "example.h"

static void
on_read(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
	/* A client that doesn't read is not read from. */
	if (evbuffer_get_length(bufferevent_get_output(bev)) > 65536)
		bufferevent_disable(bev, EV_READ);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_enable(bev, EV_READ);
}

static void
close_when_written(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_free(bev);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)arg;
	if ((what & BEV_EVENT_EOF) &&
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		bufferevent_setcb(bev, NULL, close_when_written, on_event, NULL);
		return;
	}
	bufferevent_free(bev);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	evutil_socket_t fd = next_connection(listener);
	struct bufferevent *bev;

	(void)what;
	(void)arg;
	if (fd < 0)
		return;
	bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, on_read, on_written, on_event, NULL);
	bufferevent_enable(bev, EV_READ);
}

int
main(void)
{
	struct event *terminate = begin();

	serve(on_accept);
	event_free(terminate);
	event_base_free(base);
	return 0;
}
