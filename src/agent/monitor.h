/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: as root it opens what the collector may not, hands it over, and
 * starts the collector again when it dies. It parses nothing that a user wrote.
 */
#ifndef AGENT_MONITOR_H
#define AGENT_MONITOR_H

#include "agent/config.h"

/*
 * Run both roles until SIGTERM or SIGINT; SIGHUP reads the configuration
 * file (NULL: none) again. `say` gets one sentence for the administrator.
 * 0, or a negative errno after say().
 */
int monitor_run(const char *config_file,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));

#endif
