/* The printf-like functions: Rust can call C-variadic functions but not define them.
 * Each formats its text and hands it to the Rust side. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))
#define PRINTF(at) __attribute__((format(printf, at, at + 1)))

enum severity { DEBUG, MSG, WARN, ERR };
/* Not an errno value: nothing is appended to the text. */
#define NO_ERROR (-1)

/* Defined in private.rs: logs, and for ERR ends the process with exit_code. */
void libevent_rs_log_line_(int severity, int exit_code, int error, const char *text);

static void
log_line(enum severity severity, int exit_code, int error, const char *format, va_list args)
{
	char text[1024];
	if (format == NULL || vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	libevent_rs_log_line_(severity, exit_code, error, text);
}

#define LOG(severity, exit_code, error)                            \
	va_list args;                                              \
	va_start(args, format);                                    \
	log_line(severity, exit_code, error, format, args);        \
	va_end(args)

EXPORT PRINTF(2) void event_err(int exit_code, const char *format, ...)
{
	LOG(ERR, exit_code, errno);
}

EXPORT PRINTF(2) void event_errx(int exit_code, const char *format, ...)
{
	LOG(ERR, exit_code, NO_ERROR);
}

EXPORT PRINTF(3) void event_sock_err(int exit_code, int fd, const char *format, ...)
{
	(void)fd;
	LOG(ERR, exit_code, errno);
}

EXPORT PRINTF(1) void event_warn(const char *format, ...)
{
	LOG(WARN, 0, errno);
}

EXPORT PRINTF(1) void event_warnx(const char *format, ...)
{
	LOG(WARN, 0, NO_ERROR);
}

EXPORT PRINTF(2) void event_sock_warn(int fd, const char *format, ...)
{
	(void)fd;
	LOG(WARN, 0, errno);
}

EXPORT PRINTF(1) void event_msgx(const char *format, ...)
{
	LOG(MSG, 0, NO_ERROR);
}

EXPORT PRINTF(1) void event_debugx_(const char *format, ...)
{
	LOG(DEBUG, 0, NO_ERROR);
}

/* Like vsnprintf, except that no room means nothing to print: the result is then 0. */
EXPORT int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
{
	return buflen == 0 ? 0 : vsnprintf(buf, buflen, format, ap);
}

EXPORT PRINTF(3) int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
{
	va_list args;
	int length;
	va_start(args, format);
	length = evutil_vsnprintf(buf, buflen, format, args);
	va_end(args);
	return length;
}

struct evbuffer;
struct room {
	char *at;
	size_t length;
};
/* Defined in print.rs. The first two return room for printing, or NULL; the buffer is locked from
 * the first call to the last. */
struct room libevent_rs_print_begin_(struct evbuffer *buf);
struct room libevent_rs_print_more_(struct evbuffer *buf, size_t needed);
int libevent_rs_print_end_(struct evbuffer *buf, char *at, int length);

EXPORT __attribute__((format(printf, 2, 0))) int
evbuffer_add_vprintf(struct evbuffer *buf, const char *format, va_list args)
{
	struct room room = libevent_rs_print_begin_(buf);
	int length = -1;

	while (room.at) {
		va_list again;

		va_copy(again, args);
		length = vsnprintf(room.at, room.length, format, again);
		va_end(again);
		if (length < 0 || (size_t)length < room.length)
			break;
		room = libevent_rs_print_more_(buf, (size_t)length + 1);
	}
	return libevent_rs_print_end_(buf, room.at, length);
}

EXPORT PRINTF(2) int evbuffer_add_printf(struct evbuffer *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = evbuffer_add_vprintf(buf, format, args);
	va_end(args);
	return length;
}
