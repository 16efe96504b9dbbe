/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/command.h"
#include "hub/hub.h"

/* How long a token to join is good, unless told otherwise. */
#define JOIN_WITHIN ((int64_t)3600 * 1000000)

static const char usage[] =
    "Usage: sshtrail-hub [-c FILE] COMMAND\n"
    "Keep the trails of many hosts in one place.\n"
    "\n"
    "  init DIR [NAME...]    make a hub in DIR, to be reached by these names\n"
    "                        and addresses (those of this machine)\n"
    "  serve                 take what hosts send, in the foreground\n"
    "  token [--valid SPAN]  print a token with which one host may join (1h)\n"
    "  hosts                 list the hosts that joined\n"
    "  revoke HOST           shut a host out; a new token lets it in again\n"
    "  resolve HOST          take what a host sends that forked as a further\n"
    "                        history of it, beside what is kept\n"
    "\n"
    "  account NAME --role admin|auditor|viewer [--host H]... [--user U]...\n"
    "               [--password]\n"
    "                        make or change an account of who may ask; a\n"
    "                        viewer sees these hosts and users only\n"
    "  accounts              list them\n"
    "  account-remove NAME   remove one, with its tokens\n"
    "  api-token NAME [--valid SPAN]\n"
    "                        print a token with which the account asks\n"
    "  api-tokens            list them\n"
    "  api-revoke ID         remove one\n"
    "\n"
    "  -c, --config FILE     configuration (" HUB_CONFIG_FILE ", if there)\n"
    "      --check           check the configuration and end\n"
    "      --print-defaults  print a configuration with all defaults\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "See sshtrail-hub(8).\n";

