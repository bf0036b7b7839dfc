/*
 * Bufferevents where the reference gives up, or answers what nobody expects.
 */
// runs: one-backend
#include "bufferevents.h"
#include <netdb.h>

/* What is looked up has the addresses that a test says, at its port. */
static const char *addresses[4];

int
getaddrinfo(const char *node UNUSED, const char *service,
    const struct addrinfo *hints, struct addrinfo **result)
{
	struct addrinfo **end = result;

	*result = NULL;
	for (int i = 0; addresses[i]; i++) {
		struct sockaddr_in *address = calloc(1, sizeof(*address));

		*end = calloc(1, sizeof(**end));
		address->sin_family = AF_INET;
		address->sin_port = htons(atoi(service));
		inet_pton(AF_INET, addresses[i], &address->sin_addr);
		(*end)->ai_family = AF_INET;
		(*end)->ai_socktype = hints->ai_socktype;
		(*end)->ai_addr = (void *)address;
		(*end)->ai_addrlen = sizeof(*address);
		end = &(*end)->ai_next;
	}
	return *result ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

static int listener;

/* Listens at 127.0.0.3 alone; the port. */
static int
begin_host(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	base = event_base_new();
	inet_pton(AF_INET, "127.0.0.3", &address.sin_addr);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (void *)&address, len), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	getsockname(listener, (void *)&address, &len);
	bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "");
	return ntohs(address.sin_port);
}

static void
connect_to(int port)
{
	ck_assert_int_eq(bufferevent_socket_connect_hostname(
	    bev, NULL, AF_INET, "host", port), 0);
}

TEST(the_next_address_is_tried)
{
	int port = begin_host(), fd;
	char text[8];

	addresses[0] = "127.0.0.1";
	addresses[1] = "127.0.0.2";
	addresses[2] = "127.0.0.3";
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	bufferevent_write(bev, "hello", 5);
	connect_to(port);
	turn();
	ck_notes("connected w0");
	ck_assert_int_eq(bufferevent_socket_get_dns_error(bev), 0);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_eq(read(fd, text, 8), 5);
	ck_assert_int_eq(write(fd, "ok", 2), 2);
	turn();
	ck_notes("r2");
	bufferevent_free(bev);
	turn();
	ck_assert_int_eq(read(fd, text, 8), 0);
}

TEST(a_socket_of_the_librarys_is_closed_on_exec)
{
	int port = begin_host();

	addresses[0] = "127.0.0.1";
	connect_to(port);
	turn();
	ck_assert_int_ne(fcntl(bufferevent_getfd(bev), F_GETFD) & FD_CLOEXEC, 0);
	bufferevent_free(bev);
	turn();
}

TEST(no_address_can_be_connected_to)
{
	int port = begin_host(), next = dup(0);

	close(next);
	addresses[0] = "127.0.0.1";
	addresses[1] = "127.0.0.2";
	connect_to(port);
	turn();
	ck_notes("error(ECONNREFUSED)");
	ck_assert_int_eq(bufferevent_getfd(bev), next);
	bufferevent_free(bev);
	turn();
	/* No descriptor is left. */
	ck_assert_int_eq(dup(0), next);
}

TEST(a_socket_of_the_programs_is_tried_once)
{
	int port = begin_host();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	addresses[0] = "127.0.0.1";
	addresses[1] = "127.0.0.3";
	bufferevent_setfd(bev, fd);
	connect_to(port);
	turn();
	ck_notes("error(ECONNREFUSED)");
	ck_assert_int_eq(bufferevent_getfd(bev), fd);
	bufferevent_free(bev);
	turn();
}

TEST(freed_while_addresses_are_left)
{
	int port = begin_host();

	addresses[0] = "127.0.0.1";
	addresses[1] = "127.0.0.3";
	connect_to(port);
	bufferevent_free(bev);
	turn();
	ck_notes("");
	ck_assert_int_eq(accept(listener, NULL, NULL), -1);
	event_base_free(base);
}

TEST(the_last_error_of_a_lookup)
{
	int port = begin_host();

	errno = 0;
	connect_to(port);
	ck_notes("error(0)");
	ck_assert_int_eq(bufferevent_socket_get_dns_error(bev), EAI_NONAME);
	addresses[0] = "127.0.0.3";
	connect_to(port);
	ck_assert_int_eq(bufferevent_socket_get_dns_error(bev), 0);
	turn();
	ck_notes("connected");
}

/* The reference answers SIZE_MAX. */
TEST(nothing_is_read_of_a_frozen_input)
{
	char text[8];

	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "text");
	turn();
	evbuffer_freeze(bufferevent_get_input(bev), 1);
	ck_assert_uint_eq(bufferevent_read(bev, text, 8), 0);
	evbuffer_unfreeze(bufferevent_get_input(bev), 1);
	ck_assert_uint_eq(bufferevent_read(bev, text, 8), 4);
}

/* The marks are what keeps both from going on, and the loop idle. */
TEST(two_full_inputs_do_not_keep_the_loop_busy)
{
	struct bufferevent *filter;

	begin_bev(0);
	filter = bufferevent_filter_new(bev, NULL, NULL, 0, NULL, NULL);
	bufferevent_setwatermark(filter, EV_READ, 0, 4);
	bufferevent_enable(filter, EV_READ);
	put(pair[1], "0123456789");
	turn();
	bufferevent_setwatermark(bev, EV_READ, 0, 5);
	bufferevent_trigger(bev, EV_READ, 0);
	/* Otherwise it does not return. */
	turn();
	ck_assert_uint_eq(in(bev), 6);
	evbuffer_drain(bufferevent_get_input(filter), 4);
	turn();
	evbuffer_drain(bufferevent_get_input(filter), 4);
	turn();
	ck_assert_uint_eq(in(filter), 2);
	ck_assert_uint_eq(in(bev), 0);
	bufferevent_free(filter);
}
