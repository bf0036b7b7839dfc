/* Bufferevents on descriptors that are no stream sockets. */
// runs: one-backend
#include "bufferevents.h"

static struct bufferevent *
on(int fd, const char *name)
{
	struct bufferevent *made = bufferevent_socket_new(base, fd, 0);

	take_notes(made, name);
	bufferevent_enable(made, EV_READ | EV_WRITE);
	return made;
}

static void
make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static void
close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

TEST(ends_of_a_pipe)
{
	int ends[2];

	begin();
	make_pipe(ends);
	bev = on(ends[0], "reader ");
	bufferevent_disable(bev, EV_WRITE);
	partner = on(ends[1], "writer ");
	bufferevent_disable(partner, EV_READ);
	bufferevent_setcb(bev, note_text, NULL, note_event, "reader ");
	for (int i = 0; i < 3; i++) {
		say(partner, i ? "more" : "first");
		turn();
		turn();
	}
	ck_notes("writer w0 reader \"first\" writer w0 reader \"more\" "
		 "writer w0 reader \"more\"");
	bufferevent_free(partner);
	turn();
	close(ends[1]);
	turn();
	ck_notes("reader eof+reading");
	bufferevent_free(bev);
	close(ends[0]);
}

TEST(reader_of_a_pipe_goes)
{
	int ends[2];

	begin();
	signal(SIGPIPE, SIG_IGN);
	make_pipe(ends);
	bev = on(ends[1], "");
	bufferevent_disable(bev, EV_READ);
	close(ends[0]);
	say(bev, "text");
	turn();
	turn();
	ck_notes("error+writing(EPIPE)");
	bufferevent_free(bev);
	close(ends[1]);
}

TEST(from_a_socket_to_a_pipe_and_back)
{
	int ends[2];

	begin();
	make_pipe(ends);
	bev = on(pair[0], "");
	bufferevent_setcb(bev, note_text, NULL, note_event, "");
	for (int i = 0; i < 3; i++) {
		put(pair[1], "socket");
		turn();
		say(bev, "answer");
		turn();
		ck_assert_str_eq(got(pair[1]), "answer");
		ck_assert_int_eq(bufferevent_setfd(bev, ends[0]), 0);
		bufferevent_disable(bev, EV_WRITE);
		put(ends[1], "pipe");
		turn();
		ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
		bufferevent_enable(bev, EV_WRITE);
	}
	ck_notes("\"socket\" \"pipe\" \"socket\" \"pipe\" \"socket\" \"pipe\"");
	bufferevent_free(bev);
	close_both(ends);
}

/* The number of the descriptor is the same, what is behind it is not. */
TEST(another_file_under_the_same_number)
{
	int ends[2];

	begin();
	make_pipe(ends);
	bev = on(pair[0], "");
	bufferevent_setcb(bev, note_text, NULL, note_event, "");
	put(pair[1], "socket");
	turn();
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	ck_assert_int_eq(dup2(ends[0], pair[0]), pair[0]);
	bufferevent_enable(bev, EV_READ);
	put(ends[1], "pipe");
	turn();
	ck_notes("\"socket\" \"pipe\"");
	bufferevent_free(bev);
	close_both(ends);
}

/* Whether the program may take from the output, and add to the input. */
static void
trace_frozen(const char *when)
{
	struct evbuffer *output = bufferevent_get_output(bev);
	int prepended = evbuffer_prepend(output, "p", 1);

	if (prepended == 0)
		ck_assert_int_eq(evbuffer_drain(output, 1), 0);
	trace("%s: %d %d", when, prepended,
	    evbuffer_add(bufferevent_get_input(bev), "", 0));
}

/* Until the new descriptor is read and written, both buffers are the program's. */
TEST(another_descriptor_gets_nothing_of_the_former_one)
{
	struct evbuffer *output;

	begin();
	bev = on(pair[0], "");
	output = bufferevent_get_output(bev);
	bufferevent_disable(bev, EV_WRITE);
	say(bev, "old");
	trace_frozen("new");
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
	trace_frozen("no descriptor");
	ck_assert_int_eq(evbuffer_drain(output, out(bev)), 0);
	ck_assert_int_eq(
	    evbuffer_add(bufferevent_get_input(bev), "said", 4), 0);
	bufferevent_setcb(bev, note_text, NULL, note_event, "");
	ck_assert_int_eq(bufferevent_setfd(bev, pair[0]), 0);
	trace_frozen("another");
	bufferevent_enable(bev, EV_WRITE);
	turn();
	trace_frozen("nothing written");
	say(bev, "new");
	turn();
	trace_frozen("written");
	ck_assert_str_eq(got(pair[1]), "new");
	put(pair[1], "answer");
	turn();
	trace_frozen("read");
	ck_notes("\"saidanswer\"");
	bufferevent_free(bev);
}

