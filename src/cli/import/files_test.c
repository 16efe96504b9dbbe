/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "cli/import/scratch_test.h"

#define SEC (1000 * INT64_C(1000))

static const struct source *source_of(const char *name)
{
	return name ? source_find(str_z(name)) : NULL;
}

static void test_continues(void **state)
{
	static const struct {
		const char *path, *source, *host;
		bool yes;
	} t[] = {
	    {"/l/auth.log", "auth-log", "web", true},
	    {"/l/auth.log.1", "auth-log", "web", true},
	    {"/l/auth.log.2.gz", "auth-log", "web", true},
	    {"/l/auth.log.10.zst", "auth-log", "web", true},
	    {"/l/auth.log-20260101.xz", "auth-log", "web", true},
	    {"/l/auth.log-20260101.1.gz", "auth-log", "web", true},
	    {"/l/auth.log.1.old", "auth-log", "web", true},
	    {"/l/auth.log.old", "auth-log", "web", true},
	    {"/l/auth.log.1", "auth-log", "db", false},
	    {"/l/auth.log.1", "auth-log", "web.example", false},
	    {"/l/auth.log.1", "auth-log", NULL, false},
	    {"/l/auth.log.1", "audit", "web", false},
	    {"/l/auth.log.1", NULL, "web", false},
	    {"/m/auth.log.1", "auth-log", "web", false},
	    {"/l/auth.log.", "auth-log", "web", false},
	    {"/l/auth.log1", "auth-log", "web", false},
	    {"/l/auth.log.1x", "auth-log", "web", false},
	    {"/l/auth.log.1.tmp", "auth-log", "web", false},
	    {"/l/auth.lo", "auth-log", "web", false},
	    {"/l/auth_log.1", "auth-log", "web", false},
	    {"/l/1", "auth-log", "web", false},
	    {"1", "auth-log", "web", false},
	    {".gz", "auth-log", "web", false},
	    {"", "auth-log", "web", false},
	};
	struct import_file a = {.path = literal("/l/auth.log"),
	    .source = source_of("auth-log"),
	    .host = literal("web")};

	assert_non_null(a.source);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct import_file b = {.path = literal(t[i].path),
		    .source = source_of(t[i].source),
		    .host = literal(t[i].host)};

		if (import_file_continues(&a, &b) != t[i].yes ||
		    import_file_continues(&b, &a) != t[i].yes)
			fail_msg("%s", t[i].path);
	}
	a.source = source_of("lastlog");
	assert_non_null(a.source);
	assert_false(a.source->joins);
	assert_false(import_file_continues(&a, &a));
}

static struct import_file *find_file(
    const struct import_files *files, const char *end)
{
	for (size_t i = 0; i < files->n; i++) {
		struct str path = str_z(files->v[i].path);

		if (files->v[i].path[0] == '/' && str_chop(&path, str_z(end)))
			return &files->v[i];
	}
	return NULL;
}

static void make_tree(struct scratch *s)
{
	char first[80];

	assert_int_equal(mkdir(scratch_path(s, "t"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(s, "t/sub"), 0700), 0);
	scratch_file(s, "outside", STR("x"));
	scratch_file(s, "t/sub/b\n.log", STR("x"));
	snprintf(first, sizeof first, "%s", scratch_file(s, "t/a", STR("x")));
	assert_int_equal(link(first, scratch_path(s, "t/sub/a")), 0);
	assert_int_equal(symlink("../outside", scratch_path(s, "t/link")), 0);
	assert_int_equal(symlink("..", scratch_path(s, "t/sub/loop")), 0);
	assert_int_equal(symlink("nowhere", scratch_path(s, "t/broken")), 0);
	assert_int_equal(mkfifo(scratch_path(s, "t/fifo"), 0600), 0);
}

static void test_walk(void **state)
{
	static const char link[] =
	    "a symbolic link, not followed: name it itself";
	static const struct {
		const char *end, *why_not;
	} listed[] = {
	    {"/t/link", link},
	    {"/t/sub/loop", link},
	    {"/t/broken", link},
	    {"/t/fifo", "no regular file"},
	};
	struct scratch *s = *state;
	struct import_files files = {0};
	struct err err = {""};
	struct import_file *a;

	make_tree(s);
	assert_int_equal(
	    import_files_add(&files, scratch_path(s, "t"), s->dir, &err), 0);
	assert_int_equal(files.n, 6);
	assert_non_null(find_file(&files, "/t/sub/b\n.log"));
	a = find_file(&files, "/a");
	assert_false(a->named);
	assert_int_equal(a->size, 1);
	for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
		const struct import_file *f = find_file(&files, listed[i].end);

		assert_non_null(f);
		assert_string_equal(f->why_not, listed[i].why_not);
		assert_false(f->unreadable);
	}
	/* Found already: only that it was named is new. */
	assert_int_equal(
	    import_files_add(&files, scratch_path(s, "t/a"), s->dir, &err), 0);
	assert_int_equal(files.n, 6);
	assert_true(a->named);
	/* A link that is named itself is meant. */
	assert_int_equal(
	    import_files_add(&files, scratch_path(s, "t/link"), s->dir, &err),
	    0);
	assert_int_equal(files.n, 7);
	assert_true(files.v[6].named);
	assert_non_null(find_file(&files, "/outside"));
	import_files_free(&files);
	assert_int_equal(files.n, 0);
}

