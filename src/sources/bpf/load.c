/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "base/when.h"
#include "sources/bpf/programs.h"
#include "sources/bpf/record.h"
#include "sources/bpf/watch_fill.h"
/* What bpftool writes is not written by our rules. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Woverlength-strings"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "sources/bpf/trace.skel.h"
#pragma GCC diagnostic pop

/*
 * What is captured, and the programs that do it; of `or` one is enough. In
 * this order: a session that was there before is found before it is followed.
 */
static const struct part {
	const char *what; /* NULL: of the one before, too */
	const char *program, * or ;
	uint32_t whole; /* kinds that it tells of every login session */
	/* It is no loss where it is not run as it would interrupt itself. */
	bool spared;
} parts[] = {
    {"sessions under way", "find_sessions", NULL, 0, false},
    {"sessions", "trace_fork", NULL, 0, false},
    {"exec", "trace_exec", NULL, 1u << EVENT_EXEC, false},
    {"exit", "trace_exit", "trace_exit_5_8", 1u << EVENT_EXIT, false},
    /* Audit tells of sockets that are not TCP, too. No answer that interrupts
     * trace_socket begins to connect or to listen. */
    {"sockets", "trace_socket", NULL, 0, true},
    {"connects", "trace_connected", NULL, 0, true},
    {NULL, "trace_connected_between", NULL, 0, true},
    {"udp", "trace_connect4", NULL, 0, false},
    {"udp6", "trace_connect6", NULL, 0, false},
    {"udp sends", "trace_sendmsg4", NULL, 0, false},
    {"udp6 sends", "trace_sendmsg6", NULL, 0, false},
    {"opens", "trace_open", NULL, 0, false},
    {"opens by handle", "trace_open_root", NULL, 0, false},
    {"deletes", "trace_unlink", NULL, 0, false},
    {"rmdir", "trace_rmdir", NULL, 0, false},
    {"mkdir", "trace_mkdir", NULL, 0, false},
    {"mknod", "trace_mknod", NULL, 0, false},
    {"links", "trace_link", NULL, 0, false},
    {"symlinks", "trace_symlink", NULL, 0, false},
    {"renames", "trace_rename", NULL, 0, false},
    {"renamed", "trace_renamed", NULL, 0, false},
    {"attributes", "trace_attributes", NULL, 0, false},
    {"setxattr", "trace_setxattr", NULL, 0, false},
    {"removexattr", "trace_removexattr", NULL, 0, false},
    {"changes of user", "trace_user", NULL, 0, false},
    {"ptrace", "trace_ptrace", NULL, 0, false},
    {"modules", "trace_module", NULL, 0, false},
    {"bpf", "trace_bpf_load", NULL, 0, false},
    {"mounts", "trace_mount", NULL, 0, false},
    {"moved mounts", "trace_move_mount", NULL, 0, false},
    {"unmounts", "trace_umount", NULL, 0, false},
    {"pivot_root", "trace_pivot_root", NULL, 0, false},
    {"namespaces", "trace_namespaces", NULL, 0, false},
    {"user namespaces", "trace_user_namespace", NULL, 0, false},
};

#define N_PARTS (sizeof parts / sizeof *parts)

/* The object with these programs in the kernel; a negative errno else. */
static int load_programs(
    const char *const names[static N_PARTS], struct trace_bpf **ret)
{
	struct trace_bpf *skel = trace_bpf__open();
	int r;

	if (!skel)
		return -errno;
	r = programs_choose(skel->obj, names, N_PARTS);
	if (r == 0)
		r = trace_bpf__load(skel);
	if (r < 0) {
		trace_bpf__destroy(skel);
		return r;
	}
	*ret = skel;
	return 0;
}

/* One refused program would take all others with it: each is tried alone. */
static int try_program(const char *name)
{
	const char *const names[N_PARTS] = {name};
	struct trace_bpf *skel;
	int r = load_programs(names, &skel);

	if (r == 0)
		trace_bpf__destroy(skel);
	return r;
}

/* "exec, exit, not opens, renames (Operation not permitted)" */
static void describe(struct tap_opened *to, const int result[static N_PARTS])
{
	int told = 0;

	for (size_t i = 0; i < N_PARTS; i++)
		if (result[i] == 0 && parts[i].what)
			tap_note(
			    to, "%s%s", to->note[0] ? ", " : "", parts[i].what);
	for (size_t i = 0; i < N_PARTS; i++) {
		if (result[i] == 0 || !parts[i].what)
			continue;
		if (told && told != result[i])
			tap_note(to, " (%s)", strerrordesc_np(-told));
		tap_note(to, "%s%s%s", to->note[0] ? ", " : "",
		    told == result[i] ? "" : "not ", parts[i].what);
		told = result[i];
	}
	if (told)
		tap_note(to, " (%s)", strerrordesc_np(-told));
}

/* A connection is told when both its begin and its end are seen. */
static bool has_all_tcp(const int result[static N_PARTS])
{
	bool all = true;

	for (size_t i = 0; i < N_PARTS; i++)
		if (parts[i].what &&
		    (strcmp(parts[i].what, "sockets") == 0 ||
			strcmp(parts[i].what, "connects") == 0))
			all = all && result[i] == 0;
	return all;
}

