/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libFuzzer in ordinary test runs: feeds every file named on the
 * command line, or found in a directory named there, to the fuzz target, then
 * the same file cut short at a few places. Prints TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_files;

static void feed_copy(const uint8_t *data, size_t size)
{
	/* An exact allocation, so that ASan sees a read past the end. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(4 << 20);
	size_t n;

	if (!f || !data) {
		printf("not ok %u - %s cannot be read\n", ++n_files, path);
		if (f)
			fclose(f);
		free(data);
		return 1;
	}
	n = fread(data, 1, 4 << 20, f);
	fclose(f);
	feed_copy(data, n);
	for (size_t part = 1; part < 8; part++)
		feed_copy(data, n * part / 8);
	free(data);
	printf("ok %u - %s\n", ++n_files, path);
	return 0;
}

static int feed_path(const char *path)
{
	struct stat st;
	struct dirent *e;
	DIR *d;
	int r = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return feed_file(path);
	d = opendir(path);
	if (!d)
		return feed_file(path);
	while ((e = readdir(d))) {
		char name[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		r |= feed_file(name);
	}
	closedir(d);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		r |= feed_path(argv[i]);
	printf("1..%u\n", n_files);
	return r || n_files == 0;
}
