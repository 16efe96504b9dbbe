/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines on the fake store, compared with files of expected output in
 * tests/golden/cli. SSHTRAIL_GOLDEN_UPDATE=1 writes these files anew.
 */
#include "cli/fake_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fd.h"

#define ARGS_MAX     12
#define NAME_MAX_LEN 4096

struct golden {
	const char *file;
	int code;
	const char *args[ARGS_MAX];
};

static const struct golden goldens[] = {
    {"ls", CLI_FOUND, {"ls"}},
    {"ls-all", CLI_FOUND, {"ls", "--all", "--local"}},
    {"ls-json", CLI_FOUND, {"ls", "--json", "--since", "all"}},
    {"ls-narrow", CLI_FOUND, {"ls", "--all", "--width", "80"}},
    {"ls-color", CLI_FOUND, {"ls", "--all", "--color", "always"}},
    {"ls-none", CLI_NOTHING, {"ls", "--user", "nobody", "--all"}},
    {"ls-root", CLI_FOUND, {"ls", "--root", "--all", "-n1"}},
    {"ls-cmd", CLI_FOUND, {"ls", "--all", "--cmd", "sudo"}},
    {"show", CLI_FOUND, {"show", "7f3a"}},
    {"show-filter", CLI_FOUND, {"show", "7f3a", "--cmd", "sudo"}},
    {"show-last", CLI_FOUND, {"show"}},
    {"show-all", CLI_FOUND, {"show", "7f", "--all"}},
    {"show-flat", CLI_FOUND, {"show", "7f3a", "--flat"}},
    {"show-command", CLI_FOUND, {"show", "91d0"}},
    {"show-json", CLI_FOUND, {"show", "7f3a", "--json"}},
    {"show-json-typed", CLI_FOUND,
	{"show", "7f3a", "--json", "--kind", "exec", "--cmd", "grep"}},
    {"show-none", CLI_NOTHING, {"show", "dead"}},
    {"show-several", CLI_USAGE, {"show", "7"}},
    {"search", CLI_FOUND, {"search", "--all"}},
    {"search-kind", CLI_FOUND, {"search", "--all", "-k", "auth", "--reverse"}},
    {"search-json", CLI_FOUND, {"search", "--json", "-k", "priv,gap"}},
    {"search-limit", CLI_FOUND, {"search", "--all", "-n", "2"}},
    {"search-text", CLI_FOUND, {"search", "--all", "--text", "grep"}},
    {"search-text-json", CLI_FOUND,
	{"search", "--all", "--text", "grep", "--json", "--reverse"}},
    {"search-text-limit", CLI_FOUND,
	{"search", "--all", "--text", "grep", "-n", "2"}},
    {"search-text-cursor", CLI_FOUND,
	{"search", "--all", "--text", "grep", "-n", "2", "--cursor",
	    "~1795348174000000.1"}},
    {"search-text-kind", CLI_FOUND,
	{"search", "--all", "--text", "grep", "--kind", "exec"}},
    {"search-text-user", CLI_NOTHING,
	{"search", "--all", "--text", "file", "--user", "mallory"}},
    {"search-count", CLI_FOUND, {"search", "--count", "user,day", "-a"}},
    {"search-count-json", CLI_FOUND,
	{"search", "--count", "kind,host,addr", "-a", "--json"}},
    {"search-none", CLI_NOTHING, {"search", "--cmd", "nosuch", "--all"}},
    {"who", CLI_FOUND, {"who"}},
    {"last", CLI_FOUND, {"last", "--all"}},
    {"last-reverse", CLI_FOUND, {"last", "--all", "--reverse"}},
    {"last-limit", CLI_FOUND, {"last", "--all", "-n", "2"}},
    {"failed", CLI_FOUND, {"failed"}},
    {"failed-by", CLI_FOUND, {"failed", "--by", "user,addr", "-n1"}},
    {"export", CLI_FOUND, {"export", "--kind", "auth"}},
    {"export-cef", CLI_FOUND, {"export", "--kind", "auth", "-F", "cef"}},
    {"export-sessions", CLI_FOUND, {"export", "--sessions", "--local"}},
    {"export-cast", CLI_FOUND, {"export", "7f3a", "--format", "asciicast"}},
    {"export-cast-3", CLI_FOUND,
	{"export", "7f3a", "-F", "asciicast-v3", "-R", "41"}},
    {"export-cast-command", CLI_FOUND,
	{"export", "91d0", "--format", "asciicast"}},
    {"export-text", CLI_FOUND, {"export", "7f3a", "--format", "text"}},
    {"show-text", CLI_FOUND, {"show", "7f3a", "--text"}},
    {"show-text-json", CLI_FOUND, {"show", "7f3a", "--text", "--json"}},
    {"show-text-none", CLI_NOTHING, {"show", "last", "--text"}},
    {"show-text-name", CLI_USAGE, {"show", "7f3a", "--text", "-R", "7"}},
    {"show-text-filter", CLI_USAGE, {"show", "7f3a", "--text", "-k", "exec"}},
    {"export-raw-both", CLI_FOUND, {"export", "91d0", "-F", "raw"}},
    {"export-raw-stderr", CLI_FOUND,
	{"export", "91d0", "-F", "raw", "--stream", "stderr"}},
    {"export-evidence-form", CLI_USAGE, {"export", "7f3a", "--evidence"}},
    {"export-evidence-other", CLI_USAGE,
	{"export", "7f3a", "--evidence", "-o", "x", "-F", "cef"}},
    {"export-cast-none", CLI_NOTHING,
	{"export", "82bc", "--format", "asciicast"}},
    {"export-cast-which", CLI_USAGE, {"export", "--format", "asciicast"}},
    {"export-cast-number", CLI_USAGE,
	{"export", "7f3a", "-F", "asciicast", "-R", "7"}},
    {"play-pipe", CLI_USAGE, {"play", "7f3a"}},
    {"play-speed", CLI_USAGE, {"play", "--speed", "0"}},
    {"verify", CLI_FOUND, {"verify"}},
    {"verify-edited", CLI_UNSOUND, {"verify", "--store", "edited"}},
    {"verify-json", CLI_UNSOUND, {"verify", "--store", "edited", "-j"}},
    {"verify-pubkey", CLI_FAILED, {"verify", "--pubkey", "/nonexistent"}},
    {"verify-none", CLI_FAILED, {"verify", "--store", "missing"}},
    {"reindex", CLI_FOUND, {"reindex"}},
    {"reindex-none", CLI_FAILED, {"reindex", "--store", "missing"}},
    {"version", CLI_FOUND, {"version", "--json"}},
    {"help", CLI_FOUND, {"help"}},
    {"help-ls", CLI_FOUND, {"help", "ls"}},
    {"help-play", CLI_FOUND, {"help", "play"}},
    {"help-doctor", CLI_FOUND, {"help", "doctor"}},
    {"help-setup", CLI_FOUND, {"help", "setup"}},
    {"help-search", CLI_FOUND, {"search", "--help"}},
    {"usage-command", CLI_USAGE, {"help", "nosuch"}},
    {"usage-option", CLI_USAGE, {"ls", "--jsno"}},
    {"usage-operand", CLI_USAGE, {"ls", "what"}},
    {"usage-kind", CLI_USAGE, {"search", "--kind", "exec,nosuch"}},
    {"usage-since", CLI_USAGE, {"ls", "--since", "never\033[1m"}},
    {"usage-range", CLI_USAGE,
	{"ls", "--since", "2026-11-22", "--until", "2026-11-21"}},
    {"usage-exit", CLI_USAGE, {"search", "--exit", "some"}},
    {"usage-from", CLI_USAGE, {"search", "--from", "10.0.0.0/9"}},
    {"usage-setup", CLI_USAGE, {"setup", "audit-rule"}},
    {"usage-setup-user", CLI_USAGE, {"setup", "tty-audit"}},
    {"setup-root", CLI_FAILED, {"setup", "--root", "/no/such\nroot"}},
    {"usage-count", CLI_USAGE, {"search", "--count", "mood"}},
    {"no-store", CLI_FAILED, {"ls", "--store", "/tmp/mis\nsing/missing"}},
};

