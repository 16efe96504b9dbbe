/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/handover.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* A recorder, and a daemon played by the test. */
struct stage {
	char dir[64], path[96];
	struct settings settings;
	struct loop loop;
	struct handover hand;
	int listen_fd, fd;
	struct buf got;
};

static void set_stage(struct stage *s, int64_t memory)
{
	const struct wire_message open = {.index = 3, .rows = 24, .cols = 80};

	*s = (struct stage){.listen_fd = -1, .fd = -1, .got = BUF_INIT};
	snprintf(s->dir, sizeof s->dir, "/tmp/sshtrail-handover.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof s->path, "%s/socket", s->dir);
	s->settings = (struct settings){
	    .socket = s->path, .memory = memory, .spool = s->dir};
	assert_int_equal(loop_init(&s->loop), 0);
	assert_int_equal(
	    handover_begin(&s->hand, &s->loop, &s->settings, &open),
	    HANDOVER_AWAY);
}

/* What the files in the directory hold, behind their heads. */
static void read_spool(struct stage *s)
{
	DIR *dir = opendir(s->dir);
	const struct dirent *entry;
	struct buf b = BUF_INIT;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, "socket") == 0)
			continue;
		assert_int_equal(
		    fd_read_file(dirfd(dir), entry->d_name, 1 << 20, &b), 0);
		assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
		buf_add_str(
		    &s->got, str_from(buf_str(&b), sizeof(struct wire_spool)));
	}
	closedir(dir);
	buf_free(&b);
}

static void clear_stage(struct stage *s)
{
	fd_close(&s->fd);
	fd_close(&s->listen_fd);
	unlink(s->path);
	handover_end(&s->hand, -1);
	read_spool(s);
	loop_free(&s->loop);
	buf_free(&s->got);
	assert_int_equal(rmdir(s->dir), 0);
}

static void turn(struct stage *s, int64_t usec)
{
	const int64_t until = loop_now() + usec;

	while (loop_now() < until)
		assert_int_equal(loop_once(&s->loop, until - loop_now()), 0);
}

static void say(struct stage *s, uint64_t word)
{
	assert_int_equal(send(s->fd, &word, sizeof word, 0), sizeof word);
	turn(s, 20000);
}

/* The daemon is there, and says this word to the recorder that comes. */
static void appear(struct stage *s, uint64_t word)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", s->path);
	s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(s->listen_fd >= 0);
	assert_int_equal(
	    bind(s->listen_fd, (const struct sockaddr *)&addr, sizeof addr), 0);
	assert_int_equal(listen(s->listen_fd, 4), 0);
	for (int i = 0; i < 100 && s->fd < 0; i++) {
		turn(s, 50000);
		s->fd = accept(s->listen_fd, NULL, NULL);
	}
	assert_true(s->fd >= 0);
	say(s, word);
}

static void vanish(struct stage *s)
{
	fd_close(&s->fd);
	fd_close(&s->listen_fd);
	unlink(s->path);
	turn(s, 20000);
}

/* All that the daemon got, as "type/flags@offset:bytes ". */
static void check(struct stage *s, const char *want)
{
	struct buf text = BUF_INIT;
	struct wire_message m;
	struct str rest;
	char room[65536];
	ssize_t n;

	while ((n = recv(s->fd, room, sizeof room, MSG_DONTWAIT)) > 0)
		buf_add(&s->got, room, (size_t)n);
	rest = buf_str(&s->got);
	while (rest.n >= sizeof m) {
		memcpy(&m, rest.p, sizeof m);
		rest = str_from(rest, sizeof m);
		buf_printf(&text, "%u/%u@%llu:%.*s ", m.type, m.flags,
		    (unsigned long long)m.offset, (int)(m.n > 20 ? 20 : m.n),
		    rest.p);
		rest = str_from(rest, m.n);
	}
	assert_string_equal(text.n ? buf_z(&text) : "", want);
	buf_clear(&s->got);
	buf_free(&text);
}

static void test_keeps_what_waits(void **state)
{
	struct stage s;

	set_stage(&s, 1 << 20);
	handover_output(&s.hand, STR("hello"));
	handover_masked(&s.hand);
	handover_masked(&s.hand);
	handover_size(&s.hand, 50, 132);
	appear(&s, WIRE_RECORD);
	check(&s, "1/0@0: 3/0@0:hello 5/0@5: 2/0@5: ");
	handover_input(&s.hand, STR("x"));
	handover_output(&s.hand, STR("more"));
	check(&s, "4/0@5:x 3/0@5:more ");
	clear_stage(&s);
}

