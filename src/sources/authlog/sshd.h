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

#endif
