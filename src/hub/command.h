/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of sshtrail-hub share. */
#ifndef HUB_COMMAND_H
#define HUB_COMMAND_H

#include "hub/account.h"
#include "hub/config.h"

/* As the exit status of sshtrail(1). */
enum { EXIT_DONE = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_FAILED = 4 };

/* One call: what was given on the command line. */
struct call {
	const struct hub_config *cfg;
	char **args;
	int n;
	int64_t valid; /* 0: not given */
	const char *role;
	struct str hosts[QUERY_VALUES_MAX], users[QUERY_VALUES_MAX];
	size_t n_hosts, n_users;
	bool password;
};

/* Tell on standard error, as "sshtrail-hub: TEXT". */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Say it; EXIT_FAILED. */
int fail(const struct err *err);

/* account_commands.c: */
int command_account(const struct call *c);
int command_accounts(const struct call *c);
int command_account_remove(const struct call *c);
int command_api_token(const struct call *c);
int command_api_tokens(const struct call *c);
int command_api_revoke(const struct call *c);

/* The account of who makes the hub, and a token of it; INIT of main.c. */
int make_first_account(
    const char *store, char token[static TOKEN_TEXT_LEN + 1], struct err *err);

#endif
