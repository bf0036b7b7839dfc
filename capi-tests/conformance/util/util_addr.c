/* Addresses: read, printed, compared. */
// runs: one-backend, one-locking
#include "capi.h"
#include "random.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static const char *
printed(const struct sockaddr *address)
{
	static char text[100];
	char ip[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "%s %d", ip, ntohs(v4->sin_port));
	} else {
		ck_assert_int_eq(v6->sin6_family, AF_INET6);
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "%s %d scope %u", ip,
		    ntohs(v6->sin6_port), v6->sin6_scope_id);
	}
	return text;
}

/* What evutil_parse_sockaddr_port makes of a text, "refused" included. */
static const char *
parsed(const char *text)
{
	struct sockaddr_storage address, before;
	int len = sizeof(address);
	int result;

	memset(&address, 0xee, sizeof(address));
	before = address;
	result = evutil_parse_sockaddr_port(
	    text, (struct sockaddr *)&address, &len);
	if (result == -1) {
		ck_assert_int_eq(len, sizeof(address));
		ck_assert_mem_eq(&address, &before, sizeof(before));
		return "refused";
	}
	ck_assert_int_eq(result, 0);
	ck_assert_int_eq(len,
	    address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
					 : sizeof(struct sockaddr_in6));
	return printed((struct sockaddr *)&address);
}