static int attach_all(struct trace_bpf *skel, struct tap_opened *to,
    const char *const names[static N_PARTS], int result[static N_PARTS])
{
	/* In the order of enum bpf_fd. */
	const struct bpf_map *maps[] = {skel->maps.ring, skel->maps.lost,
	    skel->maps.dirs, skel->maps.names, skel->maps.asked,
	    skel->maps.sieve, skel->maps.streams};
	int r = 0;

	for (size_t i = 0; i < sizeof maps / sizeof *maps && r == 0; i++)
		r = programs_keep(to, bpf_map__fd(maps[i]));
	if (r < 0)
		return r;
	for (size_t i = 0; i < N_PARTS; i++) {
		const unsigned link = to->n_fd - BPF_N_FDS;

		if (names[i])
			result[i] = programs_attach(skel->obj, names[i], to);
		if (result[i] == 0)
			to->kept[BPF_KEPT_WHOLE] |= parts[i].whole;
		if (result[i] == 0 && parts[i].spared)
			to->kept[BPF_KEPT_SPARED] |= INT64_C(1) << link;
	}
	to->kept[BPF_KEPT_TCP] = has_all_tcp(result);
	to->kept[BPF_KEPT_SINCE] = time_now();
	describe(to, result);
	return 0;
}

static bool is_at_function(const struct trace_bpf *skel, const char *name)
{
	const struct bpf_program *p =
	    bpf_object__find_program_by_name(skel->obj, name);
	const enum bpf_attach_type type =
	    p ? bpf_program__expected_attach_type(p) : BPF_TRACE_ITER;

	return type == BPF_TRACE_FENTRY || type == BPF_TRACE_FEXIT;
}

static int try_one(
    const char *names[static N_PARTS], int result[static N_PARTS], size_t i)
{
	result[i] = try_program(names[i]);
	if (result[i] < 0)
		names[i] = NULL;
	return result[i];
}

/* A program for what the kernel itself does not have is likely refused. */
static void try_strange(const struct trace_bpf *skel,
    const char *names[static N_PARTS], int result[static N_PARTS])
{
	struct btf *kernel = btf__load_vmlinux_btf();

	for (size_t i = 0; i < N_PARTS && kernel; i++) {
		const struct bpf_program *p =
		    bpf_object__find_program_by_name(skel->obj, names[i]);

		if (!p || !programs_has_target(kernel, p))
			try_one(names, result, i);
	}
	btf__free(kernel);
}

/*
 * A kernel that may not run code at its functions says so of each of these
 * programs: asked once.
 */
static void try_functions(const struct trace_bpf *skel,
    const char *names[static N_PARTS], int result[static N_PARTS])
{
	bool refused = false;

	for (size_t i = 0; i < N_PARTS; i++) {
		if (!names[i] || !is_at_function(skel, names[i]))
			continue;
		if (refused) {
			result[i] = -EPERM;
			names[i] = NULL;
		} else if (try_one(names, result, i) == -EPERM) {
			refused = true;
		} else {
			return;
		}
	}
}

/*
 * What this kernel takes of each part: names, and why not; loaded in *ret, or
 * NULL. To load them takes a tenth of a second, as libbpf reads all types of
 * the kernel each time: as many at once as can be.
 */
static void choose(const char *names[static N_PARTS],
    int result[static N_PARTS], struct trace_bpf **ret)
{
	struct trace_bpf *skel = trace_bpf__open();

	*ret = NULL;
	for (size_t i = 0; i < N_PARTS; i++) {
		names[i] = parts[i].program;
		result[i] = skel ? 0 : -ENOMEM;
		if (parts[i].or &&try_program(names[i]) < 0)
			names[i] = parts[i].or ;
	}
	if (!skel)
		return;
	try_strange(skel, names, result);
	if (load_programs(names, ret) < 0) {
		try_functions(skel, names, result);
		if (load_programs(names, ret) < 0)
			for (size_t i = 0; i < N_PARTS; i++)
				if (names[i])
					try_one(names, result, i);
	}
	trace_bpf__destroy(skel);
}

static int load_parts(struct tap_opened *ret, struct err *err)
{
	int result[N_PARTS], first = 0, n_taken = 0, r = 0;
	const char *names[N_PARTS] = {NULL};
	struct trace_bpf *skel;

	choose(names, result, &skel);
	for (size_t i = 0; i < N_PARTS; i++) {
		if (result[i] < 0 && first == 0)
			first = result[i];
		n_taken += result[i] == 0;
	}
	if (n_taken == 0) {
		trace_bpf__destroy(skel);
		return err_sys(err, first,
		    "the kernel takes none of the bpf programs; they need "
		    "Linux 5.8 with BTF (/sys/kernel/btf/vmlinux) and "
		    "CAP_BPF and CAP_PERFMON");
	}
	if (!skel)
		r = load_programs(names, &skel);
	if (r < 0)
		return err_sys(err, r, "cannot load the bpf programs");
	r = attach_all(skel, ret, names, result);
	trace_bpf__destroy(skel);
	return r < 0 ? err_sys(err, r, "cannot attach the bpf programs") : 0;
}

int bpf_watch(const struct tap_opened *opened, struct str list)
{
	const struct watch_maps maps = {
	    .dirs = opened->fd[BPF_FD_DIRS],
	    .names = opened->fd[BPF_FD_NAMES],
	    .asked = opened->fd[BPF_FD_ASKED],
	    .sieve = opened->fd[BPF_FD_SIEVE],
	};

	return watch_fill(&maps, list);
}

void bpf_count_missed(const struct tap_opened *opened)
{
	const uint32_t slot = REC_MISSED;
	uint64_t n = 0;

	for (unsigned i = 0; i < opened->n_fd - BPF_N_FDS; i++)
		if (!(opened->kept[BPF_KEPT_SPARED] >> i & 1))
			n += programs_missed(&opened->fd[BPF_N_FDS + i], 1);
	bpf_map_update_elem(opened->fd[BPF_FD_LOST], &slot, &n, BPF_ANY);
}

int bpf_load(struct tap_opened *ret, struct err *err)
{
	libbpf_print_fn_t before = libbpf_set_print(programs_silent);
	int r = load_parts(ret, err);

	libbpf_set_print(before);
	return r;
}
