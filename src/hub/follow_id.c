/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/follow_id.h"

#include <errno.h>
#include <stdlib.h>

#include "crypto/digest.h"

/* Chains that begin alike are taken for one: it may tell something twice. */
#define BEGIN(chain) ((uint32_t)((chain) >> 32))

static void write_chains(const struct progress *p, struct buf *b)
{
	uint32_t before = 0;

	for (size_t i = 0; i < p->n;) {
		struct query_window w = p->v[i];

		while (++i < p->n && BEGIN(p->v[i].chain) == BEGIN(w.chain)) {
			if (p->v[i].after < w.after)
				w.after = p->v[i].after;
			if (p->v[i].upto > w.upto)
				w.upto = p->v[i].upto;
		}
		buf_add_varint(b, BEGIN(w.chain) - before);
		buf_add_varint(b, w.after);
		buf_add_varint(b, w.upto - w.after);
		before = BEGIN(w.chain);
	}
}

int follow_id_write(const struct progress *p, struct buf *ret)
{
	struct buf b = BUF_INIT;
	char *text;

	write_chains(p, &b);
	if (buf_error(&b) || base64_len(b.n) + p->mark.n + 1 > FOLLOW_ID_MAX) {
		int r = buf_error(&b);

		buf_free(&b);
		return r;
	}
	text = buf_reserve(ret, base64_len(b.n));
	if (text) {
		base64_encode(b.p, b.n, text);
		ret->n += strlen(text);
		buf_add_char(ret, ';');
		buf_add_str(ret, buf_str(&p->mark));
	}
	buf_free(&b);
	return buf_error(ret);
}

struct reading {
	struct progress *p;
	struct str rest;
	struct query_window w; /* read last, of chains that begin with ... */
	uint32_t begin;
	bool any;
};

static int read_next(struct reading *rd)
{
	uint64_t step, after, more;

	if (!varint_get(&rd->rest, &step) || !varint_get(&rd->rest, &after) ||
	    !varint_get(&rd->rest, &more) || step > UINT32_MAX - rd->begin ||
	    (rd->any && step == 0) || after > INT64_MAX || more > INT64_MAX)
		return -EBADMSG;
	rd->begin += (uint32_t)step;
	rd->w = (struct query_window){.after = after, .upto = after + more};
	rd->any = true;
	return 0;
}

/* Chains of the store come in their order, as those of the id. */
static int take_chain(void *ctx, uint64_t chain, uint64_t last)
{
	struct reading *rd = ctx;
	struct query_window *w;
	int r = 0;

	(void)last;
	while (r == 0 && rd->rest.n && (!rd->any || rd->begin < BEGIN(chain)))
		r = read_next(rd);
	if (r < 0 || !rd->any || rd->begin != BEGIN(chain))
		return r;
	w = progress_add(rd->p, chain);
	if (!w)
		return -ENOMEM;
	w->after = rd->w.after;
	w->upto = rd->w.upto;
	return 0;
}

int follow_id_read(
    struct progress *ret, struct store *s, struct str id, struct err *err)
{
	uint8_t *bytes = id.n <= FOLLOW_ID_MAX ? malloc(FOLLOW_ID_MAX) : NULL;
	struct reading rd = {.p = ret};
	struct str chains;
	long n = -1;
	int r = -EBADMSG;

	if (bytes && str_cut(&id, ';', &chains)) {
		n = base64_decode(chains, bytes, FOLLOW_ID_MAX);
		buf_add_str(&ret->mark, id);
	}
	if (n >= 0) {
		rd.rest = str_make(bytes, (size_t)n);
		r = s->ops->chains(s, take_chain, &rd, err);
	}
	/* Of chains that are not here any more, too. */
	while (r == 0 && rd.rest.n)
		r = read_next(&rd);
	free(bytes);
	return r == -EBADMSG
		   ? err_set(
			 err, r, "Last-Event-ID: this is no id that a hub gave")
		   : r;
}
