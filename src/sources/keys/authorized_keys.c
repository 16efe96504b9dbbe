/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/keys/authorized_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sources/source.h"

#define NAME "authorized-keys"

struct source_run {
	struct source_input in;
	struct str user;
	bool skip;
	char inferred[512];
};

static bool is_remark(struct str line)
{
	line = str_trim(line);
	return line.n == 0 || line.p[0] == '#';
}

static int authorized_keys_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	bool named = str_find(str_z(name), STR("authorized_keys")) != STR_NPOS;
	unsigned n_keys = 0, n_lines = 0, n_remarks = 0;
	bool skip = false, cut;
	size_t at = 0;
	struct str line;

	while (n_lines < 32 && source_line(head, &at, head.n < SOURCE_LINE_MAX,
				   &skip, &line, &cut) == 1) {
		struct key_line key;

		if (is_remark(line)) {
			n_remarks++;
			continue;
		}
		n_lines++;
		if (!cut && key_line_parse(line, &key) &&
		    key_options_known(key.options))
			n_keys++;
	}
	/* A single public key, of a host perhaps: nobody said it may log in. */
	if (str_ends(str_z(name), STR(".pub")) &&
	    key_path_user(str_z(name)).n == 0)
		return 0;
	if (n_lines == 0)
		return named && n_remarks ? 50 : 0;
	if (n_keys == n_lines)
		return 95;
	return n_keys * 2 >= n_lines ? (named ? 90 : 60) : 0;
}

static int authorized_keys_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	run->user = key_path_user(str_z(in->name));
	if (run->user.n) {
		const char *host = in->host_inferred;

		snprintf(run->inferred, sizeof run->inferred,
		    "%s%suser: from the path of the file", host ? host : "",
		    host ? "; " : "");
		run->in.host_inferred = run->inferred;
	}
	*ret = run;
	return 0;
}

static void authorized_keys_close(struct source_run *run)
{
	free(run);
}

/*
 * Without the time, which changes with any key of the file, and without the
 * path where it told the user: a copy of the file elsewhere says the same.
 */
static uint64_t key_id(const struct source_run *run, struct str line)
{
	struct str parts[] = {STR(NAME), run->in.host, run->user,
	    run->user.n ? STR_NONE : str_z(run->in.name), str_trim(line)};

	return source_id(run->in.id_key, parts, sizeof parts / sizeof parts[0]);
}

static int take_line(struct source_run *run, struct str line, bool cut,
    uint64_t offset, struct source_sink *sink)
{
	struct key_line key;
	struct event ev;

	sink->lines++;
	if (!cut && is_remark(line))
		return 0;
	if (cut || !key_line_parse(line, &key)) {
		source_unparsed(
		    sink, offset, line, "[options] type base64 [comment]");
		return 0;
	}
	source_event_init(&ev, EVENT_ACCOUNT, NAME, &run->in, offset);
	ev.trust = TRUST_TEXT;
	ev.time = run->in.mtime;
	event_set_str(&ev, F_OP, STR("key"));
	source_set_str(&ev, F_USER, run->user);
	source_set_str(&ev, F_PATH, str_z(run->in.name));
	event_set_str(&ev, F_KEY_TYPE, key.type);
	event_set_str(&ev, F_FP, str_z(key.fp));
	source_set_str(&ev, F_COMMENT, key.comment);
	source_set_str(&ev, F_OPTIONS, key.options);
	if (key.authority)
		event_set_str(&ev, F_TYPE, STR("cert-authority"));
	event_set_hex(&ev, F_ID, key_id(run, line));
	return sink->event(sink, &ev);
}

static ssize_t authorized_keys_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0;
	struct str line;
	bool cut;

	while (source_line(data, &at, last, &run->skip, &line, &cut) == 1) {
		int r = take_line(
		    run, line, cut, offset + (size_t)(line.p - data.p), sink);

		if (r < 0)
			return r;
	}
	return (ssize_t)at;
}

static int authorized_keys_finish(
    struct source_run *run, struct source_sink *sink)
{
	return 0;
}

const struct source source_authorized_keys = {
    .name = NAME,
    .summary = "keys that may log in: authorized_keys",
    .probe = authorized_keys_probe,
    .open = authorized_keys_open,
    .feed = authorized_keys_feed,
    .finish = authorized_keys_finish,
    .held = source_held_nothing,
    .close = authorized_keys_close,
};
