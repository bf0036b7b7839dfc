/* Text: case without locale, printing, numbers, dates. */
// runs: one-backend, one-locking
#include "capi.h"
#include <locale.h>
#include <sys/mman.h>

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
check_comparisons(void)
{
	int a, b;

	for (a = 1; a < 256; a++) {
		for (b = 1; b < 256; b++) {
			char x[] = {(char)a, 0}, y[] = {(char)b, 0};
			int la = a >= 'A' && a <= 'Z' ? a + 32 : a;
			int lb = b >= 'A' && b <= 'Z' ? b + 32 : b;
			int result = evutil_ascii_strcasecmp(x, y);

			/* A char has a sign here, and strcasecmp() ignores it. */
			ck_assert_int_eq(
			    sign(result), sign((char)la - (char)lb));
			ck_assert_int_eq(
			    result, evutil_ascii_strncasecmp(x, y, 1));
		}
		ck_assert_int_eq(
		    sign(evutil_ascii_strcasecmp((char[]){(char)a, 0}, "")),
		    sign((char)a));
	}
}

TEST(case_is_ascii_only)
{
	check_comparisons();
}

TEST(case_ignores_the_locale)
{
	static const char *const names[] = {
	    "C.UTF-8", "tr_TR.UTF-8", "de_DE.ISO-8859-1", "POSIX"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (setlocale(LC_ALL, names[i]))
			check_comparisons();
}

TEST(comparing_strings)
{
	ck_assert_int_eq(evutil_ascii_strcasecmp("", ""), 0);
	ck_assert_int_eq(evutil_ascii_strcasecmp("Content-Length",
			     "cOnTENT-lENGTH"),
	    0);
	ck_assert_int_lt(evutil_ascii_strcasecmp("ab", "ABC"), 0);
	ck_assert_int_gt(evutil_ascii_strcasecmp("abc", "AB"), 0);
	ck_assert_int_gt(evutil_ascii_strcasecmp("a", ""), 0);
	ck_assert_int_lt(evutil_ascii_strcasecmp("_", "A"), 0);
	ck_assert_int_eq(evutil_ascii_strncasecmp("a", "b", 0), 0);
	ck_assert_int_eq(evutil_ascii_strncasecmp("abX", "ABy", 2), 0);
	ck_assert_int_lt(evutil_ascii_strncasecmp("abX", "ABy", 3), 0);
	ck_assert_int_eq(evutil_ascii_strncasecmp("a", "A", (size_t)-1), 0);
	ck_assert_int_lt(evutil_ascii_strncasecmp("a", "AB", 100), 0);
	ck_assert_int_eq(evutil_ascii_strncasecmp("a\0b", "a\0c", 3), 0);
}

TEST(counted_strings_need_no_end)
{
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(mprotect(memory + page, page, PROT_NONE), 0);
	memcpy(memory + page - 3, "abc", 3);
	ck_assert_int_eq(
	    evutil_ascii_strncasecmp(memory + page - 3, "ABCD", 3), 0);
	ck_assert_int_lt(
	    evutil_ascii_strncasecmp("ABB", memory + page - 3, 3), 0);
}

TEST(printing)
{
	char text[8];

	memset(text, '~', sizeof(text));
	ck_assert_int_eq(evutil_snprintf(text, 8, "%s", "123456789"), 9);
	ck_assert_str_eq(text, "1234567");
	ck_assert_int_eq(evutil_snprintf(text, 8, "%d-%s", 12, "ab"), 5);
	ck_assert_str_eq(text, "12-ab");
	ck_assert_int_eq(evutil_snprintf(text, 1, "%d", 5), 1);
	ck_assert_str_eq(text, "");
	text[0] = '~';
	ck_assert_int_eq(evutil_snprintf(text, 0, "%d", 5), 0);
	ck_assert_int_eq(text[0], '~');
	ck_assert_int_eq(evutil_snprintf(NULL, 0, "%d", 5), 0);
}

__attribute__((format(printf, 3, 4))) static int
print_list(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = evutil_vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return length;
}

TEST(printing_lists)
{
	char text[100];

	ck_assert_int_eq(print_list(text, sizeof(text), "%s %d %.2f %c %ld",
			     "a", 1, 2.5, 'x', 1L << 40),
	    24);
	ck_assert_str_eq(text, "a 1 2.50 x 1099511627776");
	ck_assert_int_eq(print_list(text, 3, "%d", 12345), 5);
	ck_assert_str_eq(text, "12");
	ck_assert_int_eq(print_list(text, 0, "%d", 12345), 0);
}

TEST(numbers)
{
	static const struct {
		const char *text;
		int base, error, used;
		long long value;
	} cases[] = {{"123x", 10, 0, 3, 123}, {"  -5", 10, 0, 4, -5},
	    {"0x1F", 0, 0, 4, 31}, {"077", 0, 0, 3, 63},
	    {"zz", 36, 0, 2, 1295}, {"", 10, 0, 0, 0}, {"x", 10, 0, 0, 0},
	    {"9223372036854775807", 10, 0, 19, LLONG_MAX},
	    {"9223372036854775808", 10, ERANGE, 19, LLONG_MAX},
	    {"-9223372036854775808", 10, 0, 20, LLONG_MIN},
	    {"-9223372036854775809", 10, ERANGE, 20, LLONG_MIN}};
	char *end;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		errno = 0;
		ck_assert_int_eq(
		    evutil_strtoll(cases[i].text, &end, cases[i].base),
		    cases[i].value);
		ck_assert_int_eq(errno, cases[i].error);
		ck_assert_int_eq(end - cases[i].text, cases[i].used);
	}
	ck_assert_int_eq(evutil_strtoll("12", NULL, 10), 12);
	errno = 0;
	ck_assert_int_eq(evutil_strtoll("12", NULL, 1), 0);
	ck_assert_int_eq(errno, EINVAL);
}

