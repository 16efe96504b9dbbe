/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outputs/configured.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SUFFIX ".yml"

/* A name becomes part of file names. */
static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') ||
			(name.p[i] >= 'A' && name.p[i] <= 'Z') ||
			(name.p[i] >= '0' && name.p[i] <= '9') ||
			name.p[i] == '-' || name.p[i] == '_'))
			return false;
	return name.n > 0 && name.n <= OUTPUT_NAME_MAX;
}

static int is_config(const struct dirent *e)
{
	struct str name = str_z(e->d_name);

	return str_chop(&name, STR(SUFFIX)) && is_name(name);
}

int configured_list(struct cli *c, const char *dir, struct configured *ret)
{
	struct dirent **found;
	int n = scandir(dir, &found, is_config, alphasort);

	*ret = (struct configured){NULL, 0};
	if (n < 0)
		return cli_fail(c, "cannot read %s: %s", dir, strerror(errno));
	ret->v = calloc((size_t)n + 1, sizeof *ret->v);
	for (int i = 0; i < n; i++) {
		struct str name = str_z(found[i]->d_name);

		str_chop(&name, STR(SUFFIX));
		if (ret->v && (ret->v[ret->n] = strndup(name.p, name.n)))
			ret->n++;
		free(found[i]);
	}
	free(found);
	if (ret->n == (size_t)n)
		return CLI_FOUND;
	configured_free(ret);
	return cli_fail(c, "out of memory");
}

void configured_free(struct configured *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct configured){NULL, 0};
}

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
	if (!is_name(str_z(name)))
		return cli_usage(c,
		    "\"%s\" is no name of an output: letters, digits, - and _",
		    name);
	snprintf(file, sizeof file, "%s/%s" SUFFIX, dir, name);
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
