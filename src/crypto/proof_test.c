/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/proof.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define N 70

static void leaf_of(uint64_t i, struct sha256 *ret)
{
	merkle_leaf_hash(&i, sizeof i, ret);
}

static void grow(struct merkle *t, uint64_t size)
{
	struct sha256 leaf;

	while (t->size < size) {
		leaf_of(t->size, &leaf);
		merkle_append(t, &leaf);
	}
}

/* The root of a perfect subtree that is put behind whole ones of its size. */
static void append_subtree(
    struct merkle *t, uint64_t count, const struct sha256 *hash)
{
	unsigned n = merkle_n_frontier(t);
	struct sha256 h = *hash;

	assert_int_equal(t->size % count, 0);
	for (uint64_t bits = t->size / count; bits & 1; bits >>= 1)
		merkle_node_hash(&t->frontier[--n], &h, &h);
	t->frontier[n] = h;
	t->size += count;
}

/* As whoever gets the lines does it: roots at both sizes, leaves shown. */
static uint64_t check(struct str lines, uint64_t at, uint64_t shown)
{
	struct merkle t = {0}, whole = {0};
	struct str line, what, first, count;
	uint64_t n = 0, seen = 0, number, many;

	while (lines.n) {
		struct sha256 h, root, expected;

		str_cut(&lines, '\n', &line);
		n++;
		str_cut(&line, ' ', &what);
		str_cut(&line, ' ', &first);
		str_cut(&line, ' ', &count);
		assert_true(str_u64(first, &number) && str_u64(count, &many));
		assert_int_equal(number, t.size + 1);
		if (str_eqz(what, "hidden")) {
			assert_int_equal(
			    base64_decode(line, h.h, SHA256_LEN), SHA256_LEN);
			append_subtree(&t, many, &h);
		} else {
			assert_true(str_eqz(what, "shown") && line.n == 0);
			seen += many;
			grow(&t, t.size + many);
		}
		if (t.size != at && t.size != N)
			continue;
		grow(&whole, t.size);
		merkle_root(&t, &root);
		merkle_root(&whole, &expected);
		assert_memory_equal(&root, &expected, sizeof root);
		at = t.size == at ? 0 : at;
	}
	assert_int_equal(t.size, N);
	assert_int_equal(at, 0);
	assert_int_equal(seen, shown);
	return n;
}

/* Leaves from..to shown of a tree whose first `gone` are in a frontier. */
static uint64_t lines_of(
    uint64_t gone, uint64_t from, uint64_t to, uint64_t at, struct buf *b)
{
	struct proof p = {.lines = b};
	struct merkle front = {0};
	struct sha256 leaf;

	grow(&front, gone);
	proof_hide_tree(&p, &front);
	while (p.size < N) {
		leaf_of(p.size, &leaf);
		if (p.size >= from && p.size < to)
			proof_show(&p);
		else
			proof_hide(&p, &leaf);
		if (p.size == at)
			proof_cut(&p);
	}
	proof_cut(&p);
	assert_int_equal(buf_error(b), 0);
	return check(buf_str(b), at, to - from);
}

static void test_every_leaf(void **state)
{
	struct buf b = BUF_INIT;

	for (uint64_t at = 1; at <= N; at += 3)
		for (uint64_t i = 0; i < N; i++) {
			buf_clear(&b);
			/* As many as two paths need, and itself. */
			assert_true(lines_of(0, i, i + 1, at, &b) <= 2 * 7 + 1);
		}
	buf_free(&b);
}

static void test_runs_behind_a_hole(void **state)
{
	struct buf b = BUF_INIT;

	for (uint64_t gone = 0; gone < N; gone++)
		for (uint64_t n = 0; gone + n <= N; n += 5) {
			buf_clear(&b);
			lines_of(gone, gone, gone + n, N, &b);
			buf_clear(&b);
			lines_of(gone, N - n, N, N, &b);
		}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_leaf),
	    cmocka_unit_test(test_runs_behind_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
