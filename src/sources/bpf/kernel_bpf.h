/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The few members of the kernel's structures that our programs in the kernel
 * read. Where they lie is found out when a program is loaded (CO-RE), from the
 * types of the running kernel; so order and gaps here mean nothing.
 */
#ifndef SOURCES_BPF_KERNEL_BPF_H
#define SOURCES_BPF_KERNEL_BPF_H

#include <linux/fcntl.h>
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
	__u32 len;
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_rdev;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	unsigned char d_iname[32]; /* short names; d_shortname since 6.14 */
	struct super_block *d_sb;
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

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	unsigned int f_mode;
};

struct kiocb {
	struct file *ki_filp;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

/* A name that was copied from the memory of a process. */
struct filename {
	const char *name;
};

struct open_flags {
	int open_flag;
};

struct iattr {
	unsigned int ia_valid;
	unsigned short ia_mode;
	kuid_t ia_uid;
	kgid_t ia_gid;
};

struct renamedata {
	struct dentry *old_dentry, *new_dentry;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct cred {
	kuid_t uid, euid, suid;
	kgid_t gid;
};

struct ktermios {
	unsigned int c_lflag;
};

struct winsize {
	unsigned short ws_row, ws_col;
};

struct tty_driver {
	short type, subtype;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
	struct ktermios termios;
	struct winsize winsize;
	struct tty_struct *link;
	char name[64];
};

struct tty_file_private {
	struct tty_struct *tty;
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

struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};

struct audit_stamp {
	struct timespec64 ctime;
};

/* Before Linux 6.18 it has ctime itself, then in a stamp. */
struct audit_context {
	struct timespec64 ctime;
	struct audit_stamp stamp;
};

struct task_struct {
	int pid, tgid;
	unsigned in_execve : 1;
	struct nsproxy *nsproxy;
	int exit_code;
	__u64 start_boottime;
	struct task_struct *real_parent, *group_leader;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	const struct cred *real_cred, *cred;
	struct io_uring_task *io_uring;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	struct audit_context *audit_context;
	char comm[16];
};

/* Only compared: whether another one takes its place. */
struct nsproxy {
	void *uts_ns, *ipc_ns, *mnt_ns, *pid_ns_for_children, *net_ns,
	    *cgroup_ns;
};

struct module {
	char name[56];
};

struct bpf_prog_aux {
	char name[16];
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
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
	struct socket *sk_socket;
	__u16 sk_protocol;
	int sk_err;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct unix_sock {
	struct sock sk;
	struct sock *peer;
};

struct bpf_iter__task {
	struct task_struct *task; /* NULL at the end */
};

#pragma clang attribute pop

/* What the kernel's headers say and its types do not. */
#define SIGNAL_GROUP_EXIT	 4
#define UID_UNSET		 0xffffffffu
#define PIDTYPE_SID		 3
#define S_IFMT			 0170000
#define S_IFSOCK		 0140000
#define PTRACE_MODE_ATTACH	 2
#define PERF_BPF_EVENT_PROG_LOAD 1
#define FMODE_PATH		 0x4000
#define FMODE_CREATED		 0x100000
#define FMODE_EXEC		 0x20 /* in open flags */
#define ATTR_MODE		 1
#define ATTR_UID		 2
#define ATTR_GID		 4
#define ATTR_SIZE		 8
#define ATTR_MTIME		 32
#define ATTR_FORCE		 512
#define ATTR_OPEN		 (1 << 15)
#define TCP_ESTABLISHED		 1
#define TCP_SYN_SENT		 2
#define TCP_CLOSE		 7
#define TCP_LISTEN		 10
#define IPPROTO_TCP		 6
#define IPPROTO_UDP		 17
#define AF_INET			 2
#define AF_INET6		 10

#endif
