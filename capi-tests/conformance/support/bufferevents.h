/*
 * What the bufferevent programs share on top of events.h: callbacks that note
 * what a program would see at that moment.
 *
 *   r5            read callback, 5 bytes in the input
 *   w0            write callback, nothing left in the output
 *   eof+reading   event callback; an error is followed by errno: (ECONNRESET)
 *
 * each with the callback argument, a name, in front.
 */
#ifndef CAPI_BUFFEREVENTS_H
#define CAPI_BUFFEREVENTS_H

#include "events.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <netinet/in.h>

static UNUSED struct bufferevent *bev, *partner;

#define DATA_CALLBACK(name)                                                  \
	static UNUSED void name(struct bufferevent *b UNUSED,                \
	    void *arg UNUSED)
#define EVENT_CALLBACK(name)                                                 \
	static UNUSED void name(struct bufferevent *b UNUSED,                \
	    short what UNUSED, void *arg UNUSED)

static UNUSED size_t
in(struct bufferevent *b)
{
	return evbuffer_get_length(bufferevent_get_input(b));
}

static UNUSED size_t
out(struct bufferevent *b)
{
	return evbuffer_get_length(bufferevent_get_output(b));
}

/* The flags in words, and what errno says about an error. */
static UNUSED const char *
flags(short what)
{
	static const struct {
		short flag;
		const char *name;
	} names[] = {{BEV_EVENT_CONNECTED, "connected"},
	    {BEV_EVENT_EOF, "eof"}, {BEV_EVENT_ERROR, "error"},
	    {BEV_EVENT_TIMEOUT, "timeout"}, {BEV_EVENT_READING, "reading"},
	    {BEV_EVENT_WRITING, "writing"}};
	static char text[128];
	int error = EVUTIL_SOCKET_ERROR();

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(what & names[i].flag))
			continue;
		if (text[0])
			strcat(text, "+");
		strcat(text, names[i].name);
		what &= ~names[i].flag;
	}
	if (what || !text[0])
		sprintf(text + strlen(text), "+%x", (unsigned)what);
	if (strstr(text, "error"))
		sprintf(text + strlen(text), "(%s)",
		    error ? strerrorname_np(error) : "0");
	return text;
}

DATA_CALLBACK(note_read)
{
	note("%sr%zu", (const char *)arg, in(b));
}

DATA_CALLBACK(note_write)
{
	note("%sw%zu", (const char *)arg, out(b));
}

EVENT_CALLBACK(note_event)
{
	const char *text = flags(what);

	note("%s%s", (const char *)arg, text);
}

/* Takes everything, and notes it. */
DATA_CALLBACK(note_text)
{
	char text[128];
	size_t size = bufferevent_read(b, text, sizeof(text));

	note("%s\"%.*s\"", (const char *)arg, (int)size, text);
}

static inline void
take_notes(struct bufferevent *b, const char *name)
{
	ck_assert_ptr_nonnull(b);
	bufferevent_setcb(b, note_read, note_write, note_event, (void *)name);
}

/* New base, new pair of sockets, and a bufferevent on pair[0]. */
static inline void
begin_bev(int options)
{
	begin();
	signal(SIGPIPE, SIG_IGN);
	bev = bufferevent_socket_new(
	    base, pair[0], options | BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
}

static inline void
put(evutil_socket_t fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
}

static inline void
say(struct bufferevent *b, const char *text)
{
	ck_assert_int_eq(bufferevent_write(b, text, strlen(text)), 0);
}

/* What can be read from FD now: text, "eof", or the name of an error. */
static UNUSED const char *
got(evutil_socket_t fd)
{
	static char text[4096];
	ssize_t size = read(fd, text, sizeof(text) - 1);

	if (size < 0)
		return strerrorname_np(errno);
	if (size == 0)
		return "eof";
	text[size] = '\0';
	return text;
}

/* Throws away what can be read from FD now; how much that was. */
static UNUSED size_t
discard(evutil_socket_t fd)
{
	static char block[65536];
	size_t total = 0;
	ssize_t size;

	while ((size = read(fd, block, sizeof(block))) > 0)
		total += size;
	return total;
}

/* Runs the loop until *DONE is at least COUNT. */
static UNUSED void
run_until(const int *done, int count)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (*done < count && capi_now_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (*done < count)
			capi_sleep_ms(1);
	}
	ck_assert_int_ge(*done, count);
}

/* Runs the loop for MS milliseconds, whether or not anything is added. */
static UNUSED void
run_for(long ms)
{
	struct timeval tv = capi_ms(ms);

	event_base_once(base, -1, EV_TIMEOUT, (event_callback_fn)count,
	    &runs, &tv);
	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

/* A socket with a free port of the loopback interface. */
static UNUSED evutil_socket_t
bind_to_loopback(struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	evutil_socket_t fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)address, size), 0);
	ck_assert_int_eq(
	    getsockname(fd, (struct sockaddr *)address, &size), 0);
	return fd;
}

static UNUSED evutil_socket_t
listen_on_loopback(struct sockaddr_in *address)
{
	evutil_socket_t fd = bind_to_loopback(address);

	ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

/* Connected TCP sockets, both non-blocking, in place of a UNIX pair. */
static UNUSED void
tcp_pair(evutil_socket_t fds[2])
{
	struct sockaddr_in address;
	evutil_socket_t listener = listen_on_loopback(&address);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&address,
	    sizeof(address)), 0);
	fds[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(fds[1], 0);
	evutil_make_socket_nonblocking(fds[0]);
	evutil_make_socket_nonblocking(fds[1]);
	close(listener);
}

static UNUSED int
is_open(evutil_socket_t fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

#endif
