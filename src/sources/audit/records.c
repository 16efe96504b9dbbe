/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/records.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/audit/build.h"

struct records {
	struct build *build;
	struct groups *groups;
	struct source_sink *sink; /* of the call in progress */
};

bool records_tell_loss(struct str text)
{
	return str_starts(text, STR("audit: backlog limit exceeded")) ||
	       str_starts(text, STR("audit: rate limit exceeded")) ||
	       str_starts(text, STR("audit: audit_lost=")) ||
	       str_starts(text, STR("audit_printk_skb: ")) ||
	       str_starts(text, STR("kauditd_printk_skb: "));
}

int records_new(
    struct records **ret, const struct source_input *in, bool vouched)
{
	struct records *r = calloc(1, sizeof *r);

	if (!r || build_new(&r->build, in, vouched) < 0 ||
	    groups_new(&r->groups) < 0) {
		records_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void records_free(struct records *r)
{
	if (!r)
		return;
	build_free(r->build);
	groups_free(r->groups);
	free(r);
}

void records_next_file(struct records *r, const struct source_input *in)
{
	r->build->in = *in;
	groups_next_file(r->groups);
}

static int take_group(void *ctx, const struct group *g, bool force)
{
	struct records *r = ctx;
	int err = build_event(r->build, g, force);

	if (err)
		return err;
	err = r->sink->event(r->sink, &r->build->ev);
	return err < 0 ? err : 0;
}

static int take_loss(struct records *r, const struct records_line *line)
{
	int64_t time = line->time ? line->time : groups_clock(r->groups);
	int err;

	build_gap(r->build, time, line->node, line->text, line->offset);
	if (line->inferred)
		build_infer(r->build, str_z(line->inferred));
	err = r->sink->event(r->sink, &r->build->ev);
	return err < 0 ? err : 0;
}

int records_take(struct records *r, const struct records_line *line,
    struct source_sink *sink, const char **expected)
{
	const struct groups_sink out = {take_group, r};
	struct audit_line parts;
	unsigned type;

	r->sink = sink;
	*expected = line_split(line->text, &parts);
	if (*expected) {
		if (!records_tell_loss(line->text))
			return 0;
		*expected = NULL;
		return take_loss(r, line);
	}
	if (!parts.node.n)
		parts.node = line->node;
	type = names_type(r->build->names, parts.type);
	return groups_add(r->groups, &parts, type,
	    names_role(r->build->names, type), line->offset, &out, expected);
}

int records_keep(struct records *r, struct source_sink *sink)
{
	const struct groups_sink out = {take_group, r};

	r->sink = sink;
	return groups_keep(r->groups, &out);
}

int records_flush(struct records *r, struct source_sink *sink)
{
	const struct groups_sink out = {take_group, r};

	r->sink = sink;
	return groups_flush(r->groups, &out);
}

uint64_t records_held(const struct records *r, uint64_t end)
{
	return groups_held(r->groups, end);
}
