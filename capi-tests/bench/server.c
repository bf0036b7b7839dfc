/*
 * An HTTP server for load.rs: prints its port and serves until it is ended.
 */
#include "hello.h"
#include "worker.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#define MIB (1024 * 1024)

static void
file(struct evhttp_request *request, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	must(evbuffer_add_file_segment(body, arg, 0, MIB) == 0);
	evhttp_send_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct evbuffer_file_segment *segment;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd, one = 1;

	worker_raise_files();
	must(base && http && argc == 2);
	fd = open(argv[1], O_RDONLY);
	segment = evbuffer_file_segment_new(fd, 0, MIB, EVBUF_FS_CLOSE_ON_FREE);
	must(segment);
	evhttp_set_gencb(http, hello, NULL);
	must(evhttp_set_cb(http, "/file", file, segment) == 0);
	fd = evhttp_bound_socket_get_fd(evhttp_bind_socket_with_handle(http, "127.0.0.1", 0));
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	/* All connect at once: libevent asks for 128. */
	must(listen(fd, 4096) == 0);
	must(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return event_base_dispatch(base);
}
