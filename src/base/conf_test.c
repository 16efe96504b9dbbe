/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

struct target {
	bool flag;
	int64_t number, any, size, time;
	const char *host, *text, *path, *place;
	int mode;
	struct conf_list names, some;
};

static const char *const modes[] = {"auto", "passive", "off", NULL};
static const char *const words[] = {"auto", "off", NULL};

#define AT(member) offsetof(struct target, member)

static const struct conf_key keys[] = {
    {"flag", CONF_BOOL, AT(flag), "true", .help = "Whether it does."},
    {"host", CONF_STR, AT(host), NULL, .help = "Its name."},
    {"limit.number", CONF_INT, AT(number), "10", 1, 100, "connections",
	.help = "How many, which takes a sentence that is longer than a line "
		"of the file can be, so that it must be broken."},
    {"limit.size", CONF_SIZE, AT(size), "64MiB", 1 << 20, (int64_t)1 << 40,
	.help = "How much."},
    {"limit.deep.time", CONF_DURATION, AT(time), "50ms", 1000, 60000000,
	.help = "How long."},
    {"limit.deep.mode", CONF_ENUM, AT(mode), "off", .choices = modes,
	.help = "How."},
    {"text", CONF_STR, AT(text), "\"a: b\"", .max = 8, .help = "A text."},
    {"path", CONF_PATH, AT(path), "/var/lib", .help = "Where."},
    {"place", CONF_PATH, AT(place), "auto", .choices = words, .help = "Where."},
    {"names", CONF_LIST, AT(names), "[a, \"b c\"]", 1, 3, .help = "Who."},
    {"some", CONF_LIST, AT(some), "[]", .help = "Which."},
    {"any", CONF_INT, AT(any), "-5", .help = "Any number."},
    {0},
};

struct outcome {
	struct target t;
	struct arena texts;
	struct buf complaints;
	int r;
};

static int set_up(void **state)
{
	struct outcome *o = calloc(1, sizeof *o);

	*state = o;
	return o ? 0 : -1;
}

static int tear_down(void **state)
{
	struct outcome *o = *state;

	arena_free(&o->texts);
	buf_free(&o->complaints);
	free(o);
	return 0;
}

static const char *parse(struct outcome *o, struct str content)
{
	const struct conf c = {keys, &o->t, &o->texts};

	arena_free(&o->texts);
	buf_clear(&o->complaints);
	memset(&o->t, 0x5a, sizeof o->t);
	o->r = conf_parse(&c, "f", content, &o->complaints);
	return buf_z(&o->complaints);
}

static void assert_defaults(const struct target *t)
{
	assert_true(t->flag);
	assert_null(t->host);
	assert_int_equal(t->number, 10);
	assert_int_equal(t->size, 64 << 20);
	assert_int_equal(t->time, 50000);
	assert_int_equal(t->mode, 2);
	assert_string_equal(t->text, "a: b");
	assert_string_equal(t->path, "/var/lib");
	assert_string_equal(t->place, "auto");
	assert_int_equal(t->names.n, 2);
	assert_string_equal(t->names.v[0], "a");
	assert_string_equal(t->names.v[1], "b c");
	assert_int_equal(t->some.n, 0);
	assert_int_equal(t->any, -5);
}

static void test_defaults(void **state)
{
	static const char *const nothing[] = {"", "\n", "# a comment\n",
	    "---\n", "---\n...\n", "{}", "limit:\n", "limit:\n  # number: 3\n",
	    "limit: {deep: }\n"};
	struct outcome *o = *state;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
		assert_string_equal(parse(o, str_z(nothing[i])), "");
		assert_int_equal(o->r, 0);
		assert_defaults(&o->t);
	}
	conf_print_defaults(keys, &text);
	assert_string_equal(parse(o, buf_str(&text)), "");
	assert_defaults(&o->t);
	buf_free(&text);
}

