/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/fact_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/program.h"

#define FILE_MAX ((size_t)1 << 20)
#define SECONDS	 20

static void keep(struct fact_text *ret, int r, struct str text, struct arena *a)
{
	*ret = (struct fact_text){.error = -r};
	if (r == 0)
		ret->text = arena_dup(a, text);
	if (r == 0 && !ret->text.p)
		ret->error = ENOMEM;
	if (ret->error)
		ret->why = strerror(ret->error);
}

void fact_read_file(struct fact_text *ret, const char *path, struct arena *a)
{
	struct buf b = BUF_INIT;
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, &b);

	keep(ret, r, b.n ? buf_str(&b) : STR(""), a);
	buf_free(&b);
}

void fact_run(struct fact_text *ret, const char *const *argv, struct arena *a)
{
	struct program p;
	struct err err = {""};
	int r = program_run(&p, argv, SECONDS, &err);

	keep(ret, r, p.out.n ? buf_str(&p.out) : STR(""), a);
	if (r == 0 && p.status != 0) {
		*ret = (struct fact_text){.error = EIO};
		ret->why = arena_dup(a, program_said(&p)).p;
	} else if (r < 0) {
		ret->why = arena_dup(a, str_z(err.text)).p;
	}
	program_free(&p);
}

static bool is_named(const char *pid, const char *comm)
{
	char path[300];
	struct buf b = BUF_INIT;
	bool same;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	same = fd_read_file(AT_FDCWD, path, 64, &b) == 0 &&
	       str_eqz(str_trim(buf_str(&b)), comm);
	buf_free(&b);
	return same;
}

int64_t fact_process(const char *comm)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int64_t pid, found = 0;

	while (dir && found == 0 && (entry = readdir(dir)) != NULL)
		if (str_i64(str_z(entry->d_name), &pid) &&
		    is_named(entry->d_name, comm))
			found = pid;
	if (dir)
		closedir(dir);
	return found;
}
