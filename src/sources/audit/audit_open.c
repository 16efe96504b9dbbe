/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel's audit is opened.
 *
 * By default records are only listened to: the kernel gives each one to the
 * multicast group AUDIT_NLGRP_READLOG too, whether auditd runs or not. This
 * disturbs nobody; a listener that is too slow loses records, and the kernel
 * never waits for it. So where auditd has our plugin (src/plugin/), its records
 * come first. With "register" this becomes the reader in auditd's place, where
 * none is.
 */
#include "sources/audit/audit_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/audit/control.h"
#include "sources/audit/losses.h"
#include "sources/audit/own_rules.h"
#include "sources/audit/plugin_wire.h"
#include "sources/audit/settings.h"

/* The kernel doubles it: measured, 26,000 records of 250 bytes. */
#define RECEIVE_BUFFER (16 << 20)
/* enabled: settings and rules stay as they are. */
#define LOCKED	       2

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
void audit_tap_release(const struct tap_opened *opened)
{
	const struct audit_status nobody = {.mask = AUDIT_STATUS_PID};

	/* Fails when the kernel found out already that the reader is gone. */
	if (opened->kept[AUDIT_KEPT_REGISTERED])
		control_set(&nobody, NULL);
	if (opened->kept[AUDIT_KEPT_PLUGIN])
		unlink(PLUGIN_SOCKET);
	if (opened->kept[AUDIT_KEPT_RULES])
		own_rules_unload(NULL);
	if (opened->kept[AUDIT_KEPT_SETTINGS])
		settings_put_back();
}

static int take_settings(struct tap_opened *ret, struct err *err)
{
	int r = settings_take(err);

	ret->kept[AUDIT_KEPT_SETTINGS] = 1;
	return r;
}

static void note_rules(
    struct tap_opened *ret, const struct own_rules_result *result)
{
	tap_note(ret, "; %u rules of its own, for as long as it runs",
	    result->loaded);
	if (result->others)
		tap_note(ret, ", beside %u that were there", result->others);
	if (result->refused)
		tap_note(ret, "; the kernel refused %u (%s)", result->refused,
		    strerrordesc_np(-result->refused_error));
}

/* What is captured without them is captured: no error ends that. */
static void load_rules(struct tap_opened *ret, bool locked)
{
	struct own_rules_result result;
	struct err why = {""};
	int r;

	if (locked) {
		tap_note(ret,
		    "; none of its own rules is loaded: audit is locked until "
		    "the next boot (auditctl -s: enabled 2)");
		return;
	}
	r = take_settings(ret, &why);
	ret->kept[AUDIT_KEPT_RULES] = 1;
	if (r == 0)
		r = own_rules_load(&result, &why);
	if (r == 0)
		note_rules(ret, &result);
	else
		tap_note(ret, "; its own rules are not loaded: %s", why.text);
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
	r = open_socket(0, &ret->fd[AUDIT_FD_RECORDS], err);
	if (r < 0)
		return r;
	r = control_register(ret->fd[AUDIT_FD_RECORDS], err);
	ret->kept[AUDIT_KEPT_REGISTERED] = r == 0;
	if (r == 0)
		r = take_settings(ret, err);
	if (r < 0) {
		fd_close(&ret->fd[AUDIT_FD_RECORDS]);
		return r;
	}
	snprintf(ret->note, sizeof ret->note,
	    "is the reader of audit records, as there is no audit daemon");
	return 0;
}

/* -EADDRINUSE: another daemon answers there. */
static int bind_plugin(int fd)
{
	const struct sockaddr_un addr = {
	    .sun_family = AF_UNIX, .sun_path = PLUGIN_SOCKET};
	CLEANUP_FD int dir = -1, probe = -1;
	int r = fd_open_dir(AT_FDCWD, "/run/sshtrail", 0755, &dir);
	mode_t old;

	if (r < 0)
		return r;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	if (connect(probe, (const struct sockaddr *)&addr, sizeof addr) == 0)
		return -EADDRINUSE;
	unlink(PLUGIN_SOCKET);
	old = umask(0177); /* root's alone from the first moment on */
	if (bind(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 ||
	    listen(fd, 4) < 0)
		r = -errno;
	umask(old);
	return r;
}

/* Always there, so that auditd may take up its plugin later. */
static void open_plugin(struct tap_opened *ret)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : bind_plugin(fd);

	if (r == 0) {
		ret->fd[AUDIT_FD_PLUGIN] = fd;
		ret->n_fd = AUDIT_N_FDS;
		ret->kept[AUDIT_KEPT_PLUGIN] = 1;
		return;
	}
	fd_close(&fd);
	tap_note(ret, "; not by auditd's plugin: %s",
	    r == -EADDRINUSE ? "another sshtraild takes it"
			     : strerrordesc_np(-r));
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
	    1U << (AUDIT_NLGRP_READLOG - 1), &ret->fd[AUDIT_FD_RECORDS], err);
}

int audit_tap_open(struct tap_opened *ret, const char *path, struct err *err)
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
		r = losses_new(&st, &ret->fd[AUDIT_FD_LOSSES]);
		if (r < 0) {
			fd_close(&ret->fd[AUDIT_FD_RECORDS]);
			err_sys(err, r, "no memory to count losses");
		}
	}
	if (r < 0) {
		audit_tap_release(ret);
		return r;
	}
	ret->n_fd = AUDIT_FD_PLUGIN;
	if (!wish.reader)
		open_plugin(ret);
	if (wish.rules)
		load_rules(ret, st.enabled == LOCKED);
	return 0;
}

void audit_tap_refresh(const struct tap_opened *opened, const char *path)
{
	losses_refresh(opened->fd[AUDIT_FD_LOSSES]);
}
