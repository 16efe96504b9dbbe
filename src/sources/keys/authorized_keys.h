/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of an authorized_keys file, as sshd(8) describes it:
 * [options] type base64 [comment].
 */
#ifndef SOURCES_KEYS_AUTHORIZED_KEYS_H
#define SOURCES_KEYS_AUTHORIZED_KEYS_H

#include "base/str.h"

/* Room for the key itself, decoded: twice the largest RSA key ssh makes. */
#define KEY_BLOB_MAX 8192
/* "SHA256:", 43 digits, a NUL. */
#define KEY_FP_LEN   51

struct key_line {
	struct str options; /* slices of the line */
	struct str type;
	struct str comment;
	bool authority; /* option cert-authority */
	char fp[KEY_FP_LEN];
};

/*
 * Parse a line that is neither empty nor a comment. False when it is not a
 * key: the type must be the one that the key itself names.
 */
bool key_line_parse(struct str line, struct key_line *ret);

/* Whether all options are ones that sshd has. */
bool key_options_known(struct str options);

/*
 * The user whom a file of keys belongs to, told from its path; STR_NONE when
 * the path does not say: .../home/U/.ssh/F, .../root/.ssh/F, and D/U where the
 * name of D begins with "authorized" ("AuthorizedKeysFile /etc/ssh/
 * authorized_keys.d/%u").
 */
struct str key_path_user(struct str path);

#endif
