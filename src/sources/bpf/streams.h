/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the connections that audit tells are told by the programs in the
 * kernel already: audit's record does not name the protocol. When it comes, the
 * connection stands in the programs' map, as it was made within the call that
 * the record tells.
 */
#ifndef SOURCES_BPF_STREAMS_H
#define SOURCES_BPF_STREAMS_H

#include "core/event.h"
#include "sources/bpf/streams_map.h"

struct streams {
	const struct stream *seen; /* memory of the map; NULL: not told */
	struct stream *taken;	   /* by slot: how many are accounted for */
};

/* Maps fd, which may then be closed. fd < 0: nothing is ever told. */
int streams_open(struct streams *s, int fd);
void streams_close(struct streams *s);

/*
 * Whether `ev`, audit's net.connect, is one of them; true no more often than
 * there were connections. In doubt false: rather twice than not at all.
 */
bool streams_take(struct streams *s, const struct event *ev);

#endif
