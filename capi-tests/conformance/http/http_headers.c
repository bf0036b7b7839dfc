/* Lists of headers, and query strings as such lists. */
// runs: one-backend, one-locking
#include "requests.h"
#include "random.h"
#include <sys/queue.h>

static struct evkeyvalq list;

static void
trace_list(const char *what)
{
	trace("%s:", what);
	trace_headers(" ", &list);
}

TEST(added_found_removed)
{
	TAILQ_INIT(&list);
	ck_assert_ptr_null(evhttp_find_header(&list, "A"));
	ck_assert_int_eq(evhttp_remove_header(&list, "A"), -1);
	ck_assert_int_eq(evhttp_add_header(&list, "A", "1"), 0);
	ck_assert_int_eq(evhttp_add_header(&list, "b", "2"), 0);
	ck_assert_int_eq(evhttp_add_header(&list, "a", "3"), 0);
	ck_assert_int_eq(evhttp_add_header(&list, "", "4"), 0);
	ck_assert_int_eq(evhttp_add_header(&list, "C", ""), 0);
	trace_list("five");
	ck_assert_str_eq(evhttp_find_header(&list, "a"), "1");
	ck_assert_str_eq(evhttp_find_header(&list, "B"), "2");
	ck_assert_str_eq(evhttp_find_header(&list, "c"), "");
	ck_assert_ptr_null(evhttp_find_header(&list, "A "));
	ck_assert_int_eq(evhttp_remove_header(&list, "A"), 0);
	ck_assert_str_eq(evhttp_find_header(&list, "A"), "3");
	trace_list("four");
	evhttp_clear_headers(&list);
	trace_list("none");
	ck_assert_int_eq(evhttp_add_header(&list, "D", "5"), 0);
	trace_list("one");
	evhttp_clear_headers(&list);
	evhttp_clear_headers(&list);
}

TEST(what_is_refused)
{
	static const char *const keys[] = {"a", "a b", "a:", "\ta", "a\r",
	    "a\n", "\r\na", "a\r\n b", "\x01", "\xff"};
	static const char *const values[] = {"x", "x\r", "x\n", "x\r\n y",
	    "x\r\n", "\n\ty", "x\r\ny", "\x01", "\xff", " x "};

	TAILQ_INIT(&list);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		trace("key %zu %d", i, evhttp_add_header(&list, keys[i], "x"));
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		trace("value %zu %d", i,
		    evhttp_add_header(&list, "a", values[i]));
	evhttp_clear_headers(&list);
}

/* Programs walk these lists and put strings of their own into them. */
TEST(changed_by_hand)
{
	struct evkeyval *header, *own = calloc(1, sizeof(*own));

	TAILQ_INIT(&list);
	evhttp_add_header(&list, "A", "1");
	evhttp_add_header(&list, "B", "2");
	TAILQ_FOREACH(header, &list, next)
	{
		free(header->value);
		header->value = strdup("changed, and longer than it was");
	}
	own->key = strdup("Own");
	own->value = strdup("node");
	TAILQ_INSERT_HEAD(&list, own, next);
	header = TAILQ_NEXT(own, next);
	TAILQ_REMOVE(&list, header, next);
	free(header->key);
	free(header->value);
	free(header);
	trace_list("changed");
	ck_assert_str_eq(evhttp_find_header(&list, "own"), "node");
	ck_assert_int_eq(evhttp_remove_header(&list, "OWN"), 0);
	evhttp_clear_headers(&list);
	ck_assert_ptr_null(TAILQ_FIRST(&list));
}

TEST(many)
{
	char name[30];

	TAILQ_INIT(&list);
	for (int i = 0; i < 500; i++) {
		sprintf(name, "Name-%d", i * 7 % 500);
		ck_assert_int_eq(evhttp_add_header(&list, name, name + 5), 0);
	}
	for (int i = 0; i < 500; i += 3) {
		sprintf(name, "nAME-%d", i);
		ck_assert_int_eq(evhttp_remove_header(&list, name), 0);
	}
	trace_list("many");
	evhttp_clear_headers(&list);
}

static const char *const queries[] = {"", "a", "a=", "=b", "=", "a=b", "a=b&",
    "a=b&&c=d", "&", "&a=b", "a=b&c", "a==b", "a=b=c", "a+b=c+d", "%41=%41",
    "a=%00b", "a=%", "a=%4", "a=b;c=d", "a=b#c", "a=<>", "?a=b", "/?a=b",
    "/p?a=b&a=c", "http://h/?a=b", "/p", "/p?", "x y?a=b", "/p?a=b c",
    "/p?a=%zz", "a:b:c", "\xff=\xff", "/?\xff=\xff", "a=b\r\nc=d",
    "a=b&c=d=&e=", "a&b=c", "a=b\r\n c", "a\r\n=b", "a= b", "?=b", "//h?a=b",
    "a:1=2", "a=%0d%0a", "/?a=%0d%0a&b=%2b+", "?a=1&A=2&a=3", "?&", "?a=1#b=2"};

TEST(queries_of_all_kinds)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		memset(&list, 0xff, sizeof(list));
		trace("query %zu %d", i,
		    evhttp_parse_query_str(queries[i], &list));
		trace_headers(" ", &list);
		evhttp_clear_headers(&list);
		memset(&list, 0xff, sizeof(list));
		trace("uri %zu %d", i, evhttp_parse_query(queries[i], &list));
		trace_headers(" ", &list);
		evhttp_clear_headers(&list);
	}
	ck_assert_int_eq(evhttp_parse_query_str(NULL, &list), 0);
	ck_assert_ptr_null(list.tqh_first);
}

TEST(queries_of_noise)
{
	static const char *const pieces[] = {"a", "b", "=", "=", "&", "&", "%41",
	    "%4", "%00", "+", "?", "#", "/", " ", "\xe4", "c=d", "&e=f"};

	random_state = 7;
	for (int i = 0; i < 5000; i++) {
		char text[100] = "";

		if (i % 2)
			strcpy(text, "/p?");
		for (int n = i % 11; n > 0; n--)
			strcat(text, pieces[random_below(17)]);
		trace("%s %d", text,
		    i % 2 ? evhttp_parse_query(text, &list)
			  : evhttp_parse_query_str(text, &list));
		trace_headers(" ", &list);
		evhttp_clear_headers(&list);
	}
}

TEST(long_values)
{
	char text[3000] = "a=";

	for (int i = 0; i < 900; i++)
		strcat(text, i % 2 ? "%4" : "1+");
	ck_assert_int_eq(evhttp_parse_query_str(text, &list), 0);
	trace("%s", evhttp_find_header(&list, "a"));
	evhttp_clear_headers(&list);
}
