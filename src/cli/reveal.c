/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reveal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/beside.h"
#include "cli/daemon.h"
#include "cli/own.h"

static int append_indexed(
    struct cli *c, const char *chain, struct event *ev, struct err *err)
{
	struct archive *archive = NULL;
	int r = archive_open(&archive, c->dir.p, ARCHIVE_WRITE, err);

	if (r < 0)
		return r;
	r = archive_begin(archive, chain, err);
	if (r == 0)
		r = archive_append(archive, ev, err);
	if (r == 0)
		r = archive_commit(archive, err);
	archive_close(archive);
	return r;
}

static int append(
    struct cli *c, const struct reveal *of, const char *text, struct err *err)
{
	char host[65] = "localhost", chain[80];
	struct event ev;
	int r;

	/* A name that is cut has no NUL. */
	(void)gethostname(host, sizeof host - 1);
	snprintf(chain, sizeof chain, "reveal:%s", host);
	event_init(&ev, EVENT_REVEAL);
	ev.time = c->now;
	ev.host = str_z(host);
	ev.source = STR("sshtrail");
	own_tell(&ev);
	event_set_str(&ev, F_CMD, str_z(of->command));
	event_set_str(&ev, F_TEXT, str_z(text));
	r = append_indexed(c, chain, &ev, err);
	if (r == -EBUSY && beside_is_hub(c->dir.p))
		r = beside_append(c->dir.p, chain, &ev, err);
	return r;
}

/* By the daemon, if it is the one that writes to this store. */
static int ask_daemon(
    struct cli *c, const struct reveal *of, const char *text, struct err *err)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct str tty = own_tty(), said;
	struct stat st;
	int r;

	if (stat(c->dir.p, &st) < 0)
		return err_sys(err, -errno, "%s", c->dir.p);
	buf_printf(&request, "reveal %ju:%ju\t%.*s\t%s\t%s\n",
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, STR_ARG(tty),
	    of->command, text);
	r = buf_error(&request)
		? -buf_error(&request)
		: daemon_ask(of->socket, buf_str(&request), &answer);
	said = str_trim(buf_str(&answer));
	if (r)
		r = err_set(err, -EIO, "%s", daemon_advice(r));
	else if (!str_eq(said, STR("recorded")))
		r = err_set(err, -EIO, "%.*s", STR_ARG(said));
	buf_free(&request);
	buf_free(&answer);
	return r;
}

int reveal_record(struct cli *c, const struct reveal *of, struct err *err)
{
	struct err daemon = {""};
	char text[32] = "all sessions";
	int r;

	if (of->session)
		snprintf(text, sizeof text, "session %016" PRIx64, of->session);
	if (ask_daemon(c, of, text, &daemon) == 0)
		return 0;
	r = append(c, of, text, err);
	if (r == -EBUSY || r == -EACCES || r == -EPERM || r == -EROFS) {
		size_t n = strlen(err->text);

		snprintf(err->text + n, sizeof err->text - n, "; at %s: %s",
		    of->socket, daemon.text);
	}
	return r;
}
