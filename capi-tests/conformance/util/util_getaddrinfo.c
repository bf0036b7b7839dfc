/* evutil_getaddrinfo without asking any name server. */
// runs: one-backend, one-locking
#include "capi.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

static struct evutil_addrinfo *
hints(int flags, int family, int socktype, int protocol)
{
	static struct evutil_addrinfo made;

	memset(&made, 0, sizeof(made));
	made.ai_flags = flags;
	made.ai_family = family;
	made.ai_socktype = socktype;
	made.ai_protocol = protocol;
	return &made;
}

static int
error(const char *node, const char *service, struct evutil_addrinfo *hints)
{
	struct evutil_addrinfo *list = NULL;
	int result = evutil_getaddrinfo(node, service, hints, &list);

	ck_assert_int_ne(result, 0);
	ck_assert_ptr_null(list);
	return result;
}

/* All results, one line each. */
static const char *
found(const char *node, const char *service, struct evutil_addrinfo *hints)
{
	static char text[4096];
	struct evutil_addrinfo *list = NULL, *ai;
	int result = evutil_getaddrinfo(node, service, hints, &list);
	size_t used = 0;

	text[0] = '\0';
	ck_assert_msg(
	    result == 0, "%s: %s", node, evutil_gai_strerror(result));
	for (ai = list; ai; ai = ai->ai_next) {
		char ip[INET6_ADDRSTRLEN];
		const struct sockaddr_in *v4 = (void *)ai->ai_addr;
		const struct sockaddr_in6 *v6 = (void *)ai->ai_addr;
		int is4 = ai->ai_family == AF_INET;

		ck_assert_int_eq(ai->ai_family, ai->ai_addr->sa_family);
		ck_assert_int_eq(
		    ai->ai_addrlen, is4 ? sizeof(*v4) : sizeof(*v6));
		inet_ntop(ai->ai_family,
		    is4 ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr, ip,
		    sizeof(ip));
		used += snprintf(text + used, sizeof(text) - used,
		    "%s%s %d type %d proto %d%s%s", used ? "\n" : "", ip,
		    ntohs(is4 ? v4->sin_port : v6->sin6_port), ai->ai_socktype,
		    ai->ai_protocol, ai->ai_canonname ? " canon " : "",
		    ai->ai_canonname ? ai->ai_canonname : "");
	}
	evutil_freeaddrinfo(list);
	return text;
}

TEST(socket_types_and_protocols)
{
	const int numeric = EVUTIL_AI_NUMERICHOST | EVUTIL_AI_NUMERICSERV;
	const char *all = "1.2.3.4 80 type 1 proto 6\n"
			  "1.2.3.4 80 type 2 proto 17\n"
			  "1.2.3.4 80 type 3 proto 0";

	ck_assert_str_eq(found("1.2.3.4", "80", NULL), all);
	ck_assert_str_eq(found("1.2.3.4", "80", hints(numeric, 0, 0, 0)), all);
	ck_assert_str_eq(found("1.2.3.4", "80", hints(0, 0, SOCK_STREAM, 0)),
	    "1.2.3.4 80 type 1 proto 6");
	ck_assert_str_eq(found("1.2.3.4", "80", hints(0, 0, SOCK_DGRAM, 0)),
	    "1.2.3.4 80 type 2 proto 17");
	ck_assert_str_eq(found("1.2.3.4", "80", hints(0, 0, 0, IPPROTO_TCP)),
	    "1.2.3.4 80 type 1 proto 6");
	ck_assert_str_eq(found("1.2.3.4", "80", hints(0, 0, 0, IPPROTO_UDP)),
	    "1.2.3.4 80 type 2 proto 17");
	ck_assert_str_eq(found("1.2.3.4", NULL, hints(0, 0, SOCK_RAW, 0)),
	    "1.2.3.4 0 type 3 proto 0");
	ck_assert_str_eq(
	    found("::1", "80", hints(0, AF_INET6, SOCK_STREAM, IPPROTO_TCP)),
	    "::1 80 type 1 proto 6");
}

