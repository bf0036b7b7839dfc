/*
 * Sends back what it is sent, in as many ways as the library has, and keeps
 * account: of every byte, of its memory, its descriptors and its time.
 *
 * Prints its port; then, for each line that it reads, one line of numbers, in
 * the order of report(). Ends with the input.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <event2/util.h>

/* A client that does not read is not read from beyond this. */
#define ENOUGH 65536

static struct event_base *base;
static long blocks, connections, served;
/* What came in; what went out; what was left when a connection ended. */
static unsigned long long received, sent, left;

static void *
counted_malloc(size_t size)
{
	void *block = malloc(size);

	blocks += block != NULL;
	return block;
}

static void *
counted_realloc(void *block, size_t size)
{
	void *fresh = realloc(block, size);

	blocks += !block && fresh;
	return fresh;
}

static void
counted_free(void *block)
{
	blocks -= block != NULL;
	free(block);
}

static void
count_received(struct evbuffer *input, const struct evbuffer_cb_info *info,
    void *arg)
{
	(void)input;
	(void)arg;
	received += info->n_added;
}

static void
count_sent(struct evbuffer *output, const struct evbuffer_cb_info *info,
    void *arg)
{
	(void)output;
	(void)arg;
	sent += info->n_deleted;
}

static void
end(struct bufferevent *bev)
{
	left += evbuffer_get_length(bufferevent_get_input(bev)) +
	    evbuffer_get_length(bufferevent_get_output(bev));
	connections--;
	bufferevent_free(bev);
}

/* One of several ways, which the connection was given. */
static void
echo(struct bufferevent *bev, void *way)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct evbuffer *output = bufferevent_get_output(bev);
	size_t size = evbuffer_get_length(input);
	char bytes[4096];

	switch ((long)way % 4) {
	case 0:
		bufferevent_write_buffer(bev, input);
		break;
	case 1:
		while ((size = bufferevent_read(bev, bytes, sizeof(bytes))) > 0)
			bufferevent_write(bev, bytes, size);
		break;
	case 2:
		while (evbuffer_get_length(input) > 0)
			evbuffer_remove_buffer(input, output, 1 + size / 3);
		break;
	case 3:
		evbuffer_add(output, evbuffer_pullup(input, -1), size);
		evbuffer_drain(input, size);
		break;
	}
	if (evbuffer_get_length(output) > ENOUGH)
		bufferevent_disable(bev, EV_READ);
}

static void
written(struct bufferevent *bev, void *way)
{
	(void)way;
	bufferevent_enable(bev, EV_READ);
}

static void
end_when_written(struct bufferevent *bev, void *way)
{
	(void)way;
	/* A deferred call may come from before more was written. */
	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		end(bev);
}

static void
happened(struct bufferevent *bev, short what, void *way)
{
	/* Deferred, it may tell of an end and of an error at once. */
	if (!(what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))) {
		echo(bev, way);
		bufferevent_disable(bev, EV_READ);
		if (evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
			bufferevent_setcb(
			    bev, NULL, end_when_written, happened, way);
			return;
		}
	}
	end(bev);
}

static void
accepted(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int length, void *locks)
{
	static const int options[] = {0, BEV_OPT_DEFER_CALLBACKS,
	    BEV_OPT_DEFER_CALLBACKS | BEV_OPT_UNLOCK_CALLBACKS};
	struct timeval patience = {60, 0};
	long way = served++;
	int option = locks ? options[way % 3] | BEV_OPT_THREADSAFE
			   : options[way % 2];
	struct bufferevent *bev =
	    bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | option);

	(void)listener;
	(void)address;
	(void)length;
	if (!bev)
		exit(3);
	connections++;
	evbuffer_add_cb(
	    bufferevent_get_input(bev), count_received, NULL);
	evbuffer_add_cb(bufferevent_get_output(bev), count_sent, NULL);
	bufferevent_setcb(bev, echo, written, happened, (void *)way);
	/* Some stop the kernel's bytes earlier than others, and some time out. */
	if (way % 5 == 0)
		bufferevent_setwatermark(bev, EV_READ, 0, 5000);
	if (way % 3 == 0)
		bufferevent_set_timeouts(bev, &patience, &patience);
	bufferevent_enable(bev, EV_READ);
}

static int
descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int found = 0;

	while (readdir(directory))
		found++;
	closedir(directory);
	return found;
}

static long
resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long total, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2)
		exit(4);
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
report(evutil_socket_t fd, short what, void *arg)
{
	struct rusage used;
	char line[64];

	(void)what;
	(void)arg;
	if (read(fd, line, sizeof(line)) <= 0) {
		event_base_loopbreak(base);
		return;
	}
	getrusage(RUSAGE_SELF, &used);
	printf("%ld %ld %llu %llu %llu %ld %d %ld %ld %ld\n", connections,
	    served, received, sent, left, blocks, descriptors(),
	    resident_kib(),
	    (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
		used.ru_utime.tv_usec + used.ru_stime.tv_usec,
	    used.ru_nvcsw);
	fflush(stdout);
}

int
main(void)
{
	int locks = getenv("CAPI_THREADS") != NULL;
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	struct evconnlistener *listener;
	struct event *asked;

	signal(SIGPIPE, SIG_IGN);
	event_set_mem_functions(counted_malloc, counted_realloc, counted_free);
	if (locks && evthread_use_pthreads() != 0)
		return 1;
	base = event_base_new();
	asked = event_new(base, 0, EV_READ | EV_PERSIST, report, NULL);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = evconnlistener_new_bind(base, accepted,
	    locks ? base : NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	    512, (struct sockaddr *)&address, sizeof(address));
	if (!listener || event_add(asked, NULL) != 0 ||
	    getsockname(evconnlistener_get_fd(listener),
		(struct sockaddr *)&address, &length) != 0)
		return 1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event_base_dispatch(base);
	evconnlistener_free(listener);
	event_free(asked);
	event_base_free(base);
	libevent_global_shutdown();
	/* The library has given back everything. */
	return blocks != 0 ? 5 : 0;
}
