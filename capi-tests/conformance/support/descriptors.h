/*
 * What the programs about misbehaving descriptors share on top of events.h.
 */
#ifndef SUPPORT_DESCRIPTORS_H
#define SUPPORT_DESCRIPTORS_H

#include "events.h"

CALLBACK(ignore)
{
}

/* What we test is the result; the texts of warnings are event_log.c's. */
static inline void
quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

static inline void
begin_quietly(void)
{
	event_set_log_callback(quiet);
	begin();
}

/* A turn that can't go on for ever on a level that nobody takes away. */
static inline int
short_turn(void)
{
	return event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

#endif
