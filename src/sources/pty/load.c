/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

#define SET_MAX	     4
#define PROGRAMS_MAX 16
#define FINDER	     "terminals_found"
#define TELLER	     "ends_told"

/*
 * All of a set are needed. The finder and the teller go with either, where they
 * can.
 */
static const char *const sets[][SET_MAX] = {
    [PTY_BY_DRIVER] = {"pty_wrote", "pty_resized", "pty_closed"},
    [PTY_BY_CALLS] = {"sshd_forked", "sshd_execed", "sshd_exited"},
};

/*
 * What is attached at need: one of each row is needed, by the name that its
 * function has in this kernel; then all of BY_CALLS are, too.
 */
static const char *const tended[][PTY_TENDED_MAX][2] = {
    /* for commands only */
    [PTY_BY_DRIVER] = {{"pipe_was_read", "anon_pipe_was_read"},
	{"socket_was_read"}},
    [PTY_BY_CALLS] = {{"call_ended"}},
};
#define CLOSER "pipe_closed" /* with pipe_was_read */

struct choice {
	enum pty_way way;
	const char *names[PROGRAMS_MAX];
	size_t n;
	const char *tended[PTY_TENDED_MAX]; /* of names */
	size_t n_tended;
	struct pty_wants wants;
	int refused; /* why it is not the driver, or 0 */
	int no_finder, no_teller;
	int no_commands; /* why they are not watched, or 0 */
};

/* They are made in any case: as small as can be. */
static int shrink_maps_of_commands(struct pty_bpf *skel)
{
	struct bpf_map *const maps[] = {skel->maps.streams, skel->maps.readers,
	    skel->maps.commands, skel->maps.members};
	int r = 0;

	for (size_t i = 0; i < sizeof maps / sizeof *maps && r == 0; i++)
		r = bpf_map__set_max_entries(maps[i], 1);
	return r;
}

static int load_chosen(const struct choice *c, struct pty_bpf **ret)
{
	struct pty_bpf *skel = pty_bpf__open();
	int r;

	if (!skel)
		return -errno;
	skel->rodata->with_input = c->wants.input;
	skel->rodata->by_calls = c->way == PTY_BY_CALLS;
	skel->rodata->late_ends = c->no_teller == 0;
	skel->rodata->commands_limit = c->wants.commands;
	r = programs_choose(skel->obj, c->names, c->n);
	if (r == 0 && !c->wants.commands)
		r = shrink_maps_of_commands(skel);
	if (r == 0)
		r = pty_bpf__load(skel);
	if (r < 0) {
		pty_bpf__destroy(skel);
		return r;
	}
	*ret = skel;
	return 0;
}

/* One refused program would take all others with it: these are tried alone. */
static int add_programs(struct choice *c, const char *const *names, size_t n)
{
	struct choice alone = *c;
	struct pty_bpf *skel;
	int r;

	memcpy(alone.names, names, n * sizeof *names);
	alone.n = n;
	r = load_chosen(&alone, &skel);
	if (r < 0)
		return r;
	pty_bpf__destroy(skel);
	memcpy(c->names + c->n, names, n * sizeof *names);
	c->n += n;
	return 0;
}

static int add_program(struct choice *c, const char *name)
{
	return add_programs(c, &name, 1);
}

static int add_set(struct choice *c, enum pty_way way)
{
	size_t n = 0;

	while (n < SET_MAX && sets[way][n])
		n++;
	return add_programs(c, sets[way], n);
}

/* Those that it can do without. */
static void add_extras(struct choice *c)
{
	static const char *const extras[] = {TELLER, FINDER};

	if (add_programs(c, extras, 2) == 0)
		return;
	c->no_teller = add_program(c, TELLER);
	c->no_finder = add_program(c, FINDER);
}

static int add_tended(struct choice *c)
{
	for (size_t i = 0; i < PTY_TENDED_MAX; i++) {
		const char *const *names = tended[c->way][i];
		const char *name = names[0];
		int r = name ? add_program(c, name) : 0;

		if (r < 0 && names[1]) {
			name = names[1];
			r = add_program(c, name);
		}
		if (r < 0)
			return r;
		if (name)
			c->tended[c->n_tended++] = name;
	}
	return 0;
}

static bool is_tended(const struct choice *c, const char *name)
{
	for (size_t i = 0; i < c->n_tended; i++)
		if (c->tended[i] == name)
			return true;
	return false;
}

