/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/proof.h"

static void end_shown(struct proof *p)
{
	if (p->shown)
		buf_printf(p->lines, "shown %llu %llu\n",
		    (unsigned long long)(p->size - p->shown + 1),
		    (unsigned long long)p->shown);
	p->shown = 0;
}

static void end_hidden(struct proof *p)
{
	char hash[48];
	uint64_t first = p->size + 1;

	for (unsigned i = 0; i < p->n; i++)
		first -= (uint64_t)1 << p->parts[i].level;
	for (unsigned i = 0; i < p->n; i++) {
		uint64_t count = (uint64_t)1 << p->parts[i].level;

		base64_encode(p->parts[i].hash.h, SHA256_LEN, hash);
		buf_printf(p->lines, "hidden %llu %llu %s\n",
		    (unsigned long long)first, (unsigned long long)count, hash);
		first += count;
	}
	p->n = 0;
}

void proof_show(struct proof *p)
{
	end_hidden(p);
	p->size++;
	p->shown++;
}

/* Two subtrees beside each other are one where the left one begins it. */
static void join(struct proof *p)
{
	while (p->n > 1) {
		struct proof_part *right = &p->parts[p->n - 1];
		struct proof_part *left = right - 1;

		if (left->level != right->level ||
		    p->size & (((uint64_t)2 << left->level) - 1))
			break;
		merkle_node_hash(&left->hash, &right->hash, &left->hash);
		left->level++;
		p->n--;
	}
}

static void hide(struct proof *p, unsigned level, const struct sha256 *hash)
{
	end_shown(p);
	p->parts[p->n++] = (struct proof_part){level, *hash};
	p->size += (uint64_t)1 << level;
	join(p);
}

void proof_hide(struct proof *p, const struct sha256 *leaf)
{
	hide(p, 0, leaf);
}

void proof_hide_tree(struct proof *p, const struct merkle *t)
{
	unsigned i = 0;

	for (unsigned level = MERKLE_MAX_LEVELS; level-- > 0;)
		if (t->size >> level & 1)
			hide(p, level, &t->frontier[i++]);
}

void proof_cut(struct proof *p)
{
	end_shown(p);
	end_hidden(p);
}
