/* Uses every macro with parameters of the public headers, and checks what it does. */
#include <event.h>
#include <evhttp.h>
#include <evrpc.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                      \
	do {                                                                  \
		if (!(condition)) {                                           \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			exit(1);                                              \
		}                                                             \
	} while (0)

static int called;

static void
callback(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)arg;
	called |= what;
}

static void
run(struct event_base *base, short expected)
{
	called = 0;
	CHECK(event_base_loop(base, EVLOOP_ONCE) >= 0);
	CHECK(called == expected);
}

static void
timers(struct event_base *base)
{
	struct timeval soon = {0, 1000}, left;
	struct event timer;
	struct event *made = evtimer_new(base, callback, NULL);

	CHECK(made != NULL && evtimer_initialized(made));
	CHECK(evtimer_add(made, &soon) == 0 && evtimer_pending(made, &left));
	run(base, EV_TIMEOUT);
	CHECK(!evtimer_pending(made, NULL));
	event_free(made);

	CHECK(evtimer_assign(&timer, base, callback, NULL) == 0);
	CHECK(evtimer_add(&timer, &soon) == 0 && evtimer_del(&timer) == 0);
	CHECK(!evtimer_pending(&timer, NULL));

	evtimer_set(&timer, callback, NULL);
	CHECK(event_base_set(base, &timer) == 0);
	CHECK(evtimer_add(&timer, &soon) == 0);
	run(base, EV_TIMEOUT);

	timeout_set(&timer, callback, NULL);
	CHECK(event_base_set(base, &timer) == 0 && timeout_initialized(&timer));
	CHECK(timeout_add(&timer, &soon) == 0 && timeout_pending(&timer, &left));
	CHECK(timeout_del(&timer) == 0 && !timeout_pending(&timer, NULL));
}

static void
signals(struct event_base *base)
{
	struct event on_signal;
	struct event *made = evsignal_new(base, SIGUSR1, callback, NULL);

	CHECK(made != NULL && evsignal_initialized(made));
	CHECK(event_get_signal(made) == SIGUSR1 && EVENT_SIGNAL(made) == SIGUSR1);
	CHECK(event_get_events(made) == (EV_SIGNAL | EV_PERSIST));
	CHECK(evsignal_add(made, NULL) == 0 && evsignal_pending(made, NULL));
	CHECK(kill(getpid(), SIGUSR1) == 0);
	run(base, EV_SIGNAL);
	CHECK(evsignal_pending(made, NULL) && evsignal_del(made) == 0);
	event_free(made);

	CHECK(evsignal_assign(&on_signal, base, SIGUSR2, callback, NULL) == 0);
	CHECK(EVENT_FD(&on_signal) == SIGUSR2);

	evsignal_set(&on_signal, SIGUSR1, callback, NULL);
	CHECK(EVENT_SIGNAL(&on_signal) == SIGUSR1);
	CHECK(event_get_events(&on_signal) == (EV_SIGNAL | EV_PERSIST));

	signal_set(&on_signal, SIGUSR2, callback, NULL);
	CHECK(event_base_set(base, &on_signal) == 0 && signal_initialized(&on_signal));
	CHECK(signal_add(&on_signal, NULL) == 0 && signal_pending(&on_signal, NULL));
	CHECK(kill(getpid(), SIGUSR2) == 0);
	run(base, EV_SIGNAL);
	CHECK(signal_del(&on_signal) == 0 && !signal_pending(&on_signal, NULL));
}

static void
triggered_by_the_program(struct event_base *base)
{
	struct event *made = evuser_new(base, callback, NULL);

	CHECK(made != NULL && evuser_initialized(made));
	CHECK(!evuser_pending(made, NULL));
	evuser_trigger(made);
	run(base, 0);
	CHECK(evuser_del(made) == 0);
	event_free(made);
}

static void
times(void)
{
	struct timeval a = {1, 600000}, b = {2, 700000}, c;

	evutil_timeradd(&a, &b, &c);
	CHECK(c.tv_sec == 4 && c.tv_usec == 300000);
	evutil_timersub(&b, &a, &c);
	CHECK(c.tv_sec == 1 && c.tv_usec == 100000);
	CHECK(evutil_timercmp(&a, &b, <) && evutil_timercmp(&a, &b, !=));
	CHECK(evutil_timercmp(&a, &a, ==) && evutil_timercmp(&b, &a, >=));
	CHECK(evutil_timerisset(&a));
	evutil_timerclear(&a);
	CHECK(!evutil_timerisset(&a));
	CHECK(evutil_gettimeofday(&a, NULL) == 0 && a.tv_sec > 0);
	CHECK(evutil_offsetof(struct timeval, tv_usec) == sizeof(a.tv_sec));
}

