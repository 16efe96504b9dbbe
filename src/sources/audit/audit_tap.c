/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the kernel's audit as they are made.
 *
 * By default they are only listened to: the kernel gives each record to the
 * multicast group AUDIT_NLGRP_READLOG too, whether auditd runs or not. This
 * disturbs nobody; a listener that is too slow loses records, and the kernel
 * never waits for it. With "register" as its path this becomes the reader in
 * auditd's place, where none is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/audit/control.h"
#include "sources/audit/losses.h"
#include "sources/audit/own_rules.h"
#include "sources/audit/records.h"
#include "sources/audit/settings.h"
#include "sources/tap.h"

/* The kernel doubles it: measured, 26,000 records of 250 bytes. */
#define RECEIVE_BUFFER (16 << 20)
#define READ_MAX       ((size_t)1 << 20)
/* The kernel's longest (MAX_AUDIT_MESSAGE_LENGTH) is 8970. */
#define RECORD_MAX     16384
/* enabled: settings and rules stay as they are. */
#define LOCKED	       2

/* Meaning of tap_opened.kept: what is to be undone. */
enum { KEPT_REGISTERED, KEPT_RULES, KEPT_SETTINGS };

/* Places in tap_opened.fd. */
enum { FD_RECORDS, FD_LOSSES, N_FDS };

struct tap_run {
	int fd;
	bool registered;
	struct losses *losses;
	uint64_t told; /* of them, by a collector before this one */
	struct {
		struct nlmsghdr head;
		char text[RECORD_MAX];
	} datagram;
};

static int open_socket(uint32_t groups, int *ret, struct err *err)
{
	const struct sockaddr_nl self = {
	    .nl_family = AF_NETLINK, .nl_groups = groups};
	const int size = RECEIVE_BUFFER, on = 1;
	CLEANUP_FD int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);

	if (fd < 0)
		return err_sys(err, -errno, "cannot open an audit socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		return err_sys(err, -errno,
		    "cannot get a receive buffer (needs CAP_NET_ADMIN)");
	/*
	 * Without it the kernel, having dropped one record, drops all until
	 * the queue is empty. Drops are counted all the same: records_lost().
	 */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) < 0)
		return err_sys(err, -errno, "cannot set up an audit socket");
	if (bind(fd, (const struct sockaddr *)(const void *)&self,
		sizeof self) < 0)
		return err_sys(err, -errno,
		    "cannot listen to audit records (needs CAP_AUDIT_READ)");
	*ret = fd;
	fd = -1;
	return 0;
}

static void name_of(uint32_t pid, char ret[static 32])
{
	char path[32];
	struct buf comm = BUF_INIT;

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/comm", pid);
	if (fd_read_file(AT_FDCWD, path, 30, &comm) < 0)
		buf_clear(&comm);
	snprintf(ret, 32, "%.*s", STR_ARG(str_trim(buf_str(&comm))));
	buf_free(&comm);
}

static void note_listening(
    struct tap_opened *ret, const struct audit_status *st, bool rules)
{
	char name[32], beside[96];

	if (st->pid) {
		name_of(st->pid, name);
		snprintf(beside, sizeof beside,
		    "beside process %" PRIu32 " (%s)", st->pid,
		    *name ? name : "unknown");
	} else {
		snprintf(beside, sizeof beside,
		    "without an audit daemon: the kernel writes records to "
		    "its own log too");
	}
	snprintf(ret->note, sizeof ret->note, "listens %s%s", beside,
	    st->enabled || rules
		? ""
		: "; audit is off, nothing comes until auditctl -e 1");
}

/* In the order opposite to how it was made. */
static void records_release(const struct tap_opened *opened)
{
	const struct audit_status nobody = {.mask = AUDIT_STATUS_PID};

	/* Fails when the kernel found out already that the reader is gone. */
	if (opened->kept[KEPT_REGISTERED])
		control_set(&nobody, NULL);
	if (opened->kept[KEPT_RULES])
		own_rules_unload(NULL);
	if (opened->kept[KEPT_SETTINGS])
		settings_put_back();
}

static int take_settings(struct tap_opened *ret, struct err *err)
{
	int r = settings_take(err);

	ret->kept[KEPT_SETTINGS] = 1;
	return r;
}

static void note_more(struct tap_opened *ret, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void note_more(struct tap_opened *ret, const char *fmt, ...)
{
	size_t n = strlen(ret->note);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret->note + n, sizeof ret->note - n, fmt, ap);
	va_end(ap);
}

