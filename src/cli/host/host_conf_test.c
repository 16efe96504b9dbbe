/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/host/ini_conf.h"
#include "cli/host/pam_conf.h"
#include "cli/host/rsyslog_conf.h"
#include "cli/host/sshd_conf.h"
#include "cli/host/words.h"

static void assert_str(struct str got, const char *wanted)
{
	if (!wanted) {
		assert_null(got.p);
		return;
	}
	if (!str_eqz(got, wanted))
		print_error(
		    "# got \"%.*s\", wanted \"%s\"\n", STR_ARG(got), wanted);
	assert_true(str_eqz(got, wanted));
}

static void test_words(void **state)
{
	struct str s = STR("  a \"b c\" d\\\n e\t\"open"), word;
	static const char *const words[] = {"a", "b c", "d", "e", "open"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		assert_true(word_next(&s, &word));
		assert_str(word, words[i]);
	}
	assert_false(word_next(&s, &word));
	assert_true(word_in_list(STR("a,bc,d"), ',', STR("bc")));
	assert_false(word_in_list(STR("a,bc,d"), ',', STR("b")));
	assert_false(word_in_list(STR_NONE, ',', STR("")));
}

static void test_sshd_value(void **state)
{
	struct str text = STR("port 22\nloglevel VERBOSE\nusepam yes\n"
			      "authorizedkeysfile .ssh/a .ssh/b\nlast");

	assert_str(sshd_value(text, "loglevel"), "VERBOSE");
	assert_str(sshd_value(text, "authorizedkeysfile"), ".ssh/a .ssh/b");
	assert_str(sshd_value(text, "log"), NULL);
	assert_str(sshd_value(text, "last"), "");
	assert_str(sshd_value(STR_NONE, "loglevel"), NULL);
	assert_true(sshd_is_verbose(STR("verbose")));
	assert_true(sshd_is_verbose(STR("DEBUG3")));
	assert_false(sshd_is_verbose(STR("INFO")));
	assert_false(sshd_is_verbose(STR_NONE));
}

#define DROP_IN "/etc/ssh/sshd_config.d/00-sshtrail.conf"

static const struct {
	const char *text;
	int line; /* of the Include; 0: none */
	size_t at;
} includes[] = {
    {"Include /etc/ssh/sshd_config.d/*.conf\n", 1, 0},
    {"# x\n\ninclude=\"/etc/ssh/sshd_config.d/*.conf\"", 3, 5},
    {"Port 22\n  Include sshd_config.d/*\n", 2, 8},
    {"Include /etc/other/* sshd_config.d/*.conf # why\n", 1, 0},
    {"#Include /etc/ssh/sshd_config.d/*.conf\n", 0, 0},
    {"Include /etc/other/* # sshd_config.d/*.conf\n", 0, 0},
    {"Match User x\nInclude /etc/ssh/sshd_config.d/*.conf\n", 0, 0},
    {"Include /etc/ssh/*\n", 0, 0},
    {"Include\nInclude \"\n=\n\"", 0, 0},
    {"", 0, 0},
};

static void test_sshd_include(void **state)
{
	for (size_t i = 0; i < sizeof includes / sizeof *includes; i++) {
		struct sshd_setting s;
		bool found =
		    sshd_include_of(str_z(includes[i].text), DROP_IN, &s);

		assert_int_equal(found, includes[i].line != 0);
		if (!found)
			continue;
		assert_int_equal(s.line, includes[i].line);
		assert_int_equal(s.at, includes[i].at);
	}
}

#define PAM                                                                    \
	"# PAM configuration\n"                                                \
	"@include common-auth\n"                                               \
	"account    required     pam_nologin.so # why not\n"                   \
	"session [success=ok ignore=ignore default=bad] pam_selinux.so "       \
	"close\n"                                                              \
	"session    required     /lib/security/pam_loginuid.so\n"              \
	"-session optional pam_tty_audit.so \\\n  disable=* enable=ann,bob\n"  \
	"auth substack password-auth\n"                                        \
	"session\nsession [open\nSession OPTIONAL pam_last.so\n"

static void test_pam(void **state)
{
	struct str text = STR(PAM);
	struct pam_line line;

	assert_true(pam_next(&text, &line) && line.include);
	assert_str(line.module, "common-auth");
	assert_true(pam_next(&text, &line) && !line.include);
	assert_str(line.type, "account");
	assert_str(line.args, "");
	assert_true(pam_next(&text, &line));
	assert_str(line.control, "[success=ok ignore=ignore default=bad]");
	assert_str(line.module, "pam_selinux.so");
	assert_str(line.args, "close");
	text = STR(PAM);
	assert_true(pam_find(text, "session", "pam_loginuid.so", &line));
	assert_str(line.control, "required");
	assert_true(pam_find(text, "session", "pam_tty_audit.so", &line));
	assert_str(pam_arg(line.args, "enable"), "ann,bob");
	assert_str(pam_arg(line.args, "disable"), "*");
	assert_str(pam_arg(line.args, "able"), NULL);
	assert_true(pam_find(text, "session", "pam_last.so", &line));
	assert_false(pam_find(text, "auth", "pam_loginuid.so", &line));
	assert_false(pam_find(text, "session", "password-auth", &line));
	assert_false(pam_find(STR("\\\n\\\n#\n[\n\\"), "session", "x", &line));
}

static void test_ini(void **state)
{
	struct str text =
	    STR("# /etc/systemd/journald.conf\n[Journal]\n#Storage=none\n"
		"Storage=auto\n RateLimitBurst = 5 \n[Other]\nStorage=x\n"
		"[Journal]\nStorage=persistent\nSystemMaxUse=1\n"
		"SystemMaxUse=\n;Audit=no\nAudit");

	assert_str(ini_value(text, "Journal", "Storage"), "persistent");
	assert_str(ini_value(text, "Journal", "RateLimitBurst"), "5");
	assert_str(ini_value(text, "Journal", "SystemMaxUse"), NULL);
	assert_str(ini_value(text, "Journal", "Audit"), NULL);
	assert_str(ini_value(STR("Storage=x"), "Journal", "Storage"), NULL);
	assert_str(
	    ini_value(STR("[\n[]\n[Journal\nA=b"), "Journal", "A"), NULL);
}

static const struct {
	const char *text;
	bool limited;
} rsyslogs[] = {
    {"module(load=\"imuxsock\")\n*.* /var/log/all\n", false},
    {"module(load=\"imjournal\" StateFile=\"x\")\n", true},
    {"module(load=\"imjournal\"\n  Ratelimit.Interval=\"0\")\n", false},
    {"module(load=\"imjournal\"\n  ratelimit.interval=\"600\")\n", true},
    {"module(load=\"imjournal\")\nmodule(x ratelimit.interval=\"0\")\n", true},
    {"#module(load=\"imjournal\")\n", false},
    {"$ModLoad imjournal\n$imjournalRatelimitInterval 0\n", false},
    {"$modload imjournal\n", true},
    {"module(load=\"imjournal\" ratelimit.interval=", true},
    {"", false},
};

static void test_rsyslog(void **state)
{
	for (size_t i = 0; i < sizeof rsyslogs / sizeof *rsyslogs; i++)
		assert_int_equal(rsyslog_is_limited(str_z(rsyslogs[i].text)),
		    rsyslogs[i].limited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_sshd_value),
	    cmocka_unit_test(test_sshd_include),
	    cmocka_unit_test(test_pam),
	    cmocka_unit_test(test_ini),
	    cmocka_unit_test(test_rsyslog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
