/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and the checkpoints that a store has of itself and of others. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/evidence_inside.h"
#include "archive/layout.h"
#include "base/array.h"
#include "base/fd.h"
#include "core/flat_json.h"
#include "crypto/cosign.h"
#include "trail/prune.h"

#define KEY_FILE_MAX 65536
#define HUB_HOSTS    "hub/hosts"

/* --- keys --- */

/* A verifier key, NAME+HASH+BASE64. */
static int add_key(
    struct evidence *e, const char *file, struct str text, struct err *err)
{
	struct evidence_key *k;
	int r = array_grow(&e->keys, e->n_keys, &e->keys_cap, sizeof *k);

	if (r < 0)
		return err_sys(err, r, "keys");
	k = &e->keys[e->n_keys];
	*k = (struct evidence_key){.used = false};
	snprintf(k->file, sizeof k->file, "keys/%s.pub", file);
	r = sign_public_parse(text, &k->pub, NULL, err);
	if (r < 0)
		return err_context(err, r, "key of %s", file);
	buf_add_str(&k->text, text);
	buf_add_char(&k->text, '\n');
	e->n_keys++;
	return buf_error(&k->text);
}

/* A text of the flat object in a file (wire/message.h); empty: none. */
static int read_member(int dirfd, const char *name, const char *key,
    struct arena *a, struct str *ret)
{
	struct buf b = BUF_INIT;
	struct json_pair pair;
	struct flat_json j;
	int r = fd_read_file(dirfd, name, KEY_FILE_MAX, &b);

	*ret = STR_NONE;
	j = (struct flat_json){.rest = str_trim(buf_str(&b))};
	while (r == 0 && flat_json_next(&j, &pair) > 0)
		if (str_eqz(pair.key, key))
			*ret = arena_dup(a, flat_json_text(&pair, a));
	buf_free(&b);
	return r;
}

static int read_own_key(struct evidence *e, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = fd_read_file(e->dirfd, "keys/host.pub", KEY_FILE_MAX, &b);

	r = r < 0 ? err_sys(err, r, "keys/host.pub")
		  : add_key(e, "store", str_trim(buf_str(&b)), err);
	buf_free(&b);
	return r;
}

/* Of the hub that this host has joined. */
static int read_hub_key(struct evidence *e, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str key;
	int r = read_member(e->dirfd, LAYOUT_JOINED "/member", "hub", &a, &key);

	e->has_hub = r == 0 && key.n;
	if (e->has_hub)
		r = add_key(e, "hub", key, err);
	else if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		err_sys(err, r, LAYOUT_JOINED "/member");
	else
		r = 0;
	arena_free(&a);
	return r;
}

static int is_host(const struct dirent *d)
{
	return d->d_name[0] != '.' && !strchr(d->d_name, '.');
}

