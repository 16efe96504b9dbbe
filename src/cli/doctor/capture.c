/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "cli/rows.h"

#define POLL_MS 20

struct look {
	const struct marker *marker;
	struct capture *ret;
};

/* The word alone may stand in other commands too: somebody looks for it. */
static bool look_row(void *ctx, const struct event *ev)
{
	struct look *l = ctx;
	struct str argv = event_str(ev, F_ARGV);

	if (ev->kind != EVENT_EXEC ||
	    str_find(argv, str_z(l->marker->word)) == STR_NPOS ||
	    !str_starts(argv, STR(MARKER_PROGRAM)))
		return true;
	l->ret->seen = true;
	snprintf(
	    l->ret->source, sizeof l->ret->source, "%.*s", STR_ARG(ev->source));
	l->ret->took = time_now() - l->marker->started;
	return false;
}

/* CLI_FOUND, also when nothing was seen; or the code of a failure, told. */
static int look(struct cli *c, const struct marker *m, unsigned seconds,
    struct capture *ret)
{
	struct query q = {.since = m->started - 60 * USEC_PER_SEC,
	    .until = INT64_MAX,
	    .kinds = (uint64_t)1 << EVENT_EXEC,
	    .cmd = str_z(m->word),
	    .order = ORDER_NEWEST_FIRST};
	int64_t end = m->started + (int64_t)seconds * USEC_PER_SEC;
	struct look l = {m, ret};
	int r = CLI_FOUND;

	while (r == CLI_FOUND && !ret->seen && time_now() < end) {
		poll(NULL, 0, POLL_MS);
		r = rows_events(c, &q, look_row, &l, NULL, NULL);
	}
	return r;
}

/* The first thing that keeps programs from being seen. */
static void explain(
    const struct facts *f, const char **ret_why, const char **ret_mend)
{
	bool bpf = daemon_takes(&f->daemon, "bpf");

	*ret_why = "nobody knows why: look at sshtrail status";
	*ret_mend = "sshtrail status; sshtrail search --kind gap";
	if (bpf) {
		*ret_why = "though programs in the kernel should have told it";
	} else if (!daemon_takes(&f->daemon, "audit")) {
		*ret_why = "no tap takes what is run: neither audit nor bpf is "
			   "open";
		*ret_mend = "sshtrail status says why; sshtraild.yml(5), taps";
	} else if (f->audit_error == 0 && f->audit.enabled == 0) {
		*ret_why = "audit is off";
		*ret_mend = "sshtrail setup audit-rules --yes";
	} else if (f->audit_error == 0 && f->rules_never_task) {
		*ret_why = "the rule '-a never,task' keeps audit from it";
		*ret_mend = "remove it from /etc/audit/rules.d; augenrules "
			    "--load; log in anew";
	} else if (f->audit_error == 0 && !f->rules_exec_all) {
		*ret_why = "no audit rule asks for what every login runs";
		*ret_mend = "sshtrail setup audit-rules --yes";
	}
}

void capture_judge(const struct facts *f, const struct marker *m,
    const struct capture *seen, struct finding *ret)
{
	const char *why, *mend;

	if (seen->seen) {
		found(ret, LEVEL_OK, f->store.path, NULL,
		    "%s %s as login uid %u: seen by %s after %" PRId64 " ms",
		    MARKER_PROGRAM, m->word, (unsigned)m->auid, seen->source,
		    seen->took / 1000);
		return;
	}
	explain(f, &why, &mend);
	found(ret, LEVEL_PROBLEM, f->store.path, mend,
	    "%s %s as login uid %u: not seen; %s", MARKER_PROGRAM, m->word,
	    (unsigned)m->auid, why);
}

/* The daemon's store, not the one that the user would ask. */
static int open_store(struct cli *c, const struct facts *f, struct err *err)
{
	buf_clear(&c->dir);
	buf_add_str(&c->dir, f->daemon.store);
	if (!buf_z(&c->dir))
		return err_set(err, -ENOMEM, "no memory");
	return c->store ? 0 : c->open(c, err);
}

void capture_prove(struct cli *c, const struct facts *f, const char *user,
    unsigned seconds, struct capture *ret, struct finding *finding)
{
	struct marker m;
	struct err err = {""};
	int r;

	*ret = (struct capture){.seen = false};
	if (f->daemon_error) {
		found(finding, LEVEL_UNSEEN, f->daemon_socket, NULL,
		    "not tried, as sshtraild does not answer");
		return;
	}
	if (!f->root) {
		found(finding, LEVEL_UNSEEN, NULL, NULL,
		    "not tried: only root can begin a session");
		return;
	}
	r = marker_choose(&m, user, &err);
	if (r == 0)
		r = open_store(c, f, &err);
	if (r == 0)
		r = marker_run(&m, &err);
	if (r < 0) {
		found(finding, LEVEL_UNSEEN, NULL, NULL, "not tried: %s",
		    err.text);
		return;
	}
	if (look(c, &m, seconds, ret) != CLI_FOUND)
		found(finding, LEVEL_UNSEEN, f->store.path, NULL,
		    "the store could not be searched");
	else
		capture_judge(f, &m, ret, finding);
}