static void note_rules(
    struct tap_opened *ret, const struct own_rules_result *result)
{
	note_more(ret, "; %u rules of its own, for as long as it runs",
	    result->loaded);
	if (result->others)
		note_more(ret, ", beside %u that were there", result->others);
	if (result->refused)
		note_more(ret, "; the kernel refused %u (%s)", result->refused,
		    strerrordesc_np(-result->refused_error));
}

/* What is captured without them is captured: no error ends that. */
static void load_rules(struct tap_opened *ret, bool locked)
{
	struct own_rules_result result;
	struct err why = {""};
	int r;

	if (locked) {
		note_more(ret,
		    "; none of its own rules is loaded: audit is locked until "
		    "the next boot (auditctl -s: enabled 2)");
		return;
	}
	r = take_settings(ret, &why);
	ret->kept[KEPT_RULES] = 1;
	if (r == 0)
		r = own_rules_load(&result, &why);
	if (r == 0)
		note_rules(ret, &result);
	else
		note_more(ret, "; its own rules are not loaded: %s", why.text);
}

static int open_reader(
    struct tap_opened *ret, const struct audit_status *st, struct err *err)
{
	char name[32];
	int r;

	if (st->pid) {
		name_of(st->pid, name);
		return err_set(err, -EEXIST,
		    "process %" PRIu32 " (%s) reads audit records, and only "
		    "one can: without \"register\" they are listened to "
		    "beside it",
		    st->pid, *name ? name : "unknown");
	}
	r = open_socket(0, &ret->fd[FD_RECORDS], err);
	if (r < 0)
		return r;
	r = control_register(ret->fd[FD_RECORDS], err);
	ret->kept[KEPT_REGISTERED] = r == 0;
	if (r == 0)
		r = take_settings(ret, err);
	if (r < 0) {
		fd_close(&ret->fd[FD_RECORDS]);
		return r;
	}
	snprintf(ret->note, sizeof ret->note,
	    "is the reader of audit records, as there is no audit daemon");
	return 0;
}

/* What the configuration asks for. */
struct wish {
	bool reader, rules;
};

static int parse_path(const char *path, struct wish *ret, struct err *err)
{
	struct str words = str_z(path ? path : ""), word;

	*ret = (struct wish){.reader = false};
	while (words.n) {
		str_cut(&words, ',', &word);
		if (str_eqz(word, TAP_AUDIT_REGISTER))
			ret->reader = true;
		else if (str_eqz(word, TAP_AUDIT_RULES))
			ret->rules = true;
		else
			return err_set(err, -EINVAL,
			    "audit takes \"register\", \"rules\", both with "
			    "a comma, or nothing, not %s",
			    path);
	}
	return 0;
}

static int open_records(struct tap_opened *ret, const struct wish *wish,
    const struct audit_status *st, struct err *err)
{
	if (wish->reader)
		return open_reader(ret, st, err);
	note_listening(ret, st, wish->rules);
	return open_socket(
	    1U << (AUDIT_NLGRP_READLOG - 1), &ret->fd[FD_RECORDS], err);
}

static int records_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	struct audit_status st;
	struct wish wish;
	int r;

	memset(ret, 0, sizeof *ret);
	r = parse_path(path, &wish, err);
	if (r < 0)
		return r;
	r = control_status(&st, err);
	if (r < 0)
		return r == -EPROTONOSUPPORT ? -ENOENT : r;
	snprintf(ret->name, sizeof ret->name, "kernel audit");
	r = open_records(ret, &wish, &st, err);
	if (r == 0) {
		ret->n_fd = N_FDS;
		r = losses_new(&st, &ret->fd[FD_LOSSES]);
		if (r < 0) {
			fd_close(&ret->fd[FD_RECORDS]);
			err_sys(err, r, "no memory to count losses");
		}
	}
	if (r < 0) {
		records_release(ret);
		return r;
	}
	if (wish.rules)
		load_rules(ret, st.enabled == LOCKED);
	return 0;
}

static int records_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct losses *losses;
	struct tap_run *run;

	if (opened->n_fd != N_FDS)
		return err_set(err, -EINVAL, "this is no audit socket");
	run = calloc(1, sizeof *run);
	losses = losses_map(opened->fd[FD_LOSSES]);
	close(opened->fd[FD_LOSSES]);
	if (!run || !losses) {
		close(opened->fd[FD_RECORDS]);
		losses_unmap(losses);
		free(run);
		return err_set(err, -ENOMEM, "no memory to read audit records");
	}
	run->fd = opened->fd[FD_RECORDS];
	run->registered = opened->kept[KEPT_REGISTERED];
	run->losses = losses;
	run->told = losses->told;
	*ret = run;
	return 0;
}

