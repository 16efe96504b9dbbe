/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the programs in the kernel (trace.bpf.c) tell user space: a stream of
 * records, each of which begins with struct rec_head. Shared by both sides, in
 * the byte order of the host; there is no padding that is not named.
 *
 * A record is at most REC_MAX bytes. Text follows the fixed part; its
 * sections lie one behind the other in the order of their lengths.
 *
 * Paths are written as the kernel finds them, from the leaf to the root: names
 * that each end with a NUL byte. No names and REC_PATH_KNOWN: the root itself.
 */
#ifndef SOURCES_BPF_RECORD_H
#define SOURCES_BPF_RECORD_H

#include <stdint.h>

#define REC_MAGIC   0x62527353u /* "SsRb" */
#define REC_VERSION 2
#define REC_MAX	    (32 << 10)

/* Text of one path at most; longer ones are cut and say so. */
#define REC_PATH_MAX	4096
/* Of the executable in records of connections and files. */
#define REC_NET_EXE_MAX 512
/* Arguments travel in pieces of this size, and of one exec so many bytes. */
#define REC_ARGS_PIECE	(16 << 10)
#define REC_ARGS_MAX	(128 << 10)

/* Bytes of the ring; a power of two. */
#define REC_RING_BYTES (8 << 20)
/*
 * A record wakes the reader when the last one that did is this old (or a
 * quarter of the ring is full). The reader must look again, later than that
 * after each time it found something.
 */
#define REC_WAKE_NS    50000000

enum rec_type {
	REC_CLOCK = 1, /* written by the tap, not by the kernel */
	REC_ARGS,
	REC_EXEC,
	REC_EXIT,
	REC_NET,
	REC_SESSION,
	REC_FILE,
	REC_ACT,
	/* No record: place of the loss counter of programs that did not run. */
	REC_MISSED,
	REC_N_TYPES,
};

struct rec_head {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t size; /* of the record, with this head */
	uint32_t pid;  /* process (tgid in the kernel); 0 in REC_CLOCK */
	uint64_t time; /* nanoseconds of CLOCK_BOOTTIME */
};

/* As the initial namespaces count them. */
struct rec_who {
	uint32_t ppid, auid, ses, uid, euid, gid;
	char comm[16];
	char tty[24]; /* the kernel's name: "pts0"; empty: none */
};

/* How the times of the records that follow are to be read. */
struct rec_clock {
	struct rec_head head;
	int64_t real_offset; /* nanoseconds: CLOCK_REALTIME - CLOCK_BOOTTIME */
	char boot[32];	     /* boot id without dashes */
};

/*
 * A piece of the arguments of an exec that is told after its pieces: same pid
 * and time. Pieces are complete and in order; the rest is in struct rec_exec.
 */
struct rec_args {
	struct rec_head head;
	uint32_t offset;
	uint32_t n;
	/* char args[n] */
};

enum rec_path_flag {
	REC_PATH_KNOWN = 1,    /* else there is nothing to be said */
	REC_PATH_CUT = 2,      /* names towards the root are missing */
	REC_PATH_DETACHED = 4, /* the last name hangs in no tree: a memfd */
	REC_PATH_DELETED = 8,
	/* Within its file system: where the host has that is not known. */
	REC_PATH_INNER = 16,
};

struct rec_exec {
	struct rec_head head;
	struct rec_who who;
	uint32_t argc;
	uint32_t args_total; /* bytes that the process has, NULs included */
	uint32_t args_kept;  /* of them told in the pieces and here */
	uint8_t exe_flags, cwd_flags; /* enum rec_path_flag */
	uint16_t n_file; /* the name that was executed, its NUL included */
	uint16_t n_exe;	 /* a path */
	uint16_t n_cwd;	 /* a path */
	uint32_t n_args;
	uint32_t sid; /* of setsid(2) */
	uint32_t unused[3];
	uint64_t start; /* of the process: nanoseconds of CLOCK_BOOTTIME */
			/* char text[n_file + n_exe + n_cwd + n_args] */
};

struct rec_exit {
	struct rec_head head;
	struct rec_who who;
	uint32_t status; /* as wait(2) tells it */
	uint32_t unused;
	uint64_t start; /* nanoseconds of CLOCK_BOOTTIME */
};

enum rec_net_op {
	REC_NET_CONNECT = 1,
	REC_NET_LISTEN = 2,
	REC_NET_REFUSED = 3, /* a connection that was not made */
	/* By UDP, or about to be; of the ends only the other one is known. */
	REC_NET_DATAGRAM = 4,
};

/* Bytes of addresses are in network order, ports are plain numbers. */
struct rec_ends {
	uint16_t family; /* AF_INET or AF_INET6; 0: there is no connection */
	uint16_t port, lport;
	uint16_t unused;
	uint8_t addr[16], laddr[16]; /* IPv4: the first four */
};

