/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define A(args)                                                                \
	{                                                                      \
		args "\0", sizeof(args)                                        \
	}

static void test_movers(void **state)
{
	static const struct {
		struct str args;
		const char *want;
		bool cut;
	} cases[] = {
	    {A("scp\0-t\0/tmp"), "scp", false},
	    {A("/usr/lib/openssh/sftp-server"), "sftp-server", false},
	    {A("-tar\0c"), "tar", false},
	    {A("rsync\0--server\0--sender"), "rsync", false},
	    {A("rsync\0-a\0x\0y"), NULL, false},
	    {A("rsync\0-a\0x\0y"), "rsync", true},
	    {A("git\0-C\0/r\0upload-pack"), "git", false},
	    {A("git\0log"), NULL, false},
	    {A("git-receive-pack\0r.git"), "git-receive-pack", false},
	    {A("busybox\0tar\0c"), "tar", false},
	    {A("busybox\0ls"), NULL, false},
	    {A("busybox"), NULL, false},
	    {A("/usr/bin/python3.11\0-B\0/usr/bin/hg\0serve"), "hg", false},
	    {A("python3\0/usr/bin/hg\0log"), NULL, false},
	    {A("perl\0-T\0-w\0./rrsync\0-ro\0/"), "rrsync", false},
	    {A("bash\0-c\0/bin/tar"), "tar", false},
	    {A("python3\0-\0-x"), NULL, false},
	    {A("3.11"), NULL, false},
	    {A("ssh\0inner\0cd /x;/bin/tar cf - ."), "tar", false},
	    {A("docker\0exec\0c\0sh\0-c\0exec scp -f x"), "scp", false},
	    {A("ssh\0inner\0ls target scpx"), NULL, false},
	    {A("bash\0-c\0echo tar"), NULL, false},
	    {A("targ"), NULL, false},
	    {A(""), NULL, false},
	    {A("/"), NULL, false},
	    {STR_INIT(""), NULL, true},
	    {STR_INIT("dd"), "dd", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = payload_mover(cases[i].args, cases[i].cut);

		if (cases[i].want)
			assert_string_equal(got ? got : "", cases[i].want);
		else
			assert_null(got);
	}
}

static void test_text(void **state)
{
	(void)state;
	assert_true(payload_is_text(STR_NONE));
	assert_true(payload_is_text(
	    STR("\a\b\t\n\v\f\r\x0e\x0f\033[1m \xe4\xff\xc3\xa9")));
	for (int c = 0; c < 256; c++) {
		char byte[] = {'a', (char)c};
		bool control = c < ' ' || c == 0x7f;
		bool meant = (c >= 7 && c <= 15) || c == 27;

		assert_int_equal(
		    payload_is_text(str_make(byte, 2)), !control || meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_movers),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
