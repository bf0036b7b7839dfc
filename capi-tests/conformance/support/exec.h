/*
 * What a program that is started in this one's place finds open: nothing of
 * the library's. It is this program again, which lists its descriptors.
 */
#ifndef CAPI_EXEC_H
#define CAPI_EXEC_H

#include "armed.h"

#define LIST "CAPI_LIST_DESCRIPTORS"

/* Their numbers, each behind a blank. */
static void
list_descriptors(char *text, size_t room)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	text[0] = '\0';
	while ((entry = readdir(directory))) {
		size_t used = strlen(text);

		if (entry->d_name[0] != '.' &&
		    atoi(entry->d_name) != dirfd(directory))
			snprintf(text + used, room - used, " %s",
			    entry->d_name);
	}
	closedir(directory);
}

__attribute__((constructor)) static void
list_and_end(void)
{
	char text[1024];
	const char *to = getenv(LIST);

	if (!to)
		return;
	list_descriptors(text, sizeof(text));
	_exit(write(atoi(to), text, strlen(text)) != (ssize_t)strlen(text));
}

/* What this program would find open after an exec. */
static const char *
left_open(void)
{
	static char text[1024];
	int channel[2], status;
	char number[16];
	ssize_t size;
	pid_t child;

	/* The writing end stays open, and is in the list. */
	ck_assert_int_eq(pipe2(channel, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(channel[1], 200), 200);
	sprintf(number, "%d", 200);
	child = fork();
	if (child == 0) {
		setenv(LIST, number, 1);
		execl(program_invocation_name, program_invocation_name, NULL);
		_exit(9);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	size = read(channel[0], text, sizeof(text) - 1);
	ck_assert_int_ge(size, 0);
	text[size] = '\0';
	close(channel[0]);
	close(channel[1]);
	close(200);
	return text;
}

/* The test's own sockets do not count. */
static void
keep_from_children(void)
{
	ck_assert_int_eq(fcntl(pair[0], F_SETFD, FD_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(pair[1], F_SETFD, FD_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(echo_pair[0], F_SETFD, FD_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(echo_pair[1], F_SETFD, FD_CLOEXEC), 0);
}

static inline void
nothing_is_left_open(int flags)
{
	char *before = strdup(left_open());

	arm(flags);
	keep_from_children();
	ck_works();
	ck_assert_str_eq(left_open(), before);
	ck_assert_int_eq(event_reinit(base), 0);
	ck_works();
	ck_assert_str_eq(left_open(), before);
	free(before);
}

#endif
