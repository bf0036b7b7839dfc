/*
 * What every conformance program shares: tests that register themselves, the
 * main function that runs each of them in a process of its own, and the trace.
 *
 *   #include "capi.h"
 *   TEST(timers_fire_in_order) { ... ck_assert_int_eq(a, b); ... }
 *
 * Environment, set by the runner (conformance.rs) and harmless by hand:
 *   CAPI_THREADS=1   every test begins with evthread_use_pthreads(), unless the
 *                    program defines CAPI_OWN_LOCKS before including this file
 *   CAPI_EXPECT=S    the library's file name must contain S
 *   CAPI_RESULTS=F   results are written to F instead of stderr
 *   CAPI_ONLY=T      run only the test T (CK_FORK=no then helps a debugger)
 *   CAPI_SLOWNESS=N  every time of a test is N times longer than written
 *
 * Standard output belongs to trace(): the runner compares it between libraries.
 */
#ifndef CAPI_H
#define CAPI_H

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/thread.h>
#include <event2/util.h>

#define CAPI_MAX_TESTS 200
/* Enough for a machine that stands still for a while: only what hangs takes so
 * long. A test has less patience than its program has with it. */
#define CAPI_SECONDS 100
#define CAPI_PATIENCE_MS 60000

struct capi_test {
	const char *name;
	const TTest *body;
	int signal, exit_code, timed;
};

static struct capi_test capi_tests[CAPI_MAX_TESTS];
static int capi_ntests;
static const struct capi_test *capi_current;
static long capi_slowness = 1;

