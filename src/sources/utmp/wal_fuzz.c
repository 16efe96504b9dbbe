/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/wal.h"

#include <stdlib.h>

#define DB_MAX ((uint64_t)1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wal w;
	unsigned char *db;

	wal_open(&w, str_make(data, size));
	if (w.n_frames == 0 || w.db_size > DB_MAX)
		return 0;
	db = calloc(1, (size_t)w.db_size);
	if (!db)
		abort();
	wal_apply(&w, db);
	free(db);
	return 0;
}
