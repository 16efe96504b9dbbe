/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and API tokens, from the command line of the hub. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/when.h"
#include "hub/command.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024

static void set_names(struct account *a, const struct call *c)
{
	memcpy(a->hosts, c->hosts, sizeof a->hosts);
	memcpy(a->users, c->users, sizeof a->users);
	a->n_hosts = c->n_hosts;
	a->n_users = c->n_users;
}

/* A line of standard input; at a terminal without echo. */
static int read_password(char ret[static PASSWORD_MAX], struct err *err)
{
	struct termios before, quiet;
	bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
	bool got;

	if (tty) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	got = fgets(ret, PASSWORD_MAX, stdin);
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!got)
		return err_set(err, -EINVAL, "there is no password");
	ret[strcspn(ret, "\n")] = '\0';
	return strlen(ret) < PASSWORD_MIN
		   ? err_set(err, -EINVAL,
			 "a password has %d characters or more", PASSWORD_MIN)
		   : 0;
}

static int set_password(struct account *a, struct err *err)
{
	char text[PASSWORD_MAX];
	int r = read_password(text, err);

	if (r == 0 && password_hash(str_z(text), a->password) < 0)
		r = err_set(err, -ENOMEM, "no memory to hash a password");
	explicit_bzero(text, sizeof text);
	return r;
}

/* Make the account, or change what is said of it. */
static int change(const struct place *p, const struct call *c, struct err *err)
{
	struct account a;
	int role = c->role ? role_parse(str_z(c->role)) : -1;
	int r = account_find(p, str_z(c->args[0]), &a, err);
	bool made = r == -ENOENT;

	if (made) {
		r = 0;
		snprintf(a.name, sizeof a.name, "%s", c->args[0]);
	}
	if (r == 0 && role < 0 && (c->role || made))
		r = err_set(err, -EINVAL, "--role is admin, auditor or viewer");
	if (r == 0 && role >= 0)
		a.role = (enum role)role;
	if (r == 0 && (c->role || c->n_hosts || c->n_users))
		set_names(&a, c);
	/* Before a password is asked for. */
	if (r == 0)
		r = account_check(&a, err);
	if (r == 0 && c->password)
		r = set_password(&a, err);
	if (r == 0)
		r = account_put(p, &a, err);
	account_free(&a);
	return r;
}

int command_account(const struct call *c)
{
	struct place p;
	struct err err = {""};
	int r = place_open(&p, c->cfg->store, &err);

	if (r == 0)
		r = change(&p, c, &err);
	place_close(&p);
	if (r == -EINVAL) {
		say("%s", err.text);
		return EXIT_USAGE;
	}
	return r < 0 ? fail(&err) : EXIT_DONE;
}

/* --- lists --- */

static void print_names(const char *what, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf(
		    "%s%s%.*s", i ? "," : "  ", i ? "" : what, STR_ARG(v[i]));
}

static int print_account(void *ctx, const struct account *a)
{
	int *n = ctx;

	if ((*n)++ == 0)
		printf("%-24s  %-8s  %-8s  %s\n", "NAME", "ROLE", "PASSWORD",
		    "SEES");
	printf("%-24s  %-8s  %-8s", a->name, role_name(a->role),
	    a->password[0] ? "yes" : "no");
	if (!a->n_hosts && !a->n_users)
		printf("  all");
	print_names("hosts ", a->hosts, a->n_hosts);
	print_names("users ", a->users, a->n_users);
	putchar('\n');
	return 0;
}

static int print_token(void *ctx, const struct api_token *t)
{
	char until[TIME_LOCAL_LEN] = "removed by hand";
	int *n = ctx;

	if (t->until != INT64_MAX)
		time_format_local(t->until, until);
	if ((*n)++ == 0)
		printf("%-*s  %-24s  %s\n", TOKEN_ID_LEN, "ID", "ACCOUNT",
		    "UNTIL");
	printf("%-*s  %-24s  %s\n", TOKEN_ID_LEN, t->id, t->account, until);
	return 0;
}

/* Opens the place, does one thing there, and says what went wrong. */
static int in_place(const struct call *c,
    int (*fn)(const struct place *p, const struct call *c, struct err *err))
{
	struct place p;
	struct err err = {""};
	int r = place_open(&p, c->cfg->store, &err);

	if (r == 0)
		r = fn(&p, c, &err);
	place_close(&p);
	return r < 0 ? fail(&err) : r;
}

static int list_accounts(
    const struct place *p, const struct call *c, struct err *err)
{
	int n = 0, r = account_each(p, print_account, &n, err);

	(void)c;
	return r < 0 ? r : n ? EXIT_DONE : EXIT_NOTHING;
}

static int list_tokens(
    const struct place *p, const struct call *c, struct err *err)
{
	int n = 0, r = api_token_each(p, print_token, &n, err);

	(void)c;
	return r < 0 ? r : n ? EXIT_DONE : EXIT_NOTHING;
}

static int remove_account(
    const struct place *p, const struct call *c, struct err *err)
{
	return account_remove(p, str_z(c->args[0]), err);
}

static int remove_token(
    const struct place *p, const struct call *c, struct err *err)
{
	return api_token_remove(p, str_z(c->args[0]), err);
}

static int make_token(
    const struct place *p, const struct call *c, struct err *err)
{
	char text[TOKEN_TEXT_LEN + 1];
	struct account a;
	struct token token;
	int r = account_find(p, str_z(c->args[0]), &a, err);

	if (r == 0)
		r = api_token_make(
		    p, a.name, c->valid ? c->valid : INT64_MAX, &token, err);
	account_free(&a);
	if (r < 0)
		return r;
	token_format(&token, text);
	puts(text);
	return EXIT_DONE;
}

int command_accounts(const struct call *c)
{
	return in_place(c, list_accounts);
}

int command_account_remove(const struct call *c)
{
	return in_place(c, remove_account);
}

int command_api_token(const struct call *c)
{
	return in_place(c, make_token);
}

int command_api_tokens(const struct call *c)
{
	return in_place(c, list_tokens);
}

int command_api_revoke(const struct call *c)
{
	return in_place(c, remove_token);
}

int make_first_account(
    const char *store, char token[static TOKEN_TEXT_LEN + 1], struct err *err)
{
	struct account admin = {.name = "admin", .role = ROLE_ADMIN};
	struct token secret;
	struct place p;
	int r = place_open(&p, store, err);

	if (r == 0)
		r = account_put(&p, &admin, err);
	if (r == 0)
		r = api_token_make(&p, admin.name, INT64_MAX, &secret, err);
	if (r == 0)
		token_format(&secret, token);
	place_close(&p);
	return r;
}
