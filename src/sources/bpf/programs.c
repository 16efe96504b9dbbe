/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/programs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

int programs_silent(
    enum libbpf_print_level level, const char *format, va_list ap)
{
	return 0;
}

static bool is_one_of(
    const struct bpf_program *p, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && strcmp(bpf_program__name(p), names[i]) == 0)
			return true;
	return false;
}

int programs_choose(struct bpf_object *obj, const char *const *names, size_t n)
{
	struct bpf_program *p;

	for (size_t i = 0; i < n; i++)
		if (names[i] &&
		    !bpf_object__find_program_by_name(obj, names[i]))
			return -ENOENT;
	bpf_object__for_each_program(p, obj)
	    bpf_program__set_autoload(p, is_one_of(p, names, n));
	return 0;
}

bool programs_has_target(const struct btf *kernel, const struct bpf_program *p)
{
	const char *name = strchr(bpf_program__section_name(p), '/');
	const char *prefix = "";
	uint32_t kind = BTF_KIND_FUNC;
	char target[128];

	if (!name)
		return false;
	switch (bpf_program__expected_attach_type(p)) {
	case BPF_TRACE_RAW_TP:
		prefix = "btf_trace_";
		kind = BTF_KIND_TYPEDEF;
		break;
	case BPF_TRACE_ITER:
		prefix = "bpf_iter_";
		break;
	default:
		break;
	}
	snprintf(target, sizeof target, "%s%s", prefix, name + 1);
	return btf__find_by_name_kind(kernel, target, kind) > 0;
}

int programs_keep(struct tap_opened *to, int fd)
{
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return fd < 0 ? fd : -errno;
	to->fd[to->n_fd++] = copy;
	return 0;
}

/* It runs while its descriptor is read. */
static int run_iterator(struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char nothing[256];
	ssize_t n = 1;
	int r = fd < 0 ? -errno : 0;

	while (r == 0 && n != 0) {
		n = read(fd, nothing, sizeof nothing);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			r = -errno;
	}
	fd_close(&fd);
	return r;
}

/* The cgroup that all of this host are within (version 2); -ENOENT: none. */
static int open_cgroup(void)
{
	/* Below it where the controllers are those of version 1. */
	static const char *const names[] = {
	    "/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs fs;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int fd = open(names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &fs) == 0 &&
		    fs.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		fd_close(&fd);
	}
	return -ENOENT;
}

static struct bpf_link *attach(struct bpf_program *p)
{
	struct bpf_link *link;
	int fd, why;

	if (bpf_program__type(p) != BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
		return bpf_program__attach(p);
	fd = open_cgroup();
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	link = bpf_program__attach_cgroup(p, fd);
	why = errno;
	fd_close(&fd);
	errno = why;
	return link;
}

int programs_attach(
    struct bpf_object *obj, const char *name, struct tap_opened *to)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);
	struct bpf_link *link = attach(p);
	int r;

	if (!link)
		return -errno;
	if (bpf_program__expected_attach_type(p) == BPF_TRACE_ITER)
		r = run_iterator(link);
	else
		r = programs_keep(to, bpf_link__fd(link));
	/* Ends our descriptor of it; the program runs on by the copy. */
	bpf_link__destroy(link);
	return r;
}

uint64_t program_missed(int program)
{
	struct bpf_prog_info info = {0};
	uint32_t n = sizeof info;

	if (bpf_obj_get_info_by_fd(program, &info, &n) < 0)
		return 0;
	return info.recursion_misses;
}

static uint64_t missed_by(int link_fd)
{
	struct bpf_link_info link = {0};
	uint32_t n = sizeof link;
	uint64_t missed;
	int fd;

	if (bpf_obj_get_info_by_fd(link_fd, &link, &n) < 0)
		return 0;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return 0;
	missed = program_missed(fd);
	close(fd);
	/* Root can detach one from its cgroup: it will miss all from then on.
	 */
	if (link.type == BPF_LINK_TYPE_CGROUP && link.cgroup.cgroup_id == 0)
		missed++;
	return missed;
}

uint64_t programs_missed(const int *links, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += missed_by(links[i]);
	return sum;
}
