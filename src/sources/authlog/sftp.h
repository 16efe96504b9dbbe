/* SPDX-License-Identifier: Apache-2.0 */
/* What internal-sftp and sftp-server write with `-l INFO` or more. */
#ifndef SOURCES_AUTHLOG_SFTP_H
#define SOURCES_AUTHLOG_SFTP_H

#include "sources/authlog/form.h"

bool sftp_parse(struct message *m);

#endif
