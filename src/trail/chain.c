/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/chain.h"

#include <errno.h>
#include <fcntl.h>

#include "base/boot_id.h"
#include "base/when.h"
#include "trail/frame.h"

static void clock_system(int64_t *realtime, int64_t *boottime)
{
	*realtime = time_now();
	*boottime = time_boot();
}

/* All zero where it is not known. */
static void read_boot(uint8_t ret[static 16])
{
	char id[BOOT_ID_LEN + 1];

	memset(ret, 0, 16);
	if (boot_id_read(id) == 0)
		for (size_t i = 0; i < BOOT_ID_LEN; i++)
			ret[i / 2] =
			    (uint8_t)(ret[i / 2] << 4 | str_hexdigit(id[i]));
}

int chain_init(struct chain *c, const struct trail_config *cfg, struct err *err)
{
	size_t n = strlen(cfg->origin);

	if (n == 0 || n > TRAIL_ORIGIN_MAX)
		return err_set(err, -EINVAL, "not a name for a trail");
	memcpy(c->origin, cfg->origin, n + 1);
	c->key = cfg->key;
	c->now = cfg->now ? cfg->now : clock_system;
	chain_id(str_z(c->origin), &c->key->pub, c->id);
	if (cfg->boot_id)
		memcpy(c->boot, cfg->boot_id, sizeof c->boot);
	else
		read_boot(c->boot);
	return 0;
}

int chain_sign(const struct chain *c, struct buf *b)
{
	struct checkpoint cp = {
	    .origin = str_z(c->origin), .size = c->tree.size};

	merkle_root(&c->tree, &cp.root);
	return checkpoint_sign(&cp, c->key, b);
}

int chain_header(const struct chain *c, struct buf *b)
{
	struct segment_header h = {
	    .first_seq = c->tree.size + 1, .tree = c->tree};
	struct buf note = BUF_INIT;
	int r = chain_sign(c, &note);

	memcpy(h.chain, c->id, sizeof h.chain);
	memcpy(h.boot, c->boot, sizeof h.boot);
	c->now(&h.realtime, &h.boottime);
	h.note = buf_str(&note);
	if (r == 0)
		segment_header_put(b, &h);
	buf_free(&note);
	return r < 0 ? r : buf_error(b);
}

void chain_add(struct chain *c, struct str frames)
{
	struct sha256 leaf;

	for (size_t at = 0, len; at < frames.n; at += len) {
		len = frame_len(frames.p + at);
		merkle_leaf_hash(frames.p + at, len, &leaf);
		merkle_append(&c->tree, &leaf);
	}
}
