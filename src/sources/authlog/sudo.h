/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sudo's line: `USER : [REASON ; ]KEY=VALUE ; ... ; COMMAND=REST`. COMMAND
 * comes last and may hold anything; so may PWD, which comes before it.
 */
#ifndef SOURCES_AUTHLOG_SUDO_H
#define SOURCES_AUTHLOG_SUDO_H

#include "sources/authlog/form.h"

bool sudo_parse(struct message *m);

#endif
