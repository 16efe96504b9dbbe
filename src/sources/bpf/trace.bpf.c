/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The programs that run in the kernel: they write the records of record.h into
 * a ring. Only processes of a login session are told (those whose login uid is
 * set); the rest of the host is left alone as early as possible.
 *
 * State that changes within a loop lies in memory and not in registers: then
 * the kernel's verifier sees every round of it as the same, and is done soon.
 */
#include "sources/bpf/act_bpf.h"
#include "sources/bpf/file_bpf.h"
#include "sources/bpf/net_bpf.h"
#include "sources/bpf/process_bpf.h"
#include "sources/bpf/udp_bpf.h"

char licence[] SEC("license") = "Dual BSD/GPL";
