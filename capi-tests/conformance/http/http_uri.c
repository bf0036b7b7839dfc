/* URIs taken apart, set and joined; escapes of URIs and of HTML. */
// runs: one-backend, one-locking
#include "capi.h"
#include "random.h"
#include <event2/http.h>

int evhttp_decode_uri_internal(
    const char *uri, size_t length, char *ret, int decode_plus_ctl);

/* TEXT in printable characters. */
static const char *
shown(const char *text)
{
	static char buffers[16][2000];
	static unsigned next;
	char *out = buffers[next++ % 16], *end = out;

	if (!text)
		return "-";
	*end++ = '<';
	for (; *text; text++) {
		unsigned char byte = *text;

		end += sprintf(end, byte > 32 && byte < 127 ? "%c" : "\\%02x",
		    byte);
		ck_assert_int_lt(end - out, 1990);
	}
	strcpy(end, ">");
	return out;
}

static void
trace_uri(const char *what, struct evhttp_uri *uri)
{
	char joined[1000];

	if (!uri) {
		trace("%s none", what);
		return;
	}
	memset(joined, '~', sizeof(joined));
	trace("%s %s %s %s %d %s %s %s = %s", what,
	    shown(evhttp_uri_get_scheme(uri)),
	    shown(evhttp_uri_get_userinfo(uri)),
	    shown(evhttp_uri_get_host(uri)), evhttp_uri_get_port(uri),
	    shown(evhttp_uri_get_path(uri)), shown(evhttp_uri_get_query(uri)),
	    shown(evhttp_uri_get_fragment(uri)),
	    shown(evhttp_uri_join(uri, joined, sizeof(joined))));
}

static void
trace_parsed(const char *text, unsigned flags)
{
	struct evhttp_uri *uri = evhttp_uri_parse_with_flags(text, flags);

	trace_uri(shown(text), uri);
	if (uri)
		evhttp_uri_free(uri);
}

static const char *const texts[] = {"", "/", "a", "a:", "a:b", "a:/b", ":b",
    "1a:b", "a1+-.:b", "a_:b", "//", "///", "//h", "//h/", "//h:", "//h:80",
    "//h:080", "//h:0", "//h:65535", "//h:65536", "//h:99999999999",
    "//h:18446744073709551617", "//h:-1", "//h:+1", "//h: 1", "//h:8a",
    "//@h", "//u@h", "//u:p@h:1", "//u@", "//u@:80", "//:80", "//u@v@h",
    "//u%40@h", "//u%4@h", "//h%41", "//h%4", "//[::1]", "//[::1]:80",
    "//[::1]:", "//[::1", "//::1", "//[]", "//[::g]", "//[v1.a]", "//[v1.]",
    "//[v.a]", "//[V1.a]", "//[v1.a:b]", "//[vG.a]", "//[vfA9.!$&'()*+,;=]",
    "//[v1.%41]", "//[v1..a]", "//[::1%251]", "//[::1%251]/", "//[::1]x",
    "//x[::1]", "//[1.2.3.4]", "//[::1.2.3.4]", "//[::ffff:1.2.3.4]:1/",
    "//1.2.3.4", "//h?q", "//h#f", "//h?q#f", "?q", "#f", "?", "#", "?#",
    "??", "?q?/:@", "#f#", "#f?/", "a:?q", "a:#f", "a://", "a://?", "a:///p",
    "a:////p", "//h//p", "/a:b", "a/b:c", "./a:b", "a%20b", "a b", "a%zz",
    "a%", "a%2", "/\xc3\xa4", "/[", "/]", "/a\\b", "/^", "/{}", "/|", "/\"",
    "/<>", "/`", "?a b", "?[", "?^", "#[", "#^", "#%", "?%", "http:a/b?c#d",
    "h:p@x", "//h\xc3", "//h'!$&()*+,;=~-._", "//h/a'!$&()*+,;=~-._:@",
    "//u'!$&()*+,;=~-._:@h", "/a\tb", "?\t", "#\t", "/a\x7f", "/a\x01", "*",
    "h:80", "h:80/", "http//:x", "//a:b:80", "//a:80:", "://h", "/:", "/?:",
    "?:", "#:", "a?b:c", "a#b:c", "1:", "+:", "a%41:b", "//h:80x/", "//h:80?",
    "//h:80#", "//h:00000000000000000000000000000000080/", "//%", "//h%zz",
    "//\\", "//h/%00", "//h%00", "a b:c", "\xff:", "_:", "?_:", "http://",
    "HTTP://EXAMPLE.com/../%7e/./", "unix:/a:/b", "http://unix:/a:/b"};
