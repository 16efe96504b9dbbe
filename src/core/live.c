/* SPDX-License-Identifier: Apache-2.0 */
#include "core/live.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "crypto/digest.h"

#define TEXT_MAX 512
#define NOTE_MAX 1024

static const size_t text_members[LIVE_TEXTS] = {
    offsetof(struct track, boot),
    offsetof(struct track, user),
    offsetof(struct track, addr),
    offsetof(struct track, method),
    offsetof(struct track, key_type),
    offsetof(struct track, fp),
    offsetof(struct track, cert_id),
    offsetof(struct track, tty),
    offsetof(struct track, origin),
    offsetof(struct track, reason),
    offsetof(struct track, notes),
};

struct str *live_text(struct live *l, size_t i)
{
	return (struct str *)(void *)((char *)&l->t + text_members[i]);
}

static struct live_host *host_new(struct str name, bool audit)
{
	struct live_host *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->name = name;
	h->audit = audit;
	h->booted = h->serial = h->ses = -1;
	return h;
}

int live_host_key(
    struct correlator *c, const struct live_host *h, struct str *ret)
{
	buf_clear(&c->text);
	buf_add_varint(&c->text, c->log.n);
	buf_add_str(&c->text, buf_str(&c->log));
	buf_add_char(&c->text, h->audit ? 'a' : 'o');
	buf_add_str(&c->text, h->name);
	*ret = buf_str(&c->text);
	return buf_error(&c->text);
}

/* As an earlier part of the log left it. */
static int host_recall(struct correlator *c, struct live_host *h)
{
	struct buf data = BUF_INIT;
	struct str key;
	int err = live_host_key(c, h, &key);

	if (!err && c->memory.load)
		err = c->memory.load(c->memory.ctx, key, &data);
	if (!err && data.n)
		err = live_host_read(c, h, buf_str(&data));
	buf_free(&data);
	return err;
}

int live_host_get(
    struct correlator *c, struct str name, bool audit, struct live_host **ret)
{
	struct live_host **more;
	struct str marked;
	uint32_t id;
	int err;

	*ret = c->last;
	if (c->last && c->last->audit == audit && str_eq(c->last->name, name))
		return 0;
	buf_clear(&c->text);
	buf_add_char(&c->text, audit ? 'a' : 'o');
	buf_add_str(&c->text, name);
	if (buf_error(&c->text))
		return buf_error(&c->text);
	marked = buf_str(&c->text);
	id = intern_find(&c->names, marked);
	if (id == INTERN_NONE && c->n_hosts == LIVE_HOST_MAX) {
		*ret = NULL;
		return 0;
	}
	if (id == INTERN_NONE) {
		more = realloc(c->hosts, (c->n_hosts + 1) * sizeof *c->hosts);
		if (!more)
			return -ENOMEM;
		c->hosts = more;
		id = intern_add(&c->names, marked);
		if (id == INTERN_NONE)
			return -ENOMEM;
	}
	if (id == c->n_hosts) {
		c->hosts[id] =
		    host_new(str_from(intern_str(&c->names, id), 1), audit);
		if (!c->hosts[id])
			return -ENOMEM;
		c->n_hosts++;
		err = host_recall(c, c->hosts[id]);
		if (err)
			return err;
	}
	*ret = c->last = c->hosts[id];
	return 0;
}

uint64_t index_key(enum index_role role, uint64_t value)
{
	return (uint64_t)role << 32 | (value & UINT32_MAX);
}

uint64_t index_key_str(const struct correlator *c, enum index_role role,
    struct str s, int64_t number)
{
	uint64_t v = siphash(c->key, s.p, s.n) ^ hash_u64((uint64_t)number) ^
		     hash_u64(role);

	return hash_u64(v) | (uint64_t)1 << 63;
}

struct live *live_find(const struct live_host *h, uint64_t key)
{
	uint64_t *v = map_get(&h->index, key);

	return v ? (struct live *)(uintptr_t)*v : NULL;
}

static void index_drop(const struct live *l, uint64_t key)
{
	if (live_find(l->host, key) == l)
		map_del(&l->host->index, key);
}

/* Goes round, so that it has no end. */
static unsigned next_n_keys(unsigned n)
{
	return n + 1 < 2 * LIVE_KEYS ? n + 1 : LIVE_KEYS;
}

int live_index(struct live *l, uint64_t key)
{
	uint64_t *v = map_put(&l->host->index, key);
	unsigned n = l->n_keys < LIVE_KEYS ? l->n_keys : LIVE_KEYS;

	if (!v)
		return -ENOMEM;
	*v = (uintptr_t)l;
	for (unsigned i = 0; i < n; i++)
		if (l->keys[i] == key)
			return 0;
	/*
	 * The first half are the track's own (ses, pid, peer, terminal) and
	 * stay; the rest are processes under it, of which the newest count.
	 */
	n = l->n_keys < LIVE_KEYS ? l->n_keys
				  : LIVE_KEYS / 2 + l->n_keys % (LIVE_KEYS / 2);
	/* No key stands for none: that of the audit session 0 is 0. */
	if (l->n_keys >= LIVE_KEYS)
		index_drop(l, l->keys[n]);
	l->keys[n] = key;
	l->n_keys = next_n_keys(l->n_keys);
	return 0;
}

