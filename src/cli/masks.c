/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/fd.h"

int masks_open(struct masks *m, struct cli *c)
{
	struct buf path = BUF_INIT, content = BUF_INIT;
	struct err err = {""};
	int r;

	m->reveal = false;
	m->n = 0;
	m->mem = ARENA_INIT;
	mask_init(&m->mask);
	buf_printf(&path, "%.*s/masks", STR_ARG(buf_str(&c->dir)));
	if (!buf_z(&path))
		return cli_fail(c, "masks: out of memory");
	r = fd_read_file(AT_FDCWD, path.p, MASK_FILE_MAX, &content);
	if (r == 0)
		r = mask_read(&m->mask, path.p, buf_str(&content), &err);
	else if (r == -ENOENT)
		r = 0;
	else
		err_sys(&err, r, "%s", path.p);
	buf_free(&path);
	buf_free(&content);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

void masks_free(struct masks *m)
{
	mask_free(&m->mask);
	arena_free(&m->mem);
}

int masks_event(struct masks *m, const struct event *ev, struct event *ret)
{
	int64_t n;

	*ret = *ev;
	if (m->reveal)
		return 0;
	arena_reset(&m->mem);
	n = mask_event(&m->mask, ret, &m->mem);
	m->n += n > 0 ? (uint64_t)n : 0;
	return n < 0 ? (int)n : 0;
}

void masks_tell(const struct masks *m, struct cli *c)
{
	if (m->n)
		cli_note(c,
		    "%" PRIu64 " %s masked; --reveal shows %s, and is recorded",
		    m->n, m->n == 1 ? "secret" : "secrets",
		    m->n == 1 ? "it" : "them");
}

static void set_id(struct event *ev, enum field f, const char *file)
{
	uint32_t id = fd_read_u32(file);

	if (id != AUDIT_UNSET)
		event_set_int(ev, f, id);
}

static void tell_who(struct event *ev)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *tty = ttyname(STDIN_FILENO);
	struct str name = str_z(tty ? tty : ttyname(STDERR_FILENO));

	str_skip(&name, STR("/dev/"));
	event_set_str(ev, F_TTY, name);
	event_set_str(ev, F_USER, str_z(pw ? pw->pw_name : NULL));
	event_set_int(ev, F_UID, (int64_t)getuid());
	event_set_int(ev, F_PID, getpid());
	set_id(ev, F_AUID, "/proc/self/loginuid");
	set_id(ev, F_SES, "/proc/self/sessionid");
}

static int append(struct cli *c, struct event *ev, struct err *err)
{
	struct archive *archive = NULL;
	char chain[80];
	int r = archive_open(&archive, c->dir.p, ARCHIVE_WRITE, err);

	if (r < 0)
		return r;
	snprintf(chain, sizeof chain, "reveal:%.64s", ev->host.p);
	r = archive_begin(archive, chain, err);
	if (r == 0)
		r = archive_append(archive, ev, err);
	if (r == 0)
		r = archive_commit(archive, err);
	archive_close(archive);
	return r;
}

int masks_reveal(
    struct masks *m, struct cli *c, const char *command, uint64_t session)
{
	char host[65] = "localhost", what[32] = "all sessions";
	struct err err = {""};
	struct event ev;

	/* A name that is cut has no NUL. */
	(void)gethostname(host, sizeof host - 1);
	if (session)
		snprintf(what, sizeof what, "session %016" PRIx64, session);
	event_init(&ev, EVENT_REVEAL);
	ev.time = c->now;
	ev.host = str_z(host);
	ev.source = STR("sshtrail");
	tell_who(&ev);
	event_set_str(&ev, F_CMD, str_z(command));
	event_set_str(&ev, F_TEXT, str_z(what));
	if (append(c, &ev, &err) < 0)
		return cli_fail(c,
		    "--reveal: it cannot be recorded in the store that secrets "
		    "are shown, so they are not: %s",
		    err.text);
	m->reveal = true;
	return CLI_FOUND;
}
