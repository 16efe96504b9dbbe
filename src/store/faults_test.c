/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk, media that cannot be written, a damaged index. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/calls_test.h"
#include "store/model.h"

#define EVENTS	   6000
#define PER_COMMIT 500
#define NOBODY	   65534

static void fill_model(struct model *m)
{
	model_init(m, 21, EVENTS);
	while (m->n < EVENTS)
		model_make(m);
	for (size_t i = 0; i < m->n; i++) {
		m->v[i].chain = 5;
		m->v[i].seq = i + 1;
		event_unset(&m->v[i], F_AMENDS);
	}
}

/* Go on behind what is there; the error that stopped it. */
static int store_rest(struct store *s, const struct model *m, struct err *err)
{
	uint64_t seq;
	int r = s->ops->last_seq(s, 5, &seq, err);

	for (size_t i = seq; i < m->n && r == 0; i++) {
		r = s->ops->add(s, &m->v[i], err);
		if (r == 0 && (i + 1) % PER_COMMIT == 0)
			r = s->ops->commit(s, err);
	}
	return r;
}

/* In a process of its own, whose files cannot grow beyond the limit. */
static int run_limited(const char *dir, const struct model *m, rlim_t limit)
{
	const struct rlimit files = {limit, limit};
	struct err err = {""}, again = {""};
	struct store *s;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &files) < 0)
		return 10;
	r = store_embedded.open(&s, dir, STORE_WRITE, &err);
	if (r == 0)
		r = store_rest(s, m, &err);
	else
		return r == -ENOSPC || r == -EFBIG ? 1 : -r;
	if (r == 0)
		return 0;
	if ((r != -ENOSPC && r != -EFBIG) || !err.text[0])
		return -r;
	/* It stays so until the store is opened anew. */
	if (s->ops->add(s, &m->v[0], &again) != r ||
	    s->ops->commit(s, &again) != r)
		return 13;
	s->ops->close(s);
	return 1;
}

static int in_child(const char *dir, const struct model *m, rlim_t limit)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run_limited(dir, m, limit));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_whole_commits(const char *dir)
{
	struct query q = everything();
	struct store *s = open_store(dir, STORE_READ);

	assert_int_equal(count_events(s, &q) % PER_COMMIT, 0);
	s->ops->close(s);
}

static void test_full_disk(void **state)
{
	static const rlim_t limits[] = {100, 5000, 40000, 200000, 300000,
	    450000, 600000, 800000, 1000000, 1400000};
	struct query q = everything();
	struct model m;
	unsigned failed = 0;

	fill_model(&m);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		char *dir = model_dir();
		struct err err = {""};
		struct store *s;
		int r = in_child(dir, &m, limits[i]);

		assert_in_range(r, 0, 1);
		failed += r == 1;
		if (limits[i] > 40000)
			check_whole_commits(dir);
		s = open_store(dir, STORE_WRITE);
		assert_int_equal(store_rest(s, &m, &err), 0);
		commit(s);
		assert_int_equal(count_events(s, &q), EVENTS);
		s->ops->close(s);
		model_dir_remove(dir);
	}
	assert_true(failed >= 4);
	model_free(&m);
}

static char *some_store(void)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct model m;

	model_init(&m, 4, 300);
	while (m.n < 300)
		model_make(&m);
	model_store(&m, s, 0, m.n);
	s->ops->close(s);
	model_free(&m);
	return dir;
}

static void remove_beside(const char *dir, const char *suffix)
{
	char path[600];

	snprintf(path, sizeof path, "%s/catalogue.db%s", dir, suffix);
	assert_true(unlink(path) == 0 || errno == ENOENT);
}

static void set_modes(const char *dir, mode_t dirs, mode_t files)
{
	static const char *const names[] = {"", "-wal", "-shm"};
	char path[600];

	snprintf(path, sizeof path, "%s/blocks", dir);
	assert_int_equal(chmod(path, dirs), 0);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/catalogue.db%s", dir, names[i]);
		assert_true(chmod(path, files) == 0 || errno == ENOENT);
	}
	assert_int_equal(chmod(dir, dirs), 0);
}

