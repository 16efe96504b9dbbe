/* SPDX-License-Identifier: Apache-2.0 */
#include "base/boot_id.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "base/fd.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char known[BOOT_ID_LEN + 1];

static int read_file(void)
{
	struct buf b = BUF_INIT;
	size_t n = 0;
	int r = fd_read_file(AT_FDCWD, BOOT_ID_PATH, 64, &b);

	for (size_t i = 0; r == 0 && i < b.n && n < BOOT_ID_LEN; i++)
		if (str_hexdigit(b.p[i]) >= 0)
			known[n++] = b.p[i];
	known[n == BOOT_ID_LEN ? n : 0] = '\0';
	buf_free(&b);
	return r < 0 || known[0] ? r : -EBADMSG;
}

int boot_id_read(char ret[static BOOT_ID_LEN + 1])
{
	int r;

	pthread_mutex_lock(&lock);
	r = known[0] ? 0 : read_file();
	memcpy(ret, known, sizeof known);
	pthread_mutex_unlock(&lock);
	return r;
}
