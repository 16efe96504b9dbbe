/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence/evidence.h"

#include <errno.h>
#include <inttypes.h>

#include "archive/bundle.h"

/* --- at the store --- */

static int write_bundle(struct cli *c, struct bundle *b, const char *output,
    const struct reveal *of, struct err *err)
{
	struct parcel parcel;
	int r = parcel_create(&parcel, output, c->now / USEC_PER_SEC, err);

	if (r < 0)
		return r;
	r = bundle_write(b, &parcel, c->now, of->session, err);
	return parcel_close(&parcel, r, err);
}

static int make_here(struct cli *c, const struct query *q, const char *output,
    const struct reveal *of, struct evidence_size *ret)
{
	struct bundle *b;
	struct err err = {""};
	int r = bundle_open(&b, c->dir.p, c->store, NULL, NULL, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	r = bundle_choose(b, q, 0, &err);
	*ret = bundle_size(b);
	if (r == 0 && ret->events && reveal_record(c, of, &err) < 0)
		r = err_context(&err, -ECANCELED,
		    "--evidence: it cannot be recorded in the store that "
		    "events leave it unmasked, so they do not");
	if (r == 0 && ret->events)
		r = write_bundle(c, b, output, of, &err);
	bundle_close(b);
	if (r == -ECANCELED)
		return cli_fail(c, "%s", err.text);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

/* --- of a hub --- */

struct taking {
	struct cli *cli;
	const char *output;
	struct parcel parcel;
	bool made;    /* the parcel */
	bool in_file; /* one is begun */
	struct err err;
};

static int end_file(struct taking *t)
{
	int r = t->in_file ? parcel_end(&t->parcel, &t->err) : 0;

	t->in_file = false;
	return r;
}

/* Where nothing is found, nothing is made. */
static int begin_file(void *ctx, const char *name)
{
	struct taking *t = ctx;
	int r = end_file(t);

	if (r == 0 && !t->made) {
		r = parcel_create(
		    &t->parcel, t->output, t->cli->now / USEC_PER_SEC, &t->err);
		t->made = r == 0;
	}
	if (r < 0)
		return r;
	parcel_begin(&t->parcel, name);
	t->in_file = true;
	return 0;
}

static int add_bytes(void *ctx, struct str bytes)
{
	struct taking *t = ctx;

	parcel_add(&t->parcel, bytes);
	return t->parcel.error < 0 ? end_file(t) : 0;
}

static int take_from_hub(struct cli *c, const struct query *q,
    const char *output, struct evidence_size *ret)
{
	struct taking t = {.cli = c, .output = output, .err = {""}};
	const struct file_sink to = {begin_file, add_bytes, &t};
	struct err err = {""};
	int r = c->store->ops->evidence(c->store, q, &to, ret, &err);

	if (r == 0)
		r = end_file(&t);
	if (t.made)
		r = parcel_close(&t.parcel, r, &t.err);
	if (r < 0)
		return cli_fail_code(c, r, *t.err.text ? &t.err : &err);
	return CLI_FOUND;
}

static void tell(
    struct cli *c, const char *output, const struct evidence_size *size)
{
	if (size->missing)
		cli_note(c,
		    "%" PRIu64 " of the recordings are not in this store",
		    size->missing);
	cli_note(c,
	    "%s: %" PRIu64 " event%s and %" PRIu64 " recording%s with their "
	    "proof, not masked; that is recorded in the store",
	    output, size->events, size->events == 1 ? "" : "s",
	    size->recordings, size->recordings == 1 ? "" : "s");
}

int evidence_export(struct cli *c, const struct query *q, const char *output,
    const struct reveal *of)
{
	struct evidence_size size = {.events = 0};
	int r = c->store->ops->evidence ? take_from_hub(c, q, output, &size)
					: make_here(c, q, output, of, &size);

	if (r != CLI_FOUND)
		return r;
	if (size.events == 0)
		return cli_found(c, 0, "event");
	tell(c, output, &size);
	return CLI_FOUND;
}
