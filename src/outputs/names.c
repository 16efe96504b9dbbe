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

int output_names_read(
    struct output_names *ret, const char *dir, struct err *err)
{
	struct dirent **found;
	int n = scandir(dir, &found, is_config, alphasort);

	*ret = (struct output_names){NULL, 0};
	if (n < 0)
		return err_sys(err, -errno, "cannot read %s", dir);
	ret->v = calloc((size_t)n + 1, sizeof *ret->v);
	for (int i = 0; i < n; i++) {
		struct str name = str_z(found[i]->d_name);

		str_chop(&name, SUFFIX);
		if (ret->v && (ret->v[ret->n] = strndup(name.p, name.n)))
			ret->n++;
		free(found[i]);
	}
	free(found);
	return ret->n == (size_t)n ? 0 : err_sys(err, -ENOMEM, "%s", dir);
}

void output_names_free(struct output_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct output_names){NULL, 0};
}
