/*
 * A chat room. The first line of a client is its name; every other line goes
 * to all the others. "/quit" leaves.
 */
#include "example.h"
#include <sys/queue.h>

struct client {
	TAILQ_ENTRY(client) next;
	struct bufferevent *bev;
	char name[32];
};

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);

static void
tell_others(struct client *from, const char *before, const char *text)
{
	struct client *client;

	TAILQ_FOREACH(client, &clients, next)
		if (client != from && client->name[0])
			evbuffer_add_printf(
			    bufferevent_get_output(client->bev), "%s%s%s\n",
			    from->name, before, text);
}

static void
leave(struct client *client)
{
	TAILQ_REMOVE(&clients, client, next);
	if (client->name[0])
		tell_others(client, " has left", "");
	bufferevent_free(client->bev);
	free(client);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct client *client = arg;
	char *line;

	while ((line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF))) {
		if (strcmp(line, "/quit") == 0) {
			free(line);
			leave(client);
			return;
		}
		if (client->name[0]) {
			tell_others(client, ": ", line);
		} else {
			snprintf(client->name, sizeof(client->name), "%s", line);
			bufferevent_write(bev, "welcome\n", 8);
			tell_others(client, " has come", "");
		}
		free(line);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *client)
{
	(void)bev;
	(void)what;
	leave(client);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	evutil_socket_t fd = next_connection(listener);
	struct client *client;

	(void)what;
	(void)arg;
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	client->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	TAILQ_INSERT_TAIL(&clients, client, next);
	bufferevent_setcb(client->bev, on_read, NULL, on_event, client);
	bufferevent_enable(client->bev, EV_READ);
}

int
main(void)
{
	struct event *terminate = begin();

	serve(on_accept);
	while (!TAILQ_EMPTY(&clients))
		leave(TAILQ_FIRST(&clients));
	event_free(terminate);
	event_base_free(base);
	return 0;
}