TEST(parse_addresses_and_ports)
{
	static const char *const cases[][2] = {
	    {"1.2.3.4", "1.2.3.4 0"},
	    {"1.2.3.4:1", "1.2.3.4 1"},
	    {"1.2.3.4:65535", "1.2.3.4 65535"},
	    {"255.255.255.255:80", "255.255.255.255 80"},
	    {"01.002.0003.4:080", "1.2.3.4 80"},
	    {" 1.2.3.4: 80", "1.2.3.4 80"},
	    {"1.2.3.4:80\n", "1.2.3.4 80"},
	    {"1.2.3.4:80 # comment", "1.2.3.4 80"},
	    {"::", ":: 0 scope 0"},
	    {"::1", "::1 0 scope 0"},
	    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8 0 scope 0"},
	    {"[::1]", "::1 0 scope 0"},
	    {"[::1]:80", "::1 80 scope 0"},
	    {"[::1]80", "::1 0 scope 0"},
	    {"[::1]:80:90", "::1 80 scope 0"},
	    {"[::FFFF:1.2.3.4]:5", "::ffff:1.2.3.4 5 scope 0"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_str_eq(parsed(cases[i][0]), cases[i][1]);
}

TEST(parse_refuses_what_is_malformed)
{
	static const char *const cases[] = {"", ":", ":80", "1", "1.2.3",
	    "1.2.3.4.5", "1.2.3.4.", "1.2.3.4 ", "1.2.3.256", "1.2.3.4x",
	    "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:-1",
	    "1.2.3.4:x", "1.2.3.4:0x50", "1.2.3.4:99999999999999999999999",
	    "1.2.3.4:80:90", "[", "]", "[]", "[]:80", "[::1", "::1]", "[::1]:",
	    "[::1]:0", "[::1]:65536", "[::1]:-1", "[1.2.3.4]", "[1.2.3.4]:80",
	    "[[::1]]:80", " ::1", "::1 ", "::12345", ":::", "1::2::3",
	    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9",
	    "::1.2.3", "::1.2.3.256", "localhost", "localhost:80",
	    "unix:/tmp/socket", "1.2.3.4%lo", "%lo"};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(!strcmp(parsed(cases[i]), "refused"), "%s",
		    cases[i]);
}

TEST(parse_survives_long_texts)
{
	static char text[100000];
	static const char fill[] = "1.:[]%0f ";
	const char *c;

	for (c = fill; *c; c++) {
		memset(text, *c, sizeof(text) - 1);
		ck_assert_str_eq(parsed(text), "refused");
		text[0] = '[';
		ck_assert_str_eq(parsed(text), "refused");
		if (*c != '0' && *c != '1') {
			memcpy(text, "fe80::1%", 8);
			ck_assert_str_eq(parsed(text), "refused");
		}
	}
	/* Zeros are only zeros. */
	memset(text, '0', 200);
	strcpy(text + 200, "1.2.3.4");
	ck_assert_str_eq(parsed(text), "1.2.3.4 0");
	strcpy(text, "[::1]:");
	memset(text + 6, '0', 200);
	strcpy(text + 206, "80");
	ck_assert_str_eq(parsed(text), "::1 80 scope 0");
}

TEST(parse_checks_the_room)
{
	static const struct {
		const char *text;
		int need;
	} cases[] = {{"1.2.3.4:5", sizeof(struct sockaddr_in)},
	    {"[::1]:5", sizeof(struct sockaddr_in6)}};
	unsigned char out[64], expected[64];
	size_t i;
	int len, used, j;

	for (i = 0; i < 2; i++) {
		for (len = -1; len <= 40; len++) {
			memset(out, 0xee, sizeof(out));
			memset(expected, 0xee, sizeof(expected));
			used = len;
			if (evutil_parse_sockaddr_port(cases[i].text,
				(struct sockaddr *)out, &used) == -1) {
				ck_assert_int_lt(len, cases[i].need);
				ck_assert_int_eq(used, len);
				ck_assert_mem_eq(out, expected, sizeof(out));
				continue;
			}
			ck_assert_int_ge(len, cases[i].need);
			ck_assert_int_eq(used, cases[i].need);
			/* What is left over is zeroed, and nothing behind it. */
			for (j = used; j < 64; j++)
				ck_assert_int_eq(out[j], j < len ? 0 : 0xee);
		}
	}
}

TEST(parse_accepts_unaligned_memory)
{
	char memory[sizeof(struct sockaddr_in6) + 1];
	struct sockaddr_in6 copy;
	int len = sizeof(struct sockaddr_in6);

	ck_assert_int_eq(evutil_parse_sockaddr_port("[::5]:6",
			     (struct sockaddr *)(void *)(memory + 1), &len),
	    0);
	memcpy(&copy, memory + 1, sizeof(copy));
	ck_assert_str_eq(
	    printed((struct sockaddr *)&copy), "::5 6 scope 0");
}

TEST(scopes_by_name_and_number)
{
	static const char *const refused[] = {"fe80::1%no-such-iface",
	    "fe80::1%1x", "fe80::1%lo%lo", "fe80::1%1 ", "fe80::1%x", "%lo",
	    "1.2.3.4%lo", "fe80::1%%", "fe80:1%lo"};
	static const struct {
		const char *text;
		unsigned index;
	} accepted[] = {{"fe80::1", 0}, {"fe80::1%", 0}, {"fe80::1%0", 0},
	    {"fe80::1%1", 1}, {"::1%07", 7}, {"fe80::1%4294967295", UINT_MAX}};
	struct in6_addr address;
	unsigned index;
	size_t i;

	for (i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		index = 777;
		ck_assert_int_eq(evutil_inet_pton_scope(AF_INET6,
				     accepted[i].text, &address, &index),
		    1);
		ck_assert_uint_eq(index, accepted[i].index);
	}
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		ck_assert_int_eq(evutil_inet_pton_scope(
				     AF_INET6, refused[i], &address, &index),
		    0);
	/* The loopback interface is the first one everywhere. */
	ck_assert_int_eq(
	    evutil_inet_pton_scope(AF_INET6, "fe80::1%lo", &address, &index),
	    1);
	ck_assert_uint_eq(index, 1);
	ck_assert_str_eq(parsed("fe80::1%lo"), "fe80::1 0 scope 1");
	ck_assert_str_eq(parsed("[fe80::1%lo]:9"), "fe80::1 9 scope 1");
	ck_assert_str_eq(parsed("[fe80::1%9]"), "fe80::1 0 scope 9");
	ck_assert_str_eq(parsed("[fe80::1%no-such-iface]:1"), "refused");
	/* IPv4 has none, and a family that nobody knows is another answer. */
	index = 777;
	ck_assert_int_eq(
	    evutil_inet_pton_scope(AF_INET, "1.2.3.4", &address, &index), 1);
	ck_assert_uint_eq(index, 0);
	ck_assert_int_eq(
	    evutil_inet_pton_scope(AF_INET, "1.2.3.4%lo", &address, &index), 0);
	ck_assert_int_eq(
	    evutil_inet_pton_scope(AF_UNIX, "1.2.3.4", &address, &index), -1);
}

TEST(pton_leaves_the_target_alone_when_it_refuses)
{
	unsigned char out[16], before[16];

	memset(out, 0xee, sizeof(out));
	memcpy(before, out, sizeof(out));
	ck_assert_int_eq(evutil_inet_pton(AF_INET, "1.2.3", out), 0);
	ck_assert_int_eq(evutil_inet_pton(AF_INET, "::1", out), 0);
	ck_assert_int_eq(evutil_inet_pton(AF_INET6, "1.2.3.4", out), 0);
	ck_assert_int_eq(evutil_inet_pton(AF_INET6, "::1%lo", out), 0);
	ck_assert_int_eq(evutil_inet_pton(AF_INET6, "", out), 0);
	ck_assert_int_eq(evutil_inet_pton(AF_UNIX, "1.2.3.4", out), -1);
	ck_assert_int_eq(evutil_inet_pton(-1, "", out), -1);
	ck_assert_mem_eq(out, before, sizeof(out));
	ck_assert_int_eq(evutil_inet_pton(AF_INET, "1.2.3.4", out), 1);
	ck_assert_mem_eq(out, "\1\2\3\4\356\356", 6);
}

TEST(random_addresses_print_as_in_libc_and_are_read_back)
{
	unsigned char in[16], out[16];
	char text[64], libc[64];
	int i, j;

	for (i = 0; i < 50000; i++) {
		for (j = 0; j < 16; j += 2) {
			in[j] = in[j + 1] = 0;
			if (random_below(2))
				in[j] = random_below(3) ? random_below(256) : 255;
			if (random_below(2))
				in[j + 1] = random_below(3) ? random_below(256) : 255;
		}
		ck_assert_ptr_eq(
		    evutil_inet_ntop(AF_INET6, in, text, sizeof(text)), text);
		inet_ntop(AF_INET6, in, libc, sizeof(libc));
		/* libc shows a quad after 96 zero bits also if it ends in 0. */
		if (in[14] || in[15] || strncmp(libc, "::", 2))
			ck_assert_str_eq(text, libc);
		ck_assert_int_eq(evutil_inet_pton(AF_INET6, text, out), 1);
		ck_assert_mem_eq(in, out, 16);
		ck_assert_ptr_eq(
		    evutil_inet_ntop(AF_INET, in, text, sizeof(text)), text);
		inet_ntop(AF_INET, in, libc, sizeof(libc));
		ck_assert_str_eq(text, libc);
		ck_assert_int_eq(evutil_inet_pton(AF_INET, text, out), 1);
		ck_assert_mem_eq(in, out, 4);
	}
}

TEST(ntop_forms)
{
	static const char *const texts[] = {"::", "::1", "1::", "::1.2.3.4",
	    "::ffff:1.2.3.4", "::ffff:0.0.0.0", "::5:102:304",
	    "64:ff9b::102:304", "1:0:0:2::3", "1:0:2:3:4:5:6:7", "0:0:1::1:0",
	    "1::2:0:0:3:4", "::1:2:3", "::ffff:0:102:304", "::100", "::1:0",
	    "abcd::ef", "1:2:3:4:5:6::", "1:2:3:4:5:6:7:0"};
	struct in6_addr address;
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ck_assert_int_eq(
		    evutil_inet_pton(AF_INET6, texts[i], &address), 1);
		ck_assert_str_eq(
		    evutil_inet_ntop(AF_INET6, &address, text, sizeof(text)),
		    texts[i]);
	}
}

TEST(ntop_checks_the_room)
{
	static const unsigned char ones[16] = {255, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	char text[64];
	size_t len;

	for (len = 0; len < 39; len++) {
		memset(text, '~', sizeof(text));
		ck_assert_ptr_null(evutil_inet_ntop(AF_INET6, ones, text, len));
		ck_assert_int_eq(text[len], '~');
	}
	ck_assert_ptr_eq(evutil_inet_ntop(AF_INET6, ones, text, 40), text);
	for (len = 0; len < 16; len++) {
		memset(text, '~', sizeof(text));
		ck_assert_ptr_null(evutil_inet_ntop(AF_INET, ones, text, len));
		ck_assert_int_eq(text[len], '~');
	}
	ck_assert_ptr_eq(evutil_inet_ntop(AF_INET, ones, text, 16), text);
	ck_assert_ptr_eq(
	    evutil_inet_ntop(AF_INET, ones, text, (size_t)-1), text);
	ck_assert_ptr_null(
	    evutil_inet_ntop(AF_UNIX, ones, text, sizeof(text)));
}

static int
compared(const char *a, const char *b, int ports)
{
	struct sockaddr_storage first, second;
	int len = sizeof(first), there, back;

	ck_assert_int_eq(
	    evutil_parse_sockaddr_port(a, (struct sockaddr *)&first, &len), 0);
	len = sizeof(second);
	ck_assert_int_eq(
	    evutil_parse_sockaddr_port(b, (struct sockaddr *)&second, &len), 0);
	there = evutil_sockaddr_cmp((struct sockaddr *)&first,
	    (struct sockaddr *)&second, ports);
	back = evutil_sockaddr_cmp((struct sockaddr *)&second,
	    (struct sockaddr *)&first, ports);
	ck_assert_int_eq((there > 0) - (there < 0), (back < 0) - (back > 0));
	return (there > 0) - (there < 0);
}

TEST(addresses_have_an_order)
{
	ck_assert_int_eq(compared("1.2.3.4:5", "1.2.3.4:5", 1), 0);
	ck_assert_int_eq(compared("1.2.3.4:5", "1.2.3.4:6", 0), 0);
	ck_assert_int_eq(compared("1.2.3.4:5", "1.2.3.4:6", 1), -1);
	ck_assert_int_eq(compared("1.2.3.5:5", "1.2.3.4:6", 1), 1);
	ck_assert_int_eq(compared("1.2.3.4", "1.2.3.200", 0), -1);
	ck_assert_int_eq(compared("0.0.0.1", "255.0.0.0", 0), 1);
	ck_assert_int_eq(compared("1.2.3.4:256", "1.2.3.4:1", 1), -1);
	ck_assert_int_eq(compared("[::1]:5", "[::1]:5", 1), 0);
	ck_assert_int_eq(compared("[::1]:5", "[::1]:6", 0), 0);
	ck_assert_int_eq(compared("[::1]:5", "[::1]:6", 1), -1);
	ck_assert_int_eq(compared("ff00::", "::1", 0), 1);
	ck_assert_int_eq(compared("fe80::1%1", "fe80::1%2", 1), 0);
	ck_assert_int_eq(compared("255.255.255.255", "::", 0), -1);
}

TEST(other_families_are_never_equal)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "a"};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	ck_assert_int_ne(evutil_sockaddr_cmp((struct sockaddr *)&a,
			     (struct sockaddr *)&a, 0),
	    0);
	ck_assert_int_lt(evutil_sockaddr_cmp((struct sockaddr *)&a,
			     (struct sockaddr *)&v4, 0),
	    0);
	ck_assert_int_gt(evutil_sockaddr_cmp((struct sockaddr *)&v4,
			     (struct sockaddr *)&a, 0),
	    0);
}

