/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "archive/archive.h"
#include "archive/verify.h"
#include "base/fd.h"
#include "base/when.h"
#include "cli/command.h"
#include "cli/text/escape.h"
#include "core/event_json.h"
#include "core/event_text.h"

struct verify_options {
	const char *pubkey;
};

static const struct opt verify_opts[] = {
    {"pubkey", 'K', OPT_STR, "FILE",
	"trust this public key, not the one in the store; keep a copy of "
	"DIR/keys/host.pub elsewhere for it",
	.at = offsetof(struct verify_options, pubkey), .hint = OPT_HINT_FILE},
    {.name = NULL},
};

struct verify {
	struct cli *cli;
	uint64_t chains;
};

static void add_escaped(struct verify *v, struct str s)
{
	escape_add(&v->cli->out.b, s, ESCAPE_NO_LIMIT,
	    term_escape_flags(&v->cli->term), NULL);
}

static enum style verdict_style(enum verdict verdict)
{
	return VERDICTS_NOTED >> verdict & 1 ? STYLE_YELLOW : STYLE_RED;
}

static void finding_text(
    struct verify *v, const char *chain, const struct finding *f)
{
	struct buf *b = &v->cli->out.b;
	enum style style = verdict_style(f->verdict);

	add_escaped(v, str_z(chain));
	buf_add_z(b, ": ");
	term_style(&v->cli->term, b, style);
	buf_add_z(b, verdict_name(f->verdict));
	term_unstyle(&v->cli->term, b, style);
	buf_add_char(b, ' ');
	add_escaped(v, str_z(f->segment));
	if (f->seq) {
		buf_add_z(b, " seq ");
		buf_add_u64(b, f->seq);
	}
	buf_add_z(b, ": ");
	add_escaped(v, str_z(f->detail));
	buf_add_char(b, '\n');
}

static void finding_json(
    struct verify *v, const char *chain, const struct finding *f)
{
	struct buf *b = &v->cli->out.b;

	buf_add_z(b, "{\"chain\":");
	json_add_string(b, str_z(chain));
	buf_add_z(b, ",\"finding\":");
	json_add_string(b, str_z(verdict_name(f->verdict)));
	buf_add_z(b, ",\"segment\":");
	json_add_string(b, str_z(f->segment));
	buf_add_z(b, ",\"seq\":");
	buf_add_u64(b, f->seq);
	buf_add_z(b, ",\"detail\":");
	json_add_string(b, str_z(f->detail));
	buf_add_z(b, "}\n");
}

static void on_finding(void *ctx, const char *chain, const struct finding *f)
{
	struct verify *v = ctx;

	if (v->cli->json)
		finding_json(v, chain, f);
	else
		finding_text(v, chain, f);
	out_row(&v->cli->out);
}

/* What of recordings was held against what events say of them. */
static void vouched_text(const struct vouch_result *vouched, struct buf *b)
{
	unsigned long long n = vouched->recordings, s = vouched->sessions;

	if (n + s)
		buf_printf(b,
		    ", %llu recording%s and the ends of %llu session%s held "
		    "against events",
		    n, n == 1 ? "" : "s", s, s == 1 ? "" : "s");
}

static void chain_text(struct verify *v, const char *chain,
    const struct verify_result *r, const struct vouch_result *vouched)
{
	struct buf *b = &v->cli->out.b;
	char root[65];
	enum style style = r->sound ? STYLE_GREEN : STYLE_RED;

	sha256_hex(&r->root, root);
	add_escaped(v, str_z(chain));
	buf_add_z(b, ": ");
	term_style(&v->cli->term, b, style);
	buf_add_z(b, r->sound ? "sound" : "NOT SOUND");
	term_unstyle(&v->cli->term, b, style);
	buf_printf(b, ", %llu frame%s in %llu segment%s, ",
	    (unsigned long long)r->frames, r->frames == 1 ? "" : "s",
	    (unsigned long long)r->segments, r->segments == 1 ? "" : "s");
	bytes_format((int64_t)r->bytes, b);
	buf_printf(b, ", signed up to %llu, root ",
	    (unsigned long long)r->signed_size);
	buf_add_z(b, root);
	vouched_text(vouched, b);
	buf_add_char(b, '\n');
}

static void add_verdicts(struct buf *b, unsigned verdicts)
{
	bool first = true;

	buf_add_char(b, '[');
	for (unsigned i = 0; i < VERDICT_N; i++) {
		if (!(verdicts >> i & 1))
			continue;
		if (!first)
			buf_add_char(b, ',');
		first = false;
		json_add_string(b, str_z(verdict_name((enum verdict)i)));
	}
	buf_add_char(b, ']');
}

