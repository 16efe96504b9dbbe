/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/merkle.h"

void merkle_init(struct merkle *t)
{
	t->size = 0;
}

unsigned merkle_n_frontier(const struct merkle *t)
{
	return (unsigned)__builtin_popcountll(t->size);
}

void merkle_leaf_hash(const void *p, size_t n, struct sha256 *ret)
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_add(&c, "\0", 1);
	sha256_add(&c, p, n);
	sha256_final(&c, ret);
}

void merkle_node_hash(
    const struct sha256 *left, const struct sha256 *right, struct sha256 *ret)
{
	uint8_t node[1 + 2 * SHA256_LEN];

	node[0] = 1;
	memcpy(node + 1, left->h, SHA256_LEN);
	memcpy(node + 1 + SHA256_LEN, right->h, SHA256_LEN);
	sha256_of(node, sizeof node, ret);
}

void merkle_append(struct merkle *t, const struct sha256 *leaf_hash)
{
	unsigned n = merkle_n_frontier(t);
	struct sha256 h = *leaf_hash;

	for (uint64_t bits = t->size; bits & 1; bits >>= 1)
		merkle_node_hash(&t->frontier[--n], &h, &h);
	t->frontier[n] = h;
	t->size++;
}

void merkle_root(const struct merkle *t, struct sha256 *ret)
{
	unsigned n = merkle_n_frontier(t);

	if (n == 0) {
		sha256_of("", 0, ret);
		return;
	}
	*ret = t->frontier[--n];
	while (n > 0)
		merkle_node_hash(&t->frontier[--n], ret, ret);
}
