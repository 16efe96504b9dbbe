/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* System calls, by what the process's registers say; not of each processor. */
#ifndef SOURCES_PTY_CALL_BPF_H
#define SOURCES_PTY_CALL_BPF_H

#if defined(__TARGET_ARCH_x86)
struct pt_regs___call {
	unsigned long orig_ax, di, si, dx, cx;
} __attribute__((preserve_access_index));
#define CALL_NUMBER(r)	      ((r)->orig_ax)
#define CALL_FIRST(r)	      ((r)->di)
#define CALL_SECOND(r)	      ((r)->si)
#define CALL_SECOND_32_BIT(r) ((r)->cx)
enum { CALL_READ = 0, CALL_WRITE = 1, CALL_CLOSE = 3, CALL_IOCTL = 16 };
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs___call {
	__u64 regs[31], orig_x0;
	int syscallno;
} __attribute__((preserve_access_index));
#define CALL_NUMBER(r)	      ((unsigned long)(r)->syscallno)
#define CALL_FIRST(r)	      ((r)->orig_x0)
#define CALL_SECOND(r)	      ((r)->regs[1])
#define CALL_SECOND_32_BIT(r) ((r)->regs[1])
enum { CALL_READ = 63, CALL_WRITE = 64, CALL_CLOSE = 57, CALL_IOCTL = 29 };
#endif
/* Of 32-bit programs, on both. */
#define CALL_READ_32_BIT 3

#endif
