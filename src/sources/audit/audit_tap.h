/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two halves of the tap "audit": what root opens (audit_open.c), and what
 * the collector reads (audit_tap.c).
 */
#ifndef SOURCES_AUDIT_AUDIT_TAP_H
#define SOURCES_AUDIT_AUDIT_TAP_H

#include "sources/tap.h"

/* Places in tap_opened.fd. */
enum audit_fd {
	AUDIT_FD_RECORDS,
	AUDIT_FD_LOSSES, /* memory of losses.h */
	AUDIT_FD_PLUGIN, /* listening, perhaps not there */
	AUDIT_N_FDS,
};

/* Meaning of tap_opened.kept: what is to be undone. */
enum audit_kept {
	AUDIT_KEPT_REGISTERED,
	AUDIT_KEPT_RULES,
	AUDIT_KEPT_SETTINGS,
	AUDIT_KEPT_PLUGIN,
};

/* As of struct tap. */
int audit_tap_open(struct tap_opened *ret, const char *path, struct err *err);
void audit_tap_refresh(const struct tap_opened *opened, const char *path);
void audit_tap_release(const struct tap_opened *opened);

#endif