struct rec_net {
	struct rec_head head;
	struct rec_who who;
	struct rec_ends ends;
	uint32_t error; /* errno of REC_NET_REFUSED, where there is one */
	uint8_t op;	/* enum rec_net_op */
	uint8_t exe_flags;
	uint16_t n_exe;
	/* char exe[n_exe], a path */
};

enum rec_session_op {
	REC_SESSION_BEGIN = 1,
	REC_SESSION_FOUND = 2, /* it was there before the programs were */
	REC_SESSION_END = 3,   /* its process ended; others may go on */
	REC_SESSION_LEFT = 4,  /* a process of it set no login uid for itself */
};

/*
 * A login session. `pid` is the process that all others of it come from: the
 * one that logged in, as in the LOGIN record of audit; of REC_SESSION_LEFT the
 * one that left.
 */
struct rec_session {
	struct rec_head head;
	struct rec_who who;
	struct rec_ends peer; /* the connection that this process serves */
	uint64_t start;	      /* of the process: ns of CLOCK_BOOTTIME */
	uint32_t op;	      /* enum rec_session_op */
	uint32_t status;      /* of REC_SESSION_END, as wait(2) tells it */
	uint32_t old_auid, old_ses; /* of the process before, if any */
};

enum rec_file_op {
	REC_FILE_CREATE = 1,
	REC_FILE_WRITE, /* opened for it */
	REC_FILE_READ,
	REC_FILE_DELETE,
	REC_FILE_RMDIR,
	REC_FILE_MKDIR,
	REC_FILE_MKNOD,
	REC_FILE_RENAME,
	REC_FILE_LINK,
	REC_FILE_SYMLINK,
	REC_FILE_CHMOD,
	REC_FILE_CHOWN,
	REC_FILE_TRUNCATE,
	REC_FILE_UTIME,
	REC_FILE_SETXATTR,
	REC_FILE_REMOVEXATTR,
	REC_FILE_N_OPS,
};

/*
 * A change of a watched file, or the reading of one. Paths are those of the
 * host, whatever root or mounts the process has.
 */
struct rec_file {
	struct rec_head head;
	struct rec_who who;
	uint16_t op; /* enum rec_file_op */
	uint8_t path_flags, path2_flags, exe_flags;
	uint8_t unused8;
	uint16_t n_path;  /* a path; of a failed open: what n_name is below */
	uint16_t n_path2; /* a path: what was renamed or linked to */
	/*
	 * A failed open: the name that was asked for. A symbolic link: what it
	 * leads to. Else nothing.
	 */
	uint16_t n_name;
	uint16_t n_exe;
	uint16_t unused16;
	uint32_t error;	   /* errno; 0: it was done */
	uint32_t mode;	   /* of chmod and what was made; else 0 */
	uint32_t uid, gid; /* of chown; UINT32_MAX: not changed */
	uint32_t unused[4];
	/* char text[n_path + n_path2 + n_name + n_exe] */
};

enum rec_act_op {
	REC_ACT_SETUID = 1,  /* a system call changed the process's user */
	REC_ACT_SETUID_EXEC, /* a program that has its set-user-id bit */
	REC_ACT_PTRACE,	     /* the right to change another process was asked */
	REC_ACT_MODULE,
	REC_ACT_BPF,
	REC_ACT_MOUNT,
	REC_ACT_MOVE_MOUNT,
	REC_ACT_UMOUNT,
	REC_ACT_PIVOT_ROOT,
	REC_ACT_NAMESPACE,
	REC_ACT_N_OPS,
};

enum rec_namespace {
	REC_NS_MNT = 1,
	REC_NS_PID = 2,
	REC_NS_NET = 4,
	REC_NS_UTS = 8,
	REC_NS_IPC = 16,
	REC_NS_CGROUP = 32,
	REC_NS_USER = 64,
};

/* What a process does to its own identity, to others, or to the kernel. */
struct rec_act {
	struct rec_head head;
	struct rec_who who; /* before it */
	uint16_t op;	    /* enum rec_act_op */
	uint8_t path_flags, exe_flags;
	uint16_t n_path; /* mounts: a path, as the process sees it */
	/* Name of the program or module, command of the other process, or
	 * what is mounted. */
	uint16_t n_name;
	uint16_t n_exe;
	uint16_t unused16;
	uint32_t error;	    /* errno; 0: it was done or allowed */
	uint32_t uid, euid; /* identity: as it becomes */
	uint32_t pid;	    /* ptrace: of the other process */
	uint32_t spaces;    /* enum rec_namespace */
	uint32_t unused[4];
	/* char text[n_path + n_name + n_exe] */
};

#endif