#define CAPI_TEST(name, sig, code, timed)                                    \
	static void capi_body_##name(void);                                  \
	START_TEST(name)                                                     \
	{                                                                    \
		capi_begin(#name);                                           \
		capi_body_##name();                                          \
	}                                                                    \
	END_TEST                                                             \
	__attribute__((constructor)) static void capi_register_##name(void)  \
	{                                                                    \
		capi_register(#name, name, sig, code, timed);                \
	}                                                                    \
	static void capi_body_##name(void)
#define TEST(name) CAPI_TEST(name, 0, 0, 0)
/* A test that must end by exit(CODE), or by the signal SIG. */
#define TEST_EXITS(name, code) CAPI_TEST(name, 0, code, 0)
#define TEST_DIES(name, sig) CAPI_TEST(name, sig, 0, 0)
/* A test that is true only of a machine that keeps up with its times. Where it
 * fails, the runner repeats it with longer ones; all its times come from capi_ms(),
 * and it traces nothing. */
#define TEST_TIMED(name) CAPI_TEST(name, 0, 0, 1)

static inline void
capi_register(const char *name, const TTest *body, int sig, int exit_code,
    int timed)
{
	if (capi_ntests == CAPI_MAX_TESTS)
		abort();
	capi_tests[capi_ntests++] =
	    (struct capi_test){name, body, sig, exit_code, timed};
}

static inline const struct capi_test *
capi_find(const char *name)
{
	for (int i = 0; i < capi_ntests; i++)
		if (strcmp(capi_tests[i].name, name) == 0)
			return &capi_tests[i];
	abort();
}

/* The file that FUNCTION was taken from must be the one we meant to test. */
static inline void
capi_expect_library(const char *function)
{
	const char *expected = getenv("CAPI_EXPECT");
	char path[PATH_MAX];
	void *address;
	Dl_info info;

	if (!expected)
		return;
	address = dlsym(RTLD_DEFAULT, function);
	if (!address || !dladdr(address, &info) ||
	    !realpath(info.dli_fname, path) || !strstr(path, expected)) {
		fprintf(stderr, "%s comes from %s, not from %s\n", function,
		    address ? path : "nowhere", expected);
		exit(3);
	}
}

static inline void
capi_use_threads(void)
{
	if (getenv("CAPI_THREADS"))
		ck_assert_int_eq(evthread_use_pthreads(), 0);
}

static inline void
capi_begin(const char *name)
{
	capi_current = capi_find(name);
#ifndef CAPI_OWN_LOCKS
	capi_use_threads();
#endif
}

/* One line of the trace that must be the same on every library. */
__attribute__((format(printf, 1, 2))) static inline void
trace(const char *format, ...)
{
	va_list arguments;

	ck_assert_msg(!capi_current->timed, "a timed test traces nothing");
	printf("%s: ", capi_current->name);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

/* Ordered list of what happened, for comparing in one assertion. */
static char capi_log[4096];

__attribute__((format(printf, 1, 2))) static inline void
note(const char *format, ...)
{
	size_t used = strlen(capi_log);
	va_list arguments;

	if (used && used + 1 < sizeof(capi_log)) {
		capi_log[used++] = ' ';
		capi_log[used] = '\0';
	}
	va_start(arguments, format);
	vsnprintf(capi_log + used, sizeof(capi_log) - used, format, arguments);
	va_end(arguments);
}

/* Compares the notes with EXPECTED and starts a new list. */
#define ck_notes(expected)                                                   \
	do {                                                                 \
		ck_assert_str_eq(capi_log, expected);                        \
		capi_log[0] = '\0';                                          \
	} while (0)

static inline long long
capi_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static inline struct timeval
capi_ms(long milliseconds)
{
	long ms = milliseconds * capi_slowness;
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	return tv;
}

static inline void
capi_sleep_ms(long milliseconds)
{
	struct timeval tv = capi_ms(milliseconds);
	struct timespec left = {tv.tv_sec, tv.tv_usec * 1000L};

	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

/* A connected pair of stream sockets, both non-blocking. */
static inline void
capi_pair(evutil_socket_t pair[2])
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
}

/* Runs BODY in a child process and returns its wait status. */
static inline int
capi_in_child(void (*body)(void *), void *argument)
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		body(argument);
		fflush(NULL);
		_exit(0);
	}
	while (waitpid(child, &status, 0) == -1)
		ck_assert_int_eq(errno, EINTR);
	return status;
}

static inline int
capi_is_backend(struct event_base *base, const char *name)
{
	return strcmp(event_base_get_method(base), name) == 0;
}

int
main(void)
{
	const char *only = getenv("CAPI_ONLY");
	const char *results_path = getenv("CAPI_RESULTS");
	const char *slowness = getenv("CAPI_SLOWNESS");
	FILE *results = results_path ? fopen(results_path, "w") : stderr;
	Suite *suite = suite_create("");
	SRunner *runner = srunner_create(suite);
	TestResult **all;
	int i, failed;

	if (!results) {
		perror(results_path);
		return 2;
	}
	if (slowness)
		capi_slowness = atol(slowness);
	capi_expect_library("event_base_new");
	capi_expect_library("event_add");
	capi_expect_library("evthread_use_pthreads");
	for (i = 0; i < capi_ntests; i++) {
		const struct capi_test *test = &capi_tests[i];
		TCase *tcase;

		if (only && strcmp(only, test->name) != 0)
			continue;
		tcase = tcase_create(test->name);
		tcase_set_timeout(tcase, CAPI_SECONDS);
		if (test->signal)
			tcase_add_test_raise_signal(
			    tcase, test->body, test->signal);
		else
			tcase_add_exit_test(
			    tcase, test->body, test->exit_code);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(runner, CK_SILENT);
	all = srunner_results(runner);
	for (i = 0; i < srunner_ntests_run(runner); i++) {
		const char *name = tr_tcname(all[i]);

		if (tr_rtype(all[i]) == CK_PASS)
			fprintf(results, "%s\tpass\n", name);
		else
			fprintf(results, "%s\t%s\t%s:%d: %s\n", name,
			    capi_find(name)->timed ? "late" : "fail",
			    tr_lfile(all[i]), tr_lno(all[i]), tr_msg(all[i]));
	}
	free(all);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return fclose(results) != 0 || failed != 0;
}

#endif
