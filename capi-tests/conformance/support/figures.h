/* A callback of evbuffers that notes what it is told. */
#ifndef SUPPORT_FIGURES_H
#define SUPPORT_FIGURES_H

#include "capi.h"

#include <event2/buffer.h>

/* Notes "name:length before+added-deleted=length now". */
static inline void
figures(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	note("%s:%zu+%zu-%zu=%zu", (char *)arg, info->orig_size, info->n_added,
	    info->n_deleted, evbuffer_get_length(b));
}

#endif