static void list_add(struct live_list *list, struct live *l)
{
	l->newer = NULL;
	l->older = list->newest;
	if (l->older)
		l->older->newer = l;
	else
		list->oldest = l;
	list->newest = l;
	list->n++;
}

static void list_del(struct live_list *list, struct live *l)
{
	*(l->newer ? &l->newer->older : &list->newest) = l->older;
	*(l->older ? &l->older->newer : &list->oldest) = l->newer;
	list->n--;
}

void live_change(struct correlator *c, struct live *l)
{
	if (l->dirty)
		return;
	l->dirty = true;
	l->next_dirty = NULL;
	*c->dirty_end = l;
	c->dirty_end = &l->next_dirty;
}

void live_touch(struct correlator *c, struct live *l, int64_t t)
{
	struct live_list *list = &l->host->list[l->t.kind];

	l->touched = t;
	if (list->newest != l && !l->dead) {
		list_del(list, l);
		list_add(list, l);
	}
	live_change(c, l);
}

void live_kill(struct correlator *c, struct live *l)
{
	unsigned n = l->n_keys < LIVE_KEYS ? l->n_keys : LIVE_KEYS;

	live_user_close(l);
	for (unsigned i = 0; i < n; i++)
		index_drop(l, l->keys[i]);
	list_del(&l->host->list[l->t.kind], l);
	l->dead = true;
	live_change(c, l);
}

void live_kill_all(
    struct correlator *c, struct live_host *h, enum track_kind kind)
{
	while (h->list[kind].oldest)
		live_kill(c, h->list[kind].oldest);
}

int live_end_all(struct correlator *c, struct live_host *h,
    enum track_kind kind, int64_t time)
{
	for (struct live *l = h->list[kind].newest; l; l = l->older) {
		int err;

		if (l->t.flags & TRACK_CLOSED)
			continue;
		l->t.flags |= TRACK_INFERRED;
		err = live_note(l, STR("no end was recorded: the host was "
				       "restarted"));
		if (!err)
			err = facts_close(
			    l, time < 0 ? l->t.end : time, TRACK_RESTARTED);
		if (err)
			return err;
	}
	live_kill_all(c, h, kind);
	return 0;
}

int live_set_boot(struct live_host *h, enum track_kind kind, struct str id)
{
	char *copy = malloc(id.n);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, id.p, id.n);
	free((void *)(uintptr_t)h->boot[kind].p);
	h->boot[kind] = str_make(copy, id.n);
	return 0;
}

/* Forgets what is too old or too much; a few at a time, as one comes. */
static void list_trim(struct correlator *c, struct live_list *list, int64_t now)
{
	for (unsigned i = 0; i < 4 && list->oldest; i++) {
		struct live *l = list->oldest;
		bool old =
		    l->t.flags & TRACK_CLOSED && now - LIVE_FORGET > l->touched;

		if (!old && list->n < LIVE_MAX)
			return;
		live_kill(c, l);
	}
}

/* Parts are delimited by their lengths, so that none can pass for another. */
static uint64_t make_id(struct correlator *c, const struct track *t,
    const struct event *ev, struct str identity)
{
	const struct str source = ev->source;
	uint64_t id;

	buf_clear(&c->text);
	buf_add_varint(&c->text, t->host.n);
	buf_add_str(&c->text, t->host);
	buf_add_varint(&c->text, (uint64_t)t->kind);
	buf_add_varint(&c->text, source.n);
	buf_add_str(&c->text, source);
	buf_add_varint(&c->text, identity.n);
	buf_add_str(&c->text, identity);
	buf_add_u64le(&c->text, (uint64_t)t->start);
	/* The event it amends may have begun the track of another import. */
	if (event_int(ev, F_AMENDS, 0))
		buf_add_varint(&c->text, 1);
	id = siphash(c->key, c->text.p, c->text.n);
	return id ? id : 1;
}

struct live *live_add(struct live_host *h, enum track_kind kind)
{
	struct live *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->host = h;
	l->sftp = l->opened = -1;
	l->t = (struct track){.kind = kind,
	    .host = h->name,
	    .login = -1,
	    .ses = -1,
	    .auid = -1,
	    .pid = -1,
	    .child_pid = -1,
	    .port = -1,
	    .bytes_in = -1,
	    .bytes_out = -1};
	list_add(&h->list[kind], l);
	return l;
}

int live_new(struct correlator *c, struct live_host *h, enum track_kind kind,
    const struct event *ev, struct str identity, struct live **ret)
{
	struct live *l;

	list_trim(c, &h->list[kind], ev->time);
	l = live_add(h, kind);
	if (!l)
		return -ENOMEM;
	l->touched = l->t.start = l->t.end = ev->time;
	l->t.id = make_id(c, &l->t, ev, identity);
	live_change(c, l);
	if (buf_error(&c->text) || live_set(l, &l->t.boot, ev->boot))
		return -ENOMEM;
	*ret = l;
	return 0;
}

