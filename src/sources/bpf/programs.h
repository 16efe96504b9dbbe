/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for the kernel, by their names in an object: as root, with libbpf.
 */
#ifndef SOURCES_BPF_PROGRAMS_H
#define SOURCES_BPF_PROGRAMS_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "sources/tap.h"

/* For libbpf_set_print(): what a kernel refuses is told in a tap's note. */
int programs_silent(
    enum libbpf_print_level level, const char *format, va_list ap);

/*
 * Before the object is loaded: only these of it will be. A NULL is none.
 * -ENOENT: one of them was not built for this processor.
 */
int programs_choose(struct bpf_object *obj, const char *const *names, size_t n);

/*
 * Whether the kernel has what this program is attached to, by the types of the
 * kernel itself (btf__load_vmlinux_btf()): one of a module is not seen.
 */
bool programs_has_target(const struct btf *kernel, const struct bpf_program *p);

/* Append a copy of fd. 0 or a negative errno; fd may be one itself. */
int programs_keep(struct tap_opened *to, int fd);

/*
 * Attach a loaded one and append the descriptor of its link, with which it
 * runs. An iterator is run to its end instead, and nothing is appended. 0 or a
 * negative errno.
 */
int programs_attach(
    struct bpf_object *obj, const char *name, struct tap_opened *to);

/*
 * How often the kernel did not run a program, as it was at work on the same
 * processor already: it counts that; once more where it was detached. The
 * programs behind n links; the one of a descriptor. 0 also where nothing is
 * known.
 */
uint64_t programs_missed(const int *links, unsigned n);
uint64_t program_missed(int program);

#endif
