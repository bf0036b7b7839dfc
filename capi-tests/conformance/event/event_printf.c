/* The private printf-like log functions: text, levels, exit codes, cut lines. */
// runs: one-backend, one-locking
#include "events.h"

/* Exported, but in no public header. */
void event_err(int code, const char *format, ...);
void event_errx(int code, const char *format, ...);
void event_warn(const char *format, ...);
void event_warnx(const char *format, ...);
void event_msgx(const char *format, ...);
void event_sock_err(int code, evutil_socket_t fd, const char *format, ...);
void event_sock_warn(evutil_socket_t fd, const char *format, ...);

static void
note_line(int severity, const char *line)
{
	note("%d<%s>", severity, line);
}

/* What BODY writes to stderr; *STATUS is how its process ended. */
static const char *
written_by(void (*body)(void *), int *status)
{
	static char text[4096];
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t length;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	*status = capi_in_child(body, NULL);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	length = read(ends[0], text, sizeof(text) - 1);
	ck_assert_int_ge(length, 0);
	close(ends[0]);
	text[length] = '\0';
	return text;
}

TEST(levels_have_numbers)
{
	event_set_log_callback(note_line);
	event_msgx("hello %s", "you");
	event_warnx("%d-%d", 1, 2);
	ck_notes("1<hello you> 2<1-2>");
	ck_assert_int_eq(EVENT_LOG_DEBUG, 0);
	ck_assert_int_eq(EVENT_LOG_ERR, 3);
}

TEST(warnings_can_carry_the_error)
{
	int unconnected = socket(AF_INET, SOCK_STREAM, 0);

	event_set_log_callback(note_line);
	errno = EBADF;
	event_warn("add %d", 5);
	ck_notes("2<add 5: Bad file descriptor>");
	errno = EPIPE;
	event_sock_warn(unconnected, "send");
	ck_notes("2<send: Broken pipe>");
	close(unconnected);
}

TEST(long_lines_are_cut)
{
	char text[3000], expected[1100];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	event_set_log_callback(note_line);
	event_warnx("%s", text);
	memset(expected, 'x', sizeof(expected));
	memcpy(expected, "2<", 2);
	strcpy(expected + 2 + 1023, ">");
	ck_notes(expected);
	errno = EBADF;
	event_warn("%s", text);
	ck_notes(expected);
}

static void
log_three(void *argument UNUSED)
{
	event_msgx("one");
	event_warnx("two %d", 2);
	errno = ENOENT;
	event_warn("three");
}

TEST(lines_go_to_stderr_without_a_callback)
{
	int status;

	ck_assert_str_eq(written_by(log_three, &status),
	    "[msg] one\n[warn] two 2\n"
	    "[warn] three: No such file or directory\n");
	ck_assert_int_eq(status, 0);
	event_set_log_callback(note_line);
	ck_assert_str_eq(written_by(log_three, &status), "");
	event_set_log_callback(NULL);
	ck_assert_str_ne(written_by(log_three, &status), "");
}

static void
fail_with_code(void *argument UNUSED)
{
	errno = EACCES;
	event_err(17, "cannot %s", "go on");
}

static void
fail_plainly(void *argument UNUSED)
{
	event_errx(18, "over");
}

static void
fail_badly(void *argument UNUSED)
{
	event_errx((int)0xdeaddead, "badly");
}

static void
fail_on_socket(void *argument UNUSED)
{
	errno = EPIPE;
	event_sock_err(19, -1, "socket");
}

TEST(fatal_errors_exit_or_abort)
{
	int status;

	ck_assert_str_eq(written_by(fail_with_code, &status),
	    "[err] cannot go on: Permission denied\n");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 17);
	ck_assert_str_eq(written_by(fail_plainly, &status), "[err] over\n");
	ck_assert_int_eq(WEXITSTATUS(status), 18);
	ck_assert_str_eq(
	    written_by(fail_on_socket, &status), "[err] socket: Broken pipe\n");
	ck_assert_int_eq(WEXITSTATUS(status), 19);
	ck_assert_str_eq(written_by(fail_badly, &status), "[err] badly\n");
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}

static void
leave(int code)
{
	fprintf(stderr, "code %x", (unsigned)code);
	_exit(3);
}

static void
come_back(int code)
{
	fprintf(stderr, "code %x", (unsigned)code);
}

TEST(the_fatal_callback_may_end_the_process_its_way)
{
	int status;

	event_set_fatal_callback(leave);
	ck_assert_str_eq(
	    written_by(fail_plainly, &status), "[err] over\ncode 12");
	ck_assert_int_eq(WEXITSTATUS(status), 3);
}

TEST(the_process_exits_if_the_fatal_callback_returns)
{
	int status;

	event_set_fatal_callback(come_back);
	ck_assert_str_eq(
	    written_by(fail_plainly, &status), "[err] over\ncode 12");
	ck_assert_int_eq(WEXITSTATUS(status), 18);
	/* Then even for what would abort. */
	ck_assert_str_eq(
	    written_by(fail_badly, &status), "[err] badly\ncode deaddead");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0xad);
	event_set_fatal_callback(NULL);
	ck_assert_str_eq(written_by(fail_badly, &status), "[err] badly\n");
	ck_assert(WIFSIGNALED(status));
}

static void
replace_itself(int severity, const char *line UNUSED)
{
	runs += severity == EVENT_LOG_WARN;
	/* The callback may use the log and exchange itself. */
	event_set_log_callback(note_line);
	event_warnx("again");
}

TEST(the_callback_may_log_and_exchange_itself)
{
	event_set_log_callback(replace_itself);
	event_warnx("first");
	event_warnx("second");
	ck_assert_int_eq(runs, 1);
	ck_notes("2<again> 2<second>");
}