/* Who connects again drops what was meant for the first that would not have it. */
TEST(what_waits_for_a_connection_that_fails)
{
	struct sockaddr_in address;
	struct sockaddr *to = (struct sockaddr *)&address;
	evutil_socket_t closed = bind_to_loopback(&address), listener, peer;

	begin();
	bev = on(-1, "");
	say(bev, "old");
	ck_assert_int_eq(
	    bufferevent_socket_connect(bev, to, sizeof(address)), 0);
	trace_frozen("connecting");
	turn();
	ck_notes("error(ECONNREFUSED)");
	trace_frozen("refused");
	ck_assert_int_eq(
	    evbuffer_drain(bufferevent_get_output(bev), out(bev)), 0);
	close(bufferevent_getfd(bev));
	ck_assert_int_eq(bufferevent_setfd(bev, -1), 0);
	listener = listen_on_loopback(&address);
	ck_assert_int_eq(
	    bufferevent_socket_connect(bev, to, sizeof(address)), 0);
	turn();
	trace_frozen("connected");
	peer = accept(listener, NULL, NULL);
	say(bev, "new");
	turn();
	trace_frozen("written");
	ck_assert_str_eq(got(peer), "new");
	close(bufferevent_getfd(bev));
	bufferevent_free(bev);
	close(peer);
	close(listener);
	close(closed);
}

static void
messages(int type)
{
	int ends[2];

	begin();
	ck_assert_int_eq(
	    socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends), 0);
	bev = on(ends[0], "");
	bufferevent_setcb(bev, note_text, NULL, note_event, "");
	put(ends[1], "one");
	put(ends[1], "two");
	turn();
	turn();
	say(bev, "three");
	turn();
	ck_assert_str_eq(got(ends[1]), "three");
	ck_notes("\"one\" \"two\"");
	/* To a bufferevent an empty one is the end. */
	ck_assert_int_eq(send(ends[1], "", 0, 0), 0);
	turn();
	ck_notes("eof+reading");
	bufferevent_enable(bev, EV_READ);
	put(ends[1], "four");
	turn();
	ck_notes("\"four\"");
	bufferevent_free(bev);
	close_both(ends);
}

TEST(messages_of_a_datagram_socket)
{
	messages(SOCK_DGRAM);
}

TEST(messages_of_a_sequenced_socket)
{
	messages(SOCK_SEQPACKET);
}

static volatile sig_atomic_t broken_pipes;

static void
count_broken_pipe(int number UNUSED)
{
	broken_pipes++;
}

static void
trace_piece(struct bufferevent *self, void *total)
{
	struct evbuffer *input = bufferevent_get_input(self);

	trace("%zu", evbuffer_get_length(input));
	*(size_t *)total += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
}

TEST(much_is_read_in_pieces)
{
	static const char text[50000];
	size_t total = 0;
	int ends[2];

	begin();
	make_pipe(ends);
	ck_assert_int_eq(write(ends[1], text, sizeof(text)), sizeof(text));
	bev = on(ends[0], "");
	bufferevent_disable(bev, EV_WRITE);
	bufferevent_setcb(bev, trace_piece, NULL, NULL, &total);
	for (int i = 0; i < 100 && total < sizeof(text); i++)
		turn();
	ck_assert_uint_eq(total, sizeof(text));
	bufferevent_free(bev);
	close_both(ends);
}

/* Who does not ignore the signal gets it. */
TEST(writing_to_a_socket_without_a_reader)
{
	begin();
	signal(SIGPIPE, count_broken_pipe);
	bev = on(pair[0], "");
	bufferevent_disable(bev, EV_READ);
	close(pair[1]);
	say(bev, "text");
	turn();
	turn();
	ck_notes("error+writing(EPIPE)");
	ck_assert_int_eq(broken_pipes, 1);
	bufferevent_free(bev);
}