int live_user_open(struct correlator *c, struct live *l)
{
	uint64_t key = index_key_str(c, INDEX_USER, l->t.user, 0);
	uint64_t *v;

	if (l->user_key == key)
		return 0;
	live_user_close(l);
	v = map_put(&l->host->index, key);
	if (!v)
		return -ENOMEM;
	l->user_older = (struct live *)(uintptr_t)*v;
	l->user_newer = NULL;
	if (l->user_older)
		l->user_older->user_newer = l;
	*v = (uintptr_t)l;
	l->user_key = key;
	l->user_number = ++l->host->n_user;
	return 0;
}

void live_user_close(struct live *l)
{
	uint64_t *v;

	if (!l->user_key)
		return;
	if (l->user_older)
		l->user_older->user_newer = l->user_newer;
	if (l->user_newer)
		l->user_newer->user_older = l->user_older;
	else if (!l->user_older)
		map_del(&l->host->index, l->user_key);
	else if ((v = map_get(&l->host->index, l->user_key)))
		*v = (uintptr_t)l->user_older;
	l->user_key = l->user_number = 0;
	l->user_newer = l->user_older = NULL;
}

int live_set(struct live *l, struct str *dst, struct str s)
{
	size_t max = dst == &l->t.notes ? NOTE_MAX : TEXT_MAX;
	char *copy;

	s = str_upto(s, max);
	if (s.n == 0 || str_eq(*dst, s))
		return 0;
	copy = malloc(s.n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, s.p, s.n);
	free((void *)(uintptr_t)dst->p);
	*dst = str_make(copy, s.n);
	return 0;
}

int live_note(struct live *l, struct str note)
{
	struct buf b = BUF_INIT;
	int err;

	if (str_find(l->t.notes, note) != STR_NPOS)
		return 0;
	buf_add_str(&b, l->t.notes);
	buf_add_str(&b, l->t.notes.n ? STR("; ") : STR(""));
	buf_add_str(&b, note);
	err = buf_error(&b);
	if (!err)
		err = live_set(l, &l->t.notes, buf_str(&b));
	buf_free(&b);
	return err;
}

int live_inferred(
    struct correlator *c, struct event *ev, struct live *l, struct str why)
{
	buf_clear(&c->text);
	buf_add_str(&c->text, event_str(ev, F_INFERRED));
	buf_add_str(&c->text, c->text.n ? STR("; ") : STR(""));
	buf_add_str(&c->text, why);
	event_set_str(ev, F_INFERRED, buf_str(&c->text));
	l->t.flags |= TRACK_INFERRED;
	return buf_error(&c->text);
}

int live_add_boot(
    struct correlator *c, struct live_host *h, struct str id, int64_t time)
{
	if (array_grow(&c->boots, c->n_boots, &c->cap_boots, sizeof *c->boots) <
	    0)
		return -ENOMEM;
	if (id.n)
		id = arena_dup(&c->boot_text, id);
	c->boots[c->n_boots++] = (struct boot){h->name, id, time};
	return 0;
}

static void live_free(struct live *l)
{
	for (size_t i = 0; i < LIVE_TEXTS; i++)
		free((void *)(uintptr_t)live_text(l, i)->p);
	free(l);
}

void live_forget(struct correlator *c, struct live_host *h)
{
	for (unsigned k = 0; k < TRACK_N_KINDS; k++) {
		live_kill_all(c, h, (enum track_kind)k);
		free((void *)(uintptr_t)h->boot[k].p);
		h->boot[k] = STR_NONE;
	}
	procs_clear(&h->procs);
	h->booted = h->serial = h->ses = -1;
	h->login_since = h->agent_started = false;
}

void live_free_all(struct correlator *c)
{
	for (size_t i = 0; i < c->n_hosts; i++) {
		live_forget(c, c->hosts[i]);
		map_free(&c->hosts[i]->index);
		free(c->hosts[i]);
	}
	c->n_hosts = 0;
	c->last = NULL;
	intern_clear(&c->names);
	while (c->dirty) {
		struct live *l = c->dirty;

		c->dirty = l->next_dirty;
		live_free(l);
	}
	c->dirty_end = &c->dirty;
}

int correlator_drain(struct correlator *c, const struct correlate_sink *sink)
{
	int err = 0;

	for (size_t i = 0; i < c->n_boots && !err; i++)
		err = sink->boot ? sink->boot(sink->ctx, &c->boots[i]) : 0;
	if (err)
		return err;
	c->n_boots = 0;
	arena_reset(&c->boot_text);
	while (c->dirty) {
		struct live *l = c->dirty;

		err = sink->track ? sink->track(sink->ctx, &l->t) : 0;
		if (err)
			return err;
		c->dirty = l->next_dirty;
		if (!c->dirty)
			c->dirty_end = &c->dirty;
		l->dirty = false;
		if (l->dead)
			live_free(l);
	}
	return 0;
}
