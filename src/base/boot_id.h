/* SPDX-License-Identifier: Apache-2.0 */
/* Which boot of the host this is. */
#ifndef BASE_BOOT_ID_H
#define BASE_BOOT_ID_H

#define BOOT_ID_LEN  32
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/*
 * 32 hex digits without dashes, as the journal and all sources tell it. The
 * file is read once in a process, and once more after a failure: who asks
 * before a sandbox hides it knows it inside. 0, or a negative errno and "".
 */
int boot_id_read(char ret[static BOOT_ID_LEN + 1]);

#endif