static void test_printed_defaults(void **state)
{
	static const char wanted[] = "# Whether it does.\n"
				     "# True or false.\n"
				     "flag: true\n"
				     "\n"
				     "# Its name.\n"
				     "# A text of at most 255 bytes.\n"
				     "#host:\n"
				     "\n"
				     "limit:\n"
				     "  # How many, which takes a sentence "
				     "that is longer than a line of "
				     "the file\n"
				     "  # can be, so that it must be broken.\n"
				     "  # A number of connections, 1 to 100.\n"
				     "  number: 10\n"
				     "\n"
				     "  # How much.\n"
				     "  # A size as 64MiB, 1MiB to 1TiB.\n"
				     "  size: 64MiB\n"
				     "\n"
				     "  deep:\n"
				     "    # How long.\n"
				     "    # A duration as 50ms, 1ms to 1min.\n"
				     "    time: 50ms\n"
				     "\n"
				     "    # How.\n"
				     "    # One of auto, passive or off.\n"
				     "    mode: off\n"
				     "\n"
				     "# A text.\n"
				     "# A text of at most 8 bytes.\n"
				     "text: \"a: b\"\n"
				     "\n"
				     "# Where.\n"
				     "# An absolute path.\n"
				     "path: /var/lib\n"
				     "\n"
				     "# Where.\n"
				     "# One of auto, off or an absolute path.\n"
				     "place: auto\n"
				     "\n"
				     "# Who.\n"
				     "# A list of texts, 1 to 3 of them.\n"
				     "names: [a, \"b c\"]\n"
				     "\n"
				     "# Which.\n"
				     "# A list of texts.\n"
				     "some: []\n"
				     "\n"
				     "# Any number.\n"
				     "# A number.\n"
				     "any: -5\n";
	struct buf text = BUF_INIT;

	conf_print_defaults(keys, &text);
	assert_string_equal(buf_z(&text), wanted);
	buf_free(&text);
}

static void test_values(void **state)
{
	static const char content[] =
	    "flag: 'No'\n"
	    "host: \"web-1\"\n"
	    "limit:\n"
	    "  number: 100\n"
	    "  size: 1 GiB\n"
	    "  deep: {time: 1s 500ms, mode: passive}\n"
	    "text: 12345678\n"
	    "path: /\n"
	    "place: /a b\n"
	    "names:\n"
	    "- x\n"
	    "some: [\"1\", '2']\n"
	    "any: -9223372036854775808\n";
	struct outcome *o = *state;
	const struct target *t = &o->t;

	assert_string_equal(parse(o, str_z(content)), "");
	assert_int_equal(o->r, 0);
	assert_false(t->flag);
	assert_string_equal(t->host, "web-1");
	assert_int_equal(t->number, 100);
	assert_int_equal(t->size, 1 << 30);
	assert_int_equal(t->time, 1500000);
	assert_int_equal(t->mode, 1);
	assert_string_equal(t->text, "12345678");
	assert_string_equal(t->path, "/");
	assert_string_equal(t->place, "/a b");
	assert_int_equal(t->names.n, 1);
	assert_string_equal(t->names.v[0], "x");
	assert_int_equal(t->some.n, 2);
	assert_string_equal(t->some.v[1], "2");
	assert_true(t->any == INT64_MIN);
}

static void test_words(void **state)
{
	static const struct {
		const char *content;
		bool flag;
		int64_t size;
	} cases[] = {
	    {"flag: yes\nlimit: {size: 1024KiB}", true, 1 << 20},
	    {"flag: ON\nlimit: {size: 1048576B}", true, 1 << 20},
	    {"flag: off\nlimit: {size: 1TiB}", false, (int64_t)1 << 40},
	    {"flag: false\nlimit.size: 1023GiB", false, (int64_t)1023 << 30},
	};
	struct outcome *o = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(parse(o, str_z(cases[i].content)), "");
		assert_int_equal(o->t.flag, cases[i].flag);
		assert_true(o->t.size == cases[i].size);
	}
}

#define WANT_NUMBER "limit.number: expected a number of connections, 1 to 100"
#define WANT_SIZE   "limit.size: expected a size as 64MiB, 1MiB to 1TiB"
#define WANT_TIME   "limit.deep.time: expected a duration as 50ms, 1ms to 1min"
#define WANT_NAMES  "names: expected a list of texts, 1 to 3 of them"
#define WANT_PLACE  "place: expected one of auto, off or an absolute path"

