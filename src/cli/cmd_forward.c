/* SPDX-License-Identifier: Apache-2.0 */
/* One process per output: none waits for another, none falls with another. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/masks.h"
#include "base/fd.h"
#include "base/when.h"
#include "cli/command.h"
#include "cli/outputs/configured.h"
#include "outputs/forward.h"

/* A process that ended by itself begins anew after so long. */
#define RESTART_AFTER (5 * USEC_PER_SEC)
/*
 * One that waits for a server longer than that, when it is to end, is killed:
 * what is under way comes again, as after any crash.
 */
#define END_WITHIN    (3 * USEC_PER_SEC)
#define STATUS_MAX    4096

struct forward_options {
	const char *config, *state;
	bool once, status;
};

static const struct opt forward_opts[] = {
    {"config", 0, OPT_STR, "DIR",
	"read the outputs from DIR instead of " OUTPUT_CONFIG_DIR,
	.at = offsetof(struct forward_options, config), .hint = OPT_HINT_DIR},
    {"state", 0, OPT_STR, "DIR",
	"keep in DIR how far each output has come, whatever its file says",
	.at = offsetof(struct forward_options, state), .hint = OPT_HINT_DIR},
    {"once", 0, OPT_FLAG,
	.help = "end when all that is in the store is sent, or when it cannot "
		"be sent",
	.at = offsetof(struct forward_options, once)},
    {"status", 0, OPT_FLAG,
	.help = "only print how far each output has come, a line of JSON each",
	.at = offsetof(struct forward_options, status)},
    {.name = NULL},
};

struct child {
	const char *name;
	pid_t pid;     /* 0: none runs */
	int64_t again; /* when to begin anew; 0: not */
	int code;
};

static volatile sig_atomic_t stop;

static void on_stop(int signal)
{
	stop = 1;
}

static void catch_stop(void)
{
	/* Without SA_RESTART: waiting ends. */
	const struct sigaction act = {.sa_handler = on_stop};

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
}

/* In the process of one output. */

static int open_store(void *ctx, struct store **ret, struct err *err)
{
	struct cli *c = ctx;
	int r = c->open(c, err);

	if (r == 0)
		*ret = c->store;
	return r;
}

static void close_store(void *ctx)
{
	struct cli *c = ctx;

	archive_close(c->archive);
	c->archive = NULL;
	c->store = NULL;
}

static void tell(void *ctx, const char *text)
{
	cli_note(ctx, "%s", text);
}

static int forward_one(struct cli *c, const char *name,
    struct output_config *cfg, const struct query *filter,
    const struct mask *mask, bool once)
{
	const struct forward f = {.name = name,
	    .cfg = cfg,
	    .filter = filter,
	    .mask = mask,
	    .open = open_store,
	    .close = close_store,
	    .tell = tell,
	    .ctx = c,
	    .stop = &stop,
	    .once = once};
	struct forward_counts counts;
	struct err err = {""};
	int r = forward_run(&f, &counts, &err);

	if (r < 0)
		return cli_fail(
		    c, "%s: %s", name, *err.text ? err.text : strerror(-r));
	if (once)
		cli_note(c, "%s: %llu sent, %llu refused", name,
		    (unsigned long long)counts.sent,
		    (unsigned long long)counts.rejected);
	return CLI_FOUND;
}

static int forward_masked(struct cli *c, const char *name,
    struct output_config *cfg, const struct query *filter, bool once)
{
	struct mask mask;
	struct err err = {""};
	int r;

	if (!cfg->masks)
		return forward_one(c, name, cfg, filter, NULL, once);
	r = archive_masks(&mask, c->dir.p, &err);
	r = r < 0 ? cli_fail_code(c, r, &err)
		  : forward_one(c, name, cfg, filter, &mask, once);
	mask_free(&mask);
	return r;
}

/* Its file, and over that what the command line says. */
static int load(struct cli *c, const struct forward_options *own,
    const char *dir, const char *name, struct output_config *ret)
{
	int r = configured_load(c, dir, name, ret);

	if (own->state)
		ret->state = own->state;
	return r;
}

static int run_output(struct cli *c, const struct forward_options *own,
    const char *dir, const char *name)
{
	struct output_config cfg;
	struct filters f = {0};
	struct query filter;
	int r = load(c, own, dir, name, &cfg);

	if (r == CLI_FOUND && cfg.store &&
	    cli_find_dir(c, str_z(cfg.store)) < 0)
		r = cli_fail(c, "out of memory");
	if (r == CLI_FOUND)
		r = configured_filter(c, &cfg, &f, &filter);
	if (r == CLI_FOUND)
		r = forward_masked(c, name, &cfg, &filter, own->once);
	filters_free(&f);
	output_config_free(&cfg);
	return r;
}

/* In the process that looks after them. */

