/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX STR(".yml")

bool output_is_name(struct str name)
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

	return str_chop(&name, SUFFIX) && output_is_name(name);
}

int output_names_add(struct output_names *names, struct str name)
{
	char **longer;
	char *copy;

	if (!output_is_name(name))
		return -EINVAL;
	longer = reallocarray(names->v, names->n + 1, sizeof *longer);
	if (!longer)
		return -ENOMEM;
	names->v = longer;
	copy = strndup(name.p, name.n);
	if (!copy)
		return -ENOMEM;
	names->v[names->n++] = copy;
	return 0;
}

int output_names_read(
    struct output_names *ret, const char *dir, struct err *err)
{
	struct dirent **found;
	int n = scandir(dir, &found, is_config, alphasort), r = 0;

	*ret = (struct output_names){NULL, 0};
	if (n < 0)
		return err_sys(err, -errno, "cannot read %s", dir);
	for (int i = 0; i < n; i++) {
		struct str name = str_z(found[i]->d_name);

		str_chop(&name, SUFFIX);
		if (r == 0)
			r = output_names_add(ret, name);
		free(found[i]);
	}
	free(found);
	return r < 0 ? err_sys(err, r, "%s", dir) : 0;
}

void output_names_free(struct output_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct output_names){NULL, 0};
}