static int records_fd(const struct tap_run *run)
{
	return run->fd;
}

static void add_type(struct buf *to, unsigned type)
{
	const char *name = audit_msg_type_to_name((int)type);

	if (name)
		buf_printf(to, "type=%s msg=", name);
	else
		buf_printf(to, "type=UNKNOWN[%u] msg=", type);
}

/*
 * One record as a line, as auditd writes it. The kernel's own text has no
 * control characters; messages of programs may hold any: newlines that would
 * begin a record of their own, and 0x1D, behind which auditd writes names.
 */
static void add_record(struct buf *to, unsigned type, struct str text)
{
	while (text.n &&
	       (text.p[text.n - 1] == '\0' || text.p[text.n - 1] == '\n' ||
		   text.p[text.n - 1] == ' '))
		text.n--;
	/* Acknowledgements, and the kernel asking whether we live. */
	if (!str_starts(text, STR("audit(")))
		return;
	add_type(to, type);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		buf_add_char(to, c < ' ' || c == 0x7f ? ' ' : text.p[i]);
	}
	buf_add_char(to, '\n');
}

static int records_read(struct tap_run *run, struct buf *to, struct err *err)
{
	size_t begin = to->n;

	while (to->n - begin < READ_MAX) {
		struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
		socklen_t from_n = sizeof from;
		ssize_t n = recvfrom(run->fd, &run->datagram,
		    sizeof run->datagram, MSG_DONTWAIT,
		    (struct sockaddr *)(void *)&from, &from_n);

		if (n < 0 && errno == EAGAIN)
			return TAP_IDLE;
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			return err_sys(
			    err, -errno, "cannot read audit records");
		/* Any process may send to a netlink socket. */
		if (n < (ssize_t)NLMSG_HDRLEN || from.nl_pid != 0)
			continue;
		/* nlmsg_len counts the header for a group and not for one. */
		add_record(to, run->datagram.head.nlmsg_type,
		    str_make(run->datagram.text, (size_t)n - NLMSG_HDRLEN));
		if (buf_error(to))
			return err_set(err, buf_error(to), "no memory to read");
	}
	return TAP_MORE;
}

/* The kernel keeps no records for who is not there. */
static void records_place(
    const struct tap_run *run, size_t unread, struct buf *ret)
{
}

static void records_refresh(const struct tap_opened *opened, const char *path)
{
	losses_refresh(opened->fd[FD_LOSSES]);
}

/* Records that the kernel had no room for in the socket: all are counted. */
static uint64_t dropped(const struct tap_run *run)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t n = sizeof info;

	return getsockopt(run->fd, SOL_SOCKET, SO_MEMINFO, info, &n) < 0
		   ? 0
		   : info[SK_MEMINFO_DROPS];
}

/*
 * What the kernel counts it never gave to a group of listeners, but for what it
 * kept for an audit daemon alone. For its one reader it keeps what finds no
 * room in the socket, and counts it when it can do so no longer.
 */
static unsigned records_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	const uint64_t lost =
	    __atomic_load_n(&run->losses->lost, __ATOMIC_RELAXED);

	ret[0] = (struct tap_loss){lost > run->told ? lost - run->told : 0,
	    run->registered
		? "within the kernel's audit (auditctl -s: lost)"
		: "within the kernel's audit (auditctl -s: lost), for all or "
		  "for the audit daemon alone"};
	__atomic_store_n(&run->losses->told, lost, __ATOMIC_RELAXED);
	if (run->registered)
		return 1;
	ret[1] = (struct tap_loss){
	    dropped(run), "between the kernel's audit and this program"};
	return 2;
}

/* What the kernel writes to its log about losses that it counts. */
static bool records_tells(struct tap_run *run, const struct event *ev)
{
	return ev->kind == EVENT_GAP && ev->time >= run->losses->since &&
	       records_tell_loss(event_str(ev, F_REASON));
}

static void records_stop(struct tap_run *run)
{
	if (!run)
		return;
	fd_close(&run->fd);
	losses_unmap(run->losses);
	free(run);
}

const struct tap tap_audit = {
    .name = "audit",
    .source = "audit",
    .help = "records of the kernel's audit; \"register\": in auditd's "
	    "place, \"rules\": with rules of its own",
    .open = records_open,
    .refresh = records_refresh,
    .release = records_release,
    .start = records_start,
    .fd = records_fd,
    .read = records_read,
    .place = records_place,
    .lost = records_lost,
    .tells = records_tells,
    .stop = records_stop,
};
