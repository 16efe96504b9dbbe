/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a host, as bytes: numbers of variable length and strings
 * behind their length, in the order of the tables and loops below. Read by the
 * version that wrote it only: a change here needs a new CATALOGUE_FORMAT.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/live.h"

static const size_t number_at[] = {offsetof(struct live, t.start),
    offsetof(struct live, t.end), offsetof(struct live, t.login),
    offsetof(struct live, t.ses), offsetof(struct live, t.auid),
    offsetof(struct live, t.pid), offsetof(struct live, t.child_pid),
    offsetof(struct live, t.port), offsetof(struct live, t.n_exec),
    offsetof(struct live, t.n_file), offsetof(struct live, t.n_auth_fail),
    offsetof(struct live, t.n_priv), offsetof(struct live, t.bytes_in),
    offsetof(struct live, t.bytes_out), offsetof(struct live, touched),
    offsetof(struct live, sftp), offsetof(struct live, opened)};

#define N_NUMBERS (sizeof number_at / sizeof number_at[0])

static int64_t *number(struct live *l, size_t i)
{
	return (int64_t *)(void *)((char *)l + number_at[i]);
}

static void put_int(struct buf *b, int64_t v)
{
	buf_add_varint(b, zigzag(v));
}

static void put_str(struct buf *b, struct str s)
{
	buf_add_varint(b, s.n);
	buf_add_str(b, s);
}

static void put_live(struct live *l, struct buf *b)
{
	unsigned n = l->n_keys < LIVE_KEYS ? l->n_keys : LIVE_KEYS;

	buf_add_u64le(b, l->t.id);
	buf_add_varint(b, l->t.flags);
	buf_add_varint(b, l->verbose);
	buf_add_varint(b, l->user_number);
	for (size_t i = 0; i < N_NUMBERS; i++)
		put_int(b, *number(l, i));
	for (size_t i = 0; i < LIVE_TEXTS; i++)
		put_str(b, *live_text(l, i));
	buf_add_varint(b, l->n_keys);
	for (unsigned i = 0; i < n; i++) {
		buf_add_u64le(b, l->keys[i]);
		/* Others may be found by it since. */
		buf_add_varint(b, live_find(l->host, l->keys[i]) == l);
	}
}

static void put_procs(const struct procs *p, struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; p->slots && i < PROCS_MAX; i++)
		n += p->slots[i].pid != 0;
	buf_add_varint(b, n);
	for (size_t i = 0; n && i < PROCS_MAX; i++) {
		const struct proc *s = &p->slots[i];

		if (!s->pid)
			continue;
		buf_add_varint(b, s->pid);
		buf_add_varint(b, (uint64_t)s->shell | (uint64_t)s->setup << 1);
		buf_add_varint(b, s->ses);
	}
}

void live_host_put(struct live_host *h, struct buf *b)
{
	buf_add_varint(b, h->part);
	put_int(b, h->begun);
	put_int(b, h->told);
	put_int(b, h->booted);
	put_int(b, h->serial);
	put_int(b, h->ses);
	buf_add_varint(b, h->login_since);
	buf_add_varint(b, h->agent_started);
	for (unsigned k = 0; k < TRACK_N_KINDS; k++) {
		put_str(b, h->boot[k]);
		buf_add_varint(b, h->list[k].n);
		for (struct live *l = h->list[k].oldest; l; l = l->newer)
			put_live(l, b);
	}
	put_procs(&h->procs, b);
}

/* What is left to read; damaged once something was not there. */
struct reading {
	struct correlator *c;
	struct live_host *h;
	struct str data;
	int err;
};

static uint64_t get_uint(struct reading *r)
{
	uint64_t v = 0;

	if (!varint_get(&r->data, &v))
		r->err = -EBADMSG;
	return v;
}

static int64_t get_int(struct reading *r)
{
	return unzigzag(get_uint(r));
}

static struct str get_bytes(struct reading *r, size_t n)
{
	struct str s = str_upto(r->data, n);

	if (s.n < n)
		r->err = -EBADMSG;
	r->data = str_from(r->data, n);
	return s;
}

static uint64_t get_u64(struct reading *r)
{
	struct str s = get_bytes(r, 8);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
	return v;
}

static struct str get_str(struct reading *r)
{
	return get_bytes(r, get_uint(r));
}

static void get_keys(struct reading *r, struct live *l)
{
	uint64_t n_keys = get_uint(r);

	l->n_keys = (unsigned)n_keys;
	for (uint64_t i = 0; i < n_keys && i < LIVE_KEYS && !r->err; i++) {
		uint64_t *v;

		l->keys[i] = get_u64(r);
		if (!get_uint(r))
			continue;
		v = map_put(&r->h->index, l->keys[i]);
		if (!v)
			r->err = -ENOMEM;
		else
			*v = (uintptr_t)l;
	}
}

static void get_live(struct reading *r, enum track_kind kind)
{
	struct live *l = live_add(r->h, kind);

	if (!l) {
		r->err = -ENOMEM;
		return;
	}
	l->t.id = get_u64(r);
	l->t.flags = (unsigned)get_uint(r);
	l->verbose = get_uint(r) != 0;
	l->user_number = get_uint(r);
	for (size_t i = 0; i < N_NUMBERS; i++)
		*number(l, i) = get_int(r);
	for (size_t i = 0; i < LIVE_TEXTS && !r->err; i++)
		if (live_set(l, live_text(l, i), get_str(r)))
			r->err = -ENOMEM;
	get_keys(r, l);
}

static void get_procs(struct reading *r)
{
	for (uint64_t n = get_uint(r); n && !r->err; n--) {
		struct proc p = {.pid = (uint32_t)get_uint(r)};
		uint64_t bits = get_uint(r);

		p.shell = bits & 1;
		p.setup = bits & 2;
		p.ses = get_uint(r);
		if (procs_put(&r->h->procs, &p))
			r->err = -ENOMEM;
	}
}

static int cmp_user_number(const void *va, const void *vb)
{
	const struct live *a = *(struct live *const *)va;
	const struct live *b = *(struct live *const *)vb;

	return (a->user_number > b->user_number) -
	       (a->user_number < b->user_number);
}

/* Open connections of each user, in the order in which they were opened. */
static int open_users(struct correlator *c, struct live_host *h)
{
	struct live_list *list = &h->list[TRACK_CONN];
	struct live **open = calloc(list->n + 1, sizeof(struct live *));
	size_t n = 0;
	int err = 0;

	if (!open)
		return -ENOMEM;
	for (struct live *l = list->oldest; l; l = l->newer)
		if (l->user_number)
			open[n++] = l;
	qsort(open, n, sizeof(struct live *), cmp_user_number);
	for (size_t i = 0; i < n && !err; i++)
		err = live_user_open(c, open[i]);
	free(open);
	return err;
}

int live_host_read(struct correlator *c, struct live_host *h, struct str data)
{
	struct reading r = {c, h, data, 0};

	h->part = get_uint(&r);
	h->begun = get_int(&r);
	h->told = get_int(&r);
	h->booted = get_int(&r);
	h->serial = get_int(&r);
	h->ses = get_int(&r);
	h->login_since = get_uint(&r);
	h->agent_started = get_uint(&r);
	for (unsigned k = 0; k < TRACK_N_KINDS && !r.err; k++) {
		struct str boot = get_str(&r);

		if (boot.n && live_set_boot(h, (enum track_kind)k, boot))
			return -ENOMEM;
		for (uint64_t n = get_uint(&r); n && !r.err; n--)
			get_live(&r, (enum track_kind)k);
	}
	get_procs(&r);
	return r.err ? r.err : open_users(c, h);
}
