/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sshd writes, OpenSSH 4 to 10, as forms. Versions are those in which a
 * form was written; none: all.
 */
#ifndef SOURCES_AUTHLOG_SSHD_FORMS_H
#define SOURCES_AUTHLOG_SSHD_FORMS_H

#include "sources/authlog/form.h"

extern const struct form sshd_forms[];
/* Messages that begin with a file name: tried when the text does. */
extern const struct form sshd_file_forms[];

#endif
