/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/place.h"

#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/fd.h"

#define HEAD	 "sshtrail place 1\n"
#define FILE_MAX ((size_t)64 << 20)

void place_free(struct place *p)
{
	free(p->v);
	buf_free(&p->mark);
	*p = (struct place){.v = NULL};
}

static struct query_window *add(struct place *p, size_t at, uint64_t chain)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 8;
		void *v = realloc(p->v, cap * sizeof *p->v);

		if (!v)
			return NULL;
		p->v = v;
		p->cap = cap;
	}
	memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof *p->v);
	p->v[at] = (struct query_window){.chain = chain};
	p->n++;
	return &p->v[at];
}

static bool parse_line(struct place *p, struct str line)
{
	struct str chain, after;
	struct query_window w = {0}, *at;

	if (str_skip(&line, STR("mark "))) {
		buf_add_str(&p->mark, line);
		return buf_error(&p->mark) == 0;
	}
	if (!str_cut(&line, ' ', &chain) || !str_cut(&line, ' ', &after) ||
	    !str_hex64(chain, &w.chain) || !str_u64(after, &w.after) ||
	    !str_u64(line, &w.upto))
		return false;
	if (p->n && p->v[p->n - 1].chain >= w.chain)
		return false;
	at = add(p, p->n, w.chain);
	if (at)
		*at = w;
	return at != NULL;
}

bool place_parse(struct place *p, struct str text)
{
	struct str body = text, line, sum;
	size_t at = str_rfind(text, STR("\nsum "));
	uint64_t crc;

	if (at == STR_NPOS || !str_skip(&body, STR(HEAD)))
		return false;
	sum = str_from(text, at + 5);
	if (!str_chop(&sum, STR("\n")) || !str_hex64(sum, &crc) ||
	    crc != crc32c(0, text.p, at + 1))
		return false;
	body = str_upto(body, at + 1 - sizeof HEAD + 1);
	while (body.n) {
		str_cut(&body, '\n', &line);
		if (!parse_line(p, line))
			return false;
	}
	return true;
}

int place_load(struct place *p, int dirfd, const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	int r = fd_read_file(dirfd, file, FILE_MAX, &text);

	if (r < 0)
		err_sys(err, r, "cannot read the place %s", file);
	else if (!place_parse(p, buf_str(&text)))
		r = err_set(err, -EBADMSG,
		    "the place %s is damaged; remove it to forward everything "
		    "again",
		    file);
	buf_free(&text);
	return r;
}

int place_write(const struct place *p, struct buf *b)
{
	const size_t begin = b->n;

	buf_add_z(b, HEAD);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(b, "%016llx %llu %llu\n",
		    (unsigned long long)p->v[i].chain,
		    (unsigned long long)p->v[i].after,
		    (unsigned long long)p->v[i].upto);
	if (p->mark.n)
		buf_printf(b, "mark %.*s\n", STR_ARG(buf_str(&p->mark)));
	if (buf_error(b) == 0)
		buf_printf(
		    b, "sum %08x\n", crc32c(0, b->p + begin, b->n - begin));
	return buf_error(b);
}

int place_save(
    const struct place *p, int dirfd, const char *file, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = place_write(p, &b);

	if (r == 0)
		r = fd_replace_file(dirfd, file, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "cannot keep the place %s", file) : 0;
}

struct looking {
	struct place *p;
	size_t at;
	bool open; /* new windows may be opened */
	uint64_t behind;
};

static int look_chain(void *ctx, uint64_t chain, uint64_t last)
{
	struct looking *l = ctx;
	struct place *p = l->p;
	struct query_window *w;

	while (l->at < p->n && p->v[l->at].chain < chain)
		l->at++;
	if (l->at < p->n && p->v[l->at].chain == chain)
		w = &p->v[l->at];
	else if (!l->open)
		w = NULL;
	else if (!(w = add(p, l->at, chain)))
		return -ENOMEM;
	/* An index that is being made again is behind for a while. */
	if (w && l->open)
		w->upto = last > w->after ? last : w->after;
	if (!w)
		l->behind += last;
	else if (last > w->after)
		l->behind += last - w->after;
	return 0;
}

int place_look(
    struct place *p, struct store *s, uint64_t *ret_behind, struct err *err)
{
	struct looking l = {.p = p, .open = p->mark.n == 0};
	int r = s->ops->chains(s, look_chain, &l, err);

	*ret_behind = l.behind;
	return r;
}

void place_done(struct place *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->v[i].after = p->v[i].upto;
	buf_clear(&p->mark);
}
