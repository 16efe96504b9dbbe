/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/masks.h"
#include "base/fd.h"
#include "cli/daemon.h"
#include "cli/own.h"

int masks_open(struct masks *m, struct cli *c, const struct masks_for *what)
{
	struct err err = {""};
	int r;

	*m = (struct masks){.cli = c, .what = *what, .mem = ARENA_INIT};
	r = archive_masks(&m->mask, c->dir.p, &err);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

void masks_free(struct masks *m)
{
	mask_free(&m->mask);
	arena_free(&m->mem);
}

static int append(struct masks *m, const char *of, struct err *err)
{
	char host[65] = "localhost", chain[80];
	struct archive *archive = NULL;
	struct event ev;
	int r = archive_open(&archive, m->cli->dir.p, ARCHIVE_WRITE, err);

	if (r < 0)
		return r;
	/* A name that is cut has no NUL. */
	(void)gethostname(host, sizeof host - 1);
	snprintf(chain, sizeof chain, "reveal:%s", host);
	event_init(&ev, EVENT_REVEAL);
	ev.time = m->cli->now;
	ev.host = str_z(host);
	ev.source = STR("sshtrail");
	own_tell(&ev);
	event_set_str(&ev, F_CMD, str_z(m->what.command));
	event_set_str(&ev, F_TEXT, str_z(of));
	r = archive_begin(archive, chain, err);
	if (r == 0)
		r = archive_append(archive, &ev, err);
	if (r == 0)
		r = archive_commit(archive, err);
	archive_close(archive);
	return r;
}

/* By the daemon, if it is the one that writes to this store. */
static int ask_daemon(struct masks *m, const char *of, struct err *err)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct str tty = own_tty(), said;
	struct stat st;
	int r;

	if (stat(m->cli->dir.p, &st) < 0)
		return err_sys(err, -errno, "%s", m->cli->dir.p);
	buf_printf(&request, "reveal %ju:%ju\t%.*s\t%s\t%s\n",
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, STR_ARG(tty),
	    m->what.command, of);
	r = buf_error(&request)
		? -buf_error(&request)
		: daemon_ask(m->what.socket, buf_str(&request), &answer);
	said = str_trim(buf_str(&answer));
	if (r)
		r = err_set(err, -EIO, "%s", daemon_advice(r));
	else if (!str_eq(said, STR("recorded")))
		r = err_set(err, -EIO, "%.*s", STR_ARG(said));
	buf_free(&request);
	buf_free(&answer);
	return r;
}

static int record(struct masks *m, struct err *err)
{
	struct err daemon = {""};
	char of[32] = "all sessions";
	int r;

	if (m->what.session)
		snprintf(of, sizeof of, "session %016" PRIx64, m->what.session);
	if (ask_daemon(m, of, &daemon) == 0)
		return 0;
	r = append(m, of, err);
	if (r == -EBUSY || r == -EACCES || r == -EPERM || r == -EROFS) {
		size_t n = strlen(err->text);

		snprintf(err->text + n, sizeof err->text - n, "; at %s: %s",
		    m->what.socket, daemon.text);
	}
	return r;
}

bool masks_hide(struct masks *m)
{
	struct err err = {""};

	m->n++;
	if (!m->what.reveal || *m->err.text)
		return true;
	if (m->recorded)
		return false;
	if (record(m, &err) < 0)
		err_set(&m->err, -ECANCELED,
		    "--reveal: it cannot be recorded in the store that secrets "
		    "are shown, so they are not: %s",
		    err.text);
	else
		m->recorded = true;
	return !m->recorded;
}

/* Whether all of n secrets may be shown. */
static bool may_show(struct masks *m, int64_t n)
{
	bool hide = false;

	while (n-- > 0)
		hide |= masks_hide(m);
	return !hide;
}

int masks_event(struct masks *m, const struct event *ev, struct event *ret)
{
	int64_t n;

	*ret = *ev;
	arena_reset(&m->mem);
	n = mask_event(&m->mask, ret, &m->mem);
	if (n < 0)
		return (int)n;
	if (may_show(m, n))
		*ret = *ev;
	return *m->err.text ? -ECANCELED : 0;
}

struct str masks_text(struct masks *m, struct str text, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct str masked = text;

	if (!may_show(m, (int64_t)mask_text(&m->mask, text, &b)))
		masked = arena_dup(a, buf_str(&b));
	/* Rather nothing than what could not be masked. */
	if (buf_error(&b) || !masked.p)
		masked = STR_NONE;
	buf_free(&b);
	return masked;
}

void masks_tell(const struct masks *m)
{
	const bool one = m->n == 1;

	if (m->n == 0 || *m->err.text)
		return;
	if (m->recorded)
		cli_note(m->cli,
		    "%" PRIu64 " %s shown; that is recorded in the store", m->n,
		    one ? "secret" : "secrets");
	else
		cli_note(m->cli,
		    "%" PRIu64 " %s masked; --reveal shows %s, and is recorded",
		    m->n, one ? "secret" : "secrets", one ? "it" : "them");
}
