/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/bundle_files.h"
#include "archive/evidence.h"
#include "base/array.h"
#include "base/hash.h"
#include "base/when.h"
#include "core/event_json.h"
#include "crypto/checkpoint.h"

#define FORMAT "sshtrail evidence 1"

/* One that an event tells of. */
struct told {
	uint64_t chain, number; /* hash of what struct recording has */
};

struct bundle {
	struct store *store;
	struct evidence *evidence;
	struct told *told;
	size_t n, cap;
	struct evidence_size size;
	int (*alive)(void *ctx);
	void *ctx;
	struct err *err; /* of the call at work */
};

int bundle_open(struct bundle **ret, const char *dir, struct store *s,
    int (*alive)(void *ctx), void *ctx, struct err *err)
{
	struct bundle *b = calloc(1, sizeof *b);
	int r;

	if (!b)
		return err_sys(err, -ENOMEM, "evidence");
	b->store = s;
	b->alive = alive;
	b->ctx = ctx;
	r = evidence_open(&b->evidence, dir, err);
	if (r < 0) {
		free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	evidence_close(b->evidence);
	free(b->told);
	free(b);
}

struct evidence_size bundle_size(const struct bundle *b)
{
	return b->size;
}

/* --- what is in it --- */

static int add_told(struct bundle *b, const struct event *ev)
{
	struct str chain = event_str(ev, F_RECORDING_CHAIN);

	if (!event_has(ev, F_RECORDING))
		return 0;
	if (array_grow(&b->told, b->n, &b->cap, sizeof *b->told) < 0)
		return err_sys(b->err, -ENOMEM, "recordings");
	b->told[b->n++] = (struct told){hash_stable(chain.n ? chain : ev->host),
	    (uint64_t)event_int(ev, F_RECORDING, 0)};
	return 0;
}

static int add_event(
    struct bundle *b, const struct event *ev, uint64_t events_max)
{
	int r = b->alive ? b->alive(b->ctx) : 0;

	if (r == 0 && events_max && b->size.events == events_max)
		r = err_set(b->err, -E2BIG,
		    "more than %" PRIu64 " events fit: ask for less at a time, "
		    "with --since and --until, --host or --kind",
		    events_max);
	if (r == 0)
		r = evidence_want(b->evidence, ev->chain, ev->seq, b->err);
	if (r == 0)
		r = add_told(b, ev);
	b->size.events += r == 0;
	return r;
}

static int choose_events(
    struct bundle *b, const struct query *q, uint64_t events_max)
{
	const struct store_ops *ops = b->store->ops;
	struct store_cursor *cursor;
	struct event ev;
	int r = ops->events(b->store, q, &cursor, b->err);

	if (r < 0)
		return r;
	while ((r = ops->next_event(cursor, &ev, b->err)) > 0) {
		r = add_event(b, &ev, events_max);
		if (r < 0)
			break;
	}
	ops->cursor_close(cursor);
	return r;
}

static int compare_told(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct told));
}

static int choose_recording(void *ctx, const struct recording *one)
{
	const struct told key = {hash_stable(one->chain), one->number};
	struct bundle *b = ctx;
	int r;

	if (!bsearch(&key, b->told, b->n, sizeof key, compare_told))
		return b->alive ? b->alive(b->ctx) : 0;
	r = evidence_want_recording(
	    b->evidence, one->chain, one->number, one->last, b->err);
	b->size.recordings += r == 0;
	b->size.missing += r == -ENOENT;
	return r == -ENOENT ? 0 : r;
}

int bundle_choose(struct bundle *b, const struct query *q, uint64_t events_max,
    struct err *err)
{
	const struct recording_query all = {.session = 0};
	struct query few = *q;
	int r;

	b->err = err;
	query_want(&few, F_RECORDING);
	query_want(&few, F_RECORDING_CHAIN);
	r = choose_events(b, &few, events_max);
	if (r < 0 || b->n == 0)
		return r;
	qsort(b->told, b->n, sizeof *b->told, compare_told);
	return b->store->ops->recordings(
	    b->store, &all, choose_recording, b, err);
}

/* --- what is in it beside the evidence --- */

static int write_texts(struct parcel *p, struct err *err)
{
	static const struct {
		const char *name;
		const unsigned char *bytes;
		size_t n;
	} files[] = {
	    {"README.txt", bundle_readme_txt, sizeof bundle_readme_txt},
	    {"ed25519.py", ed25519_py, sizeof ed25519_py},
	    {"verify_evidence.py", verify_evidence_py,
		sizeof verify_evidence_py},
	    {"verify_trail.py", verify_trail_py, sizeof verify_trail_py},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof files / sizeof *files && r == 0; i++)
		r = parcel_file(p, files[i].name,
		    str_make(files[i].bytes, files[i].n), err);
	return r;
}

static void add_head(
    struct buf *b, const char *host, int64_t now, uint64_t session)
{
	char at[TIME_ISO_LEN];

	time_format_iso(now, at);
	buf_printf(b,
	    "{\"format\":\"" FORMAT "\",\"made\":\"%s\",\"version\":\"%s\","
	    "\"host\":",
	    at, SSHTRAIL_VERSION);
	json_add_string(b, str_z(host));
	if (session)
		buf_printf(b, ",\"session\":\"%016" PRIx64 "\"", session);
	buf_add_z(b, ",\n");
}

/* Of the manifest: its size and its digest are signed as if it were a tree. */
static int sign_manifest(struct parcel *p, const char *host,
    const struct sign_key *key, struct str manifest, struct err *err)
{
	struct buf origin = BUF_INIT, note = BUF_INIT;
	struct checkpoint cp = {.size = manifest.n};
	int r;

	buf_printf(&origin, "evidence:%s", host);
	cp.origin = buf_str(&origin);
	sha256_of(manifest.p, manifest.n, &cp.root);
	r = checkpoint_sign(&cp, key, &note);
	if (r < 0)
		err_sys(err, r, "manifest");
	if (r == 0)
		r = parcel_file(p, "manifest.note", buf_str(&note), err);
	buf_free(&origin);
	buf_free(&note);
	return r;
}

int bundle_write(struct bundle *b, struct parcel *p, int64_t now,
    uint64_t session, struct err *err)
{
	const struct evidence_pulse pulse = {b->alive, b->ctx};
	char host[65] = "localhost";
	struct buf manifest = BUF_INIT;
	int r;

	(void)gethostname(host, sizeof host - 1);
	add_head(&manifest, host, now, session);
	r = evidence_write(b->evidence, p, &pulse, &manifest, err);
	if (r == 0)
		r = write_texts(p, err);
	buf_add_z(&manifest, ",\n\"files\":[");
	buf_add_str(&manifest, buf_str(&p->list));
	buf_add_z(&manifest, "]}\n");
	if (r == 0 && buf_error(&manifest))
		r = err_sys(err, buf_error(&manifest), "manifest");
	if (r == 0)
		r = parcel_file(p, "manifest.json", buf_str(&manifest), err);
	if (r == 0)
		r = sign_manifest(p, host, evidence_key(b->evidence),
		    buf_str(&manifest), err);
	buf_free(&manifest);
	return r;
}