/* Chosen differences from here on. */

TEST(numbers_that_do_not_fit_are_refused)
{
	struct in6_addr address;
	unsigned index;

	ck_assert_str_eq(parsed("1.2.3.4:4294967376"), "refused");
	ck_assert_str_eq(parsed("[::1]:4294967376"), "refused");
	ck_assert_str_eq(parsed("4294967297.2.3.4"), "refused");
	ck_assert_str_eq(parsed("-4294967295.2.3.4"), "refused");
	ck_assert_int_eq(evutil_inet_pton_scope(
			     AF_INET6, "fe80::1%4294967297", &address, &index),
	    0);
	ck_assert_int_eq(
	    evutil_inet_pton_scope(AF_INET6, "fe80::1%-1", &address, &index),
	    0);
	ck_assert_str_eq(parsed("::1%99999999999999999999999"), "refused");
}

TEST(ipv6_is_read_by_the_book)
{
	ck_assert_str_eq(parsed("1::2:"), "refused");
	ck_assert_str_eq(parsed("0x1::2"), "refused");
	ck_assert_str_eq(parsed("::1. 2.3.4"), "refused");
	ck_assert_str_eq(parsed("::01.2.3.4"), "refused");
}

TEST(ntop_says_why_it_failed)
{
	static const unsigned char ones[16] = {255, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	char text[64];

	errno = 0;
	ck_assert_ptr_null(evutil_inet_ntop(AF_INET, ones, text, 15));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_ptr_null(evutil_inet_ntop(AF_UNIX, ones, text, 64));
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	/* One too few for the longest address. */
	ck_assert_ptr_null(evutil_inet_ntop(AF_INET6, ones, text, 39));
}
