/* Passes connections on to a port of this machine. */
#include "example.h"

/* Reading stops when the other side has this much to write. */
#define ENOUGH 65536

static int target;

static void on_event(struct bufferevent *bev, short what, void *other);

static void
on_room(struct bufferevent *bev, void *other)
{
	bufferevent_setwatermark(bev, EV_WRITE, 0, 0);
	if (other)
		bufferevent_enable(other, EV_READ);
}

static void
on_read(struct bufferevent *bev, void *other)
{
	struct evbuffer *input = bufferevent_get_input(bev);

	if (!other) {
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	bufferevent_write_buffer(other, input);
	if (evbuffer_get_length(bufferevent_get_output(other)) > ENOUGH) {
		bufferevent_setwatermark(other, EV_WRITE, ENOUGH / 2, ENOUGH);
		bufferevent_disable(bev, EV_READ);
	}
}

static void
close_when_written(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_free(bev);
}

/* One side has ended: the other gets what is left. */
static void
on_event(struct bufferevent *bev, short what, void *other)
{
	if (what & BEV_EVENT_CONNECTED)
		return;
	if (other) {
		bufferevent_setwatermark(other, EV_WRITE, 0, 0);
		if (evbuffer_get_length(bufferevent_get_output(other)))
			bufferevent_setcb(other, on_read, close_when_written,
			    on_event, NULL);
		else
			bufferevent_free(other);
	}
	bufferevent_free(bev);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	evutil_socket_t fd = next_connection(listener);
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct bufferevent *in, *out;

	(void)what;
	(void)arg;
	if (fd < 0)
		return;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(target);
	in = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	out = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bufferevent_socket_connect(
	    out, (struct sockaddr *)&address, sizeof(address)) == -1) {
		bufferevent_free(in);
		bufferevent_free(out);
		return;
	}
	bufferevent_setcb(in, on_read, on_room, on_event, out);
	bufferevent_setcb(out, on_read, on_room, on_event, in);
	bufferevent_enable(in, EV_READ);
	bufferevent_enable(out, EV_READ);
}

int
main(int argc, char **argv)
{
	struct event *terminate = begin();

	if (argc != 2)
		die("usage: proxy PORT");
	target = atoi(argv[1]);
	serve(on_accept);
	event_free(terminate);
	event_base_free(base);
	return 0;
}
