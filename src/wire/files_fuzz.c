/* SPDX-License-Identifier: Apache-2.0 */
/* Any answer, whole and in small parts: both tell the same. */
#include "wire/files.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int begin(void *ctx, const char *name)
{
	assert(name[0] != '/' && name[0] != '.' && !strstr(name, "/."));
	buf_add_z(ctx, name);
	return 0;
}

static int add(void *ctx, struct str bytes)
{
	buf_add_str(ctx, bytes);
	return 0;
}

static int read_in(
    struct files_reader *r, struct buf *got, struct str all, size_t part)
{
	int e = 0;

	*r = (struct files_reader){.to = {begin, add, got}};
	while (e == 0 && all.n) {
		e = files_read(r, str_upto(all, part));
		all = str_from(all, part);
	}
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, parts = BUF_INIT;
	struct files_reader a, b;

	if (read_in(&a, &whole, str_make(data, size), size + 1) ==
	    read_in(&b, &parts, str_make(data, size), 3)) {
		assert(str_eq(buf_str(&whole), buf_str(&parts)));
		assert(a.ended == b.ended && a.status == b.status);
	}
	buf_free(&whole);
	buf_free(&parts);
	return 0;
}