static void test_too_deep(void **state)
{
	struct scratch *s = *state;
	struct import_files files = {0};
	char path[100] = "deep";
	size_t n = 4;

	for (int depth = 0; depth <= 17; depth++) {
		scratch_path(s, path);
		assert_int_equal(mkdir(s->path, 0700), 0);
		n += (size_t)snprintf(path + n, sizeof path - n, "%s",
		    depth == 17 ? "/auth.log" : "/d");
	}
	scratch_file(s, path, STR(LOG_LINE));
	assert_int_equal(
	    import_files_add(&files, scratch_path(s, "deep"), s->dir, NULL), 0);
	import_files_detect(&files);
	assert_int_equal(files.n, 1);
	assert_true(files.v[0].unreadable);
	assert_non_null(find_file(&files, "/d/d"));
	assert_string_equal(files.v[0].why_not,
	    "too deep below the directory named: name it itself");
	/* It is taken once it is named. */
	import_files_free(&files);
	*strrchr(path, '/') = '\0';
	assert_int_equal(
	    import_files_add(&files, scratch_path(s, path), s->dir, NULL), 0);
	import_files_detect(&files);
	assert_int_equal(files.n, 1);
	assert_non_null(files.v[0].source);
	import_files_free(&files);
}

static void test_bad_paths(void **state)
{
	static const struct {
		const char *path;
		int r;
		const char *text;
	} t[] = {
	    {"no/such\033file", -ENOENT, "cannot read no/such"},
	    {"", -ENOENT, "cannot read "},
	    {"/dev/null", -EINVAL, "is no regular file"},
	};
	struct import_files files = {0};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err err = {""};

		assert_int_equal(
		    import_files_add(&files, t[i].path, ".", &err), t[i].r);
		assert_non_null(strstr(err.text, t[i].text));
	}
	assert_int_equal(files.n, 0);
	import_files_free(&files);
}

static void assert_content(const struct import_file *f, const char *want)
{
	char got[200];

	/* It is looked into, then read: both begin at the start. */
	for (int i = 0; i < 2; i++) {
		CLEANUP_FD int fd = -1;

		assert_int_equal(import_file_open(f, &fd, NULL), 0);
		assert_int_equal(
		    fd_read_full(fd, got, sizeof got), strlen(want));
		assert_memory_equal(got, want, strlen(want));
	}
}

static void test_standard_input(void **state)
{
	struct scratch *s = *state;
	struct import_files files = {0};
	int before = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], LOG_LINE, strlen(LOG_LINE)),
	    (ssize_t)strlen(LOG_LINE));
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(import_files_add(&files, "-", s->dir, NULL), 0);
	if (before >= 0)
		dup2(before, STDIN_FILENO);
	fd_close(&before);
	assert_int_equal(files.n, 1);
	assert_string_equal(files.v[0].path, "(standard input)");
	assert_true(files.v[0].named && files.v[0].fd >= 0);
	assert_int_equal(files.v[0].size, strlen(LOG_LINE));
	assert_content(&files.v[0], LOG_LINE);
	import_files_free(&files);
	assert_int_equal(
	    import_files_add(&files, "-", "no/such/dir", NULL), -ENOENT);
	assert_int_equal(files.n, 0);
}