void say(const char *fmt, ...)
{
	va_list ap;

	fputs("sshtrail-hub: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int fail(const struct err *err)
{
	say("%s", err->text);
	return EXIT_FAILED;
}

/* --- init --- */

static int make_config(
    const char *dir, char ret[static PATH_MAX], struct err *err)
{
	struct buf b = BUF_INIT;
	int r;

	snprintf(ret, PATH_MAX, "%s/" HUB_DIR "/sshtrail-hub.yml", dir);
	buf_printf(&b,
	    "# See sshtrail-hub(8) and \"sshtrail-hub "
	    "--print-defaults\".\nstore: %s\n",
	    dir);
	r = buf_error(&b);
	if (r == 0)
		r = fd_replace_file(AT_FDCWD, ret, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "%s", ret) : 0;
}

static int init(const struct call *c)
{
	char self[HOST_NAME_MAX + 1] = "", dir[PATH_MAX], file[PATH_MAX];
	char token[TOKEN_TEXT_LEN + 1];
	const char *names[CERT_NAMES_MAX + 1] = {
	    self, "localhost", "127.0.0.1", "::1", NULL};
	struct err err = {""};

	if (c->n < 1 || c->n > CERT_NAMES_MAX) {
		say("init takes a directory, and up to %d names and "
		    "addresses; see --help",
		    CERT_NAMES_MAX);
		return EXIT_USAGE;
	}
	gethostname(self, sizeof self - 1);
	for (int i = 1; i < c->n; i++) {
		names[i - 1] = c->args[i];
		names[i] = NULL;
	}
	if (place_init(c->args[0], names, &err) < 0)
		return fail(&err);
	if (!realpath(c->args[0], dir)) {
		err_sys(&err, -errno, "%s", c->args[0]);
		return fail(&err);
	}
	if (make_config(dir, file, &err) < 0 ||
	    make_first_account(dir, token, &err) < 0)
		return fail(&err);
	printf("There is a hub in %s now. Next:\n"
	       "  sshtrail-hub -c %s serve\n"
	       "lets it listen at port 7420, and for each host\n"
	       "  sshtrail-hub -c %s token\n"
	       "prints a token; on that host, as root,\n"
	       "  sshtrail enroll https://%s:7420 TOKEN\n"
	       "lets it join. What comes together here is read with\n"
	       "  sshtrail --store %s ls\n"
	       "The token of the account admin, shown this once, is\n"
	       "  %s\n",
	    dir, file, file, names[0], dir, token);
	return EXIT_DONE;
}

/* --- the other commands --- */

static int serve(const struct call *c)
{
	return hub_serve(c->cfg, say) < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int make_token(const struct call *c)
{
	char text[TOKEN_TEXT_LEN + 1];
	struct place p;
	struct token token;
	struct err err = {""};
	int r = place_open(&p, c->cfg->store, &err);

	if (r == 0)
		r = token_make(
		    &p, c->valid ? c->valid : JOIN_WITHIN, &token, &err);
	place_close(&p);
	if (r < 0)
		return fail(&err);
	token_format(&token, text);
	puts(text);
	return EXIT_DONE;
}

static int print_host(void *ctx, const struct host_entry *h)
{
	char until[TIME_LOCAL_LEN];
	int *n = ctx;

	time_format_local(h->until, until);
	if ((*n)++ == 0)
		printf("%-16s  %-24s  %-9s  %s\n", "ID", "NAME", "STATE",
		    "CERTIFICATE UNTIL");
	printf("%-16s  %-24s  %-9s  %s\n", h->id, h->name,
	    h->revoked		    ? "revoked"
	    : h->forked		    ? "forked"
	    : h->until < time_now() ? "expired"
				    : "joined",
	    until);
	return 0;
}

static int list_hosts(const struct call *c)
{
	struct place p;
	struct err err = {""};
	int n = 0, r = place_open(&p, c->cfg->store, &err);

	if (r == 0)
		r = host_each(&p, print_host, &n, &err);
	place_close(&p);
	if (r < 0)
		return fail(&err);
	return n ? EXIT_DONE : EXIT_NOTHING;
}

/* The host that the operand names. The hub looks at its file with each request.
 */
static int change_host(const struct call *c,
    void (*change)(struct host_entry *host), struct host_entry *ret,
    struct err *err)
{
	struct place p;
	int r = place_open(&p, c->cfg->store, err);

	if (r == 0)
		r = host_find_any(&p, c->args[0], ret, err);
	if (r == 0) {
		change(ret);
		r = host_put(&p, ret, err);
	}
	place_close(&p);
	return r;
}

static void exclude(struct host_entry *host)
{
	host->revoked = true;
}

static int shut_out(const struct call *c)
{
	struct host_entry host;
	struct err err = {""};

	if (change_host(c, exclude, &host, &err) < 0)
		return fail(&err);
	printf("%s (%s) is shut out; what it has sent stays\n", host.name,
	    host.id);
	return EXIT_DONE;
}

static void begin_history(struct host_entry *host)
{
	host->history++;
	host->forked = 0;
}

static int resolve(const struct call *c)
{
	struct host_entry host;
	struct err err = {""};

	if (change_host(c, begin_history, &host, &err) < 0)
		return fail(&err);
	printf("what %s (%s) sends is kept as its history %llu from where it "
	       "parts from the one before, which stays\n",
	    host.name, host.id, (unsigned long long)host.history);
	return EXIT_DONE;
}

static const struct {
	const char *name;
	int (*run)(const struct call *c);
	int min, max; /* operands */
} commands[] = {
    {"init", init, 0, INT_MAX},
    {"serve", serve, 0, 0},
    {"token", make_token, 0, 0},
    {"hosts", list_hosts, 0, 0},
    {"revoke", shut_out, 1, 1},
    {"resolve", resolve, 1, 1},
    {"account", command_account, 1, 1},
    {"accounts", command_accounts, 0, 0},
    {"account-remove", command_account_remove, 1, 1},
    {"api-token", command_api_token, 1, 1},
    {"api-tokens", command_api_tokens, 0, 0},
    {"api-revoke", command_api_revoke, 1, 1},
};

static int run_command(const char *name, const struct call *c)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (c->n >= commands[i].min && c->n <= commands[i].max)
			return commands[i].run(c);
		say("%s takes %s; see --help", name,
		    commands[i].max ? "one operand" : "no operand");
		return EXIT_USAGE;
	}
	say("no command \"%s\"; see --help", name);
	return EXIT_USAGE;
}

static int print_defaults(void)
{
	struct buf b = BUF_INIT;
	bool good;

	conf_print_defaults(hub_config_keys, &b);
	good = !buf_error(&b) && fwrite(b.p, 1, b.n, stdout) == b.n &&
	       fflush(stdout) == 0;
	buf_free(&b);
	return good ? EXIT_DONE : EXIT_FAILED;
}

/* With `command` NULL: only check the configuration. */
static int with_config(const char *file, const char *command, struct call *c)
{
	struct hub_config cfg;
	struct buf complaints = BUF_INIT;
	int r = hub_config_load(&cfg, file, &complaints);

	c->cfg = &cfg;
	if (r < 0)
		fwrite(complaints.p, 1, complaints.n, stderr);
	buf_free(&complaints);
	r = r < 0 ? EXIT_USAGE : command ? run_command(command, c) : EXIT_DONE;
	hub_config_free(&cfg);
	return r;
}

enum {
	OPT_CHECK = 256,
	OPT_PRINT,
	OPT_VALID,
	OPT_ROLE,
	OPT_HOST,
	OPT_USER,
	OPT_PASSWORD
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, OPT_CHECK},
    {"print-defaults", no_argument, NULL, OPT_PRINT},
    {"valid", required_argument, NULL, OPT_VALID},
    {"role", required_argument, NULL, OPT_ROLE},
    {"host", required_argument, NULL, OPT_HOST},
    {"user", required_argument, NULL, OPT_USER},
    {"password", no_argument, NULL, OPT_PASSWORD},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static bool add_name(struct str *v, size_t *n, const char *option)
{
	if (*n == QUERY_VALUES_MAX) {
		say("--%s: at most %d", option, QUERY_VALUES_MAX);
		return false;
	}
	v[(*n)++] = str_z(optarg);
	return true;
}

/* An option of a command. False: it is none, or its value is none. */
static bool take_option(struct call *call, int c)
{
	switch (c) {
	case OPT_VALID:
		if (time_parse_span(str_z(optarg), &call->valid) &&
		    call->valid > 0)
			return true;
		say("--valid takes a span of time as 1h or 2d");
		return false;
	case OPT_ROLE:
		call->role = optarg;
		return true;
	case OPT_HOST:
		return add_name(call->hosts, &call->n_hosts, "host");
	case OPT_USER:
		return add_name(call->users, &call->n_users, "user");
	case OPT_PASSWORD:
		call->password = true;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct call call = {.valid = 0};
	const char *file = NULL;
	bool only_check = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
		switch (c) {
		case 'c':
			file = optarg;
			break;
		case OPT_CHECK:
			only_check = true;
			break;
		case OPT_PRINT:
			return print_defaults();
		case 'h':
			fputs(usage, stdout);
			return EXIT_DONE;
		case 'V':
			puts("sshtrail-hub " SSHTRAIL_VERSION);
			return EXIT_DONE;
		default:
			if (!take_option(&call, c))
				return EXIT_USAGE;
		}
	if (only_check)
		return with_config(file, NULL, &call);
	if (optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	call.args = argv + optind + 1;
	call.n = argc - optind - 1;
	return with_config(file, argv[optind], &call);
}