/* Of the hosts that have joined the hub whose store this is. */
static int read_host_keys(struct evidence *e, struct err *err)
{
	CLEANUP_FD int fd =
	    openat(e->dirfd, HUB_HOSTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list;
	int n = fd < 0 ? -1 : scandirat(fd, ".", &list, is_host, alphasort);
	int r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(err, -errno, HUB_HOSTS);
	for (int i = 0; i < n; i++) {
		struct arena a = ARENA_INIT;
		struct str key = STR_NONE;

		if (r == 0 &&
		    read_member(fd, list[i]->d_name, "key", &a, &key) == 0 &&
		    key.n)
			r = add_key(e, list[i]->d_name, key, err);
		arena_free(&a);
		free(list[i]);
	}
	free(list);
	return r;
}

int evidence_read_keys(struct evidence *e, struct err *err)
{
	int r = read_own_key(e, err);

	if (r == 0)
		r = read_hub_key(e, err);
	return r < 0 ? r : read_host_keys(e, err);
}

/* --- checkpoints --- */

/* 0: *n is good. */
static int check_note(struct evidence_note *n, struct str chain,
    struct evidence_key *key, struct err *err)
{
	struct checkpoint cp;
	int r = checkpoint_verify(buf_str(&n->text), &key->pub, &cp, err);

	if (r < 0)
		return r;
	if (!str_eq(cp.origin, chain))
		return err_set(err, -EBADMSG, "it is of another chain");
	n->size = cp.size;
	n->root = cp.root;
	n->key = key;
	return 0;
}

/* Whoever of the hosts has signed it. */
static int check_host_note(struct evidence *e, struct evidence_note *n,
    const char *chain, struct err *err)
{
	for (size_t i = 1; i < e->n_keys; i++)
		if (check_note(n, layout_written_as(chain), &e->keys[i], err) ==
		    0)
			return 0;
	return err_set(err, -ENOKEY, "no host that has joined has signed it");
}

/* The line of one whose name we may not know is found by its key. */
static int check_cosigner(
    struct evidence_note *n, struct evidence_key *by, struct err *err)
{
	static const char dash[] = "\n\xe2\x80\x94 ";
	struct str rest = buf_str(&n->text), name;
	uint64_t seconds;
	size_t at;

	while ((at = str_find(rest, str_make(dash, sizeof dash - 1))) !=
	       STR_NPOS) {
		rest = str_from(rest, at + sizeof dash - 1);
		name = str_upto(rest, str_find_char(rest, ' '));
		if (cosign_check(buf_str(&n->text), name, &by->pub, &seconds,
			err) == 0) {
			n->cosigner = by;
			return 0;
		}
	}
	return err_set(
	    err, -ENOKEY, "the hub's line is not there, or not good");
}

struct source {
	struct evidence *e;
	const char *chain;
	int dirfd;
	char place[TRAIL_ORIGIN_MAX + 32];
	const char *file;
	bool of_host;
	int cosigner; /* -1: none */
};

static int read_note(
    struct evidence_notes *notes, const struct source *s, struct err *err)
{
	struct evidence_note *n = &notes->v[notes->n];
	struct err why = {""};
	int r;

	*n = (struct evidence_note){.file = s->file};
	r = fd_read_file(s->dirfd, s->place, CHECKPOINT_NOTE_MAX, &n->text);
	if (r == -ENOENT || r == -ENOTDIR) {
		buf_free(&n->text);
		return 0;
	}
	notes->n++;
	if (r < 0)
		return err_sys(err, r, "%s of %s", s->place, s->chain);
	r = s->of_host
		? check_host_note(s->e, n, s->chain, &why)
		: check_note(n, str_z(s->chain), &s->e->keys[KEY_STORE], &why);
	if (r == 0 && s->cosigner >= 0)
		r = check_cosigner(n, &s->e->keys[s->cosigner], &why);
	if (r < 0)
		return err_set(err, -EBADMSG, "%s of %s: %s", s->place,
		    s->chain, why.text);
	notes->max = n->size > notes->max ? n->size : notes->max;
	return 0;
}

int evidence_notes_read(struct evidence_notes *ret, struct evidence *e,
    const char *chain, int chainfd, struct err *err)
{
	struct source sources[EVIDENCE_NOTES_MAX] = {
	    {e, chain, chainfd, LAYOUT_CHECKPOINT, "checkpoint", false, -1},
	    {e, chain, chainfd, TRAIL_HOLE, "removed.checkpoint", false, -1},
	    {e, chain, chainfd, LAYOUT_WRITER_NOTE, "writer.note", true,
		KEY_STORE},
	    {e, chain, e->dirfd, "", "joined.note", false, KEY_HUB},
	};
	int r = 0;

	snprintf(sources[3].place, sizeof sources[3].place,
	    LAYOUT_JOINED "/%s.note", chain);
	*ret = (struct evidence_notes){.n = 0};
	for (size_t i = 0; i < EVIDENCE_NOTES_MAX && r == 0; i++)
		if (i < 3 || e->has_hub)
			r = read_note(ret, &sources[i], err);
	if (r == 0 &&
	    (ret->n == 0 || strcmp(ret->v[0].file, "checkpoint") != 0))
		r = err_set(err, -EAGAIN, "%s has no checkpoint yet", chain);
	return r;
}

void evidence_notes_free(struct evidence_notes *n)
{
	for (size_t i = 0; i < n->n; i++)
		buf_free(&n->v[i].text);
}