static void file_name(
    const char *file, const char *suffix, char ret[static NAME_MAX_LEN])
{
	snprintf(ret, NAME_MAX_LEN, "%s/%s.%s", getenv("SSHTRAIL_GOLDEN"), file,
	    suffix);
}

static void compare(const char *file, const char *suffix, const struct buf *got)
{
	struct buf expected = BUF_INIT;
	char name[NAME_MAX_LEN];

	file_name(file, suffix, name);
	if (getenv("SSHTRAIL_GOLDEN_UPDATE")) {
		if (got->n)
			assert_int_equal(fd_replace_file(AT_FDCWD, name, 0644,
					     got->p, got->n),
			    0);
		return;
	}
	/* A file that is not there: nothing is expected. */
	(void)fd_read_file(AT_FDCWD, name, 1 << 20, &expected);
	if (!str_eq(buf_str(&expected), buf_str(got)))
		print_error("# %s differs\n", name);
	assert_string_equal(got->p, expected.n ? buf_z(&expected) : "");
	buf_free(&expected);
}

static void test_golden(void **state)
{
	const struct golden *g = *state;
	struct fake_run r;

	fake_run(&r, g->args);
	compare(g->file, "out", &r.out);
	compare(g->file, "err", &r.err);
	assert_int_equal(r.code, g->code);
	fake_run_free(&r);
}

/* No control character but the end of a line ever comes out. */
static void test_clean(void **state)
{
	for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
		struct fake_run r;

		if (strcmp(goldens[i].file, "ls-color") == 0)
			continue;
		fake_run(&r, goldens[i].args);
		for (size_t at = 0; at < r.out.n; at++)
			assert_true((uint8_t)r.out.p[at] >= 0x20 ||
				    r.out.p[at] == '\n');
		fake_run_free(&r);
	}
}

#define N_GOLDENS (sizeof goldens / sizeof *goldens)

int main(void)
{
	struct CMUnitTest tests[N_GOLDENS + 1];

	setenv("TZ", "UTC0", 1);
	for (size_t i = 0; i < N_GOLDENS; i++)
		tests[i] = (struct CMUnitTest){goldens[i].file, test_golden,
		    NULL, NULL, (void *)(uintptr_t)&goldens[i]};
	tests[N_GOLDENS] = (struct CMUnitTest)cmocka_unit_test(test_clean);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
