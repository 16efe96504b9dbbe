/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fdpass.h"
#include "sources/rec/peer.h"
#include "sources/rec/spool.h"
#include "sources/rec/wire.h"

/* Before others get their turn. */
#define ADMIT_MAX  32
#define BACKLOG	   128
/* How long another one may take to go, and how often it is asked: microseconds.
 */
#define LEAVE_MAX  5000000
#define LEAVE_STEP 50000

struct tap_tending {
	int listen_fd, send_fd;
	gid_t group;
	bool yields;
};

/* --- open --- */

/* A full backlog is an answer too. */
static bool answers(const struct sockaddr_un *addr)
{
	CLEANUP_FD int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 &&
	       (connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ||
		   errno == EAGAIN);
}

/*
 * Where a monitor was killed, its collector answers until it has ended: who
 * starts the daemon anew at once waits for that.
 */
static bool is_taken(const struct sockaddr_un *addr)
{
	for (unsigned i = 0; i < LEAVE_MAX / LEAVE_STEP; i++) {
		if (!answers(addr))
			return false;
		usleep(LEAVE_STEP);
	}
	return true;
}

static int make_socket(const char *path, gid_t group, int *ret, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	CLEANUP_FD int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old;
	int r = 0;

	if (strlen(path) >= sizeof addr.sun_path)
		return err_set(err, -ENAMETOOLONG,
		    "taps.rec: \"%s\" is longer than %zu bytes", path,
		    sizeof addr.sun_path - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (fd < 0)
		return err_sys(err, -errno, "socket");
	if (is_taken(&addr))
		return err_set(
		    err, -EADDRINUSE, "another sshtraild answers at %s", path);
	unlink(path);
	old = umask(0117); /* mode 0660 from the first moment on */
	if (bind(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 ||
	    chown(path, 0, group) < 0 || listen(fd, BACKLOG) < 0)
		r = -errno;
	umask(old);
	if (r < 0)
		return err_sys(err, r, "cannot listen at %s", path);
	*ret = fd;
	fd = -1;
	return 0;
}

static int open_all(struct tap_opened *o, gid_t group, struct err *err)
{
	int pair[2], r = fdpass_pair(pair);

	for (size_t i = 0; i < ADMIT_N_FDS; i++)
		o->fd[i] = -1;
	o->n_fd = ADMIT_N_FDS;
	if (r < 0)
		return err_sys(err, r, "socket");
	o->fd[ADMIT_FD_RECEIVE] = pair[0];
	o->fd[ADMIT_FD_SEND] = pair[1];
	for (unsigned i = 0; i < 2; i++)
		if (fcntl(pair[i], F_SETFL, O_NONBLOCK) < 0)
			return err_sys(err, -errno, "socket");
	return make_socket(o->name, group, &o->fd[ADMIT_FD_LISTEN], err);
}

int admit_open(struct tap_opened *ret, const char *path, struct err *err)
{
	struct str spool = str_z(path), sock;
	struct tap_opened got = {.n_fd = 0};
	const struct group *gr = getgrnam(WIRE_GROUP);
	int r;

	str_cut(&spool, '\n', &sock);
	if (str_eqz(sock, "auto"))
		sock = STR(WIRE_SOCKET);

	if (!gr)
		return err_set(err, -ENOENT,
		    "there is no group " WIRE_GROUP
		    ", so sshtrail-rec is not set up on this host");
	snprintf(got.name, sizeof got.name, "%.*s", STR_ARG(sock));
	got.kept[ADMIT_KEPT_GROUP] = (int64_t)gr->gr_gid;
	r = open_all(&got, gr->gr_gid, err);
	if (r == 0) {
		r = spool_make(spool.p, gr->gr_gid);
		if (r < 0)
			tap_note(&got, "without a spool: %s: %s", spool.p,
			    strerrordesc_np(-r));
		r = 0;
	}
	if (r < 0)
		tap_opened_close(&got);
	else
		*ret = got;
	return r;
}

void admit_refresh(const struct tap_opened *opened, const char *path)
{
	struct str spool = str_z(path), sock;

	str_cut(&spool, '\n', &sock);
	spool_scan(spool.p, opened->fd[ADMIT_FD_SEND]);
}

void admit_release(const struct tap_opened *opened)
{
	unlink(opened->name);
}

/* --- while it runs --- */

static uint32_t read_number(uint32_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/%s", pid, file);
	return fd_read_u32(path);
}

/* 0: not known. */
static uint32_t parent_of(uint32_t pid)
{
	struct buf b = BUF_INIT;
	char path[64];
	uint64_t n = 0;
	struct str rest, word;
	size_t comm_end;

	snprintf(path, sizeof path, "/proc/%u/stat", pid);
	if (fd_read_file(AT_FDCWD, path, 4096, &b) == 0 &&
	    /* Its name may hold anything; behind it: " S PPID ". */
	    (comm_end = str_rfind_char(buf_str(&b), ')')) != STR_NPOS) {
		rest = str_from(buf_str(&b), comm_end + 4);
		str_cut(&rest, ' ', &word);
		if (!str_u64(word, &n) || n > INT32_MAX)
			n = 0;
	}
	buf_free(&b);
	return (uint32_t)n;
}

static void learn(const struct ucred *cred, struct peer_who *ret)
{
	const uint32_t pid = (uint32_t)cred->pid;

	*ret = (struct peer_who){.pid = pid,
	    .uid = cred->uid,
	    .sshd = parent_of(pid),
	    .auid = read_number(pid, "loginuid"),
	    .ses = read_number(pid, "sessionid")};
	ret->ppid = ret->sshd ? parent_of(ret->sshd) : 0;
}

static void admit(const struct tap_tending *t, int sock)
{
	const uint64_t answer = WIRE_KERNEL;
	struct peer_who who;
	struct ucred cred;
	int fds[2] = {sock, -1};

	/* What its group was when it connected: nobody else can have it. */
	if (fdpass_peer(sock, &cred) < 0 || cred.gid != t->group)
		return;
	if (t->yields) {
		send(sock, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	fds[1] = (int)syscall(SYS_pidfd_open, cred.pid, 0);
	learn(&cred, &who);
	fdpass_send(t->send_fd, &who, sizeof who, fds, fds[1] < 0 ? 1 : 2);
	fd_close(&fds[1]);
}

static int admit_tend(struct tap_tending *t, struct err *err)
{
	(void)err;
	for (unsigned i = 0; i < ADMIT_MAX; i++) {
		CLEANUP_FD int sock = accept4(
		    t->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (sock < 0)
			return 0;
		admit(t, sock);
	}
	return 0;
}

static int admit_start(
    struct tap_tending **ret, const struct tap_opened *opened, struct err *err)
{
	struct tap_tending *t = calloc(1, sizeof *t);

	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	*t = (struct tap_tending){opened->fd[ADMIT_FD_LISTEN],
	    opened->fd[ADMIT_FD_SEND], (gid_t)opened->kept[ADMIT_KEPT_GROUP],
	    opened->yields};
	*ret = t;
	return 0;
}

static int admit_fd(const struct tap_tending *t)
{
	return t->listen_fd;
}

static void admit_stop(struct tap_tending *t)
{
	free(t);
}

const struct tap_tender admit_tender = {
    .start = admit_start,
    .fd = admit_fd,
    .tend = admit_tend,
    .stop = admit_stop,
};
