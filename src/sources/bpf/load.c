/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
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
	const char *what, *program, * or ;
	uint32_t whole; /* as in struct tap_opened */
} parts[] = {
    {"sessions under way", "find_sessions", NULL, 0},
    {"sessions", "trace_fork", NULL, 0},
    {"exec", "trace_exec", NULL, 1u << EVENT_EXEC},
    {"exit", "trace_exit", "trace_exit_5_8", 1u << EVENT_EXIT},
    /* Audit tells of sockets that are not TCP, too. */
    {"sockets", "trace_socket", NULL, 0},
    {"connects", "trace_connected", NULL, 0},
};

#define N_PARTS (sizeof parts / sizeof *parts)

static int quiet(enum libbpf_print_level level, const char *format, va_list ap)
{
	return 0;
}

static bool is_one_of(
    const struct bpf_program *p, const char *const names[static N_PARTS])
{
	for (size_t i = 0; i < N_PARTS; i++)
		if (names[i] && strcmp(bpf_program__name(p), names[i]) == 0)
			return true;
	return false;
}

/* The object with these programs in the kernel; a negative errno else. */
static int load_programs(
    const char *const names[static N_PARTS], struct trace_bpf **ret)
{
	struct trace_bpf *skel = trace_bpf__open();
	struct bpf_program *p;
	int r;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(p, skel->obj)
	    bpf_program__set_autoload(p, is_one_of(p, names));
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

static int keep_fd(struct tap_opened *to, int fd)
{
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return fd < 0 ? fd : -errno;
	to->fd[to->n_fd++] = copy;
	return 0;
}

/* An iterator runs while its descriptor is read; it writes into the ring. */
static int run_iterator(struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char nothing[64];
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 || (n < 0 && fd >= 0 && errno == EINTR))
		n = read(fd, nothing, sizeof nothing);
	if (n < 0)
		n = -errno;
	if (fd >= 0)
		close(fd);
	return (int)n;
}

static int attach(
    struct trace_bpf *skel, const char *name, struct tap_opened *to)
{
	struct bpf_program *p =
	    bpf_object__find_program_by_name(skel->obj, name);
	struct bpf_link *link = bpf_program__attach(p);
	int r;

	if (!link)
		return -errno;
	if (bpf_program__expected_attach_type(p) == BPF_TRACE_ITER) {
		r = run_iterator(link);
		bpf_link__destroy(link);
		return r;
	}
	r = keep_fd(to, bpf_link__fd(link));
	/* Ends our descriptor of it; the program runs on by the copy. */
	bpf_link__destroy(link);
	return r;
}

static void add_note(struct tap_opened *to, const char *what, int error)
{
	size_t n = strlen(to->note);

	if (error < 0)
		snprintf(to->note + n, sizeof to->note - n, "%snot %s (%s)",
		    n ? ", " : "", what, strerrordesc_np(-error));
	else
		snprintf(to->note + n, sizeof to->note - n, "%s%s",
		    n ? ", " : "", what);
}

static int attach_all(struct trace_bpf *skel, struct tap_opened *to,
    const char *const names[static N_PARTS], int result[static N_PARTS])
{
	int r = keep_fd(to, bpf_map__fd(skel->maps.ring));

	if (r == 0)
		r = keep_fd(to, bpf_map__fd(skel->maps.lost));
	if (r < 0)
		return r;
	for (size_t i = 0; i < N_PARTS; i++) {
		if (names[i])
			result[i] = attach(skel, names[i], to);
		if (result[i] == 0)
			to->whole |= parts[i].whole;
		add_note(to, parts[i].what, result[i]);
	}
	return 0;
}

static int load_quietly(struct tap_opened *ret, struct err *err)
{
	const char *names[N_PARTS] = {NULL};
	int result[N_PARTS], first = 0, n_taken = 0, r;
	struct trace_bpf *skel;

	for (size_t i = 0; i < N_PARTS; i++) {
		names[i] = parts[i].program;
		result[i] = try_program(names[i]);
		if (result[i] < 0 && parts[i].or) {
			names[i] = parts[i].or ;
			result[i] = try_program(names[i]);
		}
		if (result[i] < 0)
			names[i] = NULL;
		if (result[i] < 0 && first == 0)
			first = result[i];
		n_taken += result[i] == 0;
	}
	if (n_taken == 0)
		return err_sys(err, first,
		    "the kernel takes none of the bpf programs; they need "
		    "Linux 5.8 with BTF (/sys/kernel/btf/vmlinux) and "
		    "CAP_BPF and CAP_PERFMON");
	r = load_programs(names, &skel);
	if (r < 0)
		return err_sys(err, r, "cannot load the bpf programs");
	r = attach_all(skel, ret, names, result);
	trace_bpf__destroy(skel);
	return r < 0 ? err_sys(err, r, "cannot attach the bpf programs") : 0;
}

int bpf_load(struct tap_opened *ret, struct err *err)
{
	libbpf_print_fn_t before = libbpf_set_print(quiet);
	int r = load_quietly(ret, err);

	libbpf_set_print(before);
	return r;
}
