/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the kernel did not run programs, as another one was at work on the
 * same processor: it counts that for each.
 */
#ifndef SOURCES_BPF_MISSED_H
#define SOURCES_BPF_MISSED_H

#include <stdint.h>

/* Of the programs behind n links, as root. 0 also where nothing is known. */
uint64_t bpf_missed(const int *links, unsigned n);

#endif
