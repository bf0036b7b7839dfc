/*
 * LIBEVENT_RS_STATS: what a report says, when there is one, and that the program
 * behaves as without.
 */
// runs: one-backend
#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <sys/stat.h>

static char path[] = "/tmp/libevent_rs-stats-XXXXXX";
static char text[65536];

/* The environment is looked at once: before the first base. */
static void
ask(const char *sig)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(setenv("LIBEVENT_RS_STATS", path, 1), 0);
	if (sig)
		ck_assert_int_eq(setenv("LIBEVENT_RS_STATS_SIGNAL", sig, 1), 0);
}

/* The reports so far; "" without a file. */
static const char *
reports(void)
{
	FILE *file = fopen(path, "r");
	size_t length = 0;

	if (file) {
		length = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return text;
}

static void
reported(const char *what)
{
	if (!strstr(reports(), what))
		ck_abort_msg("no \"%s\" in:\n%s", what, text);
}

static int
how_often(const char *what)
{
	int found = 0;

	for (const char *at = reports(); (at = strstr(at, what)); at++)
		found++;
	return found;
}

void
stats_callback(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

TEST(a_base_is_reported_when_it_is_freed)
{
	struct event *twice, *now;

	ask(NULL);
	base = event_base_new();
	event_base_once(base, -1, EV_TIMEOUT, stats_callback, NULL, NULL);
	twice = event_new(base, SIGUSR1, EV_SIGNAL | EV_PERSIST, stats_callback,
	    NULL);
	event_add(twice, NULL);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	now = event_new(base, -1, 0, stats_callback, NULL);
	event_active(now, EV_READ, 1);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	event_free(now);
	event_free(twice);
	ck_assert_str_eq(reports(), "");
	event_base_free(base);
	reported("base 1 of process ");
	reported(", at its end\n");
	reported(" 3 runs of the loop");
	reported("reading 1, signals 1, timeouts 1, the library itself 1");
	reported("         3 ");
	reported("[event]\n");
	/* The name that the library's own callback has in its source. */
	reported("base::signal::");
	/* Nothing is reported twice, and a base that never ran not at all. */
	event_base_free(event_base_new());
	ck_assert_int_eq(how_often("of process"), 1);
	unlink(path);
}

static void
ask_now(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	raise(SIGUSR2);
	ck_assert_int_eq(how_often(", asked for\n"), 1);
	reported("  running now   ");
	reported("events        2 there, at most 2; ");
}

TEST(a_signal_asks_for_reports)
{
	struct timeval hour = {3600, 0};
	struct sigaction action;
	struct event *later;

	ask("SIGUSR2");
	base = event_base_new();
	ck_assert_int_eq(sigaction(SIGUSR2, NULL, &action), 0);
	ck_assert_ptr_ne(action.sa_handler, SIG_DFL);
	ck_assert_int_ne(action.sa_flags & SA_RESTART, 0);
	later = event_new(base, -1, 0, stats_callback, NULL);
	event_add(later, &hour);
	event_base_once(base, -1, EV_TIMEOUT, ask_now, NULL, NULL);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	raise(SIGUSR2);
	ck_assert_int_eq(how_often(", asked for\n"), 2);
	event_free(later);
	event_base_free(base);
	ck_assert_int_eq(how_often(", at its end\n"), 1);
	unlink(path);
}

static void
handler(int sig)
{
	note("signal:%d", sig == SIGUSR2);
}

TEST(a_signal_that_the_program_uses_is_its_own)
{
	signal(SIGUSR2, handler);
	ask("USR2");
	base = event_base_new();
	event_base_loop(base, EVLOOP_NONBLOCK);
	raise(SIGUSR2);
	ck_notes("signal:1");
	ck_assert_str_eq(reports(), "");
	event_base_free(base);
	unlink(path);
}

static void
echo(struct bufferevent *bev, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}

static void
stop(struct bufferevent *bev, void *arg)
{
	(void)arg;
	if (evbuffer_get_length(bufferevent_get_input(bev)) == 4000)
		event_base_loopbreak(base);
}

TEST(what_bufferevents_move)
{
	struct bufferevent *here, *there;
	static char bytes[4000];
	int ends[2];

	ask(NULL);
	base = event_base_new();
	capi_pair(ends);
	here = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
	there = bufferevent_socket_new(base, ends[1], BEV_OPT_CLOSE_ON_FREE);
	/* That they are counted is not a limit. */
	ck_assert_int_eq(bufferevent_get_max_to_read(here), 16384);
	ck_assert_int_eq(bufferevent_get_read_limit(here), EV_SSIZE_MAX);
	ck_assert_ptr_null(bufferevent_get_token_bucket_cfg(here));
	bufferevent_setcb(here, stop, NULL, NULL, NULL);
	bufferevent_setcb(there, echo, NULL, NULL, NULL);
	bufferevent_enable(here, EV_READ | EV_WRITE);
	bufferevent_enable(there, EV_READ | EV_WRITE);
	bufferevent_write(here, bytes, sizeof(bytes));
	ck_assert_int_eq(event_base_dispatch(base), 0);
	bufferevent_free(here);
	bufferevent_free(there);
	event_base_free(base);
	reported("bufferevents  2 made, 0 there\n");
	reported("read        8000 bytes in ");
	reported("written     8000 bytes in ");
	reported(" without success\n");
	reported("[bufferevent, reading]\n");
	unlink(path);
}

TEST(a_child_reports_on_itself_alone)
{
	char name[64];
	int status;
	pid_t pid;

	ask(NULL);
	base = event_base_new();
	event_base_once(base, -1, EV_TIMEOUT, stats_callback, NULL, NULL);
	event_base_dispatch(base);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	/* Leaves without having run the loop: it has nothing to say. */
	if (pid == 0)
		exit(0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(reports(), "");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		event_reinit(base);
		event_base_once(base, -1, EV_TIMEOUT, stats_callback, NULL, NULL);
		event_base_dispatch(base);
		exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	snprintf(name, sizeof(name), "of process %d ", (int)pid);
	reported(name);
	reported("called for    timeouts 1\n");
	ck_assert_int_eq(how_often("of process"), 1);
	event_base_free(base);
	ck_assert_int_eq(how_often("of process"), 2);
	unlink(path);
}

TEST(a_base_may_have_the_environment_ignored)
{
	struct event_config *config = event_config_new();

	ask(NULL);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(config);
	event_config_free(config);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	ck_assert_str_eq(reports(), "");
}

TEST(a_file_that_cannot_be_written_is_mentioned)
{
	int pipe_ends[2], saved = dup(2);
	ssize_t length;

	ck_assert_int_eq(setenv("LIBEVENT_RS_STATS", "/no/such/place", 1), 0);
	base = event_base_new();
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(pipe(pipe_ends), 0);
	dup2(pipe_ends[1], 2);
	event_base_free(base);
	dup2(saved, 2);
	length = read(pipe_ends[0], text, sizeof(text) - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "can't be opened"));
	ck_assert_ptr_nonnull(strstr(text, "of process"));
}
