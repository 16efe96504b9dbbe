/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/known.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import/scratch_test.h"

#define HEX_BAD                                                                \
	"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

/* What earlier imports read to its end; held -1: nothing was held back. */
struct import_row {
	const char *content;
	int64_t held;
	const char *format, *host;
};

static const struct import_row imports[] = {
    {"one\ntwo\n", -1, "auth-log", "web"},
    {"one\ntwo\nthree\n", 8, "auth-log", "web"},
    {"red\n", -1, "auth-log", "web"},
    {"red\nblue\n", -1, "audit", "web"},
    {"only db\n", -1, "auth-log", "db"},
};

static void end_event(struct event *ev, uint64_t seq, const char *hex,
    const struct import_row *row)
{
	event_init(ev, EVENT_IMPORT_END);
	ev->time = 1700000000000000;
	ev->chain = 1;
	ev->seq = seq;
	ev->host = str_z(row->host);
	ev->source = STR("import");
	event_set_str(ev, F_FORMAT, str_z(row->format));
	event_set_str(ev, F_CONTENT_SHA256, str_z(hex));
	event_set_int(ev, F_CONTENT_SIZE, (int64_t)strlen(row->content));
	if (row->held >= 0)
		event_set_int(ev, F_OFFSET, row->held);
}

static void add_end(struct store *store, uint64_t seq, const char *hex,
    const struct import_row *row)
{
	struct event ev;

	end_event(&ev, seq, hex, row);
	add(store, &ev);
}

static struct store *make_store(struct scratch *s)
{
	struct store *store = open_store(scratch_path(s, "store"), STORE_WRITE);
	uint64_t seq = 0;
	char hex[65];

	for (size_t i = 0; i < sizeof imports / sizeof *imports; i++) {
		struct sha256 h;

		sha256_of(imports[i].content, strlen(imports[i].content), &h);
		sha256_hex(&h, hex);
		add_end(store, ++seq, hex, &imports[i]);
	}
	/* No such digests: the first is passed over, the other fits nothing. */
	add_end(store, ++seq, "abc", &imports[0]);
	add_end(store, ++seq, HEX_BAD, &imports[0]);
	commit(store);
	return store;
}

/* "one\ntwo\n" by gzip -9. */
static const char two_gz[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\x4b\xe5\x2a\x29\xcf\xe7"
    "\x02\x00\xe6\x0b\xba\x12\x08\x00\x00\x00";

static const struct {
	const char *what;
	struct str content;
	const char *format, *host;
	struct known_prefix want;
} cases[] = {
    {"same", STR_INIT("one\ntwo\n"), "auth-log", "web", {true, 8, 8}},
    {"same, with an event held", STR_INIT("one\ntwo\nthree\n"), "auth-log",
	"web", {true, 14, 8}},
    {"grown", STR_INIT("one\ntwo\nthree\nfour\n"), "auth-log", "web",
	{false, 14, 8}},
    {"grown in its line", STR_INIT("one\ntwo\nt"), "auth-log", "web",
	{false, 8, 8}},
    {"shrunk", STR_INIT("one\n"), "auth-log", "web", {false, 0, 0}},
    {"shrunk to nothing", STR_INIT(""), "auth-log", "web", {false, 0, 0}},
    {"other, as long", STR_INIT("one\ntwX\n"), "auth-log", "web",
	{false, 0, 0}},
    {"other at its begin", STR_INIT("One\ntwo\nthree\n"), "auth-log", "web",
	{false, 0, 0}},
    {"compressed", {two_gz, sizeof two_gz - 1}, "auth-log", "web",
	{true, 8, 8}},
    {"compressed, cut", {two_gz, sizeof two_gz - 9}, "auth-log", "web",
	{false, 8, 8}},
    {"other host", STR_INIT("one\ntwo\n"), "auth-log", "db", {false, 0, 0}},
    {"host of another", STR_INIT("only db\n"), "auth-log", "web",
	{false, 0, 0}},
    {"unknown host", STR_INIT("one\ntwo\n"), "auth-log", "", {false, 0, 0}},
    {"other format", STR_INIT("one\ntwo\n"), "audit", "web", {false, 0, 0}},
    {"grown, end is of another format", STR_INIT("red\nblue\n"), "auth-log",
	"web", {false, 4, 4}},
    {"the other format", STR_INIT("red\nblue\n"), "audit", "web", {true, 9, 9}},
};

static void test_check(void **state)
{
	struct scratch *s = *state;
	struct store *store = make_store(s);
	struct known_contents k = {0};

	assert_int_equal(known_load(&k, store, NULL), 0);
	assert_int_equal(k.n, sizeof imports / sizeof *imports + 1);
	for (size_t i = 1; i < k.n; i++)
		assert_true(k.v[i - 1].size <= k.v[i].size);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *path = scratch_file(s, "log", cases[i].content);
		struct import_file f = {.fd = -1,
		    .path = literal(path),
		    .host = literal(cases[i].host),
		    .source = source_find(str_z(cases[i].format))};
		struct known_prefix got;

		assert_int_equal(known_check(&k, &f, &got, NULL), 0);
		if (got.all != cases[i].want.all ||
		    got.size != cases[i].want.size ||
		    got.resume != cases[i].want.resume)
			fail_msg("%s: %s, %llu, %llu", cases[i].what,
			    got.all ? "all" : "not all",
			    (unsigned long long)got.size,
			    (unsigned long long)got.resume);
	}
	known_free(&k);
	store->ops->close(store);
}