#define TEXTS (sizeof(texts) / sizeof(*texts))

TEST(references_of_all_kinds)
{
	for (size_t i = 0; i < TEXTS; i++)
		trace_parsed(texts[i], 0);
}

TEST(references_that_do_not_conform)
{
	for (size_t i = 0; i < TEXTS; i++)
		trace_parsed(texts[i], EVHTTP_URI_NONCONFORMANT);
}

/* Text made of what has a meaning in URIs, and of some that has none. */
static const char *
noise(void)
{
	static char text[100];
	static const char *const pieces[] = {":", "/", "?", "#", "@", "[", "]",
	    "%", "%41", "%4", "%00", "//", "//", "://", "a", "b", "f", "v", "1",
	    "9", "0", "80", "+", "-", ".", "_", "~", "&", "=", ";", "'", "(",
	    " ", "<", "\"", "\\", "^", "|", "{", "\xe4", "\t", "http", "::1",
	    "[::1]", "[v1.", "65535", "65536"};

	text[0] = '\0';
	for (unsigned n = random_below(9); n > 0; n--)
		strcat(text, pieces[random_below(sizeof(pieces) / sizeof(*pieces))]);
	return text;
}

TEST(references_of_noise)
{
	random_state = 1;
	for (int i = 0; i < 6000; i++)
		trace_parsed(noise(), random_below(2));
}

/* References that are probably good ones. */
TEST(references_of_good_parts)
{
	static const char *const schemes[] = {"", "", "http:", "a+b:", "x.1:"};
	static const char *const authorities[] = {"", "//", "//h", "//u@h",
	    "//u:p@h:1", "//[::1]:22", "//h.example:", "//:7", "//%41b%2e",
	    "//@[v1.x:y]:99"};
	static const char *const paths[] = {"", "/", "/a", "/a/b/", "a", "a/b:c",
	    "//", "/%20", "/:", "*", "/a;b=c,d"};
	static const char *const ends[] = {"", "", "?", "?a=b&c", "?/?", "#",
	    "#f", "#?", "?q#", "?q#f", "?#?", "? ", "#\xfc"};
	char text[200];

	random_state = 2;
#define ANY(array) array[random_below(sizeof(array) / sizeof(*array))]
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "%s%s%s%s", ANY(schemes),
		    ANY(authorities), ANY(paths), ANY(ends));
		trace_parsed(text, random_below(2));
	}
}

typedef int setter(struct evhttp_uri *, const char *);

static setter *const setters[] = {evhttp_uri_set_scheme,
    evhttp_uri_set_userinfo, evhttp_uri_set_host, evhttp_uri_set_path,
    evhttp_uri_set_query, evhttp_uri_set_fragment};
#define SETTERS (sizeof(setters) / sizeof(*setters))

TEST(every_part_set_to_every_text)
{
	for (unsigned flags = 0; flags < 2; flags++)
		for (size_t i = 0; i < TEXTS; i++) {
			struct evhttp_uri *uri = evhttp_uri_new();
			char results[100] = "";

			evhttp_uri_set_flags(uri, flags);
			for (size_t part = 0; part < SETTERS; part++)
				sprintf(results + strlen(results), " %d",
				    setters[part](uri, texts[i]));
			trace_uri(results, uri);
			for (size_t part = 0; part < SETTERS; part++)
				ck_assert_int_eq(setters[part](uri, NULL), 0);
			trace_uri("cleared", uri);
			evhttp_uri_free(uri);
		}
}

TEST(parts_set_at_random)
{
	struct evhttp_uri *uri = evhttp_uri_parse("http://u@h:1/p?q#f");

	random_state = 3;
	for (int i = 0; i < 4000; i++) {
		unsigned part = random_below(SETTERS + 2);
		char what[200] = "";
		int result;

		if (part < SETTERS) {
			const char *text = random_below(6) ? noise() : NULL;

			result = setters[part](uri, text);
			sprintf(what, "part %u %s", part, shown(text));
		} else if (part == SETTERS) {
			int port = random_below(4) ? (int)random_below(70000)
					    : (int)random_below(4) - 3;

			result = evhttp_uri_set_port(uri, port);
			sprintf(what, "port %d", port);
		} else {
			evhttp_uri_set_flags(uri, result = random_below(2));
			strcpy(what, "flags");
		}
		sprintf(what + strlen(what), ": %d", result);
		trace_uri(what, uri);
	}
	evhttp_uri_free(uri);
}

