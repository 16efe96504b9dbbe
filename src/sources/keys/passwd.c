/* SPDX-License-Identifier: Apache-2.0 */
/* passwd(5): gives names to the user ids of other sources. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "sources/source.h"

#define NAME "passwd"

struct source_run {
	struct source_input in;
	bool skip;
};

struct account {
	struct str name, home, shell;
	uint64_t uid, gid;
};

static bool account_parse(struct str line, struct account *ret)
{
	struct str f[7];
	size_t n = 0;

	while (n < 6 && str_cut(&line, ':', &f[n]))
		n++;
	f[6] = line;
	if (n < 6 || str_find_char(line, ':') != STR_NPOS)
		return false;
	ret->name = f[0];
	ret->home = f[5];
	ret->shell = f[6];
	return f[0].n > 0 && str_u64(f[2], &ret->uid) &&
	       str_u64(f[3], &ret->gid) && ret->uid <= UINT32_MAX &&
	       ret->gid <= UINT32_MAX;
}

static int passwd_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	unsigned n_good = 0, n_lines = 0;
	bool skip = false, cut;
	size_t at = 0;
	struct str line;

	while (source_line(head, &at, head.n < SOURCE_LINE_MAX, &skip, &line,
		   &cut) == 1) {
		struct account account;

		if (line.n == 0)
			continue;
		n_lines++;
		n_good += account_parse(line, &account);
	}
	if (n_good == 0 || n_good * 10 < n_lines * 9)
		return 0;
	return str_ends(str_z(name), STR("passwd")) ? 95 : 80;
}

static int passwd_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	*ret = run;
	return 0;
}

static void passwd_close(struct source_run *run)
{
	free(run);
}

static int emit_account(struct source_run *run, const struct account *a,
    uint64_t offset, struct source_sink *sink)
{
	uint64_t num[2] = {htole64(a->uid), htole64(a->gid)};
	struct str parts[] = {STR(NAME), run->in.host,
	    str_make(num, sizeof num), a->name, a->home, a->shell};
	struct event ev;

	source_event_init(&ev, EVENT_ACCOUNT, NAME, &run->in, offset);
	ev.time = run->in.mtime;
	event_set_str(&ev, F_OP, STR("passwd"));
	event_set_str(&ev, F_USER, a->name);
	event_set_int(&ev, F_AUID, (int64_t)a->uid);
	event_set_int(&ev, F_GID, (int64_t)a->gid);
	source_set_str(&ev, F_PATH, a->home);
	source_set_str(&ev, F_TEXT, a->shell);
	event_set_hex(&ev, F_ID,
	    source_id(run->in.id_key, parts, sizeof parts / sizeof parts[0]));
	return sink->event(sink, &ev);
}

static ssize_t passwd_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	struct account account;
	size_t at = 0;
	struct str line;
	bool cut;
	int r = 0;

	while (r == 0 &&
	       source_line(data, &at, last, &run->skip, &line, &cut) == 1) {
		uint64_t begin = offset + (size_t)(line.p - data.p);

		sink->lines++;
		if (line.n == 0)
			continue;
		if (!cut && account_parse(line, &account))
			r = emit_account(run, &account, begin, sink);
		else
			source_unparsed(sink, begin, line,
			    "name:password:uid:gid:comment:home:shell");
	}
	return r < 0 ? r : (ssize_t)at;
}

const struct source source_passwd = {
    .name = NAME,
    .summary = "names of user ids: /etc/passwd",
    .probe = passwd_probe,
    .open = passwd_open,
    .feed = passwd_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = passwd_close,
};
