/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "trail/frame.h"

double fake_seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int fake_host_make(struct fake_host *h, int dirfd, unsigned n, struct err *err)
{
	char dir[16];
	int fd, r;

	*h = (struct fake_host){.sent = 0};
	snprintf(dir, sizeof dir, "key%u", n);
	snprintf(h->entry.name, sizeof h->entry.name, "web-%u", n);
	snprintf(h->chain, sizeof h->chain, "events:%s", h->entry.name);
	r = fd_open_dir(dirfd, dir, 0700, &fd);
	if (r < 0)
		return err_sys(err, r, "%s", dir);
	r = sign_key_load(&h->key, fd, "host", err);
	fd_close(&fd);
	h->entry.key = h->key.pub;
	host_id(&h->key.pub, h->entry.id);
	merkle_init(&h->tree);
	return r;
}

/* The daemon's start, then sessions: one event of login, commands, its end. */
static const char *kind_of(uint64_t seq)
{
	uint64_t n = seq % FAKE_SESSION;

	return seq == 1		       ? "agent.start"
	       : n == 0		       ? "session.open"
	       : n == FAKE_SESSION - 1 ? "session.close"
				       : "exec";
}

static void payload(const struct fake_host *h, uint64_t seq, struct buf *b)
{
	uint64_t ses = seq / FAKE_SESSION + 1;

	buf_clear(b);
	buf_printf(b,
	    "{\"time\":\"2026-11-%02lluT%02llu:%02llu:%02llu.%06lluZ\","
	    "\"host\":"
	    "\"%s\",\"boot\":\"0123456789abcdef0123456789abcdef\",\"kind\":\"%"
	    "s\""
	    ",\"source\":\"audit\",\"trust\":\"kernel\",\"ses\":%llu,\"auid\":"
	    "1001,\"pid\":%llu,\"ppid\":%llu,\"uid\":0,\"exe\":\"/usr/bin/"
	    "systemctl\",\"argv\":[\"systemctl\",\"restart\",\"unit-%llu\"],"
	    "\"cwd\":\"/home/alice\"}",
	    (unsigned long long)(1 + seq / 8640000 % 28),
	    (unsigned long long)(seq / 360000 % 24),
	    (unsigned long long)(seq / 6000 % 60),
	    (unsigned long long)(seq / 100 % 60),
	    (unsigned long long)(seq % 100 * 10000), h->entry.name,
	    kind_of(seq), (unsigned long long)ses,
	    (unsigned long long)(2000 + seq % 30000),
	    (unsigned long long)(1000 + ses % 30000),
	    (unsigned long long)(seq % 977));
}

static void add_event(
    struct fake_host *h, struct batch_writer *w, struct buf *b)
{
	struct frame f = {.seq = ++h->sent, .type = FRAME_EVENT};
	size_t at = w->plain.n;
	struct sha256 leaf;

	payload(h, f.seq, b);
	f.payload = buf_str(b);
	batch_add(w, &f);
	merkle_leaf_hash(w->plain.p + at, w->plain.n - at, &leaf);
	merkle_append(&h->tree, &leaf);
}

int fake_host_batch(struct fake_host *h, unsigned events, struct buf *ret)
{
	struct batch_writer w = {.n = 0};
	struct checkpoint cp = {.origin = str_z(h->chain)};
	struct buf b = BUF_INIT, note = BUF_INIT;
	int r;

	batch_begin(&w, STR_NONE);
	for (unsigned i = 0; i < events; i++)
		add_event(h, &w, &b);
	cp.size = h->sent;
	merkle_root(&h->tree, &cp.root);
	r = checkpoint_sign(&cp, &h->key, &note);
	batch_set_note(&w, buf_str(&note));
	if (r == 0)
		r = batch_end(&w, ret);
	batch_free(&w);
	buf_free(&b);
	buf_free(&note);
	return r;
}