static int try_way(struct choice *c, enum pty_way way)
{
	int r;

	c->way = way;
	c->n = c->n_tended = 0;
	r = add_set(c, way);
	return r == 0 && way == PTY_BY_CALLS ? add_tended(c) : r;
}

/* Without them, terminals are watched all the same. */
static void add_commands(struct choice *c)
{
	const struct choice before = *c;
	int r = add_set(c, PTY_BY_CALLS);

	if (r == 0)
		r = add_program(c, CLOSER);
	if (r == 0)
		r = add_tended(c);
	if (r == 0)
		return;
	*c = before;
	c->wants.commands = 0;
	c->no_commands = r;
}

static int choose(struct choice *c, struct err *err)
{
	int r;

	c->refused = try_way(c, PTY_BY_DRIVER);
	r = c->refused ? try_way(c, PTY_BY_CALLS) : 0;
	if (r < 0)
		return err_set(err, -ENOENT,
		    "the kernel takes no bpf programs that watch terminals "
		    "(in the pty driver: %s; at the end of system calls: %s); "
		    "they need Linux 5.13 with BTF (/sys/kernel/btf/vmlinux), "
		    "CAP_BPF and CAP_PERFMON",
		    strerrordesc_np(-c->refused), strerrordesc_np(-r));
	if (c->way == PTY_BY_DRIVER && c->wants.commands)
		add_commands(c);
	add_extras(c);
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
	if (c->n_tended)
		r = programs_keep(to, bpf_map__fd(skel->maps.bell));
	for (size_t i = 0; i < c->n_tended && r == 0; i++)
		r = programs_keep(
		    to, bpf_program__fd(bpf_object__find_program_by_name(
			    skel->obj, c->tended[i])));
	return r;
}

/* The finder comes last: what it finds is watched by then. */
static int attach_all(
    struct pty_bpf *skel, struct choice *c, struct tap_opened *to)
{
	int r = 0;

	for (size_t i = 0; i < c->n && r == 0; i++)
		if (strcmp(c->names[i], FINDER) == 0)
			c->no_finder = programs_attach(skel->obj, FINDER, to);
		else if (!is_tended(c, c->names[i]))
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

	snprintf(to->note, sizeof to->note, "%s", ways[c->way]);
	if (c->refused)
		tap_note(to, "; not in the pty driver (%s)",
		    strerrordesc_np(-c->refused));
	if (c->no_finder)
		tap_note(to, "; not those open before (%s)",
		    strerrordesc_np(-c->no_finder));
	if (c->no_teller)
		tap_note(to, "; not ends while the ring is full (%s)",
		    strerrordesc_np(-c->no_teller));
	if (c->wants.input)
		tap_note(to, "; with input");
	if (c->wants.commands)
		tap_note(
		    to, "; with the output of commands without a terminal");
	else if (c->no_commands)
		tap_note(to, "; not the output of commands (%s)",
		    strerrordesc_np(-c->no_commands));
}

static int load_way(
    struct tap_opened *ret, const struct pty_wants *wants, struct err *err)
{
	struct choice c = {.wants = *wants};
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
	ret->kept[1] = (int64_t)c.n_tended;
	note(ret, &c);
	return 0;
}

int pty_load(
    struct tap_opened *ret, const struct pty_wants *wants, struct err *err)
{
	libbpf_print_fn_t before = libbpf_set_print(programs_silent);
	int r = load_way(ret, wants, err);

	libbpf_set_print(before);
	return r;
}

void pty_count_missed(const struct tap_opened *opened)
{
	const unsigned n_tended = (unsigned)opened->kept[1];
	const unsigned first =
	    n_tended ? PTY_FD_TENDED + n_tended : (unsigned)READER_N_FDS;
	uint64_t n = programs_missed(opened->fd + first, opened->n_fd - first);
	const uint32_t slot = PTY_MISSED;

	for (unsigned i = 0; i < n_tended; i++)
		n += program_missed(opened->fd[PTY_FD_TENDED + i]);
	bpf_map_update_elem(opened->fd[READER_LOST], &slot, &n, BPF_ANY);
}

int pty_attach(int program)
{
	int fd = bpf_raw_tracepoint_open(NULL, program);

	return fd < 0 ? -errno : fd;
}
