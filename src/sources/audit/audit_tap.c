/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the kernel's audit as they are made. */
#include "sources/audit/audit_tap.h"

#include <errno.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "sources/audit/line.h"
#include "sources/audit/losses.h"
#include "sources/audit/plugin_input.h"
#include "sources/audit/records.h"
#include "sources/audit/told.h"

#define READ_MAX     ((size_t)1 << 20)
#define READ_RECORDS 4096
/* The kernel's longest (MAX_AUDIT_MESSAGE_LENGTH) is 8970. */
#define RECORD_MAX   16384

/* One that was there before us has come by then, with what it kept. */
#define EXPECT_USEC    (60 * USEC_PER_SEC)
/* The plugin has this time to tell what the socket had no room for. */
#define MAKE_GOOD_USEC (5 * USEC_PER_SEC)

struct tap_run {
	int fd;	     /* records by netlink */
	int poll_fd; /* epoll of all */
	bool registered;
	int64_t since; /* time of this run's begin */
	struct plugin_input plugin;
	bool has_come;	  /* a plugin */
	struct told told; /* records, where they may come by two ways */
	struct losses *losses;
	uint64_t lost_before; /* of losses, as told by a collector before */
	/* Of what the socket had no room for: */
	uint64_t dropped; /* all, as it was seen last */
	int64_t dropped_at;
	uint64_t made_good; /* told by the plugin, or before this run */
	uint64_t missing;   /* not told, and not expected any more */
	struct {
		struct nlmsghdr head;
		char text[RECORD_MAX];
	} datagram;
};

static void records_stop(struct tap_run *run)
{
	if (!run)
		return;
	fd_close(&run->fd);
	fd_close(&run->poll_fd);
	plugin_input_close(&run->plugin);
	losses_unmap(run->losses);
	told_free(&run->told);
	free(run);
}

static int poll_for(const struct tap_run *run, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return fd < 0 || epoll_ctl(run->poll_fd, EPOLL_CTL_ADD, fd, &ev) == 0
		   ? 0
		   : -errno;
}

static int set_up(struct tap_run *run, const struct tap_opened *opened)
{
	const int fd = opened->fd[AUDIT_FD_LOSSES];
	int r;

	run->since = time_now();
	run->registered = opened->kept[AUDIT_KEPT_REGISTERED];
	run->losses = losses_map(fd);
	r = run->losses ? 0 : -errno;
	close(fd);
	if (r < 0)
		return r;
	run->lost_before = run->losses->told;
	run->made_good = run->losses->settled;
	run->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (run->poll_fd < 0)
		return -errno;
	r = poll_for(run, run->fd);
	return r < 0 ? r : poll_for(run, run->plugin.listen_fd);
}

static int records_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (!run || opened->n_fd < AUDIT_FD_PLUGIN ||
	    opened->n_fd > AUDIT_N_FDS) {
		for (unsigned i = 0; i < opened->n_fd; i++)
			close(opened->fd[i]);
		free(run);
		return err_set(err, -ENOMEM, "no memory to read audit records");
	}
	run->poll_fd = -1;
	run->fd = opened->fd[AUDIT_FD_RECORDS];
	plugin_input_init(&run->plugin,
	    opened->n_fd == AUDIT_N_FDS ? opened->fd[AUDIT_FD_PLUGIN] : -1);
	r = set_up(run, opened);
	if (r < 0) {
		records_stop(run);
		return err_sys(err, r, "cannot read audit records");
	}
	*ret = run;
	return 0;
}

static int records_fd(const struct tap_run *run)
{
	return run->poll_fd;
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

/* Of what the kernel numbered since this run began: the group had it, too. */
static bool is_of_group(const struct tap_run *run, struct str line)
{
	struct audit_line parts;
	int64_t time;
	uint32_t serial;

	return !line_split(line, &parts) &&
	       !line_id(parts.id, &time, &serial) && time >= run->since &&
	       !str_starts(parts.type, STR("DAEMON_"));
}

/* The line at the end of `to`: it goes away again when it was told already. */
static int take_line(
    struct tap_run *run, struct buf *to, size_t begin, enum told_way way)
{
	struct str line = str_from(buf_str(to), begin);
	enum told_way first;
	int r;

	str_chop(&line, STR("\n"));
	if (!line.n || run->plugin.listen_fd < 0)
		return 0;
	r = told_add(&run->told, line, way, &first);
	if (r < 0)
		return r;
	if (way == TOLD_PLUGIN && first == TOLD_NEW)
		run->made_good += is_of_group(run, line);
	/* It was not lost, only late. */
	if (way == TOLD_GROUP && first == TOLD_PLUGIN)
		run->made_good -= is_of_group(run, line);
	if (first != TOLD_NEW)
		to->n = begin;
	return 0;
}

/* One record, or 0: none is at hand. */
static int read_record(struct tap_run *run, struct buf *to)
{
	const size_t begin = to->n;
	struct sockaddr_nl from = {.nl_pid = UINT32_MAX};
	socklen_t from_n = sizeof from;
	ssize_t n = recvfrom(run->fd, &run->datagram, sizeof run->datagram,
	    MSG_DONTWAIT, (struct sockaddr *)(void *)&from, &from_n);
	int r;

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno != EINTR && errno != ENOBUFS)
		return -errno;
	/* Any process may send to a netlink socket. */
	if (n < (ssize_t)NLMSG_HDRLEN || from.nl_pid != 0)
		return 1;
	/* nlmsg_len counts the header for a group and not for one. */
	add_record(to, run->datagram.head.nlmsg_type,
	    str_make(run->datagram.text, (size_t)n - NLMSG_HDRLEN));
	r = take_line(run, to, begin, TOLD_GROUP);
	return r < 0 ? r : 1;
}

