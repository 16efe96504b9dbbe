/* SPDX-License-Identifier: Apache-2.0 */
/* A list of files into the maps of the programs in the kernel. */
#ifndef SOURCES_BPF_WATCH_FILL_H
#define SOURCES_BPF_WATCH_FILL_H

#include "sources/bpf/watch.h"

/* Descriptors of the maps that watch_map.h describes. */
struct watch_maps {
	int dirs, names, asked, sieve;
};

/*
 * The maps hold what the list means now, and nothing else; at no moment is
 * less watched than both before and after. Returns how many entries were left
 * out (too long, too many), or a negative errno.
 */
int watch_fill(const struct watch_maps *maps, struct str list);

#endif