/* As somebody who may read only: 0 and *n, or the error. */
static int read_as_other(const char *dir, size_t want)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct query q = everything();
		struct err err = {""};
		struct store *s;
		int r;

		if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(100);
		r = store_embedded.open(&s, dir, STORE_READ, &err);
		if (r < 0)
			_exit(strstr(err.text, "copy the store") ? -r : 101);
		_exit(count_events(s, &q) == want ? 0 : 102);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 103;
}

static void test_cannot_write(void **state)
{
	char *dir = some_store();
	struct query q = everything();
	struct store *s = open_store(dir, STORE_READ);
	size_t n = count_events(s, &q);
	char path[600];
	int fd;

	s->ops->close(s);
	assert_true(n > 250);
	/* As the writer left it, and as a copy without what lies beside. */
	set_modes(dir, 0555, 0444);
	assert_int_equal(read_as_other(dir, n), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	remove_beside(dir, "-shm");
	set_modes(dir, 0555, 0444);
	assert_int_equal(read_as_other(dir, n), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	remove_beside(dir, "-wal");
	set_modes(dir, 0555, 0444);
	assert_int_equal(read_as_other(dir, n), 0);
	/* What was not merged cannot be left out. */
	assert_int_equal(chmod(dir, 0700), 0);
	snprintf(path, sizeof path, "%s/catalogue.db-wal", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0444);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "frames", 6), 6);
	close(fd);
	set_modes(dir, 0555, 0444);
	assert_int_equal(read_as_other(dir, n), EACCES);
	set_modes(dir, 0700, 0600);
	model_dir_remove(dir);
}

/* A name that SQLite would read options from. */
static void test_odd_name(void **state)
{
	char *dir = some_store(), odd[600];
	struct query q = everything();
	struct store *s = open_store(dir, STORE_READ);
	size_t n = count_events(s, &q);

	s->ops->close(s);
	snprintf(odd, sizeof odd, "%s %%41?mode=rw#", dir);
	assert_int_equal(rename(dir, odd), 0);
	remove_beside(odd, "-shm");
	remove_beside(odd, "-wal");
	set_modes(odd, 0555, 0444);
	assert_int_equal(read_as_other(odd, n), 0);
	set_modes(odd, 0700, 0600);
	assert_int_equal(rename(odd, dir), 0);
	model_dir_remove(dir);
}

static void overwrite(const char *path, off_t at, const char *text)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_true(pwrite(fd, text, strlen(text), at) > 0);
	close(fd);
}

static void check_damaged(const char *dir)
{
	static const enum store_mode modes[] = {STORE_READ, STORE_WRITE};

	for (size_t i = 0; i < 2; i++) {
		struct err err = {""};
		struct store *s;

		assert_int_equal(
		    store_embedded.open(&s, dir, modes[i], &err), -EBADMSG);
		assert_non_null(strstr(err.text, "run: sshtrail reindex"));
	}
}

static void test_damaged(void **state)
{
	char *dir = some_store(), path[600];
	struct err err = {""};
	struct store *s;

	snprintf(path, sizeof path, "%s/catalogue.db", dir);
	overwrite(path, 0, "no database at all");
	check_damaged(dir);
	model_dir_remove(dir);
	dir = some_store();
	snprintf(path, sizeof path, "%s/catalogue.db", dir);
	assert_int_equal(truncate(path, 4096), 0);
	check_damaged(dir);
	/* Of an empty file a writer makes a new index; a reader cannot. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(
	    store_embedded.open(&s, dir, STORE_READ, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "run: sshtrail reindex"));
	s = open_store(dir, STORE_WRITE);
	s->ops->close(s);
	model_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_full_disk),
	    cmocka_unit_test(test_cannot_write),
	    cmocka_unit_test(test_odd_name),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
