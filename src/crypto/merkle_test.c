/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect_root(const struct merkle *t, const char *hex)
{
	struct sha256 root;
	char got[65];

	merkle_root(t, &root);
	sha256_hex(&root, got);
	assert_string_equal(got, hex);
}

/* The tree that implementations of Certificate Transparency test with. */
static void test_known_roots(void **state)
{
	static const struct {
		const char *leaf;
		size_t n;
		const char *root;
	} cases[] = {
	    {"", 0,
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa0"
		"1d"},
	    {"\0", 1,
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c1"
		"25"},
	    {"\x10", 1,
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e"
		"77"},
	    {"\x20\x21", 2,
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614"
		"b7"},
	    {"\x30\x31", 2,
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264"
		"d4"},
	    {"\x40\x41\x42\x43", 4,
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087"
		"ef"},
	    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c"
		"8c"},
	    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
		16,
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff46043"
		"28"},
	};
	struct merkle t;
	struct sha256 leaf;

	merkle_init(&t);
	expect_root(&t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599"
			"1b7852b855");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		merkle_leaf_hash(cases[i].leaf, cases[i].n, &leaf);
		merkle_append(&t, &leaf);
		assert_int_equal(t.size, i + 1);
		expect_root(&t, cases[i].root);
	}
	assert_int_equal(merkle_n_frontier(&t), 1);
}

#define N_LEAVES 300

/*
 * The definition of section 2.1 taken literally, level by level: pairs are
 * joined, a single hash at the end of a level moves up unchanged. For every
 * size that is the same tree as splitting at the largest power of two.
 */
static void level_root(
    const struct sha256 *leaves, size_t n, struct sha256 *ret)
{
	struct sha256 level[N_LEAVES];
	struct sha256_ctx c;

	memcpy(level, leaves, n * sizeof *level);
	while (n > 1) {
		size_t up = 0;

		for (size_t i = 0; i + 1 < n; i += 2) {
			sha256_init(&c);
			sha256_add(&c, "\1", 1);
			sha256_add(&c, &level[i], 2 * SHA256_LEN);
			sha256_final(&c, &level[up++]);
		}
		if (n % 2)
			level[up++] = level[n - 1];
		n = up;
	}
	*ret = level[0];
}

static void test_every_size(void **state)
{
	struct sha256 leaves[N_LEAVES], want, got;
	struct merkle t;

	merkle_init(&t);
	for (size_t i = 0; i < N_LEAVES; i++) {
		merkle_leaf_hash(&i, sizeof i, &leaves[i]);
		merkle_append(&t, &leaves[i]);
		level_root(leaves, i + 1, &want);
		merkle_root(&t, &got);
		assert_memory_equal(&got, &want, sizeof want);
		assert_int_equal(
		    merkle_n_frontier(&t), __builtin_popcountll(i + 1));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_roots),
	    cmocka_unit_test(test_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
