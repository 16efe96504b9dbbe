/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/masks.h"

#include <errno.h>
#include <inttypes.h>

#include "archive/masks.h"

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

bool masks_hide(struct masks *m)
{
	struct err err = {""};

	m->n++;
	if (!m->what.reveal || *m->err.text)
		return true;
	if (m->recorded)
		return false;
	if (reveal_record(m->cli, &m->what.of, &err) < 0)
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
