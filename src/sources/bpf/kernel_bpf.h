/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The few members of the kernel's structures that the programs read. Where
 * they lie is found out when the program is loaded (CO-RE), from the types of
 * the running kernel; so order and gaps here mean nothing.
 */
#ifndef SOURCES_BPF_KERNEL_BPF_H
#define SOURCES_BPF_KERNEL_BPF_H

#include <linux/types.h>

#pragma clang attribute push(                                                  \
    __attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root, pwd;
};

struct inode {
	__u16 i_mode;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct cred {
	kuid_t uid, euid;
	kgid_t gid;
};

struct tty_struct {
	char name[64];
};

typedef struct {
	int counter;
} atomic_t;

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

struct signal_struct {
	atomic_t live;
	struct pid *pids[4]; /* by enum pid_type */
	unsigned int flags;
	int group_exit_code;
	struct tty_struct *tty;
};

struct task_struct {
	int pid, tgid;
	int exit_code;
	__u64 start_boottime;
	struct task_struct *real_parent, *group_leader;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	const struct cred *cred;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	char comm[16];
};

struct linux_binprm {
	int argc;
	const char *filename;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	int sk_err;
};

struct socket {
	struct sock *sk;
};

struct bpf_iter__task {
	struct task_struct *task; /* NULL at the end */
};

#pragma clang attribute pop

/* What the kernel's headers say and its types do not. */
#define SIGNAL_GROUP_EXIT 4
#define UID_UNSET	  0xffffffffu
#define PIDTYPE_SID	  3
#define S_IFMT		  0170000
#define S_IFSOCK	  0140000
#define TCP_ESTABLISHED	  1
#define TCP_SYN_SENT	  2
#define TCP_CLOSE	  7
#define TCP_LISTEN	  10
#define IPPROTO_TCP	  6
#define AF_INET		  2
#define AF_INET6	  10

#endif