static int start(struct cli *c, const struct forward_options *own,
    const char *dir, struct child *child)
{
	const pid_t parent = getpid();

	out_flush(&c->out);
	child->again = 0;
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		return cli_fail(c, "%s: cannot start a process: %s",
		    child->name, strerror(errno));
	}
	if (child->pid > 0)
		return CLI_FOUND;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	_exit(run_output(c, own, dir, child->name));
}

static void ended(struct child *child, int status, bool once)
{
	child->pid = 0;
	child->code = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
	if (!once && !stop)
		child->again = time_boot() + RESTART_AFTER;
}

/* Ask all of them to end; at *due, time_boot(), end them. */
static void end_all(const struct child *children, size_t n, int64_t *due)
{
	const int64_t now = time_boot();
	int sig = *due == 0 ? SIGTERM : SIGKILL;

	if (now < *due)
		return;
	*due = now + END_WITHIN;
	for (size_t i = 0; i < n; i++)
		if (children[i].pid)
			kill(children[i].pid, sig);
}

/* Collect those that ended; how many run or will. */
static size_t collect(struct child *children, size_t n, bool once)
{
	size_t alive = 0;
	int status;

	for (size_t i = 0; i < n; i++) {
		if (children[i].pid && waitpid(children[i].pid, &status,
					   WNOHANG) == children[i].pid)
			ended(&children[i], status, once);
		alive += children[i].pid || (children[i].again && !stop);
	}
	return alive;
}

static int look_after(struct cli *c, const struct forward_options *own,
    const char *dir, struct child *children, size_t n)
{
	int64_t end_due = 0;
	int worst = CLI_FOUND;

	for (size_t i = 0; i < n; i++)
		start(c, own, dir, &children[i]);
	while (collect(children, n, own->once)) {
		if (stop)
			end_all(children, n, &end_due);
		for (size_t i = 0; i < n && !stop; i++)
			if (children[i].again &&
			    children[i].again <= time_boot())
				start(c, own, dir, &children[i]);
		poll(NULL, 0, 50);
	}
	for (size_t i = 0; i < n; i++)
		if (children[i].code > worst)
			worst = children[i].code;
	return stop ? CLI_FOUND : worst;
}

static int print_status(struct cli *c, const struct forward_options *own,
    const char *dir, const char *name)
{
	struct output_config cfg;
	struct buf text = BUF_INIT;
	char file[PATH_MAX];
	int r = load(c, own, dir, name, &cfg);

	if (r == CLI_FOUND) {
		snprintf(file, sizeof file, "%s/%s.status", cfg.state, name);
		if (fd_read_file(AT_FDCWD, file, STATUS_MAX, &text) < 0)
			r = cli_fail(
			    c, "%s has not been forwarded to yet", name);
		buf_add_str(&c->out.b, buf_str(&text));
		out_row(&c->out);
	}
	buf_free(&text);
	output_config_free(&cfg);
	return r;
}

static int run_all(
    const struct invocation *inv, const char *dir, char *const *names, size_t n)
{
	const struct forward_options *own = inv->own;
	struct child *children = calloc(n, sizeof *children);
	int r = CLI_FOUND, one;

	if (!children)
		return cli_fail(inv->cli, "out of memory");
	if (own->status) {
		for (size_t i = 0; i < n; i++)
			if ((one = print_status(inv->cli, own, dir, names[i])) >
			    r)
				r = one;
	} else {
		for (size_t i = 0; i < n; i++)
			children[i].name = names[i];
		catch_stop();
		r = look_after(inv->cli, own, dir, children, n);
	}
	free(children);
	return r;
}

static int forward_run_command(const struct invocation *inv)
{
	const struct forward_options *own = inv->own;
	const char *dir = own->config ? own->config : OUTPUT_CONFIG_DIR;
	struct output_names all;
	struct err err = {""};
	int r;

	if (inv->n_args)
		return run_all(inv, dir, inv->args, inv->n_args);
	if (output_names_read(&all, dir, &err) < 0)
		r = cli_fail(inv->cli, "%s", err.text);
	else if (all.n == 0)
		r = cli_fail(inv->cli,
		    "no outputs: %s holds no NAME.yml; see "
		    "sshtrail-output.yml(5)",
		    dir);
	else
		r = run_all(inv, dir, all.v, all.n);
	output_names_free(&all);
	return r;
}

const struct command cmd_forward = {
    .name = "forward",
    .operands = "[NAME]...",
    .summary = "send events on to other systems",
    .help =
	"Sends what the store has, and what comes to it, to the outputs of "
	"these names, or to all that are configured, each in a process of its "
	"own, until it is stopped. Where it is stopped or killed it goes on "
	"behind what was accepted; the last events may come twice then, with "
	"the same identities.",
    .examples = "  sshtrail forward --once siem\n"
		"  sshtrail forward --status | jq .seconds_behind\n",
    .opts = forward_opts,
    .opts_size = sizeof(struct forward_options),
    .max_args = SIZE_MAX,
    .run = forward_run_command,
};