static void test_fifo(void **state)
{
	struct scratch *s = *state;
	struct import_files files = {0};
	int status;
	pid_t pid;

	assert_int_equal(mkfifo(scratch_path(s, "fifo"), 0600), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(s->path, O_WRONLY);

		_exit(fd < 0 || write(fd, "one\n", 4) != 4);
	}
	assert_int_equal(import_files_add(&files, s->path, s->dir, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(files.n, 1);
	assert_non_null(find_file(&files, "/fifo"));
	assert_content(&files.v[0], "one\n");
	import_files_free(&files);
}

/* LOG_LINE by gzip -9. */
static const char log_line_gz[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\x32\x30\x32\xd3\x35\x30\xd6"
    "\x35\x30\x0c\x31\x34\xb0\x32\x00\x21\x3d\x03\x30\xd0\x06\x73\x14\xca\x53"
    "\x93\x74\x0d\x15\x8a\x8b\x33\x52\xa2\x0d\x0d\x0c\x62\xad\x14\x9c\xf3\xf3"
    "\xf2\x52\x93\x4b\x32\xf3\xf3\x14\xd2\x8a\xf2\x73\x15\x0c\x2d\x8d\xf4\x0c"
    "\xf4\x8c\xf4\xcc\x15\x0a\xf2\x8b\x4a\x14\x4c\x80\x5a\x15\x80\x72\x30\x61"
    "\x43\x88\xb0\x91\x11\x17\x00\xb0\x19\xc9\x50\x6b\x00\x00\x00";

static void test_detect(void **state)
{
	static const char damaged[] = "\x1f\x8b\x08\0\0\0\0\0\2\3\xff\xff\xff";
	const struct {
		const char *name;
		struct str content;
		const char *source, *host, *why_not;
		bool compressed, unreadable;
	} t[] = {
	    {"auth.log", STR(LOG_LINE), "auth-log", "web-1", NULL, false,
		false},
	    {"x", {log_line_gz, sizeof log_line_gz - 1}, "auth-log", "web-1",
		NULL, true, false},
	    {"audit.log",
		STR("type=LOGIN msg=audit(1700000000.123:7): pid=1\n"), "audit",
		NULL, NULL, false, false},
	    {"auth.log.1", STR(""), NULL, NULL, "empty", false, false},
	    {"auth.log.2.gz", STR("hello\n"), NULL, NULL,
		"not a format that sshtrail reads", false, false},
	    {"auth.log.3.gz", {damaged, sizeof damaged - 1}, NULL, NULL,
		"gzip data is damaged: invalid block type (near byte 11, "
		"0 bytes of content were read)",
		true, true},
	    {"\xff\033", STR("\0\0\0"), NULL, NULL,
		"not a format that sshtrail reads", false, false},
	};
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const char *path = scratch_file(s, t[i].name, t[i].content);
		struct import_files files = {0};
		struct import_file *f;

		assert_int_equal(
		    import_files_add(&files, path, s->dir, NULL), 0);
		import_files_detect(&files);
		f = &files.v[0];
		assert_ptr_equal(f->source, source_of(t[i].source));
		assert_string_equal(
		    f->host ? f->host : "", t[i].host ? t[i].host : "");
		assert_string_equal(f->why_not ? f->why_not : "",
		    t[i].why_not ? t[i].why_not : "");
		assert_int_equal(f->compressed, t[i].compressed);
		assert_int_equal(f->unreadable, t[i].unreadable);
		import_files_free(&files);
	}
}

static void test_detect_gone(void **state)
{
	struct scratch *s = *state;
	const char *path = scratch_file(s, "gone", STR(LOG_LINE));
	struct import_files files = {0};

	assert_int_equal(import_files_add(&files, path, s->dir, NULL), 0);
	assert_int_equal(unlink(path), 0);
	import_files_detect(&files);
	assert_null(files.v[0].source);
	assert_string_equal(files.v[0].why_not, "cannot be read");
	assert_true(files.v[0].unreadable);
	import_files_free(&files);
}

/* What was a file when it was found. */
static void test_replaced(void **state)
{
	struct scratch *s = *state;
	const char *path = scratch_file(s, "replaced", STR(LOG_LINE));
	struct import_files files = {0};
	struct err err = {""};
	int fd = -1;

	assert_int_equal(import_files_add(&files, path, s->dir, NULL), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (int named = 0; named < 2; named++) {
		files.v[0].named = named;
		assert_int_equal(
		    import_file_open(&files.v[0], &fd, &err), -EINVAL);
		assert_non_null(strstr(err.text, "no regular file any more"));
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(import_file_open(&files.v[0], &fd, &err), -EINVAL);
	files.v[0].named = false;
	assert_int_equal(import_file_open(&files.v[0], &fd, &err), -ELOOP);
	assert_int_equal(unlink(path), 0);
	import_files_free(&files);
}

static void add_file(struct import_files *files, const struct import_file *f)
{
	struct import_file *v =
	    realloc(files->v, (files->n + 1) * sizeof *files->v);

	assert_non_null(v);
	files->v = v;
	v[files->n] = *f;
	v[files->n].fd = -1;
	v[files->n].path = strdup(f->path);
	v[files->n].host = f->host ? strdup(f->host) : NULL;
	files->n++;
}

static void test_hosts(void **state)
{
	static const struct {
		const char *path, *option, *want;
		bool inferred;
	} t[] = {
	    {"/c/web/audit.log", NULL, "web", true},
	    {"/c/web/deep/er/wtmp", NULL, "web", true},
	    {"/c/db/wtmp", NULL, "db", true},
	    {"/c/wtmp", NULL, "web", true},
	    {"wtmp", NULL, "web", true},
	    {"/c/db/wtmp", "given", "given", false},
	    {"/var/log/wtmp", "given", "given", false},
	    /* Of this machine, whatever lies beside. */
	    {"/var/log/wtmp", NULL, NULL, true},
	    {"/home/ann/.ssh/authorized_keys", NULL, NULL, true},
	    {"/home/ann/db/.ssh/authorized_keys", NULL, "web", true},
	    {"/home/.ssh/authorized_keys", NULL, "web", true},
	    {"/var/logs/wtmp", NULL, "web", true},
	};
	char own[256] = "";

	assert_int_equal(gethostname(own, sizeof own - 1), 0);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct import_files files = {0};

		add_file(&files,
		    &(struct import_file){.path = literal("/c/web/auth.log"),
			.host = literal("web")});
		add_file(&files,
		    &(struct import_file){.path = literal("/c/db/auth.log"),
			.host = literal("db")});
		/* What is only concluded is no ground to conclude from. */
		add_file(&files,
		    &(struct import_file){.path = literal("/c/db/wtmp.1"),
			.host = literal("guess"),
			.host_inferred = "for a reason"});
		add_file(
		    &files, &(struct import_file){.path = literal(t[i].path),
				.source = source_of("utmp")});
		import_files_hosts(&files, t[i].option);
		assert_string_equal(
		    files.v[3].host, t[i].want ? t[i].want : own);
		assert_int_equal(!!files.v[3].host_inferred, t[i].inferred);
		assert_string_equal(files.v[0].host, "web");
		import_files_free(&files);
	}
}

static void test_host_unknown(void **state)
{
	struct import_files files = {0};

	add_file(&files, &(struct import_file){.path = literal("/c/wtmp"),
			     .source = source_of("utmp")});
	import_files_hosts(&files, NULL);
	assert_string_equal(files.v[0].host, "unknown");
	assert_non_null(files.v[0].host_inferred);
	import_files_free(&files);
}

struct sort_row {
	const char *path, *source, *host;
	int64_t first_time, mtime;
};

/* As they must come out. */
static const struct sort_row in_order[] = {
    /* Sources in the order of their list, then hosts, then logs. */
    {"/l/audit.log", "audit", "db", 9 * SEC, 9 * SEC},
    {"/l/audit.log.2", "audit", "web", 3 * SEC + 9, 40 * SEC},
    /* Within one second the time of writing decides. */
    {"/l/audit.log.1", "audit", "web", 5 * SEC + 900000, 41 * SEC},
    {"/l/audit.log", "audit", "web", 5 * SEC, 42 * SEC},
    {"/k/auth.log", "auth-log", "web", 99 * SEC, 99 * SEC},
    {"/l/auth.log.3.gz", "auth-log", "web", 1 * SEC, 60 * SEC},
    /* Does not tell when it begins: it ended before the next began. */
    {"/l/auth.log.2", "auth-log", "web", 0, 5 * SEC},
    {"/l/auth.log.1", "auth-log", "web", 10 * SEC, 2 * SEC},
    {"/l/auth.log", "auth-log", "web", 0, 20 * SEC},
    {"/l/messages.2", "auth-log", "web", 0, 7 * SEC},
    {"/l/messages.1", "auth-log", "web", 0, 7 * SEC},
    {"/l/messages", "auth-log", "web", 0, 7 * SEC},
    {"/a", NULL, "web", 0, 0},
};

static void test_sort(void **state)
{
	const size_t n = sizeof in_order / sizeof *in_order;

	/* 13 is prime: each step gives another order of the same rows. */
	assert_int_equal(n, 13);
	for (size_t step = 1; step < n; step++) {
		struct import_files files = {0};

		for (size_t i = 0; i < n; i++) {
			const struct sort_row *row = &in_order[i * step % n];

			add_file(&files,
			    &(struct import_file){.path = literal(row->path),
				.source = source_of(row->source),
				.host = literal(row->host),
				.first_time = row->first_time,
				.mtime = row->mtime});
		}
		import_files_sort(&files);
		for (size_t i = 0; i < n; i++) {
			assert_string_equal(files.v[i].path, in_order[i].path);
			assert_string_equal(files.v[i].host, in_order[i].host);
		}
		import_files_free(&files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_continues),
	    cmocka_unit_test_setup_teardown(
		test_too_deep, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_walk, scratch_make, scratch_remove),
	    cmocka_unit_test(test_bad_paths),
	    cmocka_unit_test_setup_teardown(
		test_standard_input, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_fifo, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_detect, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_detect_gone, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_replaced, scratch_make, scratch_remove),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_host_unknown),
	    cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
