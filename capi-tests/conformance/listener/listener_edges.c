/*
 * Listeners with arguments at their edges: which are made, how their sockets
 * are set up, and what becomes of a connection.
 */
// runs: one-backend
#include "listeners.h"

static struct evconnlistener *made;
static int taken;

static void
count_it(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
    struct sockaddr *address UNUSED, int len UNUSED, void *arg UNUSED)
{
	taken++;
	close(fd);
}

static int
flag_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value;
}

/* Connects, and has the loop run. */
static int
knock(int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	taken = 0;
	getsockname(fd, (void *)&address, &len);
	connect(client, (void *)&address, len);
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	close(client);
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	return taken;
}

static const int backlogs[] = {1, -1, 5, 4096, INT_MAX, INT_MIN};

static void
trace_made(const char *what, unsigned flags, int backlog)
{
	int error = errno, fd;

	if (!made) {
		trace("%s %x, %d: %s", what, flags, backlog,
		    strerrorname_np(error));
		return;
	}
	fd = evconnlistener_get_fd(made);
	trace("%s %x, %d: base %d, blocking %d, exec %d, listens %d, reuse %d, "
	    "pending %d, took %d",
	    what, flags, backlog, evconnlistener_get_base(made) == base,
	    !(fcntl(fd, F_GETFL) & O_NONBLOCK), !fcntl(fd, F_GETFD),
	    flag_of(fd, SOL_SOCKET, SO_ACCEPTCONN),
	    flag_of(fd, SOL_SOCKET, SO_REUSEADDR),
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED),
	    flags & LEV_OPT_DEFERRED_ACCEPT ? 0 : knock(fd));
	evconnlistener_free(made);
	trace("closed %d, pending %d", fcntl(fd, F_GETFD) == -1,
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	if (!(flags & LEV_OPT_CLOSE_ON_FREE))
		close(fd);
}

TEST(bound_with_every_flag)
{
	struct sockaddr_in address = loopback(0);

	base = event_base_new();
	for (unsigned flags = 0; flags < 0x100; flags++) {
		errno = 0;
		made = evconnlistener_new_bind(base, count_it, NULL, flags, -1,
		    (void *)&address, sizeof(address));
		trace_made("bound", flags, -1);
	}
}

TEST(bound_with_every_backlog)
{
	struct sockaddr_in address = loopback(0);

	base = event_base_new();
	for (size_t i = 0; i < sizeof(backlogs) / sizeof(*backlogs); i++) {
		errno = 0;
		made = evconnlistener_new_bind(base, count_it, NULL, 0,
		    backlogs[i], (void *)&address, sizeof(address));
		trace_made("bound", 0, backlogs[i]);
	}
}

TEST(given_with_every_backlog)
{
	base = event_base_new();
	for (size_t i = 0; i < sizeof(backlogs) / sizeof(*backlogs); i++)
		for (int listens = 0; listens < 2; listens++) {
			struct sockaddr_in address = loopback(0);
			int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

			bind(fd, (void *)&address, sizeof(address));
			if (listens)
				listen(fd, 3);
			errno = 0;
			made = evconnlistener_new(
			    base, count_it, NULL, 0, backlogs[i], fd);
			trace_made(listens ? "listening" : "given", 0,
			    backlogs[i]);
			if (!made)
				close(fd);
		}
}

TEST(bound_with_lengths_of_all_sorts)
{
	static const int lengths[] = {0, 1, 2, 15, 16, 17, 128, -1, INT_MAX};
	char space[128] = {0};
	struct sockaddr_in address = loopback(0);

	memcpy(space, &address, sizeof(address));
	base = event_base_new();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		errno = 0;
		made = evconnlistener_new_bind(base, count_it, NULL,
		    LEV_OPT_CLOSE_ON_FREE, -1, (void *)space, lengths[i]);
		trace_made("length", LEV_OPT_CLOSE_ON_FREE, lengths[i]);
	}
}

/* Every order of four changes, and whether a connection is taken then. */
TEST(changes_in_every_order)
{
	for (int steps = 0; steps < 256; steps++) {
		struct sockaddr_in address = loopback(0);
		char names[32] = "";

		base = event_base_new();
		made = evconnlistener_new_bind(base, count_it, NULL,
		    LEV_OPT_CLOSE_ON_FREE, -1, (void *)&address,
		    sizeof(address));
		for (int i = 0; i < 4; i++)
			switch (steps >> 2 * i & 3) {
			case 0:
				sprintf(names + strlen(names), "d%d ",
				    evconnlistener_disable(made));
				break;
			case 1:
				sprintf(names + strlen(names), "e%d ",
				    evconnlistener_enable(made));
				break;
			case 2:
				evconnlistener_set_cb(made, NULL, NULL);
				strcat(names, "- ");
				break;
			case 3:
				evconnlistener_set_cb(made, count_it, NULL);
				strcat(names, "+ ");
			}
		trace("%spending %d, took %d", names,
		    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED),
		    knock(evconnlistener_get_fd(made)));
		evconnlistener_free(made);
		event_base_free(base);
	}
}