static void chain_json(struct verify *v, const char *chain,
    const struct verify_result *r, const struct vouch_result *vouched)
{
	struct buf *b = &v->cli->out.b;
	char root[65];

	sha256_hex(&r->root, root);
	buf_add_z(b, "{\"chain\":");
	json_add_string(b, str_z(chain));
	buf_printf(b,
	    ",\"sound\":%s,\"frames\":%llu,\"segments\":%llu,\"bytes\":%llu,"
	    "\"first_seq\":%llu,\"last_seq\":%llu,\"signed\":%llu,\"root\":\"",
	    r->sound ? "true" : "false", (unsigned long long)r->frames,
	    (unsigned long long)r->segments, (unsigned long long)r->bytes,
	    (unsigned long long)r->first_seq, (unsigned long long)r->last_seq,
	    (unsigned long long)r->signed_size);
	buf_add_z(b, root);
	buf_printf(b, "\",\"recordings\":%llu,\"sessions\":%llu,",
	    (unsigned long long)vouched->recordings,
	    (unsigned long long)vouched->sessions);
	buf_add_z(b, "\"verdicts\":");
	add_verdicts(b, r->verdicts);
	buf_add_z(b, "}\n");
}

static void on_hole(void *ctx, const char *chain, const struct trail_hole *hole)
{
	struct verify *v = ctx;
	struct buf *b = &v->cli->out.b;
	char at[TIME_ISO_LEN];

	time_format_iso(hole->time, at);
	if (v->cli->json) {
		buf_add_z(b, "{\"chain\":");
		json_add_string(b, str_z(chain));
		buf_printf(b, ",\"removed\":%llu,\"time\":\"%s\",\"reason\":",
		    (unsigned long long)hole->upto, at);
		json_add_string(b, str_z(hole->why));
		buf_add_z(b, "}\n");
	} else {
		add_escaped(v, str_z(chain));
		buf_printf(b,
		    ": frames 1 to %llu were removed, at last on %s: ",
		    (unsigned long long)hole->upto, at);
		add_escaped(v, str_z(hole->why));
		buf_add_char(b, '\n');
	}
	out_row(&v->cli->out);
}

static void on_chain(void *ctx, const char *chain,
    const struct verify_result *r, const struct vouch_result *vouched)
{
	struct verify *v = ctx;

	v->chains++;
	if (v->cli->json)
		chain_json(v, chain, r, vouched);
	else
		chain_text(v, chain, r, vouched);
	out_row(&v->cli->out);
}

#define PUBKEY_MAX 4096

static int read_pubkey(struct cli *c, const char *name, struct sign_public *ret)
{
	struct buf text = BUF_INIT;
	struct err err = {""};
	int r = fd_read_file(AT_FDCWD, name, PUBKEY_MAX, &text);

	if (r < 0) {
		r = cli_fail(
		    c, "cannot read the public key %s: %s", name, strerror(-r));
	} else {
		r = sign_public_parse(
		    str_trim(buf_str(&text)), ret, NULL, &err);
		r = r < 0 ? cli_fail(c,
				"%s holds no public key: %s; give a copy of "
				"DIR/keys/host.pub",
				name, err.text)
			  : CLI_FOUND;
	}
	buf_free(&text);
	return r;
}

static int verify_run(const struct invocation *inv)
{
	const struct verify_options *own = inv->own;
	struct cli *c = inv->cli;
	struct verify v = {.cli = c};
	struct archive_verify_sink sink = {on_finding, on_chain, on_hole, &v};
	struct sign_public pub;
	struct err err = {""};
	bool sound = false;
	int r;

	if (own->pubkey) {
		r = read_pubkey(c, own->pubkey, &pub);
		if (r != CLI_FOUND)
			return r;
	}
	r = archive_verify(
	    c->dir.p, own->pubkey ? &pub : NULL, &sink, &sound, &err);
	if (r < 0)
		return cli_fail_code(c, r, &err);
	if (v.chains == 0)
		return cli_found(c, 0, "trail");
	return sound ? CLI_FOUND : CLI_UNSOUND;
}

const struct command cmd_verify = {
    .name = "verify",
    .operands = "",
    .summary = "check that the evidence is what was once written",
    .help = "Reads every trail of the store, and nothing but the trails and "
	    "the public key. A line for each finding (EDITED TRUNCATED "
	    "MISSING REORDERED FORKED BADSIG UNTRUSTED_KEY: the evidence is "
	    "not sound; CLOCK UNSEALED_TAIL AWAITED: noted, but sound), and "
	    "one for each trail. Recordings are held against what the events "
	    "of their "
	    "host say of them. Exit status 3 when one is not sound.",
    .examples = "  sshtrail verify --pubkey /mnt/safe/host.pub\n",
    .opts = verify_opts,
    .opts_size = sizeof(struct verify_options),
    .max_args = 0,
    .run = verify_run,
};