static void
socket_errors(void)
{
	int pair[2];

	CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(EVUTIL_CLOSESOCKET(pair[0]) == 0 && EVUTIL_CLOSESOCKET(pair[1]) == 0);
	EVUTIL_SET_SOCKET_ERROR(EAGAIN);
	CHECK(EVUTIL_SOCKET_ERROR() == EAGAIN && evutil_socket_geterror(pair[0]) == EAGAIN);
	CHECK(strcmp(evutil_socket_error_to_string(EAGAIN), strerror(EAGAIN)) == 0);
}

static void
buffers(void)
{
	struct evbuffer *buffer = evbuffer_new();

	CHECK(evbuffer_add(buffer, "abc", 3) == 0);
	CHECK(EVBUFFER_LENGTH(buffer) == 3);
	CHECK(memcmp(EVBUFFER_DATA(buffer), "abc", 3) == 0);
	evbuffer_free(buffer);
}

static void
bufferevents(struct event_base *base)
{
	struct bufferevent *pair[2];

	CHECK(bufferevent_pair_new(base, 0, pair) == 0);
	CHECK(EVBUFFER_INPUT(pair[0]) == bufferevent_get_input(pair[0]));
	CHECK(EVBUFFER_OUTPUT(pair[0]) == bufferevent_get_output(pair[0]));
	bufferevent_free(pair[0]);
	bufferevent_free(pair[1]);
}

static void
tags(void)
{
	struct evbuffer *buffer = evbuffer_new();

	encode_int(buffer, 0x12);
	encode_int64(buffer, 0x345);
	CHECK(EVBUFFER_LENGTH(buffer) == 4);
	CHECK(memcmp(EVBUFFER_DATA(buffer), "\x12\x10\x25\x43", 4) == 0);
	evbuffer_free(buffer);
}

/* A message of one text and of numbers, as event_rpcgen would make it. */
struct note;

struct note_access {
	int (*text_assign)(struct note *, const char *);
	int (*text_get)(struct note *, char **);
	int (*data_assign)(struct note *, const char *, ev_uint32_t);
	int (*data_get)(struct note *, char **, ev_uint32_t *);
	int (*numbers_get)(struct note *, int, int *);
	int *(*numbers_add)(struct note *, int);
	int *(*zeros_add)(struct note *);
};

struct note {
	struct note_access *base;
	char text_data[16];
	int numbers_data[4], numbers_length, zeros_data, zeros_length;
	ev_uint8_t text_set;
};

static int
note_text_assign(struct note *note, const char *text)
{
	note->text_set = 1;
	return snprintf(note->text_data, sizeof(note->text_data), "%s", text) < 0;
}

static int
note_text_get(struct note *note, char **text)
{
	*text = note->text_data;
	return note->text_set ? 0 : -1;
}

static int
note_data_assign(struct note *note, const char *text, ev_uint32_t length)
{
	CHECK(strlen(text) == length);
	return note_text_assign(note, text);
}

static int
note_data_get(struct note *note, char **text, ev_uint32_t *length)
{
	*length = (ev_uint32_t)strlen(note->text_data);
	return note_text_get(note, text);
}

static int
note_numbers_get(struct note *note, int offset, int *number)
{
	*number = note->numbers_data[offset];
	return 0;
}

static int *
note_numbers_add(struct note *note, int number)
{
	note->numbers_data[note->numbers_length] = number;
	return &note->numbers_data[note->numbers_length++];
}

static int *
note_zeros_add(struct note *note)
{
	note->zeros_length++;
	return &note->zeros_data;
}

static struct note_access note_base = {note_text_assign, note_text_get,
    note_data_assign, note_data_get, note_numbers_get, note_numbers_add,
    note_zeros_add};

static struct note *
note_new_with_arg(void *arg)
{
	struct note *note = calloc(1, sizeof(*note));

	(void)arg;
	note->base = &note_base;
	return note;
}