/* Each kind of error, with its place. */
static const struct {
	const char *content, *complaints;
} errors[] = {
    /* Names. */
    {"falg: true", "f:1:1: there is no key \"falg\"; did you mean flag?\n"},
    {"zzzzzzzzz: 1", "f:1:1: there is no key \"zzzzzzzzz\"\n"},
    {"limit:\n  numbr: 5",
	"f:2:3: there is no key \"limit.numbr\"; did you mean "
	"limit.number?\n"},
    {"limt:\n  number: 500",
	"f:1:1: there is no key \"limt\"; did you mean limit?\n"},
    {"number: 5",
	"f:1:1: there is no key \"number\"; did you mean limit.number?\n"},
    {"\"\": 5", "f:1:1: there is no key \"\"\n"},
    {"\"a\\e[31m\\xff\": 5",
	"f:1:1: there is no key \"a\\x1b[31m\\xc3\\xbf\"\n"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: "
     "1",
	"f:1:1: there is no key "
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"\n"},
    {"? [flag]\n: true", "f:1:3: expected the name of a key, found a list\n"},
    {"? {flag: x}\n: {a: b}",
	"f:1:3: expected the name of a key, found a mapping\n"},
    {"flag.: true", "f:1:1: there is no key \"flag.\"; did you mean flag?\n"},
    {"<<: {flag: true}", "f:1:1: there is no key \"<<\"\n"},
    /* Twice. */
    {"flag: true\n\nflag: x", "f:3:1: flag stands in line 1 already\n"},
    {"limit: {number: 1}\nlimit: {number: 9999}",
	"f:2:1: limit stands in line 1 already\n"},
    {"limit: {number: 1}\nlimit.number: 9999",
	"f:2:1: limit.number stands in line 1 already\n"},
    /* Types. */
    {"flag: maybe", "f:1:7: flag: expected true or false, found \"maybe\"\n"},
    {"flag: 1", "f:1:7: flag: expected true or false, found \"1\"\n"},
    {"flag:", "f:1:6: flag: expected true or false, found nothing\n"},
    {"flag: [true]", "f:1:7: flag: expected true or false, found a list\n"},
    {"flag: {on: {a: [b, c]}}",
	"f:1:7: flag: expected true or false, found a mapping\n"},
    {"limit: {number: 5x}", "f:1:17: " WANT_NUMBER ", found \"5x\"\n"},
    {"limit: {number: 1.5}", "f:1:17: " WANT_NUMBER ", found \"1.5\"\n"},
    {"limit: {number: 99999999999999999999}",
	"f:1:17: " WANT_NUMBER ", found \"99999999999999999999\"\n"},
    {"limit: {size: 64}", "f:1:15: " WANT_SIZE ", found \"64\"\n"},
    {"limit: {size: 64MB}", "f:1:15: " WANT_SIZE ", found \"64MB\"\n"},
    {"limit: {size: -64MiB}", "f:1:15: " WANT_SIZE ", found \"-64MiB\"\n"},
    {"limit: {size: MiB}", "f:1:15: " WANT_SIZE ", found \"MiB\"\n"},
    {"limit: {size: 9999999999999TiB}",
	"f:1:15: " WANT_SIZE ", found \"9999999999999TiB\"\n"},
    {"limit: {deep: {time: soon}}", "f:1:22: " WANT_TIME ", found \"soon\"\n"},
    {"limit: {deep: {mode: Off}}",
	"f:1:22: limit.deep.mode: expected one of auto, passive or off, found "
	"\"Off\"\n"},
    {"text: 123456789",
	"f:1:7: text: expected a text of at most 8 bytes, found "
	"\"123456789\"\n"},
    {"text: \"a\\0b\"",
	"f:1:7: text: expected a text of at most 8 bytes, found \"a\\x00b\"\n"},
    {"text: \"a\\x7f\"",
	"f:1:7: text: expected a text of at most 8 bytes, found \"a\\x7f\"\n"},
    {"text: \"\"",
	"f:1:7: text: expected a text of at most 8 bytes, found nothing\n"},
    {"path: auto", "f:1:7: path: expected an absolute path, found \"auto\"\n"},
    {"path: var/lib",
	"f:1:7: path: expected an absolute path, found \"var/lib\"\n"},
    {"path: \"/a\\nb\"",
	"f:1:7: path: expected an absolute path, found \"/a\\x0ab\"\n"},
    {"place: never", "f:1:8: " WANT_PLACE ", found \"never\"\n"},
    {"limit: 5",
	"f:1:8: limit is a section: expected its keys, deeper than it, found a "
	"value\n"},
    {"limit: [number, 5]",
	"f:1:8: limit is a section: expected its keys, found a list\n"},
    /* Ranges. */
    {"limit: {number: 0}", "f:1:17: " WANT_NUMBER ", found \"0\"\n"},
    {"limit: {number: 101}", "f:1:17: " WANT_NUMBER ", found \"101\"\n"},
    {"limit: {size: 0}", "f:1:15: " WANT_SIZE ", found \"0\"\n"},
    {"limit: {size: 2TiB}", "f:1:15: " WANT_SIZE ", found \"2TiB\"\n"},
    {"limit: {deep: {time: 999us}}",
	"f:1:22: " WANT_TIME ", found \"999us\"\n"},
    {"limit: {deep: {time: 2min}}", "f:1:22: " WANT_TIME ", found \"2min\"\n"},
    /* Lists. */
    {"names: a", "f:1:8: " WANT_NAMES ", found \"a\"\n"},
    {"names: {a: b}", "f:1:8: " WANT_NAMES ", found a mapping\n"},
    {"names: []", "f:1:9: " WANT_NAMES ", found none\n"},
    {"names: [a, b, c, d]",
	"f:1:19: " WANT_NAMES ", found another number of them\n"},
    {"names: [a, [b], {c: d}, \"\"]", "f:1:12: " WANT_NAMES ", found a list\n"},
    {"names: [a, \"\", b]", "f:1:12: " WANT_NAMES ", found nothing\n"},
    /* What YAML has beside keys and values. */
    {"- flag", "f:1:1: expected \"KEY: VALUE\", found a list\n"},
    {"just text", "f:1:1: expected \"KEY: VALUE\", found a text\n"},
    {"a: &x 1\nflag: *x",
	"f:1:1: there is no key \"a\"\n"
	"f:2:7: flag: expected true or false, found an alias\n"},
    {"names: &x [a]\nsome: [*x]",
	"f:2:8: some: expected a list of texts, found an alias\n"},
    {"limit: &x {}\n*x : 5",
	"f:2:1: expected the name of a key, found an alias\n"},
    {"flag: true\n---\nflag: true",
	"f:2:1: expected the end of the file, found another document\n"},
    {"flag: [[[[[[[[[[[[", "f:1:7: flag: expected true or false, found a "
			   "list\nf:1:14: expected at most 8 levels, found "
			   "more\n"},
    /* No YAML. */
    {"flag: x\nlimit: \"open",
	"f:1:7: flag: expected true or false, found \"x\"\n"
	"f:2:13: not YAML: found unexpected end of stream while scanning a "
	"quoted scalar; what follows was not read\n"},
    {"flag: true\n\tlimit: 5",
	"f:2:1: not YAML: found a tab character that violates indentation "
	"while "
	"scanning a plain scalar; what follows was not read\n"},
    {"flag: true\n# \xff", "f:2:3: not YAML: invalid leading UTF-8 octet; "
			   "what follows was not read\n"},
    {"flag: true\n# \x01",
	"f:2:3: not YAML: control characters are not allowed; what follows was "
	"not read\n"},
    /* All of them. */
    {"flag: x\nlimit:\n  number: y\n  nmber: 1\npath: z\n",
	"f:1:7: flag: expected true or false, found \"x\"\n"
	"f:3:11: " WANT_NUMBER ", found \"y\"\n"
	"f:4:3: there is no key \"limit.nmber\"; did you mean limit.number?\n"
	"f:5:7: path: expected an absolute path, found \"z\"\n"},
};

