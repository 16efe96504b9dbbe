/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of sshd, sshd-session and sshd-auth. */
#ifndef SOURCES_AUTHLOG_SSHD_H
#define SOURCES_AUTHLOG_SSHD_H

#include "sources/authlog/form.h"

/*
 * Takes `[preauth]`, `error: `, `fatal: ` and the place in the source that
 * LogVerbose writes off m->text, then matches the forms. False: not
 * understood.
 */
bool sshd_parse(struct message *m);

/*
 * Takes `error: `, `fatal: ` and the place in the source off m->text, which all
 * programs of OpenSSH write in front, and sets F_LEVEL.
 */
void sshd_level_skip(struct message *m);

#endif
