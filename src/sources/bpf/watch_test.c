/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/watch.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder with etc/, etc/file and link -> etc. */
struct place {
	char top[64];
	char path[128]; /* made by at() */
};

static const char *at(struct place *p, const char *name)
{
	snprintf(p->path, sizeof p->path, "%s/%s", p->top, name);
	return p->path;
}

static void place_make(struct place *p)
{
	snprintf(p->top, sizeof p->top, "/tmp/sshtrail-watch.XXXXXX");
	assert_non_null(mkdtemp(p->top));
	assert_int_equal(mkdir(at(p, "etc"), 0700), 0);
	assert_true(
	    close(open(at(p, "etc/file"), O_CREAT | O_WRONLY, 0600)) == 0);
	assert_int_equal(symlink("etc", at(p, "link")), 0);
}

static void place_drop(struct place *p)
{
	unlink(at(p, "link"));
	unlink(at(p, "etc/file"));
	rmdir(at(p, "etc"));
	rmdir(p->top);
}

static uint64_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static uint32_t dir_flags(
    const struct watch_set *set, uint64_t ino, struct str names)
{
	const struct watch_dir_entry *all = (const void *)set->dirs.p;

	for (size_t i = 0; i < set->dirs.n / sizeof *all; i++)
		if (all[i].key.ino == ino && all[i].value.n == names.n &&
		    (!names.n ||
			memcmp(all[i].value.path, names.p, names.n) == 0))
			return all[i].value.flags;
	return UINT32_MAX;
}

static uint32_t name_flags(
    const struct watch_set *set, uint64_t ino, const char *name)
{
	const struct watch_name_entry *all = (const void *)set->names.p;

	for (size_t i = 0; i < set->names.n / sizeof *all; i++)
		if (all[i].key.ino == ino && !strcmp(all[i].key.name, name))
			return all[i].value;
	return 0;
}

static uint32_t asked_flags(const struct watch_set *set, const char *text)
{
	const struct watch_asked_entry *all = (const void *)set->asked.p;
	size_t n = strlen(text);

	/* Its NUL counts, or its last slash. */
	n += text[n - 1] != '/';
	for (size_t i = 0; i < set->asked.n / sizeof *all; i++)
		if (all[i].key.bits == n * 8 &&
		    memcmp(all[i].key.text, text, n) == 0)
			return all[i].value;
	return 0;
}

static void resolve(struct place *p, struct watch_set *set, const char *entries)
{
	struct buf list = BUF_INIT;

	for (const char *c = entries; *c; c++)
		if (*c == '~')
			buf_add_z(&list, p->top);
		else
			buf_add_char(&list, *c);
	assert_int_equal(watch_resolve(set, buf_str(&list)), 0);
	buf_free(&list);
}

static void test_paths(void **state)
{
	char names[80];
	struct watch_set set;
	struct place p;
	uint64_t top, etc;
	int n;

	place_make(&p);
	top = inode(p.top);
	etc = inode(at(&p, "etc"));
	resolve(&p, &set, "watch ~/link/\nread ~/etc/file\nwatch ~/none\n");
	/* The directory itself, by the path that it really has. */
	n = snprintf(names, sizeof names, "etc%c%s%ctmp", 0, p.top + 5, 0);
	assert_int_equal(
	    dir_flags(&set, etc, str_make(names, (size_t)n + 1)), WATCH_CHANGE);
	assert_int_equal(name_flags(&set, top, "link"), WATCH_CHANGE);
	assert_int_equal(name_flags(&set, etc, "file"), WATCH_READ);
	/* What is missing may come: as a file or as a directory. */
	assert_int_equal(name_flags(&set, top, "none"), WATCH_CHANGE);
	assert_int_equal(asked_flags(&set, at(&p, "none")), WATCH_CHANGE);
	assert_int_equal(asked_flags(&set, at(&p, "none/")), WATCH_CHANGE);
	assert_int_equal(asked_flags(&set, at(&p, "link/")), WATCH_CHANGE);
	assert_int_equal(asked_flags(&set, at(&p, "etc/file")), WATCH_READ);
	assert_int_equal(asked_flags(&set, at(&p, "etc/file/")), 0);
	assert_int_equal(set.n_left_out, 0);
	watch_free(&set);
	place_drop(&p);
}

static void test_names_and_root(void **state)
{
	struct watch_set set;
	struct place p;

	place_make(&p);
	resolve(&p, &set, "watch .ssh\nread .ssh\nread id_rsa\nwatch /\n");
	assert_int_equal(
	    name_flags(&set, 0, ".ssh"), WATCH_CHANGE | WATCH_READ);
	assert_int_equal(name_flags(&set, 0, "id_rsa"), WATCH_READ);
	/* A path without names; all other mounts are below it. */
	assert_int_equal(dir_flags(&set, inode("/"), STR_NONE), WATCH_CHANGE);
	assert_int_equal(
	    dir_flags(&set, inode("/proc"), str_make("proc", 5)), WATCH_CHANGE);
	watch_free(&set);
	place_drop(&p);
}

static void test_mounts_have_paths(void **state)
{
	struct watch_set set;

	assert_int_equal(watch_resolve(&set, STR_NONE), 0);
	assert_int_equal(
	    dir_flags(&set, inode("/proc"), str_make("proc", 5)), 0);
	assert_int_equal(set.names.n + set.asked.n, 0);
	/* Nothing passes where nothing is watched. */
	for (size_t i = 0; i < 64; i++)
		assert_true(!set.sieve.inodes[i] && !set.sieve.names[i]);
	watch_free(&set);
}

/* What is no entry is left out; what is too long is counted. */
static void test_hostile(void **state)
{
	static const char *const lists[] = {"", "\n\n", "watch", "watch ",
	    "read /", "hear /etc\n", "watch //", "watch ///etc//\nread \n",
	    "watch ./x", "watch a/b", "watch \x01\xff"};
	struct watch_set set;
	struct buf b = BUF_INIT;
	char name[100];

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		assert_int_equal(watch_resolve(&set, str_z(lists[i])), 0);
		/* Neither a path nor a name. */
		assert_int_equal(set.n_left_out,
		    strstr(lists[i], "./x") || strstr(lists[i], "a/b"));
		watch_free(&set);
	}
	buf_add_z(&b, "watch ");
	for (size_t i = 0; i < PATH_MAX; i++)
		buf_add_z(&b, "/x");
	buf_add_z(&b, "\nwatch ");
	for (size_t i = 0; i < WATCH_NAME_BYTES; i++)
		buf_add_char(&b, 'x');
	assert_int_equal(watch_resolve(&set, buf_str(&b)), 0);
	assert_int_equal(set.n_left_out, 2);
	watch_free(&set);
	buf_clear(&b);
	for (size_t i = 0; i < WATCH_NAMES_MAX + 5; i++) {
		snprintf(name, sizeof name, "watch n%zu\n", i);
		buf_add_z(&b, name);
	}
	assert_int_equal(watch_resolve(&set, buf_str(&b)), 0);
	assert_int_equal(set.n_left_out, 5);
	watch_free(&set);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_names_and_root),
	    cmocka_unit_test(test_mounts_have_paths),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
