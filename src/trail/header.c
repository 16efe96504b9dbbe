/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/header.h"

#include <errno.h>

#include "base/crc32c.h"
#include "trail/le.h"

#define MAGIC	"SSHTSEG1"
#define VERSION 1

enum {
	AT_MAGIC = 0,
	AT_LEN = 8,
	AT_VERSION = 12,
	AT_CHAIN = 16,
	AT_FIRST_SEQ = 32,
	AT_BOOT = 40,
	AT_REALTIME = 56,
	AT_BOOTTIME = 64,
	AT_N_FRONTIER = 72,
	AT_NOTE_LEN = 74,
	AT_FRONTIER = 80,
	CRC_LEN = 4,
};

void chain_id(
    struct str origin, const struct sign_public *pub, uint8_t ret[static 16])
{
	struct str label = STR("sshtrail chain 1\n");
	struct sha256_ctx c;
	struct sha256 h;

	sha256_init(&c);
	sha256_add(&c, label.p, label.n);
	sha256_add(&c, origin.p, origin.n);
	sha256_add(&c, "\n", 1);
	sha256_add(&c, pub->key, sizeof pub->key);
	sha256_final(&c, &h);
	memcpy(ret, h.h, 16);
}

void segment_header_put(struct buf *b, const struct segment_header *h)
{
	unsigned n_frontier = merkle_n_frontier(&h->tree);
	size_t hashes = n_frontier * sizeof *h->tree.frontier;
	size_t len = AT_FRONTIER + hashes + h->note.n + CRC_LEN;
	char *p = buf_reserve(b, len);

	if (!p)
		return;
	memset(p, 0, AT_FRONTIER);
	memcpy(p + AT_MAGIC, MAGIC, 8);
	le32_put(p + AT_LEN, (uint32_t)len);
	le16_put(p + AT_VERSION, VERSION);
	memcpy(p + AT_CHAIN, h->chain, 16);
	le64_put(p + AT_FIRST_SEQ, h->first_seq);
	memcpy(p + AT_BOOT, h->boot, 16);
	le64_put(p + AT_REALTIME, (uint64_t)h->realtime);
	le64_put(p + AT_BOOTTIME, (uint64_t)h->boottime);
	le16_put(p + AT_N_FRONTIER, (uint16_t)n_frontier);
	le16_put(p + AT_NOTE_LEN, (uint16_t)h->note.n);
	memcpy(p + AT_FRONTIER, h->tree.frontier, hashes);
	memcpy(p + AT_FRONTIER + hashes, h->note.p, h->note.n);
	le32_put(p + len - CRC_LEN, crc32c(0, p, len - CRC_LEN));
	b->n += len;
}

static bool lengths_fit(struct str bytes, size_t *ret_len)
{
	size_t len;

	if (bytes.n < AT_FRONTIER + CRC_LEN || memcmp(bytes.p, MAGIC, 8) != 0)
		return false;
	len = le32_get(bytes.p + AT_LEN);
	*ret_len = len;
	return len <= SEGMENT_HEADER_MAX && len <= bytes.n &&
	       len ==
		   AT_FRONTIER +
		       (size_t)le16_get(bytes.p + AT_N_FRONTIER) * SHA256_LEN +
		       le16_get(bytes.p + AT_NOTE_LEN) + CRC_LEN;
}

int segment_header_get(
    struct str bytes, struct segment_header *ret, struct err *err)
{
	const char *p = bytes.p;
	unsigned n_frontier;
	size_t len;

	if (!lengths_fit(bytes, &len))
		return err_set(err, -EBADMSG, "not the header of a segment");
	if (le32_get(p + len - CRC_LEN) != crc32c(0, p, len - CRC_LEN))
		return err_set(err, -EBADMSG, "the header is damaged");
	if (le16_get(p + AT_VERSION) != VERSION)
		return err_set(err, -EBADMSG,
		    "version %u of the format is not known",
		    le16_get(p + AT_VERSION));
	n_frontier = le16_get(p + AT_N_FRONTIER);
	ret->len = len;
	memcpy(ret->chain, p + AT_CHAIN, 16);
	memcpy(ret->boot, p + AT_BOOT, 16);
	ret->first_seq = le64_get(p + AT_FIRST_SEQ);
	ret->realtime = (int64_t)le64_get(p + AT_REALTIME);
	ret->boottime = (int64_t)le64_get(p + AT_BOOTTIME);
	ret->tree.size = ret->first_seq - 1;
	if (ret->first_seq == 0 || ret->first_seq > UINT64_MAX / 2 ||
	    n_frontier != merkle_n_frontier(&ret->tree))
		return err_set(
		    err, -EBADMSG, "the header's tree is not one of its size");
	memcpy(ret->tree.frontier, p + AT_FRONTIER,
	    (size_t)n_frontier * SHA256_LEN);
	ret->note = str_make(p + AT_FRONTIER + n_frontier * SHA256_LEN,
	    le16_get(p + AT_NOTE_LEN));
	return 0;
}

int segment_header_check(const struct segment_header *h, struct str origin,
    const struct sign_public *pub, struct err *err)
{
	struct checkpoint cp;
	struct sha256 root;
	uint8_t chain[16];
	int r = checkpoint_verify(h->note, pub, &cp, err);

	if (r < 0)
		return r;
	merkle_root(&h->tree, &root);
	chain_id(origin, pub, chain);
	if (!str_eq(cp.origin, origin) || memcmp(chain, h->chain, 16) != 0)
		return err_set(err, -EBADMSG, "segment of another chain");
	if (cp.size != h->tree.size ||
	    memcmp(&cp.root, &root, sizeof root) != 0)
		return err_set(err, -EBADMSG,
		    "the header's tree is not the one that was signed");
	return 0;
}