static void
note_free(struct note *note)
{
	free(note);
}

static void
note_clear(struct note *note)
{
	note->text_set = 0;
}

static int
note_complete(struct note *note)
{
	return note->text_set ? 0 : -1;
}

static void
note_marshal(struct evbuffer *buffer, const struct note *note)
{
	evtag_marshal_string(buffer, 1, note->text_data);
}

static int
note_unmarshal(struct note *note, struct evbuffer *buffer)
{
	char *text;

	if (evtag_unmarshal_string(buffer, 1, &text) == -1)
		return -1;
	note_text_assign(note, text);
	free(text);
	return 0;
}

EVRPC_HEADER(Echo, note, note)
EVRPC_GENERATE(Echo, note, note)

static void
on_echo(EVRPC_STRUCT(Echo) *call, void *arg)
{
	char *text;

	CHECK(arg == NULL && EVRPC_REQUEST_HTTP(call) != NULL);
	CHECK(EVTAG_HAS(call->request, text));
	CHECK(EVTAG_GET(call->request, text, &text) == 0);
	CHECK(EVTAG_ASSIGN(call->reply, text, text) == 0);
	EVRPC_REQUEST_DONE(call);
}

static void
on_echoed(struct evrpc_status *status, struct note *request, struct note *reply,
    void *arg)
{
	CHECK(status->error == EVRPC_STATUS_ERR_NONE && request != reply);
	CHECK(strcmp(reply->text_data, "hello") == 0);
	called++;
	event_base_loopbreak(arg);
}

static void
messages(void)
{
	struct note *note = note_new_with_arg(NULL);
	ev_uint32_t length;
	char *text;
	int number;

	CHECK(!EVTAG_HAS(note, text));
	CHECK(EVTAG_ASSIGN_WITH_LEN(note, data, "abc", 3) == 0);
	CHECK(EVTAG_GET_WITH_LEN(note, data, &text, &length) == 0 && length == 3);
	CHECK(*EVTAG_ARRAY_ADD_VALUE(note, numbers, 5) == 5);
	CHECK(*EVTAG_ADD(note, numbers, 6) == 6);
	CHECK(EVTAG_ARRAY_LEN(note, numbers) == 2 && EVTAG_LEN(note, numbers) == 2);
	CHECK(EVTAG_ARRAY_GET(note, numbers, 1, &number) == 0 && number == 6);
	CHECK(*EVTAG_ARRAY_ADD(note, zeros) == 0);
	note_free(note);
}

static void
calls(struct event_base *base)
{
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *bound =
	    evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct evrpc_base *rpcs = evrpc_init(http);
	struct evrpc_pool *pool = evrpc_pool_new(base);
	struct note *request = note_new_with_arg(NULL);
	struct note *reply = note_new_with_arg(NULL);
	struct evrpc_request_wrapper *call;
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	CHECK(bound != NULL && getsockname(evhttp_bound_socket_get_fd(bound),
	    (struct sockaddr *)&address, &length) == 0);
	evrpc_pool_add_connection(pool, evhttp_connection_base_new(base, NULL,
	    "127.0.0.1", ntohs(address.sin_port)));
	CHECK(EVRPC_REGISTER(rpcs, Echo, note, note, on_echo, NULL) == 0);
	CHECK(EVTAG_ASSIGN(request, text, "hello") == 0);
	called = 0;
	CHECK(EVRPC_MAKE_REQUEST(
	    Echo, pool, request, reply, on_echoed, base) == 0);
	event_base_dispatch(base);
	call = EVRPC_MAKE_CTX(
	    Echo, note, note, pool, request, reply, on_echoed, base);
	CHECK(call != NULL && evrpc_make_request(call) == 0);
	event_base_dispatch(base);
	CHECK(called == 2);
	CHECK(EVRPC_UNREGISTER(rpcs, Echo) == 0);
	note_free(request);
	note_free(reply);
	evrpc_pool_free(pool);
	evrpc_free(rpcs);
	evhttp_free(http);
}

int
main(void)
{
	struct event_base *base = event_init();

	CHECK(base != NULL);
	timers(base);
	signals(base);
	triggered_by_the_program(base);
	times();
	socket_errors();
	buffers();
	bufferevents(base);
	tags();
	messages();
	calls(base);
	event_base_free(base);
	return 0;
}
