/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/missed.h"

#include <bpf/bpf.h>
#include <unistd.h>

static uint64_t missed_by(int link_fd)
{
	struct bpf_link_info link = {0};
	struct bpf_prog_info prog = {0};
	uint32_t n_link = sizeof link, n_prog = sizeof prog;
	int fd;

	if (bpf_obj_get_info_by_fd(link_fd, &link, &n_link) < 0)
		return 0;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &prog, &n_prog) < 0)
		prog.recursion_misses = 0;
	close(fd);
	return prog.recursion_misses;
}

uint64_t bpf_missed(const int *links, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += missed_by(links[i]);
	return sum;
}
