/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "sources/bpf/programs.h"
#include "sources/pty/record.h"
/* What bpftool writes is not written by our rules. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "sources/pty/pty.skel.h"
#pragma GCC diagnostic pop

#define PROGRAMS_MAX 4
#define CALLS	     "call_ended"
#define FINDER	     "terminals_found"

/* All of a set are needed. The finder goes with either, where it can. */
static const char *const sets[][PROGRAMS_MAX] = {
    [PTY_BY_DRIVER] = {"pty_wrote", "pty_resized", "pty_closed"},
    [PTY_BY_CALLS] = {"sshd_forked", "sshd_execed", "sshd_exited", CALLS},
};

struct choice {
	enum pty_way way;
	const char *names[PROGRAMS_MAX + 1];
	size_t n;
	bool input;
	int refused; /* why it is not the driver, or 0 */
	int no_finder;
};

static int load_chosen(const struct choice *c, struct pty_bpf **ret)
{
	struct pty_bpf *skel = pty_bpf__open();
	int r;

	if (!skel)
		return -errno;
	skel->rodata->with_input = c->input;
	programs_choose(skel->obj, c->names, c->n);
	r = pty_bpf__load(skel);
	if (r < 0) {
		pty_bpf__destroy(skel);
		return r;
	}
	*ret = skel;
	return 0;
}

/* One refused program would take all others with it: each is tried alone. */
static int try_program(const char *name)
{
	const struct choice alone = {.names = {name}, .n = 1};
	struct pty_bpf *skel;
	int r = load_chosen(&alone, &skel);

	if (r == 0)
		pty_bpf__destroy(skel);
	return r;
}

static int try_set(struct choice *c, enum pty_way way)
{
	int r = 0;

	c->way = way;
	c->n = 0;
	for (size_t i = 0; i < PROGRAMS_MAX && sets[way][i] && r == 0; i++) {
		c->names[c->n++] = sets[way][i];
		r = try_program(sets[way][i]);
	}
	return r;
}

static int choose(struct choice *c, struct err *err)
{
	int r;

	c->refused = try_set(c, PTY_BY_DRIVER);
	r = c->refused ? try_set(c, PTY_BY_CALLS) : 0;
	if (r < 0)
		return err_set(err, -ENOENT,
		    "the kernel takes no bpf programs that watch terminals "
		    "(in the pty driver: %s; at the end of system calls: %s); "
		    "they need Linux 5.13 with BTF (/sys/kernel/btf/vmlinux), "
		    "CAP_BPF and CAP_PERFMON",
		    strerrordesc_np(-c->refused), strerrordesc_np(-r));
	c->no_finder = try_program(FINDER);
	if (c->no_finder == 0)
		c->names[c->n++] = FINDER;
	return 0;
}

static int keep_maps(
    struct pty_bpf *skel, const struct choice *c, struct tap_opened *to)
{
	int r = programs_keep(to, bpf_map__fd(skel->maps.ring));

	if (r == 0)
		r = programs_keep(to, bpf_map__fd(skel->maps.counters));
	if (r < 0)
		return r;
	to->fd[to->n_fd++] = -1; /* READER_BOOT */
	if (c->way == PTY_BY_DRIVER)
		return 0;
	r = programs_keep(to, bpf_map__fd(skel->maps.bell));
	return r < 0
		   ? r
		   : programs_keep(to, bpf_program__fd(skel->progs.call_ended));
}

/* The finder comes last: what it finds is watched by then. */
static int attach_all(
    struct pty_bpf *skel, struct choice *c, struct tap_opened *to)
{
	int r = 0;

	for (size_t i = 0; i < c->n && r == 0; i++)
		if (strcmp(c->names[i], FINDER) == 0)
			c->no_finder = programs_attach(skel->obj, FINDER, to);
		else if (strcmp(c->names[i], CALLS) != 0)
			r = programs_attach(skel->obj, c->names[i], to);
	return r;
}

static void note(struct tap_opened *to, const struct choice *c)
{
	static const char *const ways[] = {
	    [PTY_BY_DRIVER] = "in the pty driver",
	    [PTY_BY_CALLS] = "by what sshd reads, which slows system calls a "
			     "little while it serves somebody",
	};
	size_t n;

	snprintf(to->note, sizeof to->note, "%s", ways[c->way]);
	n = strlen(to->note);
	if (c->refused)
		snprintf(to->note + n, sizeof to->note - n,
		    "; not in the pty driver (%s)",
		    strerrordesc_np(-c->refused));
	n = strlen(to->note);
	if (c->no_finder)
		snprintf(to->note + n, sizeof to->note - n,
		    "; not those open before (%s)",
		    strerrordesc_np(-c->no_finder));
	n = strlen(to->note);
	if (c->input)
		snprintf(to->note + n, sizeof to->note - n, "; with input");
}

static int load_way(struct tap_opened *ret, bool input, struct err *err)
{
	struct choice c = {.input = input};
	struct pty_bpf *skel;
	int r = choose(&c, err);

	if (r < 0)
		return r;
	r = load_chosen(&c, &skel);
	if (r < 0)
		return err_sys(err, r, "cannot load the bpf programs");
	r = keep_maps(skel, &c, ret);
	if (r == 0)
		r = attach_all(skel, &c, ret);
	pty_bpf__destroy(skel);
	if (r < 0)
		return err_sys(err, r, "cannot attach the bpf programs");
	ret->kept[0] = c.way;
	note(ret, &c);
	return 0;
}

int pty_load(struct tap_opened *ret, bool input, struct err *err)
{
	libbpf_print_fn_t before = libbpf_set_print(programs_silent);
	int r = load_way(ret, input, err);

	libbpf_set_print(before);
	return r;
}

void pty_count_missed(const struct tap_opened *opened)
{
	const unsigned first = opened->kept[0] == PTY_BY_DRIVER
				   ? (unsigned)READER_N_FDS
				   : (unsigned)PTY_FD_CALLS + 1;
	const uint64_t n =
	    programs_missed(opened->fd + first, opened->n_fd - first);
	const uint32_t slot = PTY_MISSED;

	bpf_map_update_elem(opened->fd[READER_LOST], &slot, &n, BPF_ANY);
}

int pty_attach_calls(int program)
{
	int fd = bpf_raw_tracepoint_open(NULL, program);

	return fd < 0 ? -errno : fd;
}