/* Larger than what is read at once. */
static void test_large(void **state)
{
	static const size_t n = (size_t)1 << 20;
	struct scratch *s = *state;
	struct store *store = open_store(scratch_path(s, "store"), STORE_WRITE);
	char *content = malloc(n + 1), hex[65];
	struct known_contents k = {0};
	struct known_prefix got;
	struct sha256 h;

	assert_non_null(content);
	memset(content, 'x', n);
	content[n] = '\0';
	sha256_of(content, n, &h);
	sha256_hex(&h, hex);
	add_end(store, 1, hex,
	    &(struct import_row){content, 1000, "auth-log", "web"});
	commit(store);
	assert_int_equal(known_load(&k, store, NULL), 0);
	for (size_t more = 0; more < 2; more++) {
		struct import_file f = {.fd = -1,
		    .path = literal(
			scratch_file(s, "log", str_make(content, n + more))),
		    .host = literal("web"),
		    .source = source_find(STR("auth-log"))};

		assert_int_equal(known_check(&k, &f, &got, NULL), 0);
		assert_int_equal(got.all, more == 0);
		assert_int_equal(got.size, n);
		assert_int_equal(got.resume, 1000);
	}
	free(content);
	known_free(&k);
	store->ops->close(store);
}

/* The same bytes are known, whatever of them could be read. */
static void test_damaged(void **state)
{
	static const struct str damaged = {two_gz, sizeof two_gz - 9};
	struct scratch *s = *state;
	struct store *store = open_store(scratch_path(s, "store"), STORE_WRITE);
	struct known_contents k = {0};
	struct known_prefix got;
	struct sha256 content, raw;
	char content_hex[65], raw_hex[65];
	struct event ev;

	sha256_of("one\n", 4, &content);
	sha256_hex(&content, content_hex);
	sha256_of(damaged.p, damaged.n, &raw);
	sha256_hex(&raw, raw_hex);
	end_event(&ev, 1, content_hex,
	    &(struct import_row){"one\n", 2, "auth-log", "web"});
	event_set_str(&ev, F_SHA256, str_z(raw_hex));
	event_set_int(&ev, F_FILE_SIZE, (int64_t)damaged.n);
	add(store, &ev);
	commit(store);
	assert_int_equal(known_load(&k, store, NULL), 0);
	for (size_t more = 0; more < 2; more++) {
		struct import_file f = {.fd = -1,
		    .path = literal(scratch_file(
			s, "log", str_make(damaged.p, damaged.n + more))),
		    .size = damaged.n + more,
		    .host = literal("web"),
		    .source = source_find(STR("auth-log"))};

		assert_int_equal(known_check(&k, &f, &got, NULL), 0);
		assert_int_equal(got.all, more == 0);
		assert_int_equal(got.size, 4);
		assert_int_equal(got.resume, 2);
		f.host = literal("db");
		assert_int_equal(known_check(&k, &f, &got, NULL), 0);
		assert_false(got.all);
		assert_int_equal(got.size, 0);
	}
	known_free(&k);
	store->ops->close(store);
}

static void test_nothing_known(void **state)
{
	struct scratch *s = *state;
	struct store *store = open_store(scratch_path(s, "store"), STORE_WRITE);
	struct import_file f = {.fd = -1,
	    .path = literal("no/such/file"),
	    .host = literal("web"),
	    .source = source_find(STR("auth-log"))};
	struct known_contents k = {0};
	struct known_prefix got;
	struct err err = {""};

	assert_int_equal(known_load(&k, store, NULL), 0);
	assert_int_equal(k.n, 0);
	assert_int_equal(known_check(&k, &f, &got, NULL), 0);
	assert_false(got.all);
	store->ops->close(store);
	known_free(&k);
	/* When something is known, the file must be read. */
	assert_int_equal(known_load(&k, store = make_store(s), NULL), 0);
	assert_int_equal(known_check(&k, &f, &got, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no/such/file"));
	known_free(&k);
	store->ops->close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_check, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_large, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_damaged, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_nothing_known, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
