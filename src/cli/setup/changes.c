/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/change.h"

const struct change *const changes[] = {
    &change_audit_plugin,
    &change_audit_rules,
    &change_rec,
    &change_rec_shell,
    &change_sshd_verbose,
    &change_tty_audit,
};

const size_t changes_count = sizeof changes / sizeof *changes;
