/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "sources/source.h"
#include "sources/test_sink.h"

/* A log in a directory of its own, and who follows it. */
struct place {
	char dir[64], log[80], rotated[80];
	const struct tap *tap;
	struct tap_run *run;
	struct buf text; /* what was read, "|" where a new file began */
	struct buf at;	 /* the last place */
};

static void path_of(const struct place *p, const char *name, char ret[80])
{
	snprintf(ret, 80, "%s/%s", p->dir, name);
}

static void place_init(struct place *p, const char *tap)
{
	memset(p, 0, sizeof *p);
	snprintf(p->dir, sizeof p->dir, "/tmp/tail_test.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	path_of(p, tap, p->log);
	path_of(p, "auth-log.1", p->rotated);
	p->tap = tap_find(str_z(tap));
	assert_non_null(p->tap);
}

static void place_free(struct place *p)
{
	static const char *const names[] = {"auth-log", "auth-log.1",
	    "auth-log.2", "auth-log.3", "auth-log.4", "auth-log.5",
	    "auth-log.gz", "auth-log-20261125", "new", "wtmp", "btmp"};
	char path[80];

	p->tap->stop(p->run);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path_of(p, names[i], path);
		unlink(path);
	}
	assert_int_equal(rmdir(p->dir), 0);
	buf_free(&p->text);
	buf_free(&p->at);
}