static void test_errors(void **state)
{
	struct outcome *o = *state;

	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		const char *got = parse(o, str_z(errors[i].content));

		assert_string_equal(got, errors[i].complaints);
		assert_int_equal(o->r, -EINVAL);
	}
}

static void test_many_errors(void **state)
{
	struct outcome *o = *state;
	struct buf content = BUF_INIT;
	size_t lines = 0;

	for (int i = 0; i < 1000; i++)
		buf_printf(&content, "k%d: 1\n", i);
	parse(o, buf_str(&content));
	assert_int_equal(o->r, -EINVAL);
	for (size_t i = 0; i < o->complaints.n; i++)
		lines += o->complaints.p[i] == '\n';
	assert_int_equal(lines, CONF_ERRORS_MAX + 1);
	assert_true(str_ends(
	    buf_str(&o->complaints), STR("\nf: there are more errors\n")));
	buf_free(&content);
}

static void test_too_many_items(void **state)
{
	struct outcome *o = *state;
	struct buf content = BUF_INIT;

	buf_add_z(&content, "some: [");
	for (int i = 0; i <= CONF_LIST_MAX; i++)
		buf_printf(&content, "i%d,", i);
	buf_add_z(&content, "]");
	assert_non_null(strstr(parse(o, buf_str(&content)),
	    "some: expected a list of texts, found too many, the first of "
	    "which \"i64\"\n"));
	buf_free(&content);
}

