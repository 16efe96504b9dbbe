/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment as FIRST.seg.zst has it: in parts, each a zstd frame that can be
 * unpacked without those before it. In front of each but the first, which has
 * the header, stands a mark: a skippable zstd frame with the number of the
 * trail's frame that the part begins with. docs/trail-format.md has it exactly.
 *
 * Marks are no evidence: nothing vouches for them, and who goes by one sees
 * whether the frame is there. Files of one zstd frame, and of many without a
 * mark, are read as well.
 */
#ifndef TRAIL_PACK_H
#define TRAIL_PACK_H

#include "base/buf.h"

/* Append a segment, header and frames, or what is left of one. -ENOMEM. */
int pack_append(struct buf *out, struct str plain, int level);

/*
 * The same of the file `in`, from its beginning, written to `out`, with the
 * memory of few parts. 0 or a negative errno; -ESTALE: the file was changed
 * meanwhile.
 */
int pack_file(int out, int in, int level);

/*
 * Whether these are whole zstd frames that say their sizes, together at most
 * `max`: -EBADMSG if not. *ret_size: what they unpack to.
 */
int pack_size(struct str packed, size_t max, size_t *ret_size);

/*
 * The last part that by its mark begins at frame `from` or before: what is left
 * from there on, and in *ret_first what the mark says. 0: it is the beginning.
 * pack_size() found `packed` good.
 */
struct str pack_seek(struct str packed, uint64_t from, uint64_t *ret_first);

/*
 * Append the part that is next in *rest to b, and take it off. 1; 0: that was
 * all; -EBADMSG: damage, b is as it was; -ENOMEM. As above.
 */
int pack_next(struct str *rest, struct buf *b);

#endif
