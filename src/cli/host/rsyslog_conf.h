/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HOST_RSYSLOG_CONF_H
#define CLI_HOST_RSYSLOG_CONF_H

#include "base/str.h"

/*
 * Whether a configuration of rsyslog reads the journal by imjournal and leaves
 * that module's limit (20,000 lines in 600 s) as it is. Both forms are known:
 * module(load="imjournal" ...) and $ModLoad imjournal.
 */
bool rsyslog_is_limited(struct str text);

#endif
