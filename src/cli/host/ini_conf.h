/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration of systemd's daemons: [Section], Key=value, # and ; comments.
 */
#ifndef CLI_HOST_INI_CONF_H
#define CLI_HOST_INI_CONF_H

#include "base/str.h"

/*
 * The last value of a key in a section (files that overrule each other stand
 * one behind the other, as `systemd-analyze cat-config` prints them);
 * STR_NONE: it is not set, or was set back to its default by an empty value.
 */
struct str ini_value(struct str text, const char *section, const char *key);

#endif
