/* SPDX-License-Identifier: Apache-2.0 */
/* Of sshtrail-net. */
#include "cli/command.h"
#include "cli/far.h"
#include "wire/profile.h"
#include "wire/remote.h"

extern const struct command cmd_completion;
extern const struct command cmd_doctor;
extern const struct command cmd_enroll;
extern const struct command cmd_export;
extern const struct command cmd_failed;
extern const struct command cmd_follow;
extern const struct command cmd_forward;
extern const struct command cmd_help;
extern const struct command cmd_import;
extern const struct command cmd_last;
extern const struct command cmd_login;
extern const struct command cmd_ls;
extern const struct command cmd_play;
extern const struct command cmd_reindex;
extern const struct command cmd_retention;
extern const struct command cmd_search;
extern const struct command cmd_setup;
extern const struct command cmd_show;
extern const struct command cmd_story;
extern const struct command cmd_status;
extern const struct command cmd_test_output;
extern const struct command cmd_verify;
extern const struct command cmd_version;
extern const struct command cmd_who;

const struct command *const commands[] = {
    &cmd_import,
    &cmd_ls,
    &cmd_show,
    &cmd_story,
    &cmd_play,
    &cmd_search,
    &cmd_who,
    &cmd_follow,
    &cmd_status,
    &cmd_doctor,
    &cmd_last,
    &cmd_failed,
    &cmd_export,
    &cmd_forward,
    &cmd_test_output,
    &cmd_verify,
    &cmd_reindex,
    &cmd_retention,
    &cmd_setup,
    &cmd_enroll,
    &cmd_login,
    &cmd_completion,
    &cmd_help,
    &cmd_version,
};

const size_t commands_count = sizeof commands / sizeof *commands;
const char *const commands_elsewhere = NULL;
const struct command *const commands_instead[] = {NULL};

static const struct hub_engine hub = {profile_find, &store_remote, far_open};
const struct hub_engine *const commands_hub = &hub;
