/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/evidence.h"
#include "base/array.h"
#include "base/hash.h"
#include "base/when.h"
#include "cli/evidence/files.h"
#include "cli/recordings.h"
#include "cli/rows.h"
#include "core/event_json.h"
#include "crypto/checkpoint.h"

#define FORMAT "sshtrail evidence 1"

/* One that an event tells of. */
struct told {
	uint64_t chain, number; /* hash of what struct recording has */
};

struct gathering {
	struct evidence *evidence;
	struct told *told;
	size_t n, cap;
	uint64_t recordings; /* found */
	struct err err;
	int error;
};

static int add_told(struct gathering *g, const struct event *ev)
{
	struct str chain = event_str(ev, F_RECORDING_CHAIN);

	if (!event_has(ev, F_RECORDING))
		return 0;
	if (array_grow(&g->told, g->n, &g->cap, sizeof *g->told) < 0)
		return err_sys(&g->err, -ENOMEM, "recordings");
	g->told[g->n++] = (struct told){hash_stable(chain.n ? chain : ev->host),
	    (uint64_t)event_int(ev, F_RECORDING, 0)};
	return 0;
}

static bool take_event(void *ctx, const struct event *ev)
{
	struct gathering *g = ctx;

	g->error = evidence_want(g->evidence, ev->chain, ev->seq, &g->err);
	if (g->error == 0)
		g->error = add_told(g, ev);
	return g->error == 0;
}

static int compare_told(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct told));
}

static bool is_told(void *ctx, const struct recording *r)
{
	const struct gathering *g = ctx;
	const struct told key = {hash_stable(r->chain), r->number};

	return g->n &&
	       bsearch(&key, g->told, g->n, sizeof key, compare_told) != NULL;
}

static int take_recordings(struct cli *c, struct gathering *g)
{
	struct recordings all;
	int r;

	if (g->n)
		qsort(g->told, g->n, sizeof *g->told, compare_told);
	r = recordings_choose(&all, c->store, 0, is_told, g, &g->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n && r == 0; i++) {
		const struct recording *one = &all.v[i];

		r = evidence_want_recording(
		    g->evidence, one->chain, one->number, one->last, &g->err);
		g->recordings += r == 0;
		if (r == -ENOENT)
			r = 0;
	}
	if (r == 0 && g->recordings < all.n)
		cli_note(c, "%zu of the recordings are not in this store",
		    all.n - (size_t)g->recordings);
	recordings_free(&all);
	return r;
}

/* --- what is in it beside the evidence --- */

static int write_texts(struct parcel *p, struct err *err)
{
	static const struct {
		const char *name;
		const unsigned char *bytes;
		size_t n;
	} files[] = {
	    {"README.txt", README_txt, sizeof README_txt},
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
    struct buf *b, const char *host, int64_t now, const struct reveal *of)
{
	char at[TIME_ISO_LEN];

	time_format_iso(now, at);
	buf_printf(b,
	    "{\"format\":\"" FORMAT "\",\"made\":\"%s\",\"version\":\"%s\","
	    "\"host\":",
	    at, SSHTRAIL_VERSION);
	json_add_string(b, str_z(host));
	if (of->session)
		buf_printf(b, ",\"session\":\"%016" PRIx64 "\"", of->session);
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

static int write_all(struct cli *c, struct parcel *p, struct gathering *g,
    const struct reveal *of)
{
	char host[65] = "localhost";
	struct buf manifest = BUF_INIT;
	int r;

	(void)gethostname(host, sizeof host - 1);
	add_head(&manifest, host, c->now, of);
	r = evidence_write(g->evidence, p, &manifest, &g->err);
	if (r == 0)
		r = write_texts(p, &g->err);
	buf_add_z(&manifest, ",\n\"files\":[");
	buf_add_str(&manifest, buf_str(&p->list));
	buf_add_z(&manifest, "]}\n");
	if (r == 0 && buf_error(&manifest))
		r = err_sys(&g->err, buf_error(&manifest), "manifest");
	if (r == 0)
		r = parcel_file(
		    p, "manifest.json", buf_str(&manifest), &g->err);
	if (r == 0)
		r = sign_manifest(p, host, evidence_key(g->evidence),
		    buf_str(&manifest), &g->err);
	buf_free(&manifest);
	return r;
}

static int write_bundle(struct cli *c, struct gathering *g, const char *output,
    const struct reveal *of)
{
	struct parcel parcel;
	int r = parcel_create(&parcel, output, c->now / USEC_PER_SEC, &g->err);

	if (r < 0)
		return r;
	r = write_all(c, &parcel, g, of);
	return parcel_close(&parcel, r, &g->err);
}

static int gather(
    struct cli *c, struct gathering *g, const struct query *q, uint64_t *n)
{
	struct query few = *q;
	int r;

	query_want(&few, F_RECORDING);
	query_want(&few, F_RECORDING_CHAIN);
	r = rows_events(c, &few, take_event, g, n, NULL);
	if (r != CLI_FOUND)
		return r;
	if (g->error == 0 && *n)
		g->error = take_recordings(c, g);
	return g->error < 0 ? cli_fail_code(c, g->error, &g->err) : CLI_FOUND;
}

static int export(struct cli *c, struct gathering *g, const struct query *q,
    const char *output, const struct reveal *of)
{
	uint64_t n = 0;
	int r = gather(c, g, q, &n);

	if (r != CLI_FOUND || n == 0)
		return r == CLI_FOUND ? cli_found(c, 0, "event") : r;
	r = reveal_record(c, of, &g->err);
	if (r < 0)
		return cli_fail(c,
		    "--evidence: it cannot be recorded in the store that "
		    "events leave it unmasked, so they do not: %s",
		    g->err.text);
	r = write_bundle(c, g, output, of);
	if (r < 0)
		return cli_fail_code(c, r, &g->err);
	cli_note(c,
	    "%s: %" PRIu64 " event%s and %" PRIu64 " recording%s with their "
	    "proof, not masked; that is recorded in the store",
	    output, n, n == 1 ? "" : "s", g->recordings,
	    g->recordings == 1 ? "" : "s");
	return CLI_FOUND;
}

int evidence_export(struct cli *c, const struct query *q, const char *output,
    const struct reveal *of)
{
	struct gathering g = {.err = {""}};
	int r = evidence_open(&g.evidence, c->dir.p, &g.err);

	if (r < 0)
		return cli_fail_code(c, r, &g.err);
	r = export(c, &g, q, output, of);
	evidence_close(g.evidence);
	free(g.told);
	return r;
}
