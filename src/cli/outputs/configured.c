/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outputs/configured.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The complaints are lines of their own. */
static int tell_complaints(struct cli *c, const struct buf *complaints)
{
	struct str rest = buf_str(complaints), line;

	while (rest.n) {
		str_cut(&rest, '\n', &line);
		cli_fail(c, "%.*s", STR_ARG(line));
	}
	return CLI_FAILED;
}

int configured_load(
    struct cli *c, const char *dir, const char *name, struct output_config *ret)
{
	struct buf complaints = BUF_INIT;
	char file[PATH_MAX];
	int r;

	*ret = (struct output_config){.texts = ARENA_INIT};
	if (!output_is_name(str_z(name)))
		return cli_usage(c,
		    "\"%s\" is no name of an output: letters, digits, - and _",
		    name);
	snprintf(file, sizeof file, "%s/%s.yml", dir, name);
	if (access(file, F_OK) < 0)
		return cli_fail(c,
		    "no output %s: there is no %s; see sshtrail-output.yml(5)",
		    name, file);
	r = output_config_load(ret, file, &complaints);
	if (r < 0)
		tell_complaints(c, &complaints);
	buf_free(&complaints);
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static int copy_list(const struct conf_list *from, struct opt_list *to)
{
	*to = OPT_LIST_INIT;
	if (from->n == 0)
		return 0;
	to->v = calloc(from->n, sizeof *to->v);
	if (!to->v)
		return -ENOMEM;
	for (; to->n < from->n; to->n++)
		to->v[to->n] = str_z(from->v[to->n]);
	return 0;
}

int configured_filter(struct cli *c, struct output_config *cfg,
    struct filters *f, struct query *ret)
{
	*f = (struct filters){.cmd = cfg->cmd,
	    .path = cfg->path,
	    .text = cfg->text,
	    .key = cfg->key};
	if (copy_list(&cfg->host, &f->host) < 0 ||
	    copy_list(&cfg->user, &f->user) < 0 ||
	    copy_list(&cfg->person, &f->person) < 0 ||
	    copy_list(&cfg->from, &f->from) < 0 ||
	    copy_list(&cfg->kind, &f->kind) < 0)
		return cli_fail(c, "out of memory");
	return filters_query(f, c, RANGE_ALL, ret);
}
