/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/known.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

#define CHUNK ((size_t)256 << 10)

void known_free(struct known_contents *k)
{
	arena_free(&k->arena);
	free(k->v);
	*k = (struct known_contents){0};
}

static int add_known(struct known_contents *k, const struct event *ev)
{
	struct str sha = event_str(ev, F_CONTENT_SHA256);
	struct str raw = event_str(ev, F_SHA256);
	struct known_content *c;

	if (sha.n != 64 || !event_has(ev, F_CONTENT_SIZE))
		return 0;
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 64;
		struct known_content *v = realloc(k->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		k->v = v;
		k->cap = cap;
	}
	c = &k->v[k->n++];
	*c = (struct known_content){0};
	c->size = (uint64_t)event_int(ev, F_CONTENT_SIZE, 0);
	c->held = (uint64_t)event_int(ev, F_OFFSET, (int64_t)c->size);
	memcpy(c->sha256, sha.p, 64);
	c->raw_size = (uint64_t)event_int(ev, F_FILE_SIZE, 0);
	if (raw.n == 64)
		memcpy(c->raw_sha256, raw.p, 64);
	c->format = arena_dup(&k->arena, event_str(ev, F_FORMAT)).p;
	c->host = arena_dup(&k->arena, ev->host).p;
	return c->format && c->host ? 0 : -ENOMEM;
}

static int compare_known(const void *pa, const void *pb)
{
	const struct known_content *a = pa, *b = pb;

	return a->size < b->size ? -1 : a->size > b->size;
}

int known_load(struct known_contents *k, struct store *store, struct err *err)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .kinds = (uint64_t)1 << EVENT_IMPORT_END};
	struct store_cursor *c = NULL;
	struct event ev;
	int r = store->ops->events(store, &q, &c, err);

	while (r == 0 && (r = store->ops->next_event(c, &ev, err)) == 1)
		r = add_known(k, &ev);
	if (c)
		store->ops->cursor_close(c);
	if (r < 0)
		return err_context(err, r, "list of imported files");
	if (k->n)
		qsort(k->v, k->n, sizeof *k->v, compare_known);
	return 0;
}

static bool may_be(const struct known_content *c, const struct import_file *f)
{
	return strcmp(c->format, import_file_format(f)) == 0 &&
	       strcmp(c->host, f->host) == 0;
}

bool known_may_be(const struct known_contents *k, const struct import_file *f)
{
	for (size_t i = 0; i < k->n; i++)
		if (may_be(&k->v[i], f))
			return true;
	return false;
}

static int hash_file(int fd, char hex[static 65], struct err *err)
{
	char *chunk = malloc(CHUNK);
	struct sha256_ctx sha;
	struct sha256 h;
	ssize_t n = chunk ? 1 : -ENOMEM;

	sha256_init(&sha);
	while (n > 0 && (n = fd_read_full(fd, chunk, CHUNK)) > 0)
		sha256_add(&sha, chunk, (size_t)n);
	free(chunk);
	if (n < 0)
		return err_sys(err, (int)n, "cannot read");
	sha256_final(&sha, &h);
	sha256_hex(&h, hex);
	return 0;
}

/* Whether the file is, byte by byte, one that was read before. */
static int find_same(const struct known_contents *k,
    const struct import_file *f, int fd, struct known_prefix *ret,
    struct err *err)
{
	char hex[65] = "";

	for (size_t i = 0; i < k->n && !ret->all; i++) {
		const struct known_content *c = &k->v[i];
		int r = 0;

		if (c->raw_size != f->size || !may_be(c, f))
			continue;
		if (!hex[0])
			r = hash_file(fd, hex, err);
		if (r < 0)
			return r;
		if (strcmp(hex, c->raw_sha256) == 0)
			*ret = (struct known_prefix){true, c->size, c->held};
	}
	return 0;
}

/* Reading state: content is hashed up to each size at which something ends. */
struct prefix_scan {
	const struct known_contents *k;
	const struct import_file *f;
	struct known_prefix *ret;
	struct sha256_ctx sha;
	uint64_t at;
	size_t next; /* first of k->v that may end at or behind `at` */
};

static void compare_at(struct prefix_scan *s)
{
	struct sha256 h;
	char hex[65] = "";

	for (; s->next < s->k->n && s->k->v[s->next].size <= s->at; s->next++) {
		const struct known_content *c = &s->k->v[s->next];

		if (c->size != s->at || !may_be(c, s->f))
			continue;
		if (!hex[0]) {
			sha256_peek(&s->sha, &h);
			sha256_hex(&h, hex);
		}
		if (strcmp(hex, c->sha256) == 0) {
			s->ret->size = c->size;
			s->ret->resume = c->held;
		}
	}
}

static uint64_t next_stop(const struct prefix_scan *s)
{
	for (size_t i = s->next; i < s->k->n; i++)
		if (s->k->v[i].size > s->at && may_be(&s->k->v[i], s->f))
			return s->k->v[i].size;
	return 0;
}

static int scan(struct prefix_scan *s, struct input *in, struct err *err)
{
	char *chunk = malloc(CHUNK);
	uint64_t stop;
	ssize_t n = 0;

	if (!chunk)
		return err_sys(err, -ENOMEM, "%s", s->f->path);
	compare_at(s);
	while ((stop = next_stop(s)) != 0) {
		uint64_t want = stop - s->at;

		n = input_read(
		    in, chunk, want < CHUNK ? (size_t)want : CHUNK, err);
		if (n <= 0)
			break;
		sha256_add(&s->sha, chunk, (size_t)n);
		s->at += (uint64_t)n;
		compare_at(s);
	}
	/* Nothing more to compare with: is there anything more at all? */
	if (!stop && s->ret->size == s->at)
		s->ret->all = input_read(in, chunk, 1, NULL) == 0;
	else if (n == 0)
		s->ret->all = s->ret->size && s->ret->size == s->at;
	free(chunk);
	return n < 0 && n != -EBADMSG ? (int)n : 0;
}

static int find_prefix(const struct known_contents *k,
    const struct import_file *f, int fd, struct known_prefix *ret,
    struct err *err)
{
	struct prefix_scan s = {.k = k, .f = f, .ret = ret};
	struct input *in;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, -errno, "cannot read");
	r = input_open(&in, fd, NULL, NULL, err);
	if (r < 0)
		return r;
	sha256_init(&s.sha);
	r = scan(&s, in, err);
	input_close(in);
	return r;
}

int known_check(const struct known_contents *k, const struct import_file *f,
    struct known_prefix *ret, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	*ret = (struct known_prefix){0};
	if (k->n == 0)
		return 0;
	r = import_file_open(f, &fd, err);
	if (r == 0)
		r = find_same(k, f, fd, ret, err);
	if (r == 0 && !ret->all)
		r = find_prefix(k, f, fd, ret, err);
	return r < 0 ? err_context(err, r, "%s", f->path) : 0;
}
