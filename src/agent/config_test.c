/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* Write `content` to a file and load that. */
static int load(struct config *c, const char *content, struct buf *complaints)
{
	char name[] = "/tmp/sshtrail-config-XXXXXX";
	CLEANUP_FD int fd = mkostemp(name, O_CLOEXEC);
	int r;

	assert_int_equal(fd_write_all(fd, content, strlen(content)), 0);
	r = config_load(c, name, complaints);
	unlink(name);
	return r;
}

/* What a tap of this name is told; "off" when it is not to be opened. */
static void assert_tap(
    const struct config *c, const char *tap, const char *want)
{
	const char *path = "";

	if (!config_tap(c, tap, &path))
		path = "off";
	if (want)
		assert_string_equal(path, want);
	else
		assert_null(path);
}

static void assert_defaults(const struct config *c)
{
	char host[300] = "";
	const char *list;

	gethostname(host, sizeof host);
	assert_string_equal(c->host, host);
	assert_string_equal(c->store, "/var/lib/sshtrail");
	assert_string_equal(c->user, "sshtrail");
	assert_string_equal(c->group, "sshtrail");
	assert_string_equal(c->socket, "/run/sshtrail/control");
	assert_int_equal(c->commit_interval, 500000);
	assert_int_equal(c->sync_interval, 50000);
	assert_tap(c, "audit", NULL);
	assert_true(config_tap(c, "bpf", &list));
	assert_string_equal(c->auth_log, "auto");
	assert_string_equal(c->journal, "auto");
	assert_string_equal(c->wtmp, "auto");
	assert_string_equal(c->wtmpdb, "auto");
	assert_string_equal(c->btmp, "auto");
}

static void test_audit(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"audit: {rules: on}", "rules"},
	    {"audit: {rules: on}\ntaps: {audit: register}", "register,rules"},
	    {"audit: {rules: on}\ntaps: {audit: off}", "off"},
	    {"taps: {audit: register}", "register"},
	    {"audit: {rules: off}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf complaints = BUF_INIT;
		struct config c;

		assert_int_equal(load(&c, cases[i].text, &complaints), 0);
		assert_tap(&c, "audit", cases[i].want);
		config_free(&c);
		buf_free(&complaints);
	}
}

static void test_defaults(void **state)
{
	struct buf text = BUF_INIT, complaints = BUF_INIT;
	struct config c;

	conf_print_defaults(config_keys, &text);
	assert_int_equal(load(&c, buf_z(&text), &complaints), 0);
	assert_defaults(&c);
	config_free(&c);
	assert_int_equal(load(&c, "", &complaints), 0);
	assert_defaults(&c);
	config_free(&c);
	config_free(&c);
	if (access(CONFIG_FILE, F_OK) < 0) {
		assert_int_equal(config_load(&c, NULL, &complaints), 0);
		assert_defaults(&c);
		config_free(&c);
	}
	assert_int_equal(complaints.n, 0);
	buf_free(&text);
}

static void test_values(void **state)
{
	struct buf complaints = BUF_INIT;
	struct config c;

	assert_int_equal(load(&c,
			     "host: web-1\n"
			     "commit: {interval: 1s}\n"
			     "taps:\n"
			     "  audit: register\n"
			     "  bpf: off\n"
			     "  auth_log: /var/log/secure\n"
			     "  wtmp: off\n"
			     "  lastlog2: off\n",
			     &complaints),
	    0);
	assert_string_equal(c.host, "web-1");
	assert_int_equal(c.commit_interval, 1000000);
	assert_tap(&c, "audit", "register");
	assert_tap(&c, "bpf", "off");
	assert_tap(&c, "auth-log", "/var/log/secure");
	assert_tap(&c, "wtmp", "off");
	assert_tap(&c, "lastlog2", "off");
	assert_tap(&c, "btmp", NULL);
	assert_tap(&c, "not yet known", NULL);
	config_free(&c);
	assert_int_equal(load(&c, "taps: {audit: auto}", &complaints), 0);
	assert_tap(&c, "audit", NULL);
	config_free(&c);
	assert_int_equal(load(&c, "taps: {audit: off}", &complaints), 0);
	assert_tap(&c, "audit", "off");
	config_free(&c);
	assert_int_equal(complaints.n, 0);
}

/* One path for all that is to be told. */
static void test_terminals(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"terminals: {input: on}", "input"},
	    {"commands: {output: on}", "commands=1048576"},
	    {"terminals: {input: on}\ncommands: {output: on, limit: 64KiB}",
		"input commands=65536"},
	    {"commands: {limit: 64KiB}", NULL},
	    {"taps: {terminals: off}\ncommands: {output: on}", "off"},
	};
	struct buf complaints = BUF_INIT;
	struct config c;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(load(&c, cases[i].text, &complaints), 0);
		assert_tap(&c, "terminals", cases[i].want);
		config_free(&c);
	}
	assert_int_equal(
	    load(&c, "commands: {limit: 1KiB}", &complaints), -EINVAL);
	config_free(&c);
	buf_free(&complaints);
}

static void test_files(void **state)
{
	struct buf complaints = BUF_INIT;
	const char *list;
	struct config c;

	assert_int_equal(
	    load(&c, "taps: {bpf: auto, audit: off}\n", &complaints), 0);
	assert_true(config_tap(&c, "bpf", &list));
	assert_non_null(strstr(list, "watch /etc\n"));
	assert_non_null(strstr(list, "watch .ssh\n"));
	assert_non_null(strstr(list, "read /etc/shadow\n"));
	config_free(&c);
	assert_int_equal(load(&c,
			     "taps: {bpf: auto, audit: off}\n"
			     "files: {watch: [], read: [a, /b]}\n",
			     &complaints),
	    0);
	assert_true(config_tap(&c, "bpf", &list));
	assert_string_equal(list, "read a\nread /b\n");
	config_free(&c);
	buf_free(&complaints);
}

static void test_complaints(void **state)
{
	struct buf complaints = BUF_INIT;
	struct config c;

	assert_int_equal(
	    load(&c, "store: here\ncommit: {intervall: 1s}\n", &complaints),
	    -EINVAL);
	assert_non_null(strstr(buf_z(&complaints),
	    ":1:8: store: expected an absolute path, found \"here\"\n"));
	assert_non_null(strstr(complaints.p, "did you mean commit.interval?"));
	config_free(&c);
	buf_clear(&complaints);
	assert_int_equal(config_load(&c, "/nonexistent", &complaints), -ENOENT);
	assert_true(complaints.n > 0);
	config_free(&c);
	buf_free(&complaints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_audit),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_terminals),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
