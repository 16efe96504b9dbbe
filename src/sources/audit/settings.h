/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is changed of audit's settings while we ask it for records: it is on,
 * its queue is long, and no program ever waits for it. How it was before is
 * kept in a file of root's until it is put back: a daemon that was killed
 * leaves it to the next one. It ends with the boot, as the settings do.
 */
#ifndef SOURCES_AUDIT_SETTINGS_H
#define SOURCES_AUDIT_SETTINGS_H

#include "base/err.h"

/* Needs what control.h needs, and audit not to be locked. */
int settings_take(struct err *err);

/* Each that nobody else has changed since. */
void settings_put_back(void);

#endif