TEST(dates)
{
	struct tm tm = {.tm_year = 70, .tm_mday = 1, .tm_wday = 4};
	static const char whole[] = "Thu, 01 Jan 1970 00:00:00 GMT";
	char text[64];
	size_t size;
	time_t t;

	for (size = 1; size < 40; size++) {
		memset(text, '~', sizeof(text));
		ck_assert_int_eq(evutil_date_rfc1123(text, size, &tm), 29);
		ck_assert_uint_eq(strlen(text), size > 29 ? 29 : size - 1);
		ck_assert_int_eq(strncmp(text, whole, size - 1), 0);
		ck_assert_int_eq(text[size], '~');
	}
	text[0] = '~';
	ck_assert_int_eq(evutil_date_rfc1123(text, 0, &tm), 0);
	ck_assert_int_eq(text[0], '~');
	for (t = 0; t < (time_t)1 << 33; t += 8123457) {
		char expected[64];

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		strftime(expected, sizeof(expected),
		    "%a, %d %b %Y %H:%M:%S GMT", &tm);
		ck_assert_int_eq(evutil_date_rfc1123(text, (size_t)-1, &tm),
		    (int)strlen(expected));
		ck_assert_str_eq(text, expected);
	}
}

TEST(dates_of_odd_numbers)
{
	struct tm tm = {.tm_year = 8100, .tm_mday = 1};
	char text[100];

	ck_assert_int_eq(evutil_date_rfc1123(text, sizeof(text), &tm), 30);
	ck_assert_str_eq(text, "Sun, 01 Jan 10000 00:00:00 GMT");
	tm.tm_year = -1901;
	ck_assert_int_eq(evutil_date_rfc1123(text, sizeof(text), &tm), 29);
	ck_assert_str_eq(text, "Sun, 01 Jan   -1 00:00:00 GMT");
	tm.tm_mday = -3;
	tm.tm_hour = 123;
	tm.tm_min = -5;
	ck_assert_int_eq(evutil_date_rfc1123(text, sizeof(text), &tm), 30);
	ck_assert_str_eq(text, "Sun, -3 Jan   -1 123:-5:00 GMT");
}

TEST(the_date_of_now)
{
	char text[64], earlier[64], later[64];
	time_t t = time(NULL);
	struct tm tm;
	int tries;

	/* One of two seconds, unless the machine sleeps in between. */
	for (tries = 0; tries < 100; tries++) {
		t = time(NULL);
		evutil_date_rfc1123(earlier, sizeof(earlier), gmtime_r(&t, &tm));
		ck_assert_int_eq(
		    evutil_date_rfc1123(text, sizeof(text), NULL), 29);
		t++;
		evutil_date_rfc1123(later, sizeof(later), gmtime_r(&t, &tm));
		if (!strcmp(text, earlier) || !strcmp(text, later))
			return;
	}
	ck_abort_msg("%s is not between %s and %s", text, earlier, later);
}

/* A chosen difference. */
TEST(days_that_do_not_exist_have_no_date)
{
	struct tm tm = {.tm_wday = 1000000};
	char text[64] = "~";

	ck_assert_int_eq(evutil_date_rfc1123(text, sizeof(text), &tm), -1);
	ck_assert_str_eq(text, "");
	tm.tm_wday = 0;
	tm.tm_mon = -1000000;
	ck_assert_int_eq(evutil_date_rfc1123(text, sizeof(text), &tm), -1);
}