TEST(parts_may_be_set_to_what_they_are)
{
	struct evhttp_uri *uri = evhttp_uri_parse("http://user@host/path");
	const char *host = evhttp_uri_get_host(uri);

	ck_assert_int_eq(
	    evhttp_uri_set_path(uri, evhttp_uri_get_path(uri) + 2), 0);
	/* The reference has no text there. */
	ck_assert_int_eq(strcmp(evhttp_uri_get_path(uri), "ath"), 0);
	ck_assert_int_eq(
	    evhttp_uri_set_userinfo(uri, evhttp_uri_get_host(uri)), 0);
	ck_assert_str_eq(evhttp_uri_get_userinfo(uri), "host");
	/* Other parts stay where they are. */
	ck_assert_ptr_eq(evhttp_uri_get_host(uri), host);
	evhttp_uri_free(uri);
}

TEST(joining_needs_room_for_all)
{
	static const char text[] = "http://u@h:1/p?q#f";
	struct evhttp_uri *uri = evhttp_uri_parse(text);
	char buffer[40];

	for (size_t limit = 0; limit < 30; limit++) {
		memset(buffer, '~', sizeof(buffer));
		if (limit < sizeof(text)) {
			ck_assert_ptr_null(evhttp_uri_join(uri, buffer, limit));
			ck_assert_int_eq(buffer[0], '~');
		} else {
			ck_assert_ptr_eq(
			    evhttp_uri_join(uri, buffer, limit), buffer);
			ck_assert_str_eq(buffer, text);
			ck_assert_int_eq(buffer[sizeof(text)], '~');
		}
	}
	ck_assert_ptr_null(evhttp_uri_join(uri, NULL, 100));
	evhttp_uri_free(uri);
}

static const char *
random_bytes(size_t *length, unsigned limit)
{
	static char bytes[100];
	static const char often[] = "%%%+++??4146fFgG /azAZ09-._~<>&\"'";

	*length = random_below(limit);
	for (size_t i = 0; i < *length; i++)
		bytes[i] = random_below(3) ? often[random_below(sizeof(often) - 1)]
				    : (char)random_below(256);
	bytes[*length] = '\0';
	return bytes;
}

TEST(encoding)
{
	random_state = 4;
	for (int i = 0; i < 2000; i++) {
		size_t length;
		const char *bytes = random_bytes(&length, 30);
		char *whole = evhttp_uriencode(bytes, length, 0);
		char *plus = evhttp_uriencode(bytes, length, i);
		char *string = evhttp_uriencode(bytes, -1 - i % 3, 0);
		char *encoded = evhttp_encode_uri(bytes);

		trace("%s %s %s", shown(whole), shown(plus), shown(string));
		ck_assert_str_eq(encoded, string);
		free(whole);
		free(plus);
		free(string);
		free(encoded);
	}
}

TEST(decoding)
{
	random_state = 5;
	for (int i = 0; i < 3000; i++) {
		size_t length, size = 99, plus_size = 99;
		const char *bytes = random_bytes(&length, 30);
		char *decoded = evhttp_uridecode(bytes, 0, &size);
		char *plus = evhttp_uridecode(bytes, 1 + i % 3, &plus_size);
		char *more = evhttp_uridecode(bytes, 0, NULL);
		char *query = evhttp_decode_uri(bytes);
		char inside[100];
		int inside_size = evhttp_decode_uri_internal(
		    bytes, length, inside, i % 7 - 3);

		trace("%s %zu %s %zu %s %d %s", shown(decoded), size,
		    shown(plus), plus_size, shown(query), inside_size,
		    shown(inside));
		ck_assert_str_eq(decoded, more);
		ck_assert_int_eq(decoded[size], 0);
		free(decoded);
		free(plus);
		free(more);
		free(query);
	}
}

TEST(html)
{
	random_state = 6;
	for (int i = 0; i < 1000; i++) {
		size_t length;
		char *escaped = evhttp_htmlescape(random_bytes(&length, 30));

		trace("%s", shown(escaped));
		free(escaped);
	}
	ck_assert_ptr_null(evhttp_htmlescape(NULL));
}
