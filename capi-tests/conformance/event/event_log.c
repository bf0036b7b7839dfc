/* Messages: where they go, how severe they are, what ends a program. */
#include "events.h"
#include <event2/event_struct.h>

static int seen[4], last_severity = -1;

static void
keep(int severity, const char *message)
{
	ck_assert_int_ge(severity, EVENT_LOG_DEBUG);
	ck_assert_int_le(severity, EVENT_LOG_ERR);
	ck_assert_ptr_nonnull(message);
	ck_assert_ptr_null(strchr(message, '\n'));
	seen[severity]++;
	last_severity = severity;
}

static void
warn_once(void)
{
	struct event zeroed;

	memset(&zeroed, 0, sizeof(zeroed));
	event_add(&zeroed, NULL);
}

/* What BODY writes to stderr. */
static const char *
stderr_of(void (*body)(void))
{
	static char text[65536];
	int ends[2], saved = dup(2);
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], 2);
	body();
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	close(ends[0]);
	return text;
}

TEST(warnings_go_to_stderr)
{
	const char *text = stderr_of(warn_once);

	ck_assert_int_eq(strncmp(text, "[warn] ", 7), 0);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
show_method(void)
{
	setenv("EVENT_SHOW_METHOD", "1", 1);
	base = event_base_new();
}

TEST(messages_go_to_stderr)
{
	ck_assert_int_eq(strncmp(stderr_of(show_method), "[msg] ", 6), 0);
}

TEST(the_callback_gets_them_instead)
{
	event_set_log_callback(keep);
	ck_assert_str_eq(stderr_of(warn_once), "");
	trace("warnings %d, others %d", seen[EVENT_LOG_WARN],
	    seen[EVENT_LOG_MSG] + seen[EVENT_LOG_ERR] + seen[EVENT_LOG_DEBUG]);
	show_method();
	trace("messages %d", seen[EVENT_LOG_MSG]);
	event_set_log_callback(NULL);
	ck_assert_int_eq(strncmp(stderr_of(warn_once), "[warn] ", 7), 0);
}

static void
some_work(void)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, consume, "ev");
	add_ms(ev, 1000);
	once();
	event_free(ev);
	event_base_free(base);
}

TEST(no_debug_messages_unless_asked)
{
	event_set_log_callback(keep);
	some_work();
	ck_assert_int_eq(seen[EVENT_LOG_DEBUG], 0);
}

TEST(debug_messages_on_and_off)
{
	event_set_log_callback(keep);
	event_enable_debug_logging(EVENT_DBG_ALL);
	some_work();
	trace("debug messages: %d", seen[EVENT_LOG_DEBUG] > 0);
	event_enable_debug_logging(EVENT_DBG_NONE);
	seen[EVENT_LOG_DEBUG] = 0;
	some_work();
	ck_assert_int_eq(seen[EVENT_LOG_DEBUG], 0);
}

TEST(debug_messages_go_to_stderr)
{
	event_enable_debug_logging(EVENT_DBG_ALL);
	const char *text = stderr_of(some_work);

	trace("%d", strncmp(text, "[debug] ", 8) == 0);
}

static void
failing_add(void *arg)
{
	begin();
	if (arg)
		event_set_fatal_callback(arg);
	event_enable_debug_mode();
}

static void
leave(int code)
{
	_exit(code == 1 && last_severity == EVENT_LOG_ERR ? 55 : 56);
}

TEST(fatal_errors_end_the_program)
{
	int status;

	event_set_log_callback(keep);
	status = capi_in_child(failing_add, NULL);
	trace("signal %d, exit %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
	    WEXITSTATUS(status));
	status = capi_in_child(failing_add, (void *)leave);
	trace("exit %d", WEXITSTATUS(status));
}

static void
assertion(void *arg)
{
	(void)arg;
	event_enable_debug_mode();
	begin();
	ev = event_new(base, pair[0], EV_READ, note_name, "ev");
	event_add(ev, NULL);
	event_assign(ev, base, pair[0], EV_READ, note_name, "ev");
}

TEST(internal_errors_abort)
{
	int status;

	event_set_log_callback(keep);
	status = capi_in_child(assertion, NULL);
	trace("signal %d, exit %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
	    WEXITSTATUS(status));
}

/* errno survives: the caller wants to know what happened, not what we said. */
TEST(a_message_leaves_errno_alone)
{
	event_set_log_callback(keep);
	begin();
	if (!capi_is_backend(base, "epoll"))
		return;
	/* Neither of the descriptors is open. */
	for (int fd = 400; fd <= 100000; fd += 99600) {
		seen[EVENT_LOG_WARN] = 0;
		ev = event_new(base, fd, EV_READ, note_name, "ev");
		errno = 0;
		ck_assert_int_eq(event_add(ev, NULL), -1);
		ck_assert_int_eq(errno, EBADF);
		ck_assert_int_eq(seen[EVENT_LOG_WARN], 1);
		event_free(ev);
	}
}
