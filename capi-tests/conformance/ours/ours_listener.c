/*
 * The listener flag that 2.2 adds.
 */
#include "listeners.h"
#include <sys/un.h>

TEST(ipv4_and_ipv6)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int off = -1, fd = socket(AF_INET6, SOCK_STREAM, 0);
	socklen_t size = sizeof(off);

	if (fd == -1)
		return;
	close(fd);
	base = event_base_new();
	listener = evconnlistener_new_bind(base, take, NULL,
	    LEV_OPT_BIND_IPV4_AND_IPV6 | LEV_OPT_CLOSE_ON_FREE, -1,
	    (void *)&any, sizeof(any));
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(getsockopt(evconnlistener_get_fd(listener),
	    IPPROTO_IPV6, IPV6_V6ONLY, &off, &size), 0);
	ck_assert_int_eq(off, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	any.sin6_port = htons(port_of(evconnlistener_get_fd(listener)));
	struct sockaddr_in v4 = loopback(ntohs(any.sin6_port));
	ck_assert_int_eq(connect(fd, (void *)&v4, sizeof(v4)), 0);
	ck_assert_int_eq(once(), 0);
	ck_notes("take");
	ck_assert_int_eq(peer.ss_family, AF_INET6);
	ck_assert_int_eq(IN6_IS_ADDR_V4MAPPED(
	    &((struct sockaddr_in6 *)&peer)->sin6_addr) != 0, 1);
	evconnlistener_free(listener);
}

TEST(ipv4_and_ipv6_of_an_ipv4_address)
{
	struct sockaddr_in address = loopback(0);

	base = event_base_new();
	ck_assert_ptr_null(evconnlistener_new_bind(base, take, NULL,
	    LEV_OPT_BIND_IPV4_AND_IPV6, -1, (void *)&address,
	    sizeof(address)));
	ck_assert_int_eq(errno, ENOPROTOOPT);
}

/* What the two ask for excludes each other. */
TEST(ipv6_only_and_ipv4_as_well)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	unsigned both = LEV_OPT_BIND_IPV6ONLY | LEV_OPT_BIND_IPV4_AND_IPV6;
	int next;

	base = event_base_new();
	next = dup(0);
	close(next);
	ck_assert_ptr_null(evconnlistener_new_bind(base, take, NULL,
	    both | LEV_OPT_CLOSE_ON_FREE, -1, (void *)&any, sizeof(any)));
	ck_assert_int_eq(errno, EINVAL);
	/* No descriptor is left. */
	ck_assert_int_eq(dup(0), next);
	close(next);
}

/* They have no ports to share, and newer kernels refuse the option for them. */
TEST(unix_sockets_with_a_shared_port)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct evconnlistener *listener;

	base = event_base_new();
	snprintf(path.sun_path, sizeof(path.sun_path), "/tmp/capi-%d",
	    getpid());
	listener = evconnlistener_new_bind(base, take, NULL,
	    LEV_OPT_REUSEABLE_PORT | LEV_OPT_CLOSE_ON_FREE, -1,
	    (void *)&path, sizeof(path));
	unlink(path.sun_path);
	ck_assert_ptr_nonnull(listener);
	evconnlistener_free(listener);
}
