/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hide.h"

#include <errno.h>
#include <sys/prctl.h>

int hide_process(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_SANITIZER
#endif

#ifdef HAS_LEAK_SANITIZER
/*
 * LeakSanitizer asks this before it looks for leaks at exit (see
 * sanitizer/lsan_interface.h). It attaches to the process as a debugger would,
 * which does not work then.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __lsan_is_turned_off(void);

/* NOLINTNEXTLINE(bugprone-reserved-identifier) */
int __lsan_is_turned_off(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}
#endif