TEST(combinations_that_make_no_sense)
{
	ck_assert_int_eq(error(NULL, NULL, NULL), EVUTIL_EAI_NONAME);
	ck_assert_int_eq(
	    error("1.2.3.4", "80", hints(0, 99, 0, 0)), EVUTIL_EAI_FAMILY);
	ck_assert_int_eq(
	    error("1.2.3.4", "80", hints(0, 0, 99, 0)), EVUTIL_EAI_SOCKTYPE);
	ck_assert_int_eq(
	    error("1.2.3.4", "80", hints(0, 0, SOCK_STREAM, IPPROTO_UDP)),
	    EVUTIL_EAI_SOCKTYPE);
	ck_assert_int_eq(error("1.2.3.4", "80", hints(0, 0, SOCK_RAW, 0)),
	    EVUTIL_EAI_SERVICE);
	ck_assert_int_eq(error("1.2.3.4", "80", hints(0x40000000, 0, 0, 0)),
	    EVUTIL_EAI_BADFLAGS);
	ck_assert_int_eq(
	    error(NULL, "80", hints(EVUTIL_AI_CANONNAME, 0, 0, 0)),
	    EVUTIL_EAI_BADFLAGS);
}

TEST(families_of_numeric_hosts)
{
	const int host = EVUTIL_AI_NUMERICHOST;

	ck_assert_int_eq(error("::1", "80", hints(host, AF_INET, 0, 0)),
	    EVUTIL_EAI_ADDRFAMILY);
	ck_assert_int_eq(error("1.2.3.4", "80", hints(host, AF_INET6, 0, 0)),
	    EVUTIL_EAI_ADDRFAMILY);
	ck_assert_str_eq(
	    found("1.2.3.4", "80",
		hints(EVUTIL_AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0)),
	    "::ffff:1.2.3.4 80 type 1 proto 6");
	ck_assert_str_eq(
	    found("1.2.3.4", "80",
		hints(EVUTIL_AI_V4MAPPED | EVUTIL_AI_ALL, AF_INET6,
		    SOCK_STREAM, 0)),
	    "::ffff:1.2.3.4 80 type 1 proto 6");
	ck_assert_str_eq(
	    found("1.2.3.4", "80",
		hints(EVUTIL_AI_ADDRCONFIG, 0, SOCK_STREAM, 0)),
	    "1.2.3.4 80 type 1 proto 6");
	ck_assert_int_eq(error("no.such.host", "80", hints(host, 0, 0, 0)),
	    EVUTIL_EAI_NONAME);
	ck_assert_int_eq(
	    error("", "80", hints(host, 0, 0, 0)), EVUTIL_EAI_NONAME);
	ck_assert_int_eq(error(" 1.2.3.4", "80", hints(host, 0, 0, 0)),
	    EVUTIL_EAI_NONAME);
}

TEST(services)
{
	struct evutil_addrinfo *tcp = hints(0, 0, SOCK_STREAM, 0);
	struct servent *http = getservbyname("http", "tcp");
	char expected[100];

	ck_assert_str_eq(
	    found("1.2.3.4", NULL, tcp), "1.2.3.4 0 type 1 proto 6");
	ck_assert_str_eq(
	    found("1.2.3.4", "0", tcp), "1.2.3.4 0 type 1 proto 6");
	ck_assert_str_eq(
	    found("1.2.3.4", "65535", tcp), "1.2.3.4 65535 type 1 proto 6");
	ck_assert_int_eq(error("1.2.3.4", "-1", tcp), EVUTIL_EAI_SERVICE);
	ck_assert_int_eq(error("1.2.3.4", "80x", tcp), EVUTIL_EAI_SERVICE);
	ck_assert_int_eq(
	    error("1.2.3.4", "no-such-service", tcp), EVUTIL_EAI_SERVICE);
	if (http) {
		snprintf(expected, sizeof(expected), "1.2.3.4 %d type 1 proto 6",
		    ntohs(http->s_port));
		ck_assert_str_eq(found("1.2.3.4", "http", tcp), expected);
	}
	tcp->ai_flags = EVUTIL_AI_NUMERICSERV;
	ck_assert_int_eq(error("1.2.3.4", "http", tcp), EVUTIL_EAI_NONAME);
}