/* The same of the plugin. */
static int read_line(struct tap_run *run, struct buf *to)
{
	const size_t begin = to->n;
	char *line;
	size_t n;
	int r =
	    run->plugin.fd < 0 ? 0 : plugin_input_line(&run->plugin, &line, &n);

	if (r <= 0)
		return 0;
	buf_add_str(to, plugin_input_plain(line, n));
	buf_add_char(to, '\n');
	r = take_line(run, to, begin, TOLD_PLUGIN);
	return r < 0 ? r : 1;
}

/* At most about a megabyte; what was told already adds nothing, but takes time.
 */
static int read_way(struct tap_run *run, struct buf *to,
    int (*one)(struct tap_run *run, struct buf *to))
{
	const size_t begin = to->n;
	int r = 1;

	for (size_t i = 0; i < READ_RECORDS && to->n - begin < READ_MAX; i++) {
		r = one(run, to);
		if (r <= 0)
			break;
	}
	return r;
}

static int records_read(struct tap_run *run, struct buf *to, struct err *err)
{
	int group, plugin;

	if (plugin_input_accept(&run->plugin)) {
		run->has_come = true;
		if (poll_for(run, run->plugin.fd) < 0)
			fd_close(&run->plugin.fd);
	}
	run->told.most = run->has_come || time_now() - run->since < EXPECT_USEC
			     ? TOLD_N
			     : TOLD_FEW;
	/* The kernel gives each record to the group first. */
	group = read_way(run, to, read_record);
	plugin = group < 0 ? group : read_way(run, to, read_line);
	if (plugin < 0)
		return err_sys(err, plugin, "cannot read audit records");
	if (buf_error(to))
		return err_set(err, buf_error(to), "no memory to read");
	return group || plugin ? TAP_MORE : TAP_IDLE;
}

/* The kernel keeps no records for who is not there. */
static void records_place(
    const struct tap_run *run, size_t unread, struct buf *ret)
{
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

/* What it drops is lost when the plugin does not tell it, sooner or later. */
static uint64_t missing(struct tap_run *run)
{
	const uint64_t now = dropped(run);
	const int64_t time = time_now();

	if (now != run->dropped)
		run->dropped_at = time;
	run->dropped = now;
	if ((run->plugin.fd < 0 || time - run->dropped_at > MAKE_GOOD_USEC) &&
	    now > run->made_good + run->missing)
		run->missing = now - run->made_good;
	return run->missing;
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

	ret[0] = (struct tap_loss){
	    lost > run->lost_before ? lost - run->lost_before : 0,
	    run->registered
		? "within the kernel's audit (auditctl -s: lost)"
		: "within the kernel's audit (auditctl -s: lost), for all or "
		  "for the audit daemon alone"};
	__atomic_store_n(&run->losses->told, lost, __ATOMIC_RELAXED);
	if (run->registered)
		return 1;
	ret[1] = (struct tap_loss){
	    missing(run), "between the kernel's audit and this program"};
	__atomic_store_n(&run->losses->settled, run->made_good + run->missing,
	    __ATOMIC_RELAXED);
	ret[2] = (struct tap_loss){run->plugin.lost,
	    "in auditd's plugin, while this program did not run"};
	return 3;
}

static const char *records_doing(const struct tap_run *run)
{
	return run->plugin.fd < 0 ? NULL : "auditd's plugin is connected";
}

/* What the kernel writes to its log about losses that it counts. */
static bool records_tells(struct tap_run *run, const struct event *ev)
{
	return ev->kind == EVENT_GAP && ev->time >= run->losses->since &&
	       records_tell_loss(event_str(ev, F_REASON));
}

const struct tap tap_audit = {
    .name = "audit",
    .source = "audit",
    .help = "records of the kernel's audit; \"register\": in auditd's "
	    "place, \"rules\": with rules of its own",
    .open = audit_tap_open,
    .refresh = audit_tap_refresh,
    .release = audit_tap_release,
    .start = records_start,
    .fd = records_fd,
    .read = records_read,
    .place = records_place,
    .lost = records_lost,
    .tells = records_tells,
    .doing = records_doing,
    .stop = records_stop,
};
