/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/place.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/fd.h"

#define HEAD	 "sshtrail place 1\n"
#define FILE_MAX ((size_t)64 << 20)

static bool parse_line(struct progress *p, struct str line)
{
	struct str chain, after;
	struct query_window w = {0}, *at;

	if (str_skip(&line, STR("mark "))) {
		buf_add_str(&p->mark, line);
		return buf_error(&p->mark) == 0;
	}
	if (!str_cut(&line, ' ', &chain) || !str_cut(&line, ' ', &after) ||
	    !str_hex64(chain, &w.chain) || !str_u64(after, &w.after) ||
	    !str_u64(line, &w.upto))
		return false;
	at = progress_add(p, w.chain);
	if (at)
		*at = w;
	return at != NULL;
}

bool place_parse(struct progress *p, struct str text)
{
	struct str body = text, line, sum;
	size_t at = str_rfind(text, STR("\nsum "));
	uint64_t crc;

	if (at == STR_NPOS || !str_skip(&body, STR(HEAD)))
		return false;
	sum = str_from(text, at + 5);
	if (!str_chop(&sum, STR("\n")) || !str_hex64(sum, &crc) ||
	    crc != crc32c(0, text.p, at + 1))
		return false;
	body = str_upto(body, at + 1 - sizeof HEAD + 1);
	while (body.n) {
		str_cut(&body, '\n', &line);
		if (!parse_line(p, line))
			return false;
	}
	return true;
}

int place_load(struct progress *p, int dirfd, const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	int r = fd_read_file(dirfd, file, FILE_MAX, &text);

	if (r < 0)
		err_sys(err, r, "cannot read the place %s", file);
	else if (!place_parse(p, buf_str(&text)))
		r = err_set(err, -EBADMSG,
		    "the place %s is damaged; remove it to forward everything "
		    "again",
		    file);
	buf_free(&text);
	return r;
}

int place_write(const struct progress *p, struct buf *b)
{
	const size_t begin = b->n;

	buf_add_z(b, HEAD);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(b, "%016llx %llu %llu\n",
		    (unsigned long long)p->v[i].chain,
		    (unsigned long long)p->v[i].after,
		    (unsigned long long)p->v[i].upto);
	if (p->mark.n)
		buf_printf(b, "mark %.*s\n", STR_ARG(buf_str(&p->mark)));
	if (buf_error(b) == 0)
		buf_printf(
		    b, "sum %08x\n", crc32c(0, b->p + begin, b->n - begin));
	return buf_error(b);
}

int place_save(
    const struct progress *p, int dirfd, const char *file, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = place_write(p, &b);

	if (r == 0)
		r = fd_replace_file(dirfd, file, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "cannot keep the place %s", file) : 0;
}