static void put(const char *path, const void *bytes, size_t n, int flags)
{
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static void add(const char *path, const char *text)
{
	put(path, text, strlen(text), 0);
}

static void begin(struct place *p, const char *at)
{
	struct tap_opened opened;
	struct err err = {""};
	int r = p->tap->open(&opened, p->log, &err);

	if (r == 0)
		r = p->tap->start(&p->run, &opened, at, &err);
	if (r)
		fail_msg("%d: %s", r, err.text);
}

static void reopen(struct place *p)
{
	struct tap_opened opened;
	struct err err = {""};

	assert_int_equal(p->tap->open(&opened, p->log, &err), 0);
	assert_int_equal(p->tap->reopened(p->run, &opened, &err), 0);
}

static void remember(struct place *p, size_t unread)
{
	buf_clear(&p->at);
	p->tap->place(p->run, unread, &p->at);
	assert_true(p->at.n > 0 && p->at.n < TAP_PLACE_MAX);
}

/* Read all there is, asking the monitor once where it is to be asked. */
static enum tap_state pump(struct place *p)
{
	struct err err = {""};
	bool asked = false;
	int r;

	for (;;) {
		r = p->tap->read(p->run, &p->text, &err);
		if (r < 0)
			fail_msg("%d: %s", r, err.text);
		if (r == TAP_NEXT)
			buf_add_char(&p->text, '|');
		if (r == TAP_REOPEN && !asked) {
			asked = true;
			if (access(p->log, F_OK) == 0)
				reopen(p);
		} else if (r == TAP_IDLE || r == TAP_REOPEN) {
			return (enum tap_state)r;
		}
	}
}

static void reads(struct place *p, const char *want)
{
	buf_clear(&p->text);
	pump(p);
	assert_string_equal(buf_z(&p->text), want);
	remember(p, 0);
}

static bool woken(const struct place *p)
{
	struct pollfd pfd = {p->tap->fd(p->run), POLLIN, 0};

	return poll(&pfd, 1, 0) == 1;
}

/* As after a crash: what was remembered, and nothing else. */
static void restart(struct place *p)
{
	p->tap->stop(p->run);
	p->run = NULL;
	begin(p, buf_z(&p->at));
}

static uint64_t lost(struct place *p)
{
	struct tap_loss loss[TAP_LOSSES_MAX];

	assert_int_equal(p->tap->lost(p->run, loss), 1);
	assert_non_null(loss[0].where);
	return loss[0].n;
}

static void test_grows(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	add(p.log, "one\ntw");
	begin(&p, NULL);
	/* A first start begins with a whole line that is new. */
	reads(&p, "tw");
	assert_false(woken(&p));
	add(p.log, "o\nth");
	assert_true(woken(&p));
	reads(&p, "o\nth");
	assert_false(woken(&p));
	/* The rest of a line is not in the trail yet. */
	remember(&p, 2);
	add(p.log, "ree\n");
	restart(&p);
	reads(&p, "three\n");
	reads(&p, "");
	place_free(&p);
}

static void test_rename_and_create(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	add(p.log, "");
	begin(&p, NULL);
	add(p.log, "a\n");
	assert_int_equal(rename(p.log, p.rotated), 0);
	add(p.rotated, "b\n");
	reads(&p, "a\nb\n");
	add(p.log, "");
	assert_true(woken(&p));
	reads(&p, "");
	/* The daemon was not told yet, and writes where it wrote. */
	add(p.rotated, "c\n");
	assert_true(woken(&p));
	reads(&p, "c\n");
	add(p.rotated, "d\n");
	add(p.log, "e\n");
	reads(&p, "d\n|e\n");
	add(p.log, "f\n");
	reads(&p, "f\n");
	assert_int_equal(lost(&p), 0);
	place_free(&p);
}

static void test_place_before_new_file(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	add(p.log, "");
	begin(&p, NULL);
	add(p.log, "a\nb\n");
	reads(&p, "a\nb\n");
	assert_int_equal(rename(p.log, p.rotated), 0);
	add(p.log, "c\nd\n");
	reads(&p, "|c\nd\n");
	/* All of the new file and a line of the old one are still to do. */
	remember(&p, 6);
	restart(&p);
	reads(&p, "b\n|c\nd\n");
	place_free(&p);
}

static void test_rotated_twice(void **state)
{
	struct place p;
	char second[80];

	place_init(&p, "auth-log");
	path_of(&p, "auth-log.2", second);
	add(p.log, "");
	begin(&p, NULL);
	add(p.log, "a\n");
	assert_int_equal(rename(p.log, second), 0);
	add(p.log, "b\n");
	assert_int_equal(rename(p.log, p.rotated), 0);
	add(p.log, "c\n");
	reads(&p, "a\n|b\n|c\n");
	assert_int_equal(lost(&p), 0);
	place_free(&p);
}

static void test_copytruncate(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	add(p.log, "old\n");
	begin(&p, NULL);
	add(p.log, "a\n");
	reads(&p, "a\n");
	assert_int_equal(truncate(p.log, 0), 0);
	add(p.log, "b\n");
	reads(&p, "|b\n");
	/* Grown beyond where reading stood: the first bytes tell. */
	assert_int_equal(truncate(p.log, 0), 0);
	add(p.log, "longer than before\n");
	reads(&p, "|longer than before\n");
	place_free(&p);
}

static void test_replaced(void **state)
{
	struct place p;
	char other[80];

	place_init(&p, "auth-log");
	path_of(&p, "new", other);
	add(p.log, "old\n");
	begin(&p, NULL);
	add(p.log, "a\n");
	add(other, "b\n");
	assert_int_equal(rename(other, p.log), 0);
	assert_true(woken(&p));
	reads(&p, "a\n|b\n");
	place_free(&p);
}

static void test_deleted(void **state)
{
	struct place p;
	int fd;

	place_init(&p, "auth-log");
	add(p.log, "");
	begin(&p, NULL);
	fd = open(p.log, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(unlink(p.log), 0);
	assert_int_equal(write(fd, "a\n", 2), 2);
	reads(&p, "a\n");
	/* Made and deleted again, before the monitor came to look. */
	add(p.log, "");
	assert_int_equal(unlink(p.log), 0);
	assert_int_equal(pump(&p), TAP_REOPEN);
	assert_int_equal(write(fd, "b\n", 2), 2);
	reads(&p, "b\n");
	add(p.log, "c\n");
	reads(&p, "|c\n");
	close(fd);
	place_free(&p);
}

static void fill(const char *path, const char *mark)
{
	char text[TAIL_HEAD * 2];

	memset(text, '.', sizeof text);
	memcpy(text, mark, strlen(mark));
	text[sizeof text - 1] = '\n';
	put(path, text, sizeof text, 0);
}

static void test_restart_after_rotation(void **state)
{
	struct place p;
	char dated[80];

	place_init(&p, "auth-log");
	path_of(&p, "auth-log-20261125", dated);
	fill(p.log, "first");
	begin(&p, NULL);
	reads(&p, "");
	add(p.log, "a\n");
	assert_int_equal(rename(p.log, dated), 0);
	add(p.log, "b\n");
	restart(&p);
	reads(&p, "a\n|b\n");
	restart(&p);
	reads(&p, "");
	add(p.log, "c\n");
	reads(&p, "c\n");
	assert_int_equal(lost(&p), 0);
	place_free(&p);
}

static void test_restart_after_copytruncate(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	fill(p.log, "first");
	begin(&p, NULL);
	reads(&p, "");
	add(p.log, "a\n");
	fill(p.rotated, "first");
	add(p.rotated, "a\n");
	assert_int_equal(truncate(p.log, 0), 0);
	add(p.log, "b\n");
	restart(&p);
	reads(&p, "a\n|b\n");
	assert_int_equal(lost(&p), 0);
	place_free(&p);
}

static void test_restart_after_gap(void **state)
{
	struct place p;

	place_init(&p, "auth-log");
	add(p.log, "first\n");
	begin(&p, NULL);
	reads(&p, "");
	unlink(p.log);
	add(p.rotated, "a\n");
	usleep(20000);
	add(p.log, "b\n");
	restart(&p);
	reads(&p, "a\n|b\n");
	assert_int_equal(lost(&p), 1);
	place_free(&p);
}

static void test_hostile_places(void **state)
{
	static const char *const places[] = {":", "::", "1:2:3", "x:y:z",
	    "-1:-1:-1", "18446744073709551615:18446744073709551615:0",
	    "18446744073709551616:0:0", "1:0:", "0:0:0000000000000000"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct place p;

		place_init(&p, "auth-log");
		add(p.log, "a\n");
		begin(&p, places[i]);
		reads(&p, "a\n");
		assert_int_equal(lost(&p), 1);
		place_free(&p);
	}
}

static void test_older_files(void **state)
{
	static const char *const names[] = {"auth-log.5", "auth-log.4",
	    "auth-log.3", "auth-log.2", "auth-log.1", "auth-log",
	    "auth-log.gz"};
	struct tap_opened opened;
	struct place p;
	char path[80], text[8];

	place_init(&p, "auth-log");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct timespec times[2] = {
		    {.tv_sec = 1000 + (time_t)i}, {.tv_sec = 1000 + (time_t)i}};

		path_of(&p, names[i], path);
		add(path, names[i]);
		utimensat(AT_FDCWD, path, times, 0);
	}
	assert_int_equal(p.tap->open(&opened, p.log, NULL), 0);
	assert_int_equal(opened.n_fd, TAIL_FD_OLDER + TAIL_OLDER);
	for (unsigned i = 0; i < TAIL_OLDER; i++) {
		snprintf(text, sizeof text, "log.%u", i + 1);
		memset(path, 0, sizeof path);
		assert_int_equal(
		    pread(opened.fd[TAIL_FD_OLDER + i], path, 5, 5), 5);
		assert_string_equal(path, text);
	}
	for (unsigned i = 0; i < opened.n_fd; i++)
		close(opened.fd[i]);
	place_free(&p);
}

static void test_not_there(void **state)
{
	struct tap_opened opened;
	struct place p;
	struct err err;

	place_init(&p, "auth-log");
	assert_int_equal(p.tap->open(&opened, p.log, &err), -ENOENT);
	assert_non_null(strstr(err.text, p.log));
	assert_int_equal(mkfifo(p.log, 0600), 0);
	assert_int_equal(p.tap->open(&opened, p.log, &err), -EINVAL);
	assert_int_equal(opened.n_fd, 0);
	assert_int_equal(p.tap->open(&opened, p.dir, &err), -EINVAL);
	place_free(&p);
}

/* As the collector does; where the kernel has no Landlock, nothing. */
static bool forbid_files(void)
{
	const struct landlock_ruleset_attr attr = {
	    .handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE |
				 LANDLOCK_ACCESS_FS_READ_DIR |
				 LANDLOCK_ACCESS_FS_WRITE_FILE};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

	return fd < 0 || (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			     syscall(SYS_landlock_restrict_self, fd, 0) == 0 &&
			     open("/etc/passwd", O_RDONLY) < 0);
}

/* The collector: another user, who may not enter the directory. */
static void test_unprivileged(void **state)
{
	struct tap_opened opened;
	struct place p;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	place_init(&p, "auth-log");
	add(p.log, "old\n");
	assert_int_equal(chmod(p.dir, 0700), 0);
	assert_int_equal(p.tap->open(&opened, p.log, NULL), 0);
	add(p.log, "a\n");
	assert_int_equal(rename(p.log, p.rotated), 0);
	add(p.log, "b\n");
	pid = fork();
	if (pid == 0) {
		bool ok = setresgid(65534, 65534, 65534) == 0 &&
			  setresuid(65534, 65534, 65534) == 0 &&
			  forbid_files() && access(p.log, F_OK) < 0 &&
			  p.tap->start(&p.run, &opened, "", NULL) == 0 &&
			  woken(&p) &&
			  p.tap->read(p.run, &p.text, NULL) == TAP_REOPEN;

		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (unsigned i = 0; i < opened.n_fd; i++)
		close(opened.fd[i]);
	place_free(&p);
}

/* From the file through the tap and its source to events. */
static void feed(struct place *p, const struct source *source,
    struct source_run *run, struct test_sink *t)
{
	ssize_t n;

	pump(p);
	n = source->feed(run, buf_str(&p->text), 0, false, &t->sink);
	assert_true(n >= 0);
	buf_consume(&p->text, (size_t)n);
	remember(p, p->text.n);
}

static void test_lines_to_events(void **state)
{
	const struct source *source;
	struct source_input in;
	struct source_run *run;
	struct test_sink *t = test_sink_new();
	struct place p;

	place_init(&p, "auth-log");
	source = source_find(str_z(p.tap->source));
	assert_non_null(source);
	in = test_input(p.log);
	add(p.log, "");
	begin(&p, NULL);
	assert_int_equal(source->open(&run, &in, NULL), 0);
	add(p.log, "2023-11-14T22:13:20+00:00 h1 sshd[7]: Accepted password "
		   "for ann from 192.0.2.1 port 5 ssh2\n2023-11-14T22:13:21");
	feed(&p, source, run, t);
	assert_int_equal(t->n, 1);
	restart(&p);
	buf_clear(&p.text);
	add(p.log,
	    "+00:00 h1 sshd[7]: Connection closed by 192.0.2.1 port 5\n");
	feed(&p, source, run, t);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->sink.unparsed, 0);
	assert_non_null(strstr(test_sink_text(t), "auth.ok 1700000000.000000"));
	source->close(run);
	test_sink_free(t);
	place_free(&p);
}

static struct utmp login_record(const char *user, int32_t seconds)
{
	struct utmp u;

	memset(&u, 0, sizeof u);
	u.ut_type = USER_PROCESS;
	u.ut_pid = 77;
	snprintf(u.ut_line, sizeof u.ut_line, "pts/1");
	snprintf(u.ut_user, sizeof u.ut_user, "%s", user);
	u.ut_tv.tv_sec = 1700000000 + seconds;
	return u;
}

static void test_records_to_events(void **state)
{
	const struct source *source = source_find(STR("utmp"));
	struct utmp u = login_record("ann", 0);
	struct test_sink *t = test_sink_new();
	struct source_input in;
	struct source_run *run;
	struct place p;

	place_init(&p, "wtmp");
	in = test_input(p.log);
	put(p.log, &u, sizeof u, 0);
	begin(&p, NULL);
	assert_int_equal(source->open(&run, &in, NULL), 0);
	u = login_record("bob", 1);
	put(p.log, &u, sizeof u, 0);
	feed(&p, source, run, t);
	assert_int_equal(t->n, 1);
	assert_non_null(strstr(test_sink_text(t), "user=bob"));
	/* Half a record is left for later. */
	u = login_record("carol", 2);
	put(p.log, &u, 100, 0);
	feed(&p, source, run, t);
	assert_int_equal(t->n, 1);
	restart(&p);
	buf_clear(&p.text);
	put(p.log, (const char *)&u + 100, sizeof u - 100, 0);
	feed(&p, source, run, t);
	assert_int_equal(t->n, 2);
	assert_non_null(strstr(test_sink_text(t), "user=carol"));
	source->close(run);
	test_sink_free(t);
	place_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_grows),
	    cmocka_unit_test(test_rename_and_create),
	    cmocka_unit_test(test_place_before_new_file),
	    cmocka_unit_test(test_rotated_twice),
	    cmocka_unit_test(test_copytruncate),
	    cmocka_unit_test(test_replaced),
	    cmocka_unit_test(test_deleted),
	    cmocka_unit_test(test_restart_after_rotation),
	    cmocka_unit_test(test_restart_after_copytruncate),
	    cmocka_unit_test(test_restart_after_gap),
	    cmocka_unit_test(test_hostile_places),
	    cmocka_unit_test(test_older_files),
	    cmocka_unit_test(test_not_there),
	    cmocka_unit_test(test_unprivileged),
	    cmocka_unit_test(test_lines_to_events),
	    cmocka_unit_test(test_records_to_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