static void test_sends_again_what_is_not_kept(void **state)
{
	const uint64_t head = sizeof(struct wire_message);
	struct stage s;

	set_stage(&s, 1 << 20);
	appear(&s, WIRE_RECORD);
	handover_output(&s.hand, STR("one"));
	handover_output(&s.hand, STR("two"));
	check(&s, "1/0@0: 3/0@0:one 3/0@3:two ");
	/* OPEN and the first one; then what is no end, or out of bounds. */
	say(&s, 2 * head + 3);
	say(&s, 2 * head + 4);
	say(&s, 200 * head);
	say(&s, 3);
	vanish(&s);
	handover_output(&s.hand, STR("three"));
	appear(&s, WIRE_RECORD);
	check(&s, "1/16@3: 3/0@3:two 3/0@6:three ");
	clear_stage(&s);
}

static void test_counts_what_has_no_room(void **state)
{
	struct stage s;

	set_stage(&s, 100);
	handover_output(&s.hand, STR("123456789012345678901234567890"));
	assert_false(s.hand.lossy);
	handover_output(
	    &s.hand, STR("is not kept, as there is no room for it"));
	assert_true(s.hand.lossy);
	appear(&s, WIRE_RECORD);
	handover_output(&s.hand, STR("."));
	check(&s, "1/0@0: 3/0@0:12345678901234567890 3/0@69:. ");
	clear_stage(&s);
}

/* Nobody knows whether a daemon that is gone kept it. */
static void test_tells_what_is_not_sure(void **state)
{
	struct stage s;

	set_stage(&s, 100);
	appear(&s, WIRE_RECORD);
	handover_output(&s.hand, STR("123456789012345678901234567890"));
	handover_output(&s.hand, STR("and the next one"));
	vanish(&s);
	appear(&s, WIRE_RECORD);
	check(&s, "1/1@30: 3/0@30:and the next one ");
	assert_false(s.hand.lossy);
	clear_stage(&s);
}

/* Memory is full: a file, which ends where the daemon goes on. */
static void test_spools(void **state)
{
	struct stage s;

	set_stage(&s, 100);
	s.settings.spool_limit = 1 << 20;
	handover_output(&s.hand, STR("123456789012345678901234567890"));
	handover_output(&s.hand, STR("has no room in memory with it"));
	assert_false(s.hand.lossy);
	appear(&s, WIRE_RECORD);
	check(&s, "1/16@30: 3/0@30:has no room in memor ");
	read_spool(&s);
	check(&s, "1/0@0: 3/0@0:12345678901234567890 6/16@30: ");
	clear_stage(&s);
}

/* What waits at the end, as far as there is room, and always the end. */
static void test_spools_the_end(void **state)
{
	struct stage s;

	set_stage(&s, 1 << 20);
	s.settings.spool_limit = 60;
	handover_output(&s.hand, STR("short"));
	handover_output(&s.hand, STR("too long for the limit"));
	handover_end(&s.hand, 7 << 8);
	read_spool(&s);
	check(&s, "1/0@0: 3/0@0:short 6/8@27: ");
	loop_free(&s.loop);
	buf_free(&s.got);
	assert_int_equal(rmdir(s.dir), 0);
}

static void test_steps_aside(void **state)
{
	struct stage s;

	set_stage(&s, 1 << 20);
	handover_output(&s.hand, STR("hello"));
	appear(&s, WIRE_KERNEL);
	handover_output(&s.hand, STR("more"));
	check(&s, "");
	assert_true(s.hand.aside);
	assert_int_equal(s.hand.queue.n, 0);
	clear_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keeps_what_waits),
	    cmocka_unit_test(test_sends_again_what_is_not_kept),
	    cmocka_unit_test(test_counts_what_has_no_room),
	    cmocka_unit_test(test_tells_what_is_not_sure),
	    cmocka_unit_test(test_spools),
	    cmocka_unit_test(test_spools_the_end),
	    cmocka_unit_test(test_steps_aside),
	};

	/* A recorder trusts root's daemon alone. */
	if (geteuid() != 0) {
		puts("1..0 # SKIP only root can play the daemon");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
