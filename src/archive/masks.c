/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/masks.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"

int archive_masks(struct mask *m, const char *dir, struct err *err)
{
	struct buf path = BUF_INIT, content = BUF_INIT;
	int r;

	mask_init(m);
	buf_printf(&path, "%s/masks", dir);
	if (!buf_z(&path))
		return err_set(err, -ENOMEM, "masks: out of memory");
	r = fd_read_file(AT_FDCWD, path.p, MASK_FILE_MAX, &content);
	if (r == 0)
		r = mask_read(m, path.p, buf_str(&content), err);
	else if (r == -ENOENT)
		r = 0;
	else
		err_sys(err, r, "%s", path.p);
	buf_free(&path);
	buf_free(&content);
	return r;
}
