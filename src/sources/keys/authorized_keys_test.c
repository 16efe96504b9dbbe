/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/keys/authorized_keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/test_sink.h"

#define ED                                                                     \
	"ssh-ed25519 "                                                         \
	"AAAAC3NzaC1lZDI1NTE5AAAAIO1jkt89SnTl88lg089r+hBwQfFsceEWsuRw0KGZUP0D"
#define ED_FP "SHA256:4FxrYSLTjDrocpYOzlN3E/yEAR66B+HjWZp9Vjs4NhY"
#define EC                                                                     \
	"ecdsa-sha2-nistp256 "                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKAeb20cHmUeYmiT" \
	"Cx5JreG+OvxH1YzCOqeSy/e3TxEQxq+E9Dz4abICknNEjz4cwtPdYFVW3fAmSit434Nd" \
	"BrU="
#define EC_FP "SHA256:Yqkw5Q/NVXauNboRdAkoAxHqdp+dPLICEUKVc+xACJE"

static void test_lines(void **state)
{
	static const struct {
		const char *line, *options, *comment, *fp;
		bool authority;
	} cases[] = {
	    {ED, "", "", ED_FP, false},
	    {ED " ann@laptop", "", "ann@laptop", ED_FP, false},
	    {" \t" ED " \t two words \r", "", "two words", ED_FP, false},
	    {EC " x", "", "x", EC_FP, false},
	    {"restrict " ED, "restrict", "", ED_FP, false},
	    {"no-pty,command=\"a b\"\t" ED " c", "no-pty,command=\"a b\"", "c",
		ED_FP, false},
	    {"command=\"echo \\\"x y\\\" # \" " ED,
		"command=\"echo "
		"\\\"x y\\\" # \"",
		"", ED_FP, false},
	    {"cert-authority " EC " CA", "cert-authority", "CA", EC_FP, true},
	    {"principals=\"a,b\",CERT-Authority " EC,
		"principals=\"a,b\",CERT-Authority", "", EC_FP, true},
	    /* Not the option, but in the text of another. */
	    {"command=\"a,cert-authority,b\" " ED,
		"command=\"a,cert-authority,b\"", "", ED_FP, false},
	    {"command=\"" ED "\" " EC, "command=\"" ED "\"", "", EC_FP, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct key_line key;

		assert_true(key_line_parse(str_z(cases[i].line), &key));
		assert_true(str_eqz(key.options, cases[i].options));
		assert_true(str_eqz(key.comment, cases[i].comment));
		assert_string_equal(key.fp, cases[i].fp);
		assert_int_equal(key.authority, cases[i].authority);
	}
}

static void test_no_keys(void **state)
{
	static const char *const lines[] = {
	    "",
	    " ",
	    "x",
	    "ssh-ed25519",
	    "ssh-ed25519 ",
	    "ssh-ed25519 AAAA",
	    "ssh-ed25519 !!!!",
	    /* Another type than the key says, a key cut short, one with
	     * something behind it. */
	    "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIO1jkt89SnTl88lg089r+hBwQfFsc"
	    "eEWsuRw0KGZUP0D",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1jkt89SnTl88lg089r",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1jkt89SnTl88lg089r+hBwQ"
	    "fFsceEWsuRw0KGZUP0DAAAA",
	    "ssh-ed25519 /////3NzaC1lZDI1NTE5AAAAIO1jkt89SnTl88lg089r+hBwQ"
	    "fFsceEWsuRw0KGZUP0D",
	    "command=\"open " ED,
	    "two words " ED,
	    "1024 35 12345678901234567890 rsa1@old",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct key_line key;

		assert_false(key_line_parse(str_z(lines[i]), &key));
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *options;
		bool known;
	} cases[] = {
	    {"", true},
	    {"restrict", true},
	    {"RESTRICT,No-Pty", true},
	    {"from=\"*.a,b\",command=\"x=\\\"1,2\\\"\"", true},
	    {"example.net", false},
	    {"no-pty,example.net", false},
	    {"[10.0.0.1]:22", false},
	    {"|1|abc=|def=", false},
	    {"from=\"a\",,pty", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
		    key_options_known(str_z(cases[i].options)), cases[i].known);
}

static void test_path_user(void **state)
{
	static const struct {
		const char *path, *user;
	} cases[] = {
	    {"/home/ann/.ssh/authorized_keys", "ann"},
	    {"evidence/h1/home/ann/.ssh/authorized_keys2", "ann"},
	    {"home/ann/.ssh/authorized_keys", "ann"},
	    {"/root/.ssh/authorized_keys", "root"},
	    {"root/.ssh/authorized_keys", "root"},
	    {"/etc/ssh/authorized_keys.d/bob", "bob"},
	    {"/etc/ssh/authorized_keys/bob.pub", "bob"},
	    {"authorized-keys/bob.keys", "bob"},
	    /* A home elsewhere need not be named as its user. */
	    {"/var/lib/postgresql/.ssh/authorized_keys", NULL},
	    {"/home/.ssh/authorized_keys", NULL},
	    {".ssh/authorized_keys", NULL},
	    {"/.ssh/authorized_keys", NULL},
	    {"authorized_keys", NULL},
	    {"/etc/ssh/authorized_keys", NULL},
	    {"/etc/ssh/authorized_keys.d/", NULL},
	    {"", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str user = key_path_user(str_z(cases[i].path));

		if (cases[i].user)
			assert_true(str_eqz(user, cases[i].user));
		else
			assert_int_equal(user.n, 0);
	}
}

static const struct source *source(void)
{
	return source_find(STR("authorized-keys"));
}

static void test_source(void **state)
{
	static const char data[] = "# keys\n\n" ED " ann@laptop\n"
				   "nonsense\n"
				   "cert-authority,no-pty " EC "\r\n"
				   "restrict " ED;
	static const char want[] =
	    "account 1700000000.000000 user=ann key_type=ssh-ed25519 fp=" ED_FP
	    " comment=ann@laptop path=home/ann/.ssh/authorized_keys op=key "
	    "inferred=host:\\x20a\\x20guess;\\x20user:\\x20from\\x20the\\x20"
	    "path\\x20of\\x20the\\x20file\n"
	    "account 1700000000.000000 user=ann key_type=ecdsa-sha2-nistp256 "
	    "fp=" EC_FP " options=cert-authority,no-pty "
	    "path=home/ann/.ssh/authorized_keys op=key type=cert-authority "
	    "inferred=host:\\x20a\\x20guess;\\x20user:\\x20from\\x20the\\x20"
	    "path\\x20of\\x20the\\x20file\n"
	    "account 1700000000.000000 user=ann key_type=ssh-ed25519 fp=" ED_FP
	    " options=restrict path=home/ann/.ssh/authorized_keys op=key "
	    "inferred=host:\\x20a\\x20guess;\\x20user:\\x20from\\x20the\\x20"
	    "path\\x20of\\x20the\\x20file\n";
	static const size_t chunks[] = {0, 1, 7, 100};

	for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
		struct source_input in =
		    test_input("home/ann/.ssh/authorized_keys");
		struct test_sink *t = test_sink_new();

		in.host_inferred = "host: a guess";
		assert_int_equal(
		    test_run(source(), &in, str_make(data, sizeof data - 1),
			chunks[i], t),
		    0);
		assert_string_equal(test_sink_text(t), want);
		assert_int_equal(t->sink.lines, 6);
		assert_int_equal(t->sink.unparsed, 1);
		assert_int_equal(t->sink.examples[0].line, 4);
		assert_int_equal(t->offsets[0], 8);
		assert_true(t->ids[0] != t->ids[1] && t->ids[0] != t->ids[2]);
		test_sink_free(t);
	}
}

/* A copy of the file says the same; another user's or folder's does not. */
static void test_ids(void **state)
{
	static const char *const names[] = {"/home/ann/.ssh/authorized_keys",
	    "copy/home/ann/.ssh/authorized_keys",
	    "/home/bob/.ssh/authorized_keys", "a/authorized_keys",
	    "b/authorized_keys"};
	uint64_t ids[5];

	for (size_t i = 0; i < 5; i++) {
		struct source_input in = test_input(names[i]);
		struct test_sink *t = test_sink_new();

		assert_int_equal(
		    test_run(source(), &in, STR(ED "\n"), 0, t), 0);
		assert_int_equal(t->n, 1);
		ids[i] = t->ids[0];
		test_sink_free(t);
	}
	assert_true(ids[0] == ids[1]);
	assert_true(ids[1] != ids[2] && ids[2] != ids[3] && ids[3] != ids[4]);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head, *name;
		int score;
	} cases[] = {
	    {ED "\n", "x", 95},
	    {"# a\n\nrestrict " ED " c\n" EC "\n", "x", 95},
	    {ED "\nx\n" EC "\n", "x", 60},
	    {ED "\nx\n" EC "\n", "h/authorized_keys", 90},
	    {ED "\nx\ny\n", "authorized_keys", 0},
	    {"# none\n", "authorized_keys", 50},
	    {"# none\n", "x", 0},
	    {"", "authorized_keys", 0},
	    /* Public keys as such, and where they let somebody in. */
	    {ED " root@h1\n", "/etc/ssh/ssh_host_ed25519_key.pub", 0},
	    {ED " bob\n", "/etc/ssh/authorized_keys/bob.pub", 95},
	    /* known_hosts */
	    {"example.net,192.0.2.1 " ED "\n", "x", 0},
	    {"|1|uMa8dtSgUfzG2eqHXa9yYA==|a= " ED "\n", "x", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str host;
		int64_t time;

		assert_int_equal(source()->probe(str_z(cases[i].head),
				     cases[i].name, &host, &time),
		    cases[i].score);
	}
}

static void test_sink_error_is_returned(void **state)
{
	struct source_input in = test_input("authorized_keys");
	struct test_sink *t = test_sink_new();

	t->fail_with = -ENOSPC;
	assert_int_equal(test_run(source(), &in, STR(ED "\n"), 0, t), -ENOSPC);
	test_sink_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_no_keys),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_path_user),
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_sink_error_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