/* Of the size that is allowed, whatever it says: soon done. */
static void test_hostile_sizes(void **state)
{
	static const char *const parts[] = {"[", "{", "- ", "? ", "a: ", "&a ",
	    "*a ", "\"", "k: v\n", "- - - - - - - - - -\n", "flag: true\n"};
	struct outcome *o = *state;
	struct buf content = BUF_INIT;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		buf_clear(&content);
		while (content.n + strlen(parts[i]) <= CONF_FILE_MAX)
			buf_add_z(&content, parts[i]);
		parse(o, buf_str(&content));
		assert_int_equal(o->r, -EINVAL);
		assert_true(o->complaints.n < 20000);
	}
	buf_clear(&content);
	while (content.n <= CONF_FILE_MAX)
		buf_add_char(&content, '\n');
	assert_string_equal(
	    parse(o, buf_str(&content)), "f: it is larger than 1 MiB\n");
	content.n--;
	assert_string_equal(parse(o, buf_str(&content)), "");
	buf_free(&content);
}

static void test_no_memory(void **state)
{
	struct outcome *o = *state;
	const struct conf c = {keys, &o->t, &o->texts};

	/* Strings find no room; complaints neither. */
	o->texts.max = 16;
	assert_int_equal(conf_parse(&c, "f", STR(""), &o->complaints), -ENOMEM);
	o->texts.max = 0;
	o->complaints.max = 5;
	assert_int_equal(
	    conf_parse(&c, "f", STR("flag: x"), &o->complaints), -EMSGSIZE);
}

static void test_files(void **state)
{
	char name[] = "/tmp/sshtrail-conf-XXXXXX";
	struct outcome *o = *state;
	const struct conf c = {keys, &o->t, &o->texts};
	CLEANUP_FD int fd = mkostemp(name, O_CLOEXEC);
	char wanted[300];

	assert_int_equal(conf_load(&c, NULL, &o->complaints), 0);
	assert_defaults(&o->t);
	assert_int_equal(
	    conf_load(&c, "/nonexistent", &o->complaints), -ENOENT);
	assert_int_equal(conf_load(&c, "/tmp", &o->complaints), -EISDIR);
	assert_int_equal(fd_write_all(fd, "limit:\n  number: 7\n", 19), 0);
	assert_int_equal(conf_load(&c, name, &o->complaints), 0);
	assert_int_equal(o->t.number, 7);
	assert_int_equal(fd_write_all(fd, "x: 1\n", 5), 0);
	assert_int_equal(conf_load(&c, name, &o->complaints), -EINVAL);
	assert_int_equal(ftruncate(fd, CONF_FILE_MAX + 1), 0);
	assert_int_equal(conf_load(&c, name, &o->complaints), -EFBIG);
	snprintf(wanted, sizeof wanted,
	    "/nonexistent: cannot be read: No such file or directory\n"
	    "/tmp: cannot be read: Is a directory\n"
	    "%s:3:1: there is no key \"x\"\n"
	    "%s: cannot be read: it is larger than 1 MiB\n",
	    name, name);
	assert_string_equal(buf_z(&o->complaints), wanted);
	unlink(name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_defaults),
	    TEST(test_printed_defaults),
	    TEST(test_values),
	    TEST(test_words),
	    TEST(test_errors),
	    TEST(test_many_errors),
	    TEST(test_too_many_items),
	    TEST(test_hostile_sizes),
	    TEST(test_no_memory),
	    TEST(test_files),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
