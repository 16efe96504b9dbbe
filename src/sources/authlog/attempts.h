/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of the connections being served, so that one failed attempt
 * gives one auth.fail whatever sshd's LogLevel: at INFO failed keys leave no
 * line but the end of the connection, at VERBOSE each has its own. A table of
 * fixed size: a connection crowded out by others is at worst taken for one
 * whose failures were not logged.
 */
#ifndef SOURCES_AUTHLOG_ATTEMPTS_H
#define SOURCES_AUTHLOG_ATTEMPTS_H

#include "sources/authlog/form.h"

struct attempts;

struct attempts *attempts_new(void);
void attempts_free(struct attempts *a);

/*
 * Take in a message of sshd (m->form tells which) before its event is emitted.
 * May turn a refusal into `other`, and gives the failure that follows a
 * refusal its reason. True when besides m->ev a weak auth.fail is due.
 */
bool attempts_see(
    struct attempts *a, struct message *m, struct str host, int64_t pid);

#endif
