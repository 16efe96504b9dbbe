/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/places.h"

#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/fd.h"

#define FILE_NAME "places"
#define FILE_MAX  ((size_t)64 << 10)

static int find(const struct places *p, struct str tap)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eqz(tap, p->v[i].name))
			return (int)i;
	return -1;
}

static int put(struct places *p, struct str tap, struct str place)
{
	int at = find(p, tap);
	struct buf *b;

	if (at < 0) {
		if (p->n == PLACES_MAX || tap.n >= sizeof p->v[0].name)
			return -ENOSPC;
		at = (int)p->n++;
		memcpy(p->v[at].name, tap.p, tap.n);
		p->v[at].name[tap.n] = '\0';
	}
	b = &p->v[at].place;
	buf_clear(b);
	buf_add_str(b, place);
	buf_add_char(b, '\0');
	return buf_error(b);
}

int places_open(struct places *p, const char *dir, struct err *err)
{
	struct str rest, line, tap;
	int r;

	*p = (struct places){.open = true};
	p->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dirfd < 0)
		return err_sys(err, -errno, "%s", dir);
	r = fd_read_file(p->dirfd, FILE_NAME, FILE_MAX, &p->saved);
	if (r < 0)
		buf_clear(&p->saved);
	rest = buf_str(&p->saved);
	while (rest.n && r >= 0) {
		str_cut(&rest, '\n', &line);
		if (str_cut(&line, ' ', &tap) && line.n)
			r = put(p, tap, line);
	}
	return r == -ENOMEM ? err_sys(err, r, "%s/" FILE_NAME, dir) : 0;
}

void places_close(struct places *p)
{
	if (!p->open)
		return;
	for (size_t i = 0; i < p->n; i++)
		buf_free(&p->v[i].place);
	buf_free(&p->saved);
	fd_close(&p->dirfd);
	p->open = false;
}

const char *places_get(const struct places *p, const char *tap)
{
	int at = find(p, str_z(tap));

	return at < 0 || p->v[at].place.n <= 1 ? NULL : p->v[at].place.p;
}

int places_set(struct places *p, const char *tap, struct str place)
{
	return put(p, str_z(tap), place);
}

int places_save(struct places *p, struct err *err)
{
	struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].place.n > 1)
			buf_printf(
			    &b, "%s %s\n", p->v[i].name, p->v[i].place.p);
	r = buf_error(&b);
	if (r == 0 && !str_eq(buf_str(&b), buf_str(&p->saved))) {
		r = fd_replace_file(p->dirfd, FILE_NAME, 0600, b.p, b.n);
		if (r == 0) {
			buf_free(&p->saved);
			p->saved = b;
			return 0;
		}
	}
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "cannot write " FILE_NAME) : 0;
}
