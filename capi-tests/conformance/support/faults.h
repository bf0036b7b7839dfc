/*
 * What the programs share in which something fails: a log that only counts,
 * and the descriptors that may not leak.
 */
#ifndef CAPI_FAULTS_H
#define CAPI_FAULTS_H

#include "events.h"

#include <dirent.h>

/* How many warnings and errors the library has logged. */
static UNUSED int warnings;

static UNUSED void
count_warnings(int severity, const char *message UNUSED)
{
	warnings += severity >= EVENT_LOG_WARN;
}

static UNUSED int
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int open = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		open++;
	closedir(directory);
	return open;
}

#endif