TEST(no_host_is_this_host)
{
	ck_assert_str_eq(
	    found(NULL, "80", hints(0, AF_INET, SOCK_STREAM, 0)),
	    "127.0.0.1 80 type 1 proto 6");
	ck_assert_str_eq(found(NULL, "80",
			     hints(EVUTIL_AI_PASSIVE, AF_INET, SOCK_STREAM, 0)),
	    "0.0.0.0 80 type 1 proto 6");
	ck_assert_str_eq(
	    found(NULL, "0",
		hints(EVUTIL_AI_PASSIVE, AF_INET6, SOCK_DGRAM, 0)),
	    ":: 0 type 2 proto 17");
	/* With a host, AI_PASSIVE means nothing. */
	ck_assert_str_eq(found("1.2.3.4", "80",
			     hints(EVUTIL_AI_PASSIVE, 0, SOCK_STREAM, 0)),
	    "1.2.3.4 80 type 1 proto 6");
}

TEST(canonical_names)
{
	ck_assert_str_eq(found("1.2.3.4", "80",
			     hints(EVUTIL_AI_CANONNAME, 0, SOCK_STREAM, 0)),
	    "1.2.3.4 80 type 1 proto 6 canon 1.2.3.4");
}

TEST(scopes_are_kept)
{
	struct evutil_addrinfo *list;

	ck_assert_int_eq(evutil_getaddrinfo("fe80::1%lo", "80",
			     hints(EVUTIL_AI_NUMERICHOST, 0, SOCK_STREAM, 0),
			     &list),
	    0);
	ck_assert_uint_eq(
	    ((struct sockaddr_in6 *)(void *)list->ai_addr)->sin6_scope_id, 1);
	evutil_freeaddrinfo(list);
	ck_assert_int_eq(error("fe80::1%no-such-iface", "80",
			     hints(EVUTIL_AI_NUMERICHOST, 0, 0, 0)),
	    EVUTIL_EAI_NONAME);
}

TEST(no_hints_set_no_flags)
{
	struct evutil_addrinfo *list;

	ck_assert_int_eq(evutil_getaddrinfo("1.2.3.4", "80", NULL, &list), 0);
	ck_assert_int_eq(list->ai_flags, 0);
	evutil_freeaddrinfo(list);
}

TEST(hints_are_only_read)
{
	struct evutil_addrinfo *given = hints(0, AF_INET, 0, IPPROTO_TCP), copy;
	struct evutil_addrinfo *list;

	copy = *given;
	ck_assert_int_eq(evutil_getaddrinfo("1.2.3.4", "80", given, &list), 0);
	ck_assert_mem_eq(given, &copy, sizeof(copy));
	evutil_freeaddrinfo(list);
}

TEST(lists_are_the_systems)
{
	struct addrinfo *list;

	ck_assert_int_eq(getaddrinfo("1.2.3.4", "80", NULL, &list), 0);
	evutil_freeaddrinfo(list);
	ck_assert_int_eq(evutil_getaddrinfo("1.2.3.4", "80", NULL, &list), 0);
	freeaddrinfo(list);
}

TEST(every_error_has_its_text)
{
	int code;

	for (code = -12; code <= 1; code++)
		trace("%d %s", code, evutil_gai_strerror(code));
	for (code = -106; code <= -99; code++)
		trace("%d %s", code, evutil_gai_strerror(code));
	trace("%s", evutil_gai_strerror(EVUTIL_EAI_CANCEL));
	trace("%s", evutil_gai_strerror(INT_MIN));
	trace("%s", evutil_gai_strerror(INT_MAX));
	ck_assert_str_eq(evutil_gai_strerror(0), "No error");
	ck_assert_str_ne(evutil_gai_strerror(EVUTIL_EAI_CANCEL),
	    evutil_gai_strerror(EVUTIL_EAI_CANCEL - 1));
}

/* A chosen difference. */
TEST(freeing_no_list_is_harmless)
{
	evutil_freeaddrinfo(NULL);
}
